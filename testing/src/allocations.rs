//! An allocator that counts the heap allocations of each thread, for tests that nothing is allocated in steady state.
//!
//! A test binary installs the allocator once and reads the counter before and after the work:
//!
//! ```
//! use lugus_testing::allocations::CountingAllocator;
//!
//! #[global_allocator]
//! static ALLOCATOR: CountingAllocator = CountingAllocator;
//!
//! let before = CountingAllocator::allocations();
//! let boxed = std::hint::black_box(Box::new(1));
//! assert_eq!(CountingAllocator::allocations() - before, 1);
//! # drop(boxed);
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, which also counts allocations. A reallocation counts as one; memory that is freed is not
/// counted.
#[derive(Debug)]
pub struct CountingAllocator;

thread_local! {
    /// One counter a thread, because the threads of the test harness allocate at any time.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    /// Bytes that the thread has allocated, less those that it has freed.
    static LIVE_BYTES: Cell<i64> = const { Cell::new(0) };
}

fn count_bytes(allocated: usize, freed: usize) {
    LIVE_BYTES.set(LIVE_BYTES.get() + allocated as i64 - freed as i64);
}

impl CountingAllocator {
    /// Number of allocations that the calling thread has made. It stays 0 where the allocator is not installed.
    pub fn allocations() -> u64 {
        ALLOCATIONS.get()
    }

    /// Bytes that the calling thread has allocated and not freed, as they were asked for. Memory that another thread freed counts there.
    pub fn live_bytes() -> i64 {
        LIVE_BYTES.get()
    }
}

// SAFETY: every call goes to the system's allocator with the caller's own arguments; counting touches neither.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        count_bytes(layout.size(), 0);
        // SAFETY: the caller keeps this function's contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        count_bytes(layout.size(), 0);
        // SAFETY: the caller keeps this function's contract, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count_bytes(0, layout.size());
        // SAFETY: the caller keeps this function's contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}
