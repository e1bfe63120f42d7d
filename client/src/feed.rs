//! Books that are followed: a snapshot, then every increment.
//!
//! [`MarketDataFeed`] listens to all members of all clusters: the leader of each sends increments (feed A), and its followers do, if
//! the deployment says so (feed B).
//! Increments are numbered in their instrument, alike by all members, and the numbers go on with the next leader, and with the next
//! cluster when the instrument moves. So the same increment from two members is known to be one, and a missing increment shows.
//! Then the book is loaded again, in parts: from the loop of snapshots of a member, or through a session: an
//! [`ExchangeSession`](crate::ExchangeSession) asks the cluster that owns the instrument.
//!
//! | module | what it is |
//! |---|---|
//! | `missing` | increments that are missing, and for how long |
//! | `handler` | what a program hears of followed books |
//! | `gap` | what became of missing increments, and counts |
//! | `book` | the book as it is rebuilt, by level and by order |
//! | `following` | one instrument: loading, following, recovering; without I/O |
//! | `machine` | all instruments: messages in, requests out; without I/O |
//! | `loop_choice` | to whose loop of snapshots the feed listens, and when; without I/O |
//! | `context` | where a feed listens |
//! | `replay_choice` | which member is asked for recorded increments, and when; without I/O |
//! | `replays` | asks it, and receives its replay |
//! | `channel` | one of its subscriptions |
//! | `subscriptions` | all of them, with an Aeron client |
//! | `driver` | all of this, with or without a session |

mod book;
mod channel;
mod context;
mod driver;
mod following;
mod gap;
mod handler;
mod loop_choice;
mod machine;
mod missing;
mod replay_choice;
mod replays;
mod subscriptions;

pub use book::{FollowedBook, MAXIMUM_ENTRIES};
pub use context::{FeedContext, ReplayMembers, Replays, SnapshotLoops};
pub use driver::MarketDataFeed;
pub use gap::{FeedCounts, Gap, GapEnding};
pub use handler::{FeedHandler, FeedStatus, Trade};
pub use machine::{FIRST_REQUEST_ID, Feed, FeedError, MAXIMUM_FOLLOWED, SnapshotRequests};
