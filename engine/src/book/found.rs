//! A cache of the pages of a side that were found last, so that few look-ups go to the tree.
//!
//! The cache is not exact: the caller must compare the key of the returned page, which may be another page, or none.

use super::cells::NO_PAGE;

/// Pages by the low bits of their keys.
#[derive(Debug)]
pub(super) struct FoundPages {
    /// A small table: enough for the prices that a market moves over, and small enough to stay in the first-level
    /// cache.
    few: [u32; FEW],
    /// A larger table for a side with more pages than `few` has places. Its length is a power of two, or 0.
    many: Vec<u32>,
}

/// Length of the small table, a power of two: 256 pages hold 65,536 neighbouring prices.
const FEW: usize = 256;

impl FoundPages {
    pub(super) fn new() -> Self {
        Self { few: [NO_PAGE; FEW], many: Vec::new() }
    }

    /// The page that was found last for a key with these low bits; [`NO_PAGE`] if there was none.
    #[inline(always)]
    pub(super) fn among_few(&self, key: u64) -> u32 {
        self.few[key as usize % FEW]
    }

    /// As [`FoundPages::among_few`], from the larger table.
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

    /// Removes a page that is freed.
    pub(super) fn forget(&mut self, key: u64, page: u32) {
        let place = self.place(key);
        for found in [self.few.get_mut(key as usize % FEW), self.many.get_mut(place)].into_iter().flatten() {
            if *found == page {
                *found = NO_PAGE;
            }
        }
    }

    /// Grows the larger table when the side has `pages` pages. The table is emptied then.
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
