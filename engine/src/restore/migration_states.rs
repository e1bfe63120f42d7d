//! Migration states from their records, among them an import that was under way.

use lugus_vocabulary::{ImportRecord, MigrationStateKind, MigrationStateRecord};

use super::checks::{Checked, require};
use super::fault::SnapshotFault;
use super::load_state::{AwaitedRecords, LoadState};
use crate::engine::Engine;
use crate::migration::migration_states::{Fit, Importing, MigrationState};

/// The state of a record. An import in progress can continue once its instrument is loaded, too.
pub(super) fn state_of(record: &MigrationStateRecord) -> Result<MigrationState, SnapshotFault> {
    let MigrationStateRecord { kind, migration, epoch, import, .. } = *record;
    let invalid = SnapshotFault::Invalid { what: "an impossible migration state" };
    let imports = matches!(kind, MigrationStateKind::Importing | MigrationStateKind::Imported);
    require(imports == import.is_some(), "an import without its manifest, or the other way round")?;
    Ok(match (kind, import, epoch) {
        (MigrationStateKind::Trading, _, None) => MigrationState::Trading { last: migration },
        (MigrationStateKind::Fenced, _, None) => MigrationState::Fenced { migration },
        (MigrationStateKind::Dropping, _, Some(epoch)) => MigrationState::Dropping { migration, epoch },
        (MigrationStateKind::DroppingImport, _, departed) => {
            MigrationState::DroppingImport { migration, departed, fit: Fit::Whole }
        }
        (MigrationStateKind::Elsewhere, _, departed) => MigrationState::Elsewhere { last: migration, departed },
        (MigrationStateKind::Imported, Some(ImportRecord { manifest, checksum, .. }), departed) => {
            MigrationState::Imported { manifest, checksum, departed, migration }
        }
        (MigrationStateKind::Importing, Some(import), departed) => {
            let ImportRecord { manifest, records, checksum, .. } = import;
            let loading = LoadState::of_import(awaited(&import, invalid)?, record.instrument, import.scope);
            let ahead = None;
            MigrationState::Importing(Box::new(Importing {
                migration,
                departed,
                manifest,
                records,
                checksum,
                loading,
                ahead,
            }))
        }
        _ => return Err(invalid),
    })
}

/// The records that an import still awaits: those of its manifest less those that have come in.
fn awaited(import: &ImportRecord, invalid: SnapshotFault) -> Result<AwaitedRecords, SnapshotFault> {
    let ImportRecord { manifest, records, scopes_left, orders_left, reports_left, .. } = *import;
    let left = u64::from(scopes_left) + u64::from(orders_left);
    let instruments = u64::from(records == 0);
    let came = left.checked_add(reports_left).and_then(|left| manifest.records().checked_sub(left + instruments));
    let some_left =
        scopes_left <= manifest.scopes && orders_left <= manifest.orders && reports_left <= manifest.reports;
    if came != Some(records) || !some_left {
        return Err(invalid);
    }
    Ok(AwaitedRecords {
        participants: 0,
        migration_states: 0,
        instruments,
        scopes: scopes_left.into(),
        orders: orders_left.into(),
        reports: reports_left,
    })
}

/// Checks at the end of a snapshot that the instruments are here which are here by their migration states.
pub(super) fn check_states(engine: &Engine) -> Checked {
    let right = engine.migration_states.iter().all(|(id, state)| {
        let is_here = match state {
            MigrationState::Elsewhere { .. } => false,
            MigrationState::Importing(importing) => importing.records > 0,
            _ => true,
        };
        engine.instruments.find(id).is_some() == is_here
    });
    require(right, "an instrument that is not where its migration state says")
}
