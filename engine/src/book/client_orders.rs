//! From (owner, client order id) to the order's slot: open addressing, linear probing, made once for all orders.
//!
//! An entry is eight bytes: the slot, and 32 bits of the key's hash that spare most looks into the pool and say where
//! the entry belongs. It is at most half full. A removal moves later entries back, so that no graves are left.

use super::pool::{Order, Slot};
use crate::state_hash::scatter;
use crate::units::ClientOrderId;

#[derive(Debug)]
pub(super) struct ClientOrders {
    /// `hash << 32 | slot + 1`; 0 is vacant. A power of two long.
    entries: Vec<u64>,
}

const VACANT: u64 = 0;
const SMALLEST: usize = 16;

impl ClientOrders {
    /// Room for `limit` orders.
    pub(super) fn new(limit: usize) -> Self {
        let length = (limit.max(SMALLEST / 2) * 2).next_power_of_two();
        Self { entries: vec![VACANT; length] }
    }

    /// How many keys there are; a walk through the table.
    pub(super) fn len(&self) -> usize {
        self.entries.iter().filter(|&&entry| entry != VACANT).count()
    }

    #[inline]
    pub(super) fn find(&self, owner: u32, client_order_id: ClientOrderId, slots: &[Order]) -> Option<Slot> {
        let hash = hash(owner, client_order_id);
        let mut place = self.home(hash);
        loop {
            let entry = self.entries[place];
            if entry == VACANT {
                return None;
            }
            if entry >> 32 == hash {
                let slot = slot_of(entry);
                let order = &slots[slot as usize];
                if order.client_order_id == client_order_id && order.owner == owner {
                    return Some(slot);
                }
            }
            place = self.after(place);
        }
    }

    /// The key is not there, and there is room.
    #[inline]
    pub(super) fn insert(&mut self, owner: u32, client_order_id: ClientOrderId, slot: Slot) {
        let hash = hash(owner, client_order_id);
        let mut place = self.home(hash);
        while self.entries[place] != VACANT {
            place = self.after(place);
        }
        self.entries[place] = hash << 32 | (u64::from(slot) + 1);
    }

    /// The key is there, with this slot.
    #[inline]
    pub(super) fn remove(&mut self, owner: u32, client_order_id: ClientOrderId, slot: Slot) {
        let hash = hash(owner, client_order_id);
        let entry = hash << 32 | (u64::from(slot) + 1);
        let mut hole = self.home(hash);
        while self.entries[hole] != entry {
            debug_assert!(self.entries[hole] != VACANT);
            hole = self.after(hole);
        }
        let mut place = hole;
        loop {
            place = self.after(place);
            let entry = self.entries[place];
            if entry == VACANT {
                break;
            }
            // An entry may move to the hole if that is not before the place where it belongs.
            let mask = self.entries.len() - 1;
            let from_home = place.wrapping_sub(self.home(entry >> 32)) & mask;
            if from_home >= place.wrapping_sub(hole) & mask {
                self.entries[hole] = entry;
                hole = place;
            }
        }
        self.entries[hole] = VACANT;
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        hash as usize & (self.entries.len() - 1)
    }

    #[inline]
    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.entries.len() - 1)
    }
}

#[inline]
fn slot_of(entry: u64) -> Slot {
    (entry as u32).wrapping_sub(1)
}

/// 32 bits.
#[inline]
fn hash(owner: u32, client_order_id: ClientOrderId) -> u64 {
    scatter(client_order_id.0 ^ u64::from(owner).rotate_right(20)) >> 32
}
