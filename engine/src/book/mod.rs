//! Resting orders: how they are stored, and in which order they trade.
//!
//! - [`Book`]: the two sides of an instrument. [`BookSide`]: the price levels of a side, best first.
//! - [`RestingOrders`]: the orders of all books, with the attributes that a book needs.
//! - `pool`: all other attributes of live orders; `order`: such an order; `terms`: attributes that only some orders have.
//! - `cells`: the memory layout of orders and levels, in zeroed memory (`zeroed`).
//! - `tree`: from a price to its page of levels; `found`: a cache in front of the tree.
//! - `client_orders`: from (owner, client order id) to an order. `elected`: orders that are to meet the book.
//! - `copied`: which orders are copied ahead of a move, and what has become of them.
//! - `quote_sets`: what has traded of protected quotes, and which are being canceled.
//! - `unfinished`: where work is left that was decided and not done.

#[expect(clippy::module_inception, reason = "the book of the books' module")]
mod book;
mod cells;
mod client_orders;
mod copied;
mod elected;
mod expiry_queue;
mod found;
mod order;
mod orders;
mod pool;
mod quote_sets;
mod side;
mod terms;
mod tree;
mod unfinished;
mod zeroed;

pub use book::Book;
pub(crate) use cells::MAXIMUM_ORDERS;
pub use cells::Slot;
pub use client_orders::{Found, Vacancy};
pub(crate) use elected::ElectedQueue;
pub(crate) use expiry_queue::Expiry;
pub(crate) use order::Order;
pub use orders::RestingOrders;
pub(crate) use pool::ending::Ending;
pub(crate) use pool::owners::Unlisted;
pub(crate) use pool::{Killed, OrderPool};
pub(crate) use quote_sets::{Place, QuoteSet, QuotesCanceled};
pub use side::BookSide;
pub(crate) use terms::{Instructions, Terms};
pub(crate) use unfinished::KilledOrders;

#[cfg(test)]
mod tests;
