//! The container, which owns the mark file, the Aeron client and the agent, and runs the duty cycle.
//!
//! Source: `ClusteredServiceContainer`, with the `AgentRunner` of Agrona.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aeron_support::AeronError;
use tracing::info;

use crate::aeron_client::Client;
use crate::aeron_io::AeronIo;
use crate::agent::{Agent, AgentSettings, Progress};
use crate::clustered_service::ClusteredService;
use crate::concluded_context::ConcludedContext;
use crate::context::Context;
use crate::counters::{
    CYCLE_TIME_THRESHOLD_EXCEEDED_TYPE_ID, ContainerCounters, DurationTracker, LOG_POSITION_TYPE_ID, LOG_TIME_TYPE_ID,
    MAX_CYCLE_TIME_TYPE_ID, MAX_SNAPSHOT_DURATION_TYPE_ID, SERVICE_ERROR_COUNT_TYPE_ID, SLOW_SESSIONS_CLOSED_TYPE_ID,
    SNAPSHOT_DURATION_THRESHOLD_EXCEEDED_TYPE_ID, SNAPSHOT_DURATION_TYPE_ID, SNAPSHOT_LOAD_TYPE_ID, ServiceCounter,
    format_duration, service_key, service_label,
};
use crate::error::{ContainerError, Termination};
use crate::error_recorder::{ErrorRecorder, epoch_ms};
use crate::mark_file::{MarkFile, MarkFileFields, write_link};

/// A clustered service at work on one member.
///
/// A container belongs to one thread, on which it must be launched, run and dropped. Dropping it ends the service,
/// closes the Aeron client and releases the mark file.
pub struct ClusteredServiceContainer<S: ClusteredService> {
    agent: Agent<S, AeronIo>,
    /// Whether the container has ended: its error, if any, is recorded, and the service is called no more.
    has_ended: bool,
    /// The last field to be dropped, because it releases the mark file.
    recorder: Rc<ErrorRecorder>,
}

impl<S: ClusteredService> ClusteredServiceContainer<S> {
    /// Checks the settings, takes the mark file, and connects to the media driver. The container is then ready to
    /// [`run`](Self::run); the consensus module may start later.
    ///
    /// The call waits for a media driver, up to the context's [`driver_timeout`](Context::driver_timeout), also beside
    /// the files of a dead driver.
    ///
    /// # Errors
    /// [`ContainerError`]: a setting is not valid, another container has the mark file, or no media driver runs.
    pub fn launch(context: Context, service: S) -> Result<Self, ContainerError> {
        let context = ConcludedContext::of(context)?;
        let recorder = Rc::new(ErrorRecorder::new(open_mark_file(&context)?));
        let agent = launch_agent(&context, service, &recorder).inspect_err(|error| {
            recorder.record(error);
            recorder.with_mark_file(MarkFile::signal_failed_start);
        })?;
        recorder.with_mark_file(|mark_file| mark_file.signal_ready(epoch_ms()));
        info!(service = &context.service_name, "service container launched");
        Ok(Self { agent, has_ended: false, recorder })
    }

    /// Runs until the cluster ends, `stop` is set, or an error occurs. Idles by the context's strategy.
    ///
    /// # Errors
    /// [`ContainerError`], which is also counted and in the error log of the mark file. The process should exit with a
    /// code other than 0, and the member must be restarted as a whole.
    pub fn run(&mut self, stop: &AtomicBool) -> Result<Termination, ContainerError> {
        while !stop.load(Ordering::Acquire) {
            match self.do_work()? {
                Progress::Work(work) => self.agent.idle(work),
                Progress::Ended(termination) => return Ok(termination),
            }
        }
        self.end();
        Ok(Termination::Stopped)
    }

    /// One duty cycle, for callers with a loop of their own.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    #[inline]
    pub fn do_work(&mut self) -> Result<Progress, ContainerError> {
        if self.has_ended {
            return Err(ContainerError::Ended);
        }
        match catch_unwind(AssertUnwindSafe(|| self.agent.do_work())) {
            Ok(Ok(Progress::Work(work))) => Ok(Progress::Work(work)),
            Ok(Ok(ended)) => {
                self.has_ended = true;
                Ok(ended)
            }
            Ok(Err(error)) => Err(self.fail(error)),
            Err(panic) => {
                // The state of the service cannot be trusted, so the service is not called again.
                self.has_ended = true;
                Err(self.fail(ContainerError::of_panic(panic.as_ref())))
            }
        }
    }

    /// The service.
    pub fn service(&self) -> &S {
        self.agent.service()
    }

    #[cold]
    fn fail(&mut self, error: ContainerError) -> ContainerError {
        self.recorder.record(&error);
        self.end();
        error
    }

    /// Ends the service, unless the container has ended.
    fn end(&mut self) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.agent.close())) {
            self.recorder.record(&ContainerError::of_panic(panic.as_ref()));
        }
    }
}

impl<S: ClusteredService> Drop for ClusteredServiceContainer<S> {
    fn drop(&mut self) {
        self.end();
    }
}

fn open_mark_file(context: &ConcludedContext) -> Result<MarkFile, ContainerError> {
    let fields = MarkFileFields {
        cluster_id: context.cluster_id,
        service_id: context.service_id,
        archive_stream_id: context.archive_control_stream_id,
        service_stream_id: context.service_stream_id,
        consensus_module_stream_id: context.consensus_module_stream_id,
        error_buffer_length: context.error_buffer_length,
        aeron_directory: &context.aeron_dir.to_string_lossy(),
        control_channel: &context.control_channel,
        service_name: &context.service_name,
    };
    let mark_file = MarkFile::open(&context.mark_file_dir, &fields, epoch_ms())?;
    write_link(&context.cluster_dir, &context.mark_file_dir, context.service_id)?;
    Ok(mark_file)
}

fn launch_agent<S: ClusteredService>(
    context: &ConcludedContext,
    service: S,
    recorder: &Rc<ErrorRecorder>,
) -> Result<Agent<S, AeronIo>, ContainerError> {
    let client = Client::connect(context, Rc::clone(recorder))?;
    let counters = add_counters(context, &client, recorder)?;
    let io = AeronIo::open(context, client)?;
    let settings = AgentSettings {
        cluster_id: context.cluster_id,
        service_id: context.service_id,
        app_version: context.app_version,
        is_responding_service: context.is_responding_service,
        log_fragment_limit: context.log_fragment_limit,
        timed_messages: context.timed_messages,
        egress_stall_limit_ns: nanoseconds(context.egress_stall_limit),
        client_of_principal: context.client_of_principal,
        snapshot_progress_timeout_ns: nanoseconds(context.snapshot_progress_timeout),
        log_image_timeout_ns: nanoseconds(context.log_image_timeout),
    };
    Ok(Agent::new(service, io, settings, counters))
}

/// Adds the counters of the container. Their labels are those of Aeron, which tools and dashboards know.
fn add_counters(
    context: &ConcludedContext,
    client: &Client,
    recorder: &ErrorRecorder,
) -> Result<ContainerCounters, AeronError> {
    let (cluster_id, service_id) = (context.cluster_id, context.service_id);
    let key = service_key(cluster_id, service_id);
    let add = |type_id: i32, name: &str| -> Result<ServiceCounter, AeronError> {
        client.add_counter(type_id, &key, &service_label(name, cluster_id, service_id))
    };
    let errors_label = service_label("Cluster Container Errors", cluster_id, service_id);
    let errors_label = format!("{errors_label} version={}", env!("CARGO_PKG_VERSION"));
    recorder.set_counter(client.add_counter(SERVICE_ERROR_COUNT_TYPE_ID, &key, &errors_label)?);

    let cycle_ns = nanoseconds(context.cycle_threshold);
    let cycle_name =
        format!("Cluster container work cycle time exceeded count: threshold={}", format_duration(cycle_ns));
    let snapshot_ns = nanoseconds(context.snapshot_duration_threshold);
    let snapshot_name =
        format!("Clustered service max snapshot duration exceeded count: threshold={}", format_duration(snapshot_ns));
    let log_position = add(LOG_POSITION_TYPE_ID, "Clustered service log position")?;
    // The service has not joined a log.
    log_position.set(-1);
    Ok(ContainerCounters {
        log_position,
        log_time: add(LOG_TIME_TYPE_ID, "Clustered service log time")?,
        cycle: DurationTracker::new(
            add(MAX_CYCLE_TIME_TYPE_ID, "Cluster container max cycle time in ns")?,
            add(CYCLE_TIME_THRESHOLD_EXCEEDED_TYPE_ID, &cycle_name)?,
            cycle_ns,
        ),
        snapshot: DurationTracker::new(
            add(MAX_SNAPSHOT_DURATION_TYPE_ID, "Clustered service max snapshot duration in ns")?,
            add(SNAPSHOT_DURATION_THRESHOLD_EXCEEDED_TYPE_ID, &snapshot_name)?,
            snapshot_ns,
        ),
        newest_snapshot: add(SNAPSHOT_DURATION_TYPE_ID, "Clustered service newest snapshot duration in ns")?,
        snapshot_load: add(SNAPSHOT_LOAD_TYPE_ID, "Clustered service snapshot load duration in ns")?,
        slow_sessions_closed: add(SLOW_SESSIONS_CLOSED_TYPE_ID, "Clustered service slow sessions closed")?,
    })
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
