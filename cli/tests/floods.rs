//! Floods of a member's ports by somebody who needs no key: no member ends, and those who trade go on.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod harness;

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use harness::{LocalCluster, Traders};
use lugus_topology::Endpoint;

/// Frames of publications that do not exist, each of another one, to one port.
struct Flood<'a> {
    stop: &'a AtomicBool,
    sent: &'a AtomicU64,
}

impl Flood<'_> {
    /// Frames a second.
    const RATE: u64 = 20_000;
    /// Type of a SETUP frame in Aeron's protocol, and its length.
    const SETUP: (u16, i32) = (5, 40);

    /// Sends until it is told to stop.
    fn run(&self, endpoint: &Endpoint, stream: i32, term_length: i32) {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
        let began = Instant::now();
        let mut session: i32 = 1_000_000;
        while !self.stop.load(Ordering::Relaxed) {
            let due = u64::try_from(began.elapsed().as_micros()).expect("short") * Self::RATE / 1_000_000;
            while self.sent.load(Ordering::Relaxed) < due {
                let frame = Self::setup(session, stream, term_length);
                // A refusal or a full socket is as good as a loss.
                let _ = socket.send_to(&frame, (endpoint.host.as_str(), endpoint.port));
                session = session.wrapping_add(1);
                self.sent.fetch_add(1, Ordering::Relaxed);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn setup(session: i32, stream: i32, term_length: i32) -> Vec<u8> {
        let (frame_type, length) = Self::SETUP;
        let mut frame = Vec::new();
        frame.extend(length.to_le_bytes());
        frame.extend([0, 0]);
        frame.extend(frame_type.to_le_bytes());
        let (term_offset, initial_term, active_term, mtu, ttl) = (0_i32, 7_i32, 7_i32, 1408_i32, 0_i32);
        for field in [term_offset, session, stream, initial_term, active_term, term_length, mtu, ttl] {
            frame.extend(field.to_le_bytes());
        }
        frame
    }
}

/// Trades for a while, and returns the median and the 99th percentile of the times to an answer.
fn trade(traders: &mut Traders, duration: Duration) -> (Duration, Duration) {
    let began = Instant::now();
    traders.trade_for(duration, 500);
    traders.settle();
    let mut times: Vec<Duration> = traders.tallies().iter().flat_map(|tally| tally.answer_times_since(began)).collect();
    times.sort();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

/// `LUGUS_FLOOD_SECONDS` makes it longer than 5 s, to measure.
#[test]
fn a_flood_of_new_publications_ends_no_member() {
    let seconds = std::env::var("LUGUS_FLOOD_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let duration = Duration::from_secs(seconds);
    let cluster = LocalCluster::start(3, |_| {});
    let mut traders = Traders::connect(&cluster);
    trade(&mut traders, Duration::from_secs(2));
    let before = trade(&mut traders, duration);
    let processes: Vec<_> = (0..3).flat_map(|member| cluster.processes(member)).map(|process| process.pid).collect();
    let leader = cluster.await_leader();
    let endpoints = cluster.member(leader).endpoints;
    let streams = &cluster.deployment.streams;
    for (name, endpoint, stream) in [
        ("ingress", &endpoints.ingress, streams.ingress),
        ("archive", &endpoints.archive, streams.archive_control),
        ("consensus", &endpoints.consensus, streams.consensus),
    ] {
        let (stop, sent) = (AtomicBool::new(false), AtomicU64::new(0));
        let flooded = thread::scope(|scope| {
            let flood = Flood { stop: &stop, sent: &sent };
            scope.spawn(move || flood.run(endpoint, stream, 1 << 16));
            let flooded = trade(&mut traders, duration);
            stop.store(true, Ordering::Relaxed);
            flooded
        });
        println!("{name}: {sent:?} frames in {duration:?}; (p50, p99) {before:?} before, {flooded:?} meanwhile");
        let now: Vec<_> = (0..3).flat_map(|member| cluster.processes(member)).map(|process| process.pid).collect();
        assert_eq!(now, processes, "no process has ended");
    }
    traders.check();
    cluster.await_common_state();
    // Who comes now finds a place.
    traders.close(&cluster);
}
