//! The connection to the media driver and the egress subscription in it: made when a driver runs, and made again when the
//! driver was replaced by another.

use std::path::PathBuf;
use std::time::Duration;

use aeron_support::{AeronClient, AeronError, ClientSettings, ClosedImage};
use rusteron_archive::AeronSubscription;

use crate::context::Context;
use crate::egress_subscription::EgressSubscription;
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
    /// A driver runs, and egress can be received, for the first time or after the subscription was renewed.
    Ready,
    /// No driver runs in the directory.
    Absent,
    /// A driver runs, and refused the client or its egress subscription.
    Refused(String),
    /// The driver has gone, and with it all publications and subscriptions.
    Lost(String),
    /// The egress subscription has lost an image.
    EgressClosed(ClosedImage),
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
    Running(Running),
}

/// Fields in the order in which they are dropped: the client last.
struct Running {
    egress: EgressSubscription,
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

    /// The Aeron client, while a driver runs.
    pub(crate) fn client(&self) -> Option<&AeronClient> {
        match &self.phase {
            Phase::Running(running) => Some(&running.client),
            Phase::Absent { .. } => None,
        }
    }

    /// The egress subscription, while there is one.
    #[inline]
    pub(crate) fn egress(&self) -> Option<&AeronSubscription> {
        match &self.phase {
            Phase::Running(running) => running.egress.get(),
            Phase::Absent { .. } => None,
        }
    }

    /// The channel on which the cluster is to answer: the egress channel with the port that the system chose.
    pub(crate) fn response_channel(&self) -> Option<&str> {
        match &self.phase {
            Phase::Running(running) => running.egress.response_channel(),
            Phase::Absent { .. } => None,
        }
    }

    /// Replaces the egress subscription by a new one.
    pub(crate) fn renew_egress(&mut self, now: Now) {
        if let Phase::Running(running) = &mut self.phase {
            running.egress.renew(now);
        }
    }

    /// One duty cycle of the Aeron client. Adds the work done to `work_count`.
    pub(crate) fn do_work(&mut self, now: Now, work_count: &mut usize) -> Option<MediaDriverFact> {
        let running = match &mut self.phase {
            Phase::Running(running) => running,
            Phase::Absent { retry_at } if now >= *retry_at => return self.look_for_driver(now),
            Phase::Absent { .. } => return None,
        };
        match drive(&running.client, now, &mut self.check_at) {
            Ok(work) => *work_count += work,
            Err(reason) => {
                self.phase = Phase::Absent { retry_at: now };
                return Some(MediaDriverFact::Lost(reason));
            }
        }
        match running.egress.do_work(&running.client, now) {
            Ok(true) => Some(MediaDriverFact::Ready),
            Ok(false) => running.egress.next_closed_image().map(MediaDriverFact::EgressClosed),
            Err(error) => Some(MediaDriverFact::Refused(error.to_string())),
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
        match AeronClient::connect_if_alive(settings) {
            Ok(Some(client)) => {
                let egress = EgressSubscription::new(&self.egress_channel, self.egress_stream_id);
                self.phase = Phase::Running(Running { egress, client });
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
