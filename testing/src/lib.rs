//! Test doubles and builders that the tests of several crates share. No program depends on this crate.
//!
//! - [`allocations`]: an allocator that counts, for tests that nothing is allocated.
//! - [`cases`]: how many cases a test of properties tries.
//! - [`instruments`]: definitions of instruments.
//!
//! `tests/tidy/` is the tidy test: the house rules of the whole repository, see `CONTRIBUTING.md`.

pub mod allocations;
mod cases;
pub mod instruments;

pub use cases::cases;
