//! The lists of an owner's live orders: of buys and of sells, each of those that are canceled on disconnect and of those that
//! stay. Each is sorted by order id.

use lugus_vocabulary::{OrderId, Side};

use super::{Neighbours, Order, OrderPool, OwnerList, SideList, slot_or_none};
use crate::book::cells::{NIL, Slot};
use crate::book::terms::Instructions;

/// Number of lists of an owner.
const LISTS: u32 = 4;

/// An order that is in none of its owner's lists yet, in 16 bytes, by which many are sorted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unlisted {
    pub(crate) order_id: OrderId,
    slot: Slot,
    /// The owner times [`LISTS`], plus the place of its list.
    owner_list: u32,
}

impl Unlisted {
    /// An order that was inserted into this slot.
    pub(crate) fn new(slot: Slot, order: &Order) -> Self {
        Self { order_id: order.order_id, slot, owner_list: order.owner * LISTS + place(order) as u32 }
    }
}

impl OrderPool {
    /// Number of live orders of an owner on one side, or on both.
    pub(crate) fn orders_of(&self, owner: u32, side: Option<Side>) -> u32 {
        let list = &self.owners[owner as usize];
        sides(side).flat_map(|side| list.of(side)).map(|list| list.orders).sum()
    }

    /// Notes that an owner's lists are no longer sorted by order id.
    #[inline]
    pub(crate) fn set_unsorted(&mut self, owner: u32) {
        self.owners[owner as usize].is_sorted = false;
    }

    /// The first live order of an owner on one side, or on both, by order id. Sorts its lists if needed.
    pub(crate) fn first_of(&mut self, owner: u32, side: Option<Side>) -> Option<Slot> {
        if !self.owners.get(owner as usize)?.is_sorted {
            self.sort_owner(owner);
        }
        let list = &self.owners[owner as usize];
        self.first_among(sides(side).flat_map(|side| list.of(side)))
    }

    /// The first live order of an owner that is canceled on disconnect, by order id. Sorts its lists if needed.
    pub(crate) fn first_not_staying(&mut self, owner: u32) -> Option<Slot> {
        if !self.owners.get(owner as usize)?.is_sorted {
            self.sort_owner(owner);
        }
        self.first_among(self.owners[owner as usize].not_staying())
    }

    /// Number of live orders of an owner that are canceled on disconnect.
    pub(crate) fn not_staying_of(&self, owner: u32) -> u32 {
        self.owners[owner as usize].not_staying().map(|list| list.orders).sum()
    }

    fn first_among<'a>(&self, lists: impl Iterator<Item = &'a SideList>) -> Option<Slot> {
        lists.filter_map(|list| slot_or_none(list.first)).min_by_key(|&slot| self.get(slot).order_id)
    }

    /// Sorts an owner's lists by order id.
    #[cold]
    pub(crate) fn sort_owner(&mut self, owner: u32) {
        let mut orders: Vec<Slot> = Vec::new();
        for list in self.owners[owner as usize].sides {
            orders.extend(std::iter::successors(slot_or_none(list.first), |&slot| self.next_of_owner(slot)));
        }
        orders.sort_unstable_by_key(|&slot| self.get(slot).order_id);
        self.owners[owner as usize].empty();
        for slot in orders {
            let order = *self.get(slot);
            self.append_to_owner(slot, &order);
        }
    }

    /// The next live order of the same list.
    pub(super) fn next_of_owner(&self, slot: Slot) -> Option<Slot> {
        slot_or_none(self.neighbours[slot as usize].next)
    }

    /// Puts orders that were inserted without it into the lists of their owners, in this order, which must be that of their ids.
    pub(crate) fn list(&mut self, orders: &[Unlisted]) {
        for &Unlisted { slot, owner_list, .. } in orders {
            self.append(slot, owner_list / LISTS, (owner_list % LISTS) as usize);
        }
    }

    /// Appends an order to its owner's list.
    #[inline(always)]
    pub(super) fn append_to_owner(&mut self, slot: Slot, order: &Order) {
        self.append(slot, order.owner, place(order));
    }

    /// Appends an order to the list at `place` of an owner.
    #[inline(always)]
    fn append(&mut self, slot: Slot, owner: u32, place: usize) {
        let list = &mut self.owners[owner as usize].sides[place];
        let before = std::mem::replace(&mut list.last, slot);
        list.orders += 1;
        self.neighbours[slot as usize] = Neighbours { next: NIL, previous: before };
        match before {
            NIL => list.first = slot,
            before => self.neighbours[before as usize].next = slot,
        }
    }

    /// Unlinks an order from its owner's list. Returns the participant's dense index.
    #[inline(always)]
    pub(super) fn unlink_from_owner(&mut self, slot: Slot, order: &Order) -> u32 {
        let OwnerList { sides, participant, .. } = &mut self.owners[order.owner as usize];
        let list = &mut sides[place(order)];
        list.orders -= 1;
        let Neighbours { next, previous } = self.neighbours[slot as usize];
        match previous {
            NIL => list.first = next,
            previous => self.neighbours[previous as usize].next = next,
        }
        match next {
            NIL => list.last = previous,
            next => self.neighbours[next as usize].previous = previous,
        }
        *participant
    }
}

impl OwnerList {
    /// Empties the lists, to be filled again by order id.
    fn empty(&mut self) {
        for list in &mut self.sides {
            *list = SideList::EMPTY;
        }
        self.is_sorted = true;
    }

    /// The lists of a side.
    pub(super) fn of(&self, side: Side) -> [&SideList; 2] {
        [&self.sides[place_of(side, false)], &self.sides[place_of(side, true)]]
    }

    /// The lists of orders that are canceled on disconnect.
    pub(super) fn not_staying(&self) -> impl Iterator<Item = &SideList> {
        self.sides.iter().take(2)
    }
}

/// Place of an order's list among those of its owner.
#[inline]
pub(super) fn place(order: &Order) -> usize {
    place_of(order.side, order.instructions.has(Instructions::STAYS))
}

#[inline]
pub(super) fn place_of(side: Side, stays: bool) -> usize {
    side as usize - Side::Buy as usize + 2 * usize::from(stays)
}

/// The side, or both.
pub(super) fn sides(side: Option<Side>) -> impl Iterator<Item = Side> {
    [Side::Buy, Side::Sell].into_iter().filter(move |&one| side.is_none_or(|side| side == one))
}
