//! A member's log and snapshots as its archive has recorded them, applied to a new engine without a cluster.

mod audit;
mod changes;
mod fragments;
mod recorded;
mod snapshot_check;

pub use audit::{Audit, AuditReport, Difference, Expected, audit};
pub use changes::{LogRange, Replayed, changes};
pub use recorded::{ArchivedLog, ArchivedLogError, MemberFiles, Start};

#[cfg(test)]
mod tests;
