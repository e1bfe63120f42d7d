//! What is published: increments batched by command, and heartbeats; only while the member leads. Without I/O.

use std::collections::HashMap;
use std::time::Duration;

use super::item::{End, Item, Kind};
use super::message::{self, Buffer, MAXIMUM_ENTRIES, MAXIMUM_LENGTH, MAXIMUM_POSITIONS};

/// How often a leader says where all instruments stand: the time after which a listener knows that it missed the last.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(100);

/// Where messages go. One that can't be sent is lost: listeners recover.
pub trait Outlet {
    /// Sends a message, or not.
    fn send(&mut self, message: &[u8]);
}

/// The reading end of the ring.
pub struct Publisher {
    member: i32,
    leads: bool,
    /// Increments of one instrument that go into the next message.
    batch: Vec<Item>,
    /// Of each instrument its place in `positions`.
    places: HashMap<u32, usize>,
    positions: Vec<(u32, u64)>,
    heartbeat_at: Duration,
    buffer: Box<Buffer>,
}

impl Publisher {
    /// A publisher of this member, which does not lead yet. `instruments`: as many as there may be.
    pub fn new(member: i32, instruments: usize) -> Self {
        Self {
            member,
            leads: false,
            batch: Vec::with_capacity(MAXIMUM_ENTRIES + 1),
            places: HashMap::with_capacity(instruments),
            positions: Vec::with_capacity(instruments),
            heartbeat_at: Duration::ZERO,
            buffer: Box::new([0; MAXIMUM_LENGTH]),
        }
    }

    /// Whether this member's increments are sent.
    pub fn leads(&self) -> bool {
        self.leads
    }

    /// Takes the next item of the ring.
    #[inline]
    pub fn take(&mut self, item: &Item, outlet: &mut impl Outlet) {
        match item.kind {
            Kind::Role => {
                self.flush(outlet);
                self.leads = item.sequence != 0;
                // Where all instruments that are here stand comes next.
                self.places.clear();
                self.positions.clear();
                self.heartbeat_at = Duration::ZERO;
            }
            Kind::Position => {
                self.flush(outlet);
                self.stand(item);
                self.heartbeat_at = Duration::ZERO;
            }
            _ => {
                self.stand(item);
                if self.leads {
                    self.add(item, outlet);
                }
            }
        }
    }

    /// Sends heartbeats, if they are due. To be called when the ring is empty.
    ///
    /// `now`: of a clock that does not go back.
    pub fn tick(&mut self, now: Duration, outlet: &mut impl Outlet) {
        if !self.leads || now < self.heartbeat_at {
            return;
        }
        self.heartbeat_at = now + HEARTBEAT_INTERVAL;
        if self.positions.is_empty() {
            outlet.send(message::heartbeat(self.member, &[], &mut self.buffer));
        }
        for positions in self.positions.chunks(MAXIMUM_POSITIONS) {
            outlet.send(message::heartbeat(self.member, positions, &mut self.buffer));
        }
    }

    #[inline]
    fn add(&mut self, item: &Item, outlet: &mut impl Outlet) {
        if self.batch.last().is_some_and(|last| !follows(item, last)) {
            self.flush(outlet);
        }
        self.batch.push(*item);
        if item.end == End::OfCommand || item.kind == Kind::Statistics || self.batch.len() == MAXIMUM_ENTRIES {
            self.flush(outlet);
        }
    }

    fn flush(&mut self, outlet: &mut impl Outlet) {
        if !self.batch.is_empty() {
            outlet.send(message::increments(&self.batch, &mut self.buffer));
            self.batch.clear();
        }
    }

    #[inline]
    fn stand(&mut self, item: &Item) {
        let place = *self.places.entry(item.instrument).or_insert_with(|| {
            self.positions.push((item.instrument, 0));
            self.positions.len() - 1
        });
        if let Some((_, sequence)) = self.positions.get_mut(place) {
            *sequence = item.sequence;
        }
    }
}

/// Whether an item belongs into a message after another.
#[inline]
fn follows(item: &Item, last: &Item) -> bool {
    (item.instrument, item.sequence, item.time) == (last.instrument, last.sequence + 1, last.time)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
