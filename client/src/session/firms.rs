//! Firms: the operator's and a firm's own commands, and the events of a firm that the session follows.

use lugus_codecs::order_entry::{
    MAXIMUM_COMMAND_LENGTH, encode_follow_firm, encode_set_firm, encode_set_firm_limits, encode_set_firm_rules,
};
use lugus_vocabulary::{FirmReply, FirmRules, InstrumentId, MessageRejectReason, ParticipantId, RiskLimits};

use super::Session;
use crate::command_number::CommandNumber;
use crate::error::SendError;
use crate::followed_firm::{FirmNotice, FollowFirm};
use crate::ingress::{Ingress, Offered};
use crate::status::{EventHandler, Status};

/// Commands about firms. They are numbered in the scope of [`InstrumentId::NONE`].
impl Session {
    /// Operator: puts a participant into a firm, which is named by its own participant, or (`None`) takes it out of its firm.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_firm(
        &mut self,
        ingress: &mut impl Ingress,
        target: ParticipantId,
        firm: Option<ParticipantId>,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, InstrumentId::NONE, |buffer| encode_set_firm(target, firm, buffer))
    }

    /// Operator, or a firm's own participant: sets what holds for all participants of the firm.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_firm_rules(
        &mut self,
        ingress: &mut impl Ingress,
        firm: ParticipantId,
        rules: &FirmRules,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, InstrumentId::NONE, |buffer| encode_set_firm_rules(firm, rules, buffer))
    }

    /// Operator: sets limits of a firm. A limit that is `None` stays as it is, and 0 removes it.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_firm_limits(
        &mut self,
        ingress: &mut impl Ingress,
        firm: ParticipantId,
        limits: &RiskLimits,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, InstrumentId::NONE, |buffer| encode_set_firm_limits(firm, limits, buffer))
    }
}

/// The events of a firm.
impl Session {
    /// Begins to follow a firm, in place of the one that was followed before: its events come to
    /// [`EventHandler::on_firm_event`], each once and in the order of their numbers, in this and in every further cluster session.
    /// A participant of the firm may follow it, and the operator; otherwise [`Status::FirmRefused`] ends it.
    ///
    /// # Errors
    /// [`SendError::Ended`].
    pub fn follow_firm(&mut self, follow: FollowFirm) -> Result<(), SendError> {
        if self.has_ended() {
            return Err(SendError::Ended);
        }
        self.followed_firm.begin(follow, self.clock.time());
        Ok(())
    }

    /// Whether every event of the firm has been told that the cluster had when it was last asked.
    pub fn is_firm_current(&self) -> bool {
        self.followed_firm.is_current()
    }

    /// Sends the request for events of the firm, if it is due. Returns the number of messages.
    #[cold]
    pub(super) fn flush_followed_firm(&mut self, ingress: &mut impl Ingress) -> usize {
        let Some((firm, last_event_sequence)) = self.followed_firm.request() else { return 0 };
        let buffer = &mut [0; MAXIMUM_COMMAND_LENGTH];
        if ingress.offer(encode_follow_firm(firm, last_event_sequence, buffer)) != Offered::Sent {
            return 0;
        }
        self.followed_firm.on_sent(self.clock.time(), &mut self.delays);
        1
    }

    pub(super) fn on_firm_reply(&mut self, reply: &FirmReply, handler: &mut impl EventHandler) {
        let time = self.clock.time();
        let Self { followed_firm, delays, .. } = self;
        let (firm, notice) = match *reply {
            FirmReply::Again(ref event) => {
                if followed_firm.on_event(event, time, delays) {
                    handler.on_firm_event(event);
                }
                return;
            }
            FirmReply::ResumeComplete { firm, through, last_event_sequence } => {
                self.was_answered = true;
                (firm, followed_firm.on_complete(firm, (through, last_event_sequence), time, delays))
            }
            FirmReply::EventGap { firm, first_retained, lost_through, .. } => {
                (firm, followed_firm.on_gap(firm, first_retained, lost_through, time))
            }
        };
        match notice {
            Some(FirmNotice::Gap { first_lost, last_lost, lost_through }) => {
                handler.on_status(&Status::FirmEventGap { firm, first_lost, last_lost, lost_through });
            }
            Some(FirmNotice::Reset { last_seen, last_known }) => {
                handler.on_status(&Status::FirmSequencesReset { firm, last_seen, last_known });
            }
            None => {}
        }
    }

    /// The cluster did not take the request for a firm's events.
    pub(super) fn on_follow_rejected(&mut self, reason: MessageRejectReason, handler: &mut impl EventHandler) {
        if let Some(firm) = self.followed_firm.on_refused() {
            handler.on_status(&Status::FirmRefused { firm, reason });
        }
    }
}
