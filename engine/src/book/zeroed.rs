//! A slice of zeros whose memory is not touched before it is used.
//!
//! The allocator gives such memory only for small alignments (for larger ones the standard library's `alloc_zeroed`
//! writes all of it), so this one takes a cache line more and begins at the first border of a line.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;

/// Bytes of a cache line, and the alignment of the slice.
const LINE: usize = 64;
/// What the allocator gives without writing.
const ALIGNMENT: usize = 16;

/// Types for which all bits zero are a value.
///
/// # Safety
///
/// They are, the type needs no drop, and its alignment is 64 at most.
pub(super) unsafe trait Zeros: Copy {}

/// `length` items, all zeros at first.
#[derive(Debug)]
pub(super) struct Zeroed<T: Zeros> {
    items: NonNull<T>,
    length: usize,
    memory: NonNull<u8>,
    layout: Layout,
}

// SAFETY: it owns its items, as a box does.
unsafe impl<T: Zeros + Send> Send for Zeroed<T> {}
// SAFETY: likewise.
unsafe impl<T: Zeros + Sync> Sync for Zeroed<T> {}

impl<T: Zeros> Zeroed<T> {
    pub(super) fn new(length: usize) -> Self {
        const { assert!(align_of::<T>() <= LINE) };
        let Some(layout) = length
            .checked_mul(size_of::<T>())
            .and_then(|bytes| bytes.checked_add(LINE))
            .and_then(|bytes| Layout::from_size_align(bytes, ALIGNMENT).ok())
        else {
            handle_alloc_error(Layout::new::<T>())
        };
        // SAFETY: the layout is a line long at least.
        let Some(memory) = NonNull::new(unsafe { alloc_zeroed(layout) }) else { handle_alloc_error(layout) };
        let ahead = memory.as_ptr().align_offset(LINE);
        // SAFETY: memory is a line longer than the items, and `ahead` is less than a line.
        let items = unsafe { memory.add(ahead % LINE) }.cast();
        Self { items, length, memory, layout }
    }

    /// Has the system put the memory of these items in place now, and not when they are used first.
    pub(super) fn prefault(&mut self, items: Range<usize>) {
        let end = items.end.min(self.length);
        for item in (items.start..end).step_by(items_of_a_page::<T>()) {
            // SAFETY: the item is there; its first byte is written as it was read.
            unsafe {
                let byte = self.items.as_ptr().add(item).cast::<u8>();
                byte.write_volatile(byte.read_volatile());
            }
        }
    }
}

impl<T: Zeros> Deref for Zeroed<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: so many items are there, aligned; they are zeros, which is a value, or what was written since.
        unsafe { std::slice::from_raw_parts(self.items.as_ptr(), self.length) }
    }
}

impl<T: Zeros> DerefMut for Zeroed<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and they are its own.
        unsafe { std::slice::from_raw_parts_mut(self.items.as_ptr(), self.length) }
    }
}

impl<T: Zeros> Drop for Zeroed<T> {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and items need no drop.
        unsafe { dealloc(self.memory.as_ptr(), self.layout) };
    }
}

// SAFETY: a number.
unsafe impl Zeros for u32 {}

/// How many items, or one, are in a page of the system's memory.
pub(super) fn items_of_a_page<T>() -> usize {
    const PAGE: usize = 4_096;
    (PAGE / size_of::<T>()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_zeros_on_a_border_and_keep_what_is_written() {
        for length in [0, 1, 7, 100_000] {
            let mut items = Zeroed::<u32>::new(length);
            assert_eq!((items.len(), items.as_ptr().align_offset(LINE)), (length, 0));
            assert!(items.iter().all(|&item| item == 0));
            (0..).zip(items.iter_mut()).for_each(|(n, item)| *item = n);
            assert!((0..).zip(items.iter()).all(|(n, &item)| item == n));
        }
    }
}
