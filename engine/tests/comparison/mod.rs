//! The engine side by side with the oracle, with an engine that is loaded from a snapshot now and then, and with a follower
//! of its market data.

#![allow(unreachable_pub, reason = "tests and the soak use it")]

pub mod mixtures;
pub mod steps;

use lugus_engine::{Deadline, Engine, EngineLimits};
use lugus_vocabulary::*;
use steps::{Number, STEP, Step};

use crate::follower::{
    Follower, connected_and_followed, disconnected_and_followed, fired_and_followed, told_and_followed,
};
use crate::oracle::Oracle;
use crate::venue::{
    Told, command, connected, disconnected, fired, levels, restore, snapshot, told, told_again, told_of_firm,
};

/// What is compared.
pub struct Comparison {
    oracle: Oracle,
    engine: Engine,
    /// An engine that is loaded from its own snapshot at every [`Step::Snapshot`].
    restored: Engine,
    /// A follower of the engine's market data.
    follower: Follower,
    limits: EngineLimits,
    now: i64,
}

impl Comparison {
    pub fn new(limits: EngineLimits, definitions: [InstrumentDefinition; 2]) -> Self {
        let engine = || Engine::new(limits);
        let (oracle, follower) = (Oracle::new(limits), Follower::default());
        let mut comparison = Self { oracle, engine: engine(), restored: engine(), follower, limits, now: 0 };
        for (number, definition) in (1..).zip(definitions) {
            comparison.apply(&command(0, 0, number, Action::DefineInstrument(definition)));
        }
        comparison
    }

    /// Takes a step on all of them, compares them, and returns what was told.
    pub fn step(&mut self, step: &Step) -> Vec<Told> {
        match step {
            Step::Command { participant, instrument, number, action } => {
                let next = self.oracle.last_command(*participant, *instrument) + 1;
                let number = match *number {
                    Number::Next => next,
                    Number::Before(by) => next.saturating_sub(by),
                    Number::After(by) => next + by,
                    Number::Zero => 0,
                    Number::Last => u64::MAX,
                };
                let mut action = *action;
                if let Action::New(NewOrder { expire_time: Some(time), .. }) = &mut action {
                    time.0 += self.now;
                }
                return self.apply(&command(*participant, *instrument, number, action));
            }
            Step::Touch { participant, instrument, id, price, stop_price, quantity, display } => {
                let Some(mut touched) = self.oracle.order(*participant, *instrument, *id) else {
                    return Vec::new();
                };
                touched.price = touched.price.map(|now| Price(now.0.saturating_add(*price)));
                touched.stop_price = touched.stop_price.map(|now| Price(now.0.saturating_add(*stop_price)));
                touched.quantity.0 = touched.quantity.0.saturating_add_signed(*quantity);
                touched.display_quantity.0 = touched.display_quantity.0.saturating_add_signed(*display);
                let number = self.oracle.last_command(*participant, *instrument) + 1;
                return self.apply(&command(*participant, *instrument, number, Action::Replace(touched)));
            }
            Step::Shrink { participant, instrument, id, to, moves } => {
                let Some(mut shrunk) = self.oracle.shrunk(*participant, *instrument, *id, *to) else {
                    return Vec::new();
                };
                shrunk.price = shrunk.price.map(|now| Price(now.0.saturating_add(*moves)));
                let number = self.oracle.last_command(*participant, *instrument) + 1;
                return self.apply(&command(*participant, *instrument, number, Action::Replace(shrunk)));
            }
            Step::Wait(nanos) => self.now += nanos,
            Step::WaitFor { moment, from_it } => {
                let moments = self.oracle.moments(self.now + STEP);
                if let Some(&moment) = moments.iter().cycle().nth(*moment) {
                    self.now = moment.saturating_add(from_it - STEP);
                }
            }
            Step::Timer => {
                self.now += STEP;
                let before = self.engine.state_hash();
                let expected = self.oracle.on_timer(self.now);
                assert_eq!(fired_and_followed(&mut self.engine, &mut self.follower, self.now), expected);
                assert_eq!(fired(&mut self.restored, self.now), expected);
                self.compare(before, &expected);
                return expected;
            }
            Step::Disconnect { participant, grace } => {
                self.now += STEP;
                let (before, has_effect) = (self.engine.state_hash(), !self.oracle.is_away(*participant));
                let expected = self.oracle.disconnect(self.now, *participant, *grace);
                let has_effect = has_effect && self.oracle.is_away(*participant);
                let followed = (*participant, *grace);
                assert_eq!(
                    disconnected_and_followed(&mut self.engine, &mut self.follower, self.now, followed),
                    expected
                );
                assert_eq!(disconnected(&mut self.restored, self.now, *participant, *grace), expected);
                self.compare_all();
                let has_changed = self.oracle.has_changed_phase() || !expected.is_empty();
                assert_eq!(self.engine.state_hash() != before, has_effect || has_changed);
                return expected;
            }
            Step::Connect { participant } => return self.connect(*participant),
            Step::Resume { participant, instrument, unseen } => {
                let last = self.oracle.last_event(*participant, *instrument);
                let last_seen = unseen.map(|unseen| last.wrapping_sub(unseen).wrapping_add(1));
                let expected = self.oracle.resume(*participant, *instrument, last_seen);
                assert_eq!(told_again(&self.engine, *participant, *instrument, last_seen), expected);
                assert_eq!(told_again(&self.restored, *participant, *instrument, last_seen), expected);
            }
            Step::ResumeFirm { firm, unseen } => {
                let last = self.oracle.last_firm_event(*firm);
                let last_seen = unseen.map(|unseen| last.wrapping_sub(unseen).wrapping_add(1));
                let expected = self.oracle.resume_firm(*firm, last_seen);
                assert_eq!(told_of_firm(&self.engine, *firm, last_seen), expected);
                assert_eq!(told_of_firm(&self.restored, *firm, last_seen), expected);
            }
            Step::Status { participant, instrument, id } => {
                let request =
                    OrderStatusRequest { request_id: 5, instrument: InstrumentId(*instrument), client_order_id: *id };
                let expected = self.oracle.order_status(*participant, &request, self.now);
                for engine in [&self.engine, &self.restored] {
                    let mut report = OrderStatusReport::default();
                    engine.order_status(ParticipantId(*participant), &request, EpochNanos(self.now), &mut report);
                    assert_eq!(report, expected);
                }
            }
            Step::MassStatus { participant, instrument, after } => {
                let request =
                    OrderMassStatusRequest { request_id: 6, instrument: InstrumentId(*instrument), after: *after };
                let expected = self.oracle.order_mass_status(*participant, &request, self.now);
                let before = self.engine.state_hash();
                for engine in [&mut self.engine, &mut self.restored] {
                    let mut report = OrderStatusReport::default();
                    engine.order_mass_status(ParticipantId(*participant), &request, EpochNanos(self.now), &mut report);
                    assert_eq!(report, expected);
                    engine.verify().unwrap();
                }
                assert_eq!(self.engine.state_hash(), before);
            }
            Step::Snapshot => {
                let records = snapshot(&self.restored);
                assert_eq!(snapshot(&self.engine), records);
                self.restored = restore(self.limits, &records).unwrap();
                assert_eq!(snapshot(&self.restored), records);
                self.restored.verify().unwrap();
                self.follower = Follower::join(&self.restored);
            }
        }
        Vec::new()
    }

    fn connect(&mut self, participant: u32) -> Vec<Told> {
        self.now += STEP;
        let (before, has_effect) = (self.engine.state_hash(), self.oracle.is_away(participant));
        let expected = self.oracle.connect(self.now, participant);
        let followed = connected_and_followed(&mut self.engine, &mut self.follower, self.now, participant);
        assert_eq!(followed, expected);
        assert_eq!(connected(&mut self.restored, self.now, participant), expected);
        self.compare_all();
        let has_changed = self.oracle.has_changed_phase() || !expected.0.is_empty();
        assert_eq!(self.engine.state_hash() != before, has_effect || has_changed);
        expected.0
    }

    /// Applies a command. A participant that sends one is connected.
    fn apply(&mut self, command: &Command) -> Vec<Told> {
        if self.oracle.is_away(command.participant.0) {
            self.connect(command.participant.0);
        }
        self.now += STEP;
        let before = self.engine.state_hash();
        let expected = self.oracle.apply(self.now, command);
        assert_eq!(told_and_followed(&mut self.engine, &mut self.follower, self.now, command), expected);
        assert_eq!(told(&mut self.restored, self.now, command), expected);
        self.compare(before, &expected);
        expected
    }

    /// Compares all of them after `expected` was told; `before` is the state hash before.
    fn compare(&mut self, before: StateHash, expected: &[Told]) {
        self.compare_all();
        let reported = expected.iter().any(|told| matches!(told, Told::Report(_)));
        let has_changed = self.oracle.has_changed_phase();
        assert_eq!(self.engine.state_hash() != before, reported || has_changed);
    }

    fn compare_all(&mut self) {
        self.follower.verify(&self.engine);
        assert_eq!(std::mem::take(&mut self.follower.published), self.oracle.published());
        self.engine.verify().unwrap();
        let deadline =
            self.oracle.deadline().map(|time| time.map_or(Deadline::Now, |time| Deadline::At(EpochNanos(time))));
        assert_eq!((self.engine.next_deadline(), self.restored.next_deadline()), (deadline, deadline));
        for instrument in 0..=3 {
            let indicative = self.engine.indicative(InstrumentId(instrument)).map(|auction| auction.price.0);
            assert_eq!(indicative, self.oracle.indicative(instrument));
            for side in [Side::Buy, Side::Sell] {
                let expected = self.oracle.levels(instrument, side);
                assert_eq!(levels(&self.engine, instrument, side), expected);
                assert_eq!(levels(&self.restored, instrument, side), expected);
            }
        }
        let orders: Vec<_> = snapshot(&self.engine).iter().filter_map(order_id).collect();
        let expected_orders: Vec<_> = (0..=3).flat_map(|instrument| self.oracle.priority(instrument)).collect();
        assert_eq!(orders, expected_orders);
        assert_eq!(self.engine.state_hash(), self.restored.state_hash());
    }
}

fn order_id(record: &SnapshotRecord) -> Option<u64> {
    match record {
        SnapshotRecord::Order(order) => Some(order.order_id.0),
        _ => None,
    }
}

/// Compares them over all steps.
#[allow(dead_code, reason = "the soak takes the steps itself, and counts what is told")]
pub fn check(limits: EngineLimits, definitions: [InstrumentDefinition; 2], steps: &[Step]) {
    let mut comparison = Comparison::new(limits, definitions);
    for step in steps {
        comparison.step(step);
    }
    comparison.step(&Step::Snapshot);
}
