//! The matching engine of Lugus: a pure function of the log.
//!
//! [`Engine::apply`] takes the log's entries one by one, with the log's time, and tells an [`EventSink`] what happened, in
//! the values of [`lugus_vocabulary`]. The same log gives the same events, the same state hash and the same snapshot on
//! every member and on every machine, if the members have the same [`EngineLimits`]. No I/O, clock, thread, floating-point
//! number or order of a hash table has a part in it.
//!
//! A file uses only files further down in this table, or of its own row:
//!
//! | files | what they do |
//! |---|---|
//! | `queries`, `usage`, `own_orders`, `invariants` | what can be asked of an engine, by anyone, by operators and by the owner of orders, and what must hold after every command |
//! | `snapshot`, `restore`, `migration` | the whole state goes out and comes in again; an instrument goes to another engine while it is traded |
//! | `engine`, `work`, `mass_cancel`, `quotes`, `firm_commands`, `disconnection` | applies a command: finds its scope, checks its number (`sequence_check`), and sends it on its way; what goes on without a command; mass cancels of many books; quotes of market makers and what pulls them; firms; participants that lose their connection |
//! | `instruments`, `migration::migration_states` | all instruments with their state hashes, and the states of those that were ever moved |
//! | `quoting`, `order_entry`, `instrument_state`, `trade_amendment` | two-sided quotes of one instrument; new orders, cancels, replacements, mass cancels; opening, halting and closing an instrument; trades that the operator cancels or corrects |
//! | `admission`, `risk`, `kill_switch` | which orders are taken, and why others are not |
//! | `stops`, `auction`, `auction_phase`, `incoming`, `protection` | stop orders trigger; gathered orders trade at one price; an incoming order meets the book, within the bounds that protect prices |
//! | `matching`, `fill_or_kill`, `self_trade`, `iceberg`, `ended`, `election` | continuous trading and its special cases; orders that are over; which stop orders a trade elects |
//! | `instrument`, `stop_queues`, `traded` | a traded pair, its stop orders, and what its trades leave behind |
//! | `market_data`, `rejection`, `execution` | what everyone sees of a change, and what its owner is told of an order or of a command that was not done |
//! | `kept_trades` | the trades that can still be canceled or corrected |
//! | `reporter`, `feed` | the way of every report: numbered, kept, hashed, handed to the sink; the numbers of market data |
//! | `scopes`, `firm_events`, `kept_reports`, `report_row`, `execution_kinds` | numbers and kept events of each participant in each instrument, and of each firm |
//! | `participants`, `firms`, `allowed`, `expiry`, `definition` | who trades, who belongs together, and the lower one of two limits; when an order expires; which instruments can be defined |
//! | [`book`] | resting orders: price levels, memory, expiry queue |
//! | `numbered_tail` | the newest items of a numbered sequence, in chunks |
//! | `state_hash`, `quote_words`, `index`, `report_heading`, `event_sink`, `engine_limits`, `invariant_error` | what many of them use |

pub mod book;

mod admission;
mod allowed;
mod amendment;
mod auction;
mod auction_interest;
mod auction_orders;
mod auction_phase;
mod definition;
mod definition_hash;
mod disconnection;
mod election;
mod ended;
mod engine;
mod engine_limits;
mod event_sink;
mod execution;
mod execution_kinds;
mod expiry;
mod feed;
mod fill_or_kill;
mod firm_commands;
mod firm_events;
mod firms;
mod iceberg;
mod incoming;
mod index;
mod instrument;
mod instrument_state;
mod instruments;
mod invariant_error;
mod invariants;
mod kept_reports;
mod kept_trades;
mod kill_switch;
mod market_data;
mod mass_cancel;
mod matching;
mod migration;
mod notional;
mod numbered_tail;
mod order_entry;
mod own_orders;
mod participants;
mod protection;
mod queries;
mod queues;
mod quote_words;
mod quotes;
mod quoting;
mod rate;
mod rejection;
mod report_heading;
mod report_row;
mod reporter;
mod restore;
mod risk;
mod scopes;
mod self_trade;
mod sequence_check;
mod snapshot;
mod state_hash;
mod stop_queues;
mod stops;
mod trade_amendment;
mod traded;
mod usage;
mod work;

pub use auction::Indicative;
pub use engine::Engine;
pub use engine_limits::EngineLimits;
pub use event_sink::EventSink;
pub use invariant_error::InvariantError;
pub use migration::ahead::{AheadExport, CopiedPart};
pub use migration::export::Export;
pub use migration::refusal::MigrationRefusal;
pub use migration::steps::Progress;
pub use restore::Restore;
pub use restore::fault::{SnapshotError, SnapshotFault};
pub use usage::{Survey, Surveyed, Usage};
pub use work::Deadline;
