//! The counting allocator counts what its own thread allocates, and nothing else.

use std::hint::black_box;
use std::thread;

use lugus_testing::allocations::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn each_allocation_counts_once_and_work_without_any_counts_nothing() {
    let before = CountingAllocator::allocations();
    let mut numbers = black_box(Vec::with_capacity(4));
    assert_eq!(CountingAllocator::allocations() - before, 1);
    numbers.extend([1, 2, 3, 4]);
    assert_eq!(CountingAllocator::allocations() - before, 1);
    numbers.push(5);
    assert_eq!(CountingAllocator::allocations() - before, 2, "growing is an allocation");
    drop(black_box(numbers));
    assert_eq!(CountingAllocator::allocations() - before, 2);
}

#[test]
fn allocations_of_other_threads_do_not_count() {
    let other = thread::spawn(|| {
        let before = CountingAllocator::allocations();
        for number in 0..1_000 {
            drop(black_box(Box::new(number)));
        }
        CountingAllocator::allocations() - before
    });
    // This thread must not allocate until the other one has ended, so it spins.
    let before = CountingAllocator::allocations();
    while !other.is_finished() {
        thread::yield_now();
    }
    assert_eq!(CountingAllocator::allocations() - before, 0);
    assert_eq!(other.join().unwrap(), 1_000);
}
