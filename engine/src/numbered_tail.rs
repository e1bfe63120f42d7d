//! The newest items of a numbered sequence, in chunks, which are reused when their items are no longer needed. So memory
//! grows by one chunk of a few kibibytes at a time: a ring that doubles would have all members of a cluster copy and map
//! megabytes while one command waits (decision 79).

use std::collections::VecDeque;

/// Number of items in a chunk: a power of two.
pub(crate) const CHUNK: usize = 64;

/// Length of the first chunk when it is first needed, as many sequences are short; a power of two.
const SMALLEST_CHUNK: usize = 8;

/// The newest items of a sequence.
///
/// The fields that every item needs come first, so that they share cache lines with what lies before it.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct NumberedTail<T> {
    /// Number of the next item.
    next: u64,
    /// Place in `current` of the next item; its length if there is room for none.
    next_place: usize,
    /// The chunk of the newest item. It is shorter than the others only while it is the first.
    current: Box<[T]>,
    /// Chunks before it, oldest first.
    earlier: VecDeque<Box<[T]>>,
}

impl<T: Copy + Default> NumberedTail<T> {
    /// No items; the first one will have the number `first`.
    pub(crate) fn starting_at(first: u64) -> Self {
        Self { current: Box::default(), next_place: 0, next: first, earlier: VecDeque::new() }
    }

    /// Number of the next item.
    #[inline(always)]
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Adds the next item. `oldest_needed`, which is called now and then, tells the lowest number whose item is still needed.
    #[inline(always)]
    pub(crate) fn push(&mut self, item: T, oldest_needed: impl FnOnce() -> u64) {
        let slot = self.push_slot(oldest_needed);
        *slot = item;
    }

    /// Adds the next item, which is written by the caller: until then it is an earlier one.
    #[inline(always)]
    pub(crate) fn push_slot(&mut self, oldest_needed: impl FnOnce() -> u64) -> &mut T {
        let place = self.next_place;
        if place >= self.current.len() {
            return self.push_slot_with_room(oldest_needed());
        }
        self.next_place = place + 1;
        self.next += 1;
        &mut self.current[place]
    }

    /// The same where there is no room.
    #[cold]
    #[inline(never)]
    fn push_slot_with_room(&mut self, oldest_needed: u64) -> &mut T {
        self.make_room(oldest_needed);
        let place = self.next_place;
        self.next_place += 1;
        self.next += 1;
        &mut self.current[place]
    }

    /// The place of the next item, if its chunk is there.
    #[inline(always)]
    pub(crate) fn next_place(&self) -> Option<&T> {
        self.current.get(self.next_place)
    }

    /// The item with this number; `None` if it has not come, or its chunk is used for later ones.
    #[inline]
    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        let (chunk, place) = self.find(number)?;
        chunk.map_or(&self.current, |at| &self.earlier[at]).get(place)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let (chunk, place) = self.find(number)?;
        chunk.map_or(&mut self.current, |at| &mut self.earlier[at]).get_mut(place)
    }

    /// The chunk of an item, `None` for the current one, and its place there.
    #[inline]
    fn find(&self, number: u64) -> Option<(Option<usize>, usize)> {
        let before = usize::try_from(self.next.checked_sub(number)?).ok()?;
        if before == 0 {
            return None;
        }
        if before <= self.next_place {
            return Some((None, self.next_place - before));
        }
        // Counted back from the end of the last earlier chunk, which is whole.
        let before = before - self.next_place;
        let back = before.div_ceil(CHUNK);
        let chunk = self.earlier.len().checked_sub(back)?;
        Some((Some(chunk), back * CHUNK - before))
    }

    /// Makes room for at least one more item: in a longer first chunk, in the oldest chunk if none of its items is needed, or
    /// in a new one.
    fn make_room(&mut self, oldest_needed: u64) {
        let length = self.current.len();
        if length < CHUNK {
            let mut longer = vec![T::default(); (length * 2).max(SMALLEST_CHUNK)].into_boxed_slice();
            longer[..length].copy_from_slice(&self.current);
            self.current = longer;
            return;
        }
        let first = self.next - ((self.earlier.len() + 1) * CHUNK) as u64;
        let is_unneeded = oldest_needed >= first + CHUNK as u64;
        let reused = if is_unneeded { self.earlier.pop_front() } else { None };
        let chunk = reused.unwrap_or_else(|| vec![T::default(); CHUNK].into_boxed_slice());
        self.earlier.push_back(std::mem::replace(&mut self.current, chunk));
        self.next_place = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_items_that_are_needed_are_found_and_no_more_chunks_are_kept_than_they_take() {
        for (first, window) in [(0, 0), (1, 1), (40, 63), (7, 64), (u64::MAX / 2, 200)] {
            let mut tail = NumberedTail::starting_at(first);
            for number in first..first + 2_000 {
                assert_eq!(tail.next(), number);
                let oldest = (number + 1).saturating_sub(window).max(first);
                tail.push(!number, || oldest);
                for kept in [oldest, oldest.midpoint(number), number] {
                    let expected = (kept <= number && kept >= oldest).then_some(!kept);
                    assert_eq!(tail.get(kept).copied().filter(|_| kept >= oldest), expected, "{number}, {kept}");
                }
                assert_eq!(tail.get(number + 1), None);
                assert!(tail.earlier.len() <= window as usize / CHUNK + 1, "{} of {window}", tail.earlier.len());
            }
            assert_eq!(tail.get(first.wrapping_sub(1)), None);
            *tail.get_mut(first + 1_999).unwrap() = 5;
            assert_eq!(tail.get(first + 1_999), Some(&5));
        }
    }

    #[test]
    fn chunks_whose_items_are_no_longer_needed_are_used_again() {
        let mut tail = NumberedTail::starting_at(0);
        (0..6_400).for_each(|number| tail.push(number, || 0));
        assert_eq!(tail.earlier.len(), 99);
        // None is given back, so that a sequence whose need goes up and down does not ask for memory again and again.
        (6_400..12_800).for_each(|number| tail.push(number, || number - 10));
        assert_eq!(tail.earlier.len(), 99);
        assert_eq!((tail.get(12_790), tail.get(6_399)), (Some(&12_790), None));
    }

    #[test]
    fn a_short_sequence_takes_little_and_asks_seldom_what_is_needed() {
        let asked = Cell::new(0);
        let mut tail = NumberedTail::starting_at(3);
        assert!(tail.current.is_empty() && tail.next_place().is_none());
        for number in 3..9 {
            tail.push(number, || {
                asked.set(asked.get() + 1);
                0
            });
        }
        assert_eq!((tail.current.len(), asked.get()), (SMALLEST_CHUNK, 1));
        assert!(tail.next_place().is_some());
        (9..3 + 64 * 10).for_each(|number| {
            tail.push(number, || {
                asked.set(asked.get() + 1);
                0
            });
        });
        assert_eq!((tail.current.len(), asked.get()), (CHUNK, 4 + 9));
    }
}
