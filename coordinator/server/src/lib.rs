//! The coordinator: keeps the partition map of a deployment, takes requests to change it, and publishes it. All of
//! its state is its recorded stream, in which each record is one whole map.
//!
//! | file | idea |
//! |---|---|
//! | `coordinator` | [`Coordinator`]: the process as a whole, one duty cycle |
//! | `registry` | [`apply`]: a request applied to a map, without I/O |
//! | `request_door` | who may change the map |
//! | `first_map` | the map of a new deployment, from its `cluster.toml` |
//! | [`migration`] | the move of an instrument between clusters, as a state machine without I/O |
//! | [`migrator`] | carries out a move over Aeron |
//! | `journal` | the recorded stream: replayed at the start, appended to, and shortened |
//! | `responder` | sends answers to the requesters |
//! | `gauges` | what the coordinator counts, for metrics |
//! | `recording_marker` | a file beside the recording that names the deployment of its map |
//! | `error` | the coordinator's errors |

pub mod migration;
pub mod migrator;

mod coordinator;
mod error;
mod first_map;
mod gauges;
mod journal;
mod recording_marker;
mod registry;
mod request_door;
mod responder;

pub use coordinator::Coordinator;
pub use error::CoordinatorError;
pub use gauges::{CoordinatorGauge, CoordinatorReading};
pub use registry::{Applied, apply};
