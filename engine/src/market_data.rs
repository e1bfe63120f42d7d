//! Changes of resting orders and levels as increments of market data.
//!
//! A late joiner takes [`crate::Engine::market_data_snapshot`] and [`crate::Engine::displayed_orders`] (or
//! [`crate::Engine::levels`]), then every increment with a higher number. Who follows only orders, or only levels, skips
//! the increments of the other kind: between two commands both kinds are complete.

use lugus_vocabulary::{DisplayedOrder, MarketDataBody, Price, Quantity, Side};

use crate::book::{BookSide, Order, RestingOrders};
use crate::event_sink::EventSink;
use crate::feed::Feed;
use crate::reporter::Reporter;

/// The level at `price` of the side `of` after a change; without orders if the level is gone.
pub(crate) fn level(side: &BookSide, of: Side, price: Price, orders: &RestingOrders) -> MarketDataBody {
    let level = side.level_at(price, orders);
    MarketDataBody::Level { side: of, price, quantity: level.quantity, orders: level.orders }
}

/// Publishes that a resting order now shows `shown` lots; 0 means that it is removed, or that an iceberg's part shown
/// is used up.
#[inline]
pub(crate) fn publish_order<S: EventSink>(
    order: &Order,
    price: Price,
    shown: Quantity,
    feed: &mut Feed,
    reporter: &mut Reporter<'_, S>,
) {
    let Order { order_id, side, .. } = *order;
    reporter.publish(feed, || match shown {
        Quantity(0) => MarketDataBody::OrderRemoved { order_id, side, price },
        quantity => MarketDataBody::OrderChanged(DisplayedOrder { order_id, side, price, quantity }),
    });
}
