//! A running member's status as Aeron counters in the memory of its media driver. Anyone on the host can read them without
//! asking the member.

use aeron_cluster_service::{Cluster, ServiceCounter, ServiceError};
use lugus_vocabulary::StateAt;

/// Counter type of the state hash (Aeron leaves 1000 and up to applications).
pub const STATE_HASH_TYPE_ID: i32 = 2001;

/// Counter type of the log position at which the state hash was last published; -1 while it is being changed.
pub const STATE_HASH_POSITION_TYPE_ID: i32 = 2002;

/// Counter type of the number of messages refused since the member's start.
pub const REFUSED_MESSAGES_TYPE_ID: i32 = 2003;

/// Value of the position's counter while the hash is being changed.
pub const CHANGING: i64 = -1;

/// Counter type of the number of sessions that have a participant.
pub const SESSIONS_TYPE_ID: i32 = 2004;

/// Counter type of the number of increments dropped since the member's start because the ring was full.
pub const LOST_MARKET_DATA_TYPE_ID: i32 = 2005;

/// Counter type of the number of messages ignored since the member's start because they had not the tag of their session.
pub const UNAUTHENTICATED_MESSAGES_TYPE_ID: i32 = 2006;
/// Counter type of the number of other members whose state differs from this member's.
pub const DIFFERING_MEMBERS_TYPE_ID: i32 = 2008;
/// Counter type of the log's time less the member's wall clock, in nanoseconds, as measured last. The process of the consensus
/// module adds it (`ClockWatch`).
pub const CLOCK_DIFFERENCE_TYPE_ID: i32 = 2010;

/// Counter type of the number of messages dropped since the member's start because they were above the rate of their session.
pub const MESSAGES_ABOVE_RATE_TYPE_ID: i32 = 2007;

/// A member's own counters.
pub(crate) struct MemberCounters {
    state_hash: ServiceCounter,
    state_hash_position: ServiceCounter,
    refused_messages: ServiceCounter,
    sessions: ServiceCounter,
    lost_market_data: ServiceCounter,
    unauthenticated_messages: ServiceCounter,
    messages_above_rate: ServiceCounter,
}

impl MemberCounters {
    /// Adds the counters to the member's media driver.
    pub(crate) fn add(cluster: &mut dyn Cluster) -> Result<Self, ServiceError> {
        let key = cluster.member_id().to_le_bytes();
        Ok(Self {
            state_hash: cluster.add_counter(STATE_HASH_TYPE_ID, &key, "Lugus state hash")?,
            state_hash_position: cluster.add_counter(STATE_HASH_POSITION_TYPE_ID, &key, "Lugus state hash position")?,
            refused_messages: cluster.add_counter(REFUSED_MESSAGES_TYPE_ID, &key, "Lugus refused messages")?,
            sessions: cluster.add_counter(SESSIONS_TYPE_ID, &key, "Lugus sessions")?,
            lost_market_data: cluster.add_counter(LOST_MARKET_DATA_TYPE_ID, &key, "Lugus lost market data")?,
            unauthenticated_messages: cluster.add_counter(
                UNAUTHENTICATED_MESSAGES_TYPE_ID,
                &key,
                "Lugus unauthenticated messages",
            )?,
            messages_above_rate: cluster.add_counter(
                MESSAGES_ABOVE_RATE_TYPE_ID,
                &key,
                "Lugus messages above their rate",
            )?,
        })
    }

    /// Publishes a state's hash and log position. Hash and position belong together for a reader that sees the
    /// same position before and after it reads the hash, and not [`CHANGING`].
    #[inline]
    pub(crate) fn state(&self, state: StateAt) {
        self.state_hash_position.set(CHANGING);
        self.state_hash.set(state.hash.0.cast_signed());
        self.state_hash_position.set(state.position.0);
    }

    /// Counts a message that was refused.
    pub(crate) fn refused(&self) {
        self.refused_messages.increment();
    }

    /// Counts a message that was ignored because it had not the tag of its session; returns the number of them.
    pub(crate) fn unauthenticated(&self) -> i64 {
        self.unauthenticated_messages.increment();
        self.unauthenticated_messages.get()
    }

    /// Counts a message that was dropped because it was above the rate of its session.
    pub(crate) fn above_rate(&self) {
        self.messages_above_rate.increment();
    }

    /// Publishes the number of sessions that have a participant.
    pub(crate) fn sessions(&self, count: usize) {
        self.sessions.set(count as i64);
    }

    /// Publishes the number of increments dropped so far.
    pub(crate) fn lost_market_data(&self, count: u64) {
        self.lost_market_data.set(count.cast_signed());
    }
}
