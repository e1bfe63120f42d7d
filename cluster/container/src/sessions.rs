//! The open client sessions of the cluster, in ascending order of their ids. On the leader, each has its egress.
//!
//! Source: `ContainerClientSession`, and the session list of `ClusteredServiceAgent`.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

/// Bytes that a client that makes the log wait must take within the stall limit: half of the default receiver window of
/// Aeron.
pub(crate) const STALL_ALLOWANCE: i64 = 64 * 1024;

/// A client's session with the cluster. Source: `io.aeron.cluster.service.ClientSession`.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSession {
    id: i64,
    response_stream_id: i32,
    response_channel: String,
    encoded_principal: Vec<u8>,
    is_closing: Cell<bool>,
}

impl ClientSession {
    /// A session as the log or a snapshot describes it. Services get sessions from the cluster; tests may make their
    /// own.
    pub fn new(id: i64, response_stream_id: i32, response_channel: &str, encoded_principal: &[u8]) -> Self {
        Self {
            id,
            response_stream_id,
            response_channel: response_channel.to_owned(),
            encoded_principal: encoded_principal.to_owned(),
            is_closing: Cell::new(false),
        }
    }

    /// Id of the session, unique in the cluster.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Stream on which the client receives egress.
    pub fn response_stream_id(&self) -> i32 {
        self.response_stream_id
    }

    /// Channel on which the client receives egress.
    pub fn response_channel(&self) -> &str {
        &self.response_channel
    }

    /// The principal as which the client was authenticated; empty without authentication.
    pub fn encoded_principal(&self) -> &[u8] {
        &self.encoded_principal
    }

    /// Whether this service requested the close of the session, and the close event has not come yet.
    pub fn is_closing(&self) -> bool {
        self.is_closing.get()
    }

    pub(crate) fn set_closing(&self, is_closing: bool) {
        self.is_closing.set(is_closing);
    }
}

/// Without the principal, which may hold a secret.
impl fmt::Debug for ClientSession {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientSession")
            .field("id", &self.id)
            .field("response_stream_id", &self.response_stream_id)
            .field("response_channel", &self.response_channel)
            .field("is_closing", &self.is_closing)
            .finish_non_exhaustive()
    }
}

/// A session, and the means of the leader to send to it.
#[derive(Debug)]
pub(crate) struct SessionEntry<E> {
    /// The session. It is shared, so that a callback can hold it while the cluster is borrowed.
    pub(crate) session: Rc<ClientSession>,
    /// Publication to the client. Only the leader has one.
    pub(crate) egress: Option<E>,
    /// Time that the log has waited for this client, less the time forgiven for the bytes it took, in nanoseconds.
    pub(crate) stalled_ns: i64,
    /// Whether the client did not keep up. It gets nothing more, because its egress has a hole.
    pub(crate) is_slow: bool,
}

impl<E> SessionEntry<E> {
    /// Forgets the state of an earlier leadership.
    pub(crate) fn reset(&mut self) {
        self.session.set_closing(false);
        self.stalled_ns = 0;
        self.is_slow = false;
    }

    /// Forgives `limit_ns` of waits for each [`STALL_ALLOWANCE`] of bytes that the client took.
    pub(crate) fn forgive(&mut self, taken: usize, limit_ns: i64) {
        let forgiven_ns = (taken as i64).saturating_mul(limit_ns) / STALL_ALLOWANCE;
        self.stalled_ns = (self.stalled_ns - forgiven_ns).max(0);
    }
}

/// Open sessions by id.
#[derive(Debug)]
pub(crate) struct Sessions<E> {
    entries: Vec<SessionEntry<E>>,
    /// Index of the session that was looked up last, because a fan-out sends many messages to few sessions.
    recent: usize,
}

impl<E> Sessions<E> {
    pub(crate) fn new() -> Self {
        Self { entries: Vec::new(), recent: 0 }
    }

    /// Adds a session without egress. Returns false when a session with its id is open already.
    pub(crate) fn add(&mut self, session: Rc<ClientSession>) -> bool {
        match self.search(session.id) {
            Ok(_) => false,
            Err(index) => {
                self.entries.insert(index, SessionEntry { session, egress: None, stalled_ns: 0, is_slow: false });
                true
            }
        }
    }

    pub(crate) fn remove(&mut self, id: i64) -> Option<SessionEntry<E>> {
        self.search(id).ok().map(|index| self.entries.remove(index))
    }

    pub(crate) fn get(&self, id: i64) -> Option<&SessionEntry<E>> {
        self.search(id).ok().and_then(|index| self.entries.get(index))
    }

    /// As [`Sessions::get`]; the next lookup of the same session is faster.
    #[inline]
    pub(crate) fn get_mut(&mut self, id: i64) -> Option<&mut SessionEntry<E>> {
        if self.entries.get(self.recent).is_none_or(|entry| entry.session.id != id) {
            self.recent = self.search(id).ok()?;
        }
        self.entries.get_mut(self.recent)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &SessionEntry<E>> {
        self.entries.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut SessionEntry<E>> {
        self.entries.iter_mut()
    }

    fn search(&self, id: i64) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&id, |entry| entry.session.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions(ids: &[i64]) -> Sessions<()> {
        let mut sessions = Sessions::new();
        for id in ids {
            assert!(sessions.add(Rc::new(ClientSession::new(*id, 102, "aeron:ipc", b""))));
        }
        sessions
    }

    #[test]
    fn sessions_are_kept_in_ascending_order_and_ids_are_unique() {
        let mut sessions = sessions(&[7, 3, 9, 5]);
        assert_eq!(sessions.iter().map(|entry| entry.session.id()).collect::<Vec<_>>(), [3, 5, 7, 9]);
        assert!(!sessions.add(Rc::new(ClientSession::new(5, 1, "aeron:ipc", b""))));
    }

    #[test]
    fn the_remembered_index_never_answers_for_another_session() {
        let mut sessions = sessions(&[1, 2, 3]);
        assert_eq!(sessions.get_mut(2).map(|entry| entry.session.id()), Some(2));
        assert!(sessions.remove(1).is_some());
        assert_eq!(sessions.get_mut(2).map(|entry| entry.session.id()), Some(2));
        assert_eq!(sessions.get_mut(3).map(|entry| entry.session.id()), Some(3));
        assert!(sessions.remove(3).is_some());
        assert!(sessions.get_mut(3).is_none());
        assert!(sessions.get_mut(1).is_none());
        assert_eq!(sessions.get(2).map(|entry| entry.session.id()), Some(2));
    }
}
