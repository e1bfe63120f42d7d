//! Self-trade prevention: what happens instead of a trade of a participant with itself, or of a firm with itself if the firm has
//! chosen that.
//!
//! The incoming order's choice decides. In an auction no order is incoming, and orders of one participant do trade with
//! each other.

use lugus_vocabulary::{ClientSequence, Quantity, RejectReason, SelfTradePrevention};

use crate::book::{BookSide, Order, OrderPool, Slot};
use crate::event_sink::EventSink;
use crate::execution;
use crate::feed::Feed;
use crate::iceberg;
use crate::market_data::publish_order;
use crate::reporter::Reporter;

/// Ends or reduces the taker, the best resting order `slot` of the same participant or firm, or both; the taker first. A taker
/// that has ended has no open lots. `answers` is the command that the taker's reports answer.
#[cold]
pub(crate) fn prevent<S: EventSink>(
    taker: &mut Order,
    answers: ClientSequence,
    slot: Slot,
    makers: &mut BookSide,
    pool: &mut OrderPool,
    feed: &mut Feed,
    reporter: &mut Reporter<'_, S>,
) {
    let maker = pool.whole(slot);
    let mode = taker.instructions.self_trade_prevention();
    let by = taker.leaves.min(maker.leaves);
    let decrements = mode == SelfTradePrevention::Decrement;
    let ends_taker = match mode {
        SelfTradePrevention::None | SelfTradePrevention::CancelOldest => false,
        SelfTradePrevention::CancelNewest | SelfTradePrevention::CancelBoth => true,
        SelfTradePrevention::Decrement => by == taker.leaves,
    };
    let ends_maker = match mode {
        SelfTradePrevention::None | SelfTradePrevention::CancelNewest => false,
        SelfTradePrevention::CancelOldest | SelfTradePrevention::CancelBoth => true,
        SelfTradePrevention::Decrement => by == maker.leaves,
    };
    if ends_taker {
        reporter.tell(taker.owner, answers, execution::canceled(taker, RejectReason::SelfTrade));
        taker.leaves = Quantity(0);
    } else if decrements {
        shrink(taker, by);
        reporter.tell(taker.owner, answers, execution::restated(taker, RejectReason::SelfTrade));
    }
    if ends_maker {
        makers.remove(slot, &mut pool.resting);
        pool.remove(slot);
        reporter.tell_maker(maker.owner, execution::canceled(&maker, RejectReason::SelfTrade));
        publish_order(&maker, maker.price, Quantity(0), feed, reporter);
    } else if decrements {
        let mut maker = maker;
        shrink(&mut maker, by);
        let gone = iceberg::reduce(slot, &maker, pool.terms(slot), pool);
        makers.reduce(slot, gone, &mut pool.resting);
        reporter.tell_maker(maker.owner, execution::restated(&maker, RejectReason::SelfTrade));
        publish_order(&maker, maker.price, pool.get(slot).leaves, feed, reporter);
    }
}

/// Takes `by` lots off an order's quantity and open quantity alike: they neither trade nor count as filled.
fn shrink(order: &mut Order, by: Quantity) {
    order.quantity.0 -= by.0;
    order.leaves.0 -= by.0;
}
