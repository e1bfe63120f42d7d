//! Long streams of commands, and engines that are loaded from a snapshot in the middle of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

mod venue;

use lugus_engine::{Engine, EngineLimits, SnapshotFault};
use lugus_vocabulary::*;
use venue::*;

const LIMITS: EngineLimits = EngineLimits {
    instruments: 3,
    participants: 5,
    orders: 400,
    retained_events: 50,
    retained_firm_events: 16_384,
    retained_trades: 4_096,
    steps: 4_096,
};

/// A stream of commands of all kinds from a seed, with prices near each other.
struct CommandStream {
    state: u64,
    sent: [[u64; 4]; 6],
}

impl CommandStream {
    fn new(seed: u64) -> Self {
        Self { state: seed, sent: Default::default() }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % bound
    }

    fn next(&mut self) -> Command {
        let definitions = self.sent[0][0];
        if definitions < 3 {
            let definition = InstrumentDefinition { price_band: Quantity(0), ..definition(definitions as u32 + 1) };
            return self.command(0, 0, Action::DefineInstrument(definition));
        }
        let (participant, instrument) = (1 + self.below(5) as u32, 1 + self.below(3) as u32);
        let (id, side) = (1 + self.below(60), if self.below(2) == 0 { Side::Buy } else { Side::Sell });
        let middle = if side == Side::Buy { 98 } else { 102 };
        let price = middle - 4 + self.below(9) as i64;
        let quantity = 1 + self.below(20);
        let action = match self.below(1_000) {
            0..600 => Action::New(limit(id, side, price, quantity)),
            600..700 => Action::New(market(id, side, quantity)),
            700..850 => cancel(id),
            850..990 => Action::Replace(replace(id, id, price, quantity)),
            990..995 => Action::MassCancel { target: ParticipantId(participant), side: None },
            more => {
                let state = if more < 997 { InstrumentState::Halted } else { InstrumentState::Open };
                return self.command(0, instrument, Action::SetInstrumentState { state, reference_price: None });
            }
        };
        self.command(participant, instrument, action)
    }

    fn command(&mut self, participant: u32, instrument: u32, action: Action) -> Command {
        let number = &mut self.sent[participant as usize][instrument as usize];
        *number += 1;
        command(participant, instrument, *number, action)
    }
}

fn run(engine: &mut Engine, stream: &mut CommandStream, from: i64, commands: i64) -> Vec<Told> {
    (from..from + commands).flat_map(|now| told(engine, now, &stream.next())).collect()
}

#[test]
fn a_loaded_engine_continues_like_the_original() {
    let (mut engine, mut stream) = (Engine::new(LIMITS), CommandStream::new(42));
    let mut now = 0;
    for length in [0, 3, 500, 4_000, 10_000] {
        run(&mut engine, &mut stream, now, length);
        now += length;
        let mut loaded = restore(LIMITS, &snapshot(&engine)).unwrap();
        loaded.verify().unwrap();
        let mut same_stream = CommandStream { state: stream.state, sent: stream.sent };
        assert_eq!(run(&mut loaded, &mut same_stream, now, 3_000), run(&mut engine, &mut stream, now, 3_000));
        assert_eq!(loaded.state_hash(), engine.state_hash());
        assert_eq!(snapshot(&loaded), snapshot(&engine));
        now += 3_000;
    }
    engine.verify().unwrap();
}

/// The hash of a fixed stream is a part of the format, because members of different builds compare their hashes. If it
/// changes, old and new members of a cluster no longer agree, and old snapshots are refused.
#[test]
fn the_hash_is_the_same_on_every_machine_and_in_every_build() {
    let (mut engine, mut stream) = (Engine::new(LIMITS), CommandStream::new(7));
    run(&mut engine, &mut stream, 1_700_000_000_000_000_000, 20_000);
    let of = |instrument| engine.instrument_state_hash(InstrumentId(instrument)).unwrap();
    assert_eq!(engine.state_hash(), StateHash(0x146216ee50b6e661));
    assert!(of(1) != of(2) && of(2) != of(3));
}

/// Members on which the operator has set something else have different hashes, although all were told the same.
#[test]
fn what_the_operator_sets_is_in_the_state_hash() {
    let hash = |action: Action| {
        let mut venue = Venue::open(LIMITS, definition(1));
        let told = venue.send(0, 1, action);
        assert!(matches!(told[..], [Told::Report(Report { body: ReportBody::Instrument { .. }, .. })]), "{told:?}");
        venue.engine.state_hash()
    };
    let points = |points| PriceProtection { protection_points: Quantity(points), ..PriceProtection::NONE };
    let phase = |no_cancel_milliseconds| AuctionRules { no_cancel_milliseconds, ..AuctionRules::NONE };
    for [one, other] in [
        [1, 2].map(|number| Action::SetPriceProtection(points(number))),
        [1, 2].map(|number| Action::SetAuctionRules(phase(number))),
    ] {
        assert_eq!(hash(one), hash(one));
        assert_ne!(hash(one), hash(other), "{other:?}");
    }
}

fn full() -> Vec<SnapshotRecord> {
    let mut engine = Engine::new(LIMITS);
    let mut stream = CommandStream::new(3);
    run(&mut engine, &mut stream, 0, 500);
    let limits = RiskLimits {
        maximum_commands_per_second: Some(1_000),
        maximum_cancels_per_second: Some(5),
        ..RiskLimits::default()
    };
    let set = stream.command(0, 0, Action::SetRiskLimits { target: ParticipantId(2), limits });
    told(&mut engine, 500, &set);
    let firm = ParticipantId(2);
    for action in [
        Action::SetFirm { target: ParticipantId(3), firm: Some(firm) },
        Action::SetFirmLimits { firm, limits },
        Action::SetFirm { target: ParticipantId(5), firm: Some(ParticipantId(5)) },
    ] {
        let command = stream.command(0, 0, action);
        told(&mut engine, 500, &command);
    }
    run(&mut engine, &mut stream, 500, 100);
    engine.fence(InstrumentId(2), MigrationId(7)).unwrap();
    engine.drop_import(InstrumentId(9), MigrationId(8)).unwrap();
    snapshot(&engine)
}

#[test]
fn a_truncated_snapshot_is_refused() {
    let records = full();
    for kind in RateKind::ALL {
        assert!(records.iter().any(|record| matches!(record, SnapshotRecord::Rate(rate) if rate.kind == *kind)));
    }
    for length in 0..records.len() {
        let error = restore(LIMITS, &records[..length]).unwrap_err();
        assert_eq!((error.record, error.fault), (length as u64, SnapshotFault::Truncated));
    }
}

#[test]
fn a_lost_repeated_or_misplaced_record_is_refused() {
    let records = full();
    for at in 0..records.len() {
        let mut lost = records.clone();
        lost.remove(at);
        assert!(restore(LIMITS, &lost).is_err());
        let mut repeated = records.clone();
        repeated.insert(at, records[at]);
        assert!(restore(LIMITS, &repeated).is_err());
        if at > 0 && records[at] != records[at - 1] {
            let mut misplaced = records.clone();
            misplaced.swap(at, at - 1);
            assert!(restore(LIMITS, &misplaced).is_err());
        }
    }
}

#[test]
fn a_changed_record_is_refused() {
    let records = full();
    for at in 0..records.len() {
        let mut changed = records.clone();
        match &mut changed[at] {
            SnapshotRecord::Header(header) => header.state_hash.0 ^= 1,
            SnapshotRecord::Participant(record) => record.participant.0 += 100,
            SnapshotRecord::Rate(record) => record.time.0 -= 1,
            SnapshotRecord::QuoteSet(set) => set.protection.window_milliseconds += 1,
            SnapshotRecord::QuoteTrades(trades) => trades.sold.0 += 1,
            SnapshotRecord::Firm(firm) => firm.self_trade_scope = SelfTradeScope::Firm,
            SnapshotRecord::FirmEvent(event) => event.report.time.0 ^= 1 << 40,
            SnapshotRecord::MigrationState(record) => record.migration.0 += 1,
            SnapshotRecord::Instrument(instrument) => instrument.last_trade_id.0 += 1,
            SnapshotRecord::Trade(trade) => trade.seller.client_order_id.0 += 1,
            SnapshotRecord::Scope(scope) => scope.last_client_sequence.0 += 1,
            SnapshotRecord::Report(kept) => kept.report.time.0 ^= 1 << 40,
            SnapshotRecord::Order(order) => order.order.quantity.0 += 1,
            SnapshotRecord::End { checksum, .. } => *checksum ^= 1 << 63,
        }
        let error = restore(LIMITS, &changed).unwrap_err();
        assert!(error.record >= at as u64, "{error}");
    }
}

#[test]
fn a_snapshot_larger_than_the_limits_is_refused() {
    let records = full();
    for (limits, what) in [
        (EngineLimits { instruments: 2, ..LIMITS }, "instruments"),
        (EngineLimits { participants: 4, ..LIMITS }, "participants"),
        (EngineLimits { orders: 3, ..LIMITS }, "orders"),
        (EngineLimits { retained_events: 2, ..LIMITS }, "kept events"),
        (EngineLimits { retained_firm_events: 2, ..LIMITS }, "kept events of a firm"),
    ] {
        let error = restore(limits, &records).unwrap_err();
        assert!(matches!(error.fault, SnapshotFault::Limit { what: found, .. } if found == what), "{error}");
    }
    let more = EngineLimits {
        instruments: 9,
        participants: 9,
        orders: LIMITS.orders * 2,
        retained_events: 1_000,
        retained_firm_events: 16_384,
        retained_trades: 4_096,
        steps: 7,
    };
    restore(more, &records).unwrap().verify().unwrap();
}

#[test]
fn the_visitor_may_end_it() {
    let mut engine = Engine::new(LIMITS);
    run(&mut engine, &mut CommandStream::new(3), 0, 100);
    let mut left = 10;
    let ended = engine.snapshot(&mut |_| {
        left -= 1;
        if left == 0 { Err("full") } else { Ok(()) }
    });
    assert_eq!((ended, left), (Err("full"), 0));
}
