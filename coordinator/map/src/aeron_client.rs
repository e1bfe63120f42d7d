//! An Aeron client without a thread of its own, and bounded waits for what it asks the driver for.

use std::cell::RefCell;
use std::ffi::CString;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rusteron_archive::{
    Aeron, AeronArchiveContext, AeronCError, AeronContext, AeronErrorHandlerCallback, AeronPublication,
    AeronSubscription, Handlers,
};
use thiserror::Error;

/// Time between two looks for something that the driver or the archive is asked for.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// Longest channel, in bytes.
const MAXIMUM_CHANNEL_LENGTH: usize = 4096;

/// What Aeron refused, and what it said.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("can't {action}: {message}")]
pub struct AeronError {
    /// What was tried.
    pub action: String,
    /// Aeron's reason, in one line.
    pub message: String,
}

/// An Aeron client that works when its owner's duty cycle lets it ([`do_work`](Self::do_work)).
pub struct AeronClient {
    aeron: Aeron,
    last_error: Rc<RefCell<String>>,
    timeout: Duration,
}

/// Keeps the text of the last error: the C client's own handler would end the process.
struct ErrorHandler {
    last_error: Rc<RefCell<String>>,
}

impl AeronErrorHandlerCallback for ErrorHandler {
    fn handle_aeron_error_handler(&mut self, code: std::ffi::c_int, message: &str) {
        tracing::debug!(code, message, "Aeron client");
        *self.last_error.borrow_mut() = one_line(message);
    }
}

impl AeronClient {
    /// Connects to the media driver in `aeron_dir`. `timeout` bounds this and each later wait.
    ///
    /// # Errors
    /// No driver answers there in time.
    pub fn connect(aeron_dir: &Path, name: &str, timeout: Duration) -> Result<Self, AeronError> {
        let last_error = Rc::new(RefCell::new(String::new()));
        let connect = || -> Result<Aeron, AeronCError> {
            let context = AeronContext::new()?;
            context.set_dir(&c_string(&aeron_dir.to_string_lossy())?)?;
            context.set_client_name(&c_string(name)?)?;
            context.set_driver_timeout_ms(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX))?;
            context.set_use_conductor_agent_invoker(true)?;
            context.set_error_handler(Some(ErrorHandler { last_error: Rc::clone(&last_error) }))?;
            let aeron = Aeron::new(&context)?;
            aeron.start()?;
            Ok(aeron)
        };
        let aeron = connect().map_err(failed(format!("connect to the media driver in {}", aeron_dir.display())))?;
        Ok(Self { aeron, last_error, timeout })
    }

    /// The client itself.
    pub fn aeron(&self) -> &Aeron {
        &self.aeron
    }

    /// One duty cycle of the client.
    ///
    /// # Errors
    /// The media driver is gone; this client can't be used any more.
    pub fn do_work(&self) -> Result<usize, AeronError> {
        let work = self.aeron.main_do_work().map_err(failed("go on: the media driver is gone"))?;
        if self.aeron.is_closed() {
            let message = self.last_error.borrow().clone();
            return Err(AeronError { action: String::from("go on: the media driver is gone"), message });
        }
        Ok(usize::try_from(work).unwrap_or(0))
    }

    /// Polls for something until it is there, keeping the client alive.
    ///
    /// # Errors
    /// What `poll` says, or that it is not there in time.
    pub fn wait<T>(
        &self,
        action: &str,
        mut poll: impl FnMut() -> Result<Option<T>, AeronError>,
    ) -> Result<T, AeronError> {
        let started = Instant::now();
        loop {
            self.do_work()?;
            if let Some(ready) = poll()? {
                return Ok(ready);
            }
            if started.elapsed() > self.timeout {
                let message = format!("no answer for {:?}", self.timeout);
                return Err(AeronError { action: action.to_owned(), message });
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    /// Adds a publication.
    ///
    /// # Errors
    /// The driver refuses, or does not answer in time.
    pub fn add_publication(&self, channel: &str, stream: i32) -> Result<AeronPublication, AeronError> {
        let action = format!("add the publication {channel}, stream {stream}");
        let channel = c_string(channel).map_err(failed(&action))?;
        let adding = self.aeron.async_add_publication(&channel, stream).map_err(failed(&action))?;
        self.wait(&action, || adding.poll().map_err(failed(&action)))
    }

    /// Adds a subscription.
    ///
    /// # Errors
    /// The driver refuses, or does not answer in time.
    pub fn add_subscription(&self, channel: &str, stream: i32) -> Result<AeronSubscription, AeronError> {
        let action = format!("add the subscription {channel}, stream {stream}");
        let channel = c_string(channel).map_err(failed(&action))?;
        let adding = self
            .aeron
            .async_add_subscription(&channel, stream, Handlers::NONE, Handlers::NONE)
            .map_err(failed(&action))?;
        self.wait(&action, || adding.poll().map_err(failed(&action)))
    }

    /// The channel of a subscription, with the port that the system has chosen.
    ///
    /// # Errors
    /// The driver does not tell in time.
    pub fn resolved_channel(&self, subscription: &AeronSubscription) -> Result<String, AeronError> {
        let action = "learn the port of a subscription";
        self.wait(action, || {
            let channel = subscription
                .try_resolve_channel_endpoint_port_as_string(MAXIMUM_CHANNEL_LENGTH)
                .map_err(failed(action))?;
            Ok(Some(channel).filter(|channel| !channel.is_empty()))
        })
    }

    /// The settings of a session with an archive.
    ///
    /// # Errors
    /// A channel that is none.
    pub fn archive_context(
        &self,
        request: (&str, i32),
        response: (&str, i32),
    ) -> Result<AeronArchiveContext, AeronError> {
        let set = || -> Result<AeronArchiveContext, AeronCError> {
            let context = AeronArchiveContext::new()?;
            context.set_aeron(&self.aeron)?;
            context.set_owns_aeron_client(false)?;
            context.set_control_request_channel(&c_string(request.0)?)?;
            context.set_control_request_stream_id(request.1)?;
            context.set_control_response_channel(&c_string(response.0)?)?;
            context.set_control_response_stream_id(response.1)?;
            context.set_message_timeout_ns(u64::try_from(self.timeout.as_nanos()).unwrap_or(u64::MAX))?;
            Ok(context)
        };
        set().map_err(failed("prepare a session with the archive"))
    }
}

/// A text for C.
///
/// # Errors
/// It has a zero byte.
pub fn c_string(text: &str) -> Result<CString, AeronCError> {
    CString::new(text).map_err(|_| AeronCError::with_message(-1, "a text with a zero byte"))
}

/// What an error of Aeron's is to a reader; to be called at once, as Aeron keeps only the last one's text.
pub fn failed(action: impl Into<String>) -> impl FnOnce(AeronCError) -> AeronError {
    let action = action.into();
    move |error| AeronError { action, message: one_line(error.get_last_err_message()) }
}

/// A text of Aeron's, which may have many lines and be long, as the first words of one line.
pub fn one_line(text: &str) -> String {
    const MAXIMUM: usize = 300;
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.truncate(line.floor_char_boundary(MAXIMUM));
    line
}
