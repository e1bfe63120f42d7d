//! A member's log and snapshots as its archive has recorded them, applied to a new engine without a cluster.

mod audit;
mod fragments;
mod frames;
mod recorded;
mod run;
mod snapshot_check;

/// Where a state stands in the log.
pub use aeron_cluster_service::LogPlace;
pub use audit::{Audit, AuditReport, Expected, audit};
pub use recorded::{ArchivedLog, ArchivedLogError, MemberFiles, SavedState, Start, StartFrom};
pub use run::{Difference, LogRun, Paused, Stopped, Until};

#[cfg(test)]
mod tests;
