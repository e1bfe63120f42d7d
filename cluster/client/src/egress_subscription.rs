//! The egress subscription: asked for without waiting, watched for images that are lost, and replaced by a new one when it no
//! longer receives what it should.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use aeron_support::{AeronClient, AeronError, ClosedImage, Pending};
use rusteron_archive::AeronSubscription;

use crate::session::Now;

/// Pause after the media driver refused the subscription, as for a port in use or an unknown host.
const REFUSED_INTERVAL: Duration = Duration::from_secs(1);

/// Pause after the driver refused a subscription in place of another one, whose port it gives up after about a second.
const RENEWAL_INTERVAL: Duration = Duration::from_millis(100);

/// Greatest number of lost images that are remembered between two duty cycles.
const MAX_CLOSED_IMAGES: usize = 64;

/// The egress subscription of the sessions with one cluster.
pub(crate) struct EgressSubscription {
    channel: String,
    stream_id: i32,
    phase: Phase,
    retry_interval: Duration,
    /// Filled in the Aeron client's duty cycle; each subscription has its own.
    closed_images: Rc<RefCell<VecDeque<ClosedImage>>>,
}

enum Phase {
    Absent { retry_at: Now },
    Adding(Pending<AeronSubscription>),
    Resolving(AeronSubscription),
    Ready { subscription: AeronSubscription, response_channel: String },
}

impl EgressSubscription {
    /// A subscription that is asked for in its first duty cycle.
    pub(crate) fn new(channel: &str, stream_id: i32) -> Self {
        Self {
            channel: channel.to_owned(),
            stream_id,
            phase: Phase::Absent { retry_at: Duration::ZERO },
            retry_interval: REFUSED_INTERVAL,
            closed_images: Rc::default(),
        }
    }

    /// The subscription, once it can be polled.
    #[inline]
    pub(crate) fn get(&self) -> Option<&AeronSubscription> {
        match &self.phase {
            Phase::Ready { subscription, .. } => Some(subscription),
            _ => None,
        }
    }

    /// The channel on which the cluster is to answer: the egress channel with the port that the system chose.
    pub(crate) fn response_channel(&self) -> Option<&str> {
        match &self.phase {
            Phase::Ready { response_channel, .. } => Some(response_channel),
            _ => None,
        }
    }

    /// Ends the subscription; the next duty cycle asks for a new one.
    pub(crate) fn renew(&mut self, now: Now) {
        self.phase = Phase::Absent { retry_at: now };
        self.retry_interval = RENEWAL_INTERVAL;
        self.closed_images = Rc::default();
    }

    /// Forgets the subscription, because the media driver has gone.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(&self.channel, self.stream_id);
    }

    /// The next image that was lost.
    pub(crate) fn next_closed_image(&mut self) -> Option<ClosedImage> {
        self.closed_images.borrow_mut().pop_front()
    }

    /// One duty cycle. Returns true in the one in which the subscription becomes usable.
    ///
    /// # Errors
    /// The media driver refuses the subscription. It is asked again after a pause.
    pub(crate) fn do_work(&mut self, client: &AeronClient, now: Now) -> Result<bool, AeronError> {
        let worked = self.work(client, now);
        if worked.is_err() {
            self.phase = Phase::Absent { retry_at: now + self.retry_interval };
        }
        worked
    }

    fn work(&mut self, client: &AeronClient, now: Now) -> Result<bool, AeronError> {
        let subscription = match &self.phase {
            Phase::Ready { .. } => return Ok(false),
            Phase::Absent { retry_at } if now < *retry_at => return Ok(false),
            Phase::Absent { .. } => {
                self.phase = Phase::Adding(self.ask(client)?);
                return Ok(false);
            }
            Phase::Adding(adding) => match adding.poll()? {
                None => return Ok(false),
                Some(subscription) => subscription,
            },
            Phase::Resolving(subscription) => subscription.clone(),
        };
        let response_channel = client.try_resolve_channel(&subscription)?;
        let is_ready = response_channel.is_some();
        self.phase = match response_channel {
            Some(response_channel) => Phase::Ready { subscription, response_channel },
            None => Phase::Resolving(subscription),
        };
        Ok(is_ready)
    }

    fn ask(&mut self, client: &AeronClient) -> Result<Pending<AeronSubscription>, AeronError> {
        self.closed_images = Rc::default();
        let closed_images = Rc::clone(&self.closed_images);
        client.async_add_watched_subscription(&self.channel, self.stream_id, move |closed| {
            let mut closed_images = closed_images.borrow_mut();
            if closed_images.len() < MAX_CLOSED_IMAGES {
                closed_images.push_back(closed);
            }
        })
    }
}
