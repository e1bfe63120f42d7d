//! The agent's outside over a real media driver and archive.
//!
//! The Aeron client runs in "invoker" mode: it has no thread of its own, but works when the duty cycle lets it. So a new
//! log is joined without waiting for another thread, and a service that hangs for longer than the driver's client
//! liveness time-out (10 s by default) loses its client, by which the consensus module notices.

use std::ffi::CString;
use std::fmt::Display;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rusteron_archive::{
    Aeron, AeronAsyncAddPublication, AeronAsyncAddSubscription, AeronCError, AeronContext, AeronCountersReader,
    AeronHeader, AeronImage, AeronOfferError, AeronPublication, AeronSubscription, Handlers,
    bindings::aeron_controlled_fragment_handler_action_t as ControlledAction,
};

use crate::aeron_snapshot::{AeronRecording, AeronReplay, SnapshotChannels};
use crate::agent_io::{AgentIo, Egress, Flow, FoundCounter, LogImage, SnapshotError};
use crate::channel::with_parameter;
use crate::cluster::{OfferError, ServiceError};
use crate::consensus_module_proxy::SESSION_HEADER_LENGTH;
use crate::context::ConcludedContext;
use crate::counters::{MAX_KEY_LENGTH, MAX_LABEL_LENGTH, ServiceCounter};
use crate::error::ContainerError;
use crate::error_recorder::{ClientErrorHandler, ErrorRecorder, epoch_ms, one_line};
use crate::fragment_assembler::{Fragment, FragmentAssembler};
use crate::idle_strategy::Idler;

/// A counter's record that is in use. Source: `CountersReader.RECORD_ALLOCATED`.
const RECORD_ALLOCATED: i32 = 1;
/// One message of the consensus module is acted on before the next is read.
const CONTROL_FRAGMENT_LIMIT: usize = 1;
/// Time between two looks for something that the driver or the archive is asked for.
const POLL_INTERVAL: Duration = Duration::from_micros(50);

/// An Aeron client, and what the agent does with it.
pub(crate) struct AeronIo {
    control_publication: AeronPublication,
    control_subscription: AeronSubscription,
    control_assembler: FragmentAssembler,
    client: Client,
    snapshots: SnapshotChannels,
    idler: Idler,
    epoch: Instant,
}

/// The client itself, with bounded waits for what it asks the driver for.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) aeron: Aeron,
    pub(crate) counters: AeronCountersReader,
    pub(crate) recorder: Rc<ErrorRecorder>,
    driver_timeout: Duration,
}

impl Client {
    /// Connects to the media driver.
    pub(crate) fn connect(context: &ConcludedContext, recorder: Rc<ErrorRecorder>) -> Result<Self, ContainerError> {
        let directory = context.aeron_dir.to_string_lossy();
        let connect = || -> Result<Aeron, AeronCError> {
            let settings = AeronContext::new()?;
            settings.set_dir(&c_string(&directory)?)?;
            settings.set_client_name(&c_string(context.service_name())?)?;
            settings.set_driver_timeout_ms(context.driver_timeout.as_millis() as u64)?;
            settings.set_use_conductor_agent_invoker(true)?;
            settings.set_error_handler(Some(ClientErrorHandler(Rc::downgrade(&recorder))))?;
            let aeron = Aeron::new(&settings)?;
            aeron.start()?;
            Ok(aeron)
        };
        let aeron = connect().map_err(|error| ContainerError::Aeron {
            action: format!("connect to the media driver in {directory}"),
            message: text(&error),
        })?;
        let counters = aeron.counters_reader();
        Ok(Self { aeron, counters, recorder, driver_timeout: context.driver_timeout })
    }

    pub(crate) fn add_counter(&self, type_id: i32, key: &[u8], label: &str) -> Result<ServiceCounter, ServiceError> {
        let key = &key[..key.len().min(MAX_KEY_LENGTH)];
        let label = &label[..label.floor_char_boundary(MAX_LABEL_LENGTH)];
        let what = || format!("add the counter {type_id} ({label})");
        let pending = self.aeron.async_add_counter(type_id, key, label).map_err(|error| failed(what(), &error))?;
        let counter = self.wait(self.driver_timeout, what, || pending.poll())?;
        Ok(ServiceCounter::of_driver(counter))
    }

    pub(crate) fn add_publication(&self, channel: &str, stream_id: i32) -> Result<AeronPublication, ServiceError> {
        let what = || format!("add the publication {channel}, stream {stream_id}");
        let pending = c_string(channel)
            .and_then(|channel| self.aeron.async_add_publication(&channel, stream_id))
            .map_err(|error| failed(what(), &error))?;
        self.wait(self.driver_timeout, what, || pending.poll())
    }

    pub(crate) fn begin_subscription(
        &self,
        channel: &str,
        stream_id: i32,
    ) -> Result<AeronAsyncAddSubscription, ServiceError> {
        c_string(channel)
            .and_then(|channel| self.aeron.async_add_subscription(&channel, stream_id, Handlers::NONE, Handlers::NONE))
            .map_err(|error| failed(format!("add the subscription {channel}, stream {stream_id}"), &error))
    }

    pub(crate) fn add_subscription(&self, channel: &str, stream_id: i32) -> Result<AeronSubscription, ServiceError> {
        let pending = self.begin_subscription(channel, stream_id)?;
        let what = || format!("add the subscription {channel}, stream {stream_id}");
        self.wait(self.driver_timeout, what, || pending.poll())
    }

    /// Polls for something until it is there, keeping the client and the mark file alive.
    pub(crate) fn wait<T>(
        &self,
        timeout: Duration,
        what: impl Fn() -> String,
        mut poll: impl FnMut() -> Result<Option<T>, AeronCError>,
    ) -> Result<T, ServiceError> {
        let started = Instant::now();
        loop {
            self.aeron.main_do_work().map_err(|error| failed(what(), &error))?;
            if let Some(ready) = poll().map_err(|error| failed(what(), &error))? {
                return Ok(ready);
            }
            if started.elapsed() > timeout {
                return Err(format!("cannot {}: no answer for {timeout:?}", what()).into());
            }
            self.recorder.with_mark_file(|mark_file| mark_file.update_activity(epoch_ms()));
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

impl AeronIo {
    /// Opens the control channel of a client's container.
    pub(crate) fn open(context: &ConcludedContext, client: Client) -> Result<Self, ContainerError> {
        let channel = &context.control_channel;
        let failed = |error: ServiceError| ContainerError::Aeron {
            action: "open the control channel".to_owned(),
            message: error.to_string(),
        };
        Ok(Self {
            control_publication: client.add_publication(channel, context.consensus_module_stream_id).map_err(failed)?,
            control_subscription: client.add_subscription(channel, context.service_stream_id).map_err(failed)?,
            control_assembler: FragmentAssembler::default(),
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
        match self.client.aeron.main_do_work() {
            Ok(_) => Ok(()),
            Err(error) => Err(ContainerError::ClientClosed(text(&error))),
        }
    }

    fn client_id(&self) -> i64 {
        self.client.aeron.client_id()
    }

    fn find_counter(&self, type_id: i32, matches: &dyn Fn(&[u8]) -> bool) -> Option<FoundCounter> {
        let mut found = None;
        self.client.counters.foreach_counter_fn(|_, id, counter_type, key, _| {
            if found.is_none()
                && counter_type == type_id
                && matches(key)
                && let Some(key) = key.first_chunk::<MAX_KEY_LENGTH>()
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
        self.client.add_counter(type_id, key, label)
    }

    fn poll_control(&mut self, handler: &mut dyn FnMut(&[u8])) -> Result<usize, ContainerError> {
        let assembler = &mut self.control_assembler;
        let polled = self.control_subscription.poll_fn(
            |payload, header| {
                if let Some(message) = assembler.assemble(&fragment(payload, &header)) {
                    handler(message);
                }
            },
            CONTROL_FRAGMENT_LIMIT,
        );
        polled.map(|count| count as usize).map_err(|error| container_failed("read the control channel", &error))
    }

    fn offer_control(&mut self, header: &[u8], payload: &[u8]) -> Result<i64, OfferError> {
        let publication = &self.control_publication;
        publication
            .offer_parts(&[header, payload])
            .map_err(|error| offer_error(&error, header.len() + payload.len(), || max_message_length(publication)))
    }

    fn add_egress(&mut self, channel: &str, stream_id: i32) -> Result<AeronEgress, ServiceError> {
        let pending = c_string(channel)
            .and_then(|channel| self.client.aeron.async_add_publication(&channel, stream_id))
            .map_err(|error| ServiceError::new(text(&error)))?;
        Ok(AeronEgress::Pending { pending, recorder: Rc::clone(&self.client.recorder) })
    }

    fn subscribe_log(&mut self, channel: &str, stream_id: i32) -> Result<PendingSubscription, ContainerError> {
        let pending = self
            .client
            .begin_subscription(channel, stream_id)
            .map_err(|error| ContainerError::Aeron { action: "join the log".to_owned(), message: error.to_string() })?;
        Ok(PendingSubscription { pending, subscription: None })
    }

    fn log_image(
        &mut self,
        subscription: &mut PendingSubscription,
        session_id: i32,
    ) -> Result<Option<AeronLogImage>, ContainerError> {
        if subscription.subscription.is_none() {
            let added = subscription.pending.poll();
            subscription.subscription = added.map_err(|error| container_failed("subscribe to the log", &error))?;
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

/// A subscription to a log that the driver is asked for.
pub(crate) struct PendingSubscription {
    pending: AeronAsyncAddSubscription,
    subscription: Option<AeronSubscription>,
}

/// A publication to a client. It is shared with the consensus module's for the same channel and stream, so that the
/// client sees one stream of both.
#[derive(Debug)]
pub(crate) enum AeronEgress {
    Pending { pending: AeronAsyncAddPublication, recorder: Rc<ErrorRecorder> },
    Ready(AeronPublication),
    Failed,
}

impl AeronEgress {
    #[cold]
    fn poll(&mut self) {
        if let Self::Pending { pending, recorder } = self {
            match pending.poll() {
                Ok(None) => {}
                Ok(Some(publication)) => *self = Self::Ready(publication),
                Err(error) => {
                    recorder.record(&format_args!("cannot add a client's egress: {}", text(&error)));
                    *self = Self::Failed;
                }
            }
        }
    }
}

impl Egress for AeronEgress {
    #[inline]
    fn offer(&mut self, header: &[u8; SESSION_HEADER_LENGTH], payload: &[u8]) -> Result<i64, OfferError> {
        if let Self::Pending { .. } = self {
            self.poll();
        }
        match self {
            Self::Ready(publication) => publication
                .offer_parts(&[header, payload])
                .map_err(|error| offer_error(&error, header.len() + payload.len(), || max_message_length(publication))),
            Self::Pending { .. } => Err(OfferError::AdminAction),
            Self::Failed => Err(OfferError::NotConnected),
        }
    }
}

/// The image of a log. The image goes before its subscription, as it must.
pub(crate) struct AeronLogImage {
    image: AeronImage,
    _subscription: AeronSubscription,
}

impl LogImage for AeronLogImage {
    fn join_position(&self) -> Result<i64, ContainerError> {
        let constants = self.image.get_constants();
        constants.map(|constants| constants.join_position()).map_err(|error| container_failed("read the log", &error))
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
        self.image
            .bounded_controlled_poll_fn(
                |payload, header| controlled(handler(&fragment(payload, &header))),
                limit,
                fragment_limit,
            )
            .map(|count| count as usize)
            .map_err(|error| container_failed("read the log", &error))
    }
}

#[inline]
pub(crate) fn controlled(flow: Flow) -> ControlledAction {
    match flow {
        Flow::Continue => ControlledAction::AERON_ACTION_CONTINUE,
        Flow::Break => ControlledAction::AERON_ACTION_BREAK,
    }
}

/// The fragment of a poll's callback.
#[inline]
pub(crate) fn fragment<'a>(payload: &'a [u8], header: &AeronHeader) -> Fragment<'a> {
    // without flags a fragment belongs to no message, so that it is dropped
    let (flags, term_offset) =
        header.get_values().map_or((0, -1), |values| (values.frame.flags, values.frame.term_offset));
    Fragment { payload, flags, term_offset, position: header.position() }
}

#[cold]
pub(crate) fn offer_error(error: &AeronOfferError, length: usize, maximum: impl Fn() -> usize) -> OfferError {
    match error {
        AeronOfferError::NotConnected => OfferError::NotConnected,
        AeronOfferError::BackPressured => OfferError::BackPressured,
        AeronOfferError::AdminAction => OfferError::AdminAction,
        AeronOfferError::MaxPositionExceeded => OfferError::MaxPositionExceeded,
        AeronOfferError::Closed | AeronOfferError::TooManyParts => OfferError::Closed,
        AeronOfferError::Error(_) if length > maximum() => OfferError::MessageTooLong { length, maximum: maximum() },
        AeronOfferError::Error(_) => OfferError::Closed,
    }
}

fn max_message_length(publication: &AeronPublication) -> usize {
    publication.get_constants().map_or(0, |constants| constants.max_message_length())
}

/// `channel` for the stream of one publisher.
pub(crate) fn of_session(channel: &str, session_id: i32) -> String {
    with_parameter(channel, "session-id", &session_id.to_string())
}

pub(crate) fn c_string(value: &str) -> Result<CString, AeronCError> {
    CString::new(value).map_err(|_| AeronCError::with_message(-1, "a text with a zero byte"))
}

/// What an error of Aeron says, in one line; to be asked for at once, as Aeron keeps only the last one's text.
pub(crate) fn text(error: &AeronCError) -> String {
    one_line(error.get_last_err_message())
}

pub(crate) fn failed(what: impl Display, error: &AeronCError) -> ServiceError {
    format!("cannot {what}: {}", text(error)).into()
}

fn container_failed(action: &str, error: &AeronCError) -> ContainerError {
    ContainerError::Aeron { action: action.to_owned(), message: text(error) }
}
