//! A firm of two participants in a cluster of three members: the firm comes from `cluster.toml`, its events are followed over the death
//! of a leader, from numbers seen before, and after a restart from a snapshot; limits and kill switch of the firm bind both.

use crate::harness::{LocalCluster, PATIENCE, config, driver, until};
use lugus_client::vocabulary::SelfTradeScope;
use lugus_client::{
    BlockingSession, ClientOrderId, CommandNumber, EventHandler, EventSequence, ExecType, FirmEvent, FollowFirm,
    InstrumentId, MessageRejectReason, NewOrder, ParticipantId, Price, Quantity, RejectReason, Report, ReportBody,
    SelfTradePrevention, Side, Status,
};
use lugus_media_driver::ClientDriver;
use lugus_topology::Firm;

const FIRM: u32 = 9;
const HOT: u32 = 1;
const STANDBY: u32 = 2;
const STRANGER: u32 = 3;
const PAIR: InstrumentId = InstrumentId(1);

/// What a session has told.
#[derive(Default)]
struct Heard {
    own: Vec<Report>,
    firm: Vec<FirmEvent>,
    refused: Option<MessageRejectReason>,
    gaps: usize,
}

impl EventHandler for Heard {
    fn on_report(&mut self, report: &Report, _command: CommandNumber) {
        self.own.push(*report);
    }

    fn on_firm_event(&mut self, event: &FirmEvent) {
        self.firm.push(*event);
    }

    fn on_status(&mut self, status: &Status) {
        match status {
            Status::FirmRefused { reason, .. } => self.refused = Some(*reason),
            Status::FirmEventGap { .. } | Status::FirmSequencesReset { .. } => self.gaps += 1,
            _ => {}
        }
    }
}

/// A session of a participant.
struct Trader {
    session: BlockingSession<Heard>,
    orders: u64,
}

impl Trader {
    fn connect(cluster: &LocalCluster, driver: &ClientDriver, participant: u32) -> Self {
        let config = config(cluster, driver, participant);
        let session = BlockingSession::connect(config, Heard::default(), PATIENCE).expect("a session");
        Self { session, orders: 0 }
    }

    /// The same, which follows the firm after this event.
    fn following(cluster: &LocalCluster, driver: &ClientDriver, participant: u32, after: u64) -> Self {
        let mut trader = Self::connect(cluster, driver, participant);
        trader.follow(after);
        trader
    }

    fn follow(&mut self, after: u64) {
        let follow = FollowFirm { firm: ParticipantId(FIRM), after: Some(EventSequence(after)) };
        self.session.session().follow_firm(follow).expect("it has not ended");
    }

    /// Enters a limit order, and returns what it is answered with first.
    fn order(&mut self, side: Side, price: i64) -> Report {
        self.orders += 1;
        let order = NewOrder::limit(ClientOrderId(self.orders), side, Price(price), Quantity(1));
        let order = NewOrder { self_trade_prevention: SelfTradePrevention::CancelNewest, ..order };
        *self.session.new_order(PAIR, &order).expect("an answer").first().expect("a report")
    }

    /// Waits until the session has told the firm's events up to this one.
    #[track_caller]
    fn await_event(&mut self, last: u64) {
        until("the firm's events", || {
            self.session.poll().expect("a session");
            let told = self.session.handler.firm.last().map(|event| event.event_sequence.0);
            (told >= Some(last) && self.session.session().is_firm_current()).then_some(())
        });
        assert_eq!(self.session.handler.firm.last().map(|event| event.event_sequence.0), Some(last));
        assert_eq!((self.session.handler.gaps, self.session.handler.refused), (0, None));
    }

    /// Numbers of the firm's events that were told.
    fn numbers(&self) -> Vec<u64> {
        self.session.handler.firm.iter().map(|event| event.event_sequence.0).collect()
    }
}

fn reason(report: &Report) -> RejectReason {
    match report.body {
        ReportBody::Execution(execution) => execution.reason,
        ref other => panic!("{other:?}"),
    }
}

/// The firm's events that are a participant's own, as it was told them.
fn of(events: &[FirmEvent], participant: u32) -> Vec<Report> {
    let own = events.iter().filter(|event| event.report.participant == ParticipantId(participant));
    own.map(|event| event.report).collect()
}

#[test]
fn a_firm_is_followed_bound_and_stopped_over_fail_overs_and_a_restart() {
    let cluster = LocalCluster::start(3, |deployment| {
        deployment.firms = vec![Firm {
            id: FIRM,
            participants: vec![HOT, STANDBY],
            self_trade_scope: Some(SelfTradeScope::Firm),
            maximum_open_orders: Some(40),
            ..Firm::default()
        }];
    });
    let client = driver(&cluster);
    let mut hot = Trader::connect(&cluster, &client, HOT);
    let mut standby = Trader::following(&cluster, &client, STANDBY, 0);
    // Three memberships, which the firm's own participant is told, too; its own once. Then the rule, and the limit.
    let set_up = 7;
    standby.await_event(set_up);
    let mut stranger = Trader::following(&cluster, &client, STRANGER, 0);
    until("the refusal", || {
        stranger.session.poll().expect("a session");
        (stranger.session.handler.refused == Some(MessageRejectReason::NotAuthorised)).then_some(())
    });

    // Half of the orders before the leader dies, and half of them after it.
    for number in 0..10 {
        hot.order(Side::Buy, 100 + number);
    }
    let leader = cluster.await_leader();
    cluster.kill(leader);
    for number in 10..20 {
        hot.order(Side::Buy, 100 + number);
    }
    let sent = 20;
    standby.await_event(set_up + sent);
    assert_eq!(standby.numbers(), (1..=set_up + sent).collect::<Vec<_>>(), "each once, in order");
    let own_orders: Vec<Report> =
        hot.session.handler.own.iter().filter(|report| report.instrument == PAIR).copied().collect();
    let followed: Vec<Report> =
        of(&standby.session.handler.firm, HOT).into_iter().filter(|report| report.instrument == PAIR).collect();
    assert_eq!(followed, own_orders, "as its participant was told them");

    // Who has seen some of them goes on after these; nobody is told again what is as the file says.
    standby.session.close();
    assert_eq!(cluster.up(), [i64::from(leader)]);
    let mut standby = Trader::following(&cluster, &client, STANDBY, set_up + sent - 3);
    standby.await_event(set_up + sent);
    assert_eq!(standby.numbers().len(), 3);

    // The open orders of both count, and neither trades with the other.
    for number in 0..20 {
        standby.order(Side::Sell, 1_000 + number);
    }
    assert_eq!(reason(&hot.order(Side::Buy, 50)), RejectReason::FirmOpenOrders);
    assert_eq!(reason(&standby.order(Side::Sell, 2_000)), RejectReason::FirmOpenOrders);
    let limits = cluster.lugus(&["firm", "limits", "9", "--maximum-open-orders", "100"]);
    assert_eq!(limits.code, Some(0), "{limits:?}");
    let crossing = hot.order(Side::Buy, 1_000);
    let ended = hot.session.handler.own.last().expect("a report");
    assert_eq!((reason(&crossing), reason(ended)), (RejectReason::None, RejectReason::SelfTrade));

    // All members have the same firm after a restart from a snapshot.
    let told = set_up + sent + 20 + 2 + 1 + 2;
    standby.await_event(told);
    hot.session.close();
    standby.session.close();
    stranger.session.close();
    assert_eq!(cluster.lugus(&["snapshot"]).code, Some(0));
    cluster.down();
    assert_eq!(cluster.up().len(), 3);
    cluster.await_common_state();
    let client = driver(&cluster);
    let mut head = Trader::following(&cluster, &client, FIRM, 0);
    // `lugus up` has set the limit again that the file has, and told so.
    let told = told + 1;
    head.await_event(told);
    assert_eq!(head.numbers(), (1..=told).collect::<Vec<_>>());
    let mut hot = Trader::connect(&cluster, &client, HOT);
    hot.orders = 100;

    // The kill switch of the firm ends the orders of both, and refuses more.
    let killed = cluster.lugus(&["--json", "firm", "kill", "9", "--as-operator"]).json();
    assert_eq!(killed["reports"][0]["body"]["firm"]["kill_switch_levels"][0], "OPERATOR", "{killed}");
    // The firm's report, three switches, and the orders.
    head.await_event(told + 1 + 3 + 40);
    let ends = head.session.handler.firm.iter().filter(|event| match event.report.body {
        ReportBody::Execution(execution) => {
            execution.exec_type == ExecType::Canceled && execution.reason == RejectReason::RiskKillSwitch
        }
        _ => false,
    });
    let of_whom: Vec<u32> = ends.map(|event| event.report.participant.0).collect();
    assert_eq!(of_whom, [vec![HOT; 20], vec![STANDBY; 20]].concat());
    assert_eq!(reason(&hot.order(Side::Buy, 50)), RejectReason::RiskKillSwitch);
    assert_eq!(cluster.lugus(&["firm", "release", "9", "--as-operator"]).code, Some(0));
    assert_eq!(reason(&hot.order(Side::Buy, 50)), RejectReason::None);
    hot.session.close();
    head.session.close();

    // `lugus firm follow` prints the same.
    let events =
        cluster.lugus(&["firm", "follow", "9", "--participant", "2", "--after", "0", "-n", "8", "--take-over"]);
    assert_eq!(events.code, Some(0), "{events:?}");
    let lines: Vec<&str> = events.stdout.lines().collect();
    assert_eq!(lines.len(), 8, "{events:?}");
    assert!(lines[7].starts_with("cluster 0 firm 9 event 8: participant 1 instrument BTC/USDT"), "{events:?}");
    cluster.await_common_state();
}
