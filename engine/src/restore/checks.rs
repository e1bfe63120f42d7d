//! Checks that turn what a record says into a fault, if it cannot be.

use super::fault::SnapshotFault;

pub(super) type Checked = Result<(), SnapshotFault>;

/// `what_not` names what is wrong if the condition does not hold.
pub(super) fn require(holds: bool, what_not: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(SnapshotFault::Invalid { what: what_not }) }
}

/// Whether `found` records or entries of a kind are allowed.
pub(super) fn within(what: &'static str, found: u64, limit: u64) -> Checked {
    if found <= limit { Ok(()) } else { Err(SnapshotFault::Limit { what, found, limit }) }
}

/// Takes one record off those awaited.
pub(super) fn count(what: &'static str, awaited: &mut u64) -> Checked {
    *awaited = awaited.checked_sub(1).ok_or(SnapshotFault::Superfluous { what })?;
    Ok(())
}

/// Whether all records of a kind have come in.
pub(super) fn none_missing(what: &'static str, missing: u64) -> Checked {
    if missing == 0 { Ok(()) } else { Err(SnapshotFault::Missing { what, missing }) }
}
