//! Sessions with a cluster, all of them on the thread that runs the load, through the cluster client alone. They share an Aeron
//! client, an egress port and the publication to the leader, as those of a trading firm's process do.

use std::time::{Duration, Instant};

use aeron_cluster_client::{
    ClientError, Connected, Context, DisconnectReason, GroupListener, NewLeader, OfferError, SessionGroup,
    SessionIndex, State,
};

use crate::load::{Endpoint, LoadError};

/// Time within which all sessions have to be open.
const CONNECT: Duration = Duration::from_secs(30);

/// Sessions with a cluster.
pub struct ClusterSessions {
    /// `None` without any session.
    group: Option<SessionGroup>,
    sessions: Vec<SessionIndex>,
    leader_changes: u64,
    begun: Instant,
    /// From `begun` until each session was open for the first time.
    logons: Vec<Option<Duration>>,
}

impl ClusterSessions {
    /// Opens a session with each of these contexts, which have media driver and egress in common, and waits until all are open.
    ///
    /// # Errors
    /// When a context is invalid, or a session is not open after half a minute.
    pub fn connect(contexts: impl IntoIterator<Item = Context>) -> Result<Self, LoadError> {
        Self::connect_within(CONNECT, contexts)
    }

    /// As [`connect`](Self::connect), with another time within which all sessions have to be open.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_within(patience: Duration, contexts: impl IntoIterator<Item = Context>) -> Result<Self, LoadError> {
        let begun = Instant::now();
        let mut all = Self { group: None, sessions: Vec::new(), leader_changes: 0, begun, logons: Vec::new() };
        for (session, context) in contexts.into_iter().enumerate() {
            let added = match &mut all.group {
                Some(group) => group.add(context),
                None => SessionGroup::new(&context).and_then(|group| all.group.insert(group).add(context)),
            };
            all.logons.push(None);
            all.sessions.push(added.map_err(|source| LoadError::Session { session, source })?);
        }
        while let Some((session, problem)) = all.first_closed() {
            all.poll(&mut |_, _| ())?;
            if begun.elapsed() > patience {
                return Err(LoadError::NotConnected { session, waited: patience, problem });
            }
            std::thread::yield_now();
        }
        Ok(all)
    }

    /// The first session that is not open, and what stands in its way.
    fn first_closed(&self) -> Option<(usize, String)> {
        let group = self.group.as_ref()?;
        let session = self.sessions.iter().position(|session| group.state(*session) != State::Connected)?;
        let problem = group.problem(self.sessions[session]);
        Some((session, problem.map_or_else(|| String::from("no answer"), ToString::to_string)))
    }

    /// How long after the begin of all logons each session was open.
    pub fn logons(&self) -> impl Iterator<Item = Duration> {
        self.logons.iter().copied().flatten()
    }

    /// The leading member, as the first session knows it.
    pub fn leader_member_id(&self) -> Option<i32> {
        self.group.as_ref()?.leader_member_id(*self.sessions.first()?)
    }
}

impl Endpoint for ClusterSessions {
    #[inline]
    fn offer(&mut self, session: usize, message: &[u8]) -> Result<bool, LoadError> {
        let Some(group) = &mut self.group else { return Ok(false) };
        match group.offer(self.sessions[session], message) {
            Ok(_) => Ok(true),
            Err(error) if error.is_retryable() || error == OfferError::NotConnected => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    #[inline]
    fn poll(&mut self, on_message: &mut impl FnMut(usize, &[u8])) -> Result<usize, LoadError> {
        let Some(group) = &mut self.group else { return Ok(0) };
        let Self { leader_changes, logons, begun, .. } = self;
        let mut listener = Listener { on_message, leader_changes, logons, begun: *begun, failure: None };
        let work = group.do_work(&mut listener);
        listener.failure.map_or(Ok(work), Err)
    }

    fn leader_changes(&self) -> u64 {
        self.leader_changes
    }
}

/// Hears the messages of all sessions, whose indices are their numbers, as none is ever removed.
struct Listener<'a, M> {
    on_message: &'a mut M,
    leader_changes: &'a mut u64,
    logons: &'a mut Vec<Option<Duration>>,
    begun: Instant,
    failure: Option<LoadError>,
}

impl<M: FnMut(usize, &[u8])> GroupListener for Listener<'_, M> {
    fn on_connected(&mut self, session: SessionIndex, _event: &Connected) {
        if let Some(logon) = self.logons.get_mut(session.get()) {
            logon.get_or_insert(self.begun.elapsed());
        }
    }

    #[inline]
    fn on_message(&mut self, session: SessionIndex, _cluster_session_id: i64, _timestamp: i64, message: &[u8]) {
        (self.on_message)(session.get(), message);
    }

    fn on_new_leader(&mut self, _session: SessionIndex, _event: &NewLeader) {
        *self.leader_changes += 1;
    }

    fn on_disconnected(&mut self, session: SessionIndex, reason: DisconnectReason) {
        self.failure.get_or_insert(LoadError::Lost { session: session.get(), reason });
    }

    fn on_ended(&mut self, session: SessionIndex, source: ClientError) {
        self.failure.get_or_insert(LoadError::Session { session: session.get(), source });
    }
}
