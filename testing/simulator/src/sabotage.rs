//! What the simulator's own tests break, one thing at a time, to see that its checks find it.

use aeron_cluster_service::{
    ClientSession, CloseReason, Cluster, ClusteredService, Header, NewLeadershipTerm, Role, ServiceError,
    SnapshotReader, SnapshotWriter,
};
use lugus_node::service::MatchingService;

/// A fault that no part of Lugus may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// A member that has started again applies the next message of the log twice.
    AppliesTwiceAfterRestart,
    /// A member does not apply a message in a hundred.
    SkipsMessages,
    /// A follower gives its service another time now and then.
    UsesItsOwnClock,
    /// The consensus module of a member that has started again takes no timers.
    ForgetsTimers,
    /// A snapshot lacks its last message but one.
    SnapshotLacksAMessage,
    /// A leader applies, and answers, what is not committed.
    AnswersBeforeCommit,
    /// The member with the shortest log becomes leader.
    ElectsTheShortestLog,
    /// A client's command is sent again under the next number.
    SendsAgainWithNewNumber,
    /// A client is told an event of another number than it has.
    AltersAnEvent,
    /// An old cluster is told to trade an instrument again that has moved away, in place of dropping it.
    UnfencesInsteadOfDropping,
    /// The coordinator commits a move and then takes that back.
    TakesACommitBack,
}

/// The real service, and what is wrong with it.
pub(crate) struct Service {
    inner: MatchingService,
    sabotage: Option<Sabotage>,
    /// Number of messages since the start.
    messages: u64,
    has_restarted: bool,
}

impl Service {
    pub(crate) fn new(inner: MatchingService, sabotage: Option<Sabotage>) -> Self {
        Self { inner, sabotage, messages: 0, has_restarted: false }
    }

    pub(crate) fn inner(&self) -> &MatchingService {
        &self.inner
    }
}

impl ClusteredService for Service {
    fn on_start(
        &mut self,
        cluster: &mut dyn Cluster,
        snapshot: Option<&mut dyn SnapshotReader>,
    ) -> Result<(), ServiceError> {
        self.has_restarted = snapshot.is_some();
        self.inner.on_start(cluster, snapshot)
    }

    fn on_session_open(&mut self, cluster: &mut dyn Cluster, session: &ClientSession, timestamp: i64) {
        self.inner.on_session_open(cluster, session, timestamp);
    }

    fn on_session_close(
        &mut self,
        cluster: &mut dyn Cluster,
        session: &ClientSession,
        timestamp: i64,
        reason: CloseReason,
    ) {
        self.inner.on_session_close(cluster, session, timestamp, reason);
    }

    fn on_session_message(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        timestamp: i64,
        message: &[u8],
        header: &Header,
    ) {
        self.messages += 1;
        let mut time = timestamp;
        match self.sabotage {
            Some(Sabotage::AppliesTwiceAfterRestart) if self.has_restarted && self.messages == 1 => {
                // The engine would know a repeated command: the same session sends the next number.
                self.inner.on_session_message(cluster, session_id, timestamp, message, header);
                let again = with_next_number(message);
                return self.inner.on_session_message(cluster, session_id, timestamp, &again, header);
            }
            Some(Sabotage::SkipsMessages) if self.messages.is_multiple_of(100) => return,
            Some(Sabotage::UsesItsOwnClock) if cluster.role() != Role::Leader && self.messages.is_multiple_of(16) => {
                time += 1;
            }
            _ => {}
        }
        self.inner.on_session_message(cluster, session_id, time, message, header);
    }

    fn on_timer_event(&mut self, cluster: &mut dyn Cluster, correlation_id: i64, timestamp: i64) {
        self.inner.on_timer_event(cluster, correlation_id, timestamp);
    }

    fn on_snapshot_action(&mut self, cluster: &mut dyn Cluster) {
        self.inner.on_snapshot_action(cluster);
    }

    fn on_take_snapshot(
        &mut self,
        cluster: &dyn Cluster,
        snapshot: &mut dyn SnapshotWriter,
    ) -> Result<(), ServiceError> {
        if self.sabotage == Some(Sabotage::SnapshotLacksAMessage) {
            let mut delayed = Lacking { writer: snapshot, held: Vec::new() };
            self.inner.on_take_snapshot(cluster, &mut delayed)?;
            let Lacking { writer, held } = delayed;
            return held.last().map_or(Ok(()), |last| writer.offer(last));
        }
        self.inner.on_take_snapshot(cluster, snapshot)
    }

    fn on_role_change(&mut self, cluster: &mut dyn Cluster, role: Role) {
        self.inner.on_role_change(cluster, role);
    }

    fn on_new_leadership_term_event(&mut self, cluster: &mut dyn Cluster, event: &NewLeadershipTerm) {
        self.inner.on_new_leadership_term_event(cluster, event);
    }

    fn on_terminate(&mut self, cluster: &mut dyn Cluster) {
        self.inner.on_terminate(cluster);
    }

    fn do_background_work(&mut self, cluster: &mut dyn Cluster, now_ns: i64) -> usize {
        self.inner.do_background_work(cluster, now_ns)
    }
}

/// Writes all messages but the last one but one: the last two are held.
struct Lacking<'a> {
    writer: &'a mut dyn SnapshotWriter,
    held: Vec<Vec<u8>>,
}

impl SnapshotWriter for Lacking<'_> {
    fn offer(&mut self, message: &[u8]) -> Result<(), ServiceError> {
        self.held.push(message.to_vec());
        if self.held.len() > 2 {
            let first = self.held.remove(0);
            return self.writer.offer(&first);
        }
        Ok(())
    }

    fn keep_alive(&mut self) -> Result<(), ServiceError> {
        self.writer.keep_alive()
    }

    fn max_message_length(&self) -> usize {
        // So that there are several.
        1_024
    }
}

/// Place of the number in all commands: the first field after the header.
const NUMBER: std::ops::Range<usize> = 8..16;

/// The same command under the next number.
pub(crate) fn with_next_number(message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    if let Some(field) = message.get_mut(NUMBER)
        && let Ok(bytes) = <[u8; 8]>::try_from(&*field)
    {
        field.copy_from_slice(&(u64::from_le_bytes(bytes) + 1).to_le_bytes());
    }
    message
}
