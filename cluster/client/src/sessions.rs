//! The sessions with one cluster, which share an egress subscription: their state machines, and which of them a message is for.
//! Without I/O.

use crate::egress_adapter::{Egress, SessionEvent};
use crate::egress_listener::{AdminResponse, GroupListener, SessionIndex};
use crate::session::{ClosedEgress, Now, Session};
use crate::session_ids::SessionIds;

/// The sessions with one cluster.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    members: Vec<Option<Member>>,
    ids: SessionIds,
    /// Newest leadership term that a session has heard of.
    leadership_term_id: Option<i64>,
    wants_renewal: bool,
}

/// A session, at a place that it keeps.
#[derive(Debug)]
pub(crate) struct Member {
    /// By which the application knows it.
    pub(crate) index: SessionIndex,
    pub(crate) session: Session,
    /// By which the table of ids knows it.
    cluster_session_id: Option<i64>,
    /// Session id of the image by which the open session's leader announced itself.
    leader_image: Option<i32>,
}

/// What a message of the cluster has done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// It was for the application, or for nobody.
    Delivered,
    /// It may have changed the session at this place, whose actions are to be done before the next message.
    Event { place: usize },
    /// The session at this place is another one, or has another leader.
    Opened { place: usize },
}

impl Sessions {
    /// Adds a session. Returns its place.
    pub(crate) fn insert(&mut self, index: SessionIndex, session: Session) -> usize {
        let member = Some(Member { index, session, cluster_session_id: None, leader_image: None });
        if let Some(place) = self.members.iter().position(Option::is_none) {
            self.members[place] = member;
            return place;
        }
        self.members.push(member);
        self.members.len() - 1
    }

    /// Takes out a session.
    pub(crate) fn remove(&mut self, place: usize) {
        if let Some(member) = self.members.get_mut(place).and_then(Option::take)
            && let Some(cluster_session_id) = member.cluster_session_id
        {
            self.ids.remove(cluster_session_id, place);
        }
    }

    /// Number of places, some of which may be free.
    pub(crate) fn places(&self) -> usize {
        self.members.len()
    }

    /// The sessions, in the order of their places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().flatten()
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.members.iter_mut().flatten()
    }

    /// The session at a place.
    #[inline]
    pub(crate) fn get(&self, place: usize) -> Option<&Member> {
        self.members.get(place)?.as_ref()
    }

    /// The session at a place. After a change, call [`update`](Self::update).
    #[inline]
    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut Member> {
        self.members.get_mut(place)?.as_mut()
    }

    /// Number of sessions that have sent a request which is not answered.
    pub(crate) fn sent_requests(&self) -> usize {
        self.iter().filter(|member| member.session.has_sent_request()).count()
    }

    /// Makes the table know what the session at this place is now.
    pub(crate) fn update(&mut self, place: usize) {
        let Some(member) = self.members.get_mut(place).and_then(Option::as_mut) else { return };
        let present = member.session.header().map(|header| header.cluster_session_id);
        if present == member.cluster_session_id {
            return;
        }
        if let Some(old) = std::mem::replace(&mut member.cluster_session_id, present) {
            self.ids.remove(old, place);
        }
        if let Some(present) = present {
            self.ids.insert(present, place);
        }
    }

    /// Gives a message to the session that it is for, or to the application. `image` is the session id of the image that it came
    /// by.
    #[inline]
    pub(crate) fn receive<L: GroupListener + ?Sized>(
        &mut self,
        event: Egress<'_>,
        image: i32,
        now: Now,
        listener: &mut L,
    ) -> Received {
        match event {
            Egress::Message { cluster_session_id, timestamp, payload } => {
                if let Some(member) = self.ids.get(cluster_session_id).and_then(|place| self.get_mut(place))
                    && member.session.on_message(cluster_session_id, now)
                {
                    listener.on_message(member.index, cluster_session_id, timestamp, payload);
                }
                Received::Delivered
            }
            other => self.receive_event(other, image, now, listener),
        }
    }

    fn receive_event<L: GroupListener + ?Sized>(
        &mut self,
        event: Egress<'_>,
        image: i32,
        now: Now,
        listener: &mut L,
    ) -> Received {
        let place = match &event {
            Egress::Admin(event) => self.ids.get(event.cluster_session_id),
            Egress::Session(event) => self.receiver_of(event),
            Egress::NewLeader(event) => self.ids.get(event.cluster_session_id),
            Egress::Challenge { correlation_id, .. } => self.awaiting(*correlation_id),
            Egress::Message { .. } | Egress::Other => None,
        };
        let Some((place, member)) = place.and_then(|place| Some((place, self.get_mut(place)?))) else {
            return Received::Delivered;
        };
        let Member { session, index, .. } = member;
        let header = session.header();
        match event {
            Egress::Admin(event) => {
                if session.on_message(event.cluster_session_id, now) && !event.is_probe {
                    let (correlation_id, code, message) = (event.correlation_id, event.code, event.message);
                    listener.on_admin_response(*index, &AdminResponse { correlation_id, code, message });
                }
                return Received::Delivered;
            }
            Egress::Session(event) => {
                tracing::trace!(?event, ?now);
                session.on_session_event(&event, now);
            }
            Egress::NewLeader(event) => {
                tracing::trace!(?event, ?now);
                session.on_new_leader(&event, now);
            }
            Egress::Challenge { correlation_id, cluster_session_id, encoded_challenge } => {
                session.on_challenge(correlation_id, cluster_session_id, encoded_challenge, now);
            }
            Egress::Message { .. } | Egress::Other => {}
        }
        if session.header() == header {
            return Received::Event { place };
        }
        member.leader_image = Some(image);
        self.update(place);
        Received::Opened { place }
    }

    /// The session that a session event is for: the one that asked, before the one that has the id. After a cluster has begun
    /// anew, an id may be that of a session which does not know yet that it has ended.
    fn receiver_of(&self, event: &SessionEvent<'_>) -> Option<usize> {
        let by_id = self.ids.get(event.cluster_session_id);
        let asked = |place: &usize| {
            let member = self.get(*place);
            member.is_some_and(|member| member.session.correlation_id() == Some(event.correlation_id))
        };
        by_id.filter(asked).or_else(|| self.awaiting(event.correlation_id)).or(by_id)
    }

    /// The session that waits for the answer with this correlation id, which is unique in a media driver.
    fn awaiting(&self, correlation_id: i64) -> Option<usize> {
        let awaits = |member: &Option<Member>| member.as_ref().is_some_and(|m| m.session.awaits(correlation_id));
        self.members.iter().position(awaits)
    }

    /// Whether the session at this place is open in a newer term than any other that is known of.
    pub(crate) fn is_of_new_term(&mut self, place: usize) -> bool {
        let term = self.get(place).and_then(|member| member.session.header()).map(|header| header.leadership_term_id);
        let is_newer = term > self.leadership_term_id;
        self.leadership_term_id = self.leadership_term_id.max(term);
        is_newer
    }

    /// Whether this image is that of a session's leader.
    pub(crate) fn is_leaders(&self, image: i32) -> bool {
        self.iter().any(|member| member.session.header().is_some() && member.leader_image == Some(image))
    }

    /// An egress image is closed. All sessions may have changed.
    pub(crate) fn on_egress_closed(&mut self, image: i32, is_end_of_stream: bool, now: Now) {
        for member in self.iter_mut() {
            let is_leaders = member.session.header().is_some() && member.leader_image == Some(image);
            match (is_leaders, is_end_of_stream) {
                (true, true) => member.session.on_egress_closed(ClosedEgress::LeaderEnded, now),
                (true, false) => member.session.on_egress_closed(ClosedEgress::LeaderLost, now),
                (false, true) => {}
                (false, false) => member.session.on_egress_closed(ClosedEgress::OtherLost, now),
            }
        }
    }

    /// A session wants egress to be subscribed to anew.
    pub(crate) fn want_renewal(&mut self) {
        self.wants_renewal = true;
    }

    /// Whether egress is to be subscribed to anew now: a session wants it, and no open one would lose its own by that. All
    /// sessions are told.
    pub(crate) fn take_renewal(&mut self, now: Now) -> bool {
        if !self.wants_renewal || self.iter().any(|member| member.session.header().is_some()) {
            return false;
        }
        self.wants_renewal = false;
        self.iter_mut().for_each(|member| member.session.on_egress_renewed(now));
        true
    }

    /// The media driver has gone.
    pub(crate) fn on_media_driver_lost(&mut self, reason: &str, now: Now) {
        self.wants_renewal = false;
        self.iter_mut().for_each(|member| member.session.on_media_driver_lost(reason, now));
    }
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
