//! The live orders of all instruments with all their attributes: those that a book needs ([`RestingOrders`]), and the
//! rest under the same slot. Orders are found by slot, by client order id, or by owner.
//!
//! Memory is reserved once for all orders that the limits allow. Each owner has lists of its live orders by order id, which is
//! the order of their arrival: see `owners`.

use lugus_vocabulary::{ClientOrderId, EpochNanos, InstrumentId, OrderId, Price, Quantity, RejectReason};

use super::cells::{NIL, Slot};
use super::client_orders::{Found, Vacancy};
use super::copied::CopiedOrders;
use super::elected::ElectedLinks;
use super::expiry_queue::{Expiry, ExpiryQueue};
use super::order::Order;
use super::orders::RestingOrders;
use super::terms::{Instructions, Terms};
use super::unfinished::{ENDLESS, Unfinished};
use super::zeroed::items_of_a_page;

pub(super) mod ending;
mod expiring;
pub(super) mod listing;
pub(super) mod owners;
mod quotes;
mod verify;

/// All live orders.
#[derive(Debug)]
pub(crate) struct OrderPool {
    /// The attributes that books need.
    pub(crate) resting: RestingOrders,
    /// All other attributes, by slot.
    orders: Vec<Order>,
    /// Links of the owners' lists, by slot.
    neighbours: Vec<Neighbours>,
    /// The owners' lists, by scope.
    owners: Vec<OwnerList>,
    /// Number of live orders, by participant.
    open: Vec<u32>,
    /// Number of live orders that stay on disconnect, by participant.
    staying: Vec<u32>,
    /// Last nanosecond of the grace time of a disconnected participant, by participant; [`ENDLESS`] for one that is connected
    /// or had not asked for cancel on disconnect.
    grace_through: Vec<EpochNanos>,
    /// Largest notional of an order, by participant, and the reason for which one above it is refused: that of its risk limits or
    /// of its firm's, at hand where a stop order triggers.
    maximum_notional: Vec<Option<(u64, RejectReason)>>,
    /// Terms by slot, of orders that have some.
    terms: Vec<Terms>,
    expiry: ExpiryQueue,
    /// Links of the queues of elected orders.
    pub(crate) elected: ElectedLinks,
    /// Stop orders that a trade elects, with their arrivals: used while they are sorted.
    pub(crate) electing: Vec<(u64, Slot)>,
    /// Number of live icebergs.
    icebergs: u32,
    /// What kill switches do with orders, by participant.
    killed: Vec<Killed>,
    /// Number of participants whose kill switch is engaged.
    killed_participants: u32,
    /// Group of participants whose orders do not trade with each other where they ask for self-trade prevention, by participant;
    /// empty if there has never been one.
    self_trade_groups: Vec<u32>,
    pub(crate) unfinished: Unfinished,
    /// Orders that are copied ahead of a move; `None` while none are.
    copied: Option<Box<CopiedOrders>>,
}

/// The group of a participant that is in none.
const NO_GROUP: u32 = u32::MAX;

/// What the kill switch of a participant does with its orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Killed {
    /// Nothing: the switch is not engaged.
    No,
    /// They stay, and do not trade.
    Keeps,
    /// They are canceled.
    Cancels,
}

/// Links of an order in its owner's list.
#[derive(Debug, Clone, Copy)]
struct Neighbours {
    next: Slot,
    previous: Slot,
}

/// The lists of a scope's live orders, and the participant and instrument of the scope: what every order needs in one cache
/// line, and what hardly any does in the next.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct OwnerList {
    /// The participant's dense index.
    participant: u32,
    instrument: InstrumentId,
    /// Buys and sells that are canceled on disconnect, and those that stay.
    sides: [SideList; 4],
    /// Whether the lists are sorted by order id. They are not after orders were imported from another cluster, which come
    /// by priority.
    is_sorted: bool,
    /// Buys and sells with numbers up to this one are canceled by a mass cancel that is under way; 0 if there is none.
    canceled: [OrderId; 2],
    /// Orders with numbers up to this one that do not stay on disconnect are being canceled for that, although their
    /// participant is connected again; 0 if there is nothing of the kind under way.
    disconnected: OrderId,
}

/// An owner's orders of one side, of those that stay on disconnect or of the others.
#[derive(Debug, Clone, Copy)]
struct SideList {
    first: Slot,
    last: Slot,
    /// Number of orders.
    orders: u32,
}

impl SideList {
    const EMPTY: Self = Self { first: NIL, last: NIL, orders: 0 };
}

impl OrderPool {
    /// Room for `limit` orders.
    pub(crate) fn new(limit: usize, steps: usize) -> Self {
        let resting = RestingOrders::new(limit);
        Self {
            resting,
            orders: Vec::with_capacity(limit),
            neighbours: Vec::with_capacity(limit),
            owners: Vec::new(),
            open: Vec::new(),
            staying: Vec::new(),
            grace_through: Vec::new(),
            maximum_notional: Vec::new(),
            terms: Vec::with_capacity(limit),
            expiry: ExpiryQueue::new(limit),
            elected: ElectedLinks::new(limit),
            electing: Vec::with_capacity(steps.min(limit)),
            icebergs: 0,
            killed: Vec::new(),
            killed_participants: 0,
            self_trade_groups: Vec::new(),
            unfinished: Unfinished::new(steps),
            copied: None,
        }
    }

    /// Has the system map the memory of the first `orders` orders now.
    pub(crate) fn prefault(&mut self, orders: usize) {
        self.resting.prefault(orders);
        prefault(&mut self.orders, orders);
        prefault(&mut self.neighbours, orders);
    }

    /// Sets participant and instrument of a scope, which is the next new one or one that is used again.
    pub(crate) fn set_owner(&mut self, owner: u32, participant: u32, instrument: InstrumentId) {
        let sides = [SideList::EMPTY; 4];
        let (canceled, disconnected) = ([OrderId(0); 2], OrderId(0));
        let list = OwnerList { participant, instrument, sides, is_sorted: true, canceled, disconnected };
        match self.owners.get_mut(owner as usize) {
            Some(place) => *place = list,
            None => self.owners.push(list),
        }
        if self.open.len() <= participant as usize {
            self.open.resize(participant as usize + 1, 0);
            self.staying.resize(participant as usize + 1, 0);
        }
        if self.killed.len() <= participant as usize {
            self.killed.resize(participant as usize + 1, Killed::No);
        }
        if self.grace_through.len() <= participant as usize {
            self.grace_through.resize(participant as usize + 1, ENDLESS);
        }
    }

    /// Dense index of a scope's participant.
    #[inline]
    pub(crate) fn participant_of(&self, owner: u32) -> u32 {
        self.owners[owner as usize].participant
    }

    /// Number of live orders of a scope's participant, in all instruments.
    #[inline]
    pub(crate) fn open_orders(&self, owner: u32) -> u32 {
        self.open[self.participant_of(owner) as usize]
    }

    /// Number of live orders of a participant, in all instruments.
    pub(crate) fn open_of(&self, participant: u32) -> u32 {
        self.open.get(participant as usize).copied().unwrap_or_default()
    }

    /// Sets the largest notional of an order of a participant, by the participant's dense index.
    pub(crate) fn set_maximum_notional(&mut self, participant: u32, maximum: Option<(u64, RejectReason)>) {
        let place = participant as usize;
        if self.maximum_notional.len() <= place {
            self.maximum_notional.resize(place + 1, None);
        }
        self.maximum_notional[place] = maximum;
    }

    /// Largest notional of an order of a scope's participant, and the reason for which one above it is refused.
    pub(crate) fn maximum_notional(&self, owner: u32) -> Option<(u64, RejectReason)> {
        self.maximum_notional.get(self.participant_of(owner) as usize).copied().flatten()
    }

    /// Sets the group of a participant whose orders do not trade with each other, by the dense index of one of its participants;
    /// `None` for the participant alone.
    pub(crate) fn set_self_trade_group(&mut self, participant: u32, group: Option<u32>) {
        let place = participant as usize;
        if group.is_none() && self.self_trade_groups.len() <= place {
            return;
        }
        if self.self_trade_groups.len() <= place {
            self.self_trade_groups.resize(place + 1, NO_GROUP);
        }
        self.self_trade_groups[place] = group.unwrap_or(NO_GROUP);
    }

    /// Whether orders of two owners do not trade with each other where the incoming one asks for self-trade prevention.
    #[inline]
    pub(crate) fn is_own(&self, maker: u32, taker: u32) -> bool {
        maker == taker || (!self.self_trade_groups.is_empty() && self.is_of_group(maker, taker))
    }

    #[cold]
    fn is_of_group(&self, maker: u32, taker: u32) -> bool {
        let group =
            |owner| self.self_trade_groups.get(self.participant_of(owner) as usize).copied().unwrap_or(NO_GROUP);
        group(taker) != NO_GROUP && group(maker) == group(taker)
    }

    /// Whether there are icebergs, so that levels may hold more than they show.
    #[inline]
    pub(crate) fn has_icebergs(&self) -> bool {
        self.icebergs > 0
    }

    /// An order as its owner knows it: with its limit price and all of its open quantity.
    #[inline]
    pub(crate) fn whole(&self, slot: Slot) -> Order {
        self.whole_of(slot, *self.get(slot))
    }

    /// As [`OrderPool::whole`], for an order that was just read.
    #[inline(always)]
    pub(crate) fn whole_of(&self, slot: Slot, order: Order) -> Order {
        let (price, leaves) = if order.instructions.has(Instructions::ICEBERG | Instructions::WAITING) {
            self.whole_by_terms(slot)
        } else {
            (order.price, order.leaves)
        };
        Order { price, leaves, ..order }
    }

    /// Limit price and whole open quantity of an iceberg or a waiting stop order.
    #[cold]
    fn whole_by_terms(&self, slot: Slot) -> (Price, Quantity) {
        let (&Order { price, leaves, instructions, .. }, terms) = (self.get(slot), self.terms[slot as usize]);
        let reserve = if instructions.has(Instructions::ICEBERG) { terms.reserve.0 } else { 0 };
        let price = if instructions.has(Instructions::WAITING) { terms.limit } else { price };
        (price, Quantity(leaves.0 + reserve))
    }

    /// Terms of an order; a term is valid only if its bit is set.
    #[inline]
    pub(crate) fn terms(&self, slot: Slot) -> Terms {
        if self.get(slot).instructions.has_terms() { self.terms[slot as usize] } else { Terms::default() }
    }

    /// Stores what a replacement, trades, or the trigger have changed; links and expire time stay. Price and open
    /// quantity are those of the order's place in its queue.
    pub(crate) fn amend(&mut self, slot: Slot, order: &Order, terms: &Terms) {
        let kept = self.get_mut(slot);
        (kept.price, kept.quantity, kept.leaves) = (order.price, order.quantity, order.leaves);
        let before = std::mem::replace(&mut kept.instructions, order.instructions);
        self.icebergs += u32::from(order.instructions.has(Instructions::ICEBERG));
        self.icebergs -= u32::from(before.has(Instructions::ICEBERG));
        self.keep_terms(slot, terms);
        self.note_change(slot);
    }

    /// Takes `by` lots off the open quantity of an order: off what it shows, then off the reserve of an iceberg. Returns
    /// the lots that are left of what it shows.
    pub(crate) fn fill(&mut self, slot: Slot, by: Quantity) -> Quantity {
        let shown = self.get(slot).leaves;
        let left = Quantity(shown.0.saturating_sub(by.0));
        if by > shown && self.get(slot).instructions.has(Instructions::ICEBERG) {
            let reserve = &mut self.terms[slot as usize].reserve;
            reserve.0 = reserve.0.saturating_sub(by.0 - shown.0);
        }
        self.get_mut(slot).leaves = left;
        self.note_change(slot);
        left
    }

    /// Shows the next part of an iceberg whose shown part has been filled: at most `room` lots, which is not 0. The
    /// order is in no queue.
    pub(crate) fn refresh(&mut self, slot: Slot, room: Quantity) -> Order {
        self.note_end(slot);
        let terms = &mut self.terms[slot as usize];
        let shown = terms.display.0.min(terms.reserve.0).min(room.0);
        terms.reserve.0 -= shown;
        self.get_mut(slot).leaves = Quantity(shown);
        *self.get(slot)
    }

    /// Begins to note what becomes of orders that are copied ahead; none are yet.
    pub(crate) fn begin_copying(&mut self) {
        self.copied = Some(Box::new(CopiedOrders::new(self.resting.limit())));
    }

    /// Ends the notes.
    pub(crate) fn end_copying(&mut self) {
        self.copied = None;
    }

    /// The orders copied ahead; `None` if none are, or if there were too many changes.
    pub(crate) fn copied(&self) -> Option<&CopiedOrders> {
        self.copied.as_deref()
    }

    /// The same, to note that orders are copied.
    pub(crate) fn copied_mut(&mut self) -> Option<&mut CopiedOrders> {
        self.copied.as_deref_mut()
    }

    /// Must be called when an order loses its place in its queue.
    #[inline(always)]
    pub(crate) fn note_end(&mut self, slot: Slot) {
        if self.copied.is_some() {
            self.note(slot, CopiedOrders::end);
        }
    }

    /// Must be called when a live order changes and keeps its place.
    #[inline(always)]
    pub(crate) fn note_change(&mut self, slot: Slot) {
        if self.copied.is_some() {
            self.note(slot, CopiedOrders::change);
        }
    }

    #[cold]
    #[inline(never)]
    fn note(&mut self, slot: Slot, note: impl FnOnce(&mut CopiedOrders, Slot) -> bool) {
        if !self.copied.as_deref_mut().is_some_and(|copied| note(copied, slot)) {
            self.copied = None;
        }
    }

    fn keep_terms(&mut self, slot: Slot, terms: &Terms) {
        if self.get(slot).instructions.has_terms() {
            if self.terms.len() <= slot as usize {
                self.terms.resize(slot as usize + 1, Terms::default());
            }
            self.terms[slot as usize] = *terms;
        }
    }

    pub(crate) fn live(&self) -> usize {
        self.resting.live()
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.resting.is_full()
    }

    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> &Order {
        &self.orders[slot as usize]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: Slot) -> &mut Order {
        &mut self.orders[slot as usize]
    }

    /// Asks for the memory of an order, which is read soon. Any slot may be asked for.
    #[inline]
    pub(crate) fn prefetch(&self, slot: Slot) {
        #[cfg(target_arch = "x86_64")]
        if let Some(order) = self.orders.get(slot as usize) {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let order = std::ptr::from_ref(order).cast::<i8>();
            // SAFETY: a prefetch is a hint without effect on memory. Both addresses are within the order, of which most lie in two
            // cache lines.
            unsafe {
                _mm_prefetch(order, _MM_HINT_T0);
                _mm_prefetch(order.add(size_of::<Order>() - 1), _MM_HINT_T0);
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = slot;
    }

    /// The owner's live order with this client order id.
    #[inline]
    pub(crate) fn find(&self, owner: u32, client_order_id: ClientOrderId) -> Option<Slot> {
        self.resting.find(owner, client_order_id)
    }

    /// The owner's live order with this client order id, or the place where it would be entered.
    #[inline(always)]
    pub(crate) fn look_up(&self, owner: u32, client_order_id: ClientOrderId) -> Result<Found, Vacancy> {
        self.resting.look_up(owner, client_order_id)
    }

    /// A live order, as if it had been looked up.
    pub(crate) fn found(&self, slot: Slot) -> Found {
        self.resting.found(slot)
    }

    /// Inserts a new order with its terms, as the last of its owner's list. There must be room, and the owner must have
    /// no live order with this client order id.
    pub(crate) fn insert(&mut self, order: &Order, terms: &Terms) -> Slot {
        match self.look_up(order.owner, order.client_order_id) {
            Err(vacancy) => self.insert_at(vacancy, order, terms),
            Ok(found) => found.slot,
        }
    }

    /// Inserts a new order with its terms, as the last of its owner's list. There must be room, and the client order id was
    /// just looked up.
    #[inline(always)]
    pub(crate) fn insert_at(&mut self, vacancy: Vacancy, order: &Order, terms: &Terms) -> Slot {
        let slot = self.insert_unlisted(vacancy, order, terms);
        self.append_to_owner(slot, order);
        slot
    }

    /// As [`OrderPool::insert_at`], but the order is in none of its owner's lists until [`OrderPool::list`].
    #[inline(always)]
    pub(crate) fn insert_unlisted(&mut self, vacancy: Vacancy, order: &Order, terms: &Terms) -> Slot {
        let slot = self.resting.insert_at(vacancy, order.owner, order.client_order_id);
        match self.orders.get_mut(slot as usize) {
            Some(place) => *place = *order,
            None => {
                self.orders.push(*order);
                self.neighbours.push(Neighbours { next: NIL, previous: NIL });
            }
        }
        let participant = self.participant_of(order.owner);
        self.open[participant as usize] += 1;
        if order.instructions.has(Instructions::STAYS) {
            self.staying[participant as usize] += 1;
        }
        if order.instructions.has_terms() {
            self.take_in_terms(slot, terms);
        }
        slot
    }

    /// Removes an order that is no longer in a queue, and frees its slot.
    pub(crate) fn remove(&mut self, slot: Slot) {
        let order = *self.get(slot);
        self.remove_found(self.found(slot), &order);
    }

    /// As [`OrderPool::remove`], for an order that was just looked up and read.
    #[inline(always)]
    pub(crate) fn remove_found(&mut self, found: Found, order: &Order) {
        self.resting.remove_found(found);
        let slot = found.slot;
        self.note_end(slot);
        let instructions = order.instructions;
        let participant = self.unlink_from_owner(slot, order);
        self.open[participant as usize] -= 1;
        if instructions.has(Instructions::STAYS) {
            self.staying[participant as usize] -= 1;
        }
        if instructions.has(Instructions::EXPIRES | Instructions::ICEBERG) {
            self.forget_terms(slot, instructions);
        }
        self.get_mut(slot).leaves = Quantity(0);
    }

    #[cold]
    fn forget_terms(&mut self, slot: Slot, instructions: Instructions) {
        self.icebergs -= u32::from(instructions.has(Instructions::ICEBERG));
        if instructions.has(Instructions::EXPIRES) {
            self.expiry.remove(slot);
        }
    }

    #[cold]
    fn take_in_terms(&mut self, slot: Slot, terms: &Terms) {
        self.keep_terms(slot, terms);
        let Order { owner, order_id, instructions, .. } = *self.get(slot);
        self.icebergs += u32::from(instructions.has(Instructions::ICEBERG));
        if instructions.has(Instructions::EXPIRES) {
            let instrument = self.owners[owner as usize].instrument;
            self.expiry.insert(Expiry { time: terms.expire_time, instrument, order_id, slot });
            self.unfinished.note_expiry(terms.expire_time);
        }
    }

    /// Changes the client order id of an order to one that no other order of its owner has.
    pub(crate) fn rename(&mut self, slot: Slot, client_order_id: ClientOrderId) {
        self.note_change(slot);
        self.resting.rename(slot, client_order_id);
        self.get_mut(slot).client_order_id = client_order_id;
    }

    fn is_live(&self, slot: Slot) -> bool {
        self.get(slot).leaves.0 > 0
    }
}

/// Allocates and touches memory for `items` items.
fn prefault<T>(items: &mut Vec<T>, until: usize) {
    let until = until.saturating_sub(items.len());
    for item in items.spare_capacity_mut().iter_mut().take(until).step_by(items_of_a_page::<T>()) {
        *item = std::mem::MaybeUninit::zeroed();
    }
}

/// A link as an option: `NIL` is `None`.
#[inline]
fn slot_or_none(slot: Slot) -> Option<Slot> {
    (slot != NIL).then_some(slot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lugus_vocabulary::{NewOrder, OrderId, Side};

    fn pool() -> OrderPool {
        let mut pool = OrderPool::new(4, 4);
        (0..2).for_each(|owner| pool.set_owner(owner, owner, InstrumentId(1)));
        pool
    }

    fn order(owner: u32, client_order_id: u64) -> Order {
        let entered = NewOrder::limit(ClientOrderId(client_order_id), Side::Buy, Price(1), Quantity(1));
        let instructions = Instructions::of(&entered, None);
        Order::new(&entered, Price(1), instructions, OrderId(client_order_id), owner)
    }

    fn orders_of(pool: &mut OrderPool, owner: u32) -> Vec<u64> {
        let slots = std::iter::successors(pool.first_of(owner, None), |&slot| pool.next_of_owner(slot));
        slots.map(|slot| pool.get(slot).client_order_id.0).collect()
    }

    #[test]
    fn an_order_is_56_bytes_beside_what_books_know() {
        assert_eq!(size_of::<Order>(), 56);
    }

    #[test]
    fn slots_are_used_again_and_lists_stay_in_order() {
        let mut pool = pool();
        let slots: Vec<_> = (1..=4).map(|id| pool.insert(&order(id as u32 % 2, id), &Terms::default())).collect();
        assert!(pool.is_full());
        assert_eq!((orders_of(&mut pool, 1), orders_of(&mut pool, 0)), (vec![1, 3], vec![2, 4]));
        pool.remove(slots[0]);
        pool.remove(slots[3]);
        assert_eq!((orders_of(&mut pool, 1), orders_of(&mut pool, 0)), (vec![3], vec![2]));
        assert_eq!(pool.insert(&order(1, 5), &Terms::default()), slots[3]);
        assert_eq!(pool.insert(&order(1, 6), &Terms::default()), slots[0]);
        assert_eq!(orders_of(&mut pool, 1), vec![3, 5, 6]);
        pool.remove(slots[3]);
        assert_eq!(orders_of(&mut pool, 1), vec![3, 6]);
    }

    #[test]
    fn a_renamed_order_is_found_by_its_new_id_only() {
        let mut pool = pool();
        let slot = pool.insert(&order(0, 1), &Terms::default());
        pool.rename(slot, ClientOrderId(9));
        assert_eq!(pool.find(0, ClientOrderId(9)), Some(slot));
        assert_eq!(pool.find(0, ClientOrderId(1)), None);
        assert_eq!(pool.find(1, ClientOrderId(9)), None);
    }
}
