//! Time and memory of the order book alone by its size.

use lugus_benchmark::measure::LargeBook;
use lugus_results::{Measurement, Spread};

use crate::output::Output;

/// Sizes of the books, in orders. The largest one comes first: memory that a book returns to the allocator would be reused, and falsify
/// the size of the next one. So memory is measured of the first one only.
const SIZES: [u64; 5] = [10_000_000, 1_000_000, 100_000, 10_000, 1_000];
/// Number of messages of a measurement.
const MESSAGES: usize = 1_000_000;
const SEED: u64 = 23;

/// Measures books of a thousand to ten million orders, each `rounds` times; the smallest one comes first.
pub fn measurements(rounds: u32, output: Output) -> Vec<Measurement> {
    let measured = SIZES.into_iter().enumerate().map(|(index, orders)| {
        let levels = (orders / 10).clamp(100, 1_000_000);
        let mut book = LargeBook::new(orders, levels.cast_signed(), SEED);
        let near = Spread::of((0..rounds).map(|_| book.near_the_touch(MESSAGES)).collect());
        let anywhere = Spread::of((0..rounds).map(|_| book.anywhere(MESSAGES)).collect());
        output.say(format!("{orders:>8} orders: {near} ns near the best prices, {anywhere} ns at any price"));
        let measurement = Measurement::new("large-book")
            .label("orders", orders)
            .figure("near_touch_ns", near)
            .figure("anywhere_ns", anywhere);
        match index {
            0 => measurement.figure("bytes_per_order", Spread::once(book.bytes_an_order)),
            _ => measurement,
        }
    });
    let mut measurements: Vec<Measurement> = measured.collect();
    measurements.reverse();
    measurements
}
