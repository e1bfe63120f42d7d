//! A message in several parts, which Aeron gathers into one.

use std::ops::Deref;

use crate::cluster::MAX_OFFER_PARTS;
use crate::offer_error::OfferError;

/// The parts of one message on the wire: the session header, then the parts of the service.
pub(crate) struct MessageParts<'a> {
    parts: [&'a [u8]; 1 + MAX_OFFER_PARTS],
    count: usize,
}

impl<'a> MessageParts<'a> {
    /// Refuses more than [`MAX_OFFER_PARTS`] parts.
    #[inline]
    pub(crate) fn check(parts: &[&[u8]]) -> Result<(), OfferError> {
        match parts.len() {
            0..=MAX_OFFER_PARTS => Ok(()),
            parts => Err(OfferError::TooManyParts { parts, maximum: MAX_OFFER_PARTS }),
        }
    }

    /// `header` before `parts`, which have been checked.
    #[inline]
    pub(crate) fn of(header: &'a [u8], parts: &[&'a [u8]]) -> Self {
        let mut all = [header; 1 + MAX_OFFER_PARTS];
        all[1..].iter_mut().zip(parts).for_each(|(slot, part)| *slot = part);
        Self { parts: all, count: 1 + parts.len().min(MAX_OFFER_PARTS) }
    }
}

impl<'a> Deref for MessageParts<'a> {
    type Target = [&'a [u8]];

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.parts[..self.count]
    }
}

/// Length of the message that the parts make, in bytes.
pub(crate) fn payload_length(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}
