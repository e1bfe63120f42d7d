//! The market-data stream of a member: from the engine's thread through a ring to a thread that publishes.
//!
//! | module | what it is |
//! |---|---|
//! | [`audience`] | whether anybody listens, between the two threads |
//! | [`item`] | an increment as a cache line |
//! | [`writer`] | the service's end of the ring, which never waits |
//! | [`publisher`] | the other end, without I/O: makes messages of increments, batched by command |
//! | [`follower_feed`] | whether followers publish, too, and whether a follower's log is of now |
//! | [`snapshot_loop`] | definitions and books in a loop, part by part, for listeners without a session |
//! | [`publications`] | the thread with its Aeron client: UDP to all who announce themselves, and IPC |
//! | [`recorded_index`] | where in the recorded stream a log time is |
//! | `replay_queue` | listeners' requests for replays, until it is their turn |
//! | [`replays`] | the thread that lets the archive record the stream, and replays it to listeners |
//! | `target` | one of its publications |
//!
//! Only committed log entries make increments, and the engine numbers them: whichever member sends number n of an
//! instrument sends the same, so that an old leader's late messages are only repeats, and a follower may send, too.
//!
//! While nobody listens no increments are made, and as soon as somebody does the positions of all instruments are told first.
//! When the ring is full, increments are dropped and counted, until the ring has taken the positions of all instruments
//! again; listeners see the gap in the numbers and recover with a snapshot.

pub mod audience;
pub mod follower_feed;
pub mod item;
pub mod publications;
pub mod publisher;
pub mod recorded_index;
mod replay_queue;
pub mod replays;
pub mod snapshot_loop;
mod target;
pub mod writer;

pub use audience::Audience;
pub use follower_feed::{CatchUp, FollowerFeed};
pub use item::Item;
pub use publications::{PublicationContext, PublishedRings, PublishingThread};
pub use publisher::{Outlet, Publisher, Receivers};
pub use recorded_index::IndexWriter;
pub use replays::{ReplayContext, ReplayThread};
pub use snapshot_loop::{Datagram, SnapshotLoop};
pub use target::MarketDataError;
pub use writer::MarketDataWriter;
