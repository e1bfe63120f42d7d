//! Books that are followed: a snapshot, then every increment.
//!
//! [`MarketDataFeed`] listens to all members of all clusters; of each cluster only the member that leads sends.
//! Increments are numbered in their instrument, and the numbers go on with the next leader, and with the next cluster
//! when the instrument moves. So the same increment from two members is known to be one, and a missing increment shows.
//! Then the book is requested again, in parts, through a session: an [`ExchangeSession`](crate::ExchangeSession) asks
//! the cluster that owns the instrument.
//!
//! | module | what it is |
//! |---|---|
//! | `handler` | what a program hears of followed books |
//! | `book` | the book as it is rebuilt, by level and by order |
//! | `following` | one instrument: loading, following, recovering; without I/O |
//! | `machine` | all instruments: messages in, requests out; without I/O |
//! | `driver` | the same with an Aeron client and a session |

mod book;
mod driver;
mod following;
mod handler;
mod machine;

pub use book::{FollowedBook, MAXIMUM_ENTRIES};
pub use driver::{FeedContext, MarketDataFeed};
pub use handler::{FeedHandler, FeedStatus, Trade};
pub use machine::{FIRST_REQUEST_ID, Feed, FeedError, MAXIMUM_FOLLOWED, SnapshotRequests};
