//! The live orders of all instruments, whole: what a book knows of them ([`RestingOrders`]), and what else the engine
//! does, under the same slot. Found by handle, by client order id, or by owner.
//!
//! Memory is reserved once for all orders that the limits allow. An order is in its owner's list of live orders by
//! order id, which is the order of their arrival.

use super::cells::{NIL, Slot};
use super::orders::RestingOrders;
use crate::InvariantError;
use crate::command::{OrderType, PostOnly, Side, TimeInForce};
use crate::units::{ClientOrderId, OrderId, Price, Quantity};

/// An order, incoming or resting.
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
    pub(crate) side: Side,
    pub(crate) order_type: OrderType,
    pub(crate) time_in_force: TimeInForce,
    pub(crate) post_only: PostOnly,
}

impl Order {
    /// An order of these.
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
        post_only: PostOnly,
    ) -> Self {
        Self {
            order_id,
            client_order_id,
            price,
            quantity,
            leaves,
            owner,
            side,
            order_type,
            time_in_force,
            post_only,
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

    /// Takes over what a replacement and its trades change.
    pub(crate) fn amend(&mut self, order: &Order) {
        (self.price, self.quantity, self.leaves) = (order.price, order.quantity, order.leaves);
    }

    /// Filled so far.
    #[inline]
    pub(crate) fn cum_quantity(&self) -> Quantity {
        Quantity(self.quantity.0 - self.leaves.0)
    }
}

/// All live orders.
#[derive(Debug)]
pub(crate) struct OrderPool {
    /// What books know of them.
    pub(crate) resting: RestingOrders,
    /// By slot.
    orders: Vec<Order>,
    /// By slot.
    neighbours: Vec<Neighbours>,
    /// By scope.
    owners: Vec<OwnerList>,
}

/// Where an order is in its owner's list.
#[derive(Debug, Clone, Copy)]
struct Neighbours {
    next: Slot,
    previous: Slot,
}

/// Ends of the list of an owner's live orders.
#[derive(Debug, Clone, Copy)]
struct OwnerList {
    first: Slot,
    last: Slot,
}

impl OrderPool {
    /// Room for `limit` orders.
    pub(crate) fn new(limit: usize) -> Self {
        let resting = RestingOrders::new(limit);
        Self {
            resting,
            orders: Vec::with_capacity(limit),
            neighbours: Vec::with_capacity(limit),
            owners: Vec::new(),
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

    /// The owner's live order with this client order id.
    #[inline]
    pub(crate) fn find(&self, owner: u32, client_order_id: ClientOrderId) -> Option<Slot> {
        self.resting.find(owner, client_order_id)
    }

    /// Takes a new order in, as its owner's last. The pool is not full, and the client order id is not there yet.
    #[inline]
    pub(crate) fn insert(&mut self, order: Order) -> Slot {
        let slot = self.resting.insert(order.owner, order.client_order_id);
        match self.orders.get_mut(slot as usize) {
            Some(place) => *place = order,
            None => {
                self.orders.push(order);
                self.neighbours.push(Neighbours { next: NIL, previous: NIL });
            }
        }
        self.append_to_owner(slot);
        slot
    }

    /// Frees an order's slot. It is in no level any more.
    #[inline]
    pub(crate) fn remove(&mut self, slot: Slot) {
        self.resting.remove(slot);
        self.unlink_from_owner(slot);
        self.get_mut(slot).leaves = Quantity(0);
    }

    /// Gives an order another client order id, which is not there yet.
    pub(crate) fn rename(&mut self, slot: Slot, client_order_id: ClientOrderId) {
        self.resting.rename(slot, client_order_id);
        self.get_mut(slot).client_order_id = client_order_id;
    }

    /// An owner's first live order, by order id.
    pub(crate) fn first_of(&self, owner: u32) -> Option<Slot> {
        self.owners.get(owner as usize).and_then(|list| slot_or_none(list.first))
    }

    /// The same owner's next live order, by order id.
    pub(crate) fn next_of_owner(&self, slot: Slot) -> Option<Slot> {
        slot_or_none(self.neighbours[slot as usize].next)
    }

    /// Puts all owners' lists in the order of order ids, whatever order the orders came in.
    pub(crate) fn sort_owners(&mut self) {
        let mut live: Vec<Slot> = (0..self.orders.len() as Slot).filter(|&slot| self.is_live(slot)).collect();
        live.sort_unstable_by_key(|&slot| (self.get(slot).owner, self.get(slot).order_id));
        self.owners.clear();
        for slot in live {
            self.append_to_owner(slot);
        }
    }

    /// Checks lists, counts and the map; with the time of a walk through all slots.
    pub(crate) fn verify(&self) -> Result<(), InvariantError> {
        let live = (0..self.orders.len() as Slot).filter(|&slot| self.is_live(slot));
        self.resting.verify(live.clone())?;
        for slot in live {
            let Order { order_id, owner, client_order_id, .. } = *self.get(slot);
            if self.find(owner, client_order_id) != Some(slot) {
                return Err(InvariantError::Order { order_id, what: "is not found by its client order id" });
            }
        }
        let listed = (0..self.owners.len() as u32).map(|owner| self.verify_owner(owner));
        InvariantError::count("orders of owners", listed.sum::<Result<usize, _>>()?, self.live())
    }

    fn verify_owner(&self, owner: u32) -> Result<usize, InvariantError> {
        let (mut orders, mut before) = (0, NIL);
        let mut next = self.owners[owner as usize].first;
        while next != NIL {
            let (order, neighbours) = (self.get(next), self.neighbours[next as usize]);
            let in_order = before == NIL || self.get(before).order_id < order.order_id;
            if order.leaves.0 == 0 || order.owner != owner || neighbours.previous != before || !in_order {
                return Err(InvariantError::Order { order_id: order.order_id, what: "is wrong in its owner's list" });
            }
            orders += 1;
            before = std::mem::replace(&mut next, neighbours.next);
        }
        InvariantError::count("last order of an owner", self.owners[owner as usize].last as usize, before as usize)?;
        Ok(orders)
    }

    fn is_live(&self, slot: Slot) -> bool {
        self.get(slot).leaves.0 > 0
    }

    fn owner_list(&mut self, owner: u32) -> &mut OwnerList {
        let owner = owner as usize;
        if owner >= self.owners.len() {
            self.owners.resize(owner + 1, OwnerList { first: NIL, last: NIL });
        }
        &mut self.owners[owner]
    }

    #[inline]
    fn append_to_owner(&mut self, slot: Slot) {
        let owner = self.get(slot).owner;
        let list = self.owner_list(owner);
        let before = std::mem::replace(&mut list.last, slot);
        if before == NIL {
            list.first = slot;
        } else {
            self.neighbours[before as usize].next = slot;
        }
        self.neighbours[slot as usize] = Neighbours { next: NIL, previous: before };
    }

    #[inline]
    fn unlink_from_owner(&mut self, slot: Slot) {
        let owner = self.get(slot).owner;
        let Neighbours { next, previous } = self.neighbours[slot as usize];
        match previous {
            NIL => self.owner_list(owner).first = next,
            previous => self.neighbours[previous as usize].next = next,
        }
        match next {
            NIL => self.owner_list(owner).last = previous,
            next => self.neighbours[next as usize].previous = previous,
        }
    }
}

/// A link as an option.
#[inline]
fn slot_or_none(slot: Slot) -> Option<Slot> {
    (slot != NIL).then_some(slot)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            PostOnly::No,
        )
    }

    fn orders_of(pool: &OrderPool, owner: u32) -> Vec<u64> {
        std::iter::successors(pool.first_of(owner), |&slot| pool.next_of_owner(slot))
            .map(|slot| pool.get(slot).client_order_id.0)
            .collect()
    }

    #[test]
    fn an_order_is_48_bytes_beside_what_books_know() {
        assert_eq!(size_of::<Order>(), 48);
    }

    #[test]
    fn slots_are_used_again_and_lists_stay_in_order() {
        let mut pool = OrderPool::new(4);
        let slots: Vec<_> = (1..=4).map(|id| pool.insert(order(id as u32 % 2, id))).collect();
        assert!(pool.is_full());
        assert_eq!((orders_of(&pool, 1), orders_of(&pool, 0)), (vec![1, 3], vec![2, 4]));
        pool.remove(slots[0]);
        pool.remove(slots[3]);
        assert_eq!((orders_of(&pool, 1), orders_of(&pool, 0)), (vec![3], vec![2]));
        assert_eq!(pool.insert(order(1, 5)), slots[3]);
        assert_eq!(pool.insert(order(1, 6)), slots[0]);
        assert_eq!(orders_of(&pool, 1), vec![3, 5, 6]);
        pool.remove(slots[3]);
        assert_eq!(orders_of(&pool, 1), vec![3, 6]);
    }

    #[test]
    fn a_renamed_order_is_found_by_its_new_id_only() {
        let mut pool = OrderPool::new(4);
        let slot = pool.insert(order(0, 1));
        pool.rename(slot, ClientOrderId(9));
        assert_eq!(pool.find(0, ClientOrderId(9)), Some(slot));
        assert_eq!(pool.find(0, ClientOrderId(1)), None);
        assert_eq!(pool.find(1, ClientOrderId(9)), None);
    }
}
