//! An Aeron client that runs in the caller's thread, and bounded waits for requests to the media driver.

use std::cell::RefCell;
use std::ffi::{CStr, c_int};
use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rusteron_archive::{Aeron, AeronCError, AeronContext, AeronErrorHandlerCallback, Handlers};

use crate::driver::{DriverIdentity, is_driver_alive};
use crate::error::{AeronError, c_string, error_text, failed, one_line, path_to_c};

/// Time between two looks for something that the media driver or the archive was asked for.
const POLL_INTERVAL: Duration = Duration::from_micros(100);
/// Time between two looks for a media driver that does not run yet.
const DRIVER_POLL_INTERVAL: Duration = Duration::from_millis(1);
/// Time between two looks whether a media driver that has not answered yet was replaced.
const IDENTITY_POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Channel and stream of the subscription that a media driver is asked for at a connect: nobody publishes there.
const FIRST_REQUEST: (&CStr, i32) = (c"aeron:ipc?alias=connect", i32::MIN);

/// What [`AeronClient::do_work`] was to do when the client turned out to be closed.
const GO_ON: &str = "go on with the Aeron client";

/// What a client needs to connect to a media driver.
pub struct ClientSettings {
    aeron_dir: PathBuf,
    name: String,
    driver_timeout: Duration,
    on_error: OnError,
}

/// Shared by the clients of several attempts to connect.
type OnError = Rc<RefCell<dyn FnMut(&str)>>;

impl ClientSettings {
    /// A client of the media driver in `aeron_dir`, under a name that Aeron's tools show.
    ///
    /// `driver_timeout` bounds the wait for the driver, at the connect and for each answer later, and is the age of the
    /// driver's heartbeat from which the driver counts as dead.
    pub fn new(aeron_dir: impl Into<PathBuf>, name: impl Into<String>, driver_timeout: Duration) -> Self {
        let on_error = |text: &str| tracing::warn!("Aeron client: {text}");
        Self {
            aeron_dir: aeron_dir.into(),
            name: name.into(),
            driver_timeout,
            on_error: Rc::new(RefCell::new(on_error)),
        }
    }

    /// Calls `on_error` with the text of each error that the client meets in its duty cycle, instead of logging the text
    /// with `tracing` as a warning.
    #[must_use]
    pub fn on_error(mut self, on_error: impl FnMut(&str) + 'static) -> Self {
        self.on_error = Rc::new(RefCell::new(on_error));
        self
    }

    /// What a client with these settings is to do first.
    fn action(&self) -> String {
        format!("connect to the media driver in {}", self.aeron_dir.display())
    }
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { aeron_dir, name, driver_timeout, .. } = self;
        f.debug_struct("ClientSettings")
            .field("aeron_dir", aeron_dir)
            .field("name", name)
            .field("driver_timeout", driver_timeout)
            .finish_non_exhaustive()
    }
}

/// An Aeron client that works when its owner's duty cycle lets it: call [`do_work`](Self::do_work) often, and at least
/// every few seconds, or the media driver takes the client for dead. A clone is the same client.
#[derive(Debug, Clone)]
pub struct AeronClient {
    aeron: Aeron,
    last_error: Rc<RefCell<String>>,
    aeron_dir: Rc<Path>,
    name: Rc<str>,
    driver: Option<DriverIdentity>,
    driver_timeout: Duration,
}

/// Keeps the text of the last error. Without a handler the C client would end the process.
struct ErrorHandler {
    last_error: Rc<RefCell<String>>,
    on_error: OnError,
}

impl AeronErrorHandlerCallback for ErrorHandler {
    fn handle_aeron_error_handler(&mut self, code: c_int, message: &str) {
        let text = format!("{} (code {code})", one_line(message));
        (self.on_error.borrow_mut())(&text);
        *self.last_error.borrow_mut() = text;
    }
}

impl AeronClient {
    /// Connects to a media driver, and waits until one runs and answers.
    ///
    /// The files of a dead driver, whose last heartbeat may be young, are no driver: the client waits for the driver that
    /// replaces them.
    ///
    /// # Errors
    /// No media driver gives a heartbeat and answers within the driver time-out, or the client cannot connect to it.
    pub fn connect(settings: ClientSettings) -> Result<Self, AeronError> {
        let started = Instant::now();
        let mut problem = "no heartbeat";
        loop {
            let driver = DriverIdentity::of(&settings.aeron_dir);
            if is_driver_alive(&settings.aeron_dir, settings.driver_timeout) {
                let client = Self::start(&settings, driver)?;
                if client.await_first_answer(started) {
                    return Ok(client);
                }
                problem = "no answer";
            }
            if started.elapsed() > settings.driver_timeout {
                let reason = format!("no media driver runs there: {problem} for {:?}", settings.driver_timeout);
                return Err(AeronError::new(settings.action(), &reason));
            }
            std::thread::sleep(DRIVER_POLL_INTERVAL);
        }
    }

    /// Connects to a media driver if one runs, without waiting for it; `None` when none does.
    ///
    /// # Errors
    /// A media driver runs, and the client cannot connect to it.
    pub fn connect_if_alive(settings: ClientSettings) -> Result<Option<Self>, AeronError> {
        let driver = DriverIdentity::of(&settings.aeron_dir);
        if !is_driver_alive(&settings.aeron_dir, settings.driver_timeout) {
            return Ok(None);
        }
        Self::start(&settings, driver).map(Some)
    }

    /// Starts a client of the media driver that runs. `driver` was read before: a driver that is replaced meanwhile shows
    /// in the first check.
    fn start(settings: &ClientSettings, driver: Option<DriverIdentity>) -> Result<Self, AeronError> {
        let ClientSettings { aeron_dir, name, driver_timeout, on_error } = settings;
        let last_error = Rc::new(RefCell::new(String::new()));
        let handler = ErrorHandler { last_error: Rc::clone(&last_error), on_error: Rc::clone(on_error) };
        let start = || -> Result<Aeron, AeronCError> {
            let context = AeronContext::new()?;
            context.set_dir(&path_to_c(aeron_dir)?)?;
            context.set_client_name(&c_string(name)?)?;
            context.set_driver_timeout_ms(u64::try_from(driver_timeout.as_millis()).unwrap_or(u64::MAX))?;
            context.set_use_conductor_agent_invoker(true)?;
            context.set_error_handler(Some(handler))?;
            let aeron = Aeron::new(&context)?;
            aeron.start()?;
            Ok(aeron)
        };
        let aeron = start().map_err(failed(settings.action()))?;
        let (aeron_dir, name) = (aeron_dir.as_path().into(), name.as_str().into());
        Ok(Self { aeron, last_error, aeron_dir, name, driver, driver_timeout: *driver_timeout })
    }

    /// Whether the media driver answers a request before it is replaced, its heartbeat becomes too old, or the driver
    /// time-out since `started` has passed.
    fn await_first_answer(&self, started: Instant) -> bool {
        let (channel, stream_id) = FIRST_REQUEST;
        let request = self.aeron.async_add_subscription(channel, stream_id, Handlers::NONE, Handlers::NONE);
        let Ok(request) = request else { return false };
        let mut looked = Instant::now();
        while started.elapsed() <= self.driver_timeout {
            if self.do_work().is_err() {
                return false;
            }
            match request.poll() {
                Ok(Some(_subscription)) => return true,
                Ok(None) => {}
                Err(_) => return false,
            }
            if looked.elapsed() >= IDENTITY_POLL_INTERVAL {
                looked = Instant::now();
                if !self.is_same_driver() {
                    return false;
                }
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        false
    }

    /// The client of the C library.
    pub fn aeron(&self) -> &Aeron {
        &self.aeron
    }

    /// The client's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bound on the wait for an answer of the media driver.
    pub fn driver_timeout(&self) -> Duration {
        self.driver_timeout
    }

    /// Whether the media driver's files are still those of the driver that the client connected to. A driver that was
    /// restarted shows at once here, but in [`do_work`](Self::do_work) only when the old one's heartbeat is too old.
    /// Reads the file system: to be called a few times a second.
    pub fn is_same_driver(&self) -> bool {
        self.driver.is_some() && DriverIdentity::of(&self.aeron_dir) == self.driver
    }

    /// One duty cycle of the client. Returns 0 when there was nothing to do.
    ///
    /// # Errors
    /// The client is closed for good: the media driver has ended, or this thread was held up for so long that the driver
    /// took the client for dead.
    #[inline]
    pub fn do_work(&self) -> Result<usize, AeronError> {
        let work = self.aeron.main_do_work();
        if self.aeron.is_closed() {
            return Err(self.closed());
        }
        match work {
            Ok(work) => Ok(usize::try_from(work).unwrap_or(0)),
            Err(error) => Err(AeronError::new(GO_ON, &error_text(&error))),
        }
    }

    #[cold]
    fn closed(&self) -> AeronError {
        let last_error = self.last_error.borrow();
        let reason = if last_error.is_empty() { "it is closed" } else { last_error.as_str() };
        AeronError::new(GO_ON, reason)
    }

    /// Polls until there is something, doing the client's work meanwhile. A caller that has to stay alive elsewhere does
    /// its part in `poll`.
    ///
    /// # Errors
    /// What `poll` says, a closed client, or that there is nothing within `timeout`; then `action` is what could not be
    /// done.
    pub fn wait<T>(
        &self,
        timeout: Duration,
        action: &str,
        mut poll: impl FnMut() -> Result<Option<T>, AeronError>,
    ) -> Result<T, AeronError> {
        let started = Instant::now();
        loop {
            self.do_work()?;
            if let Some(ready) = poll()? {
                return Ok(ready);
            }
            if started.elapsed() > timeout {
                return Err(AeronError::new(action, &format!("no answer for {timeout:?}")));
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    /// Waits for what the media driver was asked for, for [`driver_timeout`](Self::driver_timeout) at most.
    ///
    /// # Errors
    /// The driver refuses, does not answer in time, or has ended.
    pub fn wait_for<T: Requested>(&self, pending: &Pending<T>) -> Result<T, AeronError> {
        self.wait(self.driver_timeout, &pending.action, || pending.poll())
    }
}

/// Something that the media driver or the archive was asked for. Dropping it before it has come cancels the request.
#[must_use = "dropping it cancels the request"]
pub struct Pending<T: Requested> {
    request: T::Request,
    action: String,
}

/// A resource of Aeron that is asked for first and polled for until it has come.
pub trait Requested: Sized {
    /// The request of the C client.
    type Request;

    /// The resource, once it has come.
    ///
    /// # Errors
    /// The request was refused.
    fn poll(request: &Self::Request) -> Result<Option<Self>, AeronCError>;
}

impl<T: Requested> Pending<T> {
    pub(crate) fn new(request: Result<T::Request, AeronCError>, action: String) -> Result<Self, AeronError> {
        match request {
            Ok(request) => Ok(Self { request, action }),
            Err(error) => Err(AeronError::of_client(action, &error)),
        }
    }

    /// What the client was asked to do, to be read after "cannot".
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The resource, once it has come; `None` before, and after it was returned or refused. The client has to
    /// [`do_work`](AeronClient::do_work) meanwhile.
    ///
    /// # Errors
    /// The request was refused.
    pub fn poll(&self) -> Result<Option<T>, AeronError> {
        T::poll(&self.request).map_err(|error| AeronError::of_client(self.action.as_str(), &error))
    }
}

impl<T: Requested> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("action", &self.action).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connecting_without_a_driver_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let settings = || ClientSettings::new(directory.path(), "test", Duration::from_millis(50));
        assert!(AeronClient::connect_if_alive(settings()).unwrap().is_none());
        let error = AeronClient::connect(settings()).unwrap_err();
        assert!(error.action.contains(directory.path().to_str().unwrap()), "{error}");
        assert!(!error.message.is_empty() && !error.message.contains('\n'), "{error}");
    }
}
