//! The partition map: which cluster trades which instrument (schema 203).

pub use crate::sbe_partition_map::*;
