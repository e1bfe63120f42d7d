//! A listener without a session: it joins late by the loop of snapshots of a member, listens to the feeds of all members, and has no
//! gap when the leader dies, if its followers have a feed.

use std::collections::VecDeque;
use std::time::Duration;

use lugus_client::sans_io::Feed;
use lugus_client::{BookType, FollowedBook, GapEnding};
use lugus_node::market_data::FollowerFeed;

use super::market::{BTC, Market};
use super::{Chance, Checker, of_engine, of_feed, trade};

/// A message under way.
struct Sent {
    arrives: Duration,
    message: Vec<u8>,
}

struct World {
    market: Market,
    feed: Feed,
    checker: Checker,
    chance: Chance,
    book_type: BookType,
    now: Duration,
    next_order: u64,
    spread: u64,
    /// Of each member: its increments, and its loop.
    streams: Vec<[VecDeque<Sent>; 2]>,
    /// Percentage of messages of a stream that are lost, and of those that come twice.
    faults: u64,
    /// Number of members that have died.
    dead: usize,
    /// Member whose loop is listened to.
    loop_of: usize,
}

impl World {
    fn new(seed: u64, members: i32, follower_feed: FollowerFeed, spread: u64) -> Self {
        let book_type = if seed.is_multiple_of(2) { BookType::Orders } else { BookType::Levels };
        let mut world = Self {
            market: Market::of_members(members, 1 << 14, follower_feed),
            feed: Feed::default(),
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
        };
        world.record();
        world
    }

    fn record(&mut self) {
        let (sequence, text) = of_engine(self.market.engine(), self.book_type);
        self.checker.history.insert(sequence, text);
    }

    fn trade(&mut self) {
        trade(&mut self.market, &mut self.chance, &mut self.next_order, self.spread);
        self.record();
    }

    fn join(&mut self) {
        self.feed.follow(BTC, self.book_type, self.now).unwrap();
    }

    /// What a member has sent goes on its way; each message takes its own time.
    fn publish(&mut self, member: usize) {
        let number = self.dead + member;
        let (increments, parts) = self.market.published_by(member, self.now);
        for (stream, messages) in [increments, parts].into_iter().enumerate() {
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

    /// A millisecond passes.
    fn step(&mut self) {
        self.now += Duration::from_millis(1);
        self.publish(0);
        for member in 1..self.market.members() {
            let limit = self.chance.below(8) as usize;
            self.market.apply(member, limit);
            self.publish(member);
        }
        self.deliver();
        self.feed.do_work_alone(self.now, &mut self.checker);
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

    fn run(&mut self, steps: usize, commands_a_step: u64) {
        for _ in 0..steps {
            for _ in 0..self.chance.below(commands_a_step + 1) {
                self.trade();
            }
            self.step();
        }
    }

    /// The leader dies with all that it has not sent, and the next member leads after a while.
    fn kill_leader(&mut self) {
        for _ in 0..100 {
            self.now += Duration::from_millis(1);
            for member in 1..self.market.members() {
                let limit = self.chance.below(3) as usize;
                self.market.apply(member, limit);
                self.publish(member);
            }
            self.deliver();
            self.feed.do_work_alone(self.now, &mut self.checker);
        }
        self.market.kill_leader();
        self.dead += 1;
        self.loop_of = self.streams.len() - 1;
    }

    fn is_current(&self) -> bool {
        let (sequence, _) = of_engine(self.market.engine(), self.book_type);
        self.feed.book(BTC).is_some_and(|book| book.sequence() == sequence)
    }

    /// The network is good again: in the end the followed book equals the leader's.
    fn verify(&mut self) {
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

#[test]
fn a_late_listener_joins_by_the_loop_alone_while_it_trades() {
    for seed in 0..6 {
        let mut world = World::new(seed, 1, FollowerFeed::Off, 3_000);
        for _ in 0..3_000 {
            world.trade();
        }
        world.step();
        world.streams[0] = Default::default();
        world.join();
        world.run(300, 3);
        world.verify();
        assert!(world.checker.told > 0 && world.checker.definitions > 0);
        assert_eq!((world.checker.recoveries, world.feed.counts().loaded_books), (0, 1));
    }
}

#[test]
fn books_are_rebuilt_over_a_bad_network_from_one_feed_and_one_loop() {
    let (mut recoveries, mut lost) = (0, 0);
    for seed in 0..40 {
        let mut world = World::new(seed, 1, FollowerFeed::Off, 40 + seed * 20);
        world.faults = seed % 12;
        world.join();
        world.run(400, 3);
        world.verify();
        recoveries += world.checker.recoveries;
        lost += world.feed.counts().lost_gaps;
        assert!(world.checker.told > 0);
    }
    assert!(recoveries > 40 && lost > 20, "{recoveries} {lost}");
}

#[test]
fn a_second_feed_fills_what_the_first_one_loses() {
    let (mut with_one, mut with_two) = (0, 0);
    for seed in 0..20 {
        for (follower_feed, lost) in [(FollowerFeed::Off, &mut with_one), (FollowerFeed::On, &mut with_two)] {
            let mut world = World::new(seed, 3, follower_feed, 40);
            world.join();
            world.verify();
            world.faults = 2;
            world.run(400, 2);
            world.verify();
            *lost += world.feed.counts().lost_increments;
        }
    }
    assert!(with_two * 20 < with_one, "{with_two} of {with_one} increments are lost with followers' feeds");
}

/// The leader is killed with increments that it has not sent, and with such that its followers have not applied yet.
#[test]
fn the_death_of_the_leader_is_no_gap_if_followers_have_a_feed() {
    let mut gaps = 0;
    for seed in 0..30 {
        for follower_feed in [FollowerFeed::Off, FollowerFeed::On] {
            let mut world = World::new(seed, 3, follower_feed, 40);
            world.join();
            world.verify();
            world.run(100, 3);
            for _ in 0..20 {
                world.trade();
            }
            world.kill_leader();
            world.run(100, 3);
            world.verify();
            let counts = world.feed.counts().clone();
            if follower_feed == FollowerFeed::On {
                assert_eq!((counts.lost_gaps, counts.loaded_books), (0, 1), "{:?}", world.checker.gaps);
                assert!(counts.first_from[1] > 0 && counts.repeated > 0, "{counts:?}");
            } else {
                gaps += counts.lost_gaps;
                assert!(world.checker.gaps.iter().all(|gap| gap.ending == GapEnding::Lost));
            }
        }
    }
    assert!(gaps >= 30, "{gaps}: without it each death is one");
}
