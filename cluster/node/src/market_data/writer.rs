//! The service's end of the ring: takes what the engine tells, and never waits.

use lugus_engine::Engine;
use lugus_ring::Writer;
use lugus_vocabulary::MarketData;

use super::item::{End, Item};

/// The service's end of the ring.
#[derive(Debug)]
pub struct MarketDataWriter {
    ring: Writer<Item>,
    /// The last increment, until it is known whether it ends its command.
    held: Option<Item>,
    state: State,
    leads: bool,
    lost: u64,
    /// Something is in the ring that the publisher has perhaps not been shown.
    is_unpublished: bool,
}

/// How the ring stands to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Everything is in it.
    Complete,
    /// Something is missing: nothing more goes in until where all instruments stand has, of which so many have.
    Behind { told: usize },
}

impl MarketDataWriter {
    /// A writer that first tells the role, and where all instruments stand.
    pub fn new(ring: Writer<Item>) -> Self {
        Self { ring, held: None, state: State::Behind { told: 0 }, leads: false, lost: 0, is_unpublished: false }
    }

    /// Takes an increment. Shown to the publisher at [`MarketDataWriter::do_work`] at the latest.
    #[inline]
    pub fn put(&mut self, increment: &MarketData) {
        if let Some(item) = self.held.replace(Item::increment(increment)) {
            self.push(&item);
        }
    }

    /// The command at hand has no more increments.
    #[inline]
    pub fn end_of_command(&mut self) {
        if let Some(mut item) = self.held.take() {
            item.end = End::OfCommand;
            self.push(&item);
            self.is_unpublished = true;
        }
    }

    /// The member leads from here on, or no longer does. Tells also where all instruments of `engine` stand.
    pub fn role(&mut self, leads: bool, engine: &Engine) {
        self.leads = leads;
        self.tell_again(engine);
    }

    /// Other instruments than before are here: tells anew where all of `engine` stand.
    pub fn tell_again(&mut self, engine: &Engine) {
        self.state = State::Behind { told: 0 };
        self.do_work(engine);
    }

    /// To be called once a duty cycle: shows the publisher all that was put in, and makes up for what found no room, as far
    /// as there is some now. Returns how many items went in for that. (To show each command by itself would cost it a wait
    /// for memory.)
    #[inline]
    pub fn do_work(&mut self, engine: &Engine) -> usize {
        if std::mem::take(&mut self.is_unpublished) {
            self.ring.publish();
        }
        match self.state {
            State::Complete => 0,
            State::Behind { told } => self.tell_positions(told, engine),
        }
    }

    /// Increments that found no room, since the member's start.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    #[inline]
    fn push(&mut self, item: &Item) {
        if self.state != State::Complete || self.ring.push(item).is_err() {
            self.lose();
        }
    }

    /// What was told of where instruments stand may no longer be true: it is told anew.
    #[cold]
    fn lose(&mut self) {
        self.lost += 1;
        self.state = State::Behind { told: 0 };
    }

    #[cold]
    fn tell_positions(&mut self, told: usize, engine: &Engine) -> usize {
        let positions = engine.instruments().filter_map(|id| engine.market_data_snapshot(id));
        let positions = positions.map(|snapshot| Item::position(snapshot.instrument, snapshot.sequence));
        let mut now_told = told;
        for item in std::iter::once(Item::role(self.leads)).chain(positions).skip(told) {
            if self.ring.push(&item).is_err() {
                self.state = State::Behind { told: now_told };
                return now_told - told;
            }
            now_told += 1;
        }
        self.ring.publish();
        self.state = State::Complete;
        now_told - told
    }
}
