//! The matching engine of Lugus: a pure function of the log.
//!
//! [`Engine::apply`] takes the log's entries one by one, with the log's time, and tells an [`EventSink`] what happened, in
//! the values of [`lugus_vocabulary`]. The same log gives the same events, the same state hash and the same snapshot on
//! every member and on every machine, if the members have the same [`EngineLimits`]. No I/O, clock, thread, float, or
//! order of a hash table has a part in it.
//!
//! In the order in which a command meets them:
//!
//! - `event_sink`: where the engine puts what it tells.
//! - `engine`: apply. Finds the scope, and sends each command on its way. `queries`: what one may ask of it.
//! - `sequences`: scopes (participant, instrument), numbers, kept reports, and the way of every report to the sink.
//! - `kept_reports`: events in little memory.
//! - `expiry`: orders whose time is over end before the command.
//! - `participants`, `risk`, `admission`: which orders are taken, and why others are not.
//! - `order_entry`: new orders, cancels, replacements, mass cancels.
//! - `matching`, `self_trade`: an order meets the book, and maybe its own participant.
//! - `stops`: orders that wait for a trade at their trigger.
//! - `auction`: orders that gathered trade at one price.
//! - `execution`: what a report says of an order; `market_data`: what everyone sees of it.
//! - `instrument`: a traded pair, whole; [`book`]: its resting orders.
//! - `state_hash`, `index`: mixing and looking up numbers.
//! - `snapshot`, `restore`: all of the state out, and in again.
//! - `migration`: an instrument goes to another engine while it is traded.
//! - `invariants`: what must hold after every command.

pub mod book;

mod admission;
mod auction;
mod engine;
mod event_sink;
mod execution;
mod expiry;
mod index;
mod instrument;
mod invariants;
mod kept_reports;
mod market_data;
mod matching;
mod migration;
mod order_entry;
mod participants;
mod queries;
mod restore;
mod risk;
mod self_trade;
mod sequences;
mod snapshot;
mod state_hash;
mod stops;

pub use auction::Indicative;
pub use engine::{Engine, EngineLimits};
pub use event_sink::EventSink;
pub use invariants::InvariantError;
pub use migration::export::Export;
pub use migration::refusal::MigrationRefusal;
pub use migration::steps::Progress;
pub use restore::Restore;
pub use restore::fault::{SnapshotError, SnapshotFault};
