//! Bounds of what one command does, and how what is left goes on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod venue;

use lugus_engine::{Deadline, EngineLimits, EventSink};
use lugus_vocabulary::*;
use venue::*;

const MANY: EngineLimits = EngineLimits {
    instruments: 2,
    participants: 8,
    orders: 20_000,
    retained_events: 10,
    retained_firm_events: 16_384,
    retained_trades: 4_096,
    steps: 1_024,
};

fn executions(told: &[Told]) -> Vec<Execution> {
    let execution = |told: &Told| match told {
        Told::Report(Report { body: ReportBody::Execution(execution), .. }) => Some(*execution),
        _ => None,
    };
    told.iter().filter_map(execution).collect()
}

fn count(told: &[Told], exec_type: ExecType, reason: RejectReason) -> usize {
    executions(told).iter().filter(|told| (told.exec_type, told.reason) == (exec_type, reason)).count()
}

fn gtd(id: u64, side: Side, price: i64, expire_time: i64) -> NewOrder {
    let expire_time = Some(EpochNanos(expire_time));
    NewOrder { time_in_force: TimeInForce::Gtd, expire_time, ..limit(id, side, price, 1) }
}

fn ioc(id: u64, side: Side, price: i64, quantity: u64) -> NewOrder {
    NewOrder { time_in_force: TimeInForce::Ioc, ..limit(id, side, price, quantity) }
}

fn stop(id: u64, side: Side, trigger: i64, quantity: u64) -> NewOrder {
    NewOrder {
        order_type: OrderType::Stop,
        price: None,
        stop_price: Some(Price(trigger)),
        ..limit(id, side, 0, quantity)
    }
}

/// Sends orders of one participant, without the walk through the engine after each.
fn fill(venue: &mut Venue, participant: u32, orders: impl IntoIterator<Item = NewOrder>) {
    for (number, order) in (1..).zip(orders) {
        told(&mut venue.engine, 1_000, &command(participant, 1, number, Action::New(order)));
    }
}

/// Lets timers fire as long as work is left, and returns what was told and how often one fired.
fn run_out(venue: &mut Venue) -> (Vec<Told>, usize) {
    let (mut all, mut times) = (Vec::new(), 0);
    while venue.engine.next_deadline() == Some(Deadline::Now) {
        let told = fired(&mut venue.engine, venue.now);
        assert!(executions(&told).len() <= 3 * MANY.steps && times < 100);
        venue.engine.verify().unwrap();
        all.extend(told);
        times += 1;
    }
    (all, times)
}

#[test]
fn what_is_due_expires_in_portions_oldest_first() {
    let mut venue = Venue::open(MANY, boundless(1));
    venue.send(0, 0, Action::DefineInstrument(boundless(2)));
    let orders = 2_500;
    for id in 1..=orders {
        let order = gtd(id, Side::Buy, 99, 1_000_000 + (id % 3) as i64);
        venue.now = 1_000;
        let command = command(1, 1 + (id % 2) as u32, id.div_ceil(2), Action::New(order));
        assert_eq!(told(&mut venue.engine, venue.now, &command).len(), 1);
    }
    let mut left = orders as usize;
    let mut expired: Vec<(i64, u32, u64)> = Vec::new();
    venue.now = 1_000_010;
    for portion in [1_024, 1_024, 452, 0] {
        // Orders expire before any command, even one that is refused.
        let told = venue.send_as(1, 7, 1, cancel(1));
        assert_eq!(told.len(), portion + 1);
        assert_eq!(count(&told, ExecType::Expired, RejectReason::None), portion);
        left -= portion;
        assert_eq!(venue.engine.live_orders(), left);
        for told in told {
            if let Told::Report(Report { instrument, body: ReportBody::Execution(execution), .. }) = told {
                let id = execution.client_order_id.0;
                expired.push((1_000_000 + (id % 3) as i64, instrument.0, execution.order_id.0));
            }
        }
    }
    assert!(expired.is_sorted() && expired.len() == orders as usize);
}

#[test]
fn a_timer_expires_without_a_command() {
    let mut venue = Venue::open(MANY, boundless(1));
    fill(&mut venue, 1, (1..=1_500).map(|id| gtd(id, Side::Buy, 99, 5_000 + id as i64)));
    assert_eq!(venue.engine.next_deadline(), Some(Deadline::At(EpochNanos(5_001))));
    assert_eq!(fired(&mut venue.engine, 5_000), []);
    assert_eq!(fired(&mut venue.engine, 5_001).len(), 1);
    assert_eq!(venue.engine.next_deadline(), Some(Deadline::At(EpochNanos(5_002))));
    assert_eq!(fired(&mut venue.engine, 9_000).len(), 1_024);
    assert_eq!(venue.engine.next_deadline(), Some(Deadline::At(EpochNanos(5_000 + 1_026))));
    assert_eq!(fired(&mut venue.engine, 9_000).len(), 475);
    assert_eq!((venue.engine.next_deadline(), venue.engine.live_orders()), (None, 0));
    venue.engine.verify().unwrap();
}

#[test]
fn an_order_whose_time_is_over_never_trades_however_many_are_due() {
    let offers = (1..=1_030).map(|id| gtd(id, Side::Sell, 100, 5_000));
    let mut venue = Venue::open(MANY, boundless(1));
    fill(&mut venue, 1, offers.clone());
    venue.now = 9_000;
    let told = venue.order(2, ioc(1, Side::Buy, 100, 10));
    assert_eq!(count(&told, ExecType::Trade, RejectReason::None), 0);
    assert_eq!(count(&told, ExecType::Expired, RejectReason::None), 1_030);

    // A post-only order does not find them, and their numbers are free.
    let mut venue = Venue::open(MANY, boundless(1));
    fill(&mut venue, 1, offers.clone());
    venue.now = 9_000;
    let told = venue.order(2, NewOrder { post_only: PostOnly::Yes, ..limit(1, Side::Buy, 100, 10) });
    assert_eq!(executions(&told).last().unwrap().exec_type, ExecType::New);

    // Neither does an auction that began before and ends after their time.
    let auction = |state| Action::SetInstrumentState { state, reference_price: None };
    let mut venue = Venue::open(MANY, boundless(1));
    venue.send(0, 1, auction(InstrumentState::Auction));
    fill(&mut venue, 1, offers);
    fill(&mut venue, 2, [limit(1, Side::Buy, 100, 10)]);
    venue.now = 9_000;
    let told = venue.send(0, 1, auction(InstrumentState::Open));
    assert_eq!(count(&told, ExecType::Trade, RejectReason::None), 0);
    assert_eq!(venue.engine.live_orders(), 1);
}

#[test]
fn a_cascade_goes_on_and_ends() {
    let mut venue = Venue::open(MANY, boundless(1));
    let stops = 1_100;
    // The trade of each stop order reaches the trigger of the next one.
    fill(&mut venue, 1, (1..=stops).map(|id| stop(id, Side::Buy, 100 + id as i64, 1)));
    fill(&mut venue, 2, (0..=stops).map(|id| limit(id + 1, Side::Sell, 101 + id as i64, 1)));
    let told = venue.order(3, market(1, Side::Buy, 1));
    let triggered = count(&told, ExecType::Triggered, RejectReason::None);
    assert!(triggered > 400 && triggered < 1_024, "{triggered} orders triggered, and each traded");
    let (told, times) = run_out(&mut venue);
    assert_eq!(triggered + count(&told, ExecType::Triggered, RejectReason::None), stops as usize);
    assert_eq!(count(&told, ExecType::Canceled, RejectReason::LimitCascade), 0);
    assert_eq!((times, venue.engine.live_orders()), (2, 0));
}

#[test]
fn nobody_loses_a_stop_order_by_those_of_others() {
    let mut venue = Venue::open(MANY, boundless(1));
    fill(&mut venue, 2, (1..=1_024).map(|id| stop(id, Side::Sell, 100, 1)));
    fill(&mut venue, 3, [stop(1, Side::Sell, 100, 50)]);
    fill(&mut venue, 4, [limit(1, Side::Buy, 100, 1), limit(2, Side::Buy, 99, 2_000)]);
    let mut told = venue.order(5, limit(1, Side::Sell, 100, 1));
    told.extend(run_out(&mut venue).0);
    let of_three = |told: &&Told| matches!(told, Told::Report(report) if report.participant.0 == 3);
    let of_three: Vec<Told> = told.iter().filter(of_three).copied().collect();
    assert_eq!(executions(&of_three).last().unwrap().order_status, OrderStatus::Filled);
    // It came last, so it trades last.
    assert_eq!(executions(&told)[executions(&told).len() - 2].last_quantity, Quantity(50));
}

#[test]
fn the_snapshot_of_an_unfinished_cascade_goes_on_alike() {
    let mut venue = Venue::open(EngineLimits { steps: 8, ..MANY }, boundless(1));
    fill(&mut venue, 1, (1..=40).map(|id| stop(id, Side::Sell, 100 - (id % 3) as i64, 1)));
    fill(&mut venue, 2, [limit(1, Side::Buy, 98, 500), limit(2, Side::Buy, 100, 5)]);
    venue.order(3, limit(1, Side::Sell, 98, 30));
    let mut copy = restore(EngineLimits { steps: 8, ..MANY }, &snapshot(&venue.engine)).unwrap();
    let mut times = 0;
    while venue.engine.next_deadline() == Some(Deadline::Now) {
        assert_eq!(copy.next_deadline(), Some(Deadline::Now));
        assert_eq!(fired(&mut copy, 2_000), fired(&mut venue.engine, 2_000));
        times += 1;
    }
    assert_eq!((copy.next_deadline(), copy.state_hash()), (None, venue.engine.state_hash()));
    assert!(times > 5 && venue.engine.live_orders() == 1);
}

#[test]
fn a_large_order_goes_on_before_the_next_command_of_its_instrument() {
    let mut venue = Venue::open(MANY, boundless(1));
    fill(&mut venue, 1, (1..=3_000).map(|id| limit(id, Side::Sell, 100 + id as i64 % 7, 1)));
    let told = venue.order(2, limit(1, Side::Buy, 110, 2_500));
    assert_eq!(count(&told, ExecType::Trade, RejectReason::None), 2 * 1_024);
    let told = venue.order(3, ioc(1, Side::Buy, 110, 1));
    // All that it had left to trade, and the one lot of the other order.
    assert_eq!(count(&told, ExecType::Trade, RejectReason::None), 2 * (2_500 - 1_024) + 2);
    let of_two = |told: &&Told| matches!(told, Told::Report(report) if report.participant.0 == 2);
    assert_eq!(executions(&[*told.iter().rfind(of_two).unwrap()])[0].order_status, OrderStatus::Filled);
    assert_eq!(run_out(&mut venue).1, 0);
    assert_eq!(venue.engine.live_orders(), 3_000 - 2_501);
}

#[test]
fn a_fill_or_kill_order_asks_the_sums_of_levels_and_trades_whole_or_not_at_all() {
    let mut venue = Venue::open(MANY, boundless(1));
    fill(&mut venue, 1, (1..=3_000).map(|id| limit(id, Side::Sell, 100 + id as i64 % 2, 1)));
    let fok = |id, quantity| NewOrder { time_in_force: TimeInForce::Fok, ..limit(id, Side::Buy, 101, quantity) };
    for (id, quantity) in [(1, 1_025), (2, 5_000)] {
        let told = venue.order(2, fok(id, quantity));
        assert_eq!(
            count(&told, ExecType::Rejected, RejectReason::FillOrKill),
            1,
            "more trades than a command takes steps"
        );
    }
    let told = venue.order(2, fok(3, 1_024));
    assert_eq!(count(&told, ExecType::Trade, RejectReason::None), 2 * 1_024);
}

#[test]
fn orders_of_a_mass_cancel_do_not_trade_before_it_reaches_them() {
    let mut venue = Venue::open(MANY, boundless(1));
    fill(
        &mut venue,
        1,
        (1..=3_000).map(|id| {
            limit(id, if id % 2 == 0 { Side::Sell } else { Side::Buy }, if id % 2 == 0 { 101 } else { 99 }, 1)
        }),
    );
    let target = ParticipantId(1);
    let told = venue.send_as(1, 1, 3_001, Action::MassCancel { target, side: Some(Side::Sell) });
    assert_eq!(count(&told, ExecType::Canceled, RejectReason::MassCancel), 1_024);
    assert!(matches!(
        told.last(),
        Some(Told::Report(Report { body: ReportBody::MassCancel { affected: 1_500, .. }, .. }))
    ));
    let told = venue.order(2, ioc(1, Side::Buy, 101, 5));
    assert_eq!(count(&told, ExecType::Trade, RejectReason::None), 0);
    assert_eq!((run_out(&mut venue).1, venue.engine.live_orders()), (0, 1_500));
    // A new order of the same side is not meant.
    let told = venue.send_as(1, 1, 3_002, Action::New(limit(2, Side::Sell, 101, 1)));
    assert_eq!(told.len(), 1);
    let told = venue.order(2, ioc(2, Side::Buy, 101, 5));
    assert_eq!(count(&told, ExecType::Trade, RejectReason::None), 2);
}

#[test]
fn closing_cancels_in_portions_and_then_the_instrument_can_open() {
    let mut venue = Venue::open(MANY, boundless(1));
    fill(&mut venue, 1, (1..=2_100).map(|id| limit(id, Side::Buy, 99, 1)));
    let state = |state| Action::SetInstrumentState { state, reference_price: None };
    let told = venue.send(0, 1, state(InstrumentState::Closed));
    assert_eq!(count(&told, ExecType::Canceled, RejectReason::InstrumentClosed), 1_024);
    let told = venue.send(0, 1, state(InstrumentState::Open));
    assert_eq!(count(&told, ExecType::Canceled, RejectReason::InstrumentClosed), 1_024);
    let refused =
        ReportBody::Reject { command: CommandKind::SetInstrumentState, reason: RejectReason::InstrumentState };
    assert!(matches!(told.last(), Some(Told::Report(Report { body, .. })) if *body == refused));
    let (told, times) = run_out(&mut venue);
    assert_eq!((times, told.len(), venue.engine.live_orders()), (1, 52, 0));
    assert_eq!(venue.send(0, 1, state(InstrumentState::Open)).len(), 1);
}

#[test]
fn orders_of_a_killed_participant_do_not_trade_before_they_are_canceled() {
    let mut venue = Venue::open(MANY, boundless(1));
    fill(&mut venue, 1, (1..=2_100).map(|id| limit(id, Side::Sell, 100, 1)));
    let set = |kill_switch| Action::SetKillSwitch {
        target: ParticipantId(1),
        kill_switch,
        working_orders: WorkingOrders::Cancel,
    };
    let told = venue.send(0, 0, set(KillSwitch::Engaged));
    assert_eq!(count(&told, ExecType::Canceled, RejectReason::RiskKillSwitch), 1_024);
    // Released at once: what is left is canceled all the same.
    let told = venue.send(0, 0, set(KillSwitch::Released));
    assert_eq!(count(&told, ExecType::Canceled, RejectReason::RiskKillSwitch), 1_024);
    let told = venue.order(2, ioc(1, Side::Buy, 100, 5));
    assert_eq!(count(&told, ExecType::Trade, RejectReason::None), 0);
    assert_eq!(count(&told, ExecType::Canceled, RejectReason::MassCancel), 52);
    assert_eq!(venue.engine.live_orders(), 0);
}

#[test]
fn the_walk_for_a_second_killed_participant_counts() {
    let mut venue = Venue::open(MANY, boundless(1));
    fill(&mut venue, 1, (1..=3_000).map(|id| limit(id, Side::Sell, 100, 1)));
    fill(&mut venue, 2, (1..=100).map(|id| limit(id, Side::Sell, 100, 1)));
    let engaged = |target| Action::SetKillSwitch {
        target: ParticipantId(target),
        kill_switch: KillSwitch::Engaged,
        working_orders: WorkingOrders::Cancel,
    };
    let told = venue.send(0, 0, engaged(1));
    assert_eq!(count(&told, ExecType::Canceled, RejectReason::RiskKillSwitch), 1_024);
    // The command begins with another 1,024; then it cancels the other 952, and 56 of the second participant's.
    let told = venue.send(0, 0, engaged(2));
    assert_eq!(count(&told, ExecType::Canceled, RejectReason::RiskKillSwitch), 2_048 - 1_024 / 64);
    let (told, times) = run_out(&mut venue);
    assert_eq!((told.len(), times, venue.engine.live_orders()), (44, 1, 0));
}

/// Keeps the indicative prices that are published.
#[derive(Default)]
struct Indicatives(Vec<AuctionIndicative>);

impl EventSink for Indicatives {
    fn report(&mut self, _: &Report) {}
    fn reply(&mut self, _: &Reply) {}
    fn wants_market_data(&self) -> bool {
        true
    }
    fn market_data(&mut self, data: &MarketData) {
        if let MarketDataBody::Auction(indicative) = data.body {
            self.0.push(indicative);
        }
    }
}

/// Price and volume that an auction publishes next.
fn published(venue: &mut Venue) -> Option<(i64, u64)> {
    let Some(Deadline::At(time)) = venue.engine.next_deadline() else { panic!("nothing is due") };
    let mut sink = Indicatives::default();
    venue.now = time.0;
    venue.engine.on_timer(time, &mut sink);
    assert!(sink.0.len() <= 1);
    sink.0.pop().map(|told| (told.price.unwrap().0, told.volume.0))
}

fn gathering() -> Venue {
    let auctions = AuctionRules { indicative_milliseconds: 10, ..AuctionRules::NONE };
    Venue::open(MANY, InstrumentDefinition { state: InstrumentState::Auction, auctions, ..boundless(1) })
}

fn for_auction(id: u64, side: Side, quantity: u64) -> NewOrder {
    NewOrder { time_in_force: TimeInForce::GoodForAuction, ..market(id, side, quantity) }
}

#[test]
fn an_indicative_price_counts_4_096_levels_that_cross_and_of_more_there_is_none() {
    let mut venue = gathering();
    fill(&mut venue, 1, (1..=4_096).map(|id| limit(id, Side::Sell, id as i64, 1)));
    venue.order(2, limit(1, Side::Buy, 9_000, 9_000));
    assert_eq!(published(&mut venue), Some((9_000, 4_096)));
    venue.order(2, limit(2, Side::Sell, 5_000, 1));
    assert_eq!(published(&mut venue), None);
    // Of orders without a limit only as many levels count as it takes to fill them, and the next one.
    let mut venue = gathering();
    fill(&mut venue, 1, (1..=4_200).map(|id| limit(id, Side::Sell, id as i64, 1)));
    venue.order(2, for_auction(1, Side::Buy, 4_095));
    assert_eq!(published(&mut venue), Some((4_095, 4_095)));
    venue.order(2, for_auction(2, Side::Buy, 1));
    assert_eq!(published(&mut venue), None);
}

#[test]
fn an_indicative_price_counts_what_icebergs_hide_where_4_096_orders_cross_and_not_where_more_do() {
    let mut venue = gathering();
    let iceberg = |id| NewOrder { display_quantity: Quantity(1), ..limit(id, Side::Sell, 100, 2) };
    fill(&mut venue, 1, (1..=4_096).map(iceberg));
    venue.order(2, limit(1, Side::Buy, 100, 9_000));
    assert_eq!(published(&mut venue), Some((100, 8_192)));
    venue.order(2, NewOrder { display_quantity: Quantity(1), ..limit(2, Side::Sell, 100, 2) });
    assert_eq!(published(&mut venue), Some((100, 4_097)));
}
