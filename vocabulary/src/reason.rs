//! Why commands and messages are refused.

use crate::word::word;

word! {
    /// Why a command was rejected, or why an order ended although its owner did not ask for it.
    #[derive(Default)]
    RejectReason: u8 {
        /// There is no reason to give.
        #[default]
        None = 0,
        /// The protocol has this command, but the engine does not implement it.
        Unsupported = 1,
        /// No such instrument is defined.
        UnknownInstrument = 2,
        /// The instrument's present state does not allow the command.
        InstrumentState = 3,
        /// The participant has no live order with this number, and none that ended lately.
        UnknownOrder = 4,
        /// Another live order of the participant in the instrument has this number.
        DuplicateClientOrderId = 5,
        /// The number of the order is 0.
        InvalidClientOrderId = 6,
        /// The quantity is 0, or above the instrument's maximum.
        InvalidQuantity = 7,
        /// The display quantity is above the quantity, less than a hundredth of it, or given for an order that never
        /// rests.
        InvalidDisplayQuantity = 8,
        /// The limit price is missing, superfluous, or outside the instrument's limits.
        InvalidPrice = 9,
        /// The limit price is outside the price band. A stop price is not bound by the band.
        PriceOutsideBand = 10,
        /// The stop price is missing, superfluous (also once the order has triggered), or outside the instrument's limits.
        InvalidStopPrice = 11,
        /// The order's type does not allow this time in force: a market order must be immediate.
        InvalidTimeInForce = 12,
        /// The expire time is missing, superfluous, or past.
        InvalidExpireTime = 13,
        /// The post-only order would have traded at once.
        PostOnlyWouldTrade = 14,
        /// The remainder of an order that never rests found nothing to trade with.
        NoLiquidity = 15,
        /// The fill-or-kill order could not trade in full at once.
        FillOrKill = 16,
        /// The order was canceled or reduced so that its participant does not trade with itself.
        SelfTrade = 17,
        /// The replacement asks for less than what is filled.
        QuantityBelowFilled = 18,
        /// The open quantity is above the participant's limit.
        RiskQuantity = 19,
        /// The notional is above the participant's limit: the open lots, valued at the worst price at which the order can trade.
        RiskNotional = 20,
        /// The participant has as many live orders as its limit allows.
        RiskOpenOrders = 21,
        /// The participant has sent as many commands of this kind within the last second as its limit allows.
        RiskRate = 22,
        /// The participant's kill switch is engaged. With it, live orders are canceled for this reason, too.
        RiskKillSwitch = 23,
        /// The participant may not send the command.
        NotAuthorised = 24,
        /// An instrument with this number is defined.
        DuplicateInstrument = 25,
        /// The definition contradicts itself.
        InvalidDefinition = 26,
        /// The partition holds its maximum number of orders.
        LimitOrders = 27,
        /// The partition holds its maximum number of instruments.
        LimitInstruments = 28,
        /// The partition knows its maximum number of participants.
        LimitParticipants = 29,
        /// No longer given: a stop order that a command has no room for stays elected.
        LimitCascade = 30,
        /// The order was canceled by a mass cancel of its owner or of the operator.
        MassCancel = 31,
        /// The instrument was closed.
        InstrumentClosed = 32,
        /// The order must not be post-only, because it has no limit or never rests.
        InvalidPostOnly = 33,
        /// There is no room at this price: the lots of the level would be more than 2^64 - 1.
        LimitLevel = 34,
        /// The command belongs to an instrument and names none, or belongs to the participant scope and names an instrument.
        WrongScope = 35,
        /// The order has ended already (FIX 102, CxlRejReason, 0). The report has its status.
        TooLateToCancel = 36,
        /// The order's participant was disconnected for longer than its grace time, and had asked for cancel on disconnect.
        CancelOnDisconnect = 37,
        /// The instrument has had no trade with this number.
        UnknownTrade = 40,
        /// The trade is older than those that the engine keeps: the newest ones since the instrument was last closed.
        TradeNotRetained = 41,
        /// The trade is canceled already.
        TradeCanceled = 42,
        /// The correction changes neither price nor quantity of the trade.
        NothingToCorrect = 43,
        /// There is no such firm, or the participant cannot belong to it: the operator belongs to none, and a firm's own
        /// participant to no other.
        InvalidFirm = 44,
        /// The cluster has its maximum number of firms.
        LimitFirms = 45,
        /// The firm has its maximum number of participants.
        LimitFirmParticipants = 46,
        /// The open quantity is above the limit of the participant's firm.
        FirmQuantity = 47,
        /// The notional is above the limit of the participant's firm, valued as for [`Self::RiskNotional`].
        FirmNotional = 48,
        /// The participants of the firm have together as many live orders as the firm's limit allows.
        FirmOpenOrders = 49,
        /// The participants of the firm have together sent as many commands of this kind within the last second as the firm's limit
        /// allows.
        FirmRate = 50,
        /// The limit price is outside the dynamic price band, or what is left of the order could only trade beyond it.
        PriceOutsideDynamicBand = 54,
        /// The price of the auction would be outside its collar.
        PriceOutsideCollar = 55,
        /// What is left of an order without a limit could only trade beyond its protection points.
        ProtectionPoints = 56,
        /// Shortly before the end of an auction participants neither cancel nor replace orders.
        NoCancelPhase = 57,
        /// The bid of the quote is not below its offer (FIX 300, QuoteRejectReason, 7).
        InvalidSpread = 64,
        /// The mass quote names the instrument in an earlier entry already (FIX 300, 6).
        DuplicateQuote = 65,
        /// Market-maker protection has pulled the quotes of the set, and neither was it reset since then nor is the frozen time over.
        MarketMakerProtection = 66,
        /// The quotes of the set are canceled, and some are still to be ended. Try again.
        QuotesBeingCanceled = 67,
        /// The market-maker protection contradicts itself, or a number of it is too large.
        InvalidProtection = 68,
        /// A reason of a later protocol version, which this program does not know. The engine never gives it.
        Unknown = 255,
    }
}

word! {
    /// Why a message was not accepted as a command.
    MessageRejectReason: u8 {
        /// The message is shorter than its header says.
        Truncated = 1,
        /// The message is of another protocol.
        WrongSchema = 2,
        /// The protocol has no such message, or it is not sent in this direction.
        UnknownTemplate = 3,
        /// The message's block is shorter than the oldest supported version's.
        WrongVersion = 4,
        /// A field has a value that its enumeration does not have.
        InvalidValue = 5,
        /// The message is longer than any command.
        Oversized = 6,
        /// The session has no participant, or a newer session of the participant took over.
        NoParticipant = 7,
        /// The participant may not send this message.
        NotAuthorised = 8,
        /// The maximum number of sessions already receives drop copies.
        LimitDropCopies = 9,
        /// The session has sent more messages than its participant may. The messages that follow at once are not answered.
        LimitMessageRate = 10,
        /// The session was not to replace another one of its participant, and there is one. It is closed.
        ParticipantConnected = 11,
        /// A reason of a later protocol version, which this program does not know. A member never gives it.
        Unknown = 255,
    }
}
