//! The elected orders of an instrument: those that are to meet the book and have not had their turn, first come first
//! served.
//!
//! Stop orders whose trigger was reached wait here, and an incoming order that had more to trade than one command may. The
//! links are stored by slot, beside the orders, and are touched only by orders that were ever elected.

use super::cells::{NIL, Slot};

/// The ends of an instrument's queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ElectedQueue {
    first: Slot,
    last: Slot,
}

/// Links of elected orders, by slot.
#[derive(Debug)]
pub(crate) struct ElectedLinks(Vec<Link>);

#[derive(Debug, Clone, Copy)]
struct Link {
    next: Slot,
    previous: Slot,
}

impl ElectedQueue {
    pub(crate) const EMPTY: Self = Self { first: NIL, last: NIL };

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first == NIL
    }

    /// The order whose turn is next.
    #[inline]
    pub(crate) fn first(&self) -> Option<Slot> {
        (self.first != NIL).then_some(self.first)
    }

    /// All orders, in the order of their turns.
    pub(crate) fn orders<'a>(&self, links: &'a ElectedLinks) -> impl Iterator<Item = Slot> + 'a {
        std::iter::successors(self.first(), |&slot| links.after(slot))
    }

    /// Puts an order, which is in no queue, behind all others.
    pub(crate) fn push_back(&mut self, slot: Slot, links: &mut ElectedLinks) {
        links.set(slot, Link { next: NIL, previous: self.last });
        match std::mem::replace(&mut self.last, slot) {
            NIL => self.first = slot,
            before => links.0[before as usize].next = slot,
        }
    }

    /// Puts an order, which is in no queue, before all others.
    pub(crate) fn push_front(&mut self, slot: Slot, links: &mut ElectedLinks) {
        links.set(slot, Link { next: self.first, previous: NIL });
        match std::mem::replace(&mut self.first, slot) {
            NIL => self.last = slot,
            after => links.0[after as usize].previous = slot,
        }
    }

    /// Takes an order out.
    pub(crate) fn remove(&mut self, slot: Slot, links: &mut ElectedLinks) {
        let Link { next, previous } = links.0[slot as usize];
        match previous {
            NIL => self.first = next,
            previous => links.0[previous as usize].next = next,
        }
        match next {
            NIL => self.last = previous,
            next => links.0[next as usize].previous = previous,
        }
    }
}

impl ElectedLinks {
    /// Room for the orders of a pool of `limit`.
    pub(crate) fn new(limit: usize) -> Self {
        Self(Vec::with_capacity(limit))
    }

    /// The order after this one in its queue.
    pub(crate) fn after(&self, slot: Slot) -> Option<Slot> {
        let next = self.0[slot as usize].next;
        (next != NIL).then_some(next)
    }

    fn set(&mut self, slot: Slot, link: Link) {
        if self.0.len() <= slot as usize {
            self.0.resize(slot as usize + 1, Link { next: NIL, previous: NIL });
        }
        self.0[slot as usize] = link;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_have_their_turns_in_order_whatever_leaves_in_between() {
        let (mut queue, mut links) = (ElectedQueue::EMPTY, ElectedLinks::new(8));
        for slot in [5, 2, 7] {
            queue.push_back(slot, &mut links);
        }
        queue.push_front(1, &mut links);
        assert_eq!(queue.orders(&links).collect::<Vec<_>>(), [1, 5, 2, 7]);
        for (gone, left) in [(2, vec![1, 5, 7]), (7, vec![1, 5]), (1, vec![5]), (5, vec![])] {
            queue.remove(gone, &mut links);
            assert_eq!(queue.orders(&links).collect::<Vec<_>>(), left);
            assert_eq!((queue.first(), queue.is_empty()), (left.first().copied(), left.is_empty()));
        }
        queue.push_front(3, &mut links);
        queue.push_back(4, &mut links);
        assert_eq!(queue.orders(&links).collect::<Vec<_>>(), [3, 4]);
    }
}
