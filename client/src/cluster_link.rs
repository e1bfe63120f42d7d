//! A session's share in an Aeron client: one of its own, or one that the sessions with all clusters of a deployment share.

use std::cell::RefCell;
use std::rc::Rc;

use aeron_cluster_client::{ConnectProblem, Context, GroupListener, OfferError, SessionGroup, SessionIndex};

use crate::error::ClientError;

/// An Aeron client, and the sessions with clusters that use it.
#[derive(Clone)]
pub(crate) struct SharedGroup {
    group: Rc<RefCell<SessionGroup>>,
    /// Whether the Aeron client goes with its only session.
    is_of_one: bool,
}

impl SharedGroup {
    /// An Aeron client for sessions with media driver and egress of this context.
    ///
    /// # Errors
    /// When the context cannot work.
    pub(crate) fn new(context: &Context) -> Result<Self, ClientError> {
        Ok(Self { group: Rc::new(RefCell::new(SessionGroup::new(context)?)), is_of_one: false })
    }

    /// An Aeron client for one session.
    ///
    /// # Errors
    /// When the context cannot work.
    pub(crate) fn of_one(context: &Context) -> Result<Self, ClientError> {
        Ok(Self { is_of_one: true, ..Self::new(context)? })
    }

    /// One duty cycle of all sessions. The listener must not use them.
    #[inline]
    pub(crate) fn do_work(&self, listener: &mut impl GroupListener) -> usize {
        self.group.borrow_mut().do_work(listener)
    }

    /// Closes all sessions, for good, and waits a moment until the clusters were told.
    pub(crate) fn close(&self) {
        self.group.borrow_mut().close();
    }
}

/// A session with a cluster.
pub(crate) struct ClusterLink {
    group: SharedGroup,
    /// `None` once it was given up.
    session: Option<SessionIndex>,
}

impl ClusterLink {
    /// A session that begins to connect in the group's next duty cycle.
    ///
    /// # Errors
    /// When the context cannot work, or the group has no room.
    pub(crate) fn open(group: &SharedGroup, context: Context) -> Result<Self, ClientError> {
        let session = group.group.borrow_mut().add(context)?;
        Ok(Self { group: group.clone(), session: Some(session) })
    }

    /// The group that the session is one of.
    #[inline]
    pub(crate) fn group(&self) -> &SharedGroup {
        &self.group
    }

    /// Whether this is the session that the group knows by this index.
    #[inline]
    pub(crate) fn is(&self, session: SessionIndex) -> bool {
        self.session == Some(session)
    }

    /// Sends a message to the leader.
    #[inline]
    pub(crate) fn offer_parts(&self, parts: &[&[u8]]) -> Result<i64, OfferError> {
        let session = self.session.ok_or(OfferError::Closed)?;
        self.group.group.borrow_mut().offer_parts(session, parts)
    }

    /// Calls `read` with the secret of the open session, which is empty if there is none.
    pub(crate) fn with_secret<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        let group = self.group.group.borrow();
        read(self.session.map_or(&[], |session| group.session_secret(session)))
    }

    /// Makes `known` what stood last in the way of the session.
    pub(crate) fn note_problem(&self, known: &mut Option<ConnectProblem>) {
        let group = self.group.group.borrow();
        let problem = self.session.and_then(|session| group.problem(session));
        if problem != known.as_ref() {
            *known = problem.cloned();
        }
    }

    /// Gives up the session for good, and with it the Aeron client, if no other session uses that.
    pub(crate) fn end(&mut self) {
        self.abandon();
        if self.group.is_of_one {
            self.group.group.borrow_mut().abandon();
        }
    }

    /// Gives up the session, and tells the cluster, without waiting.
    pub(crate) fn abandon(&mut self) {
        if let Some(session) = self.session.take() {
            self.group.group.borrow_mut().remove(session);
        }
    }
}

impl Drop for ClusterLink {
    fn drop(&mut self) {
        if self.group.is_of_one {
            self.group.close();
        } else {
            self.abandon();
        }
    }
}
