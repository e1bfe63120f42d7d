//! The Aeron client of a container: waits keep the mark file alive, and errors go to the error recorder.

use std::rc::Rc;
use std::time::Duration;

use aeron_support::{AeronClient, AeronError, ClientSettings, Pending, Requested};
use rusteron_archive::AeronCountersReader;

use crate::concluded_context::ConcludedContext;
use crate::counters::ServiceCounter;
use crate::error_recorder::{ErrorRecorder, epoch_ms};

#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) aeron: AeronClient,
    pub(crate) counters: AeronCountersReader,
    pub(crate) recorder: Rc<ErrorRecorder>,
}

impl Client {
    /// Connects to the media driver, and waits until one runs.
    pub(crate) fn connect(context: &ConcludedContext, recorder: Rc<ErrorRecorder>) -> Result<Self, AeronError> {
        // the client must not keep the recorder alive, which holds a counter of the client
        let weak = Rc::downgrade(&recorder);
        let on_error = move |text: &str| match weak.upgrade() {
            Some(recorder) => recorder.record(&format_args!("Aeron client: {text}")),
            None => tracing::error!("Aeron client: {text}"),
        };
        let settings = ClientSettings::new(&context.aeron_dir, &context.service_name, context.driver_timeout);
        let aeron = AeronClient::connect(settings.on_error(on_error))?;
        let counters = aeron.aeron().counters_reader();
        Ok(Self { aeron, counters, recorder })
    }

    pub(crate) fn add_counter(&self, type_id: i32, key: &[u8], label: &str) -> Result<ServiceCounter, AeronError> {
        let counter = self.aeron.async_add_counter(type_id, key, label)?;
        Ok(ServiceCounter::of_driver(self.wait_for(&counter)?))
    }

    /// Waits for what the media driver was asked for.
    pub(crate) fn wait_for<T: Requested>(&self, pending: &Pending<T>) -> Result<T, AeronError> {
        self.wait(self.aeron.driver_timeout(), pending.action(), || pending.poll())
    }

    /// Polls until there is something. `action` is what cannot be done if there is nothing within `timeout`.
    pub(crate) fn wait<T>(
        &self,
        timeout: Duration,
        action: &str,
        mut poll: impl FnMut() -> Result<Option<T>, AeronError>,
    ) -> Result<T, AeronError> {
        self.aeron.wait(timeout, action, || {
            self.recorder.with_mark_file(|mark_file| mark_file.update_activity(epoch_ms()));
            poll()
        })
    }
}
