//! A zeroed slice whose memory is not touched before it is used.
//!
//! The allocator provides untouched zero pages only for small alignments; for larger ones the standard library's
//! `alloc_zeroed` writes all of the memory. So this slice allocates one cache line more than it needs, and begins at
//! the first cache-line boundary.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;

/// Length of a cache line in bytes, and alignment of the slice.
const LINE: usize = 64;
/// Largest alignment for which the allocator does not write the memory, in bytes.
const ALIGNMENT: usize = 16;

/// Types for which all bits zero are a value.
///
/// # Safety
///
/// All bits zero must be a valid value, the type must not need `drop`, and its alignment must be at most 64.
pub(super) unsafe trait Zeros: Copy {}

/// `length` items, all zero at first.
#[derive(Debug)]
pub(super) struct Zeroed<T: Zeros> {
    items: NonNull<T>,
    length: usize,
    memory: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the slice owns its items, as a box does.
unsafe impl<T: Zeros + Send> Send for Zeroed<T> {}
// SAFETY: shared access to the slice is shared access to its items, as with a box.
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
        // SAFETY: the layout is not empty: it is at least a cache line long.
        let Some(memory) = NonNull::new(unsafe { alloc_zeroed(layout) }) else { handle_alloc_error(layout) };
        let ahead = memory.as_ptr().align_offset(LINE);
        // SAFETY: the memory is a cache line longer than the items, and `ahead` is less than a cache line.
        let items = unsafe { memory.add(ahead % LINE) }.cast();
        Self { items, length, memory, layout }
    }

    /// Has the system map the memory of these items now instead of at their first use.
    pub(super) fn prefault(&mut self, items: Range<usize>) {
        let end = items.end.min(self.length);
        for item in (items.start..end).step_by(items_of_a_page::<T>()) {
            // SAFETY: the item is within the slice, and its first byte is written back as it was read.
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
        // SAFETY: `length` items are allocated and aligned; each is zero, which is a valid value, or was written since.
        unsafe { std::slice::from_raw_parts(self.items.as_ptr(), self.length) }
    }
}

impl<T: Zeros> DerefMut for Zeroed<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`; the slice owns the items, and `&mut self` makes the access exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.items.as_ptr(), self.length) }
    }
}

impl<T: Zeros> Drop for Zeroed<T> {
    fn drop(&mut self) {
        // SAFETY: the memory was allocated with this layout, and the items need no `drop`.
        unsafe { dealloc(self.memory.as_ptr(), self.layout) };
    }
}

// SAFETY: all bits zero is the number 0.
unsafe impl Zeros for u32 {}

/// Number of items in a memory page of the system, at least 1.
pub(super) fn items_of_a_page<T>() -> usize {
    const PAGE: usize = 4_096;
    (PAGE / size_of::<T>()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_zero_and_aligned_at_first_and_keep_what_is_written() {
        for length in [0, 1, 7, if cfg!(miri) { 1_000 } else { 100_000 }] {
            let mut items = Zeroed::<u32>::new(length);
            assert_eq!((items.len(), items.as_ptr().align_offset(LINE)), (length, 0));
            assert!(items.iter().all(|&item| item == 0));
            (0..).zip(items.iter_mut()).for_each(|(n, item)| *item = n);
            assert!((0..).zip(items.iter()).all(|(n, &item)| item == n));
        }
    }
}
