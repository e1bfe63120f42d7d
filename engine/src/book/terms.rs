//! Attributes that only some orders have: the reserve of an iceberg, an expire time, the limit of a waiting stop order.
//!
//! A bit of an order's [`Instructions`] says that it has [`Terms`]. Terms are stored beside the pool's orders, so that
//! an ordinary order neither carries nor touches them.

use lugus_vocabulary::{EpochNanos, NewOrder, OnDisconnect, OrderType, PostOnly, Price, Quantity, SelfTradePrevention};

/// Instructions of an order in two bytes: its type, post-only, self-trade prevention, what happens on disconnect, and which
/// terms it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instructions(u16);

impl Instructions {
    const POST_ONLY: u16 = 1;
    const PREVENTION_SHIFT: u16 = 1;
    const PREVENTION: u16 = 0b1110;
    /// The order is an iceberg: it shows a part of its quantity at a time.
    pub(crate) const ICEBERG: u16 = 1 << 4;
    /// The order has an expire time.
    pub(crate) const EXPIRES: u16 = 1 << 5;
    /// The order is a stop order that has not triggered.
    pub(crate) const WAITING: u16 = 1 << 6;
    /// The order is in the queue of elected orders: it is to meet the book, and has not had its turn.
    pub(crate) const ELECTED: u16 = 1 << 7;
    /// The order stays when its participant is disconnected.
    pub(crate) const STAYS: u16 = 1 << 8;
    /// The number of the order's type less 1, in two bits.
    const TYPE_SHIFT: u16 = 9;
    /// The bit of the types that have a limit.
    const LIMIT: u16 = 1 << Self::TYPE_SHIFT;
    /// The order has no limit of its own: its price is that of its protection points.
    pub(crate) const PROTECTED: u16 = 1 << 13;
    /// Only auctions take the order, as its time in force says.
    pub(crate) const AUCTION: u16 = 1 << 14;
    const TERMS: u16 = Self::ICEBERG | Self::EXPIRES | Self::WAITING | Self::ELECTED | Self::AUCTION;

    #[inline]
    pub(crate) fn new(
        order_type: OrderType,
        post_only: PostOnly,
        prevention: SelfTradePrevention,
        on_disconnect: OnDisconnect,
    ) -> Self {
        Self(
            (post_only as u16 & Self::POST_ONLY)
                | (prevention as u16) << Self::PREVENTION_SHIFT
                | (on_disconnect as u16) << 8
                | (order_type as u16 - 1) << Self::TYPE_SHIFT,
        )
    }

    /// The instructions of an order as it is entered, which expires at `expire_time`.
    pub(crate) fn of(entered: &NewOrder, expire_time: Option<EpochNanos>) -> Self {
        let NewOrder { order_type, post_only, self_trade_prevention, on_disconnect, .. } = *entered;
        Self::new(order_type, post_only, self_trade_prevention, on_disconnect)
            .with(Self::ICEBERG, entered.display_quantity.0 > 0)
            .with(Self::EXPIRES, expire_time.is_some())
            .with(Self::AUCTION, entered.time_in_force.is_for_auction())
    }

    /// These instructions with one bit set or cleared.
    #[inline]
    pub(crate) fn with(self, bit: u16, is_set: bool) -> Self {
        Self(if is_set { self.0 | bit } else { self.0 & !bit })
    }

    #[inline]
    pub(crate) fn has(self, bit: u16) -> bool {
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

    /// Whether the order may rest, as far as its limit goes: it has one, or only auctions take it.
    #[inline]
    pub(crate) fn may_wait(self) -> bool {
        self.has(Self::LIMIT | Self::PROTECTED | Self::AUCTION)
    }

    /// Whether the order has a limit price, its own or that of its protection points.
    #[inline]
    pub(crate) fn has_limit(self) -> bool {
        self.has(Self::LIMIT | Self::PROTECTED)
    }

    #[inline]
    pub(crate) fn order_type(self) -> OrderType {
        match (self.0 >> Self::TYPE_SHIFT) & 3 {
            0 => OrderType::Market,
            1 => OrderType::Limit,
            2 => OrderType::Stop,
            _ => OrderType::StopLimit,
        }
    }

    #[inline]
    pub(crate) fn on_disconnect(self) -> OnDisconnect {
        if self.has(Self::STAYS) { OnDisconnect::Stay } else { OnDisconnect::Cancel }
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
    /// Number of a stop order among those of its instrument, in the order in which they began to wait; of an order that only
    /// auctions take, the last order id of the instrument when it took its place.
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
        let bits = [
            Instructions::ICEBERG,
            Instructions::EXPIRES,
            Instructions::WAITING,
            Instructions::ELECTED,
            Instructions::AUCTION,
        ];
        for &order_type in OrderType::ALL {
            for &prevention in SelfTradePrevention::ALL {
                for &post_only in PostOnly::ALL {
                    for &on_disconnect in OnDisconnect::ALL {
                        let plain = Instructions::new(order_type, post_only, prevention, on_disconnect);
                        assert!(!plain.has_terms());
                        for bit in bits {
                            let with = plain.with(bit, true);
                            assert!(with.has(bit) && with.has_terms());
                            assert_eq!((with.order_type(), with.self_trade_prevention()), (order_type, prevention));
                            assert_eq!(with.is_post_only(), post_only == PostOnly::Yes);
                            assert_eq!(with.on_disconnect(), on_disconnect);
                            let has_limit = matches!(order_type, OrderType::Limit | OrderType::StopLimit);
                            assert_eq!(with.has_limit(), has_limit);
                            assert_eq!(with.with(bit, false), plain);
                        }
                    }
                }
            }
        }
    }
}
