//! Numbers that one process keeps in shared memory, and others read whenever they like.
//!
//! A [`Gauges`] is a file of fixed length that is mapped into memory. Its owner changes a number by one plain store, and neither
//! waits nor calls the system; a reader ([`read`]) reads the file, also while its owner runs and after its owner was killed. What a
//! number means is known by the crate that writes it.
//!
//! Aeron's counters are for the same purpose. But a media driver has room for some thousands of them, each takes it a request to
//! add, and there are more reject reasons and buckets of histograms than an operator of a driver would like to see.
//!
//! | file | what it is |
//! |---|---|
//! | `file` | [`Gauges`], the writer; [`read`], the reader; the layout of the file |
//! | `histogram` | [`HistogramCells`]: durations by buckets, in cells of such a file |

mod file;
mod histogram;

pub use file::{Gauges, Kind, MAXIMUM_CELLS, ReadError, read};
pub use histogram::{BOUNDS_NS, HistogramCells, HistogramReading};
