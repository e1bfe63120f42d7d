//! The live orders of all instruments: a slab of slots, found by handle, by client order id, or by owner.
//!
//! A slot is a `u32`; the last one freed is the next one used, so that the memory in use stays warm. The slab's memory
//! is reserved once for all orders that the limits allow. An order is in three lists of `u32` links: the queue of its
//! price level (see `side`), and its owner's live orders by order id, which is the order of their arrival.

use super::client_orders::ClientOrders;
use super::terms::{Instructions, Terms};
use crate::InvariantError;
use crate::command::{OrderType, Side, TimeInForce};
use crate::expiry::{Entry, ExpiryQueue};
use crate::units::{ClientOrderId, EpochNanos, InstrumentId, OrderId, Price, Quantity};

/// A handle of an order in the pool; [`NIL`] is none.
pub(crate) type Slot = u32;

/// No order.
pub(crate) const NIL: Slot = Slot::MAX;

/// Most orders that a pool can hold.
pub(crate) const MAXIMUM_ORDERS: usize = NIL as usize - 1;

/// An order, incoming or resting.
///
/// In the pool its price and open quantity are those by which it stands in its queue: of an iceberg the lots shown, of
/// a stop order that waits the trigger. [`OrderPool::whole`] gives it as its owner knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) order_id: OrderId,
    pub(crate) client_order_id: ClientOrderId,
    /// Its limit; 0 for a market order.
    pub(crate) price: Price,
    /// What is filled included.
    pub(crate) quantity: Quantity,
    /// Still to be filled; 0 in a free slot.
    pub(crate) leaves: Quantity,
    /// Its scope: who owns it, and in which instrument.
    pub(crate) owner: u32,
    /// Next in the queue of its level; in a free slot, the next free one.
    pub(crate) next: Slot,
    /// The one before it in the queue of its level.
    pub(crate) previous: Slot,
    owner_next: Slot,
    owner_previous: Slot,
    pub(crate) side: Side,
    pub(crate) order_type: OrderType,
    pub(crate) time_in_force: TimeInForce,
    pub(crate) instructions: Instructions,
}

impl Order {
    /// An order in no list.
    #[expect(clippy::too_many_arguments, reason = "one for each field that a caller must think of")]
    pub(crate) fn new(
        order_id: OrderId,
        client_order_id: ClientOrderId,
        owner: u32,
        side: Side,
        price: Price,
        quantity: Quantity,
        leaves: Quantity,
        order_type: OrderType,
        time_in_force: TimeInForce,
        instructions: Instructions,
    ) -> Self {
        let (next, previous, owner_next, owner_previous) = (NIL, NIL, NIL, NIL);
        Self {
            order_id,
            client_order_id,
            price,
            quantity,
            leaves,
            owner,
            next,
            previous,
            owner_next,
            owner_previous,
            side,
            order_type,
            time_in_force,
            instructions,
        }
    }

    /// The worst price it takes; `None` takes any.
    #[inline]
    pub(crate) fn limit(&self) -> Option<Price> {
        match self.order_type {
            OrderType::Limit | OrderType::StopLimit => Some(self.price),
            OrderType::Market | OrderType::Stop => None,
        }
    }

    /// Whether it never rests once it has met the book.
    #[inline]
    pub(crate) fn is_immediate(&self) -> bool {
        matches!(self.time_in_force, TimeInForce::Ioc | TimeInForce::Fok) || self.limit().is_none()
    }

    /// Filled so far; of an order as its owner knows it.
    #[inline]
    pub(crate) fn cum_quantity(&self) -> Quantity {
        Quantity(self.quantity.0 - self.leaves.0)
    }
}

/// All live orders.
#[derive(Debug)]
pub(crate) struct OrderPool {
    slots: Vec<Order>,
    free: Slot,
    live: usize,
    limit: usize,
    client_orders: ClientOrders,
    /// By scope.
    owners: Vec<OwnerList>,
    /// Live orders by participant.
    open: Vec<u32>,
    /// By slot, of orders that have some.
    terms: Vec<Terms>,
    expiry: ExpiryQueue,
}

/// Whose a scope is, and the ends of the list of its live orders.
#[derive(Debug, Clone, Copy)]
struct OwnerList {
    first: Slot,
    last: Slot,
    /// The participant's dense index.
    participant: u32,
    instrument: InstrumentId,
}

impl OrderPool {
    /// Room for `limit` orders.
    pub(crate) fn new(limit: usize) -> Self {
        let limit = limit.min(MAXIMUM_ORDERS);
        Self {
            slots: Vec::with_capacity(limit),
            free: NIL,
            live: 0,
            limit,
            client_orders: ClientOrders::new(limit),
            owners: Vec::new(),
            open: Vec::new(),
            terms: Vec::with_capacity(limit),
            expiry: ExpiryQueue::new(limit),
        }
    }

    /// The next scope, and whose it is.
    pub(crate) fn add_owner(&mut self, participant: u32, instrument: InstrumentId) {
        self.owners.push(OwnerList { first: NIL, last: NIL, participant, instrument });
        if self.open.len() <= participant as usize {
            self.open.resize(participant as usize + 1, 0);
        }
    }

    /// Whose scope it is: the participant's dense index.
    #[inline]
    pub(crate) fn participant_of(&self, owner: u32) -> u32 {
        self.owners[owner as usize].participant
    }

    /// Live orders of the participant whose scope it is, in all instruments.
    #[inline]
    pub(crate) fn open_orders(&self, owner: u32) -> u32 {
        self.open[self.participant_of(owner) as usize]
    }

    /// The next order that ends by itself, if its time has come.
    #[inline]
    pub(crate) fn due(&self, now: EpochNanos) -> Option<Entry> {
        self.expiry.due(now)
    }

    /// An order as its owner knows it: all of its open quantity, and its limit.
    #[inline]
    pub(crate) fn whole(&self, slot: Slot) -> Order {
        let mut order = *self.get(slot);
        if order.instructions.has(Instructions::ICEBERG | Instructions::WAITING) {
            let terms = self.terms[slot as usize];
            if order.instructions.has(Instructions::ICEBERG) {
                order.leaves.0 += terms.reserve.0;
            }
            if order.instructions.has(Instructions::WAITING) {
                order.price = terms.limit;
            }
        }
        order
    }

    /// An order's terms; none counts whose bit is not set.
    #[inline]
    pub(crate) fn terms(&self, slot: Slot) -> Terms {
        if self.get(slot).instructions.has_terms() { self.terms[slot as usize] } else { Terms::default() }
    }

    /// Takes over what a replacement, its trades, or its trigger change; the links and the expire time stay. Price and
    /// open quantity are those of its queue.
    pub(crate) fn amend(&mut self, slot: Slot, order: &Order, terms: &Terms) {
        let kept = self.get_mut(slot);
        (kept.price, kept.quantity, kept.leaves) = (order.price, order.quantity, order.leaves);
        kept.instructions = order.instructions;
        self.keep_terms(slot, terms);
    }

    /// Shows the next part of an iceberg whose part shown is gone: at most `room` lots, which are some. It is in no
    /// queue.
    pub(crate) fn refresh(&mut self, slot: Slot, room: Quantity) -> Order {
        let terms = &mut self.terms[slot as usize];
        let shown = terms.display.0.min(terms.reserve.0).min(room.0);
        terms.reserve.0 -= shown;
        self.get_mut(slot).leaves = Quantity(shown);
        *self.get(slot)
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
        self.live
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.live == self.limit
    }

    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> &Order {
        &self.slots[slot as usize]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: Slot) -> &mut Order {
        &mut self.slots[slot as usize]
    }

    /// The owner's live order with this client order id.
    #[inline]
    pub(crate) fn find(&self, owner: u32, client_order_id: ClientOrderId) -> Option<Slot> {
        self.client_orders.find(owner, client_order_id, &self.slots)
    }

    /// Takes a new order in, as its owner's last, with its terms. The pool is not full, and the client order id is not
    /// there yet.
    pub(crate) fn insert(&mut self, order: Order, terms: &Terms) -> Slot {
        debug_assert!(!self.is_full() && self.find(order.owner, order.client_order_id).is_none());
        let slot = if self.free == NIL {
            self.slots.push(order);
            (self.slots.len() - 1) as Slot
        } else {
            let slot = self.free;
            self.free = std::mem::replace(self.get_mut(slot), order).next;
            slot
        };
        self.append_to_owner(slot);
        self.client_orders.insert(order.owner, order.client_order_id, slot);
        self.keep_terms(slot, terms);
        let OwnerList { participant, instrument, .. } = self.owners[order.owner as usize];
        self.open[participant as usize] += 1;
        if order.instructions.has(Instructions::EXPIRES) {
            let Order { order_id, .. } = order;
            self.expiry.insert(Entry { time: terms.expire_time, instrument, order_id, slot });
        }
        self.live += 1;
        slot
    }

    /// Frees an order's slot. It is in no level any more.
    pub(crate) fn remove(&mut self, slot: Slot) {
        let order = *self.get(slot);
        self.client_orders.remove(order.owner, order.client_order_id, slot);
        self.unlink_from_owner(&order);
        self.open[self.owners[order.owner as usize].participant as usize] -= 1;
        if order.instructions.has(Instructions::EXPIRES) {
            self.expiry.remove(slot);
        }
        let free = std::mem::replace(&mut self.free, slot);
        let order = self.get_mut(slot);
        (order.leaves, order.next) = (Quantity(0), free);
        self.live -= 1;
    }

    /// Gives an order another client order id, which is not there yet.
    pub(crate) fn rename(&mut self, slot: Slot, client_order_id: ClientOrderId) {
        let Order { owner, client_order_id: until_now, .. } = *self.get(slot);
        if until_now != client_order_id {
            self.client_orders.remove(owner, until_now, slot);
            self.get_mut(slot).client_order_id = client_order_id;
            self.client_orders.insert(owner, client_order_id, slot);
        }
    }

    /// An owner's first live order, by order id.
    pub(crate) fn first_of(&self, owner: u32) -> Option<Slot> {
        self.owners.get(owner as usize).and_then(|list| slot_or_none(list.first))
    }

    /// The same owner's next live order, by order id.
    pub(crate) fn next_of_owner(&self, slot: Slot) -> Option<Slot> {
        slot_or_none(self.get(slot).owner_next)
    }

    /// Puts all owners' lists in the order of order ids, whatever order the orders came in.
    pub(crate) fn sort_owners(&mut self) {
        let mut live: Vec<Slot> = (0..self.slots.len() as Slot).filter(|&slot| self.is_live(slot)).collect();
        live.sort_unstable_by_key(|&slot| (self.get(slot).owner, self.get(slot).order_id));
        for owner in &mut self.owners {
            (owner.first, owner.last) = (NIL, NIL);
        }
        for slot in live {
            self.append_to_owner(slot);
        }
    }

    /// Checks lists, counts and the map; with the time of a walk through all slots.
    pub(crate) fn verify(&self) -> Result<(), InvariantError> {
        let live = (0..self.slots.len() as Slot).filter(|&slot| self.is_live(slot));
        InvariantError::count("live orders", live.clone().count(), self.live)?;
        InvariantError::count("client order ids", self.client_orders.len(), self.live)?;
        for slot in live.clone() {
            let Order { order_id, owner, client_order_id, .. } = *self.get(slot);
            if self.find(owner, client_order_id) != Some(slot) {
                return Err(InvariantError::Order { order_id, what: "is not found by its client order id" });
            }
        }
        self.verify_terms(live.clone())?;
        let free = std::iter::successors(slot_or_none(self.free), |&slot| slot_or_none(self.get(slot).next));
        InvariantError::count("free slots", free.take(self.slots.len()).count(), self.slots.len() - self.live)?;
        let listed = (0..self.owners.len() as u32).map(|owner| self.verify_owner(owner));
        InvariantError::count("orders of owners", listed.sum::<Result<usize, _>>()?, self.live)
    }

    fn verify_terms(&self, live: impl Iterator<Item = Slot>) -> Result<(), InvariantError> {
        let mut open = vec![0; self.open.len()];
        let mut expiring = 0;
        for slot in live {
            let Order { order_id, owner, instructions, leaves, .. } = *self.get(slot);
            let terms = self.terms(slot);
            open[self.participant_of(owner) as usize] += 1;
            let wrong = |what| Err(InvariantError::Order { order_id, what });
            if instructions.has(Instructions::EXPIRES) {
                expiring += 1;
                if !self.expiry.holds(slot, terms.expire_time) {
                    return wrong("will not expire in its time");
                }
            }
            if instructions.has(Instructions::ICEBERG) && leaves > terms.display {
                return wrong("shows more than it should");
            }
        }
        if open != self.open {
            let (counted, kept) = (open.iter().sum::<u32>() as usize, self.open.iter().sum::<u32>() as usize);
            return Err(InvariantError::Count { what: "open orders of participants", counted, kept });
        }
        InvariantError::count("orders that will expire", expiring, self.expiry.len())?;
        self.expiry.verify()
    }

    fn verify_owner(&self, owner: u32) -> Result<usize, InvariantError> {
        let (mut orders, mut before) = (0, NIL);
        let mut next = self.owners[owner as usize].first;
        while next != NIL {
            let order = self.get(next);
            let in_order = before == NIL || self.get(before).order_id < order.order_id;
            if order.leaves.0 == 0 || order.owner != owner || order.owner_previous != before || !in_order {
                return Err(InvariantError::Order { order_id: order.order_id, what: "is wrong in its owner's list" });
            }
            orders += 1;
            before = std::mem::replace(&mut next, order.owner_next);
        }
        InvariantError::count("last order of an owner", self.owners[owner as usize].last as usize, before as usize)?;
        Ok(orders)
    }

    fn is_live(&self, slot: Slot) -> bool {
        self.get(slot).leaves.0 > 0
    }

    fn owner_list(&mut self, owner: u32) -> &mut OwnerList {
        &mut self.owners[owner as usize]
    }

    fn append_to_owner(&mut self, slot: Slot) {
        let owner = self.get(slot).owner;
        let list = self.owner_list(owner);
        let before = std::mem::replace(&mut list.last, slot);
        if before == NIL {
            list.first = slot;
        } else {
            self.get_mut(before).owner_next = slot;
        }
        let order = self.get_mut(slot);
        (order.owner_previous, order.owner_next) = (before, NIL);
    }

    fn unlink_from_owner(&mut self, order: &Order) {
        match order.owner_previous {
            NIL => self.owner_list(order.owner).first = order.owner_next,
            previous => self.get_mut(previous).owner_next = order.owner_next,
        }
        match order.owner_next {
            NIL => self.owner_list(order.owner).last = order.owner_previous,
            next => self.get_mut(next).owner_previous = order.owner_previous,
        }
    }
}

/// A link as an option.
#[inline]
pub(crate) fn slot_or_none(slot: Slot) -> Option<Slot> {
    (slot != NIL).then_some(slot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{PostOnly, SelfTradePrevention};

    fn pool() -> OrderPool {
        let mut pool = OrderPool::new(4);
        (0..2).for_each(|owner| pool.add_owner(owner, InstrumentId(1)));
        pool
    }

    fn order(owner: u32, client_order_id: u64) -> Order {
        Order::new(
            OrderId(client_order_id),
            ClientOrderId(client_order_id),
            owner,
            Side::Buy,
            Price(1),
            Quantity(1),
            Quantity(1),
            OrderType::Limit,
            TimeInForce::Gtc,
            Instructions::new(PostOnly::No, SelfTradePrevention::None),
        )
    }

    fn orders_of(pool: &OrderPool, owner: u32) -> Vec<u64> {
        std::iter::successors(pool.first_of(owner), |&slot| pool.next_of_owner(slot))
            .map(|slot| pool.get(slot).client_order_id.0)
            .collect()
    }

    #[test]
    fn an_order_is_64_bytes() {
        assert_eq!(size_of::<Order>(), 64);
    }

    #[test]
    fn slots_are_used_again_and_lists_stay_in_order() {
        let mut pool = pool();
        let slots: Vec<_> = (1..=4).map(|id| pool.insert(order(id as u32 % 2, id), &Terms::default())).collect();
        assert!(pool.is_full());
        assert_eq!((orders_of(&pool, 1), orders_of(&pool, 0)), (vec![1, 3], vec![2, 4]));
        pool.remove(slots[0]);
        pool.remove(slots[3]);
        assert_eq!((orders_of(&pool, 1), orders_of(&pool, 0)), (vec![3], vec![2]));
        assert_eq!(pool.insert(order(1, 5), &Terms::default()), slots[3]);
        assert_eq!(pool.insert(order(1, 6), &Terms::default()), slots[0]);
        assert_eq!(orders_of(&pool, 1), vec![3, 5, 6]);
        pool.remove(slots[3]);
        assert_eq!(orders_of(&pool, 1), vec![3, 6]);
    }

    #[test]
    fn a_renamed_order_is_found_by_its_new_id_only() {
        let mut pool = pool();
        let slot = pool.insert(order(0, 1), &Terms::default());
        pool.rename(slot, ClientOrderId(9));
        assert_eq!(pool.find(0, ClientOrderId(9)), Some(slot));
        assert_eq!(pool.find(0, ClientOrderId(1)), None);
        assert_eq!(pool.find(1, ClientOrderId(9)), None);
    }
}
