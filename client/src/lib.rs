//! The SDK that a trading firm links: typed orders and events of the clusters of Lugus, each exactly once.
//!
//! [`Exchange::connect`] follows the partition map of a deployment, and [`Exchange::session`] opens a participant's
//! session with all its clusters. [`ExchangeSession::poll`] is the session's duty cycle, on a thread of the caller's,
//! and tells an [`EventHandler`] what happens. There are no hidden threads. Simple programs use [`BlockingExchange`]. A
//! session with one cluster, known by its address, is a [`TradingSession`].
//!
//! ```no_run
//! use lugus_client::{
//!     ClientOrderId, CommandNumber, Credentials, Deployment, EventHandler, Exchange, ExchangeConfig, InstrumentType,
//!     NewOrder, ParticipantId, Report, Side, Status,
//! };
//!
//! struct Printer;
//!
//! impl EventHandler for Printer {
//!     fn on_report(&mut self, report: &Report, command: CommandNumber) {
//!         println!("command {command}: {report:?}");
//!     }
//!
//!     fn on_status(&mut self, status: &Status) {
//!         println!("{status:?}");
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let deployment = Deployment::load("cluster.toml".as_ref())?;
//! // The directory of a media driver that runs on this host.
//! let config = ExchangeConfig::of(&deployment, "/dev/shm/aeron-client".into());
//! let mut session = Exchange::connect(config).session(ParticipantId(1), Credentials::Open)?;
//! while !session.is_connected() {
//!     session.poll(&mut Printer)?;
//! }
//! let bitcoin = session.instrument("BTC/USDT", InstrumentType::Spot)?;
//! let (price, quantity) = (bitcoin.price("64000.00")?, bitcoin.quantity("0.25")?);
//! session.new_order(bitcoin.id, &NewOrder::limit(ClientOrderId(1), Side::Buy, price, quantity))?;
//! loop {
//!     session.poll(&mut Printer)?;
//! }
//! # }
//! ```
//!
//! Where to look, from the outside in:
//!
//! | module | what it is |
//! |---|---|
//! | [`vocabulary`] | what a participant asks for and is told, with its units; the values are here as well |
//! | `command_number` | the SDK's own number of a command |
//! | `config`, `retry` | all configuration of a session, checked in one place |
//! | `status`, `problem` | what the SDK itself tells, and the trait that hears everything |
//! | `error` | what can go wrong |
//! | `exchange`, `map_source`, `fixed_map` | all clusters: the map, and the sessions that follow it |
//! | `instrument` | pairs by name; prices and quantities to ticks and lots |
//! | `trading` | the session with one cluster and its Aeron client |
//! | `order_entry` | what the two kinds of session have in common |
//! | `blocking` | the same for simple programs and the command line |
//! | `feed` | books that are followed: increments, snapshots, gaps |
//! | `open_orders` | the participant's own open orders: parts and events make a list |
//! | [`sans_io`] | the state machines under all these |
//! | `router` | which instrument is in which cluster's session |
//! | `session` | one cluster session, over all instruments |
//! | `scope` | one instrument: numbers, unanswered commands, events |
//! | `followed_firm` | the events of a firm: what has been told, and what is asked for |
//! | `rebuild` | which open orders a session asks for, and when |
//! | `outstanding` | commands until they are answered |
//! | `listening_clock`, `ingress`, `wire` | the time, the way out and the messages of a session |

mod blocking;
mod cluster_link;
mod command_number;
mod config;
mod error;
mod exchange;
mod feed;
mod fixed_map;
mod followed_firm;
mod ingress;
mod instrument;
mod listening_clock;
mod map_source;
mod open_orders;
mod order_entry;
mod outstanding;
mod problem;
mod rebuild;
mod retry;
mod router;
mod scope;
mod session;
mod status;
mod trading;
mod wire;

/// Compiles the examples of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../docs/client.md")]
struct Guide;

pub mod sans_io;

pub use aeron_cluster_client as cluster;
pub use lugus_codecs::MessageError;
pub use lugus_partition_map as partition_map;
pub use lugus_topology::{ClusterId, Deployment};
pub use lugus_vocabulary as vocabulary;
pub use lugus_vocabulary::{
    AuctionIndicative, AuctionRules, BeyondPoints, Book, BookRequest, BookType, ByEntry, ClientOrderId, ClientSequence,
    ClientTag, CommandKind, Decimal, DisplayedOrder, EpochNanos, EventSequence, ExecType, Execution, FirmEvent,
    FirmLimits, FirmReport, FirmRules, GraceTime, InstrumentDefinition, InstrumentId, InstrumentState, InstrumentType,
    KillSwitch, KillSwitchLevel, KillSwitchLevels, LastReport, Liquidity, MapEpoch, MarketDataSequence,
    MarketDataSnapshot, MarketMakerProtection, MarketMakerProtectionReport, MassCancelTarget, MassQuote,
    MassQuoteAcknowledgement, MemberId, MessageRejectReason, NewOrder, OnBreach, OnDisconnect, OpenOrder, OrderId,
    OrderMassStatusRequest, OrderStatus, OrderStatusReport, OrderStatusRequest, OrderType, ParticipantId, PostOnly,
    Price, PriceLevel, PriceProtection, PriceWidth, ProtectionTrigger, Quantity, QuoteCancel, QuoteEntry, QuoteId,
    QuoteResult, QuoteSetId, QuoteStatusReport, RejectReason, Replace, Report, ReportBody, RiskLimits,
    SelfTradePrevention, SelfTradeScope, Side, Statistics, StatusCursor, StepSize, Symbol, TimeInForce, TradeAddendum,
    TradeAmendment, TradeId, WorkingOrders, WorkingState,
};

pub use blocking::{BlockingError, BlockingExchange, BlockingSession};
pub use command_number::CommandNumber;
pub use config::{Config, Credentials, Limits, MAXIMUM_INSTRUMENTS, MAXIMUM_OUTSTANDING, OlderSession};
pub use error::{ClientError, ConfigurationError, SendError};
pub use exchange::{ClusterCommand, Exchange, ExchangeConfig, ExchangeSession};
pub use feed::{
    FIRST_REQUEST_ID, FeedContext, FeedCounts, FeedError, FeedHandler, FeedStatus, FollowedBook, Gap, GapEnding,
    MAXIMUM_ENTRIES, MAXIMUM_FOLLOWED, MarketDataFeed, ReplayMembers, Replays, SnapshotLoops, Trade,
};
pub use fixed_map::FixedMap;
pub use followed_firm::FollowFirm;
pub use instrument::{Instrument, Rounding, UnitError, UnknownPair};
pub use open_orders::{OpenOrders, OpenOrdersPart};
pub use order_entry::OrderEntry;
pub use problem::Problem;
pub use rebuild::RebuildPolicy;
pub use retry::RetryPolicy;
pub use session::MAXIMUM_DROP_COPIES;
pub use status::{Disconnection, DropReason, EventHandler, Status};
pub use trading::TradingSession;
