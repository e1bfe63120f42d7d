//! A ring from one thread to one other: for events on their way from who makes them to who sends them.
//!
//! Each side keeps its own place, and what it last saw of the other's, so that they touch a common cache line only when
//! the ring looks full or empty. Items are shown to the reader [`PUBLISHED_AT_ONCE`] at a time, or at a
//! [`Writer::publish`] (Lamport 1977; the cached places are those of Giacomoni, Moseley and Vachharajani, "FastForward",
//! 2008). Items that fill a cache line, or are several in one, and are aligned so, cost least.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// After how many items the writer shows them to the reader.
pub const PUBLISHED_AT_ONCE: usize = 128;

/// Puts items in; there is one.
#[derive(Debug)]
#[repr(align(128))]
pub struct Writer<T: Copy> {
    ring: Arc<Ring<T>>,
    /// The ring's slots.
    slots: NonNull<Slot<T>>,
    /// One less than how many there are, which is a power of two.
    mask: usize,
    /// Items put in.
    next: usize,
    /// How far `next` can go before the reader's place must be read again.
    free_until: usize,
}

/// Takes items out; there is one.
#[derive(Debug)]
#[repr(align(128))]
pub struct Reader<T: Copy> {
    ring: Arc<Ring<T>>,
    /// Items taken out.
    next: usize,
    /// Items known to be there.
    known: usize,
}

#[derive(Debug)]
struct Ring<T> {
    slots: Box<[Slot<T>]>,
    written: Place,
    read: Place,
}

/// A count that grows, alone on two cache lines, as processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Place(AtomicUsize);

#[derive(Debug)]
struct Slot<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: what `slots` points to is the ring's, which may go from thread to thread (see `Slot`).
unsafe impl<T: Copy + Send> Send for Writer<T> {}

// SAFETY: a slot is written only by the one writer, while its number is not below `written` and less than a ring's
// length above `read`; it is read only by the one reader, while its number is below `written` and not below `read`.
// Both places only grow, and are released by who wrote or read before and acquired by the other.
unsafe impl<T: Copy + Send> Sync for Slot<T> {}

/// A ring for so many items at least, all of whose memory is in place.
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
    /// Puts an item in, or gives it back if the ring is full.
    ///
    /// # Errors
    ///
    /// The item, if there is no room; all before it is shown to the reader then.
    #[inline(always)]
    pub fn push(&mut self, item: &T) -> Result<(), Full> {
        if self.next == self.free_until && !self.look_for_room() {
            return Err(Full);
        }
        // SAFETY: the place is one of the ring's, which lives as long as this; the slot is free and the writer's (see `Slot`).
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

    /// Shows the reader all that was put in.
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

/// There is no room now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl<T: Copy> Reader<T> {
    /// Gives items to `take`, up to `limit`, oldest first. Returns how many.
    #[inline]
    pub fn drain(&mut self, limit: usize, mut take: impl FnMut(&T)) -> usize {
        if self.next == self.known {
            self.known = self.ring.written.0.load(Ordering::Acquire);
        }
        let count = limit.min(self.known - self.next);
        for number in self.next..self.next + count {
            let slot = &self.ring.slots[number & (self.ring.slots.len() - 1)];
            // SAFETY: the slot is below `written`, so that it is initialised and the reader's (see `Slot`).
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
        const ITEMS: u64 = 300_000;
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
