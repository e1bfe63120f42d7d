//! Attributes that only some orders have: the reserve of an iceberg, an expire time, the limit of a waiting stop order.
//!
//! A bit of an order's [`Instructions`] says that it has [`Terms`]. Terms are stored beside the pool's orders, so that
//! an ordinary order neither carries nor touches them.

use lugus_vocabulary::{EpochNanos, NewOrder, PostOnly, Price, Quantity, SelfTradePrevention};

/// Instructions of an order in one byte: post-only, self-trade prevention, and which terms it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instructions(u8);

impl Instructions {
    const POST_ONLY: u8 = 1;
    const PREVENTION_SHIFT: u8 = 1;
    const PREVENTION: u8 = 0b1110;
    /// The order is an iceberg: it shows a part of its quantity at a time.
    pub(crate) const ICEBERG: u8 = 1 << 4;
    /// The order has an expire time.
    pub(crate) const EXPIRES: u8 = 1 << 5;
    /// The order is a stop order that has not triggered.
    pub(crate) const WAITING: u8 = 1 << 6;
    /// The order is in the queue of elected orders: it is to meet the book, and has not had its turn.
    pub(crate) const ELECTED: u8 = 1 << 7;
    const TERMS: u8 = Self::ICEBERG | Self::EXPIRES | Self::WAITING | Self::ELECTED;

    #[inline]
    pub(crate) fn new(post_only: PostOnly, prevention: SelfTradePrevention) -> Self {
        Self((post_only as u8 & Self::POST_ONLY) | (prevention as u8) << Self::PREVENTION_SHIFT)
    }

    /// The instructions of an order as it is entered, which expires at `expire_time`.
    pub(crate) fn of(entered: &NewOrder, expire_time: Option<EpochNanos>) -> Self {
        Self::new(entered.post_only, entered.self_trade_prevention)
            .with(Self::ICEBERG, entered.display_quantity.0 > 0)
            .with(Self::EXPIRES, expire_time.is_some())
    }

    /// These instructions with one bit set or cleared.
    #[inline]
    pub(crate) fn with(self, bit: u8, is_set: bool) -> Self {
        Self(if is_set { self.0 | bit } else { self.0 & !bit })
    }

    #[inline]
    pub(crate) fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    #[inline]
    pub(crate) fn has_terms(self) -> bool {
        self.0 & Self::TERMS != 0
    }

    #[inline]
    pub(crate) fn is_post_only(self) -> bool {
        self.has(Self::POST_ONLY)
    }

    /// The self-trade prevention that the order asked for.
    #[inline]
    pub(crate) fn self_trade_prevention(self) -> SelfTradePrevention {
        match (self.0 & Self::PREVENTION) >> Self::PREVENTION_SHIFT {
            1 => SelfTradePrevention::CancelNewest,
            2 => SelfTradePrevention::CancelOldest,
            3 => SelfTradePrevention::CancelBoth,
            4 => SelfTradePrevention::Decrement,
            _ => SelfTradePrevention::None,
        }
    }
}

/// Terms of an order. A term is valid only if its bit in the [`Instructions`] is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Terms {
    /// Iceberg: quantity shown at a time, in lots.
    pub(crate) display: Quantity,
    /// Iceberg: open quantity that is not shown, in lots.
    pub(crate) reserve: Quantity,
    /// Log time at which the order expires.
    pub(crate) expire_time: EpochNanos,
    /// Limit price of a waiting stop-limit order, in ticks, as its price in the pool is the trigger price.
    pub(crate) limit: Price,
    /// Number of a stop order among those of its instrument, in the order in which they began to wait.
    pub(crate) arrival: u64,
}

impl Terms {
    /// The terms of an order as it is entered, which expires at `expire_time`.
    pub(crate) fn of(entered: &NewOrder, expire_time: Option<EpochNanos>) -> Self {
        let expire_time = expire_time.unwrap_or_default();
        Self { display: entered.display_quantity, expire_time, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_do_not_touch_each_other() {
        for prevention in [
            SelfTradePrevention::None,
            SelfTradePrevention::CancelNewest,
            SelfTradePrevention::CancelOldest,
            SelfTradePrevention::CancelBoth,
            SelfTradePrevention::Decrement,
        ] {
            for post_only in [PostOnly::No, PostOnly::Yes] {
                let plain = Instructions::new(post_only, prevention);
                assert!(!plain.has_terms());
                for bit in [Instructions::ICEBERG, Instructions::EXPIRES, Instructions::WAITING, Instructions::ELECTED]
                {
                    let with = plain.with(bit, true);
                    assert!(with.has(bit) && with.has_terms());
                    assert_eq!(with.self_trade_prevention(), prevention);
                    assert_eq!(with.is_post_only(), post_only == PostOnly::Yes);
                    assert_eq!(with.with(bit, false), plain);
                }
            }
        }
    }
}
