//! Publications, subscriptions and counters: asked for without waiting (`async_add_`), or waited for (`add_`).

use rusteron_archive::{
    AeronAsyncAddCounter, AeronAsyncAddExclusivePublication, AeronAsyncAddPublication, AeronAsyncAddSubscription,
    AeronCError, AeronCounter, AeronExclusivePublication, AeronImage, AeronPublication, AeronSubscription, Handler,
    Handlers,
};

use crate::channel::MAX_CHANNEL_LENGTH;
use crate::client::{AeronClient, Pending, Requested};
use crate::error::{AeronError, c_string, failed};

/// Longest key of a counter, in bytes. Source: `CountersReader.MAX_KEY_LENGTH`.
pub const MAX_COUNTER_KEY_LENGTH: usize = 112;
/// Longest label of a counter, in bytes. Source: `CountersReader.MAX_LABEL_LENGTH`.
pub const MAX_COUNTER_LABEL_LENGTH: usize = 380;

/// An image that a subscription has lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedImage {
    /// Session id of the publication, which names the image.
    pub session_id: i32,
    /// Whether the publisher has ended the stream. Otherwise nothing came for the media driver's image liveness time-out,
    /// and what was sent since may be missing.
    pub is_end_of_stream: bool,
}

macro_rules! requested {
    ($($resource:ty, $request:ty;)*) => {
        $(impl Requested for $resource {
            type Request = $request;

            fn poll(request: &Self::Request) -> Result<Option<Self>, AeronCError> {
                request.poll()
            }
        })*
    };
}

requested! {
    AeronPublication, AeronAsyncAddPublication;
    AeronExclusivePublication, AeronAsyncAddExclusivePublication;
    AeronSubscription, AeronAsyncAddSubscription;
    AeronCounter, AeronAsyncAddCounter;
}

impl AeronClient {
    /// Asks for a publication, which is shared with all others of this client for the same channel and stream.
    ///
    /// # Errors
    /// The request cannot be made: the channel is no URI, or the media driver takes no commands.
    pub fn async_add_publication(
        &self,
        channel: &str,
        stream_id: i32,
    ) -> Result<Pending<AeronPublication>, AeronError> {
        let request = c_string(channel).and_then(|channel| self.aeron().async_add_publication(&channel, stream_id));
        Pending::new(request, format!("add the publication {channel}, stream {stream_id}"))
    }

    /// Adds a publication, as [`async_add_publication`](Self::async_add_publication), and waits for it.
    ///
    /// # Errors
    /// The media driver refuses it, or does not answer in time.
    pub fn add_publication(&self, channel: &str, stream_id: i32) -> Result<AeronPublication, AeronError> {
        self.wait_for(&self.async_add_publication(channel, stream_id)?)
    }

    /// Asks for a publication that has its own session and is used by one thread.
    ///
    /// # Errors
    /// The request cannot be made: the channel is no URI, or the media driver takes no commands.
    pub fn async_add_exclusive_publication(
        &self,
        channel: &str,
        stream_id: i32,
    ) -> Result<Pending<AeronExclusivePublication>, AeronError> {
        let request =
            c_string(channel).and_then(|channel| self.aeron().async_add_exclusive_publication(&channel, stream_id));
        Pending::new(request, format!("add the publication {channel}, stream {stream_id}"))
    }

    /// Adds an exclusive publication and waits for it.
    ///
    /// # Errors
    /// The media driver refuses it, or does not answer in time.
    pub fn add_exclusive_publication(
        &self,
        channel: &str,
        stream_id: i32,
    ) -> Result<AeronExclusivePublication, AeronError> {
        self.wait_for(&self.async_add_exclusive_publication(channel, stream_id)?)
    }

    /// Asks for a subscription.
    ///
    /// # Errors
    /// The request cannot be made: the channel is no URI, or the media driver takes no commands.
    pub fn async_add_subscription(
        &self,
        channel: &str,
        stream_id: i32,
    ) -> Result<Pending<AeronSubscription>, AeronError> {
        let request = c_string(channel).and_then(|channel| {
            self.aeron().async_add_subscription(&channel, stream_id, Handlers::NONE, Handlers::NONE)
        });
        Pending::new(request, format!("add the subscription {channel}, stream {stream_id}"))
    }

    /// Asks for a subscription, as [`async_add_subscription`](Self::async_add_subscription), whose closed images are told to
    /// `on_closed_image` in the client's duty cycle, and when the subscription itself is dropped.
    ///
    /// # Errors
    /// The request cannot be made: the channel is no URI, or the media driver takes no commands.
    pub fn async_add_watched_subscription(
        &self,
        channel: &str,
        stream_id: i32,
        mut on_closed_image: impl FnMut(ClosedImage) + 'static,
    ) -> Result<Pending<AeronSubscription>, AeronError> {
        let handler = Handler::new(move |_: AeronSubscription, image: AeronImage| {
            if let Ok(constants) = image.get_constants() {
                let is_end_of_stream = image.is_end_of_stream() || image.is_publication_revoked();
                on_closed_image(ClosedImage { session_id: constants.session_id(), is_end_of_stream });
            }
        });
        let request = c_string(channel).and_then(|channel| {
            self.aeron().async_add_subscription(&channel, stream_id, Handlers::NONE, Some(&handler))
        });
        Pending::new(request, format!("add the subscription {channel}, stream {stream_id}"))
    }

    /// Adds a subscription and waits for it.
    ///
    /// # Errors
    /// The media driver refuses it, or does not answer in time.
    pub fn add_subscription(&self, channel: &str, stream_id: i32) -> Result<AeronSubscription, AeronError> {
        self.wait_for(&self.async_add_subscription(channel, stream_id)?)
    }

    /// Asks for a counter; key and label are cut to [`MAX_COUNTER_KEY_LENGTH`] and [`MAX_COUNTER_LABEL_LENGTH`].
    ///
    /// # Errors
    /// The request cannot be made: the media driver takes no commands.
    pub fn async_add_counter(
        &self,
        type_id: i32,
        key: &[u8],
        label: &str,
    ) -> Result<Pending<AeronCounter>, AeronError> {
        let key = &key[..key.len().min(MAX_COUNTER_KEY_LENGTH)];
        let label = &label[..label.floor_char_boundary(MAX_COUNTER_LABEL_LENGTH)];
        let request = self.aeron().async_add_counter(type_id, key, label);
        Pending::new(request, format!("add the counter {type_id} ({label})"))
    }

    /// Adds a counter, as [`async_add_counter`](Self::async_add_counter), and waits for it.
    ///
    /// # Errors
    /// The media driver refuses it, or does not answer in time.
    pub fn add_counter(&self, type_id: i32, key: &[u8], label: &str) -> Result<AeronCounter, AeronError> {
        self.wait_for(&self.async_add_counter(type_id, key, label)?)
    }

    /// The channel of a subscription, with the port that the system chose when the channel's port is 0; `None` while the
    /// media driver has not said which.
    ///
    /// # Errors
    /// The subscription is closed.
    pub fn try_resolve_channel(&self, subscription: &AeronSubscription) -> Result<Option<String>, AeronError> {
        let channel = subscription
            .try_resolve_channel_endpoint_port_as_string(MAX_CHANNEL_LENGTH + 1)
            .map_err(failed("learn the port of a subscription"))?;
        Ok(Some(channel).filter(|channel| !channel.is_empty()))
    }

    /// The channel of a subscription, with the port that the system chose, waited for.
    ///
    /// # Errors
    /// The media driver does not say in time.
    pub fn resolve_channel(&self, subscription: &AeronSubscription) -> Result<String, AeronError> {
        self.wait(self.driver_timeout(), "learn the port of a subscription", || self.try_resolve_channel(subscription))
    }
}
