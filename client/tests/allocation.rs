//! In steady state neither commands nor events nor fail-overs allocate memory.

// Helpers of tests, which may fail loudly as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cluster_messages;

use std::hint::black_box;
use std::sync::Arc;

use cluster_messages::Event;
use lugus_client::sans_io::{Ingress, Offered, Purpose, Router, Session, SessionFactory};
use lugus_client::{
    ClientError, ClientOrderId, CommandNumber, EventHandler, InstrumentId, Limits, MemberId, NewOrder, ParticipantId,
    Price, Quantity, Report, RetryPolicy, Side,
};
use lugus_codecs::session_tag::MessageSigner;
use lugus_partition_map::{ClusterEntry, DeploymentId, Partition, PartitionMap};
use lugus_testing::allocations::CountingAllocator;
use lugus_topology::ClusterId;
use lugus_vocabulary::{InstrumentSpecification, SessionKey};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const BATCH: u64 = 100;
const INSTRUMENTS: u32 = 4;

/// Signs and takes every message.
struct Wire {
    messages: u64,
    signer: MessageSigner,
}

impl Default for Wire {
    fn default() -> Self {
        Self { messages: 0, signer: MessageSigner::new(SessionKey::new([7; SessionKey::LENGTH])) }
    }
}

impl Ingress for Wire {
    fn offer(&mut self, message: &[u8]) -> Offered {
        black_box(self.signer.trailer(message));
        self.messages += 1;
        Offered::Sent
    }
}

#[derive(Default)]
struct Heard {
    reports: u64,
}

impl EventHandler for Heard {
    fn on_report(&mut self, _report: &Report, _command: CommandNumber) {
        self.reports += 1;
    }
}

/// Opens sessions of participant 1.
struct Sessions;

impl SessionFactory for Sessions {
    type Session = Session;

    fn open(&mut self, _cluster: &ClusterEntry) -> Result<Session, ClientError> {
        Ok(Session::new(ParticipantId(1), Limits::default(), &RetryPolicy::default(), 1))
    }
}

/// A map of one cluster that has all instruments.
fn map() -> Arc<PartitionMap> {
    let mut map = PartitionMap::empty(DeploymentId(1));
    map.clusters.push(ClusterEntry {
        id: ClusterId(0),
        name: "0".to_owned(),
        members: Vec::new(),
        ingress_stream: 101,
        ingress_term_length: 64 * 1024,
    });
    let instruments =
        (1..=INSTRUMENTS).map(|id| InstrumentSpecification::spot(InstrumentId(id), &format!("I{id}/USD"), 2, 2));
    map.partitions.extend(instruments.map(Partition::new));
    Arc::new(map)
}

struct Trade {
    router: Router<Sessions>,
    wire: Wire,
    heard: Heard,
    now: u64,
    number: u64,
    /// An encoded report, in which numbers and instrument are replaced.
    report: Vec<u8>,
    resume_complete: Vec<u8>,
}

impl Trade {
    fn round(&mut self, instrument: u32) {
        let order = NewOrder::limit(ClientOrderId(1), Side::Buy, Price(1), Quantity(1));
        let first = self.number + 1;
        for _ in 0..BATCH {
            let session = self.router.session_for(InstrumentId(instrument), Purpose::Order).unwrap();
            session.new_order(&mut self.wire, InstrumentId(instrument), &order).unwrap();
        }
        self.now += 1_000_000;
        let session = &mut self.router.sessions_mut()[0].session;
        session.on_new_leader(MemberId(1), &mut self.heard);
        session.do_work(self.now, &mut self.wire, &mut self.heard);
        for number in first..first + BATCH {
            // Event sequence and client sequence are the first two fields.
            self.report[8..16].copy_from_slice(&number.to_le_bytes());
            self.report[16..24].copy_from_slice(&number.to_le_bytes());
            self.report[INSTRUMENT_OF_REPORT..INSTRUMENT_OF_REPORT + 4].copy_from_slice(&instrument.to_le_bytes());
            session.on_message(1, &self.report, &mut self.heard);
        }
        session.do_work(self.now, &mut self.wire, &mut self.heard);
        assert_eq!(session.outstanding(), 0);
    }

    fn rounds(&mut self, rounds: u64) {
        for _ in 0..rounds {
            for instrument in 1..=INSTRUMENTS {
                self.round(instrument);
            }
            self.number += BATCH;
        }
    }
}

/// Offset of the instrument in an execution report: header, 13 numbers and the participant precede it.
const INSTRUMENT_OF_REPORT: usize = 8 + 13 * 8 + 4;

#[test]
fn commands_events_and_fail_overs_do_not_allocate() {
    let event = Event { participant: 1, event: 1, number: 1, ..Event::default() };
    let mut trade = Trade {
        router: Router::new(Sessions),
        wire: Wire::default(),
        heard: Heard::default(),
        now: 0,
        number: 0,
        report: cluster_messages::report(&event),
        resume_complete: cluster_messages::resume_complete(1, 0, 0),
    };
    trade.router.on_map(&map(), &mut trade.heard);
    let session = &mut trade.router.sessions_mut()[0].session;
    session.on_connected(1, MemberId(0), &mut trade.heard);
    for instrument in 1..=INSTRUMENTS {
        session.resume(InstrumentId(instrument)).unwrap();
    }
    session.do_work(0, &mut trade.wire, &mut trade.heard);
    for instrument in 1..=INSTRUMENTS {
        let at = trade.resume_complete.len() - 4;
        trade.resume_complete[at..].copy_from_slice(&instrument.to_le_bytes());
        session.on_message(1, &trade.resume_complete, &mut trade.heard);
    }
    trade.rounds(2);

    let before = CountingAllocator::allocations();
    assert!(before > 0, "it counts");
    trade.rounds(100);
    assert_eq!(CountingAllocator::allocations() - before, 0);
    assert_eq!(trade.heard.reports, 102 * BATCH * u64::from(INSTRUMENTS));
}
