//! The way to and from the cluster is cut, for shorter and for longer than the image liveness time-out of the client's media
//! driver.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aeron_cluster_client::{BlockingCluster, DisconnectReason};

use crate::java_cluster::{Cluster, Driver, beside_others_that_wait};
use crate::notes::{Notes, SOON, START, context, echo, log};
use crate::relay::{Cut, Relay};

const IMAGE_LIVENESS: Duration = Duration::from_secs(1);
const SHORTEST_CUT: Duration = Duration::from_millis(500);
const LONGEST_CUT: Duration = Duration::from_secs(20);
/// Between these a cut may end the image or not.
const IMAGE_SURVIVES: Duration = Duration::from_millis(800);
const IMAGE_IS_LOST: Duration = Duration::from_millis(2500);
/// Time without an answer after which a member is asked again. Source: `Context::message_timeout`.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause before a question that has no answer is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// Time without a cut, from which on a client has to be back.
const PATIENCE: Duration = Duration::from_secs(8);

/// A client of one member, by a relay, with a media driver of short image liveness.
struct Line {
    client: BlockingCluster<Notes>,
    relay: Relay,
    _driver: Driver,
    cluster: Cluster,
    cuts: u32,
}

impl Line {
    fn new(port_base: usize, egress_channel: &str) -> Self {
        let cluster = Cluster::start(1, port_base);
        let liveness = IMAGE_LIVENESS.as_millis().to_string() + "ms";
        let settings = [("AERON_IMAGE_LIVENESS_TIMEOUT", liveness.as_str()), ("AERON_TIMER_INTERVAL", "50ms")];
        let log = cluster.root().join("client.log");
        let driver = Driver::start_with(&cluster.root().join("client"), &log, &settings);
        let relay = Relay::start(&cluster.ingress_endpoint(0));
        let context = context(&cluster, &driver)
            .ingress_endpoints([(0, relay.ingress_endpoint())])
            .egress_channel(egress_channel);
        let mut client = BlockingCluster::connect(context, Notes::default(), START).unwrap();
        echo(&mut client, b"before all cuts");
        Self { client, relay, _driver: driver, cluster, cuts: 0 }
    }

    /// Cuts for `duration`, and waits until the client is back.
    fn cut(&mut self, what: Cut, duration: Duration) {
        self.cuts += 1;
        let lost = self.client.listener.disconnected.len();
        self.relay.cut(what);
        let cut = Instant::now();
        self.client.wait("the end of the cut", LONGEST_CUT + SOON, |_, _| cut.elapsed() >= duration).unwrap();
        self.relay.heal();
        let healed = Instant::now();
        self.ask(&format!("after cut {}", self.cuts));
        let lost = &self.client.listener.disconnected[lost..];
        println!("cut {} of {what:?} for {duration:?}: back after {:?}, lost {lost:?}", self.cuts, healed.elapsed());
        if duration <= IMAGE_SURVIVES {
            assert_eq!(lost, [], "a cut that the image survives costs no session");
        }
        if duration >= IMAGE_IS_LOST {
            assert_eq!(lost, [DisconnectReason::EgressLost], "each session is lost once");
        }
    }

    /// Waits for an echo, and asks again every now and then, because what was said in a session that is lost is not answered.
    fn ask(&mut self, question: &str) {
        let mut asked: Option<Instant> = None;
        self.client
            .wait("an echo after the cut", PATIENCE, |cluster, notes| {
                if asked.is_none_or(|asked| asked.elapsed() > ASK_AGAIN) && cluster.offer(question.as_bytes()).is_ok() {
                    asked = Some(Instant::now());
                }
                notes.messages.iter().any(|message| message == question.as_bytes())
            })
            .unwrap();
    }

    /// The consensus module makes a session of each connect request. There was one for each session that the client had, and
    /// in the longer cuts one more after each message time-out.
    fn end(mut self, cuts: &[Duration]) {
        let driver = Driver::start(&self.cluster.root().join("direct"), &self.cluster.root().join("direct.log"));
        let direct = context(&self.cluster, &driver);
        let last = BlockingCluster::connect(direct, Notes::default(), SOON).unwrap();
        let requests = usize::try_from(last.listener.connected[0].cluster_session_id - 1).unwrap();
        let sessions = self.client.listener.connected.len();
        let repeated: usize = cuts.iter().map(|cut| cut.div_duration_f64(MESSAGE_TIMEOUT) as usize).sum();
        println!("{requests} requests, {sessions} sessions, at most {repeated} requests were repeated");
        assert!(requests <= sessions + repeated, "a flood of requests");
        self.ask("after all cuts");
    }
}

/// Durations between the shortest and the longest cut, of a random order of magnitude.
fn random_cuts(count: usize) -> Vec<Duration> {
    let mut random = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 | 1;
    let ratio = LONGEST_CUT.as_secs_f64() / SHORTEST_CUT.as_secs_f64();
    let next = |_| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        SHORTEST_CUT.mul_f64(ratio.powf((random >> 11) as f64 / (1u64 << 53) as f64))
    };
    (0..count).map(next).collect()
}

#[test]
fn a_client_comes_back_after_each_cut_of_its_egress() {
    let _beside = beside_others_that_wait();
    log();
    let mut cuts = vec![SHORTEST_CUT, IMAGE_LIVENESS, Duration::from_millis(1100), Duration::from_secs(6)];
    cuts.extend(random_cuts(4));
    cuts.push(LONGEST_CUT);
    let mut line = Line::new(30500, "aeron:udp?endpoint=127.0.0.1:0");
    cuts.iter().for_each(|cut| line.cut(Cut::Egress, *cut));
    line.end(&cuts);
}

/// The cluster does not hear that the session has ended, so its publication remains, which the client's old subscription would
/// not receive again (`rejoin=false`). Each request would keep that publication for longer.
#[test]
fn a_client_comes_back_though_its_old_session_is_there() {
    let _beside = beside_others_that_wait();
    log();
    for (port_base, egress_channel) in
        [(30700, "aeron:udp?endpoint=127.0.0.1:0"), (30800, "aeron:udp?endpoint=127.0.0.1:30899")]
    {
        let cuts = [3000, 7000].map(Duration::from_millis);
        let mut line = Line::new(port_base, egress_channel);
        cuts.iter().for_each(|cut| line.cut(Cut::Everything, *cut));
        line.end(&cuts);
    }
}

/// The member's publication to a port of the client's own is the same one for all its sessions.
#[test]
fn a_client_with_an_egress_port_of_its_own_comes_back_too() {
    let _beside = beside_others_that_wait();
    log();
    let cuts = [1100, 3000, 500, 12_000, 2600].map(Duration::from_millis);
    let mut line = Line::new(30600, "aeron:udp?endpoint=127.0.0.1:30699");
    cuts.iter().for_each(|cut| line.cut(Cut::Egress, *cut));
    line.end(&cuts);
}
