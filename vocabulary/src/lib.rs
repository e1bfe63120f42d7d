//! The values that all parts of Lugus speak in: each word of trading is defined here, once.
//!
//! The engine takes and returns these values, the codecs put them on the wire, the SDK hands them to a trading program,
//! and the command line prints them. They are plain data: no SBE, no I/O, no behaviour beyond what a value says of
//! itself. Names and numbers are FIX's (5.0 SP2) where FIX has them.
//!
//! | module | what it defines |
//! |---|---|
//! | [`units`] | prices, quantities, identifiers, sequences, times |
//! | [`decimal`] | exact decimal numbers: tick and lot sizes |
//! | [`instrument`] | the definition of an instrument, its type and state |
//! | [`order`] | new orders, replacements, and their attributes |
//! | [`auction`] | what is told of an auction, and the rules of an instrument's auctions |
//! | [`command`] | what is sent to the engine in the log's order |
//! | [`connection`] | what happens to orders when a connection is lost |
//! | [`request`] | what a session asks for without a number |
//! | [`protection`] | what protects the prices of an instrument |
//! | [`quote`] | quotes of market makers, and what protects these |
//! | [`risk`] | limits and kill switches |
//! | [`order_status`] | a participant's own live orders, asked for |
//! | [`trade`] | trades that the operator cancels or corrects |
//! | [`report`] | what the engine tells of a command or an order |
//! | [`reply`] | answers that are no events |
//! | [`reason`] | why a command or a message was refused |
//! | [`market_data`] | the book and its changes, as anyone may see them |
//! | [`endpoint`] | a host and a port |
//! | [`program_versions`] | versions of programs, and of what the members of a cluster understand |
//! | [`specification`] | an instrument as the operator writes it, with its cluster |
//! | [`partition_map`] | which cluster trades which instrument |
//! | [`map_request`] | changes of the partition map, and their answers |
//! | [`participant_role`] | what a participant may do |
//! | [`message_rate`] | how many messages a session may send |
//! | [`schedule`] | when an instrument's state changes by itself |
//! | [`session_key`] | the key that a session's messages are authenticated with |
//! | [`snapshot`] | the state of an engine, record by record |
//! | [`member_status`] | what a member tells of itself: where it stands, and its state's hashes |
//! | [`migration`] | the move of an instrument between clusters: requests and answers |
//!
//! With the feature `serde`, the values are JSON of this kind. A field with its default value may be left out:
//!
//! ```json
//! {"participant":7,"instrument":1,"client_sequence":1,"action":{"new":{"client_order_id":1,"side":"BUY",
//!  "order_type":"LIMIT","time_in_force":"GTC","price":100,"quantity":5}}}
//! ```

pub mod auction;
pub mod command;
pub mod connection;
pub mod decimal;
pub mod endpoint;
pub mod export_record;
pub mod firm;
mod firm_event;
pub mod instrument;
pub mod map_request;
pub mod market_data;
pub mod member_status;
pub mod message_rate;
pub mod migration;
pub mod order;
pub mod order_status;
pub mod participant_role;
pub mod partition_map;
pub mod program_versions;
pub mod protection;
pub mod quote;
pub mod reason;
pub mod reply;
pub mod report;
pub mod request;
pub mod risk;
pub mod schedule;
pub mod session_key;
pub mod snapshot;
pub mod specification;
pub mod trade;
pub mod units;

#[cfg(feature = "serde")]
mod json;
mod word;

pub use auction::{AuctionIndicative, AuctionOrders, AuctionRules, AuctionType};
pub use command::{Action, Command, CommandKind, MassCancelTarget};
pub use connection::{ConnectionChange, GraceTime, GraceTimeTooLong, OnDisconnect};
pub use decimal::{Decimal, DecimalError, StepSize};
pub use endpoint::Endpoint;
pub use export_record::ExportRecord;
pub use firm::{FirmLimits, FirmReport, FirmRules, MAXIMUM_FIRM_PARTICIPANTS, MAXIMUM_FIRMS, SelfTradeScope};
pub use firm_event::{FirmEvent, FirmReply, MAXIMUM_FIRM_EVENTS};
pub use instrument::{InstrumentDefinition, InstrumentState, InstrumentType, Symbol};
pub use map_request::{AcceptedRequest, MapAnswer, MapRefusal, MapRequest, MapRequestHeader};
pub use market_data::{
    Book, BookRequest, BookType, DisplayedOrder, EndOfEvent, MAXIMUM_DEPTH, MarketData, MarketDataBody,
    MarketDataSnapshot, PriceLevel, Statistics,
};
pub use member_status::{HeardMember, MemberReport, MemberRole, MemberStatus, StateAt};
pub use message_rate::MessageRate;
pub use migration::{
    ExportCursor, ExportKind, ExportManifest, ExportPlace, ExportedRecords, MigrationOutcome, MigrationReport,
    MigrationRequest, MigrationStep,
};
pub use order::{NewOrder, OrderType, PostOnly, Replace, SelfTradePrevention, Side, TimeInForce};
pub use order_status::{
    LastReport, MAXIMUM_STATUS_ORDERS, MAXIMUM_STATUS_SCOPES, OpenOrder, OrderMassStatusRequest, OrderStatusReport,
    OrderStatusRequest, ScopeOrders, StatusCursor, WorkingState,
};
pub use participant_role::ParticipantRole;
pub use partition_map::{
    ClusterEntry, DeploymentId, EndedMigration, MapDigest, MemberEntry, Migration, MigrationEnding, MigrationPhase,
    Partition, PartitionMap,
};
pub use program_versions::{MemberVersions, ProgramVersion, ProtocolVersion};
pub use protection::{BeyondPoints, OnBreach, PriceProtection, PriceWidth, PriceWidthError, PriceWidthUnit};
pub use quote::{
    ByEntry, MAXIMUM_PROTECTION_MILLISECONDS, MAXIMUM_QUOTE_ENTRIES, MarketMakerProtection,
    MarketMakerProtectionReport, MassQuote, MassQuoteAcknowledgement, NoQuoteSet, ProtectionTrigger, QuoteCancel,
    QuoteEntry, QuoteResult, QuoteSetId, QuoteStatusReport, TooManyEntries,
};
pub use reason::{MessageRejectReason, RejectReason};
pub use reply::Reply;
pub use report::{ExecType, Execution, Liquidity, OrderStatus, Report, ReportBody, TradeAddendum};
pub use request::Request;
pub use risk::{KillSwitch, KillSwitchLevel, KillSwitchLevels, RiskLimits, WorkingOrders};
pub use schedule::{AtDayEnd, DailySchedule, DayPhase, TimeOfDay, TimeOfDayError};
pub use session_key::{SessionAuthentication, SessionKey};
pub use snapshot::{
    DisconnectionRecord, FirmRecord, ImportRecord, InstrumentRecord, MigrationStateKind, MigrationStateRecord,
    OLDEST_SNAPSHOT_VERSION, OrderRecord, ParticipantRecord, ParticipantSession, QuoteSetRecord, QuoteTradesRecord,
    RateKind, RateRecord, ReferenceWindow, RetainedReport, SNAPSHOT_VERSION, ScheduledTimer, ScopeRecord,
    SnapshotHeader, SnapshotRecord, TradeRecord,
};
pub use specification::InstrumentSpecification;
pub use trade::{TradeAmendment, TradeParty};
pub use units::*;
