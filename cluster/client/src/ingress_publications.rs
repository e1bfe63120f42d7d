//! The ingress publications that the sessions with one cluster asked for, and share: added without waiting, and watched for being
//! connected.

use std::rc::Rc;

use aeron_support::channel::{IPC_CHANNEL, parameter, with_parameter};
use aeron_support::{AeronClient, AeronError, Pending, failed};
use rusteron_archive::{AeronCountersReader, AeronExclusivePublication, AeronOfferError};

use crate::ingress_proxy::SESSION_HEADER_LENGTH;
use crate::session::{Now, Route, Target};
use crate::shared_publications::{PublicationId, SharedPublications};

/// Type id of the counter up to which position the media driver has sent a network publication. Source:
/// `io.aeron.AeronCounters.DRIVER_SENDER_POSITION_TYPE_ID`.
const SENDER_POSITION_TYPE_ID: i32 = 2;

/// Type id of the counter up to which position the media driver may send a network publication. Source:
/// `io.aeron.AeronCounters.DRIVER_SENDER_LIMIT_TYPE_ID`.
const SENDER_LIMIT_TYPE_ID: i32 = 9;

/// Parameter of a channel: length of a term buffer.
const TERM_LENGTH: &str = "term-length";

/// What a publication is at present.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum IngressState {
    /// It is being added, or was never received by a member.
    Opening,
    /// A member receives it.
    Connected,
    /// No member receives it any more.
    Disconnected,
    /// It is at its maximum position, and takes no more bytes.
    Exhausted,
    /// It could not be added, for the reason given.
    Failed(String),
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

/// A publication on its way.
struct Publication {
    phase: Phase,
    state: IngressState,
}

enum Phase {
    Adding(Pending<AeronExclusivePublication>),
    Added {
        ingress: Rc<Ingress>,
        /// Looked for once, as that goes through all counters of the media driver; `None` inside for IPC.
        sender_limit: Option<Option<SenderCounter>>,
    },
    Failed,
}

/// All ingress publications of the sessions with one cluster; at most a few for each member.
#[derive(Default)]
pub(crate) struct IngressPublications {
    publications: SharedPublications<Publication>,
}

impl IngressPublications {
    /// Joins the publication to `target` that another session has, if it was opened after `opened_after`, or asks the media
    /// driver for one.
    ///
    /// # Errors
    /// The request cannot be made.
    pub(crate) fn open(
        &mut self,
        client: &AeronClient,
        target: &Target,
        ingress_channel: &str,
        ingress_stream_id: i32,
        opened_after: Now,
        now: Now,
    ) -> Result<PublicationId, AeronError> {
        let channel = match &target.route {
            Route::Channel => ingress_channel.to_owned(),
            Route::Endpoint(endpoint) => with_parameter(ingress_channel, "endpoint", endpoint),
            Route::Ipc => ipc_channel(ingress_channel),
        };
        self.publications.open(&channel, opened_after, now, || {
            let adding = client.async_add_exclusive_publication(&channel, ingress_stream_id)?;
            Ok(Publication { phase: Phase::Adding(adding), state: IngressState::Opening })
        })
    }

    /// A session uses the publication no longer. The last one closes it; the media driver still sends what was offered.
    pub(crate) fn close(&mut self, id: PublicationId) {
        self.publications.close(id);
    }

    /// Forgets all publications, because the media driver has gone.
    pub(crate) fn clear(&mut self) {
        self.publications.clear();
    }

    /// The cluster has another leader, which has answered what was sent by `answered`: the other publications are joined by
    /// nobody any more.
    pub(crate) fn on_new_leader(&mut self, answered: Option<PublicationId>, now: Now) {
        self.publications.distrust(now);
        if let Some(answered) = answered {
            self.publications.trust(answered, now);
        }
    }

    /// The publication, once it is added.
    pub(crate) fn get(&self, id: PublicationId) -> Option<&Rc<Ingress>> {
        match &self.publications.get(id)?.phase {
            Phase::Added { ingress, .. } => Some(ingress),
            Phase::Adding(_) | Phase::Failed => None,
        }
    }

    /// What the publication was in the last [`poll`](Self::poll).
    pub(crate) fn state(&self, id: PublicationId) -> Option<&IngressState> {
        self.publications.get(id).map(|publication| &publication.state)
    }

    /// The publication takes no more bytes.
    pub(crate) fn exhausted(&mut self, id: PublicationId) {
        self.publications.lose(id);
        if let Some(publication) = self.publications.get_mut(id) {
            publication.state = IngressState::Exhausted;
        }
    }

    /// The position up to which the media driver may send, in bytes; `None` for IPC.
    pub(crate) fn sender_limit(&mut self, id: PublicationId, client: &AeronClient) -> Option<i64> {
        let Phase::Added { ingress, sender_limit } = &mut self.publications.get_mut(id)?.phase else { return None };
        sender_limit.get_or_insert_with(|| ingress.sender_limit(client)).as_ref()?.position()
    }

    /// Looks after all publications. Returns how many have changed.
    pub(crate) fn poll(&mut self) -> usize {
        let mut changes = 0;
        self.publications.for_each(|publication| {
            changes += usize::from(publication.poll());
            !matches!(publication.state, IngressState::Disconnected | IngressState::Failed(_))
        });
        changes
    }
}

impl Publication {
    /// Returns true if the state has changed.
    fn poll(&mut self) -> bool {
        if let Phase::Adding(adding) = &self.phase {
            match adding.poll().and_then(added) {
                Ok(None) => return false,
                Ok(Some(ingress)) => self.phase = Phase::Added { ingress: Rc::new(ingress), sender_limit: None },
                Err(error) => {
                    self.phase = Phase::Failed;
                    self.state = IngressState::Failed(error.message);
                    return true;
                }
            }
        }
        let Phase::Added { ingress, .. } = &self.phase else { return false };
        let state = match (ingress.publication.is_connected(), &self.state) {
            (_, IngressState::Exhausted) | (false, IngressState::Opening) => return false,
            (true, _) => IngressState::Connected,
            (false, _) => IngressState::Disconnected,
        };
        let has_changed = state != self.state;
        self.state = state;
        has_changed
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
