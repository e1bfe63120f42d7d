//! The SDK that a trading firm links: typed orders and events of a cluster of Lugus, each exactly once.
//!
//! [`Exchange::connect`] follows the partition map of a deployment, and [`Exchange::session`] opens a participant's session
//! with all its clusters; [`ExchangeSession::poll`] is its duty cycle, on a thread of the caller's, and tells an
//! [`EventHandler`] what happens. There are no hidden threads. Simple programs use [`BlockingSession`]. A session with one
//! cluster, known by its address, is a [`TradingSession`].
//!
//! Where to look, from the outside in:
//!
//! | module | what it is |
//! |---|---|
//! | [`config`] | all configuration, checked in one place |
//! | [`vocabulary`] | what a participant asks for and is told, with its units; its values are here as well |
//! | `command_number` | the SDK's own number of a command |
//! | [`feed`] | books that are followed: increments, snapshots, gaps |
//! | [`status`] | what the SDK itself tells, and the trait that hears all of it |
//! | [`error`] | what can go wrong |
//! | [`exchange`] | all clusters: the map, and the sessions that follow it |
//! | [`instrument`] | pairs by name; prices and quantities to ticks and lots |
//! | [`trading`] | the session with its cluster client: `poll` |
//! | [`order_entry`] | what the two kinds of session have in common |
//! | [`blocking`] | the same for simple programs and the command line |
//! | [`router`] | which instrument is in which cluster's session: the state machine without I/O over sessions |
//! | [`session`] | the state machine without I/O, over all instruments |
//! | `scope` | of one instrument: numbers, unanswered commands, events |
//! | `outstanding` | commands until they are answered |
//! | [`retry`] | when to send again |
//! | [`wire`] | SBE in and out |

pub mod blocking;
pub mod config;
pub mod error;
pub mod exchange;
pub mod feed;
pub mod instrument;
pub mod order_entry;
pub mod retry;
pub mod router;
pub mod session;
pub mod status;
pub mod trading;
pub mod wire;

mod command_number;
mod outstanding;
mod scope;

pub use aeron_cluster_client as cluster;
pub use blocking::{BlockingExchange, BlockingSession};
pub use command_number::CommandNumber;
pub use config::{Config, Credentials, Limits};
pub use error::{ClientError, SendError};
pub use exchange::{Exchange, ExchangeConfig, ExchangeSession, FixedMap};
pub use feed::{FeedHandler, FeedStatus, FollowedBook, MarketDataFeed, Trade};
pub use instrument::{Instrument, UnitError, UnknownPair};
pub use lugus_partition_map as partition_map;
pub use lugus_topology::{ClusterId, Deployment};
pub use lugus_vocabulary as vocabulary;
pub use lugus_vocabulary::{
    Book, BookRequest, BookType, ClientOrderId, ClientSequence, CommandKind, Decimal, DisplayedOrder, EpochNanos,
    EventSequence, ExecType, Execution, InstrumentDefinition, InstrumentId, InstrumentState, InstrumentType,
    KillSwitch, Liquidity, MapEpoch, MarketDataSequence, MarketDataSnapshot, MemberId, MessageRejectReason, NewOrder,
    OrderId, OrderStatus, OrderType, ParticipantId, PostOnly, Price, PriceLevel, Quantity, RejectReason, Replace,
    Report, ReportBody, RiskLimits, SelfTradePrevention, Side, Statistics, StepSize, Symbol, TimeInForce, TradeId,
};
pub use order_entry::OrderEntry;
pub use retry::RetryPolicy;
pub use status::{Disconnection, DropReason, EventHandler, Status};
pub use trading::TradingSession;
