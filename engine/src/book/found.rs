//! Which pages of a side were found last: so that nearly none is looked for in the tree.
//!
//! Whoever asks must look whether the page has the key: there may be another, or none.

use super::cells::NO_PAGE;

/// Pages by the last bits of their keys.
#[derive(Debug)]
pub(super) struct FoundPages {
    /// As many as a market moves over, beside all else that a message needs.
    few: [u32; FEW],
    /// More of them, for a side of more pages than that; a power of two, or none.
    many: Vec<u32>,
}

/// A power of two: 65,536 neighbouring prices.
const FEW: usize = 256;

impl FoundPages {
    pub(super) fn new() -> Self {
        Self { few: [NO_PAGE; FEW], many: Vec::new() }
    }

    /// The page of a key, if it is that of the few which was found last.
    #[inline(always)]
    pub(super) fn among_few(&self, key: u64) -> u32 {
        self.few[key as usize % FEW]
    }

    /// The same of the many.
    pub(super) fn among_many(&self, key: u64) -> u32 {
        self.many.get(self.place(key)).copied().unwrap_or(NO_PAGE)
    }

    pub(super) fn put(&mut self, key: u64, page: u32) {
        self.few[key as usize % FEW] = page;
        let place = self.place(key);
        if let Some(found) = self.many.get_mut(place) {
            *found = page;
        }
    }

    /// The page is given back.
    pub(super) fn forget(&mut self, key: u64, page: u32) {
        let place = self.place(key);
        for found in [self.few.get_mut(key as usize % FEW), self.many.get_mut(place)].into_iter().flatten() {
            if *found == page {
                *found = NO_PAGE;
            }
        }
    }

    /// The side has so many pages.
    pub(super) fn make_room(&mut self, pages: usize) {
        if pages > self.many.len().max(FEW) {
            self.many.clear();
            self.many.resize(pages.next_power_of_two(), NO_PAGE);
        }
    }

    #[inline]
    fn place(&self, key: u64) -> usize {
        key as usize & self.many.len().wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_until_they_are_given_back_or_others_are_found() {
        let mut found = FoundPages::new();
        found.put(7, 1);
        assert_eq!((found.among_few(7), found.among_many(7)), (1, NO_PAGE));
        found.make_room(FEW);
        assert_eq!(found.among_many(7), NO_PAGE);
        found.make_room(FEW + 1);
        found.put(7, 1);
        let same_among_few = 7 + FEW as u64;
        found.put(same_among_few, 2);
        assert_eq!((found.among_few(7), found.among_many(7)), (2, 1));
        found.forget(7, 1);
        assert_eq!((found.among_few(same_among_few), found.among_many(7)), (2, NO_PAGE));
        assert_eq!(found.among_many(same_among_few), 2);
        found.forget(same_among_few, 2);
        assert_eq!((found.among_few(7), found.among_many(same_among_few)), (NO_PAGE, NO_PAGE));
    }
}
