//! The other end of the ring, without I/O: increments become messages, batched by command, and heartbeats; while the
//! member leads, and while it follows if followers have a feed.

use std::time::Duration;

use lugus_codecs::market_data::{
    Heartbeat, MAXIMUM_INCREMENTS, MAXIMUM_POSITIONS, MAXIMUM_STREAM_LENGTH, StreamBuffer, encode_heartbeat,
    encode_increments,
};
use lugus_vocabulary::{
    EndOfEvent, EpochNanos, InstrumentId, MarketData, MarketDataBody, MarketDataSequence, MemberId,
};

use super::follower_feed::FollowerFeed;
use super::item::{Item, Kind};

/// Interval at which a member that publishes tells the last increments of all instruments: the time after which a listener knows that it
/// missed the last one.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(100);

/// For whom a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receivers {
    /// Whoever listens, and the recording.
    All,
    /// Whoever listens: a heartbeat, which is of no use later.
    Listeners,
    /// The recording alone: increments of a follower without a feed.
    Recording,
}

/// Where messages go. A message that can't be sent is lost, and listeners recover.
pub trait Outlet {
    /// Sends a message, if that is possible at once.
    fn send(&mut self, message: &[u8], receivers: Receivers);
}

/// Makes messages of the ring's items.
pub struct Publisher {
    member: MemberId,
    leads: bool,
    /// The member that leads, if that is known.
    leader: Option<MemberId>,
    follower_feed: FollowerFeed,
    /// Log time of the last increment.
    time: Option<EpochNanos>,
    /// Increments of one instrument that go into the next message.
    batch: Vec<MarketData>,
    /// The last increment of each instrument, by instrument.
    positions: Vec<(InstrumentId, MarketDataSequence)>,
    /// Index in `positions` of the last item's instrument, which is most often that of the next one, too.
    place: usize,
    heartbeat_at: Duration,
    buffer: Box<StreamBuffer>,
}

impl Publisher {
    /// A publisher of this member, which does not lead yet, with room for `instruments` instruments.
    pub fn new(member: MemberId, instruments: usize) -> Self {
        Self {
            member,
            leads: false,
            leader: None,
            follower_feed: FollowerFeed::Off,
            time: None,
            batch: Vec::with_capacity(MAXIMUM_INCREMENTS + 1),
            positions: Vec::with_capacity(instruments),
            place: 0,
            heartbeat_at: Duration::ZERO,
            buffer: Box::new([0; MAXIMUM_STREAM_LENGTH]),
        }
    }

    /// The same publisher, which also publishes while the member follows, if `follower_feed` says so.
    #[must_use]
    pub fn with_follower_feed(mut self, follower_feed: FollowerFeed) -> Self {
        self.follower_feed = follower_feed;
        self
    }

    /// Whether the member leads.
    pub fn leads(&self) -> bool {
        self.leads
    }

    /// Whether this member's increments are sent to whoever listens.
    #[inline]
    pub fn publishes(&self) -> bool {
        self.leads || self.follower_feed == FollowerFeed::On
    }

    /// For whom this member's increments are, if for anybody.
    #[inline]
    fn receivers(&self) -> Option<Receivers> {
        match self.follower_feed {
            _ if self.publishes() => Some(Receivers::All),
            FollowerFeed::Recorded => Some(Receivers::Recording),
            FollowerFeed::Off | FollowerFeed::On => None,
        }
    }

    /// Log time of the last increment that was taken.
    pub fn time(&self) -> Option<EpochNanos> {
        self.time
    }

    /// Takes the next item of the ring.
    #[inline]
    pub fn take(&mut self, item: &Item, outlet: &mut impl Outlet) {
        match item.kind {
            Kind::Role => {
                self.flush(EndOfEvent::No, outlet);
                (self.leads, self.leader) = item.leadership().unwrap_or_default();
                // The positions of all instruments that are here come next.
                self.positions.clear();
                self.heartbeat_at = Duration::ZERO;
            }
            Kind::Position => {
                self.flush(EndOfEvent::No, outlet);
                self.set_position(item);
                self.heartbeat_at = Duration::ZERO;
            }
            _ => {
                self.set_position(item);
                if let Some(increment) = item.market_data().filter(|_| self.receivers().is_some()) {
                    self.time = Some(increment.time);
                    self.add(increment, item.end_of_event, outlet);
                }
            }
        }
    }

    /// Sends heartbeats, if they are due. To be called when the ring is empty.
    ///
    /// `now`: of a clock that does not go back.
    pub fn tick(&mut self, now: Duration, outlet: &mut impl Outlet) {
        if !self.publishes() || now < self.heartbeat_at {
            return;
        }
        self.heartbeat_at = now + HEARTBEAT_INTERVAL;
        let leader = if self.leads { Some(self.member) } else { self.leader.filter(|leader| *leader != self.member) };
        let heartbeat = Heartbeat { leader, sender: Some(self.member), time: self.time };
        if self.positions.is_empty() {
            outlet.send(encode_heartbeat(&heartbeat, &[], &mut self.buffer), Receivers::Listeners);
        }
        for positions in self.positions.chunks(MAXIMUM_POSITIONS) {
            outlet.send(encode_heartbeat(&heartbeat, positions, &mut self.buffer), Receivers::Listeners);
        }
    }

    #[inline]
    fn add(&mut self, increment: MarketData, end_of_event: EndOfEvent, outlet: &mut impl Outlet) {
        // A trade that was amended has a message of its own, and so has an auction.
        let is_alone = matches!(increment.body, MarketDataBody::TradeAddendum { .. } | MarketDataBody::Auction(_));
        if self.batch.last().is_some_and(|last| is_alone || !follows(&increment, last)) {
            self.flush(EndOfEvent::No, outlet);
        }
        // A message has statistics only as its last increment.
        let is_statistics = matches!(increment.body, MarketDataBody::Statistics(_));
        self.batch.push(increment);
        if end_of_event == EndOfEvent::Yes || is_statistics || is_alone || self.batch.len() == MAXIMUM_INCREMENTS {
            self.flush(end_of_event, outlet);
        }
    }

    fn flush(&mut self, end_of_event: EndOfEvent, outlet: &mut impl Outlet) {
        if self.batch.is_empty() {
            return;
        }
        if let Some(receivers) = self.receivers() {
            outlet.send(encode_increments(&self.batch, end_of_event, &mut self.buffer), receivers);
        }
        self.batch.clear();
    }

    #[inline]
    fn set_position(&mut self, item: &Item) {
        if self.positions.get(self.place).is_none_or(|&(instrument, _)| instrument != item.instrument) {
            self.place = self.place_of(item.instrument);
        }
        if let Some((_, sequence)) = self.positions.get_mut(self.place) {
            *sequence = item.sequence;
        }
    }

    fn place_of(&mut self, instrument: InstrumentId) -> usize {
        self.positions.binary_search_by_key(&instrument, |&(instrument, _)| instrument).unwrap_or_else(|place| {
            self.positions.insert(place, (instrument, MarketDataSequence(0)));
            place
        })
    }
}

/// Whether an increment belongs into one message with the increment before it.
#[inline]
fn follows(increment: &MarketData, last: &MarketData) -> bool {
    (increment.instrument, increment.sequence.0, increment.time) == (last.instrument, last.sequence.0 + 1, last.time)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
