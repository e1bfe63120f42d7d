//! Arguments of `lugus instrument`: what the operator does with an instrument while it is there.

use clap::{Args, Subcommand, ValueEnum};
use lugus_vocabulary::{
    AtDayEnd, AuctionRules, BeyondPoints, DailySchedule, InstrumentState, OnBreach, PriceProtection, PriceWidth,
    PriceWidthError, Quantity, TimeOfDay,
};

use super::trading::{TakeOver, Units};

/// `lugus instrument`.
#[derive(Debug, Subcommand)]
pub enum Instrument {
    /// Open, halt or close an instrument, or let its orders gather for an auction. Opening ends an auction.
    State(State),
    /// Set what protects an instrument's prices beside its price band, all of it: what is not named is removed.
    Protect(Protect),
    /// Set the rules of an instrument's auctions and the schedule of its day, all of them: what is not named is removed.
    #[command(visible_alias = "schedule")]
    Auctions(Auctions),
}

/// `lugus instrument state`.
#[derive(Debug, Args)]
pub struct State {
    /// The instrument and the operator's session.
    #[command(flatten)]
    pub operated: Operated,
    /// The new state.
    #[arg(value_enum)]
    pub state: StateArgument,
    /// A new reference price, in the quote currency, or in ticks with --raw. The collar of an auction is around it.
    #[arg(long)]
    pub reference_price: Option<String>,
}

/// `lugus instrument protect`.
#[derive(Debug, Args)]
pub struct Protect {
    /// The instrument and the operator's session.
    #[command(flatten)]
    pub operated: Operated,
    /// How far from the dynamic reference price an incoming order trades: ticks, such as 50, or a percentage, such as 2.5%.
    #[arg(long, value_parser = width)]
    pub dynamic_band: Option<PriceWidth>,
    /// Let the reference price be that of the last trade before the current window of this many milliseconds, not that of the
    /// last trade.
    #[arg(long, default_value_t = 0, requires = "dynamic_band",
          value_parser = clap::value_parser!(u32).range(..=i64::from(PriceProtection::MAXIMUM_MILLISECONDS)))]
    pub reference_window: u32,
    /// What happens when an order would trade beyond the band.
    #[arg(long, value_enum, default_value_t = BreachArgument::Reject, requires = "dynamic_band")]
    pub on_breach: BreachArgument,
    /// With --on-breach halt: milliseconds that the auction lasts, and each of its extensions.
    #[arg(long, required_if_eq("on_breach", "halt"),
          value_parser = clap::value_parser!(u32).range(1..=i64::from(PriceProtection::MAXIMUM_MILLISECONDS)))]
    pub auction: Option<u32>,
    /// How far from the last trade the price of an auction may lie: ticks, or a percentage.
    #[arg(long, value_parser = width)]
    pub auction_collar: Option<PriceWidth>,
    /// How many ticks from the best price of the other side a market order may trade, and from its trigger a stop order
    /// without a limit.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub protection_points: Option<u64>,
    /// What happens to what is left of such an order beyond that.
    #[arg(long, value_enum, default_value_t = BeyondArgument::Cancel, requires = "protection_points")]
    pub beyond_points: BeyondArgument,
}

/// `lugus instrument auctions`.
#[derive(Debug, Args)]
pub struct Auctions {
    /// The instrument and the operator's session.
    #[command(flatten)]
    pub operated: Operated,
    /// Publish price, volume and imbalance at this interval in milliseconds while orders gather.
    #[arg(long, default_value_t = 0,
          value_parser = clap::value_parser!(u32).range(..=i64::from(AuctionRules::MAXIMUM_MILLISECONDS)))]
    pub indicative: u32,
    /// For this many milliseconds before the end of an auction that a timer ends, let participants neither cancel nor replace
    /// orders.
    #[arg(long, default_value_t = 0,
          value_parser = clap::value_parser!(u32).range(..=i64::from(AuctionRules::MAXIMUM_MILLISECONDS)))]
    pub no_cancel: u32,
    /// When orders begin to gather for the opening auction, each day: HH:MM, HH:MM:SS or HH:MM:SS.mmm, in UTC.
    #[arg(long, value_name = "TIME", requires = "continuous")]
    pub opening_auction: Option<TimeOfDay>,
    /// When continuous trading begins.
    #[arg(long, value_name = "TIME")]
    pub continuous: Option<TimeOfDay>,
    /// When orders begin to gather for the closing auction.
    #[arg(long, value_name = "TIME", requires = "closed")]
    pub closing_auction: Option<TimeOfDay>,
    /// When the day ends.
    #[arg(long, value_name = "TIME")]
    pub closed: Option<TimeOfDay>,
    /// At the end of the day, cancel all orders, and do not only halt the instrument.
    #[arg(long, requires = "closed")]
    pub close: bool,
}

impl Auctions {
    /// The rules.
    pub fn rules(&self) -> AuctionRules {
        AuctionRules {
            indicative_milliseconds: self.indicative,
            no_cancel_milliseconds: self.no_cancel,
            schedule: DailySchedule {
                opening_auction: self.opening_auction,
                continuous: self.continuous,
                closing_auction: self.closing_auction,
                closed: self.closed,
                at_day_end: if self.close { AtDayEnd::Close } else { AtDayEnd::Halt },
            },
        }
    }
}

impl Protect {
    /// What protects the prices.
    pub fn protection(&self) -> PriceProtection {
        PriceProtection {
            dynamic_band: self.dynamic_band,
            reference_window_milliseconds: self.reference_window,
            on_breach: match self.on_breach {
                BreachArgument::Reject => OnBreach::Reject,
                BreachArgument::Halt => OnBreach::Halt,
            },
            auction_milliseconds: self.auction.unwrap_or(0),
            auction_collar: self.auction_collar,
            protection_points: Quantity(self.protection_points.unwrap_or(0)),
            beyond_points: match self.beyond_points {
                BeyondArgument::Cancel => BeyondPoints::Cancel,
                BeyondArgument::Rest => BeyondPoints::Rest,
            },
        }
    }
}

impl Instrument {
    /// The instrument and the operator's session.
    pub fn operated(&self) -> &Operated {
        match self {
            Self::State(State { operated, .. })
            | Self::Protect(Protect { operated, .. })
            | Self::Auctions(Auctions { operated, .. }) => operated,
        }
    }
}

/// The instrument of a command of the operator, and its session.
#[derive(Debug, Args)]
pub struct Operated {
    /// The instrument, as number or symbol such as BTC/USDT.
    #[arg(long, short)]
    pub instrument: String,
    /// How prices and quantities are written.
    #[command(flatten)]
    pub units: Units,
    /// What happens to the operator's open session.
    #[command(flatten)]
    pub take_over: TakeOver,
}

/// State of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StateArgument {
    /// Trading is continuous.
    Open,
    /// Orders rest; only cancels are accepted.
    Halted,
    /// Orders gather for an auction.
    Auction,
    /// All orders are canceled, and none are accepted.
    Closed,
}

impl From<StateArgument> for InstrumentState {
    fn from(state: StateArgument) -> Self {
        match state {
            StateArgument::Open => Self::Open,
            StateArgument::Halted => Self::Halted,
            StateArgument::Auction => Self::Auction,
            StateArgument::Closed => Self::Closed,
        }
    }
}

/// What happens at the edge of the dynamic band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BreachArgument {
    /// Orders beyond it are rejected, or canceled as far as they could only trade there.
    Reject,
    /// An auction interrupts trading.
    Halt,
}

/// What happens beyond protection points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BeyondArgument {
    /// It is canceled.
    Cancel,
    /// It rests at their price.
    Rest,
}

fn width(text: &str) -> Result<PriceWidth, String> {
    let width: PriceWidth = text.parse().map_err(|error: PriceWidthError| error.to_string())?;
    if width.number() == 0 { Err("a width of 0 would let nothing trade".to_owned()) } else { Ok(width) }
}
