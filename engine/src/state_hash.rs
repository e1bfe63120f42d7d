//! The state hash: a rolling hash of all that was ever told, equal on all members that applied the same log.
//!
//! It is not a cryptographic hash: it finds differences that happen, not differences that somebody makes. A report is
//! taken apart into words, field by field, so that neither padding nor the order of fields in memory counts. Two words at
//! a time, one of them with its halves swapped, are multiplied by an odd number of their place (Carter and Wegman,
//! "Universal classes of hash functions", 1979): a difference in one word always shows, and differences in several words
//! hardly ever cancel out. The sum goes into the rolling hash by steps that can be undone, so two hashes that differ stay
//! different while the same reports are told.
//!
//! An execution is laid out here, in [`fold_execution`], apart from its bytes on the wire and from the row of a kept
//! report (`report_row`), because the hash is a part of what members agree on: it must not depend on a layout that
//! may change, and it skips the words that most executions do not have.

use lugus_vocabulary::{
    EpochNanos, EventSequence, Execution, FirmLimits, FirmReport, InstrumentDefinition, KillSwitch, MassCancelTarget,
    NewOrder, ParticipantId, Report, ReportBody, RiskLimits, StateHash, TradeAddendum,
};

use crate::execution_kinds::ExecutionKinds;
use crate::quote_words;
use crate::report_heading::ReportHeading;

/// Number of words of a report, and of a record of a snapshot.
pub(crate) const WORDS: usize = 16;

/// The hash after `words`, where it was `before`.
#[inline]
pub(crate) fn fold(before: u64, words: &[u64; WORDS]) -> u64 {
    let mut sum = 0_u64;
    for (place, words) in words.chunks_exact(2).enumerate() {
        sum = sum.wrapping_add(pair(place, words[0], words[1]));
    }
    roll(before, sum)
}

/// What the two words of the pair at `place` add to the sum.
#[inline(always)]
fn pair(place: usize, one: u64, two: u64) -> u64 {
    (one ^ two.rotate_left(32)).wrapping_mul(KEYS[place])
}

#[inline(always)]
fn roll(before: u64, sum: u64) -> u64 {
    (before.rotate_left(29) ^ sum).wrapping_mul(ROLL)
}

/// The hash after a report, where it was `before`. All fields of the report count.
pub(crate) fn fold_report(before: u64, report: &Report) -> u64 {
    let heading = ReportHeading::of(report);
    match &report.body {
        ReportBody::Execution(execution) => fold_execution(before, &heading, execution, ExecutionKinds::of(execution)),
        body => fold(before, &report_words(&heading, body)),
    }
}

/// The same for an execution. Words of a trade, and of an order that is filled or replaced, are skipped where all of them
/// are zero; the word of the kinds says so.
#[inline(always)]
pub(crate) fn fold_execution(
    before: u64,
    heading: &ReportHeading,
    execution: &Execution,
    kinds: ExecutionKinds,
) -> u64 {
    let Execution { trade_id, last_price, last_quantity, orig_client_order_id, cum_quantity, .. } = *execution;
    let traded = trade_id.0 != 0 || last_price.is_some() || last_quantity.0 != 0;
    let filled = cum_quantity.0 != 0 || orig_client_order_id.0 != 0;
    let kinds = KIND_EXECUTION | kinds.word() | u64::from(traded) << 58 | u64::from(filled) << 59;
    let scope = u64::from(heading.participant.0) << 32 | u64::from(heading.instrument.0);
    let price = execution.price.unwrap_or_default().0.cast_unsigned();
    let (client_sequence, time) = (heading.client_sequence.0, heading.time.0.cast_unsigned());
    let Execution { order_id, client_order_id, client_tag, quantity, leaves_quantity, .. } = *execution;
    let mut sum = pair(0, heading.event_sequence.0, client_sequence)
        .wrapping_add(pair(1, time, leaves_quantity.0))
        .wrapping_add(pair(2, kinds, order_id.0))
        .wrapping_add(pair(3, client_order_id.0, price))
        .wrapping_add(pair(4, quantity.0, client_tag.0))
        .wrapping_add(pair(8, scope, 0));
    if filled {
        sum = sum.wrapping_add(pair(5, cum_quantity.0, orig_client_order_id.0));
    }
    if traded {
        let last_price = last_price.unwrap_or_default().0.cast_unsigned();
        sum = sum.wrapping_add(pair(6, trade_id.0, last_price)).wrapping_add(pair(7, last_quantity.0, 0));
    }
    roll(before, sum)
}

/// Spreads a number over all bits. Two numbers may give the same.
#[inline]
pub(crate) fn scatter(number: u64) -> u64 {
    multiply(number ^ KEYS[2], KEYS[3])
}

/// An instrument's term of the state hash. Terms are summed up, so that a change of one instrument costs the same however
/// many instruments there are.
#[inline]
pub(crate) fn term(instrument: u32, hash: StateHash) -> u64 {
    scatter(hash.0 ^ scatter(u64::from(instrument)))
}

/// The state hash of an engine: from the sum of all terms, and from the hash of the scopes of participants as such.
pub(crate) fn combine(sum: u64, participants_hash: StateHash) -> StateHash {
    StateHash(scatter(sum.wrapping_add(scatter(participants_hash.0))))
}

/// All fields of a definition. Words 0 to 3 are left to the caller.
pub(crate) fn definition_words(definition: &InstrumentDefinition) -> [u64; WORDS] {
    [
        0,
        0,
        0,
        0,
        u64::from(definition.instrument.0),
        u64::from_le_bytes(definition.base.0),
        u64::from_le_bytes(definition.quote.0),
        definition.minimum_price.0.cast_unsigned(),
        definition.maximum_price.0.cast_unsigned(),
        definition.reference_price.0.cast_unsigned(),
        definition.price_band.0,
        definition.maximum_quantity.0,
        definition.tick_size.mantissa.cast_unsigned(),
        definition.lot_size.mantissa.cast_unsigned(),
        u64::from(definition.tick_size.exponent.cast_unsigned()) << 8
            | u64::from(definition.lot_size.exponent.cast_unsigned()),
        (definition.instrument_type as u64) << 8 | definition.state as u64,
    ]
}

/// All fields of an order. Words 0 to 4 are left to the caller.
pub(crate) fn order_words(order: &NewOrder) -> [u64; WORDS] {
    let kinds = (order.on_disconnect as u64) << 28
        | (order.side as u64) << 24
        | (order.order_type as u64) << 16
        | (order.time_in_force as u64) << 8
        | (order.self_trade_prevention as u64) << 4
        | u64::from(order.price.is_some()) << 3
        | u64::from(order.stop_price.is_some()) << 2
        | u64::from(order.expire_time.is_some()) << 1
        | order.post_only as u64;
    [
        0,
        0,
        0,
        0,
        0,
        kinds,
        order.client_order_id.0,
        order.price.unwrap_or_default().0.cast_unsigned(),
        order.stop_price.unwrap_or_default().0.cast_unsigned(),
        order.quantity.0,
        order.display_quantity.0,
        order.expire_time.unwrap_or_default().0.cast_unsigned(),
        order.client_tag.0,
        0,
        0,
        0,
    ]
}

/// The hash of participant scopes after a participant was disconnected, with the end of its grace time, or connected again.
pub(crate) fn fold_connection(
    before: StateHash,
    now: EpochNanos,
    participant: ParticipantId,
    deadline: Option<EpochNanos>,
) -> StateHash {
    let mut words = [0; WORDS];
    words[0] = u64::from(participant.0) << 32;
    words[3] = now.0.cast_unsigned();
    words[4] = KIND_CONNECTION | u64::from(deadline.is_some()) << 8;
    words[5] = deadline.unwrap_or_default().0.cast_unsigned();
    StateHash(fold(before.0, &words))
}

/// The hash after the event told last got this number among those of a firm.
pub(crate) fn fold_firm_event(before: u64, firm: ParticipantId, number: EventSequence) -> u64 {
    let mut words = [0; WORDS];
    words[0] = u64::from(firm.0) << 32;
    words[1] = number.0;
    words[4] = KIND_FIRM_EVENT;
    fold(before, &words)
}

/// All fields of a report whose body is not an execution.
fn report_words(heading: &ReportHeading, body: &ReportBody) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    words[0] = u64::from(heading.participant.0) << 32 | u64::from(heading.instrument.0);
    words[1] = heading.event_sequence.0;
    words[2] = heading.client_sequence.0;
    words[3] = heading.time.0.cast_unsigned();
    match *body {
        ReportBody::Execution(_) => {}
        ReportBody::CancelReject { orig_client_order_id, client_order_id, reason, order_status } => {
            let status = order_status.map_or(0, |status| status as u64 + 1);
            words[4] = KIND_CANCEL_REJECT | status << 8 | (reason as u64) << 40;
            words[5] = orig_client_order_id.0;
            words[6] = client_order_id.0;
        }
        ReportBody::MassCancel { target, affected } => {
            words[4] = KIND_MASS_CANCEL;
            words[5] = u64::from(target.0) << 32 | u64::from(affected);
        }
        ReportBody::MassCancelAll { target, affected, instruments, moving } => {
            let (kind, participant) = match target {
                MassCancelTarget::Participant(participant) => (1, participant),
                MassCancelTarget::Firm(firm) => (2, firm),
                MassCancelTarget::Everybody => (3, ParticipantId(0)),
            };
            words[4] = KIND_MASS_CANCEL_ALL | kind << 8;
            words[5] = u64::from(participant.0) << 32 | u64::from(affected);
            words[6] = u64::from(instruments) << 32 | u64::from(moving);
        }
        ReportBody::Instrument { instrument, state, reference_price } => {
            words[4] = KIND_INSTRUMENT | (state as u64) << 8;
            words[5] = u64::from(instrument.0);
            words[6] = reference_price.0.cast_unsigned();
        }
        ReportBody::Risk { target, limits, kill_switch, kill_switch_levels } => {
            words[4] = KIND_RISK | u64::from(kill_switch_levels.bits()) << 24;
            words[5] = u64::from(target.0);
            risk_words(&mut words, limits, kill_switch);
        }
        ReportBody::Firm(FirmReport { target, firm, participants, kill_switch_levels, self_trade_scope }) => {
            words[4] = KIND_FIRM
                | u64::from(firm.is_some()) << 8
                | (self_trade_scope as u64) << 16
                | u64::from(kill_switch_levels.bits()) << 24;
            words[5] = u64::from(target.0) << 32 | u64::from(participants);
            words[6] = u64::from(firm.unwrap_or_default().0);
        }
        ReportBody::FirmLimits(FirmLimits { firm, limits }) => {
            words[4] = KIND_FIRM_LIMITS;
            words[5] = u64::from(firm.0);
            risk_words(&mut words, limits, KillSwitch::Released);
        }
        ReportBody::TradeAddendum(TradeAddendum {
            exec_type,
            trade_id,
            side,
            order_id,
            client_order_id,
            last_price,
            last_quantity,
            exec_ref,
        }) => {
            words[4] =
                KIND_TRADE_ADDENDUM | (exec_type as u64) << 8 | side.map_or(0, |side| u64::from(side.number())) << 16;
            (words[5], words[6], words[7]) = (trade_id.0, order_id.0, client_order_id.0);
            (words[8], words[9]) = (last_price.0.cast_unsigned(), last_quantity.0);
            words[10] = exec_ref.0;
        }
        ReportBody::MassQuote(ref report) => quote_words::of_mass_quote(&mut words, report),
        ReportBody::QuoteStatus(ref report) => quote_words::of_status(&mut words, report),
        ReportBody::MarketMakerProtection(ref report) => quote_words::of_protection_report(&mut words, report),
        ReportBody::Reject { command, reason } => {
            words[4] = KIND_REJECT | (command as u64) << 8 | (reason as u64) << 40;
        }
    }
    words
}

/// Puts limits and kill switch into words 6 to 10, and which limits there are into word 4.
pub(crate) fn risk_words(words: &mut [u64; WORDS], limits: RiskLimits, kill_switch: KillSwitch) {
    let RiskLimits {
        maximum_quantity,
        maximum_notional,
        maximum_open_orders,
        maximum_commands_per_second,
        maximum_cancels_per_second,
    } = limits;
    words[4] |= (kill_switch as u64) << 8
        | u64::from(maximum_quantity.is_some()) << 16
        | u64::from(maximum_notional.is_some()) << 17
        | u64::from(maximum_open_orders.is_some()) << 18
        | u64::from(maximum_commands_per_second.is_some()) << 19
        | u64::from(maximum_cancels_per_second.is_some()) << 20;
    words[6] = maximum_quantity.unwrap_or_default().0;
    words[7] = maximum_notional.unwrap_or_default();
    words[8] = u64::from(maximum_open_orders.unwrap_or_default());
    words[9] = u64::from(maximum_commands_per_second.unwrap_or_default());
    words[10] = u64::from(maximum_cancels_per_second.unwrap_or_default());
}

#[inline(always)]
fn multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

// Kinds of report bodies: template ids of the order-entry protocol (`schemas/order-entry.xml`).
const KIND_EXECUTION: u64 = 21;
const KIND_CANCEL_REJECT: u64 = 22;
const KIND_MASS_CANCEL: u64 = 23;
const KIND_MASS_CANCEL_ALL: u64 = 61;
const KIND_FIRM: u64 = 63;
const KIND_FIRM_LIMITS: u64 = 66;
const KIND_INSTRUMENT: u64 = 24;
const KIND_RISK: u64 = 25;
const KIND_REJECT: u64 = 26;
const KIND_TRADE_ADDENDUM: u64 = 42;
/// No report: what a firm's own events are told by.
const KIND_FIRM_EVENT: u64 = 68;
/// No report: the request that has chosen what happens.
const KIND_CONNECTION: u64 = 18;

/// The multiplier of the rolling hash: an odd number without a pattern.
const ROLL: u64 = KEYS[WORDS - 1];

/// Odd numbers without a pattern, one for each word: the outputs of a SplitMix64 generator that starts at 0.
const KEYS: [u64; WORDS] = keys();

const fn keys() -> [u64; WORDS] {
    let mut keys = [0; WORDS];
    let mut state = 0_u64;
    let mut index = 0;
    while index < WORDS {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        keys[index] = (word ^ (word >> 31)) | 1;
        index += 1;
    }
    keys
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use lugus_vocabulary::*;

    fn hash(report: &Report) -> u64 {
        fold_report(1, report)
    }

    fn report(body: ReportBody) -> Report {
        Report {
            participant: ParticipantId(1),
            instrument: InstrumentId(2),
            event_sequence: EventSequence(3),
            client_sequence: ClientSequence(4),
            time: EpochNanos(5),
            body,
        }
    }

    fn execution() -> Execution {
        Execution {
            exec_type: ExecType::Trade,
            order_status: OrderStatus::PartiallyFilled,
            order_id: OrderId(6),
            client_order_id: ClientOrderId(7),
            orig_client_order_id: ClientOrderId(0),
            trade_id: TradeId(8),
            side: Side::Buy,
            order_type: OrderType::Limit,
            time_in_force: TimeInForce::Gtc,
            price: Some(Price(0)),
            quantity: Quantity(10),
            last_price: Some(Price(0)),
            last_quantity: Quantity(1),
            leaves_quantity: Quantity(9),
            cum_quantity: Quantity(1),
            liquidity: Liquidity::Added,
            reason: RejectReason::None,
            client_tag: ClientTag(0),
            on_disconnect: OnDisconnect::Cancel,
        }
    }

    #[test]
    fn every_field_of_a_report_counts() {
        let base = report(ReportBody::Execution(execution()));
        let changes: [fn(&mut Report); 5] = [
            |report| report.participant.0 += 1,
            |report| report.instrument.0 += 1,
            |report| report.event_sequence.0 += 1,
            |report| report.client_sequence.0 += 1,
            |report| report.time.0 += 1,
        ];
        let changed = changes.map(|change| {
            let mut changed = base;
            change(&mut changed);
            hash(&changed)
        });
        let all: BTreeSet<u64> = changed.into_iter().chain([hash(&base)]).collect();
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn every_field_of_an_execution_counts() {
        let changes: [fn(&mut Execution); 19] = [
            |execution| execution.exec_type = ExecType::New,
            |execution| execution.order_status = OrderStatus::New,
            |execution| execution.order_id.0 += 1,
            |execution| execution.client_order_id.0 += 1,
            |execution| execution.orig_client_order_id.0 += 1,
            |execution| execution.trade_id.0 += 1,
            |execution| execution.side = Side::Sell,
            |execution| execution.order_type = OrderType::Market,
            |execution| execution.time_in_force = TimeInForce::Ioc,
            |execution| execution.price = None,
            |execution| execution.quantity.0 += 1,
            |execution| execution.last_price = None,
            |execution| execution.last_quantity.0 += 1,
            |execution| execution.leaves_quantity.0 += 1,
            |execution| execution.cum_quantity.0 += 1,
            |execution| execution.liquidity = Liquidity::Removed,
            |execution| execution.reason = RejectReason::InstrumentClosed,
            |execution| execution.client_tag.0 += 1,
            |execution| execution.on_disconnect = OnDisconnect::Stay,
        ];
        let changed = changes.map(|change| {
            let mut changed = execution();
            change(&mut changed);
            hash(&report(ReportBody::Execution(changed)))
        });
        let base = hash(&report(ReportBody::Execution(execution())));
        let all: BTreeSet<u64> = changed.into_iter().chain([base]).collect();
        assert_eq!(all.len(), 20);
    }

    #[test]
    fn every_field_of_other_bodies_counts() {
        let cancel_reject = |orig, id, reason| ReportBody::CancelReject {
            orig_client_order_id: ClientOrderId(orig),
            client_order_id: ClientOrderId(id),
            reason,
            order_status: None,
        };
        let with_status = |status| ReportBody::CancelReject {
            orig_client_order_id: ClientOrderId(1),
            client_order_id: ClientOrderId(2),
            reason: RejectReason::UnknownOrder,
            order_status: Some(status),
        };
        let mass_cancel = |target, affected| ReportBody::MassCancel { target: ParticipantId(target), affected };
        let mass_cancel_all =
            |target, affected, instruments, moving| ReportBody::MassCancelAll { target, affected, instruments, moving };
        let firm = FirmReport {
            target: ParticipantId(1),
            firm: Some(ParticipantId(3)),
            participants: 5,
            kill_switch_levels: KillSwitchLevels::NONE.with(KillSwitchLevel::Firm),
            self_trade_scope: SelfTradeScope::Firm,
        };
        let instrument = |id, state, price| ReportBody::Instrument {
            instrument: InstrumentId(id),
            state,
            reference_price: Price(price),
        };
        let limits = RiskLimits::default();
        let risk = |target, limits, kill_switch| ReportBody::Risk {
            target: ParticipantId(target),
            limits,
            kill_switch,
            kill_switch_levels: KillSwitchLevels::NONE,
        };
        let addendum = TradeAddendum {
            exec_type: ExecType::TradeCancel,
            trade_id: TradeId(1),
            side: None,
            order_id: OrderId(2),
            client_order_id: ClientOrderId(3),
            last_price: Price(4),
            last_quantity: Quantity(5),
            exec_ref: EventSequence(6),
        };
        let bodies = [
            cancel_reject(1, 2, RejectReason::UnknownOrder),
            cancel_reject(2, 1, RejectReason::UnknownOrder),
            ReportBody::TradeAddendum(addendum),
            ReportBody::TradeAddendum(TradeAddendum { exec_type: ExecType::TradeCorrect, ..addendum }),
            ReportBody::TradeAddendum(TradeAddendum { trade_id: TradeId(2), ..addendum }),
            ReportBody::TradeAddendum(TradeAddendum { side: Some(Side::Buy), ..addendum }),
            ReportBody::TradeAddendum(TradeAddendum { side: Some(Side::Sell), ..addendum }),
            ReportBody::TradeAddendum(TradeAddendum { order_id: OrderId(3), ..addendum }),
            ReportBody::TradeAddendum(TradeAddendum { client_order_id: ClientOrderId(4), ..addendum }),
            ReportBody::TradeAddendum(TradeAddendum { last_price: Price(5), ..addendum }),
            ReportBody::TradeAddendum(TradeAddendum { last_quantity: Quantity(6), ..addendum }),
            ReportBody::TradeAddendum(TradeAddendum { exec_ref: EventSequence(7), ..addendum }),
            cancel_reject(1, 2, RejectReason::InvalidPrice),
            with_status(OrderStatus::New),
            with_status(OrderStatus::Filled),
            mass_cancel(1, 2),
            mass_cancel(2, 1),
            mass_cancel_all(MassCancelTarget::Participant(ParticipantId(0)), 1, 2, 3),
            mass_cancel_all(MassCancelTarget::Participant(ParticipantId(1)), 1, 2, 3),
            mass_cancel_all(MassCancelTarget::Firm(ParticipantId(1)), 1, 2, 3),
            mass_cancel_all(MassCancelTarget::Everybody, 1, 2, 3),
            ReportBody::Firm(firm),
            ReportBody::Firm(FirmReport { target: ParticipantId(2), ..firm }),
            ReportBody::Firm(FirmReport { firm: None, ..firm }),
            ReportBody::Firm(FirmReport { firm: Some(ParticipantId(4)), ..firm }),
            ReportBody::Firm(FirmReport { participants: 6, ..firm }),
            ReportBody::Firm(FirmReport { kill_switch_levels: KillSwitchLevels::NONE, ..firm }),
            ReportBody::Firm(FirmReport { self_trade_scope: SelfTradeScope::Participant, ..firm }),
            ReportBody::FirmLimits(FirmLimits { firm: ParticipantId(1), limits }),
            ReportBody::FirmLimits(FirmLimits { firm: ParticipantId(2), limits }),
            ReportBody::FirmLimits(FirmLimits {
                firm: ParticipantId(1),
                limits: RiskLimits { maximum_open_orders: Some(1), ..limits },
            }),
            mass_cancel_all(MassCancelTarget::Everybody, 2, 2, 3),
            mass_cancel_all(MassCancelTarget::Everybody, 1, 3, 3),
            mass_cancel_all(MassCancelTarget::Everybody, 1, 2, 4),
            instrument(1, InstrumentState::Open, 2),
            instrument(2, InstrumentState::Open, 2),
            instrument(1, InstrumentState::Halted, 2),
            instrument(1, InstrumentState::Open, -2),
            risk(1, limits, KillSwitch::Engaged),
            risk(2, limits, KillSwitch::Engaged),
            risk(1, limits, KillSwitch::Released),
            risk(1, RiskLimits { maximum_quantity: Some(Quantity(0)), ..limits }, KillSwitch::Released),
            risk(1, RiskLimits { maximum_notional: Some(0), ..limits }, KillSwitch::Released),
            risk(1, RiskLimits { maximum_open_orders: Some(0), ..limits }, KillSwitch::Released),
            risk(1, RiskLimits { maximum_commands_per_second: Some(0), ..limits }, KillSwitch::Released),
            risk(1, RiskLimits { maximum_cancels_per_second: Some(0), ..limits }, KillSwitch::Released),
            ReportBody::Risk {
                target: ParticipantId(1),
                limits,
                kill_switch: KillSwitch::Engaged,
                kill_switch_levels: KillSwitchLevels::NONE.with(KillSwitchLevel::Operator),
            },
            ReportBody::Reject { command: CommandKind::MassCancel, reason: RejectReason::NotAuthorised },
            ReportBody::Reject { command: CommandKind::SetKillSwitch, reason: RejectReason::NotAuthorised },
            ReportBody::Reject { command: CommandKind::SetKillSwitch, reason: RejectReason::Unsupported },
        ];
        let all: BTreeSet<u64> = bodies.iter().map(|body| hash(&report(*body))).collect();
        assert_eq!(all.len(), bodies.len());
    }

    #[test]
    fn every_field_of_a_connection_counts() {
        let fold = |now, participant, deadline: Option<i64>| {
            fold_connection(StateHash(1), EpochNanos(now), ParticipantId(participant), deadline.map(EpochNanos))
        };
        let all: BTreeSet<_> =
            [fold(1, 2, None), fold(2, 2, None), fold(1, 3, None), fold(1, 2, Some(0)), fold(1, 2, Some(4))].into();
        assert_eq!(all.len(), 5);
    }

    #[test]
    fn the_order_of_reports_counts() {
        let one = report(ReportBody::Execution(execution()));
        let two = report(ReportBody::MassCancel { target: ParticipantId(1), affected: 2 });
        assert_ne!(fold_report(fold_report(0, &one), &two), fold_report(fold_report(0, &two), &one));
    }
}
