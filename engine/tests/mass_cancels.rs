//! Mass cancels of many books: their bounds, what trades meanwhile, and what a move of an instrument makes of them. That they
//! cancel the right orders in the right order is compared with the oracle.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod venue;

use lugus_engine::{Deadline, Engine, EngineLimits};
use lugus_vocabulary::*;
use venue::*;

const LIMITS: EngineLimits = EngineLimits {
    instruments: 8,
    participants: 16,
    orders: 20_000,
    retained_events: 10,
    retained_firm_events: 16_384,
    retained_trades: 16,
    steps: 64,
};

/// A venue with three instruments, in each of which the participants 1 to 4 have this number of asks at 101 each.
fn filled(limits: EngineLimits, orders: u64) -> Venue {
    let mut venue = Venue::new(limits);
    for instrument in 1..=3 {
        venue.send(0, 0, Action::DefineInstrument(boundless(instrument)));
    }
    for participant in 1..=4 {
        for instrument in 1..=3 {
            for id in 1..=orders {
                venue.send(participant, instrument, Action::New(limit(id, Side::Sell, 101, 1)));
            }
        }
    }
    venue
}

fn all(target: MassCancelTarget) -> Action {
    Action::MassCancelAll { target, side: None }
}

fn participant(number: u32) -> MassCancelTarget {
    MassCancelTarget::Participant(ParticipantId(number))
}

/// Participants and instruments of orders that a mass cancel has ended.
fn canceled(told: &[Told]) -> Vec<(u32, u32)> {
    let of = |told: &Told| match told {
        Told::Report(Report {
            participant,
            instrument,
            body: ReportBody::Execution(Execution { reason: RejectReason::MassCancel, .. }),
            ..
        }) => Some((participant.0, instrument.0)),
        _ => None,
    };
    told.iter().filter_map(of).collect()
}

fn has_traded(told: &[Told]) -> bool {
    let is_trade = |told: &Told| {
        matches!(
            told,
            Told::Report(Report { body: ReportBody::Execution(Execution { exec_type: ExecType::Trade, .. }), .. })
        )
    };
    told.iter().any(is_trade)
}

fn answer(told: &[Told]) -> (u32, u32, u32) {
    let of = |told: &Told| match *told {
        Told::Report(Report { body: ReportBody::MassCancelAll { affected, instruments, moving, .. }, .. }) => {
            Some((affected, instruments, moving))
        }
        _ => None,
    };
    told.iter().find_map(of).unwrap()
}

/// Lets timers fire as long as work is left: what was told, and by each at most.
fn run_out(venue: &mut Venue) -> (Vec<Told>, usize) {
    let (mut all, mut most) = (Vec::new(), 0);
    while venue.engine.next_deadline() == Some(Deadline::Now) {
        let told = fired(&mut venue.engine, venue.now);
        venue.engine.verify().unwrap();
        most = most.max(told.len());
        all.extend(told);
    }
    (all, most)
}

#[test]
fn nothing_that_a_mass_cancel_covers_trades_while_it_goes_on_and_nothing_else_is_canceled() {
    for target in [participant(1), MassCancelTarget::Everybody] {
        let mut venue = filled(LIMITS, 50);
        let covered = if target == MassCancelTarget::Everybody { 4 * 150 } else { 150 };
        let told = venue.send(0, 0, all(target));
        assert_eq!(answer(&told), (covered, 3, 0));
        // Of everybody's, a look at all participants costs an eighth of the steps.
        let (steps, second) = if target == MassCancelTarget::Everybody { (64 - 8, (2, 1)) } else { (64, (1, 2)) };
        let expected = [vec![(1, 1); 50], vec![second; steps - 50]].concat();
        assert_eq!(canceled(&told), expected);
        // An order entered since is not covered.
        venue.send(1, 3, Action::New(limit(900, Side::Sell, 100, 1)));
        let buy = |id| Action::New(NewOrder { time_in_force: TimeInForce::Ioc, ..limit(id, Side::Buy, 101, 1) });
        assert!(has_traded(&venue.send(5, 3, buy(1))), "the new order trades");
        let told = venue.send(5, 3, buy(2));
        assert_eq!(has_traded(&told), target == participant(1), "others' orders trade, and none that is covered does");
        let (_, most) = run_out(&mut venue);
        assert!(most <= 64);
        let left = if target == MassCancelTarget::Everybody { 0 } else { 450 - 1 };
        assert_eq!(venue.engine.live_orders(), left);
    }
}

#[test]
fn a_repeat_is_answered_and_not_applied_again_after_a_snapshot_too() {
    let mut venue = filled(LIMITS, 30);
    let told = venue.send_as(1, 0, 1, all(participant(1)));
    assert_eq!(answer(&told), (90, 3, 0));
    venue.engine = restore(LIMITS, &snapshot(&venue.engine)).unwrap();
    run_out(&mut venue);
    venue.send(1, 1, Action::New(limit(900, Side::Sell, 101, 1)));
    let told = venue.send_as(1, 0, 1, all(participant(1)));
    let Told::Reply(Reply::Again(again)) = told[0] else { panic!("{told:?}") };
    assert!(matches!(again.body, ReportBody::MassCancelAll { affected: 90, .. }));
    assert_eq!((told.len(), venue.engine.live_orders()), (1, 271));
}

const MOVING: InstrumentId = InstrumentId(2);
const MIGRATION: MigrationId = MigrationId(11);

#[test]
fn an_instrument_that_moves_is_counted_and_stays_as_it_is() {
    let mut venue = filled(LIMITS, 5);
    let manifest = venue.engine.fence(MOVING, MIGRATION).unwrap();
    for (number, (target, affected)) in (4..).zip([(participant(1), 10), (MassCancelTarget::Everybody, 30)]) {
        let told = venue.send_as(0, 0, number, all(target));
        assert_eq!(answer(&told), (affected, 2, 1));
        run_out(&mut venue);
    }
    assert_eq!(venue.engine.live_orders(), 20);
    assert_eq!(venue.engine.fence(MOVING, MIGRATION), Ok(manifest), "nothing of it has changed");
}

#[test]
fn what_is_left_goes_along_with_an_instrument_that_moves_and_goes_on_there() {
    for target in [participant(4), MassCancelTarget::Everybody] {
        let mut venue = filled(LIMITS, 40);
        venue.send(0, 0, all(target));
        let mut manifest = venue.engine.fence(MOVING, MIGRATION).unwrap();
        // A fence that is undone loses nothing.
        venue.engine.unfence(MOVING, MIGRATION).unwrap();
        let again = MigrationId(12);
        manifest = venue.engine.fence(MOVING, again).unwrap_or(manifest);
        let mut to = Engine::new(LIMITS);
        to.import_begin(MOVING, again, manifest).unwrap();
        let mut export = venue.engine.export(MOVING, again, ExportCursor::START).unwrap();
        to.import_records(MOVING, again, 0, export.by_ref()).unwrap();
        to.import_end(MOVING, again, export.cursor().checksum).unwrap();
        // The import may be in a snapshot, too.
        let mut to = restore(LIMITS, &snapshot(&to)).unwrap();
        to.activate(MOVING, again).unwrap();
        to.verify().unwrap();
        let buy = NewOrder { time_in_force: TimeInForce::Ioc, ..limit(1, Side::Buy, 101, 200) };
        let told = told(&mut to, venue.now, &command(5, 2, 1, Action::New(buy)));
        let trades_with = |participant: u32| {
            told.iter().any(|told| {
                matches!(told, Told::Report(Report { participant: of, body: ReportBody::Execution(Execution {
                    exec_type: ExecType::Trade, .. }), .. }) if of.0 == participant)
            })
        };
        assert!(!trades_with(4), "{target:?}");
        while to.next_deadline() == Some(Deadline::Now) {
            fired(&mut to, venue.now);
            to.verify().unwrap();
        }
        let status = |engine: &mut Engine| {
            let mut report = OrderStatusReport::default();
            engine.order_mass_status(
                ParticipantId(4),
                &OrderMassStatusRequest { request_id: 1, instrument: MOVING, after: StatusCursor::default() },
                EpochNanos(venue.now),
                &mut report,
            );
            report.orders.len()
        };
        assert_eq!(status(&mut to), 0);
    }
}
