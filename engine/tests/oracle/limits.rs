//! Limits in the oracle.

use lugus_vocabulary::*;

/// Counts a command of now, unless as many as the limit were sent within the last second. Time never goes back.
pub(super) fn within_rate(now: i64, limit: Option<u32>, sent: &mut Vec<i64>) -> Result<(), RejectReason> {
    let Some(limit) = limit else { return Ok(()) };
    let now = sent.last().map_or(now, |&last| last.max(now));
    let lately = sent.iter().filter(|&&time| i128::from(now) - i128::from(time) < 1_000_000_000).count();
    if lately >= limit as usize {
        return Err(RejectReason::RiskRate);
    }
    sent.push(now);
    Ok(())
}

/// Sets the limits that are named; 0 takes a limit away.
pub(super) fn set_one_by_one(limits: &mut RiskLimits, set: RiskLimits) {
    if let Some(quantity) = set.maximum_quantity {
        limits.maximum_quantity = if quantity.0 == 0 { None } else { Some(quantity) };
    }
    if let Some(notional) = set.maximum_notional {
        limits.maximum_notional = if notional == 0 { None } else { Some(notional) };
    }
    if let Some(open) = set.maximum_open_orders {
        limits.maximum_open_orders = if open == 0 { None } else { Some(open) };
    }
    if let Some(rate) = set.maximum_commands_per_second {
        limits.maximum_commands_per_second = if rate == 0 { None } else { Some(rate) };
    }
    if let Some(rate) = set.maximum_cancels_per_second {
        limits.maximum_cancels_per_second = if rate == 0 { None } else { Some(rate) };
    }
}

/// The lower one of two limits, with its reason; the first one if both are the same.
pub(super) fn lower<N: Ord + Copy>(
    (own, one): (Option<N>, RejectReason),
    (firms, other): (Option<N>, RejectReason),
) -> Option<(N, RejectReason)> {
    let both = [own.map(|limit| (limit, one)), firms.map(|limit| (limit, other))];
    both.into_iter().flatten().min_by_key(|&(limit, _)| limit)
}
