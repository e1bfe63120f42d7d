//! The time of the log never goes back: not when a leader whose clock is ahead dies, and not when all members start again
//! with clocks that are behind the log. Members report that their clocks differ from the log's time.

use std::fs::{self, File};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::harness::{
    LocalCluster, PATIENCE, QUIET, by_hand, context, define_instruments, driver, frames, log_file, until,
};
use lugus_client::{
    BlockingSession, ClientOrderId, CommandNumber, Config, EpochNanos, EventHandler, ExecType, NewOrder, ParticipantId,
    Price, Quantity, Report, ReportBody, Side, TimeInForce,
};

/// By how much clocks are ahead.
const AHEAD: Duration = Duration::from_secs(3_600);

/// Greatest difference that counts as none: more than a test lasts.
const TOLERANCE: Duration = Duration::from_secs(600);

const PARTICIPANT: u32 = 9;

/// Time after their entry at which the orders expire; longer than a fail-over takes.
const LIFETIMES: [Duration; 3] = [Duration::from_secs(22), Duration::from_secs(20), Duration::from_secs(21)];

#[test]
fn a_leader_whose_clock_is_behind_the_log_continues_the_logs_time() {
    let mut cluster = started_ahead(3);
    let leader = cluster.await_leader();
    set_clocks(&mut cluster, Duration::ZERO);
    for follower in [(leader + 1) % 3, (leader + 2) % 3] {
        cluster.kill(follower);
        assert_eq!(cluster.up(), [i64::from(follower)]);
        cluster.await_common_state();
    }
    assert_eq!(cluster.await_leader(), leader);

    let mut trader = Trader::connect(&cluster);
    let entered = trader.enter(None);
    assert!(is_near(entered, AHEAD), "the leader's clock is ahead: {entered:?}");
    let expire_times = LIFETIMES.map(|lifetime| EpochNanos(entered.0 + lifetime.as_nanos() as i64));
    let orders = expire_times.map(|time| {
        trader.enter(Some(time));
        trader.last_order
    });
    trader.await_report_of_clocks(&cluster, &[(leader + 1) % 3, (leader + 2) % 3]);

    cluster.kill(leader);
    let after = trader.enter(None);
    assert!(is_near(after, AHEAD), "{after:?}");
    assert_ne!(cluster.await_leader(), leader);
    until("the orders to expire", || {
        trader.enter(None);
        (trader.expired().len() == orders.len()).then_some(())
    });
    let expired = trader.expired();
    let [last, first, second] = orders;
    assert_eq!(expired.iter().map(|(order, _)| *order).collect::<Vec<_>>(), [first, second, last]);
    let [last, first, second] = expire_times;
    for ((order, time), expire_time) in expired.into_iter().zip([first, second, last]) {
        assert!(time >= expire_time, "order {order} expired at {time:?}, before {expire_time:?}");
    }
    trader.close();

    assert_eq!(cluster.up(), [i64::from(leader)]);
    cluster.await_no_sessions();
    cluster.down();
    for member in 0..3 {
        audit(&cluster, member, 2);
    }
}

#[test]
fn a_cluster_that_starts_again_with_a_clock_behind_the_log_continues_the_logs_time() {
    let mut cluster = started_ahead(1);
    enter_one(&cluster);
    set_clocks(&mut cluster, Duration::ZERO);
    cluster.kill(0);
    cluster.up();
    enter_one(&cluster);
    // The end of the log is a snapshot then, and nothing after it is replayed.
    cluster.down();
    cluster.up();
    enter_one(&cluster);
    cluster.down();
    audit(&cluster, 0, 3);
}

/// A cluster that trades, with the clocks of all members ahead.
fn started_ahead(members: u16) -> LocalCluster {
    let mut cluster = LocalCluster::prepare(members, by_hand);
    set_clocks(&mut cluster, AHEAD);
    cluster.up();
    define_instruments(&cluster);
    cluster
}

fn enter_one(cluster: &LocalCluster) {
    let mut trader = Trader::connect(cluster);
    let time = trader.enter(None);
    assert!(is_near(time, AHEAD), "{time:?}");
    trader.close();
    cluster.await_no_sessions();
}

/// Sets the clocks of members that start from now on.
fn set_clocks(cluster: &mut LocalCluster, ahead: Duration) {
    let offset = format!("-Dlugus.test.clock.offset={}", ahead.as_millis());
    cluster.deployment.java.arguments = if ahead.is_zero() { Vec::new() } else { vec![offset] };
    cluster.deployment.save(&cluster.config).expect("a good deployment");
}

/// Whether a time of the log is ahead of this machine's clock by about `ahead`.
fn is_near(time: EpochNanos, ahead: Duration) -> bool {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970") + ahead;
    wall.abs_diff(Duration::from_nanos(time.0 as u64)) < TOLERANCE
}

/// All reports of a participant; a report that is older than the one before fails the test.
#[derive(Default)]
struct Reports(Vec<Report>);

impl EventHandler for Reports {
    fn on_report(&mut self, report: &Report, _: CommandNumber) {
        if let Some(before) = self.0.last() {
            assert!(report.time >= before.time, "the log's time went back: {before:?}, then {report:?}");
        }
        self.0.push(*report);
    }
}

/// A participant that only enters orders that rest.
struct Trader {
    session: BlockingSession<Reports>,
    last_order: ClientOrderId,
    _driver: lugus_media_driver::ClientDriver,
}

impl Trader {
    fn connect(cluster: &LocalCluster) -> Self {
        let driver = driver(cluster);
        let mut config = Config::new(context(cluster, &driver, PARTICIPANT), ParticipantId(PARTICIPANT));
        config.retry.attempts = 100;
        let session = BlockingSession::connect(config, Reports::default(), PATIENCE).expect("a session");
        Self { session, last_order: ClientOrderId(0), _driver: driver }
    }

    /// Enters an order, which may expire; returns the log's time at which it was entered.
    fn enter(&mut self, expire_time: Option<EpochNanos>) -> EpochNanos {
        // Numbers are unique among all sessions of the test, as each begins later than the one before.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        self.last_order = ClientOrderId((since_epoch.as_nanos() as u64).max(self.last_order.0 + 1));
        let mut order = NewOrder::limit(self.last_order, Side::Buy, Price(1_000), Quantity(1));
        if expire_time.is_some() {
            order.time_in_force = TimeInForce::Gtd;
            order.expire_time = expire_time;
        }
        let reports = self.session.new_order(QUIET, &order).expect("an answer");
        let [report] = reports[..] else { panic!("{reports:?}") };
        let ReportBody::Execution(execution) = report.body else { panic!("{report:?}") };
        assert_eq!((execution.exec_type, execution.client_order_id), (ExecType::New, self.last_order), "{report:?}");
        report.time
    }

    /// Orders that have expired, and when, in the order of the reports.
    fn expired(&self) -> Vec<(ClientOrderId, EpochNanos)> {
        let of = |report: &Report| match report.body {
            ReportBody::Execution(execution) if execution.exec_type == ExecType::Expired => {
                Some((execution.client_order_id, report.time))
            }
            _ => None,
        };
        self.session.handler.0.iter().filter_map(of).collect()
    }

    /// Enters orders until these members, and no others, have reported that the log is ahead of their clocks.
    fn await_report_of_clocks(&mut self, cluster: &LocalCluster, members: &[i32]) {
        let told = |id: i32| {
            let log = cluster.member(id).dir.join("consensus-module.log");
            fs::read_to_string(log).unwrap_or_default().contains("warning: the log's time is 3")
        };
        until("members to report their clocks", || {
            self.enter(None);
            members.iter().all(|id| told(*id)).then_some(())
        });
        let status = cluster.status().expect("a status");
        for member in status.running() {
            let differs = members.contains(&member.id);
            assert_eq!(member.clock_differs, differs, "{member:?}");
            assert_eq!(told(member.id), differs, "{member:?}");
        }
        let text = cluster.lugus(&["status"]).stdout;
        assert!(text.contains(&format!("member {} of cluster-0: the log's time is 3", members[0])), "{text}");
    }

    fn close(self) {
        self.session.close();
    }
}

/// Checks that no entry in the recorded log of a member is older than the one before; `terms` leaders have made entries.
fn audit(cluster: &LocalCluster, member: i32, terms: usize) {
    let log = File::open(log_file(cluster, member)).expect("the log");
    let (mut before, mut entries, mut found) = (0, 0, 0);
    for frame in frames(&log) {
        let Some((template, time)) = entry(&frame.bytes) else { continue };
        assert!(time >= before, "member {member}, position {}: {time} after {before}", frame.position);
        before = time;
        entries += 1;
        found += usize::from(template == NEW_LEADERSHIP_TERM);
    }
    println!("member {member}: the times of {entries} entries never go back");
    assert!(found >= terms && entries > 2 * terms, "member {member}: {entries} entries of {found} terms");
}

/// Templates of Aeron's cluster protocol (schema 111), and where each has its time after its first fields.
const NEW_LEADERSHIP_TERM: u16 = 24;
const TIME_OFFSETS: [(u16, usize); 6] = [(1, 16), (20, 16), (21, 24), (22, 16), (23, 16), (NEW_LEADERSHIP_TERM, 16)];

/// Template and time of the log's entry that begins with this frame: Aeron's header, that of SBE, then the message.
fn entry(frame: &[u8]) -> Option<(u16, i64)> {
    const HEADER: usize = 32;
    const SBE_HEADER: usize = 8;
    const DATA: [u8; 2] = [1, 0];
    const BEGIN: u8 = 0x80;
    if number::<2>(frame, 6) != Some(DATA) || frame[5] & BEGIN == 0 {
        return None;
    }
    let template = u16::from_le_bytes(number(frame, HEADER + 2)?);
    let (_, offset) = TIME_OFFSETS.iter().find(|(known, _)| *known == template)?;
    Some((template, i64::from_le_bytes(number(frame, HEADER + SBE_HEADER + offset)?)))
}

fn number<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    bytes.get(offset..)?.first_chunk().copied()
}
