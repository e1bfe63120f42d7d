//! Capacity planning: what a load needs of a machine.
//!
//! [`load`] is what is asked, [`service_times`] what was measured on the machine, and [`plan`] brings them together: [`queueing`] has the round
//! trips, [`memory`], [`disk`], [`network`] and [`recovery`] the rest, [`placement`] which cluster trades which pair. [`live`] reads a running
//! cluster's metrics. docs/capacity.md has the model and what it was compared with.

mod cluster_file;
pub mod disk;
mod error;
pub mod live;
pub mod load;
pub mod memory;
pub mod network;
pub mod page;
pub mod pair_file;
pub mod placement;
pub mod plan;
pub mod queueing;
pub mod recovery;
pub mod service_times;
mod text;
pub mod traffic;

pub use error::PlanError;
pub use text::bytes;
