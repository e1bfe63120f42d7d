//! `lugus quote`.

use clap::{Args, Subcommand};
use lugus_client::{MarketMakerProtection, QuoteSetId};
use lugus_vocabulary::{MAXIMUM_PROTECTION_MILLISECONDS, Quantity};

use super::trading::{TakeOver, Units};

/// `lugus quote`.
#[derive(Debug, Subcommand)]
pub enum Quote {
    /// Enter, change and withdraw two-sided quotes of one instrument or several: each instrument whole, or not at all.
    Enter {
        /// Whose quotes, and of which set.
        #[command(flatten)]
        of: OfSet,
        /// How prices and quantities are written.
        #[command(flatten)]
        units: Units,
        /// A number of the participant's choice, which all reports of the sides carry that are entered or moved; 0 for none.
        #[arg(long, default_value_t = 0)]
        id: u64,
        /// Refuse an instrument in which a side would trade at once.
        #[arg(long)]
        post_only: bool,
        /// A quote: instrument, colon, bid, slash, offer; each side as quantity, at sign, price, or as a dash that withdraws it. As in
        /// BTC/USDT:0.25@63990.00/0.30@64010.00.
        #[arg(required = true)]
        quotes: Vec<String>,
    },
    /// Cancel quotes: of one instrument or of all, of one set or of all.
    Cancel {
        /// The participant's number.
        #[arg(long, default_value_t = 1)]
        participant: u32,
        /// Only the quotes of this set.
        #[arg(long, value_parser = quote_set)]
        set: Option<QuoteSetId>,
        /// Only the quotes of this instrument, given as number or symbol.
        #[arg(long, short)]
        instrument: Option<String>,
        /// What happens to the participant's open session.
        #[command(flatten)]
        take_over: TakeOver,
    },
    /// Set which trades of the quotes of a set, within a sliding window, pull all of them; without limits nothing does. Each
    /// cluster counts for itself.
    Protect {
        /// Whose quotes, and of which set.
        #[command(flatten)]
        of: OfSet,
        /// The limits.
        #[command(flatten)]
        limits: ProtectionLimits,
    },
    /// Let quotes of a set be taken again after they were pulled.
    Reset {
        /// Whose quotes, and of which set.
        #[command(flatten)]
        of: OfSet,
    },
}

/// A participant and one of its quote sets.
#[derive(Debug, Args)]
pub struct OfSet {
    /// The participant's number.
    #[arg(long, default_value_t = 1)]
    pub participant: u32,
    /// The quote set, from 0 to 7.
    #[arg(long, default_value = "0", value_parser = quote_set)]
    pub set: QuoteSetId,
    /// What happens to the participant's open session.
    #[command(flatten)]
    pub take_over: TakeOver,
}

/// Limits of market-maker protection.
#[derive(Debug, Args)]
pub struct ProtectionLimits {
    /// Length of the window in milliseconds.
    #[arg(long, default_value_t = 1_000, value_parser = milliseconds(1))]
    pub window: u32,
    /// For how many milliseconds quotes are refused after they were pulled; 0 until `lugus quote reset`.
    #[arg(long, default_value_t = 0, value_parser = milliseconds(0))]
    pub frozen: u32,
    /// Number of trades that pulls the quotes.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub trades: Option<u32>,
    /// Number of lots traded that pulls the quotes.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub quantity: Option<u64>,
    /// Difference between lots bought and lots sold that pulls the quotes.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub delta: Option<u64>,
}

impl ProtectionLimits {
    /// The protection that they are; none without a limit.
    pub fn protection(&self) -> MarketMakerProtection {
        if self.trades.is_none() && self.quantity.is_none() && self.delta.is_none() {
            return MarketMakerProtection::NONE;
        }
        MarketMakerProtection {
            window_milliseconds: self.window,
            frozen_milliseconds: self.frozen,
            maximum_trades: self.trades,
            maximum_quantity: self.quantity.map(Quantity),
            maximum_delta: self.delta.map(Quantity),
        }
    }
}

fn milliseconds(least: i64) -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(least..=i64::from(MAXIMUM_PROTECTION_MILLISECONDS))
}

fn quote_set(text: &str) -> Result<QuoteSetId, String> {
    let number: u8 = text.parse().map_err(|_| format!("{text} is no number of a quote set"))?;
    QuoteSetId::try_from(number).map_err(|error| error.to_string())
}
