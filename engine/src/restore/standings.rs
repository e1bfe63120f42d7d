//! How instruments stand, out of a snapshot: also an import that was in its middle.

use lugus_vocabulary::InstrumentId;

use super::fault::SnapshotFault;
use super::live_orders::QueuePlace;
use super::loading::{Awaited, Checked, Loading, require};
use crate::engine::Engine;
use crate::migration::{Importing, Standing};
use crate::snapshot::{ImportRecord, StandingKind, StandingRecord};

/// The standing of a record; the place of an import is filled in when its instrument has come.
pub(super) fn standing_of(record: &StandingRecord) -> Result<Standing, SnapshotFault> {
    let StandingRecord { kind, migration, epoch, import, .. } = *record;
    let invalid = SnapshotFault::Invalid { what: "an instrument with an impossible standing" };
    let imports = matches!(kind, StandingKind::Importing | StandingKind::Imported);
    require(imports == import.is_some(), "an import without its extent, or the other way round")?;
    Ok(match (kind, import, epoch) {
        (StandingKind::Trading, _, None) => Standing::Trading { last: migration },
        (StandingKind::Fenced, _, None) => Standing::Fenced { migration },
        (StandingKind::Dropping, _, Some(epoch)) => Standing::Dropping { migration, epoch },
        (StandingKind::DroppingImport, _, before) => Standing::DroppingImport { migration, before },
        (StandingKind::Elsewhere, _, away) => Standing::Elsewhere { last: migration, away },
        (StandingKind::Imported, Some(ImportRecord { extent, checksum, .. }), before) => {
            Standing::Imported { extent, checksum, before, migration }
        }
        (StandingKind::Importing, Some(import), before) => {
            let ImportRecord { extent, records, checksum, .. } = import;
            let loading = Loading::waiting(awaited(&import, invalid)?, record.instrument, import.scope);
            Standing::Importing(Box::new(Importing { migration, before, extent, records, checksum, loading }))
        }
        _ => return Err(invalid),
    })
}

/// What an import still awaits, which must be what its extent says less what has come.
fn awaited(import: &ImportRecord, invalid: SnapshotFault) -> Result<Awaited, SnapshotFault> {
    let ImportRecord { extent, records, scopes_left, orders_left, reports_left, .. } = *import;
    let left = u64::from(scopes_left) + u64::from(orders_left);
    let instruments = u64::from(records == 0);
    let came = left.checked_add(reports_left).and_then(|left| extent.records().checked_sub(left + instruments));
    let some_left = scopes_left <= extent.scopes && orders_left <= extent.orders && reports_left <= extent.reports;
    if came != Some(records) || !some_left {
        return Err(invalid);
    }
    Ok(Awaited {
        participants: 0,
        standings: 0,
        instruments,
        scopes: scopes_left.into(),
        orders: orders_left.into(),
        reports: reports_left,
    })
}

/// An instrument of the snapshot is whole: if it was being imported, its import goes on from there.
pub(super) fn resume_import(id: InstrumentId, last_order: Option<QueuePlace>, engine: &mut Engine) -> Checked {
    let Some(mut importing) = engine.standings.take_import(id) else { return Ok(()) };
    let resumed = importing.loading.resume(id, last_order, engine);
    engine.standings.set(id, Standing::Importing(importing));
    resumed
}

/// At the end: whoever stands here is here, and nobody else.
pub(super) fn check_standings(engine: &Engine) -> Checked {
    let right = engine.standings.iter().all(|(id, standing)| {
        let is_here = match standing {
            Standing::Elsewhere { .. } => false,
            Standing::Importing(importing) => importing.records > 0,
            _ => true,
        };
        engine.listed(id).is_some() == is_here
    });
    require(right, "an instrument that is not where it stands")
}
