//! `lugus firm`.

use clap::{Args, Subcommand, ValueEnum};
use lugus_client::RiskLimits;
use lugus_vocabulary::Quantity;

use super::trading::{TakeOver, Units};

/// `lugus firm`. A firm is named by the number of its own participant.
#[derive(Debug, Subcommand)]
pub enum Firm {
    /// Put a participant into a firm, as the operator.
    Set {
        /// Number of the participant.
        #[arg(value_parser = clap::value_parser!(u32).range(1..))]
        participant: u32,
        /// The firm.
        #[arg(value_parser = clap::value_parser!(u32).range(1..))]
        firm: u32,
        /// What happens to the operator's open session.
        #[command(flatten)]
        take_over: TakeOver,
    },
    /// Take a participant out of its firm, as the operator.
    Clear {
        /// Number of the participant.
        #[arg(value_parser = clap::value_parser!(u32).range(1..))]
        participant: u32,
        /// What happens to the operator's open session.
        #[command(flatten)]
        take_over: TakeOver,
    },
    /// Engage the kill switches of all participants of a firm, which cancels their orders.
    Kill {
        /// The firm, and who sends the command.
        #[command(flatten)]
        of: OfFirm,
        /// Let the orders stay: they do not trade.
        #[arg(long)]
        keep_orders: bool,
    },
    /// Release the kill switches of all participants of a firm.
    Release {
        /// The firm, and who sends the command.
        #[command(flatten)]
        of: OfFirm,
    },
    /// Set limits of a firm, as the operator.
    Limits {
        /// The firm.
        #[arg(value_parser = clap::value_parser!(u32).range(1..))]
        firm: u32,
        /// The limits.
        #[command(flatten)]
        limits: FirmLimits,
        /// What happens to the operator's open session.
        #[command(flatten)]
        take_over: TakeOver,
    },
    /// Print the events of all participants of a firm, with the firm's numbers.
    Follow(FollowFirm),
    /// Choose whose orders the orders of the firm's participants do not trade with, where they ask for self-trade prevention.
    SelfTrade {
        /// The firm, and who sends the command.
        #[command(flatten)]
        of: OfFirm,
        /// Those of the participant, or those of the firm.
        #[arg(value_enum)]
        scope: SelfTradeScopeArgument,
    },
}

/// Limits of a firm. Those that are not given stay as they are, and 0 removes one.
#[derive(Debug, Clone, Copy, Args)]
#[group(required = true, multiple = true)]
pub struct FirmLimits {
    /// Largest open quantity of one order, in lots.
    #[arg(long, value_name = "LOTS")]
    pub maximum_quantity: Option<u64>,
    /// Largest notional of one order, in ticks times lots.
    #[arg(long, value_name = "TICKS_TIMES_LOTS")]
    pub maximum_notional: Option<u64>,
    /// Largest number of live orders of all participants of the firm in a cluster.
    #[arg(long, value_name = "N")]
    pub maximum_open_orders: Option<u32>,
    /// Largest number of their new orders and replacements in any second, in a cluster.
    #[arg(long, value_name = "N")]
    pub maximum_commands_per_second: Option<u32>,
    /// Largest number of their cancels, mass cancels and decreases in any second, in a cluster.
    #[arg(long, value_name = "N")]
    pub maximum_cancels_per_second: Option<u32>,
}

impl FirmLimits {
    /// The limits to set.
    pub fn limits(&self) -> RiskLimits {
        RiskLimits {
            maximum_quantity: self.maximum_quantity.map(Quantity),
            maximum_notional: self.maximum_notional,
            maximum_open_orders: self.maximum_open_orders,
            maximum_commands_per_second: self.maximum_commands_per_second,
            maximum_cancels_per_second: self.maximum_cancels_per_second,
        }
    }
}

/// `lugus firm follow`.
#[derive(Debug, Args)]
pub struct FollowFirm {
    /// The firm.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub firm: u32,
    /// The participant of the firm as whom it is followed, or 0 for the operator [default: the firm's own].
    #[arg(long)]
    pub participant: Option<u32>,
    /// Begin after the firm's event of this number; 0 for all that are kept. Without it: with the next event. Numbers are those of
    /// one cluster.
    #[arg(long, value_name = "NUMBER")]
    pub after: Option<u64>,
    /// Follow the firm in this cluster alone, given as number or name.
    #[arg(long)]
    pub cluster: Option<String>,
    /// End after this number of events.
    #[arg(long, short = 'n', value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// How prices and quantities are written.
    #[command(flatten)]
    pub units: Units,
    /// What happens to the participant's open session.
    #[command(flatten)]
    pub take_over: TakeOver,
}

/// A firm, and who sends a command about it.
#[derive(Debug, Args)]
pub struct OfFirm {
    /// The firm.
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub firm: u32,
    /// Send the command as the operator, and not as the firm's own participant.
    #[arg(long)]
    pub as_operator: bool,
    /// What happens to the sender's open session.
    #[command(flatten)]
    pub take_over: TakeOver,
}

/// Whose orders an order does not trade with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum SelfTradeScopeArgument {
    Participant,
    Firm,
}
