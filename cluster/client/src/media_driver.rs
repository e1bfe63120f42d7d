//! The connection to the media driver and the egress subscription in it: made when a driver runs, and made again when the
//! driver was replaced by another.

use std::path::PathBuf;
use std::time::Duration;

use aeron_support::{AeronClient, AeronError, ClientSettings, Pending};
use rusteron_archive::AeronSubscription;

use crate::context::Context;
use crate::session::Now;

/// Pause between two looks for a media driver.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);
/// Pause after the driver refused the egress subscription, as for a port in use or an unknown host.
const REFUSED_INTERVAL: Duration = Duration::from_secs(1);
/// Interval of the check that the driver is still the one that the client connected to.
const IDENTITY_INTERVAL: Duration = Duration::from_millis(250);

/// What happened to the media driver.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MediaDriverFact {
    /// A driver runs, and egress can be received.
    Ready,
    /// No driver runs in the directory.
    Absent,
    /// A driver runs, and refused the client or its egress subscription.
    Refused(String),
    /// The driver has gone, and with it all publications and subscriptions.
    Lost(String),
}

/// The media driver as the client sees it.
pub(crate) struct MediaDriver {
    aeron_dir: PathBuf,
    driver_timeout: Duration,
    client_name: String,
    egress_channel: String,
    egress_stream_id: i32,
    phase: Phase,
    /// When to check next whether the driver is still the same one.
    check_at: Now,
}

enum Phase {
    Absent { retry_at: Now },
    Subscribing { client: AeronClient, adding: Pending<AeronSubscription> },
    Resolving { client: AeronClient, egress: AeronSubscription },
    Ready(Ready),
}

/// Fields in the order in which they are dropped: the client last.
struct Ready {
    egress: AeronSubscription,
    response_channel: String,
    client: AeronClient,
}

impl MediaDriver {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            aeron_dir: context.aeron_dir.clone(),
            driver_timeout: context.driver_timeout,
            client_name: context.client_name.clone(),
            egress_channel: context.egress_channel.clone(),
            egress_stream_id: context.egress_stream_id,
            phase: Phase::Absent { retry_at: Duration::ZERO },
            check_at: Duration::ZERO,
        }
    }

    /// The Aeron client, while egress is subscribed to.
    pub(crate) fn client(&self) -> Option<&AeronClient> {
        match &self.phase {
            Phase::Ready(ready) => Some(&ready.client),
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

    /// The channel on which the cluster is to answer: the egress channel with the port that the system chose.
    pub(crate) fn response_channel(&self) -> Option<&str> {
        match &self.phase {
            Phase::Ready(ready) => Some(&ready.response_channel),
            _ => None,
        }
    }

    /// One duty cycle of the Aeron client. Adds the work done to `work_count`.
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
            Err(error) => Some(self.refused(&error, now)),
        }
    }

    /// Closes the Aeron client.
    pub(crate) fn close(&mut self) {
        self.phase = Phase::Absent { retry_at: Duration::MAX };
    }

    fn look_for_driver(&mut self, now: Now) -> Option<MediaDriverFact> {
        self.phase = Phase::Absent { retry_at: now + RETRY_INTERVAL };
        self.check_at = now + IDENTITY_INTERVAL;
        let settings = ClientSettings::new(&self.aeron_dir, &self.client_name, self.driver_timeout);
        let client = match AeronClient::connect_if_alive(settings) {
            Ok(Some(client)) => client,
            Ok(None) => return Some(MediaDriverFact::Absent),
            Err(error) => return Some(self.refused(&error, now)),
        };
        match client.async_add_subscription(&self.egress_channel, self.egress_stream_id) {
            Ok(adding) => {
                self.phase = Phase::Subscribing { client, adding };
                None
            }
            Err(error) => Some(self.refused(&error, now)),
        }
    }

    fn refused(&mut self, error: &AeronError, now: Now) -> MediaDriverFact {
        self.phase = Phase::Absent { retry_at: now + REFUSED_INTERVAL };
        MediaDriverFact::Refused(error.to_string())
    }

    /// Runs the Aeron client, and notices that the driver has gone: its heartbeat is older than the driver time-out, or its
    /// files are those of another driver.
    fn drive_client(&mut self, now: Now) -> Result<usize, String> {
        let client = match &self.phase {
            Phase::Subscribing { client, .. } | Phase::Resolving { client, .. } => client,
            Phase::Ready(ready) => &ready.client,
            Phase::Absent { .. } => return Ok(0),
        };
        if now >= self.check_at {
            self.check_at = now + IDENTITY_INTERVAL;
            if !client.is_same_driver() {
                return Err("it was replaced by another, or its directory was removed".to_owned());
            }
        }
        client.do_work().map_err(|error| error.message)
    }

    /// Continues to subscribe to egress. Returns true in the duty cycle in which egress becomes usable.
    fn subscribe(&mut self) -> Result<bool, AeronError> {
        let (client, egress) = match &self.phase {
            Phase::Subscribing { client, adding } => match adding.poll()? {
                None => return Ok(false),
                Some(egress) => (client.clone(), egress),
            },
            Phase::Resolving { client, egress } => (client.clone(), egress.clone()),
            Phase::Absent { .. } | Phase::Ready(_) => return Ok(false),
        };
        let resolved = client.try_resolve_channel(&egress)?;
        let is_ready = resolved.is_some();
        self.phase = match resolved {
            Some(response_channel) => Phase::Ready(Ready { egress, response_channel, client }),
            None => Phase::Resolving { client, egress },
        };
        Ok(is_ready)
    }
}
