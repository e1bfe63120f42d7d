//! From an identifier to a place in a table: a hash map with open addressing, whose memory only grows.
//!
//! It grows when participants, instruments or scopes are new, which does not happen in steady state; keys are removed
//! when an instrument moves to another cluster. It is never iterated, so its order has no influence on anything.

/// A map from `u64` to `u32`. It is at most half full.
#[derive(Debug)]
pub(crate) struct Index {
    /// A power of two of entries. A key stands at the place of its hash, or as close behind as was free (linear probing).
    entries: Vec<Entry>,
    /// Number of keys.
    len: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: u64,
    /// [`VACANT`] if the entry is not in use.
    value: u32,
}

/// The value of an entry that is not in use.
const VACANT: u32 = u32::MAX;
/// Number of entries of an empty map.
const SMALLEST: usize = 16;

impl Index {
    pub(crate) fn new() -> Self {
        Self { entries: vec![Entry { key: 0, value: VACANT }; SMALLEST], len: 0 }
    }

    #[inline]
    pub(crate) fn get(&self, key: u64) -> Option<u32> {
        let entry = self.entries[self.place(key)];
        (entry.value != VACANT).then_some(entry.value)
    }

    /// Inserts a key that is not in the map, with a value that is not `u32::MAX`.
    pub(crate) fn insert(&mut self, key: u64, value: u32) {
        debug_assert!(value != VACANT && self.get(key).is_none());
        if (self.len + 1) * 2 > self.entries.len() {
            self.grow();
        }
        let place = self.place(key);
        self.entries[place] = Entry { key, value };
        self.len += 1;
    }

    /// Removes a key, and returns its value. Keys behind it that would no longer be found move up into the gap, so that
    /// no mark of a removed key is needed.
    pub(crate) fn remove(&mut self, key: u64) -> Option<u32> {
        let mask = self.entries.len() - 1;
        let mut hole = self.place(key);
        let removed = self.entries[hole].value;
        if removed == VACANT {
            return None;
        }
        let mut place = hole;
        loop {
            place = (place + 1) & mask;
            let entry = self.entries[place];
            if entry.value == VACANT {
                break;
            }
            let from_home = place.wrapping_sub(spread(entry.key) as usize) & mask;
            if from_home >= place.wrapping_sub(hole) & mask {
                self.entries[hole] = entry;
                hole = place;
            }
        }
        self.entries[hole].value = VACANT;
        self.len -= 1;
        Some(removed)
    }

    /// Place of the key's entry, or of the vacant entry where the key would be inserted.
    #[inline]
    fn place(&self, key: u64) -> usize {
        let mask = self.entries.len() - 1;
        let mut place = spread(key) as usize & mask;
        while self.entries[place].value != VACANT && self.entries[place].key != key {
            place = (place + 1) & mask;
        }
        place
    }

    fn grow(&mut self) {
        let doubled = vec![Entry { key: 0, value: VACANT }; self.entries.len() * 2];
        for entry in std::mem::replace(&mut self.entries, doubled) {
            if entry.value != VACANT {
                let place = self.place(entry.key);
                self.entries[place] = entry;
            }
        }
    }
}

/// Hash of a key: the upper half of its product with 2^64 divided by the golden ratio; all bits of the key count (Knuth,
/// "The Art of Computer Programming", volume 3, 6.4).
#[inline]
pub(crate) fn spread(key: u64) -> u64 {
    key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_put_in_and_nothing_else() {
        let mut index = Index::new();
        for n in 0..1000_u32 {
            index.insert(u64::from(n) << 32 | 7, n);
        }
        for n in 0..1000_u32 {
            assert_eq!(index.get(u64::from(n) << 32 | 7), Some(n));
            assert_eq!(index.get(u64::from(n) << 32 | 8), None);
        }
    }

    #[test]
    fn a_removed_entry_is_gone_and_hides_no_other() {
        let key = |n: u32| u64::from(n % 7) << 32 | u64::from(n / 7);
        let mut index = Index::new();
        (0..1000).for_each(|n| index.insert(key(n), n));
        for n in (0..1000).step_by(3) {
            assert_eq!(index.remove(key(n)), Some(n));
            assert_eq!(index.remove(key(n)), None);
        }
        for n in 0..1000 {
            assert_eq!(index.get(key(n)), (n % 3 != 0).then_some(n));
        }
        (0..1000).step_by(3).for_each(|n| index.insert(key(n), n));
        assert!((0..1000).all(|n| index.get(key(n)) == Some(n)));
    }
}
