//! A subscription of a feed, which is asked for without waiting.

use aeron_support::{AeronClient, AeronError, Pending, failed};
use rusteron_archive::{AeronHeader, AeronSubscription};

/// Largest number of fragments that are taken from one channel in a duty cycle.
const FRAGMENT_LIMIT: usize = 64;

/// A subscription, or the request for it.
pub(super) enum Channel {
    Adding(Pending<AeronSubscription>),
    Added(AeronSubscription),
}

impl Channel {
    pub(super) fn add(client: &AeronClient, channel: &str, stream_id: i32) -> Result<Self, AeronError> {
        client.async_add_subscription(channel, stream_id).map(Self::Adding)
    }

    /// The subscription, once it is there.
    pub(super) fn subscription(&self) -> Option<&AeronSubscription> {
        match self {
            Self::Adding(_) => None,
            Self::Added(subscription) => Some(subscription),
        }
    }

    /// Passes on messages, which are never longer than a fragment. Returns their number.
    pub(super) fn poll(&mut self, take: &mut impl FnMut(&[u8])) -> Result<usize, AeronError> {
        match self {
            Self::Adding(adding) => {
                let Some(subscription) = adding.poll()? else { return Ok(0) };
                *self = Self::Added(subscription);
                Ok(0)
            }
            Self::Added(subscription) => {
                let mut take = |message: &[u8], _: AeronHeader| take(message);
                let polled = subscription.poll_fn(&mut take, FRAGMENT_LIMIT);
                let fragments = polled.map_err(failed("poll a subscription"))?;
                Ok(usize::try_from(fragments).unwrap_or(0))
            }
        }
    }
}
