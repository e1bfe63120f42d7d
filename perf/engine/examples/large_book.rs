//! Books of a thousand to ten million orders: nanoseconds a message near the touch and anywhere, and bytes an order.
//!
//! `cargo run --release -p lugus-perf --example large_book`

use lugus_benchmark::measure::LargeBook;

const MESSAGES: usize = 2_000_000;
const SEED: u64 = 23;

fn main() {
    println!("{:>12}{:>12}{:>16}{:>14}{:>16}", "orders", "levels", "near touch ns", "anywhere ns", "bytes an order");
    for orders in [1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
        let levels = (orders / 10).clamp(100, 1_000_000);
        let mut book = LargeBook::new(orders, levels.cast_signed(), SEED);
        let median = |mut times: [f64; 5]| {
            times.sort_by(f64::total_cmp);
            times[2]
        };
        let near = median(std::array::from_fn(|_| book.near_the_touch(MESSAGES)));
        let anywhere = median(std::array::from_fn(|_| book.anywhere(MESSAGES)));
        println!("{orders:>12}{levels:>12}{near:>16.1}{anywhere:>14.1}{:>16.1}", book.bytes_an_order);
    }
}
