//! The ingress publications that the session's state machine asked for: added without waiting, and watched for being
//! connected.

use aeron_support::channel::{IPC_CHANNEL, parameter, with_parameter};
use aeron_support::{AeronClient, AeronError, Pending, failed};
use rusteron_archive::{AeronCountersReader, AeronExclusivePublication, AeronOfferError};

use crate::ingress_proxy::SESSION_HEADER_LENGTH;
use crate::session::{IngressId, Route, Target};

/// Type id of the counter up to which position the media driver has sent a network publication. Source:
/// `io.aeron.AeronCounters.DRIVER_SENDER_POSITION_TYPE_ID`.
const SENDER_POSITION_TYPE_ID: i32 = 2;

/// Type id of the counter up to which position the media driver may send a network publication. Source:
/// `io.aeron.AeronCounters.DRIVER_SENDER_LIMIT_TYPE_ID`.
const SENDER_LIMIT_TYPE_ID: i32 = 9;

/// Parameter of a channel: length of a term buffer.
const TERM_LENGTH: &str = "term-length";

/// What happened to a publication.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum IngressFact {
    /// A member receives it.
    Connected(IngressId),
    /// No member receives it any more.
    Disconnected(IngressId),
    /// It could not be added, for the reason given, and is forgotten.
    Failed(IngressId, String),
}

/// An added publication.
pub(crate) struct Ingress {
    publication: AeronExclusivePublication,
    /// Longest application message in bytes, without the session header.
    pub(crate) max_message_length: usize,
}

impl Ingress {
    /// Offers a message in several parts.
    #[inline]
    pub(crate) fn offer_parts(&self, parts: &[&[u8]]) -> Result<i64, AeronOfferError> {
        self.publication.offer_parts(parts)
    }

    /// Offers a request that is one encoded message.
    pub(crate) fn offer(&self, request: &[u8]) -> Result<i64, AeronOfferError> {
        self.publication.offer(request)
    }

    /// The counter of the position up to which the media driver has sent; `None` for IPC, where what was offered has
    /// arrived.
    pub(crate) fn sender_position(&self, client: &AeronClient) -> Option<SenderCounter> {
        self.sender_counter(client, SENDER_POSITION_TYPE_ID)
    }

    /// The counter of the position up to which the media driver may send; `None` for IPC.
    pub(crate) fn sender_limit(&self, client: &AeronClient) -> Option<SenderCounter> {
        self.sender_counter(client, SENDER_LIMIT_TYPE_ID)
    }

    fn sender_counter(&self, client: &AeronClient, type_id: i32) -> Option<SenderCounter> {
        let registration_id = self.publication.get_constants().ok()?.registration_id();
        let counters = client.aeron().counters_reader();
        let counter_id = counters.find_by_type_and_registration_id(type_id, registration_id)?;
        Some(SenderCounter { counters, counter_id })
    }
}

/// A position of the media driver's sender in a publication.
pub(crate) struct SenderCounter {
    counters: AeronCountersReader,
    counter_id: i32,
}

impl SenderCounter {
    /// The position in bytes; `None` when the counter has gone.
    pub(crate) fn position(&self) -> Option<i64> {
        self.counters.get_counter_value(self.counter_id).ok()
    }
}

enum Phase {
    Adding(Pending<AeronExclusivePublication>),
    Added { ingress: Ingress, connected: bool },
}

/// All ingress publications; at most a few for each member.
#[derive(Default)]
pub(crate) struct IngressPublications {
    publications: Vec<(IngressId, Phase)>,
}

impl IngressPublications {
    /// Asks the media driver for a publication to `target`.
    ///
    /// # Errors
    /// The request cannot be made.
    pub(crate) fn open(
        &mut self,
        client: &AeronClient,
        ingress: IngressId,
        target: &Target,
        ingress_channel: &str,
        ingress_stream_id: i32,
    ) -> Result<(), AeronError> {
        let adding = match &target.route {
            Route::Channel => client.async_add_exclusive_publication(ingress_channel, ingress_stream_id),
            Route::Endpoint(endpoint) => {
                let channel = with_parameter(ingress_channel, "endpoint", endpoint);
                client.async_add_exclusive_publication(&channel, ingress_stream_id)
            }
            Route::Ipc => client.async_add_exclusive_publication(&ipc_channel(ingress_channel), ingress_stream_id),
        }?;
        self.publications.push((ingress, Phase::Adding(adding)));
        Ok(())
    }

    /// Closes a publication. The media driver still sends what was offered.
    pub(crate) fn close(&mut self, ingress: IngressId) {
        self.publications.retain(|(id, _)| *id != ingress);
    }

    /// Forgets all publications, because the media driver has gone.
    pub(crate) fn clear(&mut self) {
        self.publications.clear();
    }

    /// The publication, once it is added.
    #[inline]
    pub(crate) fn get(&self, ingress: IngressId) -> Option<&Ingress> {
        self.publications.iter().find(|(id, _)| *id == ingress).and_then(|(_, phase)| match phase {
            Phase::Added { ingress, .. } => Some(ingress),
            Phase::Adding(_) => None,
        })
    }

    /// The first change since the last call, of any publication. Call it until it returns `None`.
    pub(crate) fn poll(&mut self) -> Option<IngressFact> {
        for index in 0..self.publications.len() {
            let (id, phase) = &mut self.publications[index];
            let id = *id;
            if let Phase::Adding(adding) = phase {
                match adding.poll().and_then(added) {
                    Ok(None) => {}
                    Ok(Some(ingress)) => *phase = Phase::Added { ingress, connected: false },
                    Err(error) => {
                        self.publications.remove(index);
                        return Some(IngressFact::Failed(id, error.message));
                    }
                }
            }
            if let (_, Phase::Added { ingress, connected }) = &mut self.publications[index] {
                let is_connected = ingress.publication.is_connected();
                if is_connected != *connected {
                    *connected = is_connected;
                    let fact = if is_connected { IngressFact::Connected } else { IngressFact::Disconnected };
                    return Some(fact(id));
                }
            }
        }
        None
    }
}

/// IPC ingress with the term length of the ingress channel, which bounds the memory of all of this client's publications.
fn ipc_channel(ingress_channel: &str) -> String {
    match parameter(ingress_channel, TERM_LENGTH) {
        Some(term_length) => with_parameter(IPC_CHANNEL, TERM_LENGTH, term_length),
        None => IPC_CHANNEL.to_owned(),
    }
}

fn added(publication: Option<AeronExclusivePublication>) -> Result<Option<Ingress>, AeronError> {
    let Some(publication) = publication else { return Ok(None) };
    let constants = publication.get_constants().map_err(failed("look at an ingress publication"))?;
    let max_message_length = constants.max_message_length().saturating_sub(SESSION_HEADER_LENGTH);
    Ok(Some(Ingress { publication, max_message_length }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipc_has_the_term_length_of_the_ingress_channel() {
        assert_eq!(ipc_channel("aeron:udp?mtu=8k|term-length=64k"), "aeron:ipc?term-length=64k");
        assert_eq!(ipc_channel("aeron:udp"), "aeron:ipc");
    }
}
