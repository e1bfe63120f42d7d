//! What one session has of its own besides its state machine: settings, secrets, its share of the ingress publications, and where
//! its messages go.

use std::rc::Rc;

use crate::context::Context;
use crate::ingress_proxy::{SESSION_HEADER_LENGTH, SessionHeader};
use crate::ingress_publications::{Ingress, IngressPublications};
use crate::session::{IngressId, Session};
use crate::session_secrets::SessionSecrets;
use crate::shared_publications::PublicationId;

/// What one session has of its own.
pub(crate) struct Connection {
    pub(crate) context: Context,
    pub(crate) client_info: String,
    pub(crate) secrets: SessionSecrets,
    /// The publications that the state machine asked for.
    pub(crate) publications: Vec<Held>,
    active: Option<Active>,
}

/// A publication that a session has a share in.
pub(crate) struct Held {
    /// By which the session's state machine knows it.
    pub(crate) ingress: IngressId,
    pub(crate) publication: PublicationId,
    /// What the machine was told.
    pub(crate) is_connected: bool,
}

/// Where the application's messages go, and the header that precedes each.
pub(crate) struct Active {
    ingress: IngressId,
    header: SessionHeader,
    publication: PublicationId,
    /// By which messages are offered.
    pub(crate) offered_by: Rc<Ingress>,
    /// The session header of each message.
    pub(crate) message_header: [u8; SESSION_HEADER_LENGTH],
}

impl Held {
    pub(crate) fn new(ingress: IngressId, publication: PublicationId) -> Self {
        Self { ingress, publication, is_connected: false }
    }
}

impl Active {
    /// The open session, and its leader's term.
    pub(crate) fn header(&self) -> &SessionHeader {
        &self.header
    }
}

impl Connection {
    /// A session without publications, for a context that was concluded.
    pub(crate) fn new(context: Context) -> Self {
        Self {
            client_info: format!("name={} version={}", context.client_name, env!("CARGO_PKG_VERSION")),
            context,
            secrets: SessionSecrets::default(),
            publications: Vec::new(),
            active: None,
        }
    }

    /// Where the application's messages go; `None` while no leader takes them.
    #[inline]
    pub(crate) fn active(&self) -> Option<&Active> {
        self.active.as_ref()
    }

    /// The publication by which the application's messages go.
    pub(crate) fn active_publication(&self) -> Option<PublicationId> {
        self.active.as_ref().map(|active| active.publication)
    }

    /// The publication that the state machine knows by this id.
    pub(crate) fn held(&self, ingress: IngressId) -> Option<PublicationId> {
        self.publications.iter().find(|held| held.ingress == ingress).map(|held| held.publication)
    }

    /// Gives up the share in a publication.
    pub(crate) fn close(&mut self, ingress: IngressId, publications: &mut IngressPublications) {
        self.active.take_if(|active| active.ingress == ingress);
        self.publications.retain(|held| {
            if held.ingress == ingress {
                publications.close(held.publication);
            }
            held.ingress != ingress
        });
    }

    /// Prepares what an offer needs, when the session or its leader has changed.
    pub(crate) fn activate(&mut self, session: &Session, publications: &IngressPublications) {
        self.secrets.open(session.correlation_id());
        let wanted = session.ingress();
        if wanted == self.active.as_ref().map(|active| (active.ingress, active.header)) {
            return;
        }
        self.active = wanted.and_then(|(ingress, header)| {
            let publication = self.held(ingress)?;
            let offered_by = Rc::clone(publications.get(publication)?);
            Some(Active { ingress, header, publication, offered_by, message_header: header.message_header() })
        });
    }

    /// Forgets all that was the media driver's, which has gone.
    pub(crate) fn clear(&mut self) {
        self.active = None;
        self.publications.clear();
        self.secrets = SessionSecrets::default();
    }

    /// Gives up the shares in all publications.
    pub(crate) fn release(&mut self, publications: &mut IngressPublications) {
        self.active = None;
        for held in self.publications.drain(..) {
            publications.close(held.publication);
        }
    }
}
