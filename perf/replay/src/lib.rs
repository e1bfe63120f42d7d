//! Replays of recorded and synthetic order flows, and their measurement.
//!
//! - [`flow`]: commands in order. [`synthetic`]: made from a seed. [`recording`]: from an exchange's recording of its book, in the
//!   formats of Databento ([`mbo`]), LOBSTER ([`lobster`]), NASDAQ ([`itch`]) and Bitstamp ([`bitstamp`]).
//! - [`venue`]: the destination of a flow. [`engine_venue`]: an engine in this process; [`cluster_venue`]: a cluster,
//!   through the SDK.
//! - [`replay`]: sends a flow to a venue at a given pace. [`ledger`]: checks that every command was answered exactly
//!   once. [`score`]: counts the trades of the exchange that the venue reproduces. [`timeline`]: measures fail-overs.
//! - [`report`]: the figures of a replay. [`round_trips`]: histograms of it, and files for HdrHistogram's tools.
//!   [`stages`]: where the time of a round trip goes, by the stamps of the member that led.

pub mod bitstamp;
pub mod cluster_venue;
pub mod engine_venue;
pub mod flow;
pub mod itch;
pub mod ledger;
pub mod lobster;
pub mod mbo;
pub mod recording;
pub mod replay;
pub mod report;
pub mod round_trips;
pub mod score;
pub mod stages;
pub mod synthetic;
pub mod timeline;
pub mod venue;

mod price_time_book;
mod prng;
