//! Resting orders: where they are kept, and in which order they trade.

#[expect(clippy::module_inception, reason = "the book of the books' module")]
mod book;
mod client_orders;
mod pool;
mod side;
mod terms;

pub(crate) use book::Book;
pub(crate) use pool::{MAXIMUM_ORDERS, Order, OrderPool, Slot};
pub(crate) use side::BookSide;
pub use side::PriceLevel;
pub(crate) use terms::{Instructions, Terms};
