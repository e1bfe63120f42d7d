//! The service's end of the ring: takes the engine's increments, and never waits.

use lugus_engine::Engine;
use lugus_ring::Writer;
use lugus_vocabulary::{EndOfEvent, EpochNanos, LogPosition, MarketData, MemberId};

use super::audience::Audience;
use super::follower_feed::{CatchUp, FollowerFeed};
use super::item::Item;

/// The service's end of the ring.
#[derive(Debug)]
pub struct MarketDataWriter {
    ring: Writer<Item>,
    /// The last increment, until it is known whether its command ends with it.
    held: Option<Item>,
    content: Content,
    leads: bool,
    /// The member that leads, as the log tells.
    leader: Option<MemberId>,
    follower_feed: FollowerFeed,
    catch_up: CatchUp,
    /// Whether the member leads, or applies the log as it grows.
    is_current: bool,
    audience: Audience,
    /// Whether the audience was there at the last duty cycle.
    is_heard: bool,
    lost: u64,
    /// Whether the ring has items that the publisher has perhaps not been shown.
    is_unpublished: bool,
}

/// What of the engine's increments is in the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// All of them.
    Complete,
    /// Some are missing. No more are put in until the role and the positions of all instruments are there, of which the
    /// ring has this many.
    Incomplete { told: usize },
}

impl MarketDataWriter {
    /// A writer that first tells the role and the positions of all instruments.
    pub fn new(ring: Writer<Item>, audience: Audience) -> Self {
        let content = Content::Incomplete { told: 0 };
        let is_heard = audience.is_there();
        Self {
            ring,
            held: None,
            content,
            leads: false,
            leader: None,
            follower_feed: FollowerFeed::Off,
            catch_up: CatchUp::default(),
            is_current: false,
            audience,
            is_heard,
            lost: 0,
            is_unpublished: false,
        }
    }

    /// The same writer, which also takes increments while the member follows, if `follower_feed` says so.
    #[must_use]
    pub fn with_follower_feed(mut self, follower_feed: FollowerFeed, catch_up: CatchUp) -> Self {
        (self.follower_feed, self.catch_up) = (follower_feed, catch_up);
        self
    }

    /// Whether increments are taken: of a member that leads, or that follows, applies the log as it grows and has a feed or a recording; and
    /// only while somebody listens, or it is recorded. The positions that it tells when that begins include those that were not taken.
    #[inline]
    pub fn wants_increments(&self) -> bool {
        self.is_heard && self.publishes()
    }

    #[inline]
    fn publishes(&self) -> bool {
        self.leads || (self.follower_feed.has_increments() && self.is_current)
    }

    /// Whether the member leads, or applies the log as it grows.
    #[inline]
    pub fn is_current(&self) -> bool {
        self.is_current
    }

    /// Notes how far the log is, and its time; `now_ns` is of a clock that does not go back. To be called once a duty cycle.
    #[inline]
    pub fn look(&mut self, position: LogPosition, time: EpochNanos, now_ns: i64) {
        let is_current = self.leads || self.catch_up.look(position, time, now_ns);
        if is_current != self.is_current {
            self.change_current(is_current);
        }
    }

    #[cold]
    fn change_current(&mut self, is_current: bool) {
        let published = self.publishes();
        self.is_current = is_current;
        if self.publishes() && !published {
            self.content = Content::Incomplete { told: 0 };
        }
    }

    /// Takes an increment, if increments are wanted. The publisher is shown it at [`MarketDataWriter::do_work`] at the latest.
    #[inline]
    pub fn put(&mut self, increment: &MarketData) {
        if !self.wants_increments() {
            return;
        }
        if let Some(item) = self.held.replace(Item::increment(increment)) {
            self.push(&item);
        }
    }

    /// Notes that the command at hand has no more increments.
    #[inline]
    pub fn end_of_command(&mut self) {
        if let Some(mut item) = self.held.take() {
            item.end_of_event = EndOfEvent::Yes;
            self.push(&item);
            self.is_unpublished = true;
        }
    }

    /// Tells that the member leads from here on, or no longer does, and the positions of all instruments of `engine`.
    pub fn role(&mut self, leads: bool, engine: &Engine) {
        self.leads = leads;
        self.tell_again(engine);
    }

    /// Tells that this member leads the cluster, as the log says.
    pub fn leader(&mut self, leader: MemberId, engine: &Engine) {
        self.leader = Some(leader);
        self.tell_again(engine);
    }

    /// Tells the positions of all instruments of `engine` once more, as others than before are here.
    pub fn tell_again(&mut self, engine: &Engine) {
        self.content = Content::Incomplete { told: 0 };
        self.do_work(engine);
    }

    /// Makes everything written so far visible to the publisher, and writes the positions of instruments whose
    /// increments were dropped, as far as there is room now; returns the number of items that went in for that. To be
    /// called once a duty cycle: to show each command by itself would make the command wait for memory.
    #[inline]
    pub fn do_work(&mut self, engine: &Engine) -> usize {
        if std::mem::take(&mut self.is_unpublished) {
            self.ring.publish();
        }
        let is_heard = self.audience.is_there();
        if is_heard && !self.is_heard {
            self.content = Content::Incomplete { told: 0 };
        }
        self.is_heard = is_heard;
        match self.content {
            Content::Complete => 0,
            Content::Incomplete { told } => self.tell_positions(told, engine),
        }
    }

    /// Number of increments that found no room, since the member's start.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    #[inline]
    fn push(&mut self, item: &Item) {
        if self.content != Content::Complete || self.ring.push(item).is_err() {
            self.lose();
        }
    }

    /// Positions written so far may be outdated, so all are written again.
    #[cold]
    fn lose(&mut self) {
        self.lost += 1;
        self.content = Content::Incomplete { told: 0 };
    }

    #[cold]
    fn tell_positions(&mut self, told: usize, engine: &Engine) -> usize {
        let positions = engine.instruments().filter_map(|id| engine.market_data_snapshot(id));
        let positions = positions.map(|snapshot| Item::position(snapshot.instrument, snapshot.sequence));
        let mut now_told = told;
        for item in std::iter::once(Item::role(self.leads, self.leader)).chain(positions).skip(told) {
            if self.ring.push(&item).is_err() {
                self.content = Content::Incomplete { told: now_told };
                return now_told - told;
            }
            now_told += 1;
        }
        self.ring.publish();
        self.content = Content::Complete;
        now_told - told
    }
}
