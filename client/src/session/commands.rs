//! What the program sends: commands, which have a number and an outcome, and requests, which have neither.

use lugus_codecs::market_data::encode_book_request;
use lugus_codecs::order_entry::{
    CommandBuffer, MAXIMUM_COMMAND_LENGTH, encode_activate_protocol_version, encode_amend_trade, encode_cancel,
    encode_define_instrument, encode_mass_cancel, encode_mass_cancel_all, encode_new_order, encode_replace,
    encode_set_auction_rules, encode_set_instrument_state, encode_set_kill_switch, encode_set_price_protection,
    encode_set_risk_limits,
};
use lugus_vocabulary::{
    AuctionRules, BookRequest, BookType, ClientOrderId, InstrumentDefinition, InstrumentId, InstrumentState,
    KillSwitch, MassCancelTarget, NewOrder, ParticipantId, Price, PriceProtection, ProtocolVersion, Replace,
    RiskLimits, Side, TradeAmendment, TradeId, WorkingOrders,
};

use super::{Connection, DropCopy, MAXIMUM_DROP_COPIES, Session, scope_context};
use crate::command_number::CommandNumber;
use crate::error::SendError;
use crate::ingress::{Ingress, Offered};
use crate::scope::context::{Flushed, ScopeContext};

/// Commands return their number at once; the outcome is told to the handler.
impl Session {
    /// Enters an order (FIX message D).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    #[inline]
    pub fn new_order(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        order: &NewOrder,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, instrument, |buffer| encode_new_order(instrument, order, buffer))
    }

    /// Cancels an order (FIX message F).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    #[inline]
    pub fn cancel(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        orig_client_order_id: ClientOrderId,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, instrument, |buffer| encode_cancel(instrument, orig_client_order_id, buffer))
    }

    /// Changes an order (FIX message G).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    #[inline]
    pub fn replace(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        replace: &Replace,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, instrument, |buffer| encode_replace(instrument, replace, buffer))
    }

    /// Cancels the participant's own orders in the instrument, of one side or (`None`) of both (FIX message q).
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn mass_cancel(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        side: Option<Side>,
    ) -> Result<CommandNumber, SendError> {
        self.mass_cancel_of(ingress, instrument, self.participant, side)
    }

    /// Operator: cancels the orders of `target` in the instrument, of one side or (`None`) of both.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn mass_cancel_of(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        target: ParticipantId,
        side: Option<Side>,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, instrument, |buffer| encode_mass_cancel(instrument, target, side, buffer))
    }

    /// Cancels the participant's own orders in all instruments of the cluster, of one side or (`None`) of both (FIX message q,
    /// 530 = 7). The command is numbered in the scope of [`InstrumentId::NONE`]; its answer, a
    /// [`ReportBody::MassCancelAll`](crate::vocabulary::ReportBody::MassCancelAll), comes before the reports of the orders.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn mass_cancel_all(
        &mut self,
        ingress: &mut impl Ingress,
        side: Option<Side>,
    ) -> Result<CommandNumber, SendError> {
        let target = MassCancelTarget::Participant(self.participant);
        self.mass_cancel_all_of(ingress, InstrumentId::NONE, target, side)
    }

    /// Operator: cancels the orders of `target` in an instrument, or with [`InstrumentId::NONE`] in all instruments of the
    /// cluster, of one side or (`None`) of both. Of [`MassCancelTarget::Everybody`] in all instruments only both.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn mass_cancel_all_of(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        target: MassCancelTarget,
        side: Option<Side>,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, instrument, |buffer| encode_mass_cancel_all(instrument, target, side, buffer))
    }

    /// Operator: defines an instrument, which begins to trade. The command is numbered in the scope of
    /// [`InstrumentId::NONE`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn define_instrument(
        &mut self,
        ingress: &mut impl Ingress,
        definition: &InstrumentDefinition,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, InstrumentId::NONE, |buffer| encode_define_instrument(definition, buffer))
    }

    /// Operator: changes the state of an instrument. A `reference_price` of `None` keeps the present one.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_instrument_state(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        state: InstrumentState,
        reference_price: Option<Price>,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, instrument, |buffer| {
            encode_set_instrument_state(instrument, state, reference_price, buffer)
        })
    }

    /// Operator: sets what protects the prices of an instrument, all of it.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_price_protection(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        protection: &PriceProtection,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, instrument, |buffer| encode_set_price_protection(instrument, protection, buffer))
    }

    /// Operator: sets the rules of an instrument's auctions, all of them.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_auction_rules(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        rules: &AuctionRules,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, instrument, |buffer| encode_set_auction_rules(instrument, rules, buffer))
    }

    /// Operator: sets a participant's limits. The command is numbered in the scope of [`InstrumentId::NONE`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_risk_limits(
        &mut self,
        ingress: &mut impl Ingress,
        target: ParticipantId,
        limits: &RiskLimits,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, InstrumentId::NONE, |buffer| encode_set_risk_limits(target, limits, buffer))
    }

    /// Operator, or a participant for itself: engages or releases a kill switch, at the sender's level and those
    /// below; when it is engaged, `working_orders` says what happens to live orders. The command is numbered in the scope of
    /// [`InstrumentId::NONE`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_kill_switch(
        &mut self,
        ingress: &mut impl Ingress,
        target: ParticipantId,
        kill_switch: KillSwitch,
        working_orders: WorkingOrders,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, InstrumentId::NONE, |buffer| {
            encode_set_kill_switch(target, kill_switch, working_orders, buffer)
        })
    }

    /// Operator: cancels or corrects a trade of the instrument. No order changes.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn amend_trade(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        trade_id: TradeId,
        amendment: TradeAmendment,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, instrument, |buffer| encode_amend_trade(instrument, trade_id, amendment, buffer))
    }

    /// Asks once for the book of an instrument, with `depth` levels of each side (at most
    /// [`MAXIMUM_DEPTH`](crate::vocabulary::MAXIMUM_DEPTH)). The request is not kept: if no answer comes, it has to be
    /// made again.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_book(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        depth: u16,
        request_id: u64,
    ) -> Result<(), SendError> {
        let (bids_after, offers_after, book_type) = (None, None, BookType::Levels);
        let request = BookRequest { request_id, instrument, depth, bids_after, offers_after, book_type };
        self.request_part_of_book(ingress, &request)
    }

    /// Asks once for any part of a book, in any detail; otherwise as [`Self::request_book`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_part_of_book(&mut self, ingress: &mut impl Ingress, request: &BookRequest) -> Result<(), SendError> {
        self.offer_request(ingress, encode_book_request(request, &mut [0; MAXIMUM_COMMAND_LENGTH]))
    }

    /// Operator: makes a version of order entry active in the cluster. It is not answered: `lugus status` shows the active version.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn activate_protocol_version(
        &mut self,
        ingress: &mut impl Ingress,
        version: ProtocolVersion,
    ) -> Result<(), SendError> {
        self.offer_request(ingress, encode_activate_protocol_version(version, &mut [0; MAXIMUM_COMMAND_LENGTH]))
    }

    /// Sends a request that is not kept.
    pub(super) fn offer_request(&self, ingress: &mut impl Ingress, message: &[u8]) -> Result<(), SendError> {
        match self.connection {
            Connection::Ended => return Err(SendError::Ended),
            Connection::Disconnected => return Err(SendError::NotConnected),
            Connection::Connected { .. } => {}
        }
        if !self.choice.is_sent {
            return Err(SendError::BackPressured);
        }
        match ingress.offer(message) {
            Offered::Sent => Ok(()),
            Offered::BackPressured => Err(SendError::BackPressured),
            Offered::NotConnected => Err(SendError::NotConnected),
        }
    }

    /// Asks for the events of all participants in an instrument, or in all instruments ([`InstrumentId::NONE`]), from
    /// now on and in every further cluster session. Drop copies are not resumed: they have a gap where the session had
    /// one.
    ///
    /// # Errors
    /// [`SendError::TooManyDropCopies`], [`SendError::Ended`].
    pub fn request_drop_copy(&mut self, instrument: InstrumentId) -> Result<(), SendError> {
        if self.has_ended() {
            return Err(SendError::Ended);
        }
        self.drop_copies.retain(|drop_copy| drop_copy.instrument != instrument);
        if self.drop_copies.len() == MAXIMUM_DROP_COPIES {
            return Err(SendError::TooManyDropCopies { maximum: MAXIMUM_DROP_COPIES });
        }
        self.drop_copies.push(DropCopy { instrument, is_sent: false });
        Ok(())
    }

    /// Begins to follow the participant's own events in an instrument, also without a command, or asks whether any were
    /// missed. [`Self::is_current`] tells when all have been delivered.
    ///
    /// # Errors
    /// [`SendError::TooManyInstruments`], [`SendError::Ended`].
    pub fn resume(&mut self, instrument: InstrumentId) -> Result<(), SendError> {
        let index = self.find_or_open(instrument, &mut ())?;
        if self.is_connected() {
            self.scopes[index].want_resume(&mut scope_context!(self, &mut ()));
        }
        self.after_input(index);
        Ok(())
    }

    #[inline]
    pub(super) fn submit(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        encode: impl FnOnce(&mut CommandBuffer) -> usize,
    ) -> Result<CommandNumber, SendError> {
        let index = self.find_or_open(instrument, &mut ())?;
        let is_connected = self.is_connected();
        let context = &mut scope_context!(self, &mut ());
        let scope = &mut self.scopes[index];
        if scope.is_full() {
            return Err(SendError::TooManyOutstanding { maximum: self.limits.maximum_outstanding });
        }
        // Nothing overtakes the choice of what happens on disconnect.
        let goes_straight_out = is_connected && scope.streams() && self.choice.is_sent;
        let number = scope.push(encode, is_connected, context);
        if goes_straight_out && scope.flush(ingress) == Flushed::Blocked(Offered::BackPressured) {
            scope.undo_push(context);
            return Err(SendError::BackPressured);
        }
        self.after_input(index);
        Ok(number)
    }
}
