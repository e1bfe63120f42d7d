//! Sessions with a cluster, all of them on the thread that runs the load, through the cluster client alone.

use std::time::{Duration, Instant};

use aeron_cluster_client::{AeronCluster, Context, DisconnectReason, EgressListener, NewLeader, OfferError, State};

use crate::load::{Endpoint, LoadError};

/// Time within which all sessions have to be open.
const CONNECT: Duration = Duration::from_secs(30);

/// Sessions with a cluster.
pub struct ClusterSessions {
    sessions: Vec<AeronCluster>,
    leader_changes: u64,
}

impl ClusterSessions {
    /// Opens a session with each of these contexts, and waits until all are open.
    ///
    /// # Errors
    /// When a context is invalid, or a session is not open after half a minute.
    pub fn connect(contexts: impl IntoIterator<Item = Context>) -> Result<Self, LoadError> {
        let begun = Instant::now();
        let mut sessions = Vec::new();
        for context in contexts {
            let session = sessions.len();
            sessions.push(AeronCluster::new(context).map_err(|source| LoadError::Session { session, source })?);
        }
        let mut all = Self { sessions, leader_changes: 0 };
        while let Some(session) = all.sessions.iter().position(|client| client.state() != State::Connected) {
            all.poll(&mut |_, _| ())?;
            if begun.elapsed() > CONNECT {
                let problem = all.sessions[session].problem();
                let problem = problem.map_or_else(|| String::from("no answer"), ToString::to_string);
                return Err(LoadError::NotConnected { session, waited: CONNECT, problem });
            }
            std::thread::yield_now();
        }
        Ok(all)
    }

    /// The leading member, as the first session knows it.
    pub fn leader_member_id(&self) -> Option<i32> {
        self.sessions.first().and_then(AeronCluster::leader_member_id)
    }
}

impl Endpoint for ClusterSessions {
    #[inline]
    fn offer(&mut self, session: usize, message: &[u8]) -> Result<bool, LoadError> {
        match self.sessions[session].offer(message) {
            Ok(_) => Ok(true),
            Err(error) if error.is_retryable() || error == OfferError::NotConnected => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    #[inline]
    fn poll(&mut self, on_message: &mut impl FnMut(usize, &[u8])) -> Result<usize, LoadError> {
        let mut work = 0;
        for (session, client) in self.sessions.iter_mut().enumerate() {
            let mut listener = Listener { session, on_message, leader_changes: &mut self.leader_changes, lost: None };
            let done = client.do_work(&mut listener);
            if let Some(reason) = listener.lost {
                return Err(LoadError::Lost { session, reason });
            }
            work += done.map_err(|source| LoadError::Session { session, source })?;
        }
        Ok(work)
    }

    fn leader_changes(&self) -> u64 {
        self.leader_changes
    }
}

/// Hears the messages of one session.
struct Listener<'a, M> {
    session: usize,
    on_message: &'a mut M,
    leader_changes: &'a mut u64,
    lost: Option<DisconnectReason>,
}

impl<M: FnMut(usize, &[u8])> EgressListener for Listener<'_, M> {
    #[inline]
    fn on_message(&mut self, _cluster_session_id: i64, _timestamp: i64, message: &[u8]) {
        (self.on_message)(self.session, message);
    }

    fn on_new_leader(&mut self, _event: &NewLeader) {
        *self.leader_changes += 1;
    }

    fn on_disconnected(&mut self, reason: DisconnectReason) {
        self.lost = Some(reason);
    }
}
