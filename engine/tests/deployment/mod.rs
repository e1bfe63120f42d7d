//! Two engines between which an instrument moves, an engine that has it all the time, and the oracle: what is told must be the
//! same.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use lugus_engine::{Engine, EngineLimits, Progress};
use lugus_vocabulary::*;

use crate::comparison::steps::{Number, STEP, Step};
use crate::oracle::Oracle;
use crate::venue::*;

pub const SMALL: EngineLimits = EngineLimits {
    instruments: 4,
    participants: 8,
    orders: 300,
    retained_events: 20,
    retained_firm_events: 16_384,
    retained_trades: 4_096,
    steps: 4_096,
};
pub const LARGE: EngineLimits = EngineLimits { orders: 20_000, ..SMALL };
pub const MOVING: InstrumentId = InstrumentId(1);

pub fn reload(engine: &mut Engine) {
    engine.prepare_snapshot();
    let records = snapshot(engine);
    let limits = if engine.live_orders() > SMALL.orders { LARGE } else { SMALL };
    let loaded = restore(limits, &records).unwrap();
    loaded.verify().unwrap();
    assert_eq!(snapshot(&loaded), records);
    assert_eq!(loaded.state_hash(), engine.state_hash());
    *engine = loaded;
}

/// Random numbers from a seed.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Exports the instrument from one engine and imports it into the other. Now and then an engine is loaded from its
/// snapshot, or a chunk of records is imported twice.
pub fn transfer(
    from: &mut Engine,
    to: &mut Engine,
    migration: MigrationId,
    manifest: ExportManifest,
    random: &mut Random,
) -> ExportCursor {
    let mut cursor = ExportCursor::START;
    loop {
        let mut export = from.export(MOVING, migration, cursor).unwrap();
        let wanted = 1 + random.below(9) as usize;
        let chunk: Vec<_> = export.by_ref().take(wanted).collect();
        let next = export.cursor();
        if chunk.is_empty() {
            return cursor;
        }
        for _ in 0..=random.below(2) {
            let received = to.import_records(MOVING, migration, cursor.records, chunk.iter().copied());
            assert_eq!(received, Ok(next.records));
        }
        cursor = next;
        if random.below(8) == 0 {
            reload(from);
        }
        if random.below(4) == 0 {
            reload(to);
        }
        assert_eq!(to.import_begin(MOVING, migration, manifest), Ok(cursor.records));
        to.verify().unwrap();
    }
}

pub fn drop_in_parts(engine: &mut Engine, migration: MigrationId, epoch: MapEpoch) -> usize {
    let mut parts = 1;
    while engine.drop_instrument(MOVING, migration, epoch).unwrap() == Progress::More {
        engine.verify().unwrap();
        reload(engine);
        parts += 1;
    }
    engine.verify().unwrap();
    parts
}

/// Two engines between which the instrument moves, an engine that has it all the time, and the oracle.
pub struct Deployment {
    pub engines: [Engine; 2],
    pub owner: usize,
    pub never_moved: Engine,
    pub oracle: Oracle,
    pub now: i64,
    pub migration: u64,
}

impl Deployment {
    pub fn new() -> Self {
        Self::with_price_band(Quantity(5))
    }

    /// The same, of instruments with another price band. Without one, plain orders take a way of their own.
    pub fn with_price_band(price_band: Quantity) -> Self {
        let definition = |instrument| InstrumentDefinition { price_band, ..definition(instrument) };
        let engine = || Engine::new(SMALL);
        let mut deployment = Self {
            engines: [engine(), engine()],
            owner: 0,
            never_moved: engine(),
            oracle: Oracle::new(SMALL),
            now: 0,
            migration: 10,
        };
        for (number, instrument) in [(1, 1), (2, 2)] {
            let define = command(0, 0, number, Action::DefineInstrument(definition(instrument)));
            deployment.oracle.apply(0, &define);
            told(&mut deployment.never_moved, 0, &define);
            told(&mut deployment.engines[0], 0, &define);
        }
        let define = command(0, 0, 1, Action::DefineInstrument(definition(3)));
        told(&mut deployment.engines[1], 0, &define);
        deployment
    }

    pub fn step(&mut self, step: &Step) {
        match *step {
            Step::Command { participant, instrument, number, mut action } if (1..=2).contains(&instrument) => {
                let next = self.oracle.last_command(participant, instrument) + 1;
                let number = match number {
                    Number::Next => next,
                    Number::Before(by) => next.saturating_sub(by),
                    Number::After(by) => next + by,
                    Number::Zero => 0,
                    Number::Last => u64::MAX,
                };
                if let Action::New(NewOrder { expire_time: Some(time), .. }) = &mut action {
                    time.0 += self.now;
                }
                self.apply(&command(participant, instrument, number, action));
            }
            Step::Touch { participant, instrument, id, price, quantity, .. } => {
                let Some(mut touched) = self.oracle.order(participant, instrument, id) else { return };
                touched.price = touched.price.map(|now| Price(now.0 + price));
                touched.quantity.0 = touched.quantity.0.saturating_add_signed(quantity);
                let number = self.oracle.last_command(participant, instrument) + 1;
                self.apply(&command(participant, instrument, number, Action::Replace(touched)));
            }
            Step::Shrink { participant, instrument, id, to, moves } => {
                let Some(mut shrunk) = self.oracle.shrunk(participant, instrument, id, to) else { return };
                shrunk.price = shrunk.price.map(|now| Price(now.0 + moves));
                let number = self.oracle.last_command(participant, instrument) + 1;
                self.apply(&command(participant, instrument, number, Action::Replace(shrunk)));
            }
            // The engines expire orders at different commands, so time must not go back here.
            Step::Wait(nanos) => self.now += nanos.max(0),
            Step::WaitFor { moment, from_it } => {
                if let Some(&moment) = self.oracle.moments(self.now + STEP).iter().cycle().nth(moment) {
                    self.now = moment.saturating_add(from_it - STEP);
                }
            }
            Step::Resume { participant, unseen, .. } => {
                let last = self.oracle.last_event(participant, 1);
                let last_seen = unseen.map(|unseen| last.wrapping_sub(unseen).wrapping_add(1));
                let expected = self.oracle.resume(participant, 1, last_seen);
                assert_eq!(told_again(&self.engines[self.owner], participant, 1, last_seen), expected);
            }
            Step::MassStatus { participant, instrument, after } => {
                let request = OrderMassStatusRequest { request_id: 6, instrument: InstrumentId(instrument), after };
                if instrument == 1 {
                    let expected = self.oracle.order_mass_status(participant, &request, self.now);
                    let mut report = OrderStatusReport::default();
                    let (participant, now) = (ParticipantId(participant), EpochNanos(self.now));
                    self.engines[self.owner].order_mass_status(participant, &request, now, &mut report);
                    assert_eq!(report, expected);
                }
            }
            Step::Command { .. }
            | Step::Snapshot
            | Step::Timer
            | Step::Disconnect { .. }
            | Step::Connect { .. }
            | Step::ResumeFirm { .. }
            | Step::Status { .. } => {}
        }
    }

    pub fn apply(&mut self, command: &Command) {
        self.now += STEP;
        let mut found = Vec::new();
        // Orders expire before the next command of any engine.
        for engine in &mut self.engines {
            let mut recorder = Recorder::default();
            engine.on_timer(EpochNanos(self.now), &mut recorder);
            found.extend(recorder.0);
        }
        let place = if command.instrument == MOVING { self.owner } else { 0 };
        found.extend(told(&mut self.engines[place], self.now, command));
        let expected = self.oracle.apply(self.now, command);
        told(&mut self.never_moved, self.now, command);
        for instrument in [1, 2] {
            assert_eq!(of_instrument(&found, instrument), of_instrument(&expected, instrument));
        }
        self.engines.iter().for_each(|engine| engine.verify().unwrap());
        self.compare();
    }

    pub fn compare(&self) {
        let (owner, reference) = (&self.engines[self.owner], &self.never_moved);
        assert_eq!(owner.instrument_state_hash(MOVING), reference.instrument_state_hash(MOVING));
        assert_eq!(owner.market_data_snapshot(MOVING), reference.market_data_snapshot(MOVING));
        let displayed = |engine: &Engine| engine.displayed_orders(MOVING).unwrap().collect::<Vec<_>>();
        assert_eq!(displayed(owner), displayed(reference));
        assert_eq!(owner.definition(MOVING), reference.definition(MOVING));
    }

    pub fn migrate(&mut self, random: &mut Random) {
        let [one, other] = &mut self.engines;
        let (from, to) = if self.owner == 0 { (one, other) } else { (other, one) };
        let (migration, epoch) = (MigrationId(self.migration), MapEpoch(self.migration + 3));
        let manifest = from.fence(MOVING, migration).unwrap();
        assert_eq!(to.import_begin(MOVING, migration, manifest), Ok(0));
        let hash = from.state_hash();
        let end = transfer(from, to, migration, manifest, random);
        assert_eq!((end.records, from.state_hash()), (manifest.records(), hash));
        assert_eq!(to.import_end(MOVING, migration, end.checksum), Ok(manifest));
        reload(to);
        let undone = random.below(4) == 0;
        if undone {
            while to.drop_import(MOVING, migration).unwrap() == Progress::More {}
            from.unfence(MOVING, migration).unwrap();
        } else {
            assert_eq!(to.activate(MOVING, migration), Ok(()));
            drop_in_parts(from, migration, epoch);
            self.owner = 1 - self.owner;
        }
        self.migration += 10;
        self.engines.iter_mut().for_each(reload);
        self.compare();
        let away = &mut self.engines[1 - self.owner];
        // At log time 0, so that nothing expires.
        let answer = told(away, 0, &command(1, 1, 1, cancel(1)));
        let unknown = Reply::Refused {
            instrument: MOVING,
            client_sequence: ClientSequence(1),
            reason: RejectReason::UnknownInstrument,
        };
        match answer[..] {
            [Told::Reply(Reply::Moved { instrument: MOVING, client_sequence: ClientSequence(1), .. })] => {}
            // The instrument has never been in that engine.
            [Told::Reply(reply)] => assert_eq!(reply, unknown),
            _ => panic!("{answer:?}"),
        }
    }
}

pub fn of_instrument(all: &[Told], wanted: u32) -> Vec<Told> {
    let is_of = |told: &&Told| match told {
        Told::Report(report) | Told::Reply(Reply::Again(report)) => report.instrument.0 == wanted,
        Told::FirmEvent(event) => event.report.instrument.0 == wanted,
        Told::Reply(_) | Told::FirmReply(_) => true,
    };
    all.iter().filter(is_of).copied().collect()
}
