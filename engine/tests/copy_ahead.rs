//! An instrument is copied ahead of its fence while it is traded at random, and moves with the rest: the new engine has the
//! same as the old one had, and trades on as if the instrument had never moved.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod comparison;
mod deployment;
mod follower;
mod oracle;
mod venue;

use comparison::steps::{Spread, Step, step};
use deployment::*;
use lugus_engine::{Engine, MigrationRefusal, Progress};
use lugus_vocabulary::*;
use proptest::prelude::*;
use venue::{command, limit};

/// A copy ahead that is under way, and how far it has come.
#[derive(Debug, Clone, Copy)]
struct Copy {
    migration: MigrationId,
    cursor: ExportCursor,
}

impl Copy {
    fn begin(deployment: &mut Deployment) -> Self {
        let migration = MigrationId(deployment.migration);
        let (from, to) = sides(deployment);
        from.copy_ahead(MOVING, migration, ExportCursor::START_AHEAD).unwrap();
        assert_eq!(to.import_ahead(MOVING, migration.ahead()), Ok(0));
        Self { migration, cursor: ExportCursor::START_AHEAD }
    }

    /// Copies up to this number of records. Now and then they get lost on their way, or come twice.
    fn part(&mut self, most: usize, deployment: &mut Deployment, random: &mut Random) -> Result<(), MigrationRefusal> {
        let (from, to) = sides(deployment);
        if self.cursor.kind == ExportKind::Rest {
            return Ok(());
        }
        from.copy_ahead(MOVING, self.migration, self.cursor)?;
        let mut export = from.export_ahead(MOVING, self.migration)?;
        let records: Vec<_> = export.by_ref().take(most).collect();
        let part = export.end();
        if random.below(8) == 0 {
            return Ok(());
        }
        let cursor = part.cursor();
        from.note_copied(part);
        for _ in 0..=random.below(2) {
            let came =
                to.import_records(MOVING, self.migration.ahead(), self.cursor.records, records.iter().copied())?;
            assert_eq!(came, cursor.records);
        }
        self.cursor = cursor;
        Ok(())
    }

    /// Fences the instrument, copies the rest, and lets the other engine trade. If the copy has been lost, all is copied.
    /// Returns whether it has not.
    fn finish(mut self, deployment: &mut Deployment, random: &mut Random) -> bool {
        let (from, to) = sides(deployment);
        let migration = self.migration;
        let manifest = from.fence(MOVING, migration).unwrap();
        let hash = from.state_hash();
        let rest = self.rest(from, to, manifest, random);
        assert_eq!(from.state_hash(), hash);
        if let Err(refusal) = rest {
            assert!(
                matches!(
                    refusal,
                    MigrationRefusal::UnknownCursor
                        | MigrationRefusal::OtherCursor { .. }
                        | MigrationRefusal::Over { .. }
                ),
                "{refusal}"
            );
            while to.drop_import(MOVING, migration.ahead()).unwrap() == Progress::More {}
            to.import_begin(MOVING, migration, manifest).unwrap();
            let end = transfer(from, to, migration, manifest, random);
            assert_eq!(to.import_end(MOVING, migration, end.checksum), Ok(manifest));
        }
        assert_eq!(to.import_complete(MOVING, migration, manifest, 0, 0), Ok(manifest));
        to.activate(MOVING, migration).unwrap();
        let whole = all_records(from, migration);
        let later = MigrationId(migration.0 + 1);
        assert_eq!(to.fence(MOVING, later), Ok(manifest));
        assert_eq!(all_records(to, later), whole);
        to.unfence(MOVING, later).unwrap();
        drop_in_parts(from, migration, MapEpoch(migration.0 + 3));
        deployment.owner = 1 - deployment.owner;
        deployment.migration += 10;
        deployment.engines.iter_mut().for_each(reload);
        deployment.compare();
        rest.is_ok()
    }

    fn rest(
        &mut self,
        from: &mut Engine,
        to: &mut Engine,
        manifest: ExportManifest,
        random: &mut Random,
    ) -> Result<(), MigrationRefusal> {
        let ahead = self.migration.ahead();
        let mut cursor = self.cursor.start_of_rest();
        while !cursor.is_end() {
            let mut export = from.export(MOVING, self.migration, cursor)?;
            let records: Vec<_> = export.by_ref().take(1 + random.below(9) as usize).collect();
            let next = export.cursor();
            for _ in 0..=random.below(2) {
                let came = to.import_records(MOVING, ahead, cursor.records, records.iter().copied())?;
                assert_eq!(came, next.records);
                to.verify().unwrap();
            }
            cursor = next;
        }
        let (records, checksum) = (cursor.records, cursor.checksum);
        let gap = to.import_complete(MOVING, self.migration, manifest, records + 1, checksum);
        assert!(matches!(gap, Err(MigrationRefusal::Gap { expected }) if expected == records) || gap.is_err());
        to.import_complete(MOVING, self.migration, manifest, records, checksum)?;
        Ok(())
    }
}

/// The engine that has the instrument, and the other one.
fn sides(deployment: &mut Deployment) -> (&mut Engine, &mut Engine) {
    let [one, other] = &mut deployment.engines;
    if deployment.owner == 0 { (one, other) } else { (other, one) }
}

/// All records of the instrument, but for the migration state.
fn all_records(engine: &Engine, migration: MigrationId) -> Vec<ExportRecord> {
    engine.export(MOVING, migration, ExportCursor::START).unwrap().collect()
}

/// What happens between two parts of a copy.
#[derive(Debug, Clone)]
enum Event {
    Step(Step),
    Part(usize),
    Begin,
    Finish,
    /// The engine with the instrument, or the other one, is loaded from a snapshot.
    Reload(bool),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        400 => step(Spread::Near).prop_map(Event::Step),
        200 => (1_usize..12).prop_map(Event::Part),
        10 => Just(Event::Begin),
        10 => Just(Event::Finish),
        1 => any::<bool>().prop_map(Event::Reload),
    ]
}

/// The random operator amends a trade too seldom while it has just been copied.
#[test]
fn a_trade_that_is_amended_after_it_was_copied_comes_again_with_the_rest() {
    let (mut deployment, mut random) = (Deployment::new(), Random(1));
    deployment.apply(&command(1, 1, 1, Action::New(limit(1, Side::Sell, 100, 2))));
    deployment.apply(&command(2, 1, 1, Action::New(limit(1, Side::Buy, 100, 2))));
    let mut copy = Copy::begin(&mut deployment);
    for _ in 0..20 {
        copy.part(64, &mut deployment, &mut random).unwrap();
    }
    let cancel = Action::AmendTrade { trade_id: TradeId(1), amendment: TradeAmendment::Cancel };
    deployment.apply(&command(0, 1, 1, cancel));
    assert!(copy.finish(&mut deployment, &mut random));
    // The other engine knows that it is canceled.
    let cancel = Action::AmendTrade { trade_id: TradeId(1), amendment: TradeAmendment::Cancel };
    deployment.apply(&command(0, 1, 2, cancel));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(lugus_testing::cases(512)) })]

    #[test]
    fn an_instrument_that_is_copied_ahead_is_the_same(
        events in proptest::collection::vec(event(), 1..500),
        seed in 1..u64::MAX,
        price_band in prop_oneof![Just(0_u64), Just(5_u64)],
    ) {
        let (mut deployment, mut random) = (Deployment::with_price_band(Quantity(price_band)), Random(seed));
        let (mut copy, mut is_sound) = (None::<Copy>, true);
        for event in events.into_iter().chain([Event::Finish]) {
            match (event, &mut copy) {
                (Event::Step(step), _) => deployment.step(&step),
                (Event::Part(most), Some(copy)) => {
                    let copied = copy.part(most, &mut deployment, &mut random);
                    prop_assert!(copied.is_ok() || !is_sound, "{copied:?}");
                }
                (Event::Begin, None) => (copy, is_sound) = (Some(Copy::begin(&mut deployment)), true),
                (Event::Finish, Some(under_way)) => {
                    let stood = under_way.finish(&mut deployment, &mut random);
                    prop_assert!(stood || !is_sound);
                    copy = None;
                }
                (Event::Reload(which), _) => {
                    reload(&mut deployment.engines[usize::from(which)]);
                    is_sound = false;
                }
                _ => {}
            }
        }
    }
}
