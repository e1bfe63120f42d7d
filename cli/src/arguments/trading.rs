//! Arguments of the commands that trade or read as a participant.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use lugus_client::{MAXIMUM_OUTSTANDING, OlderSession};
use lugus_vocabulary::MAXIMUM_DEPTH;

/// The participant and the instrument of a command.
#[derive(Debug, Args)]
pub struct Trader {
    /// The participant's number.
    #[arg(long, default_value_t = 1)]
    pub participant: u32,
    /// The instrument, as number or symbol such as BTC/USDT.
    #[arg(long, short)]
    pub instrument: String,
    /// How prices and quantities are written.
    #[command(flatten)]
    pub units: Units,
    /// What happens to the participant's open session.
    #[command(flatten)]
    pub take_over: TakeOver,
}

/// How prices and quantities are written.
#[derive(Debug, Clone, Copy, Args)]
pub struct Units {
    /// Write prices in ticks and quantities in lots, not as decimals.
    #[arg(long)]
    pub raw: bool,
}

/// What a command does if its participant is connected already.
#[derive(Debug, Clone, Copy, Args)]
pub struct TakeOver {
    /// If the participant is connected already, take its session over: the other process loses it. Without this, the
    /// command refuses.
    #[arg(long)]
    pub take_over: bool,
}

impl TakeOver {
    /// What the command's session does to another one of its participant.
    pub fn older_session(self) -> OlderSession {
        if self.take_over { OlderSession::Replace } else { OlderSession::Keep }
    }
}

/// `lugus order`.
#[derive(Debug, Args)]
pub struct Order {
    /// The participant and the instrument.
    #[command(flatten)]
    pub trader: Trader,
    /// Side of the order.
    #[arg(value_enum)]
    pub side: SideArgument,
    /// Quantity in the base currency, such as 0.25, or in lots with --raw.
    pub quantity: String,
    /// Limit price in the quote currency, such as 64000.00, or in ticks with --raw; without it, a market order.
    pub price: Option<String>,
    /// The participant's id for the order [default: made from the clock].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub id: Option<u64>,
    /// How long the order stays in force.
    #[arg(long, value_enum)]
    pub time_in_force: Option<TimeInForceArgument>,
    /// Reject the order if it would trade at once.
    #[arg(long, requires = "price")]
    pub post_only: bool,
    /// A number of the participant's choice that all reports of the order carry; 0 for none.
    #[arg(long, default_value_t = 0)]
    pub tag: u64,
}

impl Order {
    /// What contradicts itself, if anything does.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        use TimeInForceArgument::{AtTheClose, AtTheOpening, Fok, GoodForAuction, Ioc};
        let never_rests = matches!(self.time_in_force, Some(Ioc | Fok | AtTheOpening | AtTheClose | GoodForAuction));
        (self.post_only && never_rests).then_some(
            "--post-only is for an order that rests in the book, which IOC and FOK orders and those for an auction never do",
        )
    }
}

/// Side of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum SideArgument {
    Buy,
    Sell,
}

/// How long an order stays in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TimeInForceArgument {
    /// Until the end of the UTC day.
    Day,
    /// Until it is canceled.
    Gtc,
    /// Trade at once; what is left is canceled.
    Ioc,
    /// Trade the whole quantity at once, or nothing.
    Fok,
    /// Trade in the opening auction only; what is left expires.
    AtTheOpening,
    /// Trade in the closing auction only; what is left expires.
    AtTheClose,
    /// Trade in the next auction only; what is left expires.
    GoodForAuction,
}

/// `lugus cancel`.
#[derive(Debug, Args)]
pub struct Cancel {
    /// The participant and the instrument.
    #[command(flatten)]
    pub trader: Trader,
    /// The participant's id of the order.
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub id: u64,
}

/// `lugus mass-cancel`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("whose").required(true))]
pub struct MassCancel {
    /// Number of the participant whose orders are canceled.
    #[arg(long, group = "whose")]
    pub participant: Option<u32>,
    /// The firm whose participants' orders are canceled, by the number of its own participant, which sends the command.
    #[arg(long, group = "whose")]
    pub firm: Option<u32>,
    /// Cancel the orders of all participants, as the operator. The market stays open.
    #[arg(long, group = "whose")]
    pub everybody: bool,
    /// Send the command as the operator, and not as the participant.
    #[arg(long)]
    pub as_operator: bool,
    /// Cancel only the orders of this side. With --everybody only of one instrument.
    #[arg(long, value_enum)]
    pub side: Option<SideArgument>,
    /// Cancel only the orders of this instrument, given as number or symbol.
    #[arg(long, short)]
    pub instrument: Option<String>,
    /// Cancel only the orders of this cluster, given as its letter or number.
    #[arg(long, conflicts_with = "instrument")]
    pub cluster: Option<String>,
    /// What happens to the sender's open session.
    #[command(flatten)]
    pub take_over: TakeOver,
}

impl MassCancel {
    /// What contradicts itself, if anything does.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        (self.everybody && self.side.is_some() && self.instrument.is_none())
            .then_some("--everybody with --side needs an --instrument")
    }
}

/// `lugus orders`.
#[derive(Debug, Args)]
pub struct Orders {
    /// Number of the participant whose orders are shown.
    #[arg(long)]
    pub participant: u32,
    /// Show only the orders of this instrument, given as number or symbol.
    #[arg(long, short)]
    pub instrument: Option<String>,
    /// How prices and quantities are written.
    #[command(flatten)]
    pub units: Units,
    /// What happens to the participant's open session.
    #[command(flatten)]
    pub take_over: TakeOver,
}

/// `lugus trade`.
#[derive(Debug, Subcommand)]
pub enum Trade {
    /// Cancel a trade.
    Cancel {
        /// The trade.
        #[command(flatten)]
        trade: AmendedTrade,
    },
    /// Correct the price of a trade, or make its quantity smaller.
    #[command(group = clap::ArgGroup::new("correction").required(true).multiple(true))]
    Correct {
        /// The trade.
        #[command(flatten)]
        trade: AmendedTrade,
        /// The price that the trade should have had, in the quote currency, or in ticks with --raw.
        #[arg(long, group = "correction")]
        price: Option<String>,
        /// The quantity that the trade should have had, no more than it has, in the base currency, or in lots with --raw.
        #[arg(long, group = "correction")]
        quantity: Option<String>,
    },
}

impl Trade {
    /// The trade that is canceled or corrected.
    pub fn amended(&self) -> &AmendedTrade {
        match self {
            Self::Cancel { trade } | Self::Correct { trade, .. } => trade,
        }
    }
}

/// A trade that the operator amends.
#[derive(Debug, Args)]
pub struct AmendedTrade {
    /// The instrument, as number or symbol such as BTC/USDT.
    #[arg(long, short)]
    pub instrument: String,
    /// Number of the trade, as the reports of both sides tell it.
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub trade: u64,
    /// How prices and quantities are written.
    #[command(flatten)]
    pub units: Units,
    /// What happens to the operator's open session.
    #[command(flatten)]
    pub take_over: TakeOver,
}

/// `lugus book`.
#[derive(Debug, Args)]
pub struct Book {
    /// Number of the participant that asks [default: nobody, if the members send their books in a loop; else, with keys, the first
    /// participant with the role "reader", or 1; without keys, a number that nobody trades with].
    #[arg(long)]
    pub participant: Option<u32>,
    /// The instrument, as number or symbol such as BTC/USDT.
    #[arg(long, short)]
    pub instrument: String,
    /// Number of price levels to show of each side, at most 256.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=i64::from(MAXIMUM_DEPTH)))]
    pub depth: u16,
    /// Show the book again whenever it changes.
    #[arg(long)]
    pub follow: bool,
    /// With --follow: end after showing it this many times.
    #[arg(long, requires = "follow", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// How prices and quantities are written.
    #[command(flatten)]
    pub units: Units,
    /// What happens to the participant's open session.
    #[command(flatten)]
    pub take_over: TakeOver,
}

/// `lugus watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// Participant to watch as [default: with keys, the operator, as only it may watch; without keys, a number that nobody trades
    /// with].
    #[arg(long)]
    pub participant: Option<u32>,
    /// Watch only this instrument, given as number or symbol.
    #[arg(long, short)]
    pub instrument: Option<String>,
    /// End after this many events.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// How prices and quantities are written.
    #[command(flatten)]
    pub units: Units,
    /// What happens to the participant's open session.
    #[command(flatten)]
    pub take_over: TakeOver,
}

/// Where a measurement leaves the files of its round trips.
#[derive(Debug, Clone, Args)]
pub struct Hdr {
    /// Folder for the histograms of the round trips, which HdrHistogram's tools read: the distribution by percentiles (.hgrm)
    /// and the log of each second (.hlog)
    #[arg(long = "hdr", value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

/// How fast a replay sends commands, and what becomes of sessions that are open.
#[derive(Debug, Clone, Copy, Args)]
pub struct Pace {
    /// Commands a second; round trips then count from when each command was due. Without it, as fast as the window
    /// allows.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// Largest number of commands in flight.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=MAXIMUM_OUTSTANDING as i64))]
    pub window: u32,
    /// What happens to the open sessions of the flow's participants and the operator.
    #[command(flatten)]
    pub take_over: TakeOver,
}
