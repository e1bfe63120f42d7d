//! An instrument moves between two engines while it is traded: its participants are told the same as if it never moved.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod comparison;
mod deployment;
mod follower;
mod oracle;
mod venue;

use comparison::steps::{Spread, step};
use deployment::*;
use lugus_engine::{Engine, EngineLimits, MigrationRefusal, Progress, SnapshotFault};
use lugus_vocabulary::*;
use proptest::prelude::*;
use venue::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(lugus_testing::cases(192)) })]

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

/// Protection pulls the quotes of a set in one instrument while another one moves: there they stay until it takes commands
/// again, in the cluster that it has come from or, if the set is pulled there, too, in the new one. Other sets are not meant.
#[test]
fn quotes_that_were_pulled_while_they_moved_are_canceled_where_they_go_on() {
    let [pulled, other] = [0, 1].map(|number| QuoteSetId::new(number).unwrap());
    let protection =
        MarketMakerProtection { window_milliseconds: 1_000, maximum_trades: Some(1), ..MarketMakerProtection::NONE };
    let quotes = |quote_set, instruments: &[u32]| {
        let entry = |&instrument: &u32| QuoteEntry {
            instrument: InstrumentId(instrument),
            bid_price: Price(98),
            bid_quantity: Quantity(5),
            offer_price: Price(102),
            offer_quantity: Quantity(5),
        };
        let entries: Vec<_> = instruments.iter().map(entry).collect();
        Action::MassQuote(MassQuote {
            quote_id: QuoteId(7),
            quote_set,
            post_only: PostOnly::No,
            self_trade_prevention: SelfTradePrevention::None,
            entries: ByEntry::of(&entries).unwrap(),
        })
    };
    // In the instrument that does not move somebody trades with the first set.
    let trade = |venue: &mut Venue, instrument| {
        let told = venue.send(2, instrument, Action::New(limit(1, Side::Buy, 102, 1)));
        let both = [Side::Buy, Side::Sell].map(|side| (instrument, pulled.client_order_id(side).0));
        assert_eq!(canceled(&told, 1), both);
    };
    let venue_with = |moving: &[u32], staying: u32| {
        let mut venue = Venue::new(SMALL);
        for &instrument in moving.iter().chain([&staying]) {
            venue.send(0, 0, Action::DefineInstrument(definition(instrument)));
        }
        for quote_set in [pulled, other] {
            venue.send(1, 0, Action::SetMarketMakerProtection { quote_set, protection });
            let instruments: Vec<u32> = moving.iter().copied().chain([staying]).collect();
            venue.send(1, 0, quotes(quote_set, &instruments));
        }
        venue
    };
    let expected = [Side::Buy, Side::Sell].map(|side| (MOVING.0, pulled.client_order_id(side).0));
    let is_done = |engine: &mut Engine, now: i64| {
        let told = fired(engine, now);
        assert_eq!(canceled(&told, 1), expected);
        engine.verify().unwrap();
        assert_eq!(engine.next_deadline(), None);
    };

    let mut from = venue_with(&[MOVING.0], 2);
    let manifest = from.engine.fence(MOVING, FIRST).unwrap();
    trade(&mut from, 2);
    assert_eq!(from.engine.next_deadline(), None);
    reload(&mut from.engine);
    let mut to = venue_with(&[], 3);
    trade(&mut to, 3);
    import(&from.engine, &mut to.engine, FIRST, manifest);
    reload(&mut to.engine);
    to.engine.activate(MOVING, FIRST).unwrap();
    is_done(&mut to.engine, to.now);
    // Those of the other set, in both instruments.
    assert_eq!(to.engine.live_orders(), 4);
    from.engine.unfence(MOVING, FIRST).unwrap();
    is_done(&mut from.engine, from.now);
    assert_eq!(from.engine.live_orders(), 4);
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
