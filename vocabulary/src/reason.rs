//! Why commands and messages are refused.

use crate::word::word;

word! {
    /// Why a command was not done, or an order ended without its owner's wish.
    #[derive(Default)]
    RejectReason: u8 {
        /// There is nothing to explain.
        #[default]
        None = 0,
        /// The protocol has the command, the engine does not do it.
        Unsupported = 1,
        /// No such instrument is defined.
        UnknownInstrument = 2,
        /// The instrument's present state does not allow the command.
        InstrumentState = 3,
        /// The participant has no live order with this number.
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
        /// The time in force does not go with the order's type.
        InvalidTimeInForce = 12,
        /// The expire time is missing, superfluous, or past.
        InvalidExpireTime = 13,
        /// The post-only order would have traded at once.
        PostOnlyWouldTrade = 14,
        /// The rest of an immediate order found nothing to trade with.
        NoLiquidity = 15,
        /// The fill-or-kill order could not trade whole at once.
        FillOrKill = 16,
        /// The order was canceled or reduced so that its participant does not trade with itself.
        SelfTrade = 17,
        /// The replacement asks for no more than what is filled.
        QuantityBelowFilled = 18,
        /// The quantity is above the participant's limit.
        RiskQuantity = 19,
        /// The notional is above the participant's limit.
        RiskNotional = 20,
        /// The participant has as many live orders as its limit allows.
        RiskOpenOrders = 21,
        /// The participant has sent as many commands in this second as its limit allows.
        RiskRate = 22,
        /// The participant's kill switch is engaged.
        RiskKillSwitch = 23,
        /// The command is the operator's.
        NotAuthorised = 24,
        /// An instrument with this number is defined.
        DuplicateInstrument = 25,
        /// The definition is not sound.
        InvalidDefinition = 26,
        /// The partition holds as many orders as it can.
        LimitOrders = 27,
        /// The partition holds as many instruments as it can.
        LimitInstruments = 28,
        /// The partition knows as many participants as it can.
        LimitParticipants = 29,
        /// A command triggers at most 1,024 stop orders; others that its trades have reached are canceled.
        LimitCascade = 30,
        /// The order was canceled with others, at the wish of its owner or the operator.
        MassCancel = 31,
        /// The instrument was closed.
        InstrumentClosed = 32,
        /// A reason of a later protocol version, which this program does not know. The engine never gives it.
        Unknown = 255,
    }
}

word! {
    /// Why a message is no command at all.
    MessageRejectReason: u8 {
        /// The message is shorter than its header says.
        Truncated = 1,
        /// The message is of another protocol.
        WrongSchema = 2,
        /// The protocol has no such message, or none that is sent in this direction.
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
        /// As many sessions as possible get drop copies already.
        LimitDropCopies = 9,
        /// A reason of a later protocol version, which this program does not know. A member never gives it.
        Unknown = 255,
    }
}
