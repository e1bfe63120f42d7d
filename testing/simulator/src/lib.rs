//! A simulated deployment: the real engine, node service, container agent, SDK, mover and registry, in one process and one
//! thread, over a log, a network, disks and clocks that are simulated. Each run draws what it consists of and what goes wrong
//! from its seed, so that a run that fails can be repeated.
//!
//! | file | idea |
//! |---|---|
//! | `simulation` | [`simulate`]: many runs; [`run`]: one; the shortest run that still fails |
//! | `plan` | what a run consists of |
//! | `faults` | [`Fault`]: what goes wrong, and how often |
//! | `world`, `definitions` | one deployment, step by step |
//! | `history` | a whole run, and what must be true at its end |
//! | `group`, `log_entry` | members that agree on a log, as Raft allows |
//! | `member`, `timers` | the real container with the real service; its consensus module and archive |
//! | `network`, `port` | messages that are late, lost, and come twice; sessions |
//! | `client`, `commands` | a client process: the real router and sessions, and what it asks for |
//! | `coordinator`, `migrator` | the real registry; the real mover and its sessions |
//! | `auditor` | reads the committed log, and compares it with the oracle, and members with it |
//! | `truth` | what the committed logs say that happened |
//! | `sabotage` | what the simulator's own tests break, to see that it is found |

mod auditor;
mod client;
mod commands;
mod coordinator;
mod definitions;
mod faults;
mod group;
mod history;
mod log_entry;
mod member;
mod migrator;
mod network;
// The engine's tests compare with the same oracle.
#[allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "it is a part of the engine's tests")]
#[path = "../../../engine/tests/oracle/mod.rs"]
mod oracle;
mod plan;
mod port;
mod random;
mod sabotage;
mod simulation;
mod timers;
mod truth;
mod venue;
mod world;

pub use commands::Commands;
pub use faults::Fault;
pub use plan::Options;
pub use random::Random;
pub use sabotage::Sabotage;
pub use simulation::{Failure, Summary, run, shrink, simulate};
