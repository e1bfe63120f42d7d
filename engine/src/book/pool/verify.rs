//! What must hold of the pool between two commands.

use lugus_vocabulary::Side;

use super::{Order, OrderPool, OwnerList};
use crate::book::cells::{NIL, Slot};
use crate::book::terms::Instructions;
use crate::invariant_error::InvariantError;

impl OrderPool {
    /// Checks lists, counts and the map. Walks over all slots.
    pub(crate) fn verify(&self) -> Result<(), InvariantError> {
        let live = (0..self.orders.len() as Slot).filter(|&slot| self.is_live(slot));
        self.resting.verify(live.clone())?;
        for slot in live.clone() {
            let Order { order_id, owner, client_order_id, .. } = *self.get(slot);
            if self.find(owner, client_order_id) != Some(slot) {
                return Err(InvariantError::Order { order_id, what: "is not found by its client order id" });
            }
        }
        self.verify_terms(live)?;
        if let Some(through) = self.unfinished.quiet_through()
            && self.is_busy(through)
        {
            return Err(InvariantError::Count { what: "times that are quiet and are not", counted: 1, kept: 0 });
        }
        let listed = (0..self.owners.len() as u32).map(|owner| self.verify_owner(owner));
        InvariantError::count("orders of owners", listed.sum::<Result<usize, _>>()?, self.live())
    }

    fn verify_terms(&self, live: impl Iterator<Item = Slot>) -> Result<(), InvariantError> {
        let (mut open, mut staying) = (vec![0; self.open.len()], vec![0; self.staying.len()]);
        let (mut expiring, mut icebergs) = (0, 0);
        for slot in live {
            let Order { order_id, owner, instructions, leaves, .. } = *self.get(slot);
            let terms = self.terms(slot);
            open[self.participant_of(owner) as usize] += 1;
            staying[self.participant_of(owner) as usize] += u32::from(instructions.has(Instructions::STAYS));
            let wrong = |what| Err(InvariantError::Order { order_id, what });
            icebergs += usize::from(instructions.has(Instructions::ICEBERG));
            if instructions.has(Instructions::EXPIRES) {
                let is_aside = self.expiry.is_aside(slot);
                expiring += usize::from(!is_aside);
                if !is_aside && !self.expiry.holds(slot, terms.expire_time) {
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
        if staying != self.staying {
            let (counted, kept) = (staying.iter().sum::<u32>() as usize, self.staying.iter().sum::<u32>() as usize);
            return Err(InvariantError::Count { what: "orders of participants that stay", counted, kept });
        }
        InvariantError::count("icebergs", icebergs, self.icebergs as usize)?;
        InvariantError::count("orders that will expire", expiring, self.expiry.len())?;
        self.expiry.verify()
    }

    fn verify_owner(&self, owner: u32) -> Result<usize, InvariantError> {
        let OwnerList { sides, is_sorted, .. } = self.owners[owner as usize];
        let mut all = 0;
        let kinds = [(Side::Buy, false), (Side::Sell, false), (Side::Buy, true), (Side::Sell, true)];
        for ((side, stays), list) in kinds.into_iter().zip(sides) {
            let (mut orders, mut before, mut next) = (0, NIL, list.first);
            while next != NIL {
                let (order, neighbours) = (self.get(next), self.neighbours[next as usize]);
                let in_order = !is_sorted || before == NIL || self.get(before).order_id < order.order_id;
                let is_own = order.leaves.0 > 0
                    && order.owner == owner
                    && order.side == side
                    && order.instructions.has(Instructions::STAYS) == stays;
                if !is_own || neighbours.previous != before || !in_order {
                    return Err(InvariantError::Order {
                        order_id: order.order_id,
                        what: "is wrong in its owner's list",
                    });
                }
                orders += 1;
                before = std::mem::replace(&mut next, neighbours.next);
            }
            InvariantError::count("last order of an owner", list.last as usize, before as usize)?;
            InvariantError::count("orders of an owner and side", orders, list.orders as usize)?;
            all += orders;
        }
        Ok(all)
    }
}
