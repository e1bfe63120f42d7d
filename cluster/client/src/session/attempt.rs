//! One attempt to open a session: opens ingress to all members at once, sends a connect request to the first that is
//! connected, follows redirects, answers challenges, and asks the next member too when one does not answer.
//!
//! Source: `AeronCluster.AsyncConnect`, which likewise opens all ingress publications at once. Unlike it this one continues
//! after time-outs and errors.

use std::time::Duration;

use super::action::{IngressId, Now, Outbox};
use super::backoff::Backoff;
use super::endpoints::{Endpoints, Route, Target};
use super::requests::Requests;
use super::settings::Settings;
use crate::egress_adapter::{SessionEvent, SessionEventCode};
use crate::error::{ClientError, ConnectProblem};
use crate::ingress_proxy::{PROTOCOL_SEMANTIC_VERSION, SessionHeader, major_version};

/// Time for IPC ingress to connect while UDP ingress is connected: it takes a millisecond where the cluster allows IPC.
pub(crate) const IPC_GRACE: Duration = Duration::from_millis(100);

/// Redirects that are followed in a row without a pause: members may name each other for a moment during an election.
const MAX_REDIRECTS: u32 = 3;

/// Text of a refusal because there is no free session. Source: `ConsensusModule.Configuration.SESSION_LIMIT_MSG`.
const SESSION_LIMIT_MSG: &str = "concurrent session limit";

/// Text of a refusal because of the protocol's version. Source: `SESSION_INVALID_VERSION_MSG`.
const SESSION_INVALID_VERSION_MSG: &str = "invalid client version";

/// An attempt, until its session is open or it is abandoned.
#[derive(Debug)]
pub(crate) struct Attempt {
    candidates: Vec<Candidate>,
    requests: Requests,
    /// Member that a redirect named as leader, and until when only that member is asked.
    leader: Option<(i32, Now)>,
    redirects: u32,
    /// When a member is asked next, if there is one that has no request to answer.
    retry_at: Now,
    /// Until when a member that can be reached by IPC is not asked by UDP.
    ipc_until: Now,
    /// When to note that no member is reachable.
    unreachable_at: Now,
    /// Publications that were opened before this time are in doubt.
    opened_after: Now,
}

/// A member, or the ingress channel, that may be asked.
#[derive(Debug)]
struct Candidate {
    ingress: IngressId,
    target: Target,
    status: Status,
    /// Number of the last request that it was sent, 0 for none. The candidate with the lowest number is asked next.
    asked: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Opening,
    Connected,
    /// The publication was lost. Another one is opened at this time.
    Lost {
        reopen_at: Now,
    },
}

/// What an answer of the cluster means for the attempt.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// The answer was for another request, or the attempt continues.
    Pending,
    /// A session is open. `ingress` leads to its leader, and is `None` when another member than the one asked leads.
    Open { ingress: Option<(IngressId, Target)>, header: SessionHeader, leader_member_id: i32 },
    /// No attempt will succeed.
    Final(ClientError),
}

impl Attempt {
    /// Opens ingress to all targets, by publications that were opened after `opened_after`. The first request is sent at
    /// `retry_at` at the earliest.
    pub(crate) fn start(
        endpoints: &Endpoints,
        opened_after: Now,
        now: Now,
        retry_at: Now,
        settings: &Settings,
        outbox: &mut Outbox,
    ) -> Self {
        let mut attempt = Self {
            candidates: Vec::new(),
            requests: Requests::default(),
            leader: None,
            redirects: 0,
            retry_at,
            ipc_until: now + IPC_GRACE,
            unreachable_at: now + settings.connect_timeout,
            opened_after,
        };
        attempt.follow(endpoints, outbox);
        attempt
    }

    /// Closes all ingress.
    pub(crate) fn abandon(self, outbox: &mut Outbox) {
        self.keep_only(None, outbox);
    }

    /// Closes all ingress but `ingress`.
    pub(crate) fn keep_only(mut self, ingress: Option<IngressId>, outbox: &mut Outbox) {
        self.requests.abandon_all(outbox);
        for candidate in self.candidates {
            if Some(candidate.ingress) != ingress && !matches!(candidate.status, Status::Lost { .. }) {
                outbox.close(candidate.ingress);
            }
        }
    }

    /// Whether a request with this correlation id waits for its answer.
    pub(crate) fn awaits(&self, correlation_id: i64) -> bool {
        self.requests.awaits(correlation_id)
    }

    /// Whether a request was sent and waits for its answer.
    pub(crate) fn has_sent_request(&self) -> bool {
        self.requests.has_sent()
    }

    /// Egress is subscribed to anew, so the requests that were sent cannot be answered any more.
    pub(crate) fn on_egress_renewed(&mut self, retry_at: Now, outbox: &mut Outbox) {
        self.requests.abandon_all(outbox);
        self.retry_at = retry_at;
    }

    pub(crate) fn on_tick(&mut self, now: Now, settings: &Settings, backoff: &mut Backoff, outbox: &mut Outbox) {
        self.reopen(now, outbox);
        while let Some(ingress) = self.requests.abandon_expired(now, outbox) {
            self.give_up(ingress, now, settings, backoff, outbox);
        }
        if let Some((member, until)) = self.leader
            && now >= until
        {
            self.leader = None;
            if !self.requests.is_awaited(Some(member)) {
                let problem = format!("member {member} is named as leader and cannot be reached");
                outbox.note(ConnectProblem::NoLeader(problem));
            }
        }
        if now >= self.retry_at {
            self.ask_next(now, settings, outbox);
        }
        self.requests.send(outbox);
    }

    pub(crate) fn on_ingress_connected(&mut self, ingress: IngressId) {
        if let Some(candidate) = self.candidate(ingress) {
            candidate.status = Status::Connected;
        }
    }

    /// The publication is no longer connected, or, with a `reason`, could not be added. Another one replaces it: after an
    /// election a member does not receive the same one again (`rejoin=false`).
    pub(crate) fn on_ingress_lost(
        &mut self,
        ingress: IngressId,
        reason: Option<&str>,
        now: Now,
        settings: &Settings,
        backoff: &mut Backoff,
        outbox: &mut Outbox,
    ) {
        let Some(candidate) = self.candidate(ingress) else { return };
        if let Some(reason) = reason {
            candidate.status = Status::Lost { reopen_at: now + settings.retry_max };
            let problem = ConnectProblem::Ingress { target: candidate.target.to_string(), reason: reason.to_owned() };
            outbox.note(problem);
        } else {
            candidate.status = Status::Lost { reopen_at: now + backoff.min() };
            outbox.close(ingress);
        }
        if self.requests.abandon(ingress, outbox) {
            self.retry_at = now + backoff.next();
        }
    }

    /// The request was sent by `ingress`.
    pub(crate) fn on_request_sent(&mut self, ingress: IngressId, correlation_id: i64, now: Now, settings: &Settings) {
        self.requests.sent(ingress, correlation_id, now + settings.message_timeout);
    }

    pub(crate) fn on_challenge(
        &mut self,
        correlation_id: i64,
        cluster_session_id: i64,
        encoded_challenge: &[u8],
        now: Now,
        settings: &Settings,
        outbox: &mut Outbox,
    ) {
        let deadline = now + settings.connect_timeout;
        if self.requests.challenged(correlation_id, cluster_session_id, encoded_challenge, deadline) {
            self.retry_at = self.retry_at.max(deadline);
            self.requests.send(outbox);
        }
    }

    pub(crate) fn on_session_event(
        &mut self,
        event: &SessionEvent<'_>,
        endpoints: &mut Endpoints,
        now: Now,
        settings: &Settings,
        backoff: &mut Backoff,
        outbox: &mut Outbox,
    ) -> Outcome {
        let Some(ingress) = self.requests.take_answered(event.correlation_id) else { return Outcome::Pending };
        if let Some(version) = event.version
            && major_version(version) != major_version(PROTOCOL_SEMANTIC_VERSION)
        {
            let detail = format!("its major version is {}, this client's is 0", major_version(version));
            return Outcome::Final(ClientError::IncompatibleVersion(detail));
        }
        match event.code {
            SessionEventCode::Ok => return self.opened(ingress, event),
            SessionEventCode::AuthenticationRejected => {
                return Outcome::Final(ClientError::AuthenticationRejected(event.detail.to_owned()));
            }
            SessionEventCode::Error if event.detail.contains(SESSION_INVALID_VERSION_MSG) => {
                return Outcome::Final(ClientError::IncompatibleVersion(event.detail.to_owned()));
            }
            SessionEventCode::Redirect => {
                self.redirected(event, endpoints, now, settings, backoff, outbox);
                self.on_tick(now, settings, backoff, outbox);
                return Outcome::Pending;
            }
            SessionEventCode::Error if event.detail.contains(SESSION_LIMIT_MSG) => {
                outbox.note(ConnectProblem::SessionLimit(event.detail.to_owned()));
            }
            SessionEventCode::Error | SessionEventCode::Closed | SessionEventCode::Unknown => {
                outbox.note(ConnectProblem::Refused(event.detail.to_owned()));
            }
        }
        self.retry_at = now + backoff.next();
        Outcome::Pending
    }

    fn opened(&mut self, ingress: IngressId, event: &SessionEvent<'_>) -> Outcome {
        let header = SessionHeader {
            leadership_term_id: event.leadership_term_id,
            cluster_session_id: event.cluster_session_id,
        };
        let leader_member_id = event.leader_member_id;
        // The leader may have changed between request and answer.
        let target = self
            .candidate(ingress)
            .map(|candidate| &candidate.target)
            .filter(|target| target.member.is_none_or(|member| member == leader_member_id));
        Outcome::Open { ingress: target.map(|target| (ingress, target.clone())), header, leader_member_id }
    }

    fn redirected(
        &mut self,
        event: &SessionEvent<'_>,
        endpoints: &mut Endpoints,
        now: Now,
        settings: &Settings,
        backoff: &mut Backoff,
        outbox: &mut Outbox,
    ) {
        self.retry_at = now;
        // A leader that has a request to answer is waited for.
        if !self.requests.is_awaited(Some(event.leader_member_id)) {
            self.redirects += 1;
        }
        if self.redirects > MAX_REDIRECTS {
            self.redirects = 0;
            self.retry_at = now + backoff.next();
            outbox.note(ConnectProblem::NoLeader("members redirect to each other".to_owned()));
        }
        endpoints.update(event.detail);
        self.follow(endpoints, outbox);
        self.leader = Some((event.leader_member_id, now + settings.connect_timeout));
        self.ipc_until = now + IPC_GRACE;
    }

    /// Makes the candidates those of the endpoints, and keeps the publications of candidates that remain.
    fn follow(&mut self, endpoints: &Endpoints, outbox: &mut Outbox) {
        let targets = endpoints.targets();
        self.candidates.retain(|candidate| {
            let stays = targets.contains(&candidate.target);
            if !stays && !matches!(candidate.status, Status::Lost { .. }) {
                outbox.close(candidate.ingress);
            }
            stays
        });
        for target in targets {
            if !self.candidates.iter().any(|candidate| candidate.target == target) {
                let ingress = outbox.open_after(&target, self.opened_after);
                self.candidates.push(Candidate { ingress, target, status: Status::Opening, asked: 0 });
            }
        }
    }

    fn reopen(&mut self, now: Now, outbox: &mut Outbox) {
        for candidate in &mut self.candidates {
            if matches!(candidate.status, Status::Lost { reopen_at } if now >= reopen_at) {
                candidate.ingress = outbox.open_after(&candidate.target, self.opened_after);
                candidate.status = Status::Opening;
            }
        }
    }

    /// There was no answer in time. The member may have stopped reading this publication, so the candidate gets another one.
    fn give_up(
        &mut self,
        ingress: IngressId,
        now: Now,
        settings: &Settings,
        backoff: &mut Backoff,
        outbox: &mut Outbox,
    ) {
        self.retry_at = now + backoff.next();
        self.leader = None;
        // What was opened before the request was sent may have been stopped to be read, too.
        let opened_after = now.saturating_sub(settings.message_timeout);
        if let Some(candidate) = self.candidate(ingress) {
            outbox.note(ConnectProblem::NoAnswer(format!("{}{}", candidate.target, settings.no_answer_hint)));
            outbox.close(candidate.ingress);
            candidate.ingress = outbox.open_after(&candidate.target, opened_after);
            candidate.status = Status::Opening;
        }
    }

    /// Asks another member. If that one does not answer either, the next one is asked after the connect time-out.
    fn ask_next(&mut self, now: Now, settings: &Settings, outbox: &mut Outbox) {
        let round = self.candidates.iter().map(|candidate| candidate.asked).max().unwrap_or(0) + 1;
        if let Some(index) = self.choose(now) {
            let candidate = &mut self.candidates[index];
            candidate.asked = round;
            self.retry_at = now + settings.connect_timeout;
            self.requests.add(candidate.ingress, candidate.target.member, self.retry_at);
        } else if now >= self.unreachable_at && !self.candidates.iter().any(|c| c.status == Status::Connected) {
            self.unreachable_at = now + settings.connect_timeout;
            let targets: Vec<String> = self.candidates.iter().map(|candidate| candidate.target.to_string()).collect();
            outbox.note(ConnectProblem::NotReachable(targets.join(", ")));
        }
    }

    /// The connected candidate to ask next, of a member that has no request to answer: the leader if one is named, otherwise
    /// the one that was asked the longest time ago.
    fn choose(&self, now: Now) -> Option<usize> {
        let ipc_member = self.candidates.iter().find(|c| c.target.route == Route::Ipc).and_then(|c| c.target.member);
        let usable = |candidate: &Candidate| {
            let waits_for_ipc = now < self.ipc_until
                && ipc_member.is_some()
                && candidate.target.member == ipc_member
                && candidate.target.route != Route::Ipc;
            candidate.status == Status::Connected
                && !waits_for_ipc
                && !self.requests.is_awaited(candidate.target.member)
        };
        let of_leader = |candidate: &Candidate| {
            self.leader.is_none_or(|(leader, _)| candidate.target.member.is_none_or(|member| member == leader))
        };
        self.candidates
            .iter()
            .enumerate()
            .filter(|(_, candidate)| usable(candidate) && of_leader(candidate))
            .min_by_key(|(index, candidate)| (candidate.asked, candidate.target.route != Route::Ipc, *index))
            .map(|(index, _)| index)
    }

    fn candidate(&mut self, ingress: IngressId) -> Option<&mut Candidate> {
        self.candidates
            .iter_mut()
            .find(|candidate| candidate.ingress == ingress && !matches!(candidate.status, Status::Lost { .. }))
    }
}
