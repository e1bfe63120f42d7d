//! From (owner, client order id) to the order's slot: open addressing, linear probing, by strides.
//!
//! An entry is four bytes: the slot, and as many bits of the key's hash as there is room for, which spare most looks at
//! orders that are others. The table is as small as the most orders that were ever alive at once allow, so that it stays
//! in the caches: it doubles within memory that is there from the start. A small table is kept at most a sixteenth or a
//! quarter full, so that nearly every look ends at the first entry, which processors can foresee; a large one, where
//! memory counts, up to three eighths. Where a look ended is remembered by whoever looked, so that none is done twice. An
//! entry says whether keys were put further along because of it: their removal moves those back, so that no graves are
//! left, and that of most entries looks at no other.

use lugus_vocabulary::ClientOrderId;

use super::cells::{Cells, Slot};
use super::zeroed::Zeroed;
use crate::index::spread;

#[derive(Debug)]
pub(super) struct ClientOrders {
    /// [`PASSED`], above it one more than the slot, and in `tag` bits of the hash; 0 is vacant. As long as it can get, and
    /// zero after those in use.
    entries: Zeroed<u32>,
    /// One less than how many are in use, which is a power of two.
    mask: usize,
    /// The bits of an entry that are the hash's.
    tag: u32,
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

const VACANT: u32 = 0;
/// Some key was put further along, as this entry was where it belonged or on the way: of the place, not of its key.
const PASSED: u32 = 1;
const SMALLEST: usize = 4_096;
/// So many numbers that follow one another belong side by side: 4 KiB of the table.
const BLOCK: u64 = 1_024;
/// From a place to the one that is tried next: odd, so that a walk comes by all of them; and a block and one, so that numbers
/// that follow one another still do when others were there first.
const STRIDE: usize = BLOCK as usize + 1;
/// What makes so many places so many strides: the two multiplied are 1, of as many bits as there are.
const STRIDES: usize = inverse(STRIDE);
/// Entries of a small table, 1 MiB, and of a smaller one, 64 KiB.
const SMALL: usize = 1 << 18;
const SMALLER: usize = 1 << 14;

impl ClientOrders {
    /// Room for `limit` orders, whose slots are all below.
    pub(super) fn new(limit: usize) -> Self {
        Self { entries: Zeroed::new(length(limit)), mask: SMALLEST - 1, tag: tag(limit), grow_at: fill(SMALLEST) }
    }

    /// Has memory for so many keys in place.
    pub(super) fn prefault(&mut self, keys: usize) {
        self.entries.prefault(0..length(keys));
    }

    /// How many keys there are; a walk through the table.
    pub(super) fn len(&self) -> usize {
        self.entries.iter().filter(|&&entry| entry != VACANT).count()
    }

    /// The answer holds until a key comes or goes.
    #[inline(always)]
    pub(super) fn look_up(&self, owner: u32, client_order_id: ClientOrderId, cells: &Cells) -> Result<Found, Vacancy> {
        let hash = hash(owner, client_order_id);
        let mut place = hash as usize;
        loop {
            let entry = self.entry(place);
            if entry == VACANT {
                return Err(Vacancy { hash, place: place as u32 });
            }
            if (entry ^ hash) & self.tag == 0 {
                let slot = self.slot_of(entry);
                if cells.key(slot) == (owner, client_order_id.0) {
                    return Ok(Found { slot, place: place as u32 });
                }
            }
            place = place.wrapping_add(STRIDE);
        }
    }

    /// There is room. `live` keys are there; the slot's cell has the key already.
    #[inline(always)]
    pub(super) fn insert(&mut self, vacancy: Vacancy, slot: Slot, live: usize, cells: &Cells) {
        let entry = self.entry_of(vacancy.hash, slot);
        if live >= self.grow_at {
            self.double(cells);
        } else if vacancy.place == vacancy.hash {
            debug_assert!(self.entry(vacancy.place as usize) == VACANT);
            *self.entry_mut(vacancy.place as usize) = entry;
            return;
        }
        self.put(vacancy.hash, entry);
    }

    /// Where the key of a slot is.
    pub(super) fn found(&self, owner: u32, client_order_id: ClientOrderId, slot: Slot) -> Found {
        let hash = hash(owner, client_order_id);
        let entry = self.entry_of(hash, slot);
        let mut place = hash as usize;
        while self.entry(place) & !PASSED != entry {
            debug_assert!(self.entry(place) != VACANT);
            place = place.wrapping_add(STRIDE);
        }
        Found { slot, place: place as u32 }
    }

    /// Takes out a key.
    #[inline(always)]
    pub(super) fn remove(&mut self, found: Found, cells: &Cells) {
        let place = found.place as usize;
        if self.entry(place) & PASSED == 0 {
            *self.entry_mut(place) = VACANT;
        } else {
            self.remove_passed(place, cells);
        }
    }

    /// The same where others may have passed: those that did move up.
    #[cold]
    fn remove_passed(&mut self, mut hole: usize, cells: &Cells) {
        let mut place = hole;
        loop {
            place = place.wrapping_add(STRIDE);
            let entry = self.entry(place);
            if entry == VACANT {
                break;
            }
            // An entry may move to the hole if that is not before the place where it belongs.
            if self.steps(self.home(entry, cells) as usize, place) >= self.steps(hole, place) {
                *self.entry_mut(hole) = entry | PASSED;
                hole = place;
            }
            if entry & PASSED == 0 {
                break;
            }
        }
        *self.entry_mut(hole) = VACANT;
    }

    /// Twice as many in use, if there are: about ten nanoseconds an entry, and memory for them meanwhile, and so often only
    /// as the most orders ever alive have doubled.
    #[cold]
    #[inline(never)]
    fn double(&mut self, cells: &Cells) {
        let until_now = self.mask + 1;
        if until_now == self.entries.len() {
            self.grow_at = usize::MAX;
            return;
        }
        let entries = &mut self.entries[..until_now];
        let mut keys = Vec::with_capacity(self.grow_at);
        keys.extend(entries.iter().copied().filter(|&entry| entry != VACANT));
        entries.fill(VACANT);
        self.mask = until_now * 2 - 1;
        self.grow_at = fill(until_now * 2);
        for entry in keys {
            self.put(self.home(entry, cells), entry & !PASSED);
        }
    }

    /// Puts an entry where it belongs, or further along.
    #[cold]
    fn put(&mut self, hash: u32, entry: u32) {
        let mut place = hash as usize;
        while self.entry(place) != VACANT {
            *self.entry_mut(place) |= PASSED;
            place = place.wrapping_add(STRIDE);
        }
        *self.entry_mut(place) = entry;
    }

    /// The hash of an entry's key, which says where it belongs.
    fn home(&self, entry: u32, cells: &Cells) -> u32 {
        let (owner, client_order_id) = cells.key(self.slot_of(entry));
        hash(owner, ClientOrderId(client_order_id))
    }

    /// The entry of a key with this hash.
    #[inline(always)]
    fn entry_of(&self, hash: u32, slot: Slot) -> u32 {
        hash & self.tag | (slot + 1) << 1
    }

    #[inline(always)]
    fn slot_of(&self, entry: u32) -> Slot {
        ((entry & !self.tag) >> 1).wrapping_sub(1)
    }

    /// How many steps a walk takes from a place to another.
    #[inline]
    fn steps(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from).wrapping_mul(STRIDES) & self.mask
    }

    /// The entry at a place, of which the bits in use count: so a walk goes round by itself.
    #[inline(always)]
    fn entry(&self, place: usize) -> u32 {
        debug_assert!(self.mask < self.entries.len());
        // SAFETY: `mask` is less than the length: so it is made, and `double` sees to it.
        unsafe { *self.entries.get_unchecked(place & self.mask) }
    }

    #[inline(always)]
    fn entry_mut(&mut self, place: usize) -> &mut u32 {
        let place = place & self.mask;
        debug_assert!(self.mask < self.entries.len());
        // SAFETY: as above.
        unsafe { self.entries.get_unchecked_mut(place) }
    }
}

/// The bits of an entry that so many slots leave to the hash: all above those of the last one, passed.
fn tag(limit: usize) -> u32 {
    u32::MAX.checked_shl(usize::BITS - (limit << 1 | 1).leading_zeros()).unwrap_or(0)
}

/// Entries of a table for so many keys.
fn length(keys: usize) -> usize {
    let mut length = SMALLEST;
    while fill(length) < keys {
        length *= 2;
    }
    length
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

/// 32 bits; the lower ones say where the key belongs: a block's keys side by side, as orders that come one after another
/// mostly have numbers that do, and go one after another.
#[inline]
fn hash(owner: u32, client_order_id: ClientOrderId) -> u32 {
    let (block, place) = (client_order_id.0 / BLOCK, client_order_id.0 % BLOCK);
    let start = spread(block ^ u64::from(owner).rotate_right(20));
    (start + place) as u32
}

/// What an odd number must be multiplied by for 1: Newton's steps, each of which doubles the bits that are right, three at
/// first.
const fn inverse(odd: usize) -> usize {
    let mut inverse = odd;
    let mut step = 0;
    while step < 5 {
        inverse = inverse.wrapping_mul(2_usize.wrapping_sub(odd.wrapping_mul(inverse)));
        step += 1;
    }
    inverse
}

const _: () = assert!(STRIDE.wrapping_mul(STRIDES) == 1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::cells::MAXIMUM_ORDERS;

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
            table.insert(vacancy, slots[n as usize], n as usize, &cells);
        }
        assert_eq!((table.len(), table.mask + 1), (5_000, 32_768));
        for n in (0..5_000).step_by(3) {
            let (owner, id) = key(n);
            table.remove(table.found(owner, id, slots[n as usize]), &cells);
        }
        for n in 0..5_000 {
            let (owner, id) = key(n);
            let expected = (n % 3 != 0).then_some(slots[n as usize]);
            assert_eq!(table.look_up(owner, id, &cells).ok().map(|found| found.slot), expected, "{n}");
        }
    }

    #[test]
    fn slots_and_hashes_have_bits_of_their_own() {
        for (limit, bits) in [(1, 30), (1_500, 20), (1 << 20, 10), (MAXIMUM_ORDERS, 2)] {
            let last = (limit as u32) << 1 | PASSED;
            assert_eq!((tag(limit).leading_ones(), tag(limit).count_ones(), tag(limit) & last), (bits, bits, 0));
        }
    }

    /// Numbers one after another, a block apart, and anywhere, so that many belong at the same places; and nearly as many as
    /// there is room for, so that most are put further along.
    #[test]
    fn keys_that_belong_at_the_same_place_find_another() {
        const LIMIT: usize = 1_500;
        let mut cells = Cells::new(LIMIT);
        let mut table = ClientOrders::new(LIMIT);
        table.grow_at = usize::MAX;
        let mut there = std::collections::BTreeMap::new();
        let mut random = 1_u64;
        let mut passed = 0;
        for _ in 0..200_000 {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let number = random >> 33;
            let number = match number % 3 {
                0 => number % 3_000,
                1 => number % 3_000 * BLOCK,
                _ => (number % 64) << 40,
            };
            let key = (random as u32 >> 31, number);
            let looked_up = table.look_up(key.0, ClientOrderId(key.1), &cells);
            assert_eq!(looked_up.as_ref().ok().map(|found| found.slot), there.get(&key).copied());
            match looked_up {
                Ok(found) => {
                    assert_eq!(table.found(key.0, ClientOrderId(key.1), found.slot).place, found.place);
                    passed += usize::from(table.entry(found.place as usize) & PASSED != 0);
                    table.remove(found, &cells);
                    cells.free(found.slot);
                    there.remove(&key);
                }
                Err(vacancy) if there.len() < LIMIT => {
                    let slot = cells.take(key.0, key.1);
                    table.insert(vacancy, slot, there.len(), &cells);
                    there.insert(key, slot);
                }
                Err(_) => {}
            }
        }
        assert!(passed > 1_000 && there.len() > LIMIT / 2);
        for ((owner, number), slot) in there {
            table.remove(table.found(owner, ClientOrderId(number), slot), &cells);
        }
        assert!(table.entries.iter().all(|&entry| entry == VACANT));
    }
}
