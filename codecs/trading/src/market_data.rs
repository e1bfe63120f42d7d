//! Market data: the book as anyone may see it (schema 202).

pub use crate::sbe_market_data::*;
