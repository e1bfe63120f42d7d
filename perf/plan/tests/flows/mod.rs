//! A synthetic flow through a real engine, with what it tells counted and encoded by the real codecs.

#![allow(clippy::expect_used, unreachable_pub, reason = "a test that fails panics, and exports nothing")]

use std::collections::HashMap;
use std::convert::Infallible;

use lugus_codecs::market_data::{MAXIMUM_STREAM_LENGTH, StreamBuffer, encode_increments};
use lugus_codecs::order_entry::{
    CommandBuffer, MAXIMUM_COMMAND_LENGTH, MAXIMUM_REPORT_LENGTH, encode_command, encode_report,
};
use lugus_codecs::snapshot::FragmentPacker;
use lugus_engine::{Engine, EngineLimits, EventSink};
use lugus_plan::traffic::{FRAME, in_stream};
use lugus_replay::flow::Flow;
use lugus_replay::synthetic::{SyntheticFlow, SyntheticOptions};
use lugus_vocabulary::{
    Action, ClientSequence, Command, EndOfEvent, EpochNanos, InstrumentId, MarketData, MarketDataBody, ParticipantId,
    Reply, Report, ReportBody,
};

/// What an engine told, and how long that is in the streams of a cluster.
#[derive(Debug, Default)]
pub struct Told {
    pub commands: u64,
    pub log_bytes: u64,
    pub events: u64,
    pub egress_bytes: u64,
    pub fills: u64,
    pub details: u64,
    pub market_data_bytes: u64,
    batch: Vec<MarketData>,
}

impl EventSink for Told {
    fn report(&mut self, report: &Report) {
        self.events += 1;
        self.egress_bytes += in_stream(encode_report(report, &mut [0; MAXIMUM_REPORT_LENGTH]).len()) as u64;
        if let ReportBody::Execution(execution) = &report.body {
            self.fills += u64::from(execution.trade_id.0 != 0);
            // As `ReportRow::needs_detail`: trades, orders that are filled in part, replaced under another number, or tagged.
            let is_whole = execution.cum_quantity.0 == 0;
            self.details += u64::from(
                (execution.trade_id.0 != 0)
                    || !is_whole
                    || (execution.orig_client_order_id.0 != 0
                        && execution.orig_client_order_id != execution.client_order_id),
            );
        }
    }

    fn reply(&mut self, _: &Reply) {}

    fn market_data(&mut self, increment: &MarketData) {
        if self.batch.last().is_some_and(|last| last.instrument != increment.instrument) {
            self.flush();
        }
        self.batch.push(*increment);
        if matches!(increment.body, MarketDataBody::Statistics(_)) || self.batch.len() == 16 {
            self.flush();
        }
    }

    fn wants_market_data(&self) -> bool {
        true
    }
}

impl Told {
    pub fn flush(&mut self) {
        if !self.batch.is_empty() {
            let mut buffer: Box<StreamBuffer> = Box::new([0; MAXIMUM_STREAM_LENGTH]);
            let length = encode_increments(&self.batch, EndOfEvent::Yes, &mut buffer).len();
            self.market_data_bytes += (FRAME + length).next_multiple_of(FRAME) as u64;
            self.batch.clear();
        }
    }
}

/// An engine that a flow was applied to.
pub struct Applied {
    pub engine: Engine,
    pub told: Told,
    sequences: HashMap<(ParticipantId, InstrumentId), u64>,
    flow: SyntheticFlow,
    now: i64,
}

impl Applied {
    /// An engine with the instruments of a flow.
    pub fn new(limits: EngineLimits, options: SyntheticOptions) -> Self {
        let flow = SyntheticFlow::new(SyntheticOptions { steps: u64::MAX, ..options });
        let mut applied =
            Self { engine: Engine::new(limits), told: Told::default(), sequences: HashMap::new(), flow, now: 0 };
        for definition in applied.flow.instruments().to_vec() {
            applied.apply(ParticipantId(0), InstrumentId::NONE, Action::DefineInstrument(definition));
        }
        applied
    }

    /// Applies the next commands of the flow, and forgets what was told before.
    #[allow(dead_code, reason = "each test uses what it is about")]
    pub fn run(&mut self, commands: usize) {
        self.told = Told::default();
        for _ in 0..commands {
            let step = self.flow.next().expect("endless").expect("a flow");
            self.apply(step.participant, step.instrument, step.action);
        }
    }

    /// Puts a participant of the flow into a firm.
    #[allow(dead_code, reason = "each test uses what it is about")]
    pub fn join_firm(&mut self, target: ParticipantId, firm: ParticipantId) {
        self.apply(ParticipantId(0), InstrumentId::NONE, Action::SetFirm { target, firm: Some(firm) });
    }

    /// Applies one command, with its scope's next number.
    pub fn apply(&mut self, participant: ParticipantId, instrument: InstrumentId, action: Action) {
        let sequence = self.sequences.entry((participant, instrument)).or_default();
        *sequence += 1;
        let command = Command { participant, instrument, client_sequence: ClientSequence(*sequence), action };
        let mut buffer: CommandBuffer = [0; MAXIMUM_COMMAND_LENGTH];
        self.told.commands += 1;
        self.told.log_bytes += in_stream(encode_command(&command, &mut buffer).len()) as u64;
        self.now += 100_000;
        self.engine.apply(EpochNanos(self.now), &command, &mut self.told);
        self.told.flush();
    }

    /// The same, and adds up by how much what `bytes` tells grows while the engine applies commands.
    #[allow(dead_code, reason = "each test uses what it is about")]
    pub fn run_counting(&mut self, commands: usize, grown: &mut i64, bytes: fn() -> i64) {
        for _ in 0..commands {
            let step = self.flow.next().expect("endless").expect("a flow");
            // Entered before, so that it does not count.
            self.sequences.entry((step.participant, step.instrument)).or_default();
            self.told.batch.reserve(64);
            let before = bytes();
            self.apply(step.participant, step.instrument, step.action);
            *grown += bytes() - before;
        }
    }

    /// Length of a snapshot of the engine, without frames.
    #[allow(dead_code, reason = "each test uses what it is about")]
    pub fn snapshot_bytes(&self) -> u64 {
        let mut bytes = 0;
        let mut packer = FragmentPacker::new(32 * 1024);
        let offer = &mut |fragment: &[u8]| {
            bytes += fragment.len() as u64;
            Ok::<(), Infallible>(())
        };
        let Ok(()) = self.engine.snapshot(&mut |record| packer.record(record, offer));
        let Ok(()) = packer.finish(offer);
        bytes
    }
}
