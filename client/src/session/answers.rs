//! Messages of the cluster: each goes to the scope that it concerns, or to the handler.

use lugus_codecs::market_data::{BookProgress, BookReject};
use lugus_codecs::order_entry::{MessageReject, template_id};
use lugus_vocabulary::{InstrumentId, MessageRejectReason, Reply, Report};

use super::{Connection, Session, scope_context};
use crate::scope::Scope;
use crate::scope::context::{ScopeContext, SessionAction};
use crate::status::{DropReason, EventHandler, Status};
use crate::wire::{self, ClusterMessage};

impl Session {
    /// A message of the cluster in the session `cluster_session_id`. Bytes that are no such message are told as
    /// [`Status::MessageDropped`].
    #[inline]
    pub fn on_message(&mut self, cluster_session_id: i64, message: &[u8], handler: &mut impl EventHandler) {
        match self.connection {
            Connection::Connected { cluster_session_id: current, .. } if current == cluster_session_id => {}
            _ => return,
        }
        match wire::decode(message, &mut self.book, &mut self.order_status) {
            Ok(ClusterMessage::Report(report)) => self.on_report(&report, handler),
            Ok(answer) => self.on_answer(&answer, handler),
            Err(error) => {
                tracing::warn!(%error, bytes = message.len(), "ignored a message from the cluster that cannot be decoded");
                handler.on_status(&Status::MessageDropped { reason: DropReason::Malformed(error) });
            }
        }
    }

    #[inline]
    fn on_report(&mut self, report: &Report, handler: &mut impl EventHandler) {
        if report.participant != self.participant {
            handler.on_drop_copy(report);
            return;
        }
        if !self.admits(report.instrument) {
            return;
        }
        let Ok(index) = self.find_or_open(report.instrument, handler) else {
            let reason = DropReason::TooManyInstruments(report.instrument);
            handler.on_status(&Status::MessageDropped { reason });
            return;
        };
        self.scopes[index].on_report(report, &mut scope_context!(self, handler));
        self.after_input(index);
    }

    fn on_answer(&mut self, answer: &ClusterMessage, handler: &mut impl EventHandler) {
        match *answer {
            ClusterMessage::Report(ref report) => self.on_report(report, handler),
            ClusterMessage::Reply(ref reply) => self.on_reply(reply, handler),
            ClusterMessage::MessageReject(MessageReject { template_id, reason }) => {
                self.on_message_reject(template_id, reason, handler);
            }
            ClusterMessage::CancelOnDisconnect(choice) => {
                handler.on_status(&Status::CancelOnDisconnect { grace: choice.grace });
            }
            ClusterMessage::Firm(ref reply) => self.on_firm_reply(reply, handler),
            ClusterMessage::OrderStatus => self.on_order_status(handler),
            ClusterMessage::SessionReplaced => self.on_session_replaced(handler),
            ClusterMessage::Book(BookProgress::Partial) => {}
            ClusterMessage::Book(BookProgress::Complete) => {
                self.was_answered = true;
                handler.on_book(&self.book);
            }
            ClusterMessage::BookReject(BookReject { request_id, instrument }) => {
                handler.on_status(&Status::BookRefused { request_id, instrument });
            }
        }
    }

    fn on_reply(&mut self, reply: &Reply, handler: &mut impl EventHandler) {
        match *reply {
            Reply::Again(ref report) => self.on_report(report, handler),
            Reply::ResumeComplete { instrument, last_client_sequence, last_event_sequence } => {
                self.was_answered = true;
                self.with_scope(instrument, handler, |scope, context| {
                    scope.on_resume_complete(last_client_sequence, last_event_sequence, context);
                    SessionAction::Keep
                });
                self.look_for_gap(instrument);
            }
            Reply::EventGap { instrument, client_sequence, first_retained, last_event_sequence, lost_through } => {
                self.with_scope(instrument, handler, |scope, context| {
                    scope.on_event_gap(client_sequence, first_retained, last_event_sequence, lost_through, context);
                    SessionAction::Keep
                });
                self.look_for_gap(instrument);
            }
            Reply::SequenceReject { instrument, expected, .. } => {
                self.with_scope(instrument, handler, |scope, context| scope.on_sequence_reject(expected, context));
            }
            Reply::Refused { instrument, client_sequence, reason } => {
                self.with_scope(instrument, handler, |scope, context| {
                    scope.on_refused(client_sequence, reason, context)
                });
                self.look_for_gap(instrument);
            }
            Reply::Moved { instrument, client_sequence, epoch } => {
                self.with_scope(instrument, handler, |scope, context| {
                    scope.on_moved(client_sequence, epoch, context);
                    SessionAction::Keep
                });
            }
        }
    }

    fn on_message_reject(&mut self, template_id: u16, reason: MessageRejectReason, handler: &mut impl EventHandler) {
        handler.on_status(&Status::MessageRejected { template_id, reason });
        self.on_request_rejected(template_id, handler);
        if template_id == template_id::FOLLOW_FIRM_REQUEST {
            return self.on_follow_rejected(reason, handler);
        }
        match reason {
            // The notice that a newer session took over may be lost; this tells the same.
            MessageRejectReason::NoParticipant => self.on_session_replaced(handler),
            MessageRejectReason::ParticipantConnected => self.on_participant_connected(handler),
            MessageRejectReason::NotAuthorised | MessageRejectReason::LimitDropCopies => self.drop_copies.clear(),
            _ => {}
        }
    }

    fn on_participant_connected(&mut self, handler: &mut impl EventHandler) {
        if self.clock.time() < self.orphan_until {
            tracing::info!("a session that this process had requested is open: waiting for its end");
            return;
        }
        self.was_refused = true;
        self.end(handler);
    }

    fn on_session_replaced(&mut self, handler: &mut impl EventHandler) {
        if self.clock.time() < self.orphan_until {
            tracing::info!(
                "another session that this process had requested has replaced this one: waiting for a new session"
            );
            return;
        }
        handler.on_status(&Status::SessionReplaced);
        self.end(handler);
    }

    fn with_scope<H: EventHandler>(
        &mut self,
        instrument: InstrumentId,
        handler: &mut H,
        input: impl FnOnce(&mut Scope, &mut ScopeContext<'_, H>) -> SessionAction,
    ) {
        let Ok(at) = self.position(instrument) else { return };
        let index = self.index[at].1 as usize;
        let action = input(&mut self.scopes[index], &mut scope_context!(self, handler));
        self.after_input(index);
        self.perform(action, handler);
    }
}
