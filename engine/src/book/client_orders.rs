//! The map from (owner, client order id) to the slot of an order: a hash table with open addressing, probed with a
//! fixed stride.
//!
//! An entry is four bytes: the slot, and as many bits of the key's hash as there is room for, which avoid most
//! comparisons with the keys of other orders. The table is only as large as the largest number of orders that were ever
//! alive at once needs, so that it stays in the caches; it doubles within memory that is reserved at the start. A small
//! table is kept at most a sixteenth or a quarter full, so that nearly every look-up ends at its first entry, which
//! processors predict well; a large one, where memory counts, is up to three eighths full. The result of a look-up
//! carries its place, so that no look-up is done twice. A bit of an entry says whether another key was placed further
//! along because of it. Removing such an entry moves the later keys back, so there are no tombstones; removing any
//! other entry reads no other entry.

use lugus_vocabulary::ClientOrderId;

use super::cells::{Cells, Slot};
use super::zeroed::Zeroed;
use crate::index::spread;

#[derive(Debug)]
pub(super) struct ClientOrders {
    /// Bit 0 of an entry is [`PASSED`], above it are the slot plus one, and in the bits of `tag` the hash; 0 is vacant.
    /// The slice has the largest length that the table can get; entries after those in use are 0.
    entries: Zeroed<u32>,
    /// Number of entries in use, which is a power of two, minus one.
    mask: usize,
    /// The bits of an entry that hold bits of the hash.
    tag: u32,
    /// Number of keys at which the table doubles before another key is inserted.
    grow_at: usize,
}

/// The entry of a key that was found.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// Slot of the order.
    pub slot: Slot,
    place: u32,
}

/// The vacant place at which the look-up of an absent key ended.
#[derive(Debug, Clone, Copy)]
pub struct Vacancy {
    hash: u32,
    place: u32,
}

const VACANT: u32 = 0;
/// Another key was placed further along because this place was taken. The bit belongs to the place, not to its key.
const PASSED: u32 = 1;
const SMALLEST: usize = 4_096;
/// Number of consecutive client order ids that lie side by side: 4 KiB of the table.
const BLOCK: u64 = 1_024;
/// Distance to the place that is probed next. It is odd, so that a walk visits all places, and a block plus one, so
/// that consecutive numbers whose places are taken still lie side by side.
const STRIDE: usize = BLOCK as usize + 1;
/// The multiplicative inverse of [`STRIDE`], which turns a distance in places into a number of strides.
const STRIDES: usize = inverse(STRIDE);
/// Largest number of entries of a small table (1 MiB), and of a smaller one (64 KiB).
const SMALL: usize = 1 << 18;
const SMALLER: usize = 1 << 14;

impl ClientOrders {
    /// Room for `limit` orders, whose slots are all below `limit`.
    pub(super) fn new(limit: usize) -> Self {
        Self { entries: Zeroed::new(length(limit)), mask: SMALLEST - 1, tag: tag(limit), grow_at: fill(SMALLEST) }
    }

    /// Has the system map the memory for `keys` keys now.
    pub(super) fn prefault(&mut self, keys: usize) {
        self.entries.prefault(0..length(keys));
    }

    /// Makes an empty table as large as this number of keys needs, so that it need not double for them.
    pub(super) fn reserve(&mut self, keys: usize) {
        let entries = length(keys).min(self.entries.len());
        self.mask = entries - 1;
        self.grow_at = fill(entries);
    }

    /// Number of keys; walks over the table.
    pub(super) fn len(&self) -> usize {
        self.entries.iter().filter(|&&entry| entry != VACANT).count()
    }

    /// Looks a key up. The result is valid until a key is inserted or removed.
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

    /// Inserts a key. There must be room; `live` is the number of keys present, and the slot's cell already holds the
    /// key.
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

    /// The entry of a key whose slot is known.
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

    /// Removes a key.
    #[inline(always)]
    pub(super) fn remove(&mut self, found: Found, cells: &Cells) {
        let place = found.place as usize;
        if self.entry(place) & PASSED == 0 {
            *self.entry_mut(place) = VACANT;
        } else {
            self.remove_passed(place, cells);
        }
    }

    /// As [`ClientOrders::remove`], where other keys may have been placed further along: those move back.
    #[cold]
    fn remove_passed(&mut self, mut hole: usize, cells: &Cells) {
        let mut place = hole;
        loop {
            place = place.wrapping_add(STRIDE);
            let entry = self.entry(place);
            if entry == VACANT {
                break;
            }
            // An entry may move to the hole unless the hole comes before the entry's home.
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

    /// Doubles the table, if it can still grow. Takes about ten nanoseconds an entry, and memory for all entries
    /// meanwhile; happens only when the largest number of orders ever alive has doubled.
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

    /// Places an entry at its home, or further along.
    #[cold]
    fn put(&mut self, hash: u32, entry: u32) {
        let mut place = hash as usize;
        while self.entry(place) != VACANT {
            *self.entry_mut(place) |= PASSED;
            place = place.wrapping_add(STRIDE);
        }
        *self.entry_mut(place) = entry;
    }

    /// The hash of an entry's key, which is its home.
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

    /// Number of strides from one place to another.
    #[inline]
    fn steps(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from).wrapping_mul(STRIDES) & self.mask
    }

    /// The entry at a place. Only the bits of the mask count, so that a walk wraps around.
    #[inline(always)]
    fn entry(&self, place: usize) -> u32 {
        debug_assert!(self.mask < self.entries.len());
        // SAFETY: `mask` is less than the length of `entries`: `new` and `double` keep it so.
        unsafe { *self.entries.get_unchecked(place & self.mask) }
    }

    #[inline(always)]
    fn entry_mut(&mut self, place: usize) -> &mut u32 {
        let place = place & self.mask;
        debug_assert!(self.mask < self.entries.len());
        // SAFETY: as in `entry`.
        unsafe { self.entries.get_unchecked_mut(place) }
    }
}

/// The bits of an entry that `limit` slots leave to the hash: all bits above those that the last slot needs.
fn tag(limit: usize) -> u32 {
    u32::MAX.checked_shl(usize::BITS - (limit << 1 | 1).leading_zeros()).unwrap_or(0)
}

/// Number of entries of a table for this many keys.
fn length(keys: usize) -> usize {
    let mut length = SMALLEST;
    while fill(length) < keys {
        length *= 2;
    }
    length
}

/// Largest number of keys in a table of this many entries.
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

/// Hash of a key, in 32 bits; the low bits are its home. The keys of a block lie side by side, as orders that arrive
/// one after another mostly have consecutive numbers, and end one after another.
#[inline]
fn hash(owner: u32, client_order_id: ClientOrderId) -> u32 {
    let (block, place) = (client_order_id.0 / BLOCK, client_order_id.0 % BLOCK);
    let start = spread(block ^ u64::from(owner).rotate_right(20));
    (start + place) as u32
}

/// Multiplicative inverse of an odd number, by Newton's method: each step doubles the number of correct bits, which is
/// three at first.
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
    fn keys_are_found_while_the_table_doubles_and_after_others_are_removed() {
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
    fn slots_and_hashes_use_separate_bits() {
        for (limit, bits) in [(1, 30), (1_500, 20), (1 << 20, 10), (MAXIMUM_ORDERS, 2)] {
            let last = (limit as u32) << 1 | PASSED;
            assert_eq!((tag(limit).leading_ones(), tag(limit).count_ones(), tag(limit) & last), (bits, bits, 0));
        }
    }

    /// Consecutive numbers, numbers a block apart, and random numbers, so that many keys have the same home; and nearly
    /// as many keys as there is room for, so that most are placed further along.
    #[test]
    #[cfg_attr(miri, ignore = "computes for long, and reaches no memory that the books of `tests.rs` do not")]
    fn keys_with_the_same_home_find_other_places() {
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
