//! Real processes: that they answer, die with their parent, are noticed when they die, and start again after a kill.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod child_process;
mod client_driver;
mod failures;
mod member;
mod support;
