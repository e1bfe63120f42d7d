//! When orders expire: DAY orders at the end of the log time's UTC day, GTD orders at their own time.

use lugus_vocabulary::{EpochNanos, NewOrder, TimeInForce};

const NANOS_A_DAY: i64 = 86_400_000_000_000;

/// When an order that comes at log time `now` expires; `None` if it does not.
pub(crate) fn expire_time(order: &NewOrder, now: EpochNanos) -> Option<EpochNanos> {
    match order.time_in_force {
        TimeInForce::Gtd => order.expire_time,
        TimeInForce::Day => Some(end_of_day(now)),
        TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => None,
        // With their auction.
        TimeInForce::AtTheOpening | TimeInForce::AtTheClose | TimeInForce::GoodForAuction => None,
    }
}

fn end_of_day(now: EpochNanos) -> EpochNanos {
    EpochNanos(now.0.div_euclid(NANOS_A_DAY).saturating_add(1).saturating_mul(NANOS_A_DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_utc() {
        let ends = [(0, 1), (NANOS_A_DAY - 1, 1), (NANOS_A_DAY, 2), (-1, 0), (-NANOS_A_DAY, 0)];
        for (now, day) in ends {
            assert_eq!(end_of_day(EpochNanos(now)), EpochNanos(day * NANOS_A_DAY));
        }
        assert_eq!(end_of_day(EpochNanos(i64::MAX)), EpochNanos(i64::MAX));
    }
}
