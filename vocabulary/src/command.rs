//! Commands: what participants and the operator send to the engine, in the order of the log.

use crate::auction::AuctionRules;
use crate::firm::FirmRules;
use crate::instrument::{InstrumentDefinition, InstrumentState};
use crate::order::{NewOrder, Replace, Side};
use crate::protection::PriceProtection;
use crate::quote::{MarketMakerProtection, MassQuote, QuoteCancel, QuoteSetId};
use crate::risk::{KillSwitch, RiskLimits, WorkingOrders};
use crate::trade::TradeAmendment;
use crate::units::{ClientOrderId, ClientSequence, InstrumentId, ParticipantId, Price, TradeId};
use crate::word::word;

/// One command in the log. Its numbers and the kind of its action lie at the front, so that of an order only two cache lines are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[repr(C)]
pub struct Command {
    /// The sender.
    pub participant: ParticipantId,
    /// With `participant` the scope that numbers the command: the instrument concerned, or [`InstrumentId::NONE`] for
    /// [`Action::DefineInstrument`], [`Action::SetRiskLimits`], [`Action::SetKillSwitch`], [`Action::SetFirm`], [`Action::SetFirmRules`],
    /// [`Action::SetFirmLimits`], [`Action::MassQuote`], [`Action::QuoteCancel`], [`Action::SetMarketMakerProtection`],
    /// [`Action::ResetMarketMakerProtection`], and [`Action::MassCancelAll`] of all instruments.
    #[cfg_attr(feature = "serde", serde(default))]
    pub instrument: InstrumentId,
    /// Number of the command in its scope.
    pub client_sequence: ClientSequence,
    /// The action that the command asks for.
    pub action: Action,
}

/// What a command asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[repr(u8)]
pub enum Action {
    /// Enters an order (FIX message D).
    New(NewOrder),
    /// Cancels an order (FIX message F).
    Cancel {
        /// The order to cancel.
        orig_client_order_id: ClientOrderId,
    },
    /// Changes an order (FIX message G).
    Replace(Replace),
    /// Cancels all orders of a participant in the instrument (FIX message q).
    MassCancel {
        /// Whose orders; only the operator may name another participant than itself.
        target: ParticipantId,
        /// The side to cancel; `None` cancels both.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        side: Option<Side>,
    },
    /// Cancels all orders of one or many participants, in the command's instrument, or with [`InstrumentId::NONE`] in all
    /// instruments of the cluster that take commands (FIX message q with 530 = 7).
    MassCancelAll {
        /// Whose orders.
        target: MassCancelTarget,
        /// The side to cancel; `None` cancels both. [`MassCancelTarget::Everybody`] in all instruments has no side.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        side: Option<Side>,
    },
    /// Operator: defines an instrument, which begins to trade.
    DefineInstrument(InstrumentDefinition),
    /// Operator: changes the state of an instrument.
    SetInstrumentState {
        /// The new state.
        state: InstrumentState,
        /// A new reference price in ticks; `None` keeps the present one.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        reference_price: Option<Price>,
    },
    /// Operator: sets some of a participant's limits, and leaves the others as they are.
    SetRiskLimits {
        /// Whose limits.
        target: ParticipantId,
        /// The limits to set: `None` leaves a limit as it is, and 0 removes it.
        limits: RiskLimits,
    },
    /// Operator, a participant for itself, or a firm's own participant for one of the firm: stops a participant's trading, or
    /// allows it again.
    SetKillSwitch {
        /// Whose orders.
        target: ParticipantId,
        /// The new position of the switch, at the sender's level.
        kill_switch: KillSwitch,
        /// What happens to live orders when the switch is engaged.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
        working_orders: WorkingOrders,
    },
    /// Operator: puts a participant into a firm, or takes it out of its firm. A firm is named by the number of its own
    /// participant, which belongs to it, and whose sessions act for it. A firm begins with the first participant that is put
    /// into it, and ends when its own participant, as the last one, is taken out.
    SetFirm {
        /// The participant.
        target: ParticipantId,
        /// The firm's own participant; `None` for no firm.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
        firm: Option<ParticipantId>,
    },
    /// Operator, or the firm's own participant: sets what holds for all participants of the firm.
    SetFirmRules {
        /// The firm's own participant.
        firm: ParticipantId,
        /// What is set.
        rules: FirmRules,
    },
    /// Operator: sets some of a firm's limits, and leaves the others as they are.
    SetFirmLimits {
        /// The firm's own participant.
        firm: ParticipantId,
        /// The limits to set: `None` leaves a limit as it is, and 0 removes it.
        limits: RiskLimits,
    },
    /// Operator: cancels or corrects a trade of the instrument.
    AmendTrade {
        /// Number of the trade.
        trade_id: TradeId,
        /// What becomes of the trade.
        amendment: TradeAmendment,
    },
    /// Operator: sets what protects the prices of the instrument, all of it.
    SetPriceProtection(PriceProtection),
    /// Operator: sets the rules of the instrument's auctions, all of them.
    SetAuctionRules(AuctionRules),
    /// Enters, changes and withdraws quotes (FIX message i).
    MassQuote(MassQuote),
    /// Cancels quotes of the sender (FIX message Z).
    QuoteCancel(QuoteCancel),
    /// Sets what pulls the quotes of a set of the sender, all of it. It counts from nothing, and quotes are taken again.
    SetMarketMakerProtection {
        /// The quote set.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
        quote_set: QuoteSetId,
        /// The limits; [`MarketMakerProtection::NONE`] removes them.
        protection: MarketMakerProtection,
    },
    /// Lets quotes of a set of the sender be taken again after they were pulled. What has traded no longer counts.
    ResetMarketMakerProtection {
        /// The quote set.
        #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
        quote_set: QuoteSetId,
    },
}

/// Whose orders a mass cancel cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum MassCancelTarget {
    /// Those of a participant: the sender itself, one of its firm if the sender is the firm's own participant, or any if the
    /// sender is the operator.
    Participant(ParticipantId),
    /// Operator, or the firm's own participant: those of all participants of a firm.
    Firm(ParticipantId),
    /// Operator: those of all participants.
    Everybody,
}

/// In words, as in `participant 7`.
impl std::fmt::Display for MassCancelTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Participant(participant) => write!(f, "participant {}", participant.0),
            Self::Firm(firm) => write!(f, "firm {}", firm.0),
            Self::Everybody => f.write_str("everybody"),
        }
    }
}

impl Action {
    /// The kind of this command.
    #[inline]
    pub const fn kind(&self) -> CommandKind {
        match self {
            Self::New(_) => CommandKind::New,
            Self::Cancel { .. } => CommandKind::Cancel,
            Self::Replace(_) => CommandKind::Replace,
            Self::MassCancel { .. } => CommandKind::MassCancel,
            Self::MassCancelAll { .. } => CommandKind::MassCancelAll,
            Self::DefineInstrument(_) => CommandKind::DefineInstrument,
            Self::SetInstrumentState { .. } => CommandKind::SetInstrumentState,
            Self::SetRiskLimits { .. } => CommandKind::SetRiskLimits,
            Self::SetKillSwitch { .. } => CommandKind::SetKillSwitch,
            Self::SetFirm { .. } => CommandKind::SetFirm,
            Self::SetFirmRules { .. } => CommandKind::SetFirmRules,
            Self::SetFirmLimits { .. } => CommandKind::SetFirmLimits,
            Self::AmendTrade { .. } => CommandKind::AmendTrade,
            Self::SetPriceProtection(_) => CommandKind::SetPriceProtection,
            Self::SetAuctionRules(_) => CommandKind::SetAuctionRules,
            Self::MassQuote(_) => CommandKind::MassQuote,
            Self::QuoteCancel(_) => CommandKind::QuoteCancel,
            Self::SetMarketMakerProtection { .. } => CommandKind::SetMarketMakerProtection,
            Self::ResetMarketMakerProtection { .. } => CommandKind::ResetMarketMakerProtection,
        }
    }
}

word! {
    /// Kinds of commands. The numbers are the template ids of `schemas/order-entry.xml`.
    CommandKind: u8 {
        /// [`Action::New`].
        New = 1,
        /// [`Action::Cancel`].
        Cancel = 2,
        /// [`Action::Replace`].
        Replace = 3,
        /// [`Action::MassCancel`].
        MassCancel = 4,
        /// [`Action::DefineInstrument`].
        DefineInstrument = 5,
        /// [`Action::SetInstrumentState`].
        SetInstrumentState = 6,
        /// [`Action::SetRiskLimits`].
        SetRiskLimits = 7,
        /// [`Action::SetKillSwitch`].
        SetKillSwitch = 8,
        /// [`Action::AmendTrade`].
        AmendTrade = 27,
        /// [`Action::MassCancelAll`].
        MassCancelAll = 60,
        /// [`Action::SetFirm`].
        SetFirm = 62,
        /// [`Action::SetFirmRules`].
        SetFirmRules = 64,
        /// [`Action::SetFirmLimits`].
        SetFirmLimits = 65,
        /// [`Action::SetPriceProtection`].
        SetPriceProtection = 72,
        /// [`Action::SetAuctionRules`].
        SetAuctionRules = 73,
        /// [`Action::MassQuote`].
        MassQuote = 77,
        /// [`Action::QuoteCancel`].
        QuoteCancel = 79,
        /// [`Action::SetMarketMakerProtection`].
        SetMarketMakerProtection = 81,
        /// [`Action::ResetMarketMakerProtection`].
        ResetMarketMakerProtection = 82,
    }
}
