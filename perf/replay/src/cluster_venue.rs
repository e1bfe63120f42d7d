//! A cluster as a venue, through the SDK: one session for each participant, and one for the operator.

use std::time::{Duration, Instant};

use lugus_client::{ClientError, CommandNumber, Config, EventHandler, OlderSession, SendError, Status, TradingSession};
use lugus_vocabulary::{Action, ClientSequence, InstrumentId, MemberId, ParticipantId, Report};

use crate::flow::Step;
use crate::venue::{Scope, Submission, Venue, VenueError, VenueEvent};

/// Number of polls of the participants' sessions for one poll of the operator's, which is silent once the instruments
/// are defined.
const POLLS_PER_OPERATOR_POLL: u32 = 64;

/// Sessions with a cluster. All of them work on the thread that calls `poll`.
pub struct ClusterVenue {
    operator: TradingSession,
    participants: Vec<TradingSession>,
    polls: u32,
    leader: Option<MemberId>,
}

impl ClusterVenue {
    /// Opens a session for the operator and for each participant, by their configurations, and waits until all are
    /// open.
    ///
    /// A configuration should allow as many outstanding commands as the replay's window, otherwise the venue is busy
    /// too early.
    ///
    /// # Errors
    ///
    /// When a configuration is invalid, a participant is connected already and its session is to be kept, or the cluster does
    /// not accept all sessions within `patience`.
    pub fn connect(operator: Config, mut participants: Vec<Config>, patience: Duration) -> Result<Self, VenueError> {
        let mut unconfirmed = Vec::new();
        let mut open = |config: Config| {
            let id = config.participant;
            let keeps_older = config.older_session == OlderSession::Keep;
            let mut session = TradingSession::connect(config).map_err(|error| ended(id, error))?;
            if keeps_older {
                // Its answer tells that the cluster has taken the session, before anybody's command is sent.
                let asked = session.resume(InstrumentId::NONE);
                asked.map_err(|error| VenueError::Session { participant: id.0, source: error.into() })?;
                unconfirmed.push(id);
            }
            Ok(session)
        };
        participants.sort_unstable_by_key(|config| config.participant);
        let mut venue = Self {
            operator: open(operator)?,
            participants: participants.into_iter().map(open).collect::<Result<_, _>>()?,
            polls: 0,
            leader: None,
        };
        venue.wait_until_connected(&unconfirmed, patience)?;
        venue.leader = venue.operator.leader_member_id();
        Ok(venue)
    }

    /// The leading member, as far as the sessions know.
    pub fn leader_member_id(&self) -> Option<MemberId> {
        self.leader
    }

    /// Waits until all sessions are open, and those of `unconfirmed` have been answered.
    fn wait_until_connected(&mut self, unconfirmed: &[ParticipantId], patience: Duration) -> Result<(), VenueError> {
        let begun = Instant::now();
        loop {
            let mut waiting = None;
            for session in std::iter::once(&mut self.operator).chain(&mut self.participants) {
                session.poll(&mut ()).map_err(|error| ended(session.participant(), error))?;
                let is_unconfirmed = || unconfirmed.contains(&session.participant());
                if !session.is_connected() || (is_unconfirmed() && !session.is_current(InstrumentId::NONE)) {
                    waiting = Some(&*session);
                }
            }
            let Some(session) = waiting else { return Ok(()) };
            if begun.elapsed() > patience {
                let problem = session.problem().map_or("no answer".to_owned(), ToString::to_string);
                return Err(VenueError::NotConnected { waited: patience, problem });
            }
            std::thread::yield_now();
        }
    }

    fn session(&mut self, id: ParticipantId) -> Option<&mut TradingSession> {
        if id == ParticipantId::OPERATOR {
            return Some(&mut self.operator);
        }
        let place = self.participants.binary_search_by_key(&id, TradingSession::participant).ok()?;
        self.participants.get_mut(place)
    }
}

impl Venue for ClusterVenue {
    fn submit(&mut self, step: &Step) -> Result<Submission, VenueError> {
        let not_sendable = || VenueError::NotSendable { what: format!("{step:?}") };
        let instrument = step.instrument;
        let session = self.session(step.participant).ok_or_else(not_sendable)?;
        let sent = match &step.action {
            Action::New(order) => session.new_order(instrument, order),
            Action::Cancel { orig_client_order_id } => session.cancel(instrument, *orig_client_order_id),
            Action::Replace(replace) => session.replace(instrument, replace),
            Action::MassCancel { target, side } => session.mass_cancel_of(instrument, *target, *side),
            Action::MassCancelAll { target, side } => session.mass_cancel_all_of(instrument, *target, *side),
            Action::DefineInstrument(definition) => session.define_instrument(definition),
            Action::SetInstrumentState { state, reference_price } => {
                session.set_instrument_state(instrument, *state, *reference_price)
            }
            Action::SetAuctionRules(rules) => session.set_auction_rules(instrument, rules),
            Action::SetPriceProtection(protection) => session.set_price_protection(instrument, protection),
            Action::MassQuote(quote) => session.mass_quote(quote),
            Action::QuoteCancel(cancel) => session.quote_cancel(cancel),
            Action::SetMarketMakerProtection { quote_set, protection } => {
                session.set_market_maker_protection(*quote_set, protection)
            }
            Action::ResetMarketMakerProtection { quote_set } => session.reset_market_maker_protection(*quote_set),
            _ => return Err(not_sendable()),
        };
        match sent {
            Ok(command) => Ok(Submission::Sent(ClientSequence(command.0))),
            Err(SendError::BackPressured | SendError::TooManyOutstanding { .. } | SendError::NotConnected) => {
                Ok(Submission::Busy)
            }
            Err(error) => Err(VenueError::Session { participant: step.participant.0, source: error.into() }),
        }
    }

    fn poll(&mut self, on_event: &mut dyn FnMut(VenueEvent<'_>)) -> Result<usize, VenueError> {
        self.polls = self.polls.wrapping_add(1);
        let operator = (self.operator.outstanding() > 0 || self.polls.is_multiple_of(POLLS_PER_OPERATOR_POLL))
            .then_some(&mut self.operator);
        let mut work = 0;
        for session in self.participants.iter_mut().chain(operator) {
            let participant = session.participant();
            let mut handler = ParticipantHandler { participant, leader: &mut self.leader, refused: None, on_event };
            let outcome = session.poll(&mut handler);
            if let Some((scope, what)) = handler.refused {
                return Err(VenueError::Refused { scope, what });
            }
            work += outcome.map_err(|error| ended(participant, error))?;
        }
        Ok(work)
    }
}

/// Receives the events of one participant's session.
struct ParticipantHandler<'a> {
    participant: ParticipantId,
    leader: &'a mut Option<MemberId>,
    refused: Option<(Scope, String)>,
    on_event: &'a mut dyn FnMut(VenueEvent<'_>),
}

impl EventHandler for ParticipantHandler<'_> {
    /// Numbers the commands of a run from 1, whatever the participant sent before.
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        (self.on_event)(VenueEvent::Report(&Report { client_sequence: ClientSequence(command.0), ..*report }));
    }

    fn on_status(&mut self, status: &Status) {
        match status {
            Status::Connected { leader_member_id, .. } | Status::NewLeader { leader_member_id } => {
                self.leads(*leader_member_id);
            }
            Status::GaveUp { instrument, command, .. } => {
                let scope = (self.participant, *instrument);
                (self.on_event)(VenueEvent::GaveUp(scope, ClientSequence(command.0)));
            }
            Status::CommandRefused { instrument, reason, .. } => {
                let scope = (self.participant, *instrument);
                self.refused = Some((scope, format!("{reason:?}")));
            }
            _ => {}
        }
    }
}

impl ParticipantHandler<'_> {
    /// Every session is told of a new leader; this reports the change once.
    fn leads(&mut self, leader: MemberId) {
        if self.leader.replace(leader) != Some(leader) {
            (self.on_event)(VenueEvent::NewLeader);
        }
    }
}

fn ended(participant: ParticipantId, error: ClientError) -> VenueError {
    VenueError::Session { participant: participant.0, source: error.into() }
}
