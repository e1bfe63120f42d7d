//! The engine's commands to the SDK's, and the SDK's reports to the engine's: the same words, in types of their own.

use lugus_client as sdk;
use lugus_engine::{command, event, units};

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

pub(super) fn definition(definition: &command::Definition) -> sdk::InstrumentDefinition {
    let decimal = |of: command::Decimal| sdk::Decimal { mantissa: of.mantissa, exponent: of.exponent };
    sdk::InstrumentDefinition {
        instrument: sdk::InstrumentId(definition.instrument.0),
        base: definition.base,
        quote: definition.quote,
        trade_type: words!(definition.trade_type, command::TradeType => sdk::TradeType: Spot Futures),
        minimum_price: price(definition.minimum_price),
        maximum_price: price(definition.maximum_price),
        reference_price: price(definition.reference_price),
        price_band: sdk::Quantity(definition.price_band.0),
        maximum_quantity: sdk::Quantity(definition.maximum_quantity.0),
        tick_size: decimal(definition.tick_size),
        lot_size: decimal(definition.lot_size),
        state: words!(definition.state, command::InstrumentState => sdk::InstrumentState: Closed Open Halted Auction),
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
        LimitOrders LimitInstruments LimitParticipants LimitCascade MassCancel InstrumentClosed Moved;
        // Of a later version of the protocol.
        Unknown => Unsupported
    )
}

fn price(price: units::Price) -> sdk::Price {
    sdk::Price(price.0)
}

fn quantity(quantity: sdk::Quantity) -> units::Quantity {
    units::Quantity(quantity.0)
}
