//! The oracle: an engine without any cleverness, that finds everything by looking at everything. It shares no code with the
//! engine but the types of commands and events.
//!
//! - `commands`: the way of a command, and what the operator may do.
//! - `orders`: new orders, cancels, replacements, mass cancels.
//! - `firms`: which participants belong together.
//! - `mass_cancels`: mass cancels of one participant or of all, in one instrument or in all.
//! - `quotes`: quotes of market makers, and what pulls them.
//! - `own_orders`: what a participant is told of its own orders when it asks.
//! - `trading`: how orders trade and trigger. `unfinished`: how orders expire, and what is done in parts.
//! - `trades`: all trades, and what the operator does with one.
//! - `protection`: what protects prices, and auctions that a timer ends.
//! - `auction_rules`: what is published of auctions, and their time without cancels.
//! - `connections`: what happens to orders whose participant is disconnected.
//! - `state`: participants, scopes with all their events, instruments. `book`: an instrument's orders in one `Vec`.

#![allow(unreachable_pub, reason = "tests and the soak use it")]

mod auction_rules;
mod book;
mod commands;
mod connections;
mod firms;
mod limits;
mod mass_cancels;
mod orders;
mod own_orders;
mod protection;
mod quote_set;
mod quotes;
mod state;
mod trades;
mod trading;
mod unfinished;

#[allow(unused_imports, reason = "some tests shrink no orders")]
pub use state::{Oracle, Shrink};
