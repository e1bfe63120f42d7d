//! Test doubles and builders that the tests of several crates share. No program depends on this crate.
//!
//! - [`allocations`]: an allocator that counts, for tests that nothing is allocated.
//! - [`instruments`]: definitions of instruments.
//!
//! `tests/tidy/` is the tidy test: the house rules of the whole repository, see `CONTRIBUTING.md`.

pub mod allocations;
pub mod instruments;
