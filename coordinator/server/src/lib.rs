//! The coordinator: keeps the partition map of a deployment, takes requests to change it, and publishes it. Its truth is its
//! own recorded stream, one whole map a record.
//!
//! | file | idea |
//! |---|---|
//! | `coordinator` | [`Coordinator`]: the process as a whole, one duty cycle |
//! | `registry` | [`apply`]: what a request makes of a map, without I/O |
//! | `first_map` | the map of a new deployment, from its `cluster.toml` |
//! | [`migration`] | a move of an instrument between clusters, without I/O |
//! | [`migrator`] | does a move, over Aeron |
//! | `journal` | the recorded stream: replayed at start, appended to, kept short |
//! | `responder` | answers to whoever asked |
//! | `witness` | whose map is in the recording, in a file beside it |
//! | `error` | what went wrong, and what to do |

pub mod migration;
pub mod migrator;

mod coordinator;
mod error;
mod first_map;
mod journal;
mod registry;
mod responder;
mod witness;

pub use coordinator::Coordinator;
pub use error::CoordinatorError;
pub use registry::{Applied, apply};
