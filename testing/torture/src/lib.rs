//! A real deployment under torture: three members, each in a network namespace of its own where that is possible, under load from several
//! clients, are killed, stopped, parted, slowed down, damaged and filled at random, and together. Then everything is healed and checked:
//! each command took effect exactly once, nothing that was acknowledged is lost, and all members have the same state.
//!
//! | file | idea |
//! |---|---|
//! | `torture` | [`torture`]: a run from its begin to its end |
//! | `scenario` | [`play`]: sequences of faults with conditions, played many times |
//! | `endurance`, `samples` | [`endure`]: a long run in which nothing goes wrong; what the processes take meanwhile |
//! | `options` | [`Options`]: what is asked for |
//! | `fault`, `plan` | [`Fault`]: a fault as a value; faults drawn from a seed, or taken from a file |
//! | `injector`, `damage` | makes faults happen, and ends them; files of a member that is down |
//! | `site`, `members`, `companion`, `processes` | folder and deployment; members that are started, killed and repaired; coordinator and other cluster; processes as the system lists them |
//! | `namespaces`, `tun`, `switch`, `links` | [`enter`]: network namespaces; the network between them, which this process is |
//! | `load`, `record`, `answers` | clients with the SDK; what each was told; how long nobody was answered |
//! | `java_client`, `java_history` | clients in Java: their processes; the journal of one, as what it was told |
//! | `wishes` | what clients are asked to do, and how they are |
//! | `operator` | the instruments at the beginning, the end of all orders |
//! | `truth`, `numbered`, `fingerprint` | what the committed logs say, read piece by piece; members' states are held against it |
//! | `verdict`, `audit`, `outcome` | clients' histories against the log; `lugus audit`; [`Outcome`] |
//! | `error` | [`TortureError`] |

mod answers;
mod audit;
mod companion;
mod damage;
mod endurance;
mod error;
mod fault;
mod fingerprint;
mod injector;
mod java_client;
mod java_history;
mod links;
mod load;
mod members;
mod namespaces;
mod numbered;
mod operator;
mod options;
mod outcome;
mod plan;
mod processes;
mod record;
mod samples;
mod scenario;
mod site;
mod switch;
mod torture;
mod truth;
mod tun;
mod verdict;
mod wishes;

pub use endurance::{Endurance, Endured, endure};
pub use error::TortureError;
pub use fault::{Fault, FaultGroup, FaultKind, ProcessKind, Target};
pub use namespaces::{Placement, enter};
pub use options::Options;
pub use outcome::{Outcome, Played};
pub use samples::Trend;
pub use scenario::{Scenario, play};
pub use torture::{Event, torture};
