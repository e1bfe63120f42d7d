//! A client process: the real router with its real sessions, the commands that it was given, and what it was told. What a client
//! is told is held against the truth as soon as it is told.

use std::collections::BTreeMap;

use lugus_client::sans_io::{Ingress, Purpose, Router, Session, SessionFactory};
use lugus_client::{
    ClientError, CommandNumber, EventHandler, InstrumentId, Limits, ParticipantId, Report, RetryPolicy, SendError,
    Status,
};
use lugus_partition_map::ClusterEntry;
use lugus_vocabulary::{Action, ByEntry, GraceTime, MassQuote};

use crate::network::Time;
use crate::truth::{Applied, ScopeTruth, Truth, scope_key};

/// Outcome of a command, as the session told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    None,
    /// With the number on the wire.
    Answered(u64),
    GaveUp {
        may_have_been_applied: bool,
    },
    Refused,
}

/// A command that a session took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    action: Action,
    at: Time,
    pub(crate) outcome: Outcome,
}

/// What a process knows of a scope.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    /// Command `n` is at index `n - 1`.
    pub(crate) commands: Vec<Sent>,
    /// Last event that was told or lost; `None` before the first.
    pub(crate) last_event: Option<u64>,
    pub(crate) events: u64,
    pub(crate) lost: u64,
}

/// Something that a process was told, to be held against the truth.
#[derive(Debug)]
enum Claim {
    Event(Box<Report>, u64),
    Lost(u32, u64),
}

/// All that a process was told. Keys are instruments; 0 is the scope of the participant, in the only cluster there is.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) followed: BTreeMap<u32, Followed>,
    claims: Vec<Claim>,
    pub(crate) is_replaced: bool,
    pub(crate) moves: u64,
    violation: Option<String>,
}

impl Record {
    fn violates(&mut self, what: String) {
        self.violation.get_or_insert(what);
    }

    fn settle(&mut self, instrument: InstrumentId, number: CommandNumber, outcome: Outcome) {
        let followed = self.followed.entry(instrument.0).or_default();
        let command = (number.0 as usize).checked_sub(1).and_then(|at| followed.commands.get_mut(at));
        match command {
            Some(command) if command.outcome == Outcome::None => command.outcome = outcome,
            command => {
                let what = format!("command {number} of instrument {}: {outcome:?} after {command:?}", instrument.0);
                self.violates(what);
            }
        }
    }
}

impl EventHandler for Record {
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        let followed = self.followed.entry(report.instrument.0).or_default();
        let event = report.event_sequence.0;
        let last = followed.last_event.replace(event);
        followed.events += 1;
        if last.is_some_and(|last| event != last + 1) {
            return self.violates(format!("told event {event} after {last:?}: {report:?}"));
        }
        self.claims.push(Claim::Event(Box::new(*report), command.0));
        if command == CommandNumber::NONE {
            return;
        }
        let wire = report.client_sequence.0;
        let sent = followed.commands.get_mut(command.0 as usize - 1);
        match sent {
            Some(sent) => match sent.outcome {
                Outcome::None => sent.outcome = Outcome::Answered(wire),
                Outcome::Answered(number) if number == wire => {}
                Outcome::GaveUp { may_have_been_applied: true } => {}
                outcome => self.violates(format!("an answer after {outcome:?}: {report:?}")),
            },
            None => self.violates(format!("an answer to command {command}, which was not sent: {report:?}")),
        }
    }

    fn on_status(&mut self, status: &Status) {
        match *status {
            Status::GaveUp { instrument, command, may_have_been_applied } => {
                self.settle(instrument, command, Outcome::GaveUp { may_have_been_applied });
            }
            Status::CommandRefused { instrument, command, .. } => self.settle(instrument, command, Outcome::Refused),
            Status::EventGap { instrument, first_lost, last_lost, .. } => {
                let followed = self.followed.entry(instrument.0).or_default();
                let last = followed.last_event.unwrap_or(first_lost.0.saturating_sub(1));
                followed.lost += last_lost.0.saturating_sub(last);
                followed.last_event = Some(last_lost.0);
                if first_lost.0 != last + 1 {
                    return self.violates(format!("a gap from {first_lost:?} on after event {last}"));
                }
                self.claims.push(Claim::Lost(instrument.0, last_lost.0));
            }
            Status::SessionReplaced => self.is_replaced = true,
            Status::InstrumentMoved { .. } => self.moves += 1,
            Status::SequencesReset { .. } | Status::MessageDropped { .. } => self.violates(format!("{status:?}")),
            _ => {}
        }
    }
}

/// Opens sessions of one participant.
pub(crate) struct Sessions {
    participant: ParticipantId,
    limits: Limits,
    policy: RetryPolicy,
    cancel_on_disconnect: Option<GraceTime>,
    seed: u64,
}

impl SessionFactory for Sessions {
    type Session = Session;

    fn open(&mut self, _cluster: &ClusterEntry) -> Result<Session, ClientError> {
        let session = Session::new(self.participant, self.limits, &self.policy, self.seed);
        Ok(session.with_cancel_on_disconnect(self.cancel_on_disconnect))
    }
}

/// A client process.
pub(crate) struct Process {
    pub(crate) participant: u32,
    pub(crate) router: Router<Sessions>,
    pub(crate) record: Record,
    /// Cluster and number of each cluster session that it has had.
    pub(crate) sessions: Vec<(usize, i64)>,
}

impl Process {
    pub(crate) fn new(
        participant: u32,
        limits: Limits,
        policy: &RetryPolicy,
        cancel_on_disconnect: Option<GraceTime>,
        seed: u64,
    ) -> Self {
        let participant_id = ParticipantId(participant);
        let sessions = Sessions { participant: participant_id, limits, policy: *policy, cancel_on_disconnect, seed };
        Self { participant, router: Router::new(sessions), record: Record::default(), sessions: Vec::new() }
    }

    /// The cluster to which commands in an instrument go now; those of participants go to the first.
    pub(crate) fn cluster_of(&self, instrument: InstrumentId) -> Option<usize> {
        let map = self.router.map()?;
        if instrument == InstrumentId::NONE {
            return Some(0);
        }
        map.partition(instrument).map(|partition| partition.owner().0 as usize)
    }

    /// The entries of instruments that the first cluster has, as the SDK sends each cluster those of its own.
    fn of_first_cluster(&self, quote: &MassQuote) -> MassQuote {
        let mut part = MassQuote { entries: ByEntry::default(), ..*quote };
        for entry in quote.entries.iter().filter(|entry| self.cluster_of(entry.instrument) == Some(0)) {
            // They are no more than all of them.
            let _ = part.entries.push(*entry);
        }
        part
    }

    /// Gives a command to the session; returns whether that took it.
    pub(crate) fn send(
        &mut self,
        instrument: InstrumentId,
        action: Action,
        now: Time,
        port: &mut impl Ingress,
    ) -> bool {
        let action = match action {
            Action::MassQuote(quote) => Action::MassQuote(self.of_first_cluster(&quote)),
            action => action,
        };
        let session = if instrument == InstrumentId::NONE {
            self.router.sessions_mut().first_mut().map(|entry| &mut entry.session)
        } else {
            self.router.session_for(instrument, Purpose::Order).ok()
        };
        let Some(session) = session else { return false };
        match submit(session, port, instrument, &action) {
            Ok(number) => {
                let followed = self.record.followed.entry(instrument.0).or_default();
                followed.commands.push(Sent { action, at: now, outcome: Outcome::None });
                if number.0 as usize != followed.commands.len() {
                    let what = format!("command {number} is the session's {}th", followed.commands.len());
                    self.record.violates(what);
                }
                true
            }
            Err(_) => false,
        }
    }

    /// Number of commands without an outcome.
    pub(crate) fn outstanding(&self) -> usize {
        self.router.sessions().iter().map(|entry| entry.session.outstanding()).sum()
    }

    /// Holds what was told since the last call against the truth.
    ///
    /// # Errors
    /// The first thing that is not true.
    pub(crate) fn check_claims(&mut self, truth: &Truth, retained: usize) -> Result<(), String> {
        let me = self.participant;
        if let Some(violation) = self.record.violation.take() {
            return Err(format!("participant {me}: {violation}"));
        }
        for claim in std::mem::take(&mut self.record.claims) {
            match claim {
                Claim::Event(report, command) => {
                    let scope = truth.scope(scope_key(0, me, report.instrument.0));
                    let event = scope.and_then(|scope| scope.events.get(report.event_sequence.0 as usize - 1));
                    if event != Some(&*report) {
                        return Err(format!("participant {me} was told {report:?}, but the log has {event:?}"));
                    }
                    if command > 0 {
                        self.check_answer(&report, command, scope)?;
                    }
                }
                Claim::Lost(instrument, last) => {
                    let scope = truth.scope(scope_key(0, me, instrument));
                    let events = scope.map_or(0, |scope| scope.events.len());
                    if last as usize + retained > events {
                        return Err(format!(
                            "participant {me} was told that event {last} of {events} is lost, though {retained} are kept"
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    fn check_answer(&self, report: &Report, command: u64, scope: Option<&ScopeTruth>) -> Result<(), String> {
        let sent = self.record.followed.get(&report.instrument.0).and_then(|it| it.commands.get(command as usize - 1));
        let applied = scope.and_then(|scope| scope.applied.get((report.client_sequence.0 as usize).wrapping_sub(1)));
        let (Some(sent), Some(applied)) = (sent, applied) else {
            return Err(format!("an answer to what was not applied: {report:?}"));
        };
        if sent.action != applied.action {
            return Err(format!("the answer to {:?} is that of {:?}: {report:?}", sent.action, applied.action));
        }
        if applied.at < sent.at || !self.sessions.contains(&applied.session) {
            return Err(format!(
                "the answer of another's command, or of one before: {report:?}, {sent:?}, {applied:?}"
            ));
        }
        Ok(())
    }

    /// Compares the outcomes of all commands with what was applied, once nothing is under way any more.
    ///
    /// # Errors
    /// The first command whose outcome is not true.
    pub(crate) fn check_outcomes(&self, truth: &Truth) -> Result<(), String> {
        for (instrument, followed) in &self.record.followed {
            let nothing = ScopeTruth::default();
            let scope = truth.scope(scope_key(0, self.participant, *instrument)).unwrap_or(&nothing);
            let mine = scope.applied.iter().zip(1..).filter(|(applied, _)| self.sessions.contains(&applied.session));
            let is_answered = |sent: &&Sent| matches!(sent.outcome, Outcome::Answered(_));
            let mut next = 0;
            for (applied, number) in mine {
                let rest = &followed.commands[next..];
                // What was answered was applied under its number; what was given up may have been.
                let answered = rest.iter().position(|sent| sent.outcome == Outcome::Answered(number));
                let at = answered.or_else(|| {
                    let given_up = rest.iter().take_while(|sent| !is_answered(sent));
                    given_up.enumerate().find(|(_, sent)| sent.may_be(applied)).map(|(at, _)| at)
                });
                let skipped = at.and_then(|at| rest[..at].iter().find(is_answered));
                match at {
                    Some(at) if skipped.is_none() => next += at + 1,
                    _ => {
                        return Err(format!(
                            "participant {}, instrument {instrument}: number {number} was applied without a reason: \
                             {applied:?}; {skipped:?} comes before",
                            self.participant
                        ));
                    }
                }
            }
            if let Some(sent) = followed.commands[next..].iter().find(is_answered) {
                return Err(format!("participant {}: {sent:?} was never applied", self.participant));
            }
        }
        Ok(())
    }

    /// What keeps it from being at rest, for people.
    pub(crate) fn state(&self, truth: &Truth) -> String {
        let events: Vec<String> = self
            .record
            .followed
            .iter()
            .map(|(instrument, followed)| {
                let scope = truth.scope(scope_key(0, self.participant, *instrument));
                let events = scope.map_or(0, |scope| scope.events.len());
                format!("{:?} of {events} in {instrument}", followed.last_event)
            })
            .collect();
        format!("{} outstanding, last events {}", self.outstanding(), events.join(", "))
    }

    /// Whether everything that can be known has been told.
    pub(crate) fn is_settled(&self, truth: &Truth) -> bool {
        let is_current = |instrument: u32| {
            let instrument = InstrumentId(instrument);
            self.router.sessions().iter().any(|entry| entry.session.is_current(instrument))
        };
        let is_connected = || {
            let sessions = self.router.sessions();
            !sessions.is_empty() && sessions.iter().all(|entry| entry.session.is_connected())
        };
        self.record.is_replaced
            || is_connected()
                && self.outstanding() == 0
                && self.record.followed.iter().all(|(instrument, followed)| {
                    let scope = truth.scope(scope_key(0, self.participant, *instrument));
                    let events = scope.map_or(0, |scope| scope.events.len() as u64);
                    followed.last_event.unwrap_or(0) == events
                        || (followed.last_event.is_none() && is_current(*instrument))
                })
    }
}

impl Sent {
    /// Whether it may be this command that was applied, though it has no answer.
    fn may_be(&self, applied: &Applied) -> bool {
        let may_be = matches!(self.outcome, Outcome::GaveUp { may_have_been_applied: true } | Outcome::None);
        may_be && self.action == applied.action
    }
}

/// Gives a command to a session.
fn submit(
    session: &mut Session,
    port: &mut impl Ingress,
    instrument: InstrumentId,
    action: &Action,
) -> Result<CommandNumber, SendError> {
    match action {
        Action::New(order) => session.new_order(port, instrument, order),
        Action::Cancel { orig_client_order_id } => session.cancel(port, instrument, *orig_client_order_id),
        Action::Replace(replace) => session.replace(port, instrument, replace),
        Action::MassCancel { target, side } => session.mass_cancel_of(port, instrument, *target, *side),
        Action::MassCancelAll { target, side } => session.mass_cancel_all_of(port, instrument, *target, *side),
        Action::DefineInstrument(definition) => session.define_instrument(port, definition),
        Action::SetInstrumentState { state, reference_price } => {
            session.set_instrument_state(port, instrument, *state, *reference_price)
        }
        Action::SetRiskLimits { target, limits } => session.set_risk_limits(port, *target, limits),
        Action::SetKillSwitch { target, kill_switch, working_orders } => {
            session.set_kill_switch(port, *target, *kill_switch, *working_orders)
        }
        Action::SetFirm { target, firm } => session.set_firm(port, *target, *firm),
        Action::SetFirmRules { firm, rules } => session.set_firm_rules(port, *firm, rules),
        Action::SetFirmLimits { firm, limits } => session.set_firm_limits(port, *firm, limits),
        Action::AmendTrade { trade_id, amendment } => session.amend_trade(port, instrument, *trade_id, *amendment),
        Action::SetPriceProtection(protection) => session.set_price_protection(port, instrument, protection),
        Action::MassQuote(quote) => session.mass_quote(port, quote),
        Action::QuoteCancel(cancel) => session.quote_cancel(port, cancel),
        Action::SetMarketMakerProtection { quote_set, protection } => {
            session.set_market_maker_protection(port, *quote_set, protection)
        }
        Action::ResetMarketMakerProtection { quote_set } => session.reset_market_maker_protection(port, *quote_set),
    }
}
