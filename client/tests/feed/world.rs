//! A listener without a session, and what lies between it and the members: a network that loses, repeats and delays, and recordings.

use std::collections::VecDeque;
use std::time::Duration;

use lugus_client::sans_io::Feed;
use lugus_client::{BookType, EpochNanos, FollowedBook, MarketDataSequence};
use lugus_codecs::Envelope;
use lugus_codecs::market_data::decode_increments;
use lugus_node::market_data::FollowerFeed;
use lugus_node::market_data::recorded_index::{IndexEntry, RecordedIndex};

use super::market::{BTC, Market, Published};
use super::{Chance, Checker, of_engine, of_feed, trade};

/// Log time of a message of increments.
fn time_of(message: &[u8]) -> EpochNanos {
    let mut increments = Vec::new();
    decode_increments(Envelope::open(message).unwrap(), &mut increments).unwrap().unwrap();
    increments[0].time
}

/// Number of messages between two entries of a recording's index.
const STEP: usize = 4;

/// What a member's archive has of its increments.
#[derive(Default)]
pub struct Recording {
    messages: Vec<Vec<u8>>,
    index: RecordedIndex,
}

impl Recording {
    /// Records messages, and purges all but the last `kept`.
    fn add(&mut self, messages: Vec<Vec<u8>>, kept: usize) {
        for message in messages {
            let time = time_of(&message);
            self.messages.push(message);
            if self.messages.len() % STEP == 1 {
                self.index.add(IndexEntry { position: self.messages.len() as i64, time });
            }
        }
        self.index.drop_before(self.messages.len().saturating_sub(kept) as i64);
    }

    /// All of this log time and later ones, if it has them.
    fn replay(&self, begin: EpochNanos) -> Option<Vec<Vec<u8>>> {
        Some(self.messages[usize::try_from(self.index.position_of(begin)?).unwrap()..].to_vec())
    }
}

/// A message under way.
pub struct Sent {
    arrives: Duration,
    message: Vec<u8>,
}

pub struct World {
    market: Market,
    pub feed: Feed,
    pub checker: Checker,
    chance: Chance,
    book_type: BookType,
    now: Duration,
    next_order: u64,
    spread: u64,
    /// Of each member: its increments, and its loop.
    pub streams: Vec<[VecDeque<Sent>; 2]>,
    /// Percentage of messages of a stream that are lost, and of those that come twice.
    pub faults: u64,
    /// Number of members that have died.
    dead: usize,
    /// Member whose loop is listened to.
    loop_of: usize,
    /// What each member's archive has.
    pub recordings: Vec<Recording>,
    /// Number of messages that an archive keeps.
    pub kept: usize,
    /// Whether the listener asks for replays.
    pub asks: bool,
    /// A replay that comes at this time.
    replay: Option<(Duration, Vec<Vec<u8>>)>,
    /// Number of requests that nobody could answer.
    pub refused: usize,
}

impl World {
    pub fn new(seed: u64, members: i32, follower_feed: FollowerFeed, spread: u64) -> Self {
        let book_type = if seed.is_multiple_of(2) { BookType::Orders } else { BookType::Levels };
        let mut world = Self {
            market: Market::of_members(members, 1 << 14, follower_feed),
            feed: Feed::of_recorded(false),
            checker: Checker::default(),
            chance: Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            book_type,
            now: Duration::ZERO,
            next_order: 0,
            spread,
            streams: (0..members).map(|_| Default::default()).collect(),
            faults: 0,
            dead: 0,
            loop_of: (members - 1) as usize,
            recordings: (0..members).map(|_| Recording::default()).collect(),
            kept: usize::MAX,
            asks: false,
            replay: None,
            refused: 0,
        };
        world.record();
        world
    }

    fn record(&mut self) {
        let (sequence, text) = of_engine(self.market.engine(), self.book_type);
        self.checker.history.insert(sequence, text);
    }

    pub fn trade(&mut self) {
        trade(&mut self.market, &mut self.chance, &mut self.next_order, self.spread);
        self.record();
    }

    pub fn join(&mut self) {
        self.feed.follow(BTC, self.book_type, self.now).unwrap();
    }

    /// What a member has sent goes on its way; each message takes its own time.
    fn publish(&mut self, member: usize) {
        let number = self.dead + member;
        let Published { stream, recorded, parts } = self.market.published_by(member, self.now);
        self.recordings[number].add(recorded, self.kept);
        for (stream, messages) in [stream, parts].into_iter().enumerate() {
            for message in messages {
                let copies = match () {
                    () if self.chance.happens(self.faults) => 0,
                    () if self.chance.happens(self.faults) => 2,
                    () => 1,
                };
                for _ in 0..copies {
                    let delay = if self.chance.happens(self.faults) { self.chance.below(5_000) } else { 100 };
                    let arrives = self.now + Duration::from_micros(delay);
                    self.streams[number][stream].push_back(Sent { arrives, message: message.clone() });
                }
            }
        }
    }

    /// What the first member sends in 300 milliseconds, of increments and of the loop, while nobody hears it.
    pub fn unheard(&mut self) -> [Vec<Vec<u8>>; 2] {
        for _ in 0..300 {
            self.now += Duration::from_millis(1);
            self.publish(0);
        }
        self.streams[0].each_mut().map(|stream| stream.drain(..).map(|sent| sent.message).collect())
    }

    /// The listener hears at once what was sent before it came.
    pub fn hear(&mut self, [increments, parts]: [Vec<Vec<u8>>; 2]) {
        for message in increments {
            self.feed.on_message(0, &message, self.now, &mut self.checker);
        }
        for message in parts {
            self.feed.on_loop_message(0, &message, self.now, &mut self.checker);
        }
    }

    /// A millisecond passes.
    pub fn step(&mut self) {
        self.now += Duration::from_millis(1);
        self.publish(0);
        for member in 1..self.market.members() {
            let limit = self.chance.below(8) as usize;
            self.market.apply(member, limit);
            self.publish(member);
        }
        self.deliver();
        self.feed.do_work_alone(self.now, &mut self.checker);
        self.replay();
    }

    /// Asks for what is missing, and hears it twenty milliseconds later.
    fn replay(&mut self) {
        let Self { feed, recordings, replay, checker, now, dead, .. } = self;
        if let Some((_, messages)) = replay.take_if(|(arrives, _)| *arrives <= *now) {
            for message in messages {
                feed.on_replayed(&message, *now, checker);
            }
        }
        let places = 0..recordings.len();
        let Some(begin) = feed.replay_wanted(*now, &places).filter(|_| self.asks && replay.is_none()) else { return };
        match recordings[*dead..].iter().rev().find_map(|recording| recording.replay(begin)) {
            Some(messages) => *replay = Some((*now + Duration::from_millis(20), messages)),
            None => {
                self.refused += 1;
                feed.on_no_replay(*now, &places, checker);
            }
        }
    }

    fn deliver(&mut self) {
        let Self { streams, feed, checker, now, loop_of, .. } = self;
        for (number, [increments, parts]) in streams.iter_mut().enumerate() {
            increments.retain(|Sent { arrives, message }| {
                let is_due = arrives <= now;
                if is_due {
                    feed.on_message(number, message, *now, checker);
                }
                !is_due
            });
            let is_heard = number == *loop_of;
            for Sent { message, .. } in parts.drain(..).filter(|_| is_heard) {
                feed.on_loop_message(0, &message, *now, checker);
            }
        }
    }

    pub fn run(&mut self, steps: usize, commands_a_step: u64) {
        for _ in 0..steps {
            for _ in 0..self.chance.below(commands_a_step + 1) {
                self.trade();
            }
            self.step();
        }
    }

    /// The leader dies with all that it has not sent, and the next member leads after a while.
    pub fn kill_leader(&mut self) {
        for _ in 0..100 {
            self.now += Duration::from_millis(1);
            for member in 1..self.market.members() {
                let limit = self.chance.below(3) as usize;
                self.market.apply(member, limit);
                self.publish(member);
            }
            self.deliver();
            self.feed.do_work_alone(self.now, &mut self.checker);
            self.replay();
        }
        self.market.kill_leader();
        self.dead += 1;
        self.loop_of = self.streams.len() - 1;
    }

    /// Number of the instrument's last increment.
    pub fn newest(&self) -> MarketDataSequence {
        of_engine(self.market.engine(), self.book_type).0
    }

    fn is_current(&self) -> bool {
        self.feed.book(BTC).is_some_and(|book| book.sequence() == self.newest())
    }

    /// The network is good again: in the end the followed book equals the leader's.
    pub fn verify(&mut self) {
        self.faults = 0;
        let (sequence, text) = of_engine(self.market.engine(), self.book_type);
        for _ in 0..20_000 {
            self.step();
            if self.is_current() {
                assert_eq!(of_feed(self.feed.book(BTC).unwrap()), text);
                return;
            }
        }
        panic!("never current: at {:?} of {sequence}", self.feed.book(BTC).map(FollowedBook::sequence));
    }
}
