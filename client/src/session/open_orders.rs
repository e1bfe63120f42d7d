//! The participant's own open orders: the session's requests for them, and what it passes on.

use lugus_codecs::order_entry::{
    MAXIMUM_COMMAND_LENGTH, encode_order_mass_status_request, encode_order_status_request, template_id,
};
use lugus_vocabulary::{
    InstrumentId, LastReport, OrderId, OrderMassStatusRequest, OrderStatusReport, OrderStatusRequest, RejectReason,
};

use super::{Session, scope_context};
use crate::error::SendError;
use crate::ingress::{Ingress, Offered};
use crate::open_orders::OpenOrdersPart;
use crate::rebuild::{RebuildPolicy, Relevance};
use crate::scope::context::ScopeContext;
use crate::status::{DropReason, EventHandler, Status};

/// What the program asks for.
impl Session {
    /// Sets when the session asks for open orders by itself. To be set before the session is connected.
    pub fn set_rebuild_policy(&mut self, policy: RebuildPolicy) {
        self.rebuild.set_policy(policy);
    }

    /// Asks for the participant's own open orders in an instrument, or with [`InstrumentId::NONE`] in all instruments of
    /// the cluster. They come to [`EventHandler::on_open_orders`] in parts, among the events, and
    /// [`Status::StateRebuilt`] or [`Status::RebuildRefused`] ends them. The session asks until it is answered.
    ///
    /// # Errors
    /// [`SendError::Ended`].
    pub fn rebuild(&mut self, instrument: InstrumentId) -> Result<(), SendError> {
        if self.has_ended() {
            return Err(SendError::Ended);
        }
        self.rebuild.want(instrument, self.clock.time());
        Ok(())
    }

    /// Whether open orders that were asked for, or that the session asks for by itself, are still to be told.
    pub fn is_rebuilding(&self) -> bool {
        self.rebuild.is_under_way()
    }

    /// Asks once for one of the participant's own orders. The answer comes to [`EventHandler::on_order_status`]. The
    /// request is not kept: if no answer comes, it has to be made again. `request_id` is less than 2^63.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_order_status(
        &mut self,
        ingress: &mut impl Ingress,
        request: &OrderStatusRequest,
    ) -> Result<(), SendError> {
        self.offer_request(ingress, encode_order_status_request(request, &mut [0; MAXIMUM_COMMAND_LENGTH]))
    }

    /// Asks once for a part of the participant's own open orders; otherwise as [`Self::request_order_status`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_open_orders(
        &mut self,
        ingress: &mut impl Ingress,
        request: &OrderMassStatusRequest,
    ) -> Result<(), SendError> {
        self.offer_request(ingress, encode_order_mass_status_request(request, &mut [0; MAXIMUM_COMMAND_LENGTH]))
    }
}

/// What is sent and heard.
impl Session {
    /// Sends the request of the rebuilding, if it is due. Returns the number of messages.
    #[cold]
    pub(super) fn flush_rebuild(&mut self, ingress: &mut impl Ingress, handler: &mut impl EventHandler) -> usize {
        let Some((request, is_first)) = self.rebuild.request() else { return 0 };
        if is_first {
            handler.on_status(&Status::RebuildBegun { instrument: request.instrument });
        }
        let buffer = &mut [0; MAXIMUM_COMMAND_LENGTH];
        if ingress.offer(encode_order_mass_status_request(&request, buffer)) != Offered::Sent {
            return 0;
        }
        self.rebuild.on_sent(self.clock.time());
        1
    }

    /// A report of open orders has been read.
    #[cold]
    pub(super) fn on_order_status(&mut self, handler: &mut impl EventHandler) {
        // Its room is used again.
        let report = std::mem::take(&mut self.order_status);
        match self.rebuild.relevance(report.request_id) {
            Relevance::Programs => handler.on_order_status(&report),
            Relevance::Late => {}
            Relevance::Answer => self.on_part(&report, handler),
        }
        self.order_status = report;
    }

    fn on_part(&mut self, report: &OrderStatusReport, handler: &mut impl EventHandler) {
        let time = self.clock.time();
        if report.reason != RejectReason::None {
            return self.refuse_rebuild(report.reason, handler);
        }
        let mut is_current = true;
        for scope in &report.scopes {
            // An instrument that there is no room for is not told.
            if self.admits(scope.instrument)
                && let Ok(index) = self.find_or_open(scope.instrument, handler)
            {
                let context = &mut scope_context!(self, handler);
                is_current &= self.scopes[index].stands_at(scope.event_sequence, context);
                self.after_input(index);
            }
        }
        if !is_current {
            return self.rebuild.on_missing_events(time);
        }
        for (scope, orders) in report.by_scope().filter(|(scope, _)| self.admits(scope.instrument)) {
            let instrument = scope.instrument;
            if self.position(instrument).is_err() {
                let reason = DropReason::TooManyInstruments(instrument);
                handler.on_status(&Status::MessageDropped { reason });
                continue;
            }
            let is_whole = report.next.instrument != instrument || report.next.order_id == OrderId(u64::MAX);
            handler.on_open_orders(&OpenOrdersPart {
                instrument,
                event_sequence: scope.event_sequence,
                orders,
                is_first: self.rebuild.begins(instrument),
                is_last: is_whole,
            });
        }
        match report.last_report {
            LastReport::No => self.rebuild.go_on_after(report.next, time),
            LastReport::Yes => {
                if let Some(instrument) = self.rebuild.finish(time) {
                    handler.on_status(&Status::StateRebuilt { instrument });
                }
            }
        }
    }

    /// The cluster did not read a request, as it is of an earlier version, or does not allow it.
    pub(super) fn on_request_rejected(&mut self, rejected: u16, handler: &mut impl EventHandler) {
        if rejected == template_id::ORDER_MASS_STATUS_REQUEST {
            self.refuse_rebuild(RejectReason::Unsupported, handler);
        }
    }

    fn refuse_rebuild(&mut self, reason: RejectReason, handler: &mut impl EventHandler) {
        if let Some(instrument) = self.rebuild.finish(self.clock.time()) {
            handler.on_status(&Status::RebuildRefused { instrument, reason });
        }
    }

    /// Asks for the orders of an instrument whose events are lost, if the program wants that.
    pub(super) fn look_for_gap(&mut self, instrument: InstrumentId) {
        let Ok(at) = self.position(instrument) else { return };
        let index = self.index[at].1 as usize;
        if self.scopes[index].take_has_gap() {
            self.rebuild.on_gap(instrument, self.clock.time());
        }
    }
}
