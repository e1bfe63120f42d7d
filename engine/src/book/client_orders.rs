//! From (owner, client order id) to the order's slot: open addressing, linear probing.
//!
//! An entry is eight bytes: the slot, and 32 bits of the key's hash that spare most looks at orders and say where the
//! entry belongs. The table is as small as the most orders that were ever alive at once allow, so that it stays in the
//! caches: it doubles within memory that is there from the start. A small table is kept at most a sixteenth or a quarter
//! full, so that nearly every look ends at the first entry, which processors can foresee; a large one, where memory
//! counts, up to three eighths. Where a look ended is remembered by whoever looked, so that none is done twice. A removal
//! moves later entries back, so that no graves are left.

use super::cells::{Cells, Slot};
use super::zeroed::Zeroed;
use crate::units::ClientOrderId;

#[derive(Debug)]
pub(super) struct ClientOrders {
    /// `hash << 32 | slot + 1`; 0 is vacant. As long as it can get, and zero after those in use.
    entries: Zeroed<u64>,
    /// One less than how many are in use, which is a power of two.
    mask: usize,
    /// So many keys, and it doubles before one more comes.
    grow_at: usize,
}

/// Where a key is that is there.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// The order's.
    pub slot: Slot,
    place: u32,
}

/// Where a key would be put that is not there.
#[derive(Debug, Clone, Copy)]
pub struct Vacancy {
    hash: u32,
    place: u32,
}

const VACANT: u64 = 0;
const SMALLEST: usize = 4_096;
/// Entries of half a cache line.
const NEIGHBOURS: u64 = 4;
/// Entries of a small table, 2 MiB, and of a smaller one, 128 KiB.
const SMALL: usize = 1 << 18;
const SMALLER: usize = 1 << 14;
/// 2^64 by the golden ratio (Knuth, "The Art of Computer Programming", volume 3, 6.4).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl ClientOrders {
    /// Room for `limit` orders.
    pub(super) fn new(limit: usize) -> Self {
        let mut length = SMALLEST;
        while fill(length) < limit {
            length *= 2;
        }
        Self { entries: Zeroed::new(length), mask: SMALLEST - 1, grow_at: fill(SMALLEST) }
    }

    /// How many keys there are; a walk through the table.
    pub(super) fn len(&self) -> usize {
        self.entries.iter().filter(|&&entry| entry != VACANT).count()
    }

    /// The answer holds until a key comes or goes.
    #[inline(always)]
    pub(super) fn look_up(&self, owner: u32, client_order_id: ClientOrderId, cells: &Cells) -> Result<Found, Vacancy> {
        let hash = hash(owner, client_order_id);
        let mut place = self.home(hash);
        loop {
            let entry = self.entries[place];
            if entry == VACANT {
                return Err(Vacancy { hash: hash as u32, place: place as u32 });
            }
            if entry >> 32 == hash {
                let slot = slot_of(entry);
                if cells.key(slot) == (owner, client_order_id.0) {
                    return Ok(Found { slot, place: place as u32 });
                }
            }
            place = self.after(place);
        }
    }

    /// There is room. `live` keys are there.
    #[inline(always)]
    pub(super) fn insert(&mut self, vacancy: Vacancy, slot: Slot, live: usize) {
        let (hash, mut place) = (u64::from(vacancy.hash), vacancy.place as usize);
        if live >= self.grow_at {
            place = self.double(hash);
        }
        debug_assert!(self.entries[place] == VACANT);
        self.entries[place] = hash << 32 | (u64::from(slot) + 1);
    }

    /// Where the key of a slot is.
    pub(super) fn found(&self, owner: u32, client_order_id: ClientOrderId, slot: Slot) -> Found {
        let hash = hash(owner, client_order_id);
        let entry = hash << 32 | (u64::from(slot) + 1);
        let mut place = self.home(hash);
        while self.entries[place] != entry {
            debug_assert!(self.entries[place] != VACANT);
            place = self.after(place);
        }
        Found { slot, place: place as u32 }
    }

    /// Takes out a key.
    #[inline(always)]
    pub(super) fn remove(&mut self, found: Found) {
        let mut hole = found.place as usize;
        let mut place = hole;
        loop {
            place = self.after(place);
            let entry = self.entries[place];
            if entry == VACANT {
                break;
            }
            // An entry may move to the hole if that is not before the place where it belongs.
            let from_home = place.wrapping_sub(self.home(entry >> 32)) & self.mask;
            if from_home >= place.wrapping_sub(hole) & self.mask {
                self.entries[hole] = entry;
                hole = place;
            }
        }
        self.entries[hole] = VACANT;
    }

    /// Twice as many in use: each entry stays, or goes as far up as there were entries until now. About ten
    /// nanoseconds an entry, and so often only as the most orders ever alive have doubled. Gives the vacancy for a key
    /// with this hash.
    #[cold]
    #[inline(never)]
    fn double(&mut self, hash: u64) -> usize {
        let until_now = self.mask + 1;
        if until_now < self.entries.len() {
            self.mask = until_now * 2 - 1;
            self.grow_at = fill(until_now * 2);
            self.spread(until_now);
        } else {
            self.grow_at = usize::MAX;
        }
        let mut place = self.home(hash);
        while self.entries[place] != VACANT {
            place = self.after(place);
        }
        place
    }

    fn spread(&mut self, until_now: usize) {
        // From behind a vacant entry on, so that a run that goes round the end is met at its start.
        let start = self.entries[..until_now].iter().position(|&entry| entry == VACANT).unwrap_or(0);
        for place in (start..start + until_now).map(|place| place % until_now) {
            let entry = std::mem::replace(&mut self.entries[place], VACANT);
            if entry != VACANT {
                let mut to = self.home(entry >> 32);
                while self.entries[to] != VACANT {
                    to = self.after(to);
                }
                self.entries[to] = entry;
            }
        }
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        hash as usize & self.mask
    }

    #[inline]
    fn after(&self, place: usize) -> usize {
        (place + 1) & self.mask
    }
}

/// Most keys of a table with so many entries.
#[inline]
fn fill(entries: usize) -> usize {
    if entries <= SMALLER {
        entries / 16
    } else if entries <= SMALL {
        entries / 4
    } else {
        entries / 8 * 3
    }
}

#[inline]
fn slot_of(entry: u64) -> Slot {
    (entry as u32).wrapping_sub(1)
}

/// 32 bits; the lower ones say where the key belongs. Four numbers that follow one another belong side by side, as
/// orders that come one after another mostly have such, and go one after another.
#[inline]
fn hash(owner: u32, client_order_id: ClientOrderId) -> u64 {
    let (group, place) = (client_order_id.0 / NEIGHBOURS, client_order_id.0 % NEIGHBOURS);
    // The upper bits of such a product depend on all of the number: turned around they are the lower ones.
    let spread = (group ^ u64::from(owner).rotate_right(20)).wrapping_mul(SPREAD).swap_bytes();
    u64::from(spread as u32) / NEIGHBOURS * NEIGHBOURS + place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_while_the_table_doubles_and_after_others_went() {
        let mut cells = Cells::new(5_000);
        let mut table = ClientOrders::new(5_000);
        let key = |n: u32| (n % 7, ClientOrderId(u64::from(n / 7)));
        let mut slots = Vec::new();
        for n in 0..5_000 {
            let (owner, id) = key(n);
            slots.push(cells.take(owner, id.0));
            let vacancy = table.look_up(owner, id, &cells).expect_err("it is new");
            table.insert(vacancy, slots[n as usize], n as usize);
        }
        assert_eq!((table.len(), table.mask + 1), (5_000, 32_768));
        for n in (0..5_000).step_by(3) {
            let (owner, id) = key(n);
            table.remove(table.found(owner, id, slots[n as usize]));
        }
        for n in 0..5_000 {
            let (owner, id) = key(n);
            let expected = (n % 3 != 0).then_some(slots[n as usize]);
            assert_eq!(table.look_up(owner, id, &cells).ok().map(|found| found.slot), expected, "{n}");
        }
    }
}
