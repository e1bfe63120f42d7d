//! What the program asks for: commands, which have a number and an outcome, and requests, which have neither.

use lugus_vocabulary::{
    BookRequest, BookType, ClientOrderId, InstrumentDefinition, InstrumentId, InstrumentState, KillSwitch, NewOrder,
    ParticipantId, Price, Replace, RiskLimits, Side,
};

use super::{Connection, DropCopy, Ingress, MAXIMUM_DROP_COPIES, Offered, Session};
use crate::command_number::CommandNumber;
use crate::error::SendError;
use crate::scope::{Flushed, Turn};
use crate::wire::commands::{
    self, Cancel, Command, MAXIMUM_LENGTH, MassCancel, SetInstrumentState, SetKillSwitch, SetRiskLimits,
};

/// All commands return their number at once; the outcome is told to the handler.
impl Session {
    /// A new order.
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
        self.submit(ingress, instrument, order)
    }

    /// Ends an order.
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
        self.submit(ingress, instrument, &Cancel { orig_client_order_id })
    }

    /// Changes an order.
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
        self.submit(ingress, instrument, replace)
    }

    /// Ends all orders of `target` in the instrument, of one side or (`None`) both.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn mass_cancel(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        target: ParticipantId,
        side: Option<Side>,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, instrument, &MassCancel { target, side })
    }

    /// Operator: begins to trade an instrument. Its scope is that of [`InstrumentId::NONE`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn define_instrument(
        &mut self,
        ingress: &mut impl Ingress,
        definition: &InstrumentDefinition,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, InstrumentId::NONE, definition)
    }

    /// Operator: moves an instrument in its life cycle; `reference_price` of `None` leaves that as it is.
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
        self.submit(ingress, instrument, &SetInstrumentState { state, reference_price })
    }

    /// Operator: sets a participant's limits. Its scope is that of [`InstrumentId::NONE`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_risk_limits(
        &mut self,
        ingress: &mut impl Ingress,
        target: ParticipantId,
        limits: &RiskLimits,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, InstrumentId::NONE, &SetRiskLimits { target, limits })
    }

    /// Operator, or a participant for itself: stops or allows new orders. Its scope is that of [`InstrumentId::NONE`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn set_kill_switch(
        &mut self,
        ingress: &mut impl Ingress,
        target: ParticipantId,
        kill_switch: KillSwitch,
    ) -> Result<CommandNumber, SendError> {
        self.submit(ingress, InstrumentId::NONE, &SetKillSwitch { target, kill_switch })
    }

    /// Asks once for the book of an instrument, `depth` levels a side (at most
    /// [`MAXIMUM_DEPTH`](crate::vocabulary::MAXIMUM_DEPTH)). The request is not kept: when the answer does not come, ask again.
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

    /// As [`Self::request_book`], for any part of a book, and in any detail.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent.
    pub fn request_part_of_book(&mut self, ingress: &mut impl Ingress, request: &BookRequest) -> Result<(), SendError> {
        match self.connection {
            Connection::Ended => return Err(SendError::Ended),
            Connection::Disconnected => return Err(SendError::NotConnected),
            Connection::Connected { .. } => {}
        }
        let mut buffer = [0; MAXIMUM_LENGTH];
        match ingress.offer(commands::book(request, &mut buffer)) {
            Offered::Sent => Ok(()),
            Offered::BackPressured => Err(SendError::BackPressured),
            Offered::NotConnected => Err(SendError::NotConnected),
        }
    }

    /// Asks for all participants' events of an instrument, or of all ([`InstrumentId::NONE`]), from now on and in every
    /// further session. Not resumed: a drop copy has a gap where the session had one.
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

    /// Begins to follow the participant's own events of an instrument, also without a command, or asks whether any were
    /// missed. [`Self::is_current`] says when all have been delivered.
    ///
    /// # Errors
    /// [`SendError::TooManyInstruments`], [`SendError::Ended`].
    pub fn resume(&mut self, instrument: InstrumentId) -> Result<(), SendError> {
        let index = self.find_or_open(instrument, &mut ())?;
        if self.is_connected() {
            self.scopes[index].want_resume(&mut turn!(self, &mut ()));
        }
        self.after_input(index);
        Ok(())
    }

    #[inline]
    fn submit(
        &mut self,
        ingress: &mut impl Ingress,
        instrument: InstrumentId,
        command: &impl Command,
    ) -> Result<CommandNumber, SendError> {
        let index = self.find_or_open(instrument, &mut ())?;
        let is_connected = self.is_connected();
        let turn = &mut turn!(self, &mut ());
        let scope = &mut self.scopes[index];
        if scope.is_full() {
            return Err(SendError::TooManyOutstanding { maximum: self.limits.maximum_outstanding });
        }
        let goes_out = is_connected && scope.streams();
        let number = scope.push(|buffer| command.encode(instrument, buffer), is_connected, turn);
        if goes_out && scope.flush(ingress) == Flushed::Blocked(Offered::BackPressured) {
            scope.undo_push(turn);
            return Err(SendError::BackPressured);
        }
        self.after_input(index);
        Ok(CommandNumber(number))
    }
}
