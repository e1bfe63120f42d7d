//! The connection to the media driver and the egress subscription in it: made when a driver is there, and made again
//! when it was replaced by another.
//!
//! The Aeron client runs in this thread (agent invoker), so that a new image or publication is seen in the duty cycle in which
//! the driver announces it, not at the next wake-up of a conductor thread (16 ms).

use std::cell::RefCell;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusteron_archive::{
    Aeron, AeronAsyncAddSubscription, AeronCError, AeronCnc, AeronContext, AeronErrorHandlerCallback,
    AeronSubscription, Handlers,
};

use crate::channel::MAX_CHANNEL_LENGTH;
use crate::context::Context;
use crate::session::Now;

/// Pause between two looks for a media driver.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);
/// Pause after the driver refused the egress subscription: a port in use, an unknown host.
const REFUSED_INTERVAL: Duration = Duration::from_secs(1);
/// Interval of the check that the driver's command file is still the one that was opened.
const IDENTITY_INTERVAL: Duration = Duration::from_millis(250);
/// Command and control file in the driver's directory.
const CNC_FILE: &str = "cnc.dat";

/// What happened to the media driver.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MediaDriverFact {
    /// It is there and egress can be received.
    Ready,
    /// There is none in its directory.
    Absent,
    /// It has been there and refused the client or egress.
    Refused(String),
    /// It has gone, with all that was in it.
    Lost(String),
}

pub(crate) struct MediaDriver {
    directory: PathBuf,
    driver_timeout: Duration,
    client_name: String,
    egress_channel: String,
    egress_stream_id: i32,
    phase: Phase,
}

enum Phase {
    Absent { retry_at: Now },
    Subscribing { client: Client, adding: AeronAsyncAddSubscription },
    Resolving { client: Client, egress: AeronSubscription },
    Ready(Ready),
}

/// An Aeron client.
struct Client {
    aeron: Aeron,
    last_error: Rc<RefCell<String>>,
    /// Device and inode of the driver's command file.
    identity: (u64, u64),
    check_at: Now,
}

struct Ready {
    egress: AeronSubscription,
    response_channel: String,
    client: Client,
}

/// Keeps the text of the last error: the C client's own handler would end the process.
struct ErrorHandler {
    last_error: Rc<RefCell<String>>,
}

impl AeronErrorHandlerCallback for ErrorHandler {
    fn handle_aeron_error_handler(&mut self, code: std::ffi::c_int, message: &str) {
        tracing::warn!(code, message, "Aeron client");
        *self.last_error.borrow_mut() = format!("{message} (code {code})");
    }
}

impl MediaDriver {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            directory: context.aeron_dir.clone(),
            driver_timeout: context.driver_timeout,
            client_name: context.client_name.clone(),
            egress_channel: context.egress_channel.clone(),
            egress_stream_id: context.egress_stream_id,
            phase: Phase::Absent { retry_at: Duration::ZERO },
        }
    }

    /// The Aeron client, while egress is subscribed to.
    pub(crate) fn aeron(&self) -> Option<&Aeron> {
        match &self.phase {
            Phase::Ready(ready) => Some(&ready.client.aeron),
            _ => None,
        }
    }

    /// The egress subscription.
    #[inline]
    pub(crate) fn egress(&self) -> Option<&AeronSubscription> {
        match &self.phase {
            Phase::Ready(ready) => Some(&ready.egress),
            _ => None,
        }
    }

    /// Where the cluster is to answer: the egress channel with its port.
    pub(crate) fn response_channel(&self) -> Option<&str> {
        match &self.phase {
            Phase::Ready(ready) => Some(&ready.response_channel),
            _ => None,
        }
    }

    /// One duty cycle of the Aeron client.
    pub(crate) fn do_work(&mut self, now: Now, work_count: &mut usize) -> Option<MediaDriverFact> {
        if let Phase::Absent { retry_at } = self.phase {
            return if now >= retry_at { self.look_for_driver(now) } else { None };
        }
        match self.drive_client(now) {
            Ok(work) => *work_count += work,
            Err(reason) => {
                self.phase = Phase::Absent { retry_at: now };
                return Some(MediaDriverFact::Lost(reason));
            }
        }
        match self.subscribe() {
            Ok(true) => Some(MediaDriverFact::Ready),
            Ok(false) => None,
            Err(reason) => {
                self.phase = Phase::Absent { retry_at: now + REFUSED_INTERVAL };
                Some(MediaDriverFact::Refused(reason))
            }
        }
    }

    /// Closes the Aeron client.
    pub(crate) fn close(&mut self) {
        self.phase = Phase::Absent { retry_at: Duration::MAX };
    }

    fn look_for_driver(&mut self, now: Now) -> Option<MediaDriverFact> {
        self.phase = Phase::Absent { retry_at: now + RETRY_INTERVAL };
        let directory = CString::new(self.directory.as_os_str().as_bytes()).ok()?;
        let Some(identity) = identity(&self.directory).filter(|_| is_alive(&directory, self.driver_timeout)) else {
            return Some(MediaDriverFact::Absent);
        };
        let connected = self.connect(&directory, identity, now).and_then(|client| {
            let channel = CString::new(self.egress_channel.as_str()).map_err(|_| AeronCError::from_code(-1))?;
            let adding =
                client.aeron.async_add_subscription(&channel, self.egress_stream_id, Handlers::NONE, Handlers::NONE)?;
            Ok(Phase::Subscribing { client, adding })
        });
        match connected {
            Ok(phase) => {
                self.phase = phase;
                None
            }
            Err(error) => {
                self.phase = Phase::Absent { retry_at: now + REFUSED_INTERVAL };
                Some(MediaDriverFact::Refused(error.capture_errmsg().to_string()))
            }
        }
    }

    fn connect(&self, directory: &CString, identity: (u64, u64), now: Now) -> Result<Client, AeronCError> {
        let context = AeronContext::new()?;
        context.set_dir(directory)?;
        context.set_client_name(&CString::new(self.client_name.as_str()).unwrap_or_default())?;
        context.set_driver_timeout_ms(u64::try_from(self.driver_timeout.as_millis()).unwrap_or(u64::MAX))?;
        context.set_use_conductor_agent_invoker(true)?;
        let last_error = Rc::new(RefCell::new(String::new()));
        context.set_error_handler(Some(ErrorHandler { last_error: Rc::clone(&last_error) }))?;
        let aeron = Aeron::new(&context)?;
        aeron.start()?;
        Ok(Client { aeron, last_error, identity, check_at: now + IDENTITY_INTERVAL })
    }

    /// Runs the conductor, and notices a driver that is gone: it says so, its heartbeat stops (`driver_timeout`), or it
    /// was replaced (a restart deletes the command file, at once visible).
    fn drive_client(&mut self, now: Now) -> Result<usize, String> {
        let client = match &mut self.phase {
            Phase::Subscribing { client, .. } | Phase::Resolving { client, .. } => client,
            Phase::Ready(ready) => &mut ready.client,
            Phase::Absent { .. } => return Ok(0),
        };
        if now >= client.check_at {
            client.check_at = now + IDENTITY_INTERVAL;
            if identity(&self.directory) != Some(client.identity) {
                return Err("it was replaced by another, or its directory was removed".to_owned());
            }
        }
        let work = client.aeron.main_do_work();
        if client.aeron.is_closed() {
            return Err(client.last_error.borrow().clone());
        }
        match work {
            Ok(work) => Ok(usize::try_from(work).unwrap_or(0)),
            Err(error) => Err(error.capture_errmsg().to_string()),
        }
    }

    /// Goes on with the subscription; true in the cycle in which it becomes usable.
    fn subscribe(&mut self) -> Result<bool, String> {
        let egress = match &self.phase {
            Phase::Subscribing { adding, .. } => match adding.poll() {
                Ok(None) => return Ok(false),
                Ok(Some(egress)) => egress,
                Err(error) => return Err(format!("egress on {}: {error}", self.egress_channel)),
            },
            Phase::Resolving { egress, .. } => egress.clone(),
            Phase::Absent { .. } | Phase::Ready(_) => return Ok(false),
        };
        let resolved = egress
            .try_resolve_channel_endpoint_port_as_string(MAX_CHANNEL_LENGTH)
            .map_err(|error| error.to_string())?;
        self.phase = match std::mem::replace(&mut self.phase, Phase::Absent { retry_at: Duration::ZERO }) {
            Phase::Subscribing { client, .. } | Phase::Resolving { client, .. } if resolved.is_empty() => {
                Phase::Resolving { client, egress }
            }
            Phase::Subscribing { client, .. } | Phase::Resolving { client, .. } => {
                self.phase = Phase::Ready(Ready { egress, response_channel: resolved, client });
                return Ok(true);
            }
            other => other,
        };
        Ok(false)
    }
}

/// Device and inode of the driver's command file, if it is there.
fn identity(directory: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(directory.join(CNC_FILE)).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Whether a driver gives a heartbeat. The C client would wait for one; this does not.
fn is_alive(directory: &CString, driver_timeout: Duration) -> bool {
    let mut heartbeat_ms = None;
    let read = AeronCnc::read(directory, |cnc| heartbeat_ms = cnc.get_to_driver_heartbeat_ms().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    match (read, heartbeat_ms.and_then(|ms| u64::try_from(ms).ok())) {
        (Ok(()), Some(ms)) => now.saturating_sub(Duration::from_millis(ms)) < driver_timeout,
        _ => false,
    }
}
