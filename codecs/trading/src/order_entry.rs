//! Order entry: commands and requests of participants, and what they are told (schema 201).

pub use crate::sbe_order_entry::*;
