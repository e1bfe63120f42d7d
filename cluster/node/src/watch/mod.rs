//! The members of a cluster watch each other's state: all the time each tells hashes of its state with their log positions,
//! and compares its own with those of the others. A member that a majority contradicts fences itself.
//!
//! | module | what it is |
//! |---|---|
//! | [`sampler`] | the service's end of a ring: the states that every member tells, chosen by the log alone |
//! | [`comparison`] | without I/O: states of this member and the others in, what differs out |
//! | [`fence`] | the file by which a member that was contradicted does not start again |
//! | [`listener`] | what other members tell, received: by a member, and by a program that asks how all members stand |
//! | `proof` | by the members' key, if there is one: a report is a member's |
//! | [`thread`] | the thread with its Aeron client, which tells, listens, and compares |
//! | [`fencing`] | what the member's watching thread does, and the end of a member that was contradicted |
//!
//! Two members that differ where no majority is heard (two of three run) are told in the log and by `lugus status`, and trading
//! goes on: nobody knows which of the two is right, and to end one of them would end trading.

pub mod comparison;
pub mod fence;
pub mod fencing;
pub mod listener;
mod proof;
pub mod sampler;
pub mod thread;

pub use comparison::{Contradiction, StateComparison};
pub use fence::{Contradicted, FenceError};
pub use listener::{HeardReport, ListenError, MemberListener, hear_members};
pub use sampler::StateSampler;
pub use thread::{WatchContext, WatchError, WatchThread};
