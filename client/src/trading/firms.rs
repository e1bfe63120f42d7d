//! Firms: commands of a session with one cluster, and the events of a firm that it follows.

use lugus_vocabulary::{FirmRules, ParticipantId, RiskLimits};

use super::TradingSession;
use crate::command_number::CommandNumber;
use crate::error::SendError;
use crate::followed_firm::FollowFirm;

/// Firms. The commands are numbered in the scope of [`InstrumentId::NONE`](lugus_vocabulary::InstrumentId::NONE).
impl TradingSession {
    /// Operator: puts a participant into a firm, which is named by its own participant, or (`None`) takes it out of its firm.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_firm(&mut self, target: ParticipantId, firm: Option<ParticipantId>) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.set_firm(&mut ingress, target, firm)
    }

    /// Operator, or a firm's own participant: sets what holds for all participants of the firm.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_firm_rules(&mut self, firm: ParticipantId, rules: &FirmRules) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.set_firm_rules(&mut ingress, firm, rules)
    }

    /// Operator: sets limits of a firm. A limit that is `None` stays as it is, and 0 removes it.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_firm_limits(&mut self, firm: ParticipantId, limits: &RiskLimits) -> Result<CommandNumber, SendError> {
        let (session, mut ingress) = self.split();
        session.set_firm_limits(&mut ingress, firm, limits)
    }

    /// Begins to follow a firm, in place of the one that was followed before: its events come to
    /// [`EventHandler::on_firm_event`](crate::EventHandler::on_firm_event), each once and in the order of their numbers, in this and
    /// in every further cluster session. A participant of the firm may follow it, and the operator; otherwise
    /// [`Status::FirmRefused`](crate::Status::FirmRefused) ends it. [`Config::follow_firm`](crate::Config::follow_firm) does the
    /// same from the start.
    ///
    /// # Errors
    /// [`SendError::Ended`].
    pub fn follow_firm(&mut self, follow: FollowFirm) -> Result<(), SendError> {
        self.session.follow_firm(follow)
    }

    /// Whether every event of the firm has been told that the cluster had when it was last asked.
    pub fn is_firm_current(&self) -> bool {
        self.session.is_firm_current()
    }
}
