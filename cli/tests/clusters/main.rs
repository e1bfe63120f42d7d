//! What real clusters on this machine do. Each module is about one matter; `cargo test --release -p lugus --test clusters fail_over::` runs
//! the tests of one.
//!
//! They are one program, since each further one that has the node and Aeron in it takes many seconds to build.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod archive_doors;
mod audit;
mod cancel_on_disconnect;
mod commands;
mod console;
mod damage;
mod exporter;
mod fail_over;
mod feeds;
mod fence;
mod firms;
mod floods;
mod forged_reports;
mod garbage;
#[path = "../harness/mod.rs"]
mod harness;
mod hostile_input;
mod injected_messages;
mod interruption;
mod log_time;
mod many_clusters;
mod market_data;
mod mass_cancel;
mod migration;
mod own_orders;
mod quotes;
mod recordings;
mod recovery;
mod refusals;
mod replays;
mod retention;
mod roles;
mod stages;
mod supervision;
mod telemetry;
mod trade_addenda;
mod upgrade;
