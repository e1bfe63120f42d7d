//! Risk limits on the wire: the number 0 means no limit, so a limit of 0 cannot be expressed. The engine refuses none and
//! keeps none. A command that sets limits says beside them which ones it leaves as they are.

/// A limit as its number on the wire.
#[inline]
pub(crate) fn limit_number<N: Default>(limit: Option<N>) -> N {
    limit.unwrap_or_default()
}

/// A number on the wire as a limit.
#[inline]
pub(crate) fn limit<N: Default + PartialEq>(number: N) -> Option<N> {
    (number != N::default()).then_some(number)
}

/// Writes [`RiskLimits`](lugus_vocabulary::RiskLimits) into any generated encoder that has their fields.
macro_rules! write_limits {
    ($encoder:expr, $limits:expr) => {
        $encoder
            .maximum_quantity($crate::limits::limit_number($limits.maximum_quantity).0)
            .maximum_notional($crate::limits::limit_number($limits.maximum_notional))
            .maximum_open_orders($crate::limits::limit_number($limits.maximum_open_orders))
            .maximum_commands_per_second($crate::limits::limit_number($limits.maximum_commands_per_second))
            .maximum_cancels_per_second($crate::limits::limit_number($limits.maximum_cancels_per_second))
    };
}

/// Reads [`RiskLimits`](lugus_vocabulary::RiskLimits) from any generated decoder that has their fields.
macro_rules! read_limits {
    ($decoder:expr) => {
        lugus_vocabulary::RiskLimits {
            maximum_quantity: $crate::limits::limit($decoder.maximum_quantity()).map(lugus_vocabulary::Quantity),
            maximum_notional: $crate::limits::limit($decoder.maximum_notional()),
            maximum_open_orders: $crate::limits::limit($decoder.maximum_open_orders()),
            maximum_commands_per_second: $crate::limits::limit($decoder.maximum_commands_per_second()),
            maximum_cancels_per_second: $decoder.maximum_cancels_per_second(),
        }
    };
}

pub(crate) use {read_limits, write_limits};
