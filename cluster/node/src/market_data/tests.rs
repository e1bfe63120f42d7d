//! The market-data stream of a member, read back with the codecs: batches, heartbeats, roles, and a ring that is full.

use lugus_codecs::Envelope;
use lugus_codecs::market_data::{decode_heartbeat, decode_increments};
use lugus_engine::{Engine, EngineLimits};
use lugus_vocabulary::{EpochNanos, LogPosition, MapEpoch, MigrationId, Price, Quantity, Side};

use super::*;
use crate::market_data::audience::Audience;
use crate::market_data::follower_feed::CatchUp;
use crate::market_data::writer::MarketDataWriter;
use crate::snapshot::tests::busy_engine;

/// What was sent, each message as text.
#[derive(Default)]
struct Sent(Vec<String>);

impl Outlet for Sent {
    fn send(&mut self, message: &[u8], _receivers: Receivers) {
        assert!(message.len() <= MAXIMUM_STREAM_LENGTH);
        let envelope = Envelope::open(message).unwrap();
        let (mut increments, mut positions) = (Vec::new(), Vec::new());
        self.0.push(if let Some(end_of_event) = decode_increments(envelope, &mut increments).unwrap() {
            let MarketData { instrument, sequence, .. } = increments[0];
            let end = end_of_event == EndOfEvent::Yes;
            format!("{instrument}: {} from {sequence}, {end}", increments.len())
        } else {
            let heartbeat = decode_heartbeat(envelope, &mut positions).unwrap().unwrap();
            assert_eq!((heartbeat.leader, heartbeat.sender), (Some(MEMBER), Some(MEMBER)));
            format!("heartbeat {}", positions.len())
        });
    }
}

/// For whom messages were.
#[derive(Default)]
struct Receiving(Vec<Receivers>);

impl Outlet for Receiving {
    fn send(&mut self, _message: &[u8], receivers: Receivers) {
        self.0.push(receivers);
    }
}

/// What heartbeats tell of their sender.
#[derive(Default)]
struct Heartbeats(Vec<Heartbeat>);

impl Outlet for Heartbeats {
    fn send(&mut self, message: &[u8], _receivers: Receivers) {
        self.0.extend(decode_heartbeat(Envelope::open(message).unwrap(), &mut Vec::new()).unwrap());
    }
}

const MEMBER: MemberId = MemberId(3);
/// Nanoseconds of a day.
const OLD: i64 = 86_400_000_000_000;

fn level(instrument: u32, sequence: u64) -> MarketData {
    MarketData {
        instrument: InstrumentId(instrument),
        sequence: MarketDataSequence(sequence),
        time: EpochNanos(1),
        body: MarketDataBody::Level { side: Side::Buy, price: Price(5), quantity: Quantity(6), orders: 7 },
    }
}

/// Places of the smallest ring there is.
const PLACES: usize = 2 * lugus_ring::PUBLISHED_AT_ONCE;

/// Both ends of such a ring, of a leader without instruments.
struct Bench {
    writer: MarketDataWriter,
    reader: lugus_ring::Reader<Item>,
    publisher: Publisher,
    engine: Engine,
    audience: Audience,
}

impl Bench {
    fn new() -> Self {
        let (writer, reader) = lugus_ring::ring(PLACES);
        let audience = Audience::new(true);
        let mut writer = MarketDataWriter::new(writer, audience.clone());
        let engine = Engine::new(EngineLimits { orders: 16, ..EngineLimits::default() });
        writer.role(true, &engine);
        Self { writer, reader, publisher: Publisher::new(MEMBER, 4), engine, audience }
    }

    fn with_follower_feed(feed: FollowerFeed) -> Self {
        let mut bench = Self::new();
        bench.writer = bench.writer.with_follower_feed(feed, CatchUp::with_clock(|| EpochNanos(0)));
        bench.publisher = bench.publisher.with_follower_feed(feed);
        bench
    }

    fn command(&mut self, increments: &[(u32, u64)]) {
        for &(instrument, sequence) in increments {
            self.writer.put(&level(instrument, sequence));
        }
        self.writer.end_of_command();
        self.writer.do_work(&self.engine);
    }

    fn sent(&mut self) -> Vec<String> {
        let mut sent = Sent::default();
        let Self { reader, publisher, .. } = self;
        reader.drain(usize::MAX, |item| publisher.take(item, &mut sent));
        sent.0
    }
}

/// The service's thread and the publishing thread, as in a member; `scripts/test-memory` runs it with ThreadSanitizer.
#[test]
fn two_threads_lose_nothing_that_is_not_counted() {
    const INCREMENTS: u64 = 100_000;
    let Bench { mut writer, mut reader, mut publisher, engine, audience } = Bench::new();
    let done = std::sync::atomic::AtomicBool::new(false);
    let heard = std::thread::scope(|scope| {
        let publishing = scope.spawn(|| {
            let mut sent = Sent::default();
            while !done.load(std::sync::atomic::Ordering::Acquire) {
                reader.drain(64, |item| publisher.take(item, &mut sent));
                audience.tell(true);
            }
            reader.drain(usize::MAX, |item| publisher.take(item, &mut sent));
            reader.drain(usize::MAX, |item| publisher.take(item, &mut sent));
            sent.0
        });
        for sequence in 1..=INCREMENTS {
            writer.put(&level(1, sequence));
            writer.end_of_command();
            if sequence % 100 == 0 {
                writer.do_work(&engine);
                std::thread::yield_now();
            }
        }
        writer.do_work(&engine);
        done.store(true, std::sync::atomic::Ordering::Release);
        publishing.join().unwrap()
    });
    let number = |message: &String| message.split(' ').nth(3)?.trim_end_matches(',').parse::<u64>().ok();
    let numbers: Vec<u64> = heard.iter().filter_map(number).collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "each once, in order");
    assert_eq!(numbers.len() as u64 + writer.lost(), INCREMENTS);
}

#[test]
fn the_increments_of_a_command_are_one_message() {
    let mut bench = Bench::new();
    bench.command(&[(1, 1), (1, 2), (1, 3)]);
    bench.command(&[(1, 4), (2, 1)]);
    assert_eq!(bench.sent(), ["1: 3 from 1, true", "1: 1 from 4, false", "2: 1 from 1, true"]);
}

#[test]
fn a_command_with_many_increments_is_several_messages() {
    let mut bench = Bench::new();
    let many: Vec<(u32, u64)> = (1..=50).map(|sequence| (1, sequence)).collect();
    bench.command(&many);
    assert_eq!(bench.sent(), ["1: 40 from 1, false", "1: 10 from 41, true"]);
}

#[test]
fn a_full_ring_drops_increments_until_all_positions_are_written_again() {
    let mut bench = Bench::new();
    let places = PLACES as u64;
    for sequence in 1..=places + 6 {
        bench.command(&[(1, sequence)]);
    }
    assert_eq!(bench.writer.lost(), 7, "one place is taken by the role");
    assert_eq!(bench.sent().len(), PLACES - 1);
    bench.command(&[(1, places + 7)]);
    assert_eq!(bench.writer.lost(), 8, "not before the positions");
    bench.command(&[(1, places + 8)]);
    assert_eq!(bench.sent(), [format!("1: 1 from {}, true", places + 8)]);
}

#[test]
fn a_follower_is_silent_and_the_next_leader_sends_the_positions_of_instruments() {
    let mut bench = Bench::new();
    bench.engine = busy_engine();
    bench.writer.role(false, &bench.engine);
    assert_eq!(bench.sent(), [""; 0]);
    bench.command(&[(1, 1)]);
    bench.command(&[(2, 1)]);
    assert_eq!(bench.reader.drain(usize::MAX, |_| ()), 0, "a follower's increments do not go into the ring");
    let mut sent = Sent::default();
    bench.publisher.tick(Duration::from_secs(1), &mut sent);
    assert_eq!(sent.0, [""; 0]);
    bench.writer.role(true, &bench.engine);
    assert_eq!(bench.sent(), [""; 0]);
    bench.publisher.tick(Duration::from_secs(1), &mut sent);
    bench.publisher.tick(Duration::from_secs(1), &mut sent);
    bench.publisher.tick(Duration::from_secs(1) + HEARTBEAT_INTERVAL, &mut sent);
    assert_eq!(sent.0, ["heartbeat 2", "heartbeat 2"]);
}

#[test]
fn a_follower_with_a_feed_publishes_what_a_leader_does_and_names_the_leader() {
    let (mut leader, mut follower) = (Bench::new(), Bench::with_follower_feed(FollowerFeed::On));
    follower.writer.role(false, &follower.engine);
    follower.command(&[(1, 1)]);
    assert_eq!(follower.sent(), [""; 0], "it has not looked at its log yet");
    follower.writer.look(LogPosition(64), EpochNanos(1), 0);
    follower.writer.leader(MemberId(1), &follower.engine);
    for bench in [&mut leader, &mut follower] {
        bench.command(&[(1, 2), (1, 3)]);
    }
    assert_eq!(leader.sent(), follower.sent());
    let mut heard = Heartbeats::default();
    follower.publisher.tick(Duration::from_secs(1), &mut heard);
    let heartbeat = Heartbeat { leader: Some(MemberId(1)), sender: Some(MEMBER), time: Some(EpochNanos(1)) };
    assert_eq!(heard.0, [heartbeat]);
    // It leads from here on, and goes on without a gap.
    follower.writer.role(true, &follower.engine);
    follower.command(&[(1, 4)]);
    assert_eq!(follower.sent(), ["1: 1 from 4, true"]);
    follower.publisher.tick(Duration::from_secs(2), &mut heard);
    assert_eq!(heard.0[1], Heartbeat { leader: Some(MEMBER), ..heartbeat });
}

#[test]
fn a_follower_that_only_records_sends_to_nobody_and_goes_on_as_a_leader_without_a_gap() {
    let mut bench = Bench::with_follower_feed(FollowerFeed::Recorded);
    bench.writer.role(false, &bench.engine);
    bench.writer.look(LogPosition(64), EpochNanos(1), 0);
    bench.writer.do_work(&bench.engine);
    assert_eq!(bench.sent(), [""; 0]);
    bench.command(&[(1, 1), (1, 2)]);
    // It leads between two items of the ring.
    bench.writer.role(true, &bench.engine);
    bench.command(&[(1, 3)]);
    let mut receiving = Receiving::default();
    let Bench { reader, publisher, .. } = &mut bench;
    let mut take = |limit, receiving: &mut Receiving| reader.drain(limit, |item| publisher.take(item, receiving));
    take(2, &mut receiving);
    assert_eq!(receiving.0, [Receivers::Recording]);
    take(usize::MAX, &mut receiving);
    assert_eq!(receiving.0, [Receivers::Recording, Receivers::All]);
    publisher.tick(Duration::from_secs(1), &mut receiving);
    assert_eq!(receiving.0[2..], [Receivers::Listeners]);
}

#[test]
fn a_follower_that_only_records_has_no_heartbeat() {
    let mut bench = Bench::with_follower_feed(FollowerFeed::Recorded);
    bench.writer.role(false, &bench.engine);
    assert_eq!(bench.sent(), [""; 0]);
    let mut receiving = Receiving::default();
    bench.publisher.tick(Duration::from_secs(1), &mut receiving);
    assert_eq!(receiving.0, []);
}

#[test]
fn a_follower_that_replays_its_log_is_silent() {
    let mut bench = Bench::with_follower_feed(FollowerFeed::On);
    bench.writer.role(false, &bench.engine);
    for position in 1..10 {
        bench.writer.look(LogPosition(position), EpochNanos(-OLD), position * 1_000_000);
        bench.command(&[(1, position.cast_unsigned())]);
    }
    assert_eq!(bench.sent(), [""; 0]);
    assert!(!bench.writer.wants_increments());
    bench.writer.look(LogPosition(10), EpochNanos(0), 10_000_000);
    bench.writer.do_work(&bench.engine);
    bench.command(&[(1, 10)]);
    assert_eq!(bench.sent(), ["1: 1 from 10, true"]);
    assert_eq!(bench.writer.lost(), 0);
}

#[test]
fn who_begins_to_listen_hears_positions_first_and_then_all_increments() {
    let mut bench = Bench::new();
    bench.engine = busy_engine();
    bench.writer.tell_again(&bench.engine);
    assert_eq!(bench.sent(), [""; 0]);
    let mut sent = Sent::default();
    bench.publisher.tick(Duration::ZERO, &mut sent);
    bench.audience.tell(false);
    bench.command(&[(1, 7)]);
    assert_eq!(bench.sent(), ["1: 1 from 7, true"], "the service looks once a duty cycle");
    bench.command(&[(1, 8)]);
    assert!(!bench.writer.wants_increments());
    assert_eq!(bench.reader.drain(usize::MAX, |_| ()), 0, "nothing goes into the ring while nobody listens");
    bench.audience.tell(true);
    bench.writer.do_work(&bench.engine);
    bench.command(&[(1, 9)]);
    assert_eq!(bench.sent(), ["1: 1 from 9, true"]);
    bench.publisher.tick(Duration::from_nanos(1), &mut sent);
    assert_eq!(sent.0, ["heartbeat 2", "heartbeat 2"], "the second comes at once, as there are new positions");
    assert_eq!(bench.writer.lost(), 0, "what nobody would have heard is not lost");
}

#[test]
fn heartbeats_have_only_the_instruments_of_this_cluster() {
    let mut bench = Bench::new();
    bench.engine = busy_engine();
    bench.writer.tell_again(&bench.engine);
    assert_eq!(bench.sent(), [""; 0]);
    let mut sent = Sent::default();
    bench.publisher.tick(Duration::from_secs(1), &mut sent);
    let (instrument, migration) = (InstrumentId(1), MigrationId(5));
    bench.engine.fence(instrument, migration).unwrap();
    bench.engine.drop_instrument(instrument, migration, MapEpoch(6)).unwrap();
    bench.writer.tell_again(&bench.engine);
    assert_eq!(bench.sent(), [""; 0]);
    bench.publisher.tick(Duration::from_secs(1), &mut sent);
    assert_eq!(sent.0, ["heartbeat 2", "heartbeat 1"]);
}
