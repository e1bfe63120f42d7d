//! A ring buffer from one thread to one other: for events between the thread that makes them and the thread that sends
//! them.
//!
//! Each side keeps its own position and the position of the other side as it last saw it, so that the two touch a
//! common cache line only when the ring looks full or empty. Items are published to the reader [`PUBLISHED_AT_ONCE`] at
//! a time, or by [`Writer::publish`]. Sources: Lamport 1977; the cached positions are those of Giacomoni, Moseley and
//! Vachharajani, "FastForward", 2008. Items cost least if each fills a cache line or a whole number of them shares one.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Number of items after which the writer publishes them to the reader.
pub const PUBLISHED_AT_ONCE: usize = 128;

/// The writing end of a ring; a ring has one.
#[derive(Debug)]
#[repr(align(128))]
pub struct Writer<T: Copy> {
    ring: Arc<Ring<T>>,
    /// The slots of the ring.
    slots: NonNull<Slot<T>>,
    /// Number of slots, which is a power of two, minus one.
    mask: usize,
    /// Number of items written.
    next: usize,
    /// Value of `next` at which the reader's position must be read again.
    free_until: usize,
}

/// The reading end of a ring; a ring has one.
#[derive(Debug)]
#[repr(align(128))]
pub struct Reader<T: Copy> {
    ring: Arc<Ring<T>>,
    /// Number of items read.
    next: usize,
    /// Number of items known to be published.
    known: usize,
}

#[derive(Debug)]
struct Ring<T> {
    slots: Box<[Slot<T>]>,
    written: Place,
    read: Place,
}

/// A growing count, alone on two cache lines, as processors fetch cache lines in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Place(AtomicUsize);

#[derive(Debug)]
struct Slot<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: `slots` points into the ring, which may be sent between threads (see `Slot`).
unsafe impl<T: Copy + Send> Send for Writer<T> {}

// SAFETY: only the writer writes a slot, while its number is at least `written` and less than `read` plus the length of
// the ring; only the reader reads it, while its number is below `written` and at least `read`. Both counts only grow;
// each is stored with release ordering by the side that owns it, after its accesses, and loaded with acquire ordering
// by the other.
unsafe impl<T: Copy + Send> Sync for Slot<T> {}

/// A ring for at least `capacity` items. All of its memory is mapped.
#[must_use]
pub fn ring<T: Copy + Send>(capacity: usize) -> (Writer<T>, Reader<T>) {
    let length = capacity.max(PUBLISHED_AT_ONCE * 2).next_power_of_two();
    let mut slots = Vec::with_capacity(length);
    slots.resize_with(length, || {
        let mut slot = MaybeUninit::<T>::uninit();
        // SAFETY: zeros are written to the slot's own bytes; nothing reads them as a `T`.
        unsafe { slot.as_mut_ptr().write_bytes(0, 1) };
        Slot(UnsafeCell::new(slot))
    });
    let ring = Arc::new(Ring { slots: slots.into_boxed_slice(), written: Place::default(), read: Place::default() });
    let slots = NonNull::from(&*ring.slots).cast();
    let writer = Writer { ring: Arc::clone(&ring), slots, mask: length - 1, next: 0, free_until: length };
    (writer, Reader { ring, next: 0, known: 0 })
}

impl<T: Copy> Writer<T> {
    /// Writes an item.
    ///
    /// # Errors
    ///
    /// [`Full`] if there is no room; all items before it are published then.
    #[inline(always)]
    pub fn push(&mut self, item: &T) -> Result<(), Full> {
        if self.next == self.free_until && !self.look_for_room() {
            return Err(Full);
        }
        // SAFETY: the slot is within the ring, which lives as long as the writer, and is free for it (see `Slot`).
        unsafe {
            let slot = self.slots.add(self.next & self.mask).as_ref();
            (*slot.0.get()).write(*item);
        }
        self.next += 1;
        if self.next.is_multiple_of(PUBLISHED_AT_ONCE) {
            self.publish();
        }
        Ok(())
    }

    /// Publishes all items written so far to the reader.
    #[inline]
    pub fn publish(&mut self) {
        self.ring.written.0.store(self.next, Ordering::Release);
    }

    #[cold]
    #[inline(never)]
    fn look_for_room(&mut self) -> bool {
        self.publish();
        self.free_until = self.ring.read.0.load(Ordering::Acquire) + self.ring.slots.len();
        self.next != self.free_until
    }
}

/// The ring has no room at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl<T: Copy> Reader<T> {
    /// Passes up to `limit` items to `take`, oldest first. Returns their number.
    #[inline]
    pub fn drain(&mut self, limit: usize, mut take: impl FnMut(&T)) -> usize {
        if self.next == self.known {
            self.known = self.ring.written.0.load(Ordering::Acquire);
        }
        let count = limit.min(self.known - self.next);
        for number in self.next..self.next + count {
            let slot = &self.ring.slots[number & (self.ring.slots.len() - 1)];
            // SAFETY: the slot's number is below `written`, so it is initialised and free for the reader (see `Slot`).
            take(unsafe { (*slot.0.get()).assume_init_ref() });
        }
        if count > 0 {
            self.next += count;
            self.ring.read.0.store(self.next, Ordering::Release);
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    #[repr(C, align(64))]
    struct Line([u64; 8]);

    #[test]
    fn all_items_come_once_in_order() {
        // Miri needs milliseconds for each.
        const ITEMS: u64 = if cfg!(miri) { 1_000 } else { 300_000 };
        let (mut writer, mut reader) = ring::<Line>(100);
        let writing = std::thread::spawn(move || {
            for n in 0..ITEMS {
                while writer.push(&Line([n; 8])).is_err() {
                    std::thread::yield_now();
                }
            }
            writer.publish();
        });
        let mut expected = 0;
        while expected < ITEMS {
            let count = reader.drain(50, |item| {
                assert_eq!(*item, Line([expected; 8]));
                expected += 1;
            });
            if count == 0 {
                std::thread::yield_now();
            }
        }
        assert!(writing.join().is_ok());
        assert_eq!(reader.drain(50, |_| {}), 0);
    }

    #[test]
    fn a_full_ring_takes_nothing_and_shows_everything() {
        const RING: usize = PUBLISHED_AT_ONCE * 2;
        let (mut writer, mut reader) = ring::<Line>(RING);
        for n in 0..RING as u64 {
            assert_eq!(writer.push(&Line([n; 8])), Ok(()));
        }
        assert_eq!(writer.push(&Line([RING as u64; 8])), Err(Full));
        assert_eq!(reader.drain(1, |item| assert_eq!(item.0[0], 0)), 1);
        assert_eq!(writer.push(&Line([RING as u64; 8])), Ok(()));
        assert_eq!(reader.drain(1_000, |_| {}), RING - 1);
        assert_eq!(reader.drain(100, |_| {}), 0);
        writer.publish();
        assert_eq!(reader.drain(100, |item| assert_eq!(item.0[0], RING as u64)), 1);
    }
}
