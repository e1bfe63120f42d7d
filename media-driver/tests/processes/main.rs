//! Tests with real processes: they answer, die with their parent, their death is noticed, and they start again after a kill.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod child_process;
mod client_driver;
mod failures;
mod member;
mod support;
