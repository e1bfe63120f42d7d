//! An instrument moves between two engines while it is traded: its participants are told the same as if it never moved.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod comparison;
mod follower;
mod oracle;
mod venue;

use comparison::steps::{Number, Spread, Step, step};
use lugus_engine::{Engine, EngineLimits, MigrationRefusal, Progress, SnapshotFault};
use lugus_vocabulary::*;
use oracle::Oracle;
use proptest::prelude::*;
use venue::*;

const SMALL: EngineLimits = EngineLimits {
    instruments: 4,
    participants: 8,
    orders: 300,
    retained_events: 20,
    retained_trades: 4_096,
    steps: 4_096,
};
const LARGE: EngineLimits = EngineLimits { orders: 20_000, ..SMALL };
const MOVING: InstrumentId = InstrumentId(1);

fn reload(engine: &mut Engine) {
    let records = snapshot(engine);
    let limits = if engine.live_orders() > SMALL.orders { LARGE } else { SMALL };
    let loaded = restore(limits, &records).unwrap();
    loaded.verify().unwrap();
    assert_eq!(snapshot(&loaded), records);
    assert_eq!(loaded.state_hash(), engine.state_hash());
    *engine = loaded;
}

/// Random numbers from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Exports the instrument from one engine and imports it into the other. Now and then an engine is loaded from its
/// snapshot, or a chunk of records is imported twice.
fn transfer(
    from: &mut Engine,
    to: &mut Engine,
    migration: MigrationId,
    manifest: ExportManifest,
    random: &mut Random,
) -> ExportCursor {
    let mut cursor = ExportCursor::START;
    loop {
        let mut export = from.export(MOVING, migration, cursor).unwrap();
        let wanted = 1 + random.below(9) as usize;
        let chunk: Vec<_> = export.by_ref().take(wanted).collect();
        let next = export.cursor();
        if chunk.is_empty() {
            return cursor;
        }
        for _ in 0..=random.below(2) {
            let received = to.import_records(MOVING, migration, cursor.records, chunk.iter().copied());
            assert_eq!(received, Ok(next.records));
        }
        cursor = next;
        if random.below(8) == 0 {
            reload(from);
        }
        if random.below(4) == 0 {
            reload(to);
        }
        assert_eq!(to.import_begin(MOVING, migration, manifest), Ok(cursor.records));
        to.verify().unwrap();
    }
}

fn drop_in_parts(engine: &mut Engine, migration: MigrationId, epoch: MapEpoch) -> usize {
    let mut parts = 1;
    while engine.drop_instrument(MOVING, migration, epoch).unwrap() == Progress::More {
        engine.verify().unwrap();
        reload(engine);
        parts += 1;
    }
    engine.verify().unwrap();
    parts
}

/// Two engines between which the instrument moves, an engine that has it all the time, and the oracle.
struct Deployment {
    engines: [Engine; 2],
    owner: usize,
    never_moved: Engine,
    oracle: Oracle,
    now: i64,
    migration: u64,
}

impl Deployment {
    fn new() -> Self {
        let engine = || Engine::new(SMALL);
        let mut deployment = Self {
            engines: [engine(), engine()],
            owner: 0,
            never_moved: engine(),
            oracle: Oracle::new(SMALL),
            now: 0,
            migration: 10,
        };
        for (number, instrument) in [(1, 1), (2, 2)] {
            let define = command(0, 0, number, Action::DefineInstrument(definition(instrument)));
            deployment.oracle.apply(0, &define);
            told(&mut deployment.never_moved, 0, &define);
            told(&mut deployment.engines[0], 0, &define);
        }
        let define = command(0, 0, 1, Action::DefineInstrument(definition(3)));
        told(&mut deployment.engines[1], 0, &define);
        deployment
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Command { participant, instrument, number, mut action } if (1..=2).contains(&instrument) => {
                let next = self.oracle.last_command(participant, instrument) + 1;
                let number = match number {
                    Number::Next => next,
                    Number::Before(by) => next.saturating_sub(by),
                    Number::After(by) => next + by,
                    Number::Zero => 0,
                    Number::Last => u64::MAX,
                };
                if let Action::New(NewOrder { expire_time: Some(time), .. }) = &mut action {
                    time.0 += self.now;
                }
                self.apply(&command(participant, instrument, number, action));
            }
            Step::Touch { participant, instrument, id, price, quantity, .. } => {
                let Some(mut touched) = self.oracle.order(participant, instrument, id) else { return };
                touched.price = touched.price.map(|now| Price(now.0 + price));
                touched.quantity.0 = touched.quantity.0.saturating_add_signed(quantity);
                let number = self.oracle.last_command(participant, instrument) + 1;
                self.apply(&command(participant, instrument, number, Action::Replace(touched)));
            }
            Step::Shrink { participant, instrument, id, to, moves } => {
                let Some(mut shrunk) = self.oracle.shrunk(participant, instrument, id, to) else { return };
                shrunk.price = shrunk.price.map(|now| Price(now.0 + moves));
                let number = self.oracle.last_command(participant, instrument) + 1;
                self.apply(&command(participant, instrument, number, Action::Replace(shrunk)));
            }
            // The engines expire orders at different commands, so time must not go back here.
            Step::Wait(nanos) => self.now += nanos.max(0),
            Step::Resume { participant, unseen, .. } => {
                let last = self.oracle.last_event(participant, 1);
                let last_seen = unseen.map(|unseen| last.wrapping_sub(unseen).wrapping_add(1));
                let expected = self.oracle.resume(participant, 1, last_seen);
                assert_eq!(told_again(&self.engines[self.owner], participant, 1, last_seen), expected);
            }
            Step::MassStatus { participant, instrument, after } => {
                let request = OrderMassStatusRequest { request_id: 6, instrument: InstrumentId(instrument), after };
                if instrument == 1 {
                    let expected = self.oracle.order_mass_status(participant, &request, self.now);
                    let mut report = OrderStatusReport::default();
                    let (participant, now) = (ParticipantId(participant), EpochNanos(self.now));
                    self.engines[self.owner].order_mass_status(participant, &request, now, &mut report);
                    assert_eq!(report, expected);
                }
            }
            Step::Command { .. }
            | Step::Snapshot
            | Step::Timer
            | Step::Disconnect { .. }
            | Step::Connect { .. }
            | Step::Status { .. } => {}
        }
    }

    fn apply(&mut self, command: &Command) {
        self.now += 7;
        let mut found = Vec::new();
        // Orders expire before the next command of any engine.
        for engine in &mut self.engines {
            let mut recorder = Recorder::default();
            engine.on_timer(EpochNanos(self.now), &mut recorder);
            found.extend(recorder.0);
        }
        let place = if command.instrument == MOVING { self.owner } else { 0 };
        found.extend(told(&mut self.engines[place], self.now, command));
        let expected = self.oracle.apply(self.now, command);
        told(&mut self.never_moved, self.now, command);
        for instrument in [1, 2] {
            assert_eq!(of_instrument(&found, instrument), of_instrument(&expected, instrument));
        }
        self.engines.iter().for_each(|engine| engine.verify().unwrap());
        self.compare();
    }

    fn compare(&self) {
        let (owner, reference) = (&self.engines[self.owner], &self.never_moved);
        assert_eq!(owner.instrument_state_hash(MOVING), reference.instrument_state_hash(MOVING));
        assert_eq!(owner.market_data_snapshot(MOVING), reference.market_data_snapshot(MOVING));
        let displayed = |engine: &Engine| engine.displayed_orders(MOVING).unwrap().collect::<Vec<_>>();
        assert_eq!(displayed(owner), displayed(reference));
        assert_eq!(owner.definition(MOVING), reference.definition(MOVING));
    }

    fn migrate(&mut self, random: &mut Random) {
        let [one, other] = &mut self.engines;
        let (from, to) = if self.owner == 0 { (one, other) } else { (other, one) };
        let (migration, epoch) = (MigrationId(self.migration), MapEpoch(self.migration + 3));
        let manifest = from.fence(MOVING, migration).unwrap();
        assert_eq!(to.import_begin(MOVING, migration, manifest), Ok(0));
        let hash = from.state_hash();
        let end = transfer(from, to, migration, manifest, random);
        assert_eq!((end.records, from.state_hash()), (manifest.records(), hash));
        assert_eq!(to.import_end(MOVING, migration, end.checksum), Ok(manifest));
        reload(to);
        let undone = random.below(4) == 0;
        if undone {
            while to.drop_import(MOVING, migration).unwrap() == Progress::More {}
            from.unfence(MOVING, migration).unwrap();
        } else {
            assert_eq!(to.activate(MOVING, migration), Ok(()));
            drop_in_parts(from, migration, epoch);
            self.owner = 1 - self.owner;
        }
        self.migration += 10;
        self.engines.iter_mut().for_each(reload);
        self.compare();
        let away = &mut self.engines[1 - self.owner];
        // At log time 0, so that nothing expires.
        let answer = told(away, 0, &command(1, 1, 1, cancel(1)));
        let unknown = Reply::Refused {
            instrument: MOVING,
            client_sequence: ClientSequence(1),
            reason: RejectReason::UnknownInstrument,
        };
        match answer[..] {
            [Told::Reply(Reply::Moved { instrument: MOVING, client_sequence: ClientSequence(1), .. })] => {}
            // The instrument has never been in that engine.
            [Told::Reply(reply)] => assert_eq!(reply, unknown),
            _ => panic!("{answer:?}"),
        }
    }
}

fn of_instrument(all: &[Told], wanted: u32) -> Vec<Told> {
    let is_of = |told: &&Told| match told {
        Told::Report(report) | Told::Reply(Reply::Again(report)) => report.instrument.0 == wanted,
        Told::Reply(_) => true,
    };
    all.iter().filter(is_of).copied().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    #[test]
    fn a_moved_instrument_makes_the_same_events_as_one_that_never_moved(
        steps in proptest::collection::vec(prop_oneof![40 => step(Spread::Near).prop_map(Some), 1 => Just(None)], 1..250),
        seed in 1..u64::MAX,
    ) {
        let (mut deployment, mut random) = (Deployment::new(), Random(seed));
        for step in steps {
            match step {
                Some(step) => deployment.step(&step),
                None => deployment.migrate(&mut random),
            }
        }
        deployment.migrate(&mut random);
    }
}

const FIRST: MigrationId = MigrationId(10);

/// A venue in which two participants have traded, and have an order each.
fn traded() -> Venue {
    let mut venue = Venue::open(SMALL, definition(1));
    venue.order(1, limit(1, Side::Sell, 101, 5));
    venue.order(2, limit(1, Side::Buy, 101, 3));
    venue.order(2, limit(2, Side::Buy, 99, 3));
    venue
}

fn moved(client_sequence: u64, epoch: u64) -> Vec<Told> {
    let (client_sequence, epoch) = (ClientSequence(client_sequence), MapEpoch(epoch));
    vec![Told::Reply(Reply::Moved { instrument: MOVING, client_sequence, epoch })]
}

/// Imports the instrument whole, in one go.
fn import(from: &Engine, to: &mut Engine, migration: MigrationId, manifest: ExportManifest) {
    to.import_begin(MOVING, migration, manifest).unwrap();
    let mut export = from.export(MOVING, migration, ExportCursor::START).unwrap();
    to.import_records(MOVING, migration, 0, export.by_ref()).unwrap();
    to.import_end(MOVING, migration, export.cursor().checksum).unwrap();
}

#[test]
fn a_fenced_instrument_takes_nothing_and_changes_nothing() {
    let mut venue = traded();
    let before = told_again(&venue.engine, 2, 1, Some(0));
    venue.engine.fence(MOVING, FIRST).unwrap();
    let state = snapshot(&venue.engine);
    let state_change = Action::SetInstrumentState { state: InstrumentState::Closed, reference_price: None };
    for (participant, number, action) in [
        (1, 2, cancel(1)),
        (1, 3, cancel(1)),
        (1, 0, cancel(1)),
        (3, 1, Action::New(limit(1, Side::Buy, 100, 1))),
        (0, 1, state_change),
        (0, 1, Action::MassCancel { target: ParticipantId(1), side: None }),
    ] {
        assert_eq!(venue.send_as(participant, 1, number, action), moved(number, 11));
    }
    let repeated = venue.send_as(1, 1, 1, cancel(1));
    assert!(
        matches!(repeated[..], [Told::Reply(Reply::Again(_))]),
        "a repeat of a command applied before the move is still answered"
    );
    assert_eq!(told_again(&venue.engine, 2, 1, Some(0)), before);
    assert_eq!(snapshot(&venue.engine), state);
    venue.engine.unfence(MOVING, FIRST).unwrap();
    assert!(matches!(venue.send_as(1, 1, 2, cancel(1))[..], [Told::Report(_)]));
}

#[test]
fn an_import_makes_no_events_before_it_is_active_and_the_old_cluster_names_the_epoch() {
    let (mut venue, mut to) = (traded(), Engine::new(SMALL));
    let manifest = venue.engine.fence(MOVING, FIRST).unwrap();
    // Five events, and the trade.
    assert_eq!((manifest.scopes, manifest.orders, manifest.reports), (2, 2, 6));
    let before = told_again(&venue.engine, 1, 1, Some(0));
    to.import_begin(MOVING, FIRST, manifest).unwrap();
    assert_eq!(told(&mut to, 5, &command(1, 1, 2, cancel(1))), moved(2, 11));
    import(&venue.engine, &mut to, FIRST, manifest);
    for number in [0, 1, 2, 3] {
        assert_eq!(told(&mut to, 5, &command(1, 1, number, cancel(1))), moved(number, 11));
    }
    assert_eq!(told_again(&to, 1, 1, Some(0)), moved(0, 11));
    assert_eq!(to.levels(MOVING, Side::Buy).map(Iterator::count), None);
    to.activate(MOVING, FIRST).unwrap();
    assert_eq!(drop_in_parts(&mut venue.engine, FIRST, MapEpoch(14)), 1);
    assert_eq!(told_again(&to, 1, 1, Some(0)), before);
    for number in [0, 1, 2, 3] {
        assert_eq!(venue.send_as(1, 1, number, cancel(1)), moved(number, 14));
    }
    assert_eq!(told_again(&venue.engine, 1, 1, Some(0)), moved(0, 14));
    assert_eq!((venue.engine.live_orders(), venue.engine.instruments().count()), (0, 0));
    let define = venue.send(0, 0, Action::DefineInstrument(definition(1)));
    let [Told::Report(Report { body: ReportBody::Reject { reason, .. }, .. })] = define[..] else {
        panic!("{define:?}")
    };
    assert_eq!(reason, RejectReason::DuplicateInstrument);
    let canceled = told(&mut to, 6, &command(1, 1, 2, cancel(1)));
    assert!(matches!(canceled[..], [Told::Report(Report { event_sequence: EventSequence(3), .. })]), "{canceled:?}");
}

/// Each step comes before and after each other step, of the same migration and of one that is over, and is done or
/// refused.
#[test]
fn late_and_repeated_steps_change_nothing() {
    let (mut venue, mut to) = (traded(), Engine::new(SMALL));
    let (over, epoch) = (MigrationId(9), MapEpoch(14));
    let manifest = venue.engine.fence(MOVING, over).unwrap();
    venue.engine.unfence(MOVING, over).unwrap();
    assert_eq!(to.drop_import(MOVING, over), Ok(Progress::Done), "before it began");
    assert_eq!(to.import_begin(MOVING, over, manifest), Err(MigrationRefusal::Over { last: over }));
    assert_eq!(venue.engine.fence(MOVING, over), Err(MigrationRefusal::Over { last: over }));
    assert_eq!(venue.engine.unfence(MOVING, over), Ok(()));

    let from = &mut venue.engine;
    assert_eq!(from.drop_instrument(MOVING, FIRST, epoch), Err(MigrationRefusal::OutOfOrder));
    let manifest = from.fence(MOVING, FIRST).unwrap();
    assert_eq!(from.fence(MOVING, FIRST), Ok(manifest));
    assert_eq!(from.unfence(MOVING, over), Err(MigrationRefusal::Over { last: FIRST }));
    assert_eq!(from.fence(MOVING, MigrationId(11)), Err(MigrationRefusal::OtherMigration { current: FIRST }));
    assert_eq!(to.activate(MOVING, FIRST), Err(MigrationRefusal::UnknownInstrument));
    assert_eq!(from.import_begin(MOVING, FIRST, manifest), Err(MigrationRefusal::AlreadyHere));
    import(from, &mut to, FIRST, manifest);
    assert_eq!(to.import_begin(MOVING, FIRST, manifest), Ok(manifest.records()));
    let other = ExportManifest { orders: 9, ..manifest };
    assert_eq!(to.import_begin(MOVING, FIRST, other), Err(MigrationRefusal::OtherManifest));
    assert_eq!(to.drop_import(MOVING, over), Err(MigrationRefusal::Over { last: FIRST }));
    assert_eq!(to.activate(MOVING, over), Err(MigrationRefusal::Over { last: FIRST }));
    for _ in 0..2 {
        assert_eq!(to.activate(MOVING, FIRST), Ok(()));
        assert_eq!(from.drop_instrument(MOVING, FIRST, epoch), Ok(Progress::Done));
    }
    let (hashes, here) = ((from.state_hash(), to.state_hash()), Err(MigrationRefusal::AlreadyHere));
    assert_eq!(from.fence(MOVING, FIRST), Err(MigrationRefusal::Over { last: FIRST }));
    assert_eq!(from.unfence(MOVING, FIRST), Err(MigrationRefusal::Over { last: FIRST }));
    assert_eq!(to.drop_import(MOVING, FIRST), here);
    assert_eq!(to.import_begin(MOVING, FIRST, manifest), Err(MigrationRefusal::Over { last: FIRST }));
    assert_eq!((from.state_hash(), to.state_hash()), hashes);

    // The instrument moves back; late steps of the first migration are refused.
    let back = MigrationId(20);
    let manifest = to.fence(MOVING, back).unwrap();
    import(&to, from, back, manifest);
    from.activate(MOVING, back).unwrap();
    assert_eq!(drop_in_parts(&mut to, back, MapEpoch(22)), 1);
    assert_eq!(from.drop_instrument(MOVING, FIRST, epoch), Ok(Progress::Done));
    assert_eq!(from.fence(MOVING, FIRST), Err(MigrationRefusal::Over { last: back }));
    assert_eq!(to.activate(MOVING, FIRST), Err(MigrationRefusal::Over { last: back }));
    assert!(matches!(venue.send_as(1, 1, 2, cancel(1))[..], [Told::Report(_)]), "it trades");
}

#[test]
fn orders_do_not_expire_during_a_move_but_right_after_it() {
    let mut venue = traded();
    venue.send(0, 0, Action::DefineInstrument(definition(2)));
    let day = NewOrder { time_in_force: TimeInForce::Day, ..limit(7, Side::Sell, 103, 2) };
    venue.order(1, day);
    venue.order(2, NewOrder { client_order_id: ClientOrderId(8), ..day });
    venue.send(1, 2, Action::New(day));
    let manifest = venue.engine.fence(MOVING, FIRST).unwrap();
    venue.now += 86_400_000_000_000;
    let of = |told: &[Told], instrument| of_instrument(told, instrument).len();
    let told_meanwhile = venue.send(2, 2, cancel(9));
    assert_eq!((of(&told_meanwhile, 1), of(&told_meanwhile, 2)), (0, 2), "the other instrument's order expires");
    let mut to = Engine::new(SMALL);
    import(&venue.engine, &mut to, FIRST, manifest);
    let mut early = Recorder::default();
    to.on_timer(EpochNanos(venue.now), &mut early);
    assert_eq!(early.0, []);
    reload(&mut to);
    to.activate(MOVING, FIRST).unwrap();
    let mut late = Recorder::default();
    to.on_timer(EpochNanos(venue.now), &mut late);
    assert_eq!(of(&late.0, 1), 2);
    to.verify().unwrap();
    venue.engine.unfence(MOVING, FIRST).unwrap();
    assert_eq!(of(&venue.send(2, 2, cancel(9)), 1), 2);
}

#[test]
fn a_large_instrument_is_cleared_in_parts() {
    let mut venue = Venue::new(LARGE);
    let wide = InstrumentDefinition { price_band: Quantity(0), ..definition(1) };
    told(&mut venue.engine, 1, &command(0, 0, 1, Action::DefineInstrument(wide)));
    for number in 1..=20_000 {
        let price = 91 + (number % 9) as i64;
        told(&mut venue.engine, 1, &command(1, 1, number, Action::New(limit(number, Side::Buy, price, 1))));
    }
    let manifest = venue.engine.fence(MOVING, FIRST).unwrap();
    let mut to = Engine::new(LARGE);
    import(&venue.engine, &mut to, FIRST, manifest);
    assert_eq!((to.live_orders(), to.instrument_state_hash(MOVING)), (20_000, Some(manifest.state_hash)));
    let mut undone = to;
    let mut parts = 1;
    while undone.drop_import(MOVING, FIRST).unwrap() == Progress::More {
        assert_eq!(told(&mut undone, 9, &command(1, 1, 1, cancel(1))), moved(1, 11));
        reload(&mut undone);
        parts += 1;
    }
    assert_eq!((parts, undone.live_orders()), (3, 0));
    assert_eq!(drop_in_parts(&mut venue.engine, FIRST, MapEpoch(12)), 3);
    assert_eq!(venue.engine.live_orders(), 0);
}

#[test]
fn an_import_that_is_too_large_or_differs_from_the_export_is_refused() {
    let venue = &mut traded();
    let manifest = venue.engine.fence(MOVING, FIRST).unwrap();
    let mut narrow = Engine::new(EngineLimits { orders: 1, ..SMALL });
    let limit = SnapshotFault::Limit { what: "orders", found: 2, limit: 1 };
    assert_eq!(narrow.import_begin(MOVING, FIRST, manifest), Err(MigrationRefusal::Record(limit)));
    let records: Vec<_> = venue.engine.export(MOVING, FIRST, ExportCursor::START).unwrap().collect();
    let mut to = Engine::new(SMALL);
    to.import_begin(MOVING, FIRST, manifest).unwrap();
    let gap = to.import_records(MOVING, FIRST, 1, records.iter().copied());
    assert_eq!(gap, Err(MigrationRefusal::Gap { expected: 0 }));
    let misplaced = to.import_records(MOVING, FIRST, 0, records[1..].iter().copied());
    assert!(matches!(misplaced, Err(MigrationRefusal::Record(SnapshotFault::Unexpected { .. }))), "{misplaced:?}");
    let part = to.import_records(MOVING, FIRST, 0, records[..4].iter().copied());
    assert_eq!(part, Ok(4));
    assert_eq!(to.import_end(MOVING, FIRST, 0), Err(MigrationRefusal::Gap { expected: 4 }));
    to.import_records(MOVING, FIRST, 2, records[2..].iter().copied()).unwrap();
    let wrong = to.import_end(MOVING, FIRST, 0);
    assert!(matches!(wrong, Err(MigrationRefusal::Checksum { expected: 0, .. })), "{wrong:?}");
    let more = to.import_records(MOVING, FIRST, manifest.records(), records[records.len() - 1..].iter().copied());
    assert!(matches!(more, Err(MigrationRefusal::Record(SnapshotFault::Superfluous { .. }))), "{more:?}");
    while to.drop_import(MOVING, FIRST).unwrap() == Progress::More {}
    to.verify().unwrap();
    assert_eq!(to.live_orders(), 0);
}

fn kill(target: u32, kill_switch: KillSwitch) -> Action {
    Action::SetKillSwitch { target: ParticipantId(target), kill_switch, working_orders: WorkingOrders::Cancel }
}

/// Instruments and client order ids of the orders that were canceled of a participant.
fn canceled(told: &[Told], participant: u32) -> Vec<(u32, u64)> {
    let of = |told: &Told| match told {
        Told::Report(Report { participant: of, instrument, body: ReportBody::Execution(execution), .. }) => {
            (of.0 == participant && execution.exec_type == ExecType::Canceled)
                .then_some((instrument.0, execution.client_order_id.0))
        }
        _ => None,
    };
    told.iter().filter_map(of).collect()
}

#[test]
fn what_a_kill_switch_leaves_after_a_move_is_canceled_in_the_order_of_arrival() {
    let limits = EngineLimits { steps: 2, ..SMALL };
    let mut venue = Venue::open(SMALL, definition(1));
    for (id, price) in [(1, 98), (2, 99), (3, 97)] {
        venue.order(2, limit(id, Side::Buy, price, 1));
    }
    let manifest = venue.engine.fence(MOVING, FIRST).unwrap();
    let mut to = Engine::new(limits);
    told(&mut to, 1, &command(0, 0, 1, Action::DefineInstrument(definition(3))));
    for id in 1..=12 {
        told(&mut to, 2, &command(1, 3, id, Action::New(limit(id, Side::Buy, 99, 1))));
    }
    // The orders come in by their priority.
    import(&venue.engine, &mut to, FIRST, manifest);
    to.activate(MOVING, FIRST).unwrap();
    // The kill switch of the first participant takes all steps until that of the second one is released.
    for (number, target, kill_switch) in
        [(2, 1, KillSwitch::Engaged), (3, 2, KillSwitch::Engaged), (4, 2, KillSwitch::Released)]
    {
        let told = told(&mut to, 3, &command(0, 0, number, kill(target, kill_switch)));
        assert_eq!(canceled(&told, 2), []);
    }
    let mut loaded = restore(limits, &snapshot(&to)).unwrap();
    let mut all = Vec::new();
    while to.next_deadline() == Some(lugus_engine::Deadline::Now) {
        let told = fired(&mut to, 4);
        assert_eq!(fired(&mut loaded, 4), told);
        to.verify().unwrap();
        all.extend(told);
    }
    assert_eq!(canceled(&all, 2), [(1, 1), (1, 2), (1, 3)]);
    assert_eq!((to.live_orders(), loaded.live_orders()), (0, 0));
}

#[test]
fn a_kill_switch_goes_back_to_an_instrument_that_takes_commands_again() {
    let limits = EngineLimits { steps: 1, ..SMALL };
    let mut venue = Venue::open(limits, definition(1));
    venue.send(0, 0, Action::DefineInstrument(definition(2)));
    venue.order(1, limit(1, Side::Buy, 99, 1));
    for id in 1..=3 {
        venue.send(1, 2, Action::New(limit(id, Side::Buy, 99, 1)));
    }
    venue.engine.fence(MOVING, FIRST).unwrap();
    assert_eq!(canceled(&venue.send(0, 0, kill(1, KillSwitch::Engaged)), 1), [(2, 1)]);
    venue.engine.unfence(MOVING, FIRST).unwrap();
    for expected in [(1, 1), (2, 2), (2, 3)] {
        assert_eq!(canceled(&fired(&mut venue.engine, venue.now), 1), [expected]);
        venue.engine.verify().unwrap();
    }
    assert_eq!(venue.engine.next_deadline(), None);
}
