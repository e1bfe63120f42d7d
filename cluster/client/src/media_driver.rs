//! The connection to the media driver: made when a driver runs, and made again when the driver was replaced by another.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aeron_support::{AeronClient, AeronError, ClientSettings};

use crate::context::Context;
use crate::session::Now;

/// Pause between two looks for a media driver.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);
/// Pause after the driver refused the client.
const REFUSED_INTERVAL: Duration = Duration::from_secs(1);
/// Interval of the check that the driver is still the one that the client connected to.
const IDENTITY_INTERVAL: Duration = Duration::from_millis(250);

/// What happened to the media driver.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MediaDriverFact {
    /// No driver runs in the directory.
    Absent,
    /// A driver runs, and refused the client.
    Refused(String),
    /// The driver has gone, and with it all publications and subscriptions: drop them, and [`MediaDriver::forget`] it.
    Lost(String),
}

/// The media driver as the client sees it.
pub(crate) struct MediaDriver {
    aeron_dir: PathBuf,
    driver_timeout: Duration,
    client_name: String,
    phase: Phase,
    /// When to check next whether the driver is still the same one.
    check_at: Now,
}

enum Phase {
    Absent { retry_at: Now },
    Running(AeronClient),
}

impl MediaDriver {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            aeron_dir: context.aeron_dir.clone(),
            driver_timeout: context.driver_timeout,
            client_name: context.client_name.clone(),
            phase: Phase::Absent { retry_at: Duration::ZERO },
            check_at: Duration::ZERO,
        }
    }

    /// The Aeron client, while a driver runs.
    #[inline]
    pub(crate) fn client(&self) -> Option<&AeronClient> {
        match &self.phase {
            Phase::Running(client) => Some(client),
            Phase::Absent { .. } => None,
        }
    }

    /// Directory of the driver.
    pub(crate) fn aeron_dir(&self) -> &Path {
        &self.aeron_dir
    }

    /// One duty cycle of the Aeron client. Adds the work done to `work_count`.
    #[inline]
    pub(crate) fn do_work(&mut self, now: Now, work_count: &mut usize) -> Option<MediaDriverFact> {
        match &self.phase {
            Phase::Running(client) => match drive(client, now, &mut self.check_at) {
                Ok(work) => {
                    *work_count += work;
                    None
                }
                Err(reason) => Some(MediaDriverFact::Lost(reason)),
            },
            Phase::Absent { retry_at } if now >= *retry_at => self.look_for_driver(now),
            Phase::Absent { .. } => None,
        }
    }

    /// Drops the client of a driver that has gone, and looks for another one.
    pub(crate) fn forget(&mut self, now: Now) {
        self.phase = Phase::Absent { retry_at: now };
    }

    /// Closes the Aeron client.
    pub(crate) fn close(&mut self) {
        self.phase = Phase::Absent { retry_at: Duration::MAX };
    }

    fn look_for_driver(&mut self, now: Now) -> Option<MediaDriverFact> {
        self.phase = Phase::Absent { retry_at: now + RETRY_INTERVAL };
        self.check_at = now + IDENTITY_INTERVAL;
        let settings = ClientSettings::new(&self.aeron_dir, &self.client_name, self.driver_timeout);
        match AeronClient::connect_if_alive(settings) {
            Ok(Some(client)) => {
                self.phase = Phase::Running(client);
                None
            }
            Ok(None) => Some(MediaDriverFact::Absent),
            Err(error) => Some(self.refused(&error, now)),
        }
    }

    fn refused(&mut self, error: &AeronError, now: Now) -> MediaDriverFact {
        self.phase = Phase::Absent { retry_at: now + REFUSED_INTERVAL };
        MediaDriverFact::Refused(error.to_string())
    }
}

/// Runs the Aeron client, and notices that the driver has gone: its heartbeat is older than the driver time-out, or its files
/// are those of another driver.
fn drive(client: &AeronClient, now: Now, check_at: &mut Now) -> Result<usize, String> {
    if now >= *check_at {
        *check_at = now + IDENTITY_INTERVAL;
        if !client.is_same_driver() {
            return Err("it was replaced by another, or its directory was removed".to_owned());
        }
    }
    client.do_work().map_err(|error| error.message)
}
