//! What a replacement makes of a live order: its quantities, whether it keeps its place, and whether it can only lower its
//! owner's risk.

use lugus_vocabulary::{Quantity, Replace};

use crate::book::{Instructions, OrderPool, Slot};

/// A replacement, measured against the live order that it replaces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amendment {
    /// Lots filled before.
    pub(crate) filled: Quantity,
    /// Lots open afterwards. 0 also if fewer are asked for than are filled.
    pub(crate) leaves: Quantity,
    /// Display quantity afterwards: no more than the whole quantity if it stays as it was.
    pub(crate) display: Quantity,
    /// The display quantity that is asked for is the order's own.
    pub(crate) same_display: bool,
    /// Limit and trigger stay, and the whole quantity does not grow: the order can trade no more and no worse than before.
    pub(crate) lowers: bool,
    /// The order stays where it is in its queue: it lowers the risk, and shows no more than before; and either it hides no
    /// more, or it is an iceberg already, and its parts become smaller.
    pub(crate) keeps_place: bool,
}

impl Amendment {
    pub(crate) fn of(replace: &Replace, slot: Slot, pool: &OrderPool) -> Self {
        let (kept, order, terms) = (pool.get(slot), pool.whole(slot), pool.terms(slot));
        let until_now = if order.instructions.has(Instructions::ICEBERG) { terms.display } else { Quantity(0) };
        let same_display = replace.display_quantity == until_now;
        // An iceberg that becomes smaller than what it shows at a time shows all of itself.
        let display = if same_display { until_now.min(replace.quantity) } else { replace.display_quantity };
        let trigger = order.instructions.has(Instructions::WAITING).then_some(kept.price);
        let lowers =
            replace.price == order.limit() && replace.stop_price == trigger && replace.quantity <= order.quantity;
        let filled = order.cum_quantity();
        let leaves = Quantity(replace.quantity.0.saturating_sub(filled.0));
        let shows_all = display.0 == 0 || display >= leaves;
        let smaller_parts = display.0 > 0 && display < until_now;
        let keeps_place = lowers && (same_display || smaller_parts || (shows_all && leaves <= kept.leaves));
        Self { filled, leaves, display, same_display, lowers, keeps_place }
    }

    /// Whether the replacement takes open lots off an order of this owner and does nothing else that could cost the owner anything,
    /// so that it counts as a cancel.
    pub(crate) fn is_decrease(replace: &Replace, owner: u32, pool: &OrderPool) -> bool {
        pool.find(owner, replace.orig_client_order_id)
            .is_some_and(|slot| Self::of(replace, slot, pool).lowers && replace.quantity < pool.get(slot).quantity)
    }
}
