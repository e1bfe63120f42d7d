//! The coordinator.

mod registry;

pub use registry::{Applied, apply};
