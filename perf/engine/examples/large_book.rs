//! Books of a thousand to ten million orders: nanoseconds a message near the touch and anywhere in the book, and bytes
//! an order. As a measure of the machine itself, also nanoseconds of dependent random reads in as much memory.
//!
//! `cargo run --release -p lugus-perf --example large_book`

use lugus_benchmark::measure::{LargeBook, dependent_read};

const MESSAGES: usize = 2_000_000;
const SEED: u64 = 23;

fn main() {
    println!(
        "{:>12}{:>12}{:>16}{:>14}{:>16}{:>12}",
        "orders", "levels", "near touch ns", "anywhere ns", "bytes an order", "a read ns"
    );
    for orders in [1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
        let levels = (orders / 10).clamp(100, 1_000_000);
        let mut book = LargeBook::new(orders, levels.cast_signed(), SEED);
        let near = median(|| book.near_the_touch(MESSAGES));
        let anywhere = median(|| book.anywhere(MESSAGES));
        let bytes = book.bytes_an_order;
        drop(book);
        let read = median(|| dependent_read((bytes * orders as f64) as usize, MESSAGES));
        println!("{orders:>12}{levels:>12}{near:>16.1}{anywhere:>14.1}{bytes:>16.1}{read:>12.1}");
    }
}

/// Median of five measurements.
fn median(mut measured: impl FnMut() -> f64) -> f64 {
    let mut times: [f64; 5] = std::array::from_fn(|_| measured());
    times.sort_by(f64::total_cmp);
    times[2]
}
