//! Cancel on disconnect: what snapshots, moves and bounds mean for it. The rule itself is in the oracle and in
//! `golden/cancel_on_disconnect.jsonl`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod venue;

use lugus_engine::{Deadline, Engine, EngineLimits, Progress};
use lugus_vocabulary::*;
use venue::{Told, Venue, boundless, connected, disconnected, fired, limit, restore, snapshot};

const ME: u32 = 1;
/// A millisecond of log time.
const MS: i64 = 1_000_000;

fn grace(milliseconds: u32) -> GraceTime {
    GraceTime::from_milliseconds(milliseconds).unwrap()
}

/// Client order ids that are canceled on disconnect.
fn canceled(told: &[Told]) -> Vec<u64> {
    let id = |told: &Told| match told {
        Told::Report(Report { body: ReportBody::Execution(execution), .. })
            if execution.reason == RejectReason::CancelOnDisconnect =>
        {
            Some(execution.client_order_id.0)
        }
        _ => None,
    };
    told.iter().filter_map(id).collect()
}

/// A venue that takes this number of steps a command, with this number of orders of mine, of which every second one stays. The
/// others have the better price.
fn with_orders(steps: usize, orders: u64) -> Venue {
    let limits = EngineLimits { orders: 10_000, steps, ..venue::LIMITS };
    let mut venue = Venue::open(limits, boundless(1));
    for id in 1..=orders {
        let (on_disconnect, price) = if id % 2 == 0 { (OnDisconnect::Stay, 100) } else { (OnDisconnect::Cancel, 99) };
        venue.order(ME, NewOrder { on_disconnect, ..limit(id, Side::Sell, price, 1) });
    }
    venue
}

#[test]
fn the_work_of_one_step_is_bounded_and_nothing_trades_meanwhile() {
    let mut venue = with_orders(4, 21);
    let start = venue.now;
    let told = disconnected(&mut venue.engine, start, ME, grace(0));
    assert_eq!(canceled(&told), [1, 3, 5, 7]);
    assert_eq!(venue.engine.next_deadline(), Some(Deadline::At(EpochNanos(start))));
    // 9, 11, 13 and 15 are canceled before the taker comes, which then meets the others and the first that stays.
    let told = venue.order(2, NewOrder { time_in_force: TimeInForce::Ioc, ..limit(1, Side::Buy, 100, 1) });
    assert!(canceled(&told).len() <= 8, "{told:?}");
    let traded: Vec<u64> = told
        .iter()
        .filter_map(|told| match told {
            Told::Report(Report {
                body: ReportBody::Execution(Execution { exec_type: ExecType::Trade, client_order_id, .. }),
                participant: ParticipantId(ME),
                ..
            }) => Some(client_order_id.0),
            _ => None,
        })
        .collect();
    assert_eq!(traded, [2]);
    while venue.engine.next_deadline().is_some() {
        fired(&mut venue.engine, venue.now);
        venue.engine.verify().unwrap();
    }
    assert_eq!(venue.engine.live_orders(), 10 - traded.len());
}

/// New orders of the new session are not among those that the old one has left.
#[test]
fn what_is_left_when_the_participant_comes_back_is_canceled_all_the_same() {
    let mut venue = with_orders(4, 21);
    let now = venue.now;
    assert_eq!(canceled(&disconnected(&mut venue.engine, now, ME, grace(0))).len(), 4);
    let (told, in_time) = connected(&mut venue.engine, now, ME);
    assert_eq!((canceled(&told), in_time), (vec![9, 11, 13, 15], None));
    let told = venue.order(ME, limit(99, Side::Sell, 100, 1));
    assert_eq!(canceled(&told), [17, 19, 21]);
    assert_eq!((venue.engine.next_deadline(), venue.engine.live_orders()), (None, 11));
}

#[test]
fn a_snapshot_keeps_grace_times_and_what_is_left() {
    let mut venue = with_orders(4, 21);
    let now = venue.now;
    disconnected(&mut venue.engine, now, ME, grace(3));
    for time in [now + 1, now + 3 * MS, now + 3 * MS + 1, now + 4 * MS] {
        let records = snapshot(&venue.engine);
        let mut restored = restore(EngineLimits { orders: 10_000, steps: 4, ..venue::LIMITS }, &records).unwrap();
        restored.verify().unwrap();
        assert_eq!(restored.next_deadline(), venue.engine.next_deadline());
        assert!(restored.is_disconnected(ParticipantId(ME)));
        assert_eq!(fired(&mut restored, time), fired(&mut venue.engine, time));
        assert_eq!(restored.state_hash(), venue.engine.state_hash());
        assert_eq!(snapshot(&restored), snapshot(&venue.engine));
    }
    // Back before all is canceled.
    let time = now + 4 * MS;
    let mut venue = with_orders(4, 21);
    disconnected(&mut venue.engine, now, ME, grace(0));
    connected(&mut venue.engine, time, ME);
    let records = snapshot(&venue.engine);
    let mut restored = restore(EngineLimits { orders: 10_000, steps: 4, ..venue::LIMITS }, &records).unwrap();
    assert_eq!(restored.next_deadline(), Some(Deadline::Now));
    assert_eq!(fired(&mut restored, time), fired(&mut venue.engine, time));
    assert_eq!(snapshot(&restored), snapshot(&venue.engine));
}

/// Each participant takes a walk through the instruments, for which a 64th of a command's steps is taken.
#[test]
fn the_walks_for_many_participants_are_bounded() {
    let limits = EngineLimits { participants: 40, orders: 100, steps: 64, ..venue::LIMITS };
    let mut venue = Venue::open(limits, boundless(1));
    for participant in 1..=40 {
        venue.order(participant, limit(1, Side::Sell, 100, 1));
    }
    let now = venue.now;
    for participant in 1..=40 {
        assert_eq!(disconnected(&mut venue.engine, now, participant, grace(1)), []);
    }
    let found = [(); 3].map(|()| canceled(&fired(&mut venue.engine, now + MS)).len());
    assert_eq!((found, venue.engine.live_orders()), ([32, 8, 0], 0));
}

/// Members that differ in what they know of connections have different hashes.
#[test]
fn connections_are_in_the_state_hash() {
    let hash = |change: fn(&mut Engine, i64)| {
        let mut venue = with_orders(4, 3);
        change(&mut venue.engine, venue.now);
        venue.engine.state_hash()
    };
    let hashes = [
        hash(|_, _| {}),
        hash(|engine, now| drop(disconnected(engine, now, ME, grace(1)))),
        hash(|engine, now| drop(disconnected(engine, now, ME, grace(2)))),
        hash(|engine, now| drop(disconnected(engine, now + 1, ME, grace(1)))),
        hash(|engine, now| drop(disconnected(engine, now, 2, grace(1)))),
        hash(|engine, now| {
            disconnected(engine, now, ME, grace(1));
            connected(engine, now, ME);
        }),
    ];
    for (place, one) in hashes.iter().enumerate() {
        assert!(!hashes[place + 1..].contains(one), "{place}: {hashes:?}");
    }
    assert_eq!(hashes[0], hash(|engine, now| drop(connected(engine, now, ME))), "nobody was disconnected");
}

/// A participant whose process has died is disconnected from all clusters. Orders that are under way between two of them
/// when their grace times end are canceled where they arrive.
#[test]
fn an_order_that_moves_here_after_the_grace_time_is_canceled() {
    let (instrument, migration) = (InstrumentId(1), MigrationId(5));
    let mut old = with_orders(4_096, 3);
    let mut new = Venue::new(EngineLimits { orders: 10_000, ..venue::LIMITS });
    let now = old.now;
    disconnected(&mut old.engine, now, ME, grace(1));
    disconnected(&mut new.engine, now, ME, grace(1));
    let manifest = old.engine.fence(instrument, migration).unwrap();
    let later = now + 2 * MS;
    assert_eq!(fired(&mut old.engine, later), []);
    assert_eq!(fired(&mut new.engine, later), []);
    assert_eq!((old.engine.next_deadline(), new.engine.next_deadline()), (None, None));
    assert_eq!(new.engine.import_begin(instrument, migration, manifest), Ok(0));
    let mut export = old.engine.export(instrument, migration, ExportCursor::START).unwrap();
    let records: Vec<ExportRecord> = export.by_ref().collect();
    let checksum = export.cursor().checksum;
    new.engine.import_records(instrument, migration, 0, records.into_iter()).unwrap();
    new.engine.import_end(instrument, migration, checksum).unwrap();
    new.engine.activate(instrument, migration).unwrap();
    new.engine.verify().unwrap();
    assert_eq!(new.engine.next_deadline(), Some(Deadline::At(EpochNanos(now + MS))));
    assert_eq!(canceled(&fired(&mut new.engine, later)), [1, 3]);
    assert!(matches!(old.engine.drop_instrument(instrument, migration, MapEpoch(6)), Ok(Progress::Done)));
    assert_eq!((old.engine.live_orders(), new.engine.live_orders()), (0, 1));
}
