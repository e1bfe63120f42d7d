//! The ingress publications that the state machine asked for: added without waiting, watched for being connected.

use std::ffi::CString;

use rusteron_archive::{
    Aeron, AeronAsyncAddExclusivePublication, AeronCountersReader, AeronExclusivePublication, AeronOfferError,
};

use crate::channel::{IPC_CHANNEL, with_parameter};
use crate::ingress_proxy::SESSION_HEADER_LENGTH;
use crate::session::{IngressId, Route, Target};

/// Counter type of a network publication's position up to which the driver has sent (`io.aeron.AeronCounters`).
const SENDER_POSITION_TYPE_ID: i32 = 2;

/// What happened to a publication.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum IngressFact {
    Connected(IngressId),
    Disconnected(IngressId),
    /// It could not be added; it is gone.
    Failed(IngressId, String),
}

/// An added publication.
pub(crate) struct Ingress {
    publication: AeronExclusivePublication,
    /// Longest application message in bytes.
    pub max_message_length: usize,
}

impl Ingress {
    /// Offers a message made of its header and its body.
    #[inline]
    pub(crate) fn offer(&self, header: &[u8], body: &[u8]) -> Result<i64, AeronOfferError> {
        self.publication.offer_parts(&[header, body])
    }

    /// Offers a request that is complete in itself.
    pub(crate) fn offer_request(&self, request: &[u8]) -> Result<i64, AeronOfferError> {
        self.publication.offer(request)
    }

    /// How far the driver has sent it; `None` for IPC, where what is offered has arrived.
    pub(crate) fn sender_position(&self, aeron: &Aeron) -> Option<SenderPosition> {
        let registration_id = self.publication.get_constants().ok()?.registration_id();
        let counters = aeron.counters_reader();
        let counter_id = counters.find_by_type_and_registration_id(SENDER_POSITION_TYPE_ID, registration_id)?;
        Some(SenderPosition { counters, counter_id })
    }
}

/// A publication's position up to which the driver has sent.
pub(crate) struct SenderPosition {
    counters: AeronCountersReader,
    counter_id: i32,
}

impl SenderPosition {
    /// The end of the stream when the counter is gone.
    pub(crate) fn get(&self) -> i64 {
        self.counters.get_counter_value(self.counter_id).unwrap_or(i64::MAX)
    }
}

enum Phase {
    Adding(AeronAsyncAddExclusivePublication),
    Added { ingress: Ingress, connected: bool },
}

/// All of them; a handful.
#[derive(Default)]
pub(crate) struct IngressPublications {
    publications: Vec<(IngressId, Phase)>,
}

impl IngressPublications {
    /// Starts to add a publication.
    ///
    /// # Errors
    /// The reason when it can't even be asked for.
    pub(crate) fn open(
        &mut self,
        aeron: &Aeron,
        ingress: IngressId,
        target: &Target,
        ingress_channel: &str,
        ingress_stream_id: i32,
    ) -> Result<(), String> {
        let channel = match &target.route {
            Route::Channel => Some(ingress_channel.to_owned()),
            Route::Endpoint(endpoint) => with_parameter(ingress_channel, "endpoint", endpoint),
            Route::Ipc => Some(IPC_CHANNEL.to_owned()),
        };
        let channel = channel.and_then(|channel| CString::new(channel).ok()).ok_or("no valid channel")?;
        let adding =
            aeron.async_add_exclusive_publication(&channel, ingress_stream_id).map_err(|error| error.to_string())?;
        self.publications.push((ingress, Phase::Adding(adding)));
        Ok(())
    }

    /// Closes it; what has been offered is still sent.
    pub(crate) fn close(&mut self, ingress: IngressId) {
        self.publications.retain(|(id, _)| *id != ingress);
    }

    /// Forgets all of them: the media driver is gone.
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

    /// Looks at each publication and tells the first change found; to be called until there is none.
    pub(crate) fn poll(&mut self) -> Option<IngressFact> {
        for index in 0..self.publications.len() {
            let (id, phase) = &mut self.publications[index];
            let id = *id;
            match phase {
                Phase::Adding(adding) => match adding.poll().map_err(|error| error.to_string()).and_then(added) {
                    Ok(None) => {}
                    Ok(Some(ingress)) => *phase = Phase::Added { ingress, connected: false },
                    Err(reason) => {
                        self.publications.remove(index);
                        return Some(IngressFact::Failed(id, reason));
                    }
                },
                Phase::Added { .. } => {}
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

fn added(publication: Option<AeronExclusivePublication>) -> Result<Option<Ingress>, String> {
    let Some(publication) = publication else { return Ok(None) };
    let constants = publication.get_constants().map_err(|error| error.to_string())?;
    let max_message_length = constants.max_message_length().saturating_sub(SESSION_HEADER_LENGTH);
    Ok(Some(Ingress { publication, max_message_length }))
}
