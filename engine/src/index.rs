//! From a number of the outside to a place in a table: an open-addressing map that only grows.
//!
//! Participants, instruments and scopes are never removed, so neither are keys. It grows when one of those is new,
//! which is no steady state. Nothing goes through it in its own order.

use crate::state_hash::scatter;

/// `u64` to `u32`, deterministic, at most half full.
#[derive(Debug)]
pub(crate) struct Index {
    entries: Vec<Entry>,
    len: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: u64,
    /// [`VACANT`] in an entry not in use.
    value: u32,
}

const VACANT: u32 = u32::MAX;
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

    /// `key` is not yet there, and `value` is not `u32::MAX`.
    pub(crate) fn insert(&mut self, key: u64, value: u32) {
        debug_assert!(value != VACANT && self.get(key).is_none());
        if (self.len + 1) * 2 > self.entries.len() {
            self.grow();
        }
        let place = self.place(key);
        self.entries[place] = Entry { key, value };
        self.len += 1;
    }

    /// Where the key is, or where it would be put.
    #[inline]
    fn place(&self, key: u64) -> usize {
        let mask = self.entries.len() - 1;
        let mut place = scatter(key) as usize & mask;
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
}
