//! The I/O of an agent with a real media driver and archive.
//!
//! The Aeron client has no thread of its own; the duty cycle of the container runs it. So a new log is joined without a
//! wait for another thread, and a service that hangs for longer than the driver's client liveness time-out (10 s by
//! default) loses its client, which the consensus module notices.

use std::fmt::Display;
use std::rc::Rc;
use std::time::Instant;

use aeron_support::{AeronError, Fragment, FragmentAssembler, Idler, MAX_COUNTER_KEY_LENGTH, Pending, failed};
use rusteron_archive::{AeronImage, AeronPublication, AeronSubscription};

use crate::aeron_client::Client;
use crate::aeron_snapshot::{AeronRecording, AeronReplay, SnapshotChannels};
use crate::aeron_types::{controlled, offer};
use crate::agent_io::{AgentIo, Egress, Flow, FoundCounter, LogImage, SnapshotError};
use crate::concluded_context::ConcludedContext;
use crate::counters::ServiceCounter;
use crate::error::ContainerError;
use crate::error_recorder::{ErrorRecorder, epoch_ms};
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;

/// State of a counter that is in use. Source: `CountersReader.RECORD_ALLOCATED`.
const RECORD_ALLOCATED: i32 = 1;
/// The agent acts on one message of the consensus module before it reads the next.
const CONTROL_FRAGMENT_LIMIT: usize = 1;

/// I/O of an agent with an Aeron client.
pub(crate) struct AeronIo {
    control_publication: AeronPublication,
    control_subscription: AeronSubscription,
    control_assembler: FragmentAssembler,
    client: Client,
    snapshots: SnapshotChannels,
    idler: Idler,
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
            epoch: Instant::now(),
        })
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

    fn find_counter(&self, type_id: i32, matches: &dyn Fn(&[u8]) -> bool) -> Option<FoundCounter> {
        let mut found = None;
        self.client.counters.foreach_counter_fn(|_, id, counter_type, key, _| {
            if found.is_none()
                && counter_type == type_id
                && matches(key)
                && let Some(key) = key.first_chunk::<MAX_COUNTER_KEY_LENGTH>()
            {
                found = Some((id, *key));
            }
        });
        let (id, key) = found?;
        let registration_id = self.client.counters.counter_registration_id(id).ok()?;
        Some(FoundCounter { id, registration_id, key })
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
        let pending = self.client.aeron.async_add_publication(channel, stream_id)?;
        Ok(AeronEgress::Pending { pending, recorder: Rc::clone(&self.client.recorder) })
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
    Pending { pending: Pending<AeronPublication>, recorder: Rc<ErrorRecorder> },
    Ready(AeronPublication),
    Failed,
}

impl AeronEgress {
    /// Makes a requested publication ready or failed, once the media driver has answered.
    #[cold]
    fn poll(&mut self) {
        if let Self::Pending { pending, recorder } = self {
            match pending.poll() {
                Ok(None) => {}
                Ok(Some(publication)) => *self = Self::Ready(publication),
                Err(error) => {
                    recorder.record(&format_args!("cannot add a client's egress: {}", error.message));
                    *self = Self::Failed;
                }
            }
        }
    }
}

impl Egress for AeronEgress {
    #[inline]
    fn offer(&mut self, parts: &[&[u8]]) -> Result<i64, OfferError> {
        if let Self::Pending { .. } = self {
            self.poll();
        }
        match self {
            Self::Ready(publication) => offer(publication, parts),
            Self::Pending { .. } => Err(OfferError::AdminAction),
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
