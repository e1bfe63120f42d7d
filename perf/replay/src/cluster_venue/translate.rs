//! The engine's commands to the SDK's, and the SDK's reports to the engine's: the same words, in types of their own.

use lugus_client as sdk;
use lugus_vocabulary::{self as command, self as event, self as units};

/// Translates an enumeration word by word.
macro_rules! words {
    ($value:expr, $from:ty => $to:ty: $($word:ident)+ $(; $other:ident => $instead:ident)?) => {
        match $value {
            $(<$from>::$word => <$to>::$word,)+
            $(<$from>::$other => <$to>::$instead,)?
        }
    };
}

pub(super) fn participant(id: sdk::ParticipantId) -> units::ParticipantId {
    units::ParticipantId(id.0)
}

pub(super) fn instrument(id: sdk::InstrumentId) -> units::InstrumentId {
    units::InstrumentId(id.0)
}

pub(super) fn side(side: command::Side) -> sdk::Side {
    words!(side, command::Side => sdk::Side: Buy Sell)
}

pub(super) fn new_order(order: &command::NewOrder) -> sdk::NewOrder {
    sdk::NewOrder {
        client_order_id: sdk::ClientOrderId(order.client_order_id.0),
        side: side(order.side),
        order_type: words!(order.order_type, command::OrderType => sdk::OrderType: Market Limit Stop StopLimit),
        time_in_force: words!(order.time_in_force, command::TimeInForce => sdk::TimeInForce: Day Gtc Ioc Fok Gtd),
        price: order.price.map(price),
        stop_price: order.stop_price.map(price),
        quantity: sdk::Quantity(order.quantity.0),
        display_quantity: sdk::Quantity(order.display_quantity.0),
        expire_time: order.expire_time.map(|time| sdk::EpochNanos(time.0)),
        post_only: words!(order.post_only, command::PostOnly => sdk::PostOnly: No Yes),
        self_trade_prevention: words!(
            order.self_trade_prevention,
            command::SelfTradePrevention => sdk::SelfTradePrevention:
            None CancelNewest CancelOldest CancelBoth Decrement
        ),
    }
}

pub(super) fn replace(replace: &command::Replace) -> sdk::Replace {
    sdk::Replace {
        orig_client_order_id: sdk::ClientOrderId(replace.orig_client_order_id.0),
        client_order_id: sdk::ClientOrderId(replace.client_order_id.0),
        price: replace.price.map(price),
        stop_price: replace.stop_price.map(price),
        quantity: sdk::Quantity(replace.quantity.0),
        display_quantity: sdk::Quantity(replace.display_quantity.0),
    }
}

pub(super) fn definition(definition: &command::InstrumentDefinition) -> sdk::InstrumentDefinition {
    let decimal = |of: command::Decimal| sdk::Decimal { mantissa: of.mantissa, exponent: of.exponent };
    sdk::InstrumentDefinition {
        instrument: sdk::InstrumentId(definition.instrument.0),
        base: definition.base.0,
        quote: definition.quote.0,
        instrument_type: words!(definition.instrument_type, command::InstrumentType => sdk::InstrumentType: Spot Futures),
        minimum_price: price(definition.minimum_price),
        maximum_price: price(definition.maximum_price),
        reference_price: price(definition.reference_price),
        price_band: sdk::Quantity(definition.price_band.0),
        maximum_quantity: sdk::Quantity(definition.maximum_quantity.0),
        tick_size: decimal(definition.tick_size),
        lot_size: decimal(definition.lot_size),
        state: state(definition.state),
    }
}

#[inline]
pub(super) fn report(report: &sdk::Report) -> event::Report {
    event::Report {
        participant: participant(report.participant),
        instrument: instrument(report.instrument),
        event_sequence: units::EventSequence(report.event_sequence.0),
        client_sequence: units::ClientSequence(report.client_sequence.0),
        time: units::EpochNanos(report.time.0),
        body: body(&report.body),
    }
}

#[inline]
fn body(body: &sdk::ReportBody) -> event::ReportBody {
    match *body {
        sdk::ReportBody::Execution(ref execution) => event::ReportBody::Execution(execution_of(execution)),
        sdk::ReportBody::CancelReject { orig_client_order_id, client_order_id, reason } => {
            event::ReportBody::CancelReject {
                orig_client_order_id: units::ClientOrderId(orig_client_order_id.0),
                client_order_id: units::ClientOrderId(client_order_id.0),
                reason: reason_of(reason),
            }
        }
        sdk::ReportBody::MassCancel { target, affected } => {
            event::ReportBody::MassCancel { target: participant(target), affected }
        }
        sdk::ReportBody::Instrument { instrument: of, state, reference_price } => event::ReportBody::Instrument {
            instrument: instrument(of),
            state: words!(state, sdk::InstrumentState => command::InstrumentState: Closed Open Halted Auction),
            reference_price: units::Price(reference_price.0),
        },
        sdk::ReportBody::Risk { target, limits, kill_switch } => event::ReportBody::Risk {
            target: participant(target),
            limits: command::RiskLimits {
                maximum_quantity: limits.maximum_quantity.map(quantity),
                maximum_notional: limits.maximum_notional,
                maximum_open_orders: limits.maximum_open_orders,
                maximum_commands_per_second: limits.maximum_commands_per_second,
            },
            kill_switch: words!(kill_switch, sdk::KillSwitch => command::KillSwitch: Released Engaged),
        },
        sdk::ReportBody::Reject { command, reason } => event::ReportBody::Reject {
            command: words!(
                command,
                sdk::CommandKind => event::CommandKind:
                New Cancel Replace MassCancel DefineInstrument SetInstrumentState SetRiskLimits SetKillSwitch
            ),
            reason: reason_of(reason),
        },
    }
}

#[inline]
fn execution_of(execution: &sdk::Execution) -> event::Execution {
    event::Execution {
        exec_type: words!(
            execution.exec_type,
            sdk::ExecType => event::ExecType: New Canceled Replaced Rejected Expired Restated Trade Triggered
        ),
        order_status: words!(
            execution.order_status,
            sdk::OrderStatus => event::OrderStatus: New PartiallyFilled Filled Canceled Rejected Expired
        ),
        order_id: units::OrderId(execution.order_id.0),
        client_order_id: units::ClientOrderId(execution.client_order_id.0),
        orig_client_order_id: units::ClientOrderId(execution.orig_client_order_id.0),
        trade_id: units::TradeId(execution.trade_id.0),
        side: words!(execution.side, sdk::Side => command::Side: Buy Sell),
        order_type: words!(execution.order_type, sdk::OrderType => command::OrderType: Market Limit Stop StopLimit),
        time_in_force: words!(
            execution.time_in_force,
            sdk::TimeInForce => command::TimeInForce: Day Gtc Ioc Fok Gtd
        ),
        price: execution.price.map(|price| units::Price(price.0)),
        quantity: quantity(execution.quantity),
        last_price: execution.last_price.map(|price| units::Price(price.0)),
        last_quantity: quantity(execution.last_quantity),
        leaves_quantity: quantity(execution.leaves_quantity),
        cum_quantity: quantity(execution.cum_quantity),
        liquidity: words!(execution.liquidity, sdk::Liquidity => event::Liquidity: None Added Removed Auction),
        reason: reason_of(execution.reason),
    }
}

fn reason_of(reason: sdk::RejectReason) -> event::RejectReason {
    words!(
        reason,
        sdk::RejectReason => event::RejectReason:
        None Unsupported UnknownInstrument InstrumentState UnknownOrder DuplicateClientOrderId InvalidClientOrderId
        InvalidQuantity InvalidDisplayQuantity InvalidPrice PriceOutsideBand InvalidStopPrice InvalidTimeInForce
        InvalidExpireTime PostOnlyWouldTrade NoLiquidity FillOrKill SelfTrade QuantityBelowFilled RiskQuantity
        RiskNotional RiskOpenOrders RiskRate RiskKillSwitch NotAuthorised DuplicateInstrument InvalidDefinition
        LimitOrders LimitInstruments LimitParticipants LimitCascade MassCancel InstrumentClosed;
        // Of a later version of the protocol.
        Unknown => Unsupported
    )
}

pub(super) fn state(state: command::InstrumentState) -> sdk::InstrumentState {
    words!(state, command::InstrumentState => sdk::InstrumentState: Closed Open Halted Auction)
}

pub(super) fn price(price: units::Price) -> sdk::Price {
    sdk::Price(price.0)
}

fn quantity(quantity: sdk::Quantity) -> units::Quantity {
    units::Quantity(quantity.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two vocabularies have the same names, so what is translated reads the same: a field that went to the wrong
    /// place does not.
    fn assert_reads_the_same(ours: impl std::fmt::Debug, theirs: impl std::fmt::Debug) {
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }

    #[test]
    fn commands_keep_every_field() {
        let order = command::NewOrder {
            client_order_id: units::ClientOrderId(1),
            side: command::Side::Sell,
            order_type: command::OrderType::StopLimit,
            time_in_force: command::TimeInForce::Gtd,
            price: Some(units::Price(-2)),
            stop_price: Some(units::Price(3)),
            quantity: units::Quantity(4),
            display_quantity: units::Quantity(5),
            expire_time: Some(units::EpochNanos(6)),
            post_only: command::PostOnly::Yes,
            self_trade_prevention: command::SelfTradePrevention::Decrement,
        };
        assert_reads_the_same(order, new_order(&order));
        let change = command::Replace {
            orig_client_order_id: units::ClientOrderId(1),
            client_order_id: units::ClientOrderId(2),
            price: Some(units::Price(3)),
            stop_price: Some(units::Price(4)),
            quantity: units::Quantity(5),
            display_quantity: units::Quantity(6),
        };
        assert_reads_the_same(change, replace(&change));
        let specification = command::InstrumentDefinition {
            instrument: units::InstrumentId(1),
            base: lugus_vocabulary::Symbol(*b"BASE\0\0\0\0"),
            quote: lugus_vocabulary::Symbol(*b"QUOTE\0\0\0"),
            instrument_type: command::InstrumentType::Futures,
            minimum_price: units::Price(2),
            maximum_price: units::Price(3),
            reference_price: units::Price(4),
            price_band: units::Quantity(5),
            maximum_quantity: units::Quantity(6),
            tick_size: command::Decimal { mantissa: 7, exponent: -8 },
            lot_size: command::Decimal { mantissa: 9, exponent: -10 },
            state: command::InstrumentState::Auction,
        };
        assert_eq!(format!("Instrument{specification:?}"), format!("{:?}", definition(&specification)));
    }

    #[test]
    fn reports_keep_every_field() {
        let told = |body| sdk::Report {
            participant: sdk::ParticipantId(1),
            instrument: sdk::InstrumentId(2),
            event_sequence: sdk::EventSequence(3),
            client_sequence: sdk::ClientSequence(4),
            time: sdk::EpochNanos(5),
            body,
        };
        let execution = sdk::Execution {
            exec_type: sdk::ExecType::Trade,
            order_status: sdk::OrderStatus::PartiallyFilled,
            order_id: sdk::OrderId(6),
            client_order_id: sdk::ClientOrderId(7),
            orig_client_order_id: sdk::ClientOrderId(8),
            trade_id: sdk::TradeId(9),
            side: sdk::Side::Buy,
            order_type: sdk::OrderType::Market,
            time_in_force: sdk::TimeInForce::Ioc,
            price: Some(sdk::Price(10)),
            quantity: sdk::Quantity(11),
            last_price: Some(sdk::Price(12)),
            last_quantity: sdk::Quantity(13),
            leaves_quantity: sdk::Quantity(14),
            cum_quantity: sdk::Quantity(15),
            liquidity: sdk::Liquidity::Removed,
            reason: sdk::RejectReason::NoLiquidity,
        };
        let limits = sdk::RiskLimits {
            maximum_quantity: Some(sdk::Quantity(1)),
            maximum_notional: Some(2),
            maximum_open_orders: Some(3),
            maximum_commands_per_second: Some(4),
        };
        let (orig_client_order_id, client_order_id) = (sdk::ClientOrderId(6), sdk::ClientOrderId(7));
        let (target, instrument, reference_price) = (sdk::ParticipantId(8), sdk::InstrumentId(9), sdk::Price(10));
        for body in [
            sdk::ReportBody::Execution(execution),
            sdk::ReportBody::CancelReject {
                orig_client_order_id,
                client_order_id,
                reason: sdk::RejectReason::InstrumentClosed,
            },
            sdk::ReportBody::MassCancel { target, affected: 11 },
            sdk::ReportBody::Instrument { instrument, state: sdk::InstrumentState::Halted, reference_price },
            sdk::ReportBody::Risk { target, limits, kill_switch: sdk::KillSwitch::Engaged },
            sdk::ReportBody::Reject { command: sdk::CommandKind::SetKillSwitch, reason: sdk::RejectReason::RiskRate },
        ] {
            assert_reads_the_same(told(body), report(&told(body)));
        }
    }
}
