//! Resting orders: where they are kept, and in which order they trade.
//!
//! - [`Book`]: an instrument's two sides. [`BookSide`]: price levels, best first.
//! - [`RestingOrders`]: the orders of all books, as far as a book must know them.
//! - `pool`: what else the engine knows of them; `terms`: what only some of them have.
//! - `cells`: orders and levels in memory (`zeroed`); `tree`: from a price to its level, and `found`: faster;
//!   `client_orders`: from a number to an order.

#[expect(clippy::module_inception, reason = "the book of the books' module")]
mod book;
mod cells;
mod client_orders;
mod expiry_queue;
mod found;
mod orders;
mod pool;
mod side;
mod terms;
mod tree;
mod zeroed;

pub use book::Book;
pub(crate) use cells::MAXIMUM_ORDERS;
pub use cells::Slot;
pub use client_orders::{Found, Vacancy};
pub(crate) use expiry_queue::Expiry;
pub use orders::RestingOrders;
pub(crate) use pool::{Order, OrderPool};
pub use side::BookSide;
pub(crate) use terms::{Instructions, Terms};

#[cfg(test)]
mod tests;
