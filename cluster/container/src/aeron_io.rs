//! The I/O of an agent with a real media driver and archive.
//!
//! The Aeron client has no thread of its own; the duty cycle of the container runs it. So a new log is joined without a
//! wait for another thread, and a service that hangs for longer than the driver's client liveness time-out (10 s by
//! default) loses its client, which the consensus module notices.

use std::fmt::Display;
use std::time::{Duration, Instant};

use aeron_support::{AeronError, Fragment, FragmentAssembler, Idler, MAX_COUNTER_KEY_LENGTH, Pending, failed};
use rusteron_archive::{AeronCounter, AeronImage, AeronPublication, AeronSubscription};

use crate::adding::Adding;
use crate::aeron_client::Client;
use crate::aeron_snapshot::{AeronRecording, AeronReplay, SnapshotChannels};
use crate::aeron_types::{controlled, offer};
use crate::agent_io::{AgentIo, Egress, Flow, FoundCounter, LogImage, SnapshotError};
use crate::concluded_context::ConcludedContext;
use crate::counters::{DRIVER_PROBE_TYPE_ID, ServiceCounter};
use crate::error::ContainerError;
use crate::error_recorder::{epoch_ms, epoch_ns};
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;

/// State of a counter that is in use. Source: `CountersReader.RECORD_ALLOCATED`.
const RECORD_ALLOCATED: i32 = 1;
/// The agent acts on one message of the consensus module before it reads the next.
const CONTROL_FRAGMENT_LIMIT: usize = 1;
/// Shortest time between two probes of the media driver.
const PROBE_INTERVAL: Duration = Duration::from_millis(2);

/// I/O of an agent with an Aeron client.
pub(crate) struct AeronIo {
    control_publication: AeronPublication,
    control_subscription: AeronSubscription,
    control_assembler: FragmentAssembler,
    client: Client,
    snapshots: SnapshotChannels,
    idler: Idler,
    probe: DriverProbe,
    /// Begin of the clock [`AgentIo::nano_time`].
    epoch: Instant,
}

impl AeronIo {
    /// Opens the control channel.
    pub(crate) fn open(context: &ConcludedContext, client: Client) -> Result<Self, AeronError> {
        let channel = &context.control_channel;
        let publication = client.aeron.async_add_publication(channel, context.consensus_module_stream_id)?;
        let subscription = client.aeron.async_add_subscription(channel, context.service_stream_id)?;
        Ok(Self {
            control_publication: client.wait_for(&publication)?,
            control_subscription: client.wait_for(&subscription)?,
            control_assembler: FragmentAssembler::new(1),
            snapshots: SnapshotChannels::new(context),
            client,
            idler: Idler::new(context.idle_strategy),
            probe: DriverProbe::default(),
            epoch: Instant::now(),
        })
    }
}

/// Finds out whether the media driver works: it is asked for a counter, which is dropped once it has come.
#[derive(Debug, Default)]
struct DriverProbe {
    pending: Option<Pending<AeronCounter>>,
    asked: Option<Instant>,
}

impl DriverProbe {
    /// Asks the media driver, unless it owes an answer. Returns whether one has come. A refusal is an answer.
    fn poll(&mut self, client: &Client) -> bool {
        let has_answered = match self.pending.as_ref().map(Pending::poll) {
            Some(Ok(None)) => return false,
            Some(_) => true,
            None => false,
        };
        self.pending = None;
        if self.asked.is_none_or(|asked| asked.elapsed() >= PROBE_INTERVAL) {
            self.asked = Some(Instant::now());
            self.pending = client.aeron.async_add_counter(DRIVER_PROBE_TYPE_ID, &[], "Service container probe").ok();
        }
        has_answered
    }
}

impl AgentIo for AeronIo {
    type Egress = AeronEgress;
    type LogSubscription = PendingSubscription;
    type LogImage = AeronLogImage;
    type SnapshotReplay = AeronReplay;
    type SnapshotRecording = AeronRecording;

    #[inline]
    fn nano_time(&self) -> i64 {
        self.epoch.elapsed().as_nanos() as i64
    }

    fn epoch_ms(&self) -> i64 {
        epoch_ms()
    }

    fn epoch_ns(&self) -> i64 {
        epoch_ns()
    }

    #[inline]
    fn idle(&mut self, work: usize) {
        self.idler.idle(work);
    }

    fn invoke_client(&mut self) -> Result<(), ContainerError> {
        self.client.aeron.do_work().map(drop).map_err(|error| ContainerError::ClientClosed(error.message))
    }

    fn client_id(&self) -> i64 {
        self.client.aeron.aeron().client_id()
    }

    fn find_counters(&self, type_id: i32) -> Vec<FoundCounter> {
        let mut found = Vec::new();
        self.client.counters.foreach_counter_fn(|_, id, counter_type, key, _| {
            if counter_type == type_id
                && let Some(key) = key.first_chunk::<MAX_COUNTER_KEY_LENGTH>()
            {
                found.push((id, *key));
            }
        });
        let registered = found.into_iter().filter_map(|(id, key)| {
            let registration_id = self.client.counters.counter_registration_id(id).ok()?;
            Some(FoundCounter { id, registration_id, key })
        });
        registered.collect()
    }

    #[inline]
    fn counter_value(&self, counter_id: i32) -> i64 {
        self.client.counters.get_counter_value(counter_id).unwrap_or(0)
    }

    fn is_counter_active(&self, counter: &FoundCounter) -> bool {
        let counters = &self.client.counters;
        counters.counter_state(counter.id).is_ok_and(|state| state == RECORD_ALLOCATED)
            && counters.counter_registration_id(counter.id).is_ok_and(|id| id == counter.registration_id)
    }

    fn probe_driver(&mut self) -> bool {
        self.probe.poll(&self.client)
    }

    fn add_counter(&mut self, type_id: i32, key: &[u8], label: &str) -> Result<ServiceCounter, ServiceError> {
        Ok(self.client.add_counter(type_id, key, label)?)
    }

    fn poll_control(&mut self, handler: &mut dyn FnMut(&[u8])) -> Result<usize, ContainerError> {
        let assembler = &mut self.control_assembler;
        let polled = self.control_subscription.poll_fn(
            |payload, header| {
                if let Some(message) = assembler.assemble(&Fragment::new(payload, &header)) {
                    handler(message);
                }
            },
            CONTROL_FRAGMENT_LIMIT,
        );
        Ok(polled.map_err(failed("read the control channel"))? as usize)
    }

    fn offer_control(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError> {
        offer(&self.control_publication, parts)
    }

    fn add_egress(&mut self, channel: &str, stream_id: i32) -> Result<AeronEgress, ServiceError> {
        let (channel, client, epoch) = (channel.to_owned(), self.client.clone(), self.epoch);
        let address = EgressAddress { channel, stream_id, client, epoch };
        let adding = Adding::start(self.nano_time(), || address.ask())?;
        Ok(AeronEgress::Adding(Box::new(AddingEgress { adding, address })))
    }

    fn subscribe_log(&mut self, channel: &str, stream_id: i32) -> Result<PendingSubscription, ContainerError> {
        let pending = self.client.aeron.async_add_subscription(channel, stream_id)?;
        Ok(PendingSubscription { pending, subscription: None })
    }

    fn log_image(
        &mut self,
        subscription: &mut PendingSubscription,
        session_id: i32,
    ) -> Result<Option<AeronLogImage>, ContainerError> {
        if subscription.subscription.is_none() {
            subscription.subscription = subscription.pending.poll()?;
        }
        let Some(added) = &subscription.subscription else { return Ok(None) };
        Ok(added.image_by_session_id(session_id).map(|image| AeronLogImage { image, _subscription: added.clone() }))
    }

    fn replay_snapshot(&mut self, recording_id: i64) -> Result<AeronReplay, ServiceError> {
        AeronReplay::start(&self.client, &self.snapshots, recording_id, self.epoch)
    }

    fn record_snapshot(&mut self) -> Result<AeronRecording, SnapshotError> {
        AeronRecording::start(&self.client, &self.snapshots)
    }

    fn keep_alive(&mut self, now_ms: i64) {
        self.client.recorder.with_mark_file(|mark_file| mark_file.update_activity(now_ms));
    }

    fn set_member_id(&mut self, member_id: i32) {
        self.client.recorder.with_mark_file(|mark_file| mark_file.set_member_id(member_id));
    }

    fn record_error(&mut self, error: &dyn Display) {
        self.client.recorder.record(error);
    }
}

/// A subscription to a log, requested or added.
pub(crate) struct PendingSubscription {
    pending: Pending<AeronSubscription>,
    subscription: Option<AeronSubscription>,
}

/// A publication to a client. The media driver shares it with the consensus module's publication for the same channel
/// and stream, so that the client sees one stream of both.
#[derive(Debug)]
pub(crate) enum AeronEgress {
    Adding(Box<AddingEgress>),
    Ready(AeronPublication),
    Failed,
}

/// A publication to a client that is being added.
#[derive(Debug)]
pub(crate) struct AddingEgress {
    adding: Adding<Pending<AeronPublication>>,
    address: EgressAddress,
}

/// Where a client receives its egress.
#[derive(Debug)]
struct EgressAddress {
    channel: String,
    stream_id: i32,
    client: Client,
    /// Begin of the clock [`AgentIo::nano_time`].
    epoch: Instant,
}

impl EgressAddress {
    fn ask(&self) -> Result<Pending<AeronPublication>, AeronError> {
        self.client.aeron.async_add_publication(&self.channel, self.stream_id)
    }
}

impl AeronEgress {
    /// Makes a requested publication ready or failed, once the media driver has answered.
    #[cold]
    fn poll(&mut self) {
        let Self::Adding(egress) = self else { return };
        let AddingEgress { adding, address } = egress.as_mut();
        match adding.poll(address.epoch.elapsed().as_nanos() as i64, || address.ask()) {
            Ok(None) => {}
            Ok(Some(publication)) => *self = Self::Ready(publication),
            Err(error) => {
                let text = format_args!("cannot add a client's egress: {}", error.message);
                address.client.recorder.record(&text);
                *self = Self::Failed;
            }
        }
    }
}

impl Egress for AeronEgress {
    #[inline]
    fn offer(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError> {
        if let Self::Adding(_) = self {
            self.poll();
        }
        match self {
            Self::Ready(publication) => offer(publication, parts),
            Self::Adding(_) => Err(OfferError::AdminAction),
            Self::Failed => Err(OfferError::NotConnected),
        }
    }
}

/// The image of a log. Fields are dropped in order, and the image must go before its subscription.
pub(crate) struct AeronLogImage {
    image: AeronImage,
    _subscription: AeronSubscription,
}

impl LogImage for AeronLogImage {
    fn join_position(&self) -> Result<i64, ContainerError> {
        Ok(self.image.get_constants().map_err(failed("read the log"))?.join_position())
    }

    fn position(&self) -> i64 {
        self.image.position()
    }

    fn has_ended(&self) -> bool {
        self.image.is_end_of_stream() || self.image.is_closed()
    }

    #[inline]
    fn poll(
        &mut self,
        limit: i64,
        fragment_limit: usize,
        handler: &mut dyn FnMut(&Fragment<'_>) -> Flow,
    ) -> Result<usize, ContainerError> {
        let polled = self.image.bounded_controlled_poll_fn(
            |payload, header| controlled(handler(&Fragment::new(payload, &header))),
            limit,
            fragment_limit,
        );
        Ok(polled.map_err(failed("read the log"))? as usize)
    }
}
