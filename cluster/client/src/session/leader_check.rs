//! Whether the leader of a silent session is still there: a second ingress publication to it.
//!
//! A consensus module that is busy, because a snapshot is taken or the cluster is suspended, answers nothing, but it keeps its
//! ingress subscription, so a new publication is connected within milliseconds. After the end of a process there is no such
//! subscription for at least half a second. The old publication shows neither: it counts as connected for 5 s without a
//! receiver, and a media driver that was restarted meanwhile continues it. Nothing is sent by the second one, so that the
//! cluster ties no session to it.
//!
//! A process that was restarted before the check began is there too, and knows nothing of the session. It gives itself away by
//! the flow control of the old publication ([`Reader`]).

use std::time::Duration;

use super::action::{IngressId, Now, Outbox};
use super::endpoints::Target;

/// A check of the leader, from its start to the end of the silence.
#[derive(Debug)]
pub(super) struct LeaderCheck {
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Opening { ingress: IngressId, deadline: Now },
    Present { ingress: IngressId },
    Absent,
}

impl LeaderCheck {
    /// Begins to connect a publication to the leader, which has to be connected within `patience`. One that another session
    /// opened in the silence since `silent_since` does as well.
    pub(super) fn start(target: &Target, silent_since: Now, patience: Duration, now: Now, outbox: &mut Outbox) -> Self {
        let ingress = outbox.open_after(target, silent_since);
        Self { phase: Phase::Opening { ingress, deadline: now + patience } }
    }

    /// Whether the leader is known to be there.
    pub(super) fn is_present(&self) -> bool {
        matches!(self.phase, Phase::Present { .. })
    }

    /// Whether `ingress` is the publication of this check.
    pub(super) fn is_of(&self, ingress: IngressId) -> bool {
        self.ingress() == Some(ingress)
    }

    /// The publication is connected. If that took too long, the leader was away, and is another one now.
    pub(super) fn on_connected(&mut self, now: Now, outbox: &mut Outbox) {
        match self.phase {
            Phase::Opening { ingress, deadline } if now <= deadline => self.phase = Phase::Present { ingress },
            Phase::Opening { .. } => self.fail(outbox),
            Phase::Present { .. } | Phase::Absent => {}
        }
    }

    /// Time passes.
    pub(super) fn on_tick(&mut self, now: Now, outbox: &mut Outbox) {
        if matches!(self.phase, Phase::Opening { deadline, .. } if now > deadline) {
            self.fail(outbox);
        }
    }

    /// The leader is not there, or no longer.
    pub(super) fn fail(&mut self, outbox: &mut Outbox) {
        if let Some(ingress) = self.ingress() {
            outbox.close(ingress);
        }
        self.phase = Phase::Absent;
    }

    fn ingress(&self) -> Option<IngressId> {
        match self.phase {
            Phase::Opening { ingress, .. } | Phase::Present { ingress } => Some(ingress),
            Phase::Absent => None,
        }
    }
}

/// Time that a leader has to answer a probe when it has begun to read again.
const ANSWER_TIME: Duration = Duration::from_millis(250);

/// The receiver of the session's ingress, as its flow control shows it: the media driver may send up to where the receiver's
/// subscribers have read and a window more. A busy consensus module reads nothing, so that this limit stands still while its
/// session is silent. It moves when a module reads, which answers the probes of a session that it knows, or when the receiver
/// is another one, whose window begins where it has joined. Source: `UnicastFlowControl`, `PublicationImage.trackRebuild`.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The limit while the session was heard, in bytes; 0 before it is known.
    limit: i64,
    moved_at: Option<Now>,
}

impl Reader {
    /// The media driver may send up to this limit, in bytes.
    pub(super) fn on_limit(&mut self, limit: i64, is_silent: bool, now: Now) {
        if !is_silent || self.limit == 0 {
            *self = Self { limit, moved_at: None };
        } else if limit != self.limit {
            self.moved_at.get_or_insert(now);
        }
    }

    /// The session is heard.
    pub(super) fn heard(&mut self) {
        self.moved_at = None;
    }

    /// Whether somebody reads the silent session's ingress, and has not answered in time.
    pub(super) fn knows_no_session(&self, now: Now) -> bool {
        self.moved_at.is_some_and(|moved_at| now >= moved_at + ANSWER_TIME)
    }
}
