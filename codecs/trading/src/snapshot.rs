//! Snapshots: the state of a partition's service (schema 204).

pub use crate::sbe_snapshot::*;
