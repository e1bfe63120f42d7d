//! A publication of market data, which takes a message at once or not at all.

use std::time::{Duration, Instant};

use aeron_support::{AeronClient, AeronError, failed};
use lugus_codecs::market_data::MAXIMUM_STREAM_LENGTH;
use rusteron_archive::{AeronExclusivePublication, AeronOfferError};
use thiserror::Error;

/// How long a message waits for a publication that is back-pressured. Later messages do not wait until that publication has
/// taken one.
const PATIENCE: Duration = Duration::from_millis(2);

/// Why a member has no market-data stream.
#[derive(Debug, Error)]
pub enum MarketDataError {
    /// The media driver refused something, or has gone.
    #[error("market data: {0}")]
    Aeron(#[from] AeronError),
    /// Messages would be fragmented.
    #[error(
        "market data: {channel} takes fragments of {found} bytes, but {MAXIMUM_STREAM_LENGTH} are needed: raise the driver's MTU"
    )]
    Mtu {
        /// Channel of the publication.
        channel: String,
        /// Largest payload of one of its fragments, in bytes.
        found: usize,
    },
}

/// One publication.
pub(super) struct Target {
    publication: AeronExclusivePublication,
    /// Who takes the messages, for the log.
    receiver: &'static str,
    /// How long a message waits for the publication.
    patience: Duration,
    /// Whether a message has waited for the publication longer than allowed, and none has been accepted since.
    is_stuck: bool,
    dropped: u64,
}

impl Target {
    /// Adds the publication, which must take the longest message in one fragment.
    pub(super) fn add(client: &AeronClient, channel: &str, stream_id: i32) -> Result<Self, MarketDataError> {
        let publication = client.add_exclusive_publication(channel, stream_id)?;
        let constants = publication.get_constants().map_err(failed(format!("look at the publication {channel}")))?;
        let found = constants.max_payload_length();
        if found < MAXIMUM_STREAM_LENGTH {
            return Err(MarketDataError::Mtu { channel: channel.to_owned(), found });
        }
        Ok(Self { publication, receiver: "listeners", patience: PATIENCE, is_stuck: false, dropped: 0 })
    }

    /// The same publication, to an archive that records. No message waits for it, so that an archive whose disk is slow delays no
    /// listener: the recording gets a hole, once the publication's window is full.
    pub(super) fn for_archive(self) -> Self {
        Self { receiver: "the recording", patience: Duration::ZERO, ..self }
    }

    /// Whether anybody listens.
    pub(super) fn is_heard(&self) -> bool {
        self.publication.is_connected()
    }

    /// Position of the stream, in bytes.
    pub(super) fn position(&self) -> i64 {
        self.publication.position()
    }

    /// Sends a message, if anybody listens. Returns `false` if it was dropped, as the publication did not take it in time.
    #[inline]
    #[must_use]
    pub(super) fn send(&mut self, message: &[u8]) -> bool {
        let mut began = None;
        loop {
            match self.publication.offer(message) {
                Ok(_) => {
                    self.is_stuck = false;
                    return true;
                }
                // Nobody listens.
                Err(AeronOfferError::NotConnected) => return true,
                // The publication goes over to its next term.
                Err(AeronOfferError::AdminAction) if began.get_or_insert_with(Instant::now).elapsed() < PATIENCE => {}
                Err(AeronOfferError::BackPressured)
                    if !self.is_stuck && began.get_or_insert_with(Instant::now).elapsed() < self.patience =>
                {
                    std::thread::yield_now();
                }
                Err(error) => {
                    self.drop_message(&error);
                    return false;
                }
            }
        }
    }

    #[cold]
    fn drop_message(&mut self, error: &AeronOfferError) {
        self.dropped += 1;
        if !std::mem::replace(&mut self.is_stuck, true) {
            let Self { receiver, dropped, .. } = *self;
            tracing::warn!(%error, receiver, dropped, "market data is dropped; listeners recover with replays and snapshots of the book");
        }
    }
}
