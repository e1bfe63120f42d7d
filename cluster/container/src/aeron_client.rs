//! The Aeron client: connected to the media driver, with bounded waits for what the driver is asked for.

use std::ffi::CString;
use std::fmt::Display;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rusteron_archive::{
    Aeron, AeronAsyncAddSubscription, AeronCError, AeronContext, AeronCountersReader, AeronPublication,
    AeronSubscription, Handlers,
};

use crate::concluded_context::ConcludedContext;
use crate::counters::{MAX_KEY_LENGTH, MAX_LABEL_LENGTH, ServiceCounter};
use crate::error::ContainerError;
use crate::error_recorder::{ClientErrorHandler, ErrorRecorder, epoch_ms, one_line};
use crate::service_error::ServiceError;

/// Time between two looks for something that the driver or the archive is asked for.
const POLL_INTERVAL: Duration = Duration::from_micros(50);

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
            settings.set_client_name(&c_string(&context.service_name)?)?;
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
                return Err(ServiceError::message(format!("cannot {}: no answer for {timeout:?}", what())));
            }
            self.recorder.with_mark_file(|mark_file| mark_file.update_activity(epoch_ms()));
            std::thread::sleep(POLL_INTERVAL);
        }
    }
}

pub(crate) fn c_string(value: &str) -> Result<CString, AeronCError> {
    CString::new(value).map_err(|_| AeronCError::with_message(-1, "a text with a zero byte"))
}

/// What an error of Aeron says, in one line; to be asked for at once, as Aeron keeps only the last one's text.
pub(crate) fn text(error: &AeronCError) -> String {
    one_line(error.get_last_err_message())
}

pub(crate) fn failed(what: impl Display, error: &AeronCError) -> ServiceError {
    ServiceError::message(format!("cannot {what}: {}", text(error)))
}

pub(crate) fn container_failed(action: &str, error: &AeronCError) -> ContainerError {
    ContainerError::Aeron { action: action.to_owned(), message: text(error) }
}
