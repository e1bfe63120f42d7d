//! A running member's status as Aeron counters in the memory of its media driver. Anyone on the host can read them without
//! asking the member.

use aeron_cluster_service::{Cluster, ServiceCounter, ServiceError};
use lugus_vocabulary::{ExecType, MemberVersions, Report, ReportBody, StateAt};

/// Counter types of the service's container.
pub use aeron_cluster_service::{
    DRIVER_PROBE_TYPE_ID, LOG_POSITION_TYPE_ID, LOG_TIME_TYPE_ID, SLOW_SESSIONS_CLOSED_TYPE_ID,
    SNAPSHOT_DURATION_TYPE_ID, SNAPSHOT_LOAD_TYPE_ID,
};

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

/// Counter type of the number of commands given to the engine since the member's start, repeated ones and a replayed log included.
pub const COMMANDS_TYPE_ID: i32 = 2011;

/// Counter type of the number of rejects among their answers.
pub const REJECTED_COMMANDS_TYPE_ID: i32 = 2012;

/// Counter type of the number of fills since the member's start. A trade has two of them.
pub const FILLS_TYPE_ID: i32 = 2013;

/// Counter type of the version of the member's program, as Aeron's `SemanticVersion` composes it.
pub const PROGRAM_VERSION_TYPE_ID: i32 = 2014;

/// Counter type of the latest version of order entry that the member's program knows.
pub const KNOWN_PROTOCOL_VERSION_TYPE_ID: i32 = 2015;

/// Counter type of the active version of order entry.
pub const ACTIVE_PROTOCOL_VERSION_TYPE_ID: i32 = 2016;

/// Counter type of the number of requests that the archive has refused since its start. Its process adds it (`ArchiveDoor`).
pub const ARCHIVE_REFUSALS_TYPE_ID: i32 = 2020;

/// Counter type of the number of connects of clients that were dropped because there were too many. The process of the consensus
/// module adds it (`IngressDoor`).
pub const REFUSED_CONNECTS_TYPE_ID: i32 = 2021;

/// What the engine has told while it applied one command.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) events: u32,
    rejects: u32,
    fills: u32,
}

impl Tally {
    /// Takes a report.
    #[inline]
    pub(crate) fn take(&mut self, report: &Report) {
        self.events += 1;
        match &report.body {
            ReportBody::Execution(execution) if execution.exec_type == ExecType::Trade => self.fills += 1,
            ReportBody::Execution(execution) if execution.exec_type == ExecType::Rejected => self.rejects += 1,
            ReportBody::Reject { .. } | ReportBody::CancelReject { .. } => self.rejects += 1,
            ReportBody::Execution(_)
            | ReportBody::MassCancel { .. }
            | ReportBody::MassCancelAll { .. }
            | ReportBody::Firm(_)
            | ReportBody::FirmLimits(_)
            | ReportBody::MassQuote(_)
            | ReportBody::QuoteStatus(_)
            | ReportBody::MarketMakerProtection(_)
            | ReportBody::Instrument { .. }
            | ReportBody::Risk { .. }
            | ReportBody::TradeAddendum(_) => {}
        }
    }
}

/// A member's own counters.
pub(crate) struct MemberCounters {
    state_hash: ServiceCounter,
    state_hash_position: ServiceCounter,
    refused_messages: ServiceCounter,
    sessions: ServiceCounter,
    lost_market_data: ServiceCounter,
    unauthenticated_messages: ServiceCounter,
    messages_above_rate: ServiceCounter,
    commands: ServiceCounter,
    rejected_commands: ServiceCounter,
    fills: ServiceCounter,
    program_version: ServiceCounter,
    known_protocol_version: ServiceCounter,
    active_protocol_version: ServiceCounter,
}

impl MemberCounters {
    /// Adds the counters to the member's media driver.
    pub(crate) fn add(cluster: &mut dyn Cluster) -> Result<Self, ServiceError> {
        let key = cluster.member_id().to_le_bytes();
        // A driver that is slow takes seconds for all counters, and a new counter is 0. Whoever reads both of these must not take that for
        // the state at position 0: the others would contradict it.
        let state_hash_position =
            cluster.add_counter(STATE_HASH_POSITION_TYPE_ID, &key, "Lugus state hash position")?;
        state_hash_position.set(CHANGING);
        Ok(Self {
            state_hash: cluster.add_counter(STATE_HASH_TYPE_ID, &key, "Lugus state hash")?,
            state_hash_position,
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
            commands: cluster.add_counter(COMMANDS_TYPE_ID, &key, "Lugus commands")?,
            rejected_commands: cluster.add_counter(REJECTED_COMMANDS_TYPE_ID, &key, "Lugus rejects")?,
            fills: cluster.add_counter(FILLS_TYPE_ID, &key, "Lugus fills")?,
            program_version: cluster.add_counter(PROGRAM_VERSION_TYPE_ID, &key, "Lugus program version")?,
            known_protocol_version: cluster.add_counter(
                KNOWN_PROTOCOL_VERSION_TYPE_ID,
                &key,
                "Lugus known protocol version",
            )?,
            active_protocol_version: cluster.add_counter(
                ACTIVE_PROTOCOL_VERSION_TYPE_ID,
                &key,
                "Lugus active protocol version",
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

    /// Publishes the versions of the member. A reader that finds the program's version finds the others, too.
    pub(crate) fn versions(&self, versions: MemberVersions) {
        self.known_protocol_version.set(versions.known.0.into());
        self.active_protocol_version.set(versions.active.0.into());
        self.program_version.set(versions.program.number().into());
    }

    /// Counts a command that was given to the engine, and what came of it.
    #[inline]
    pub(crate) fn applied(&self, tally: Tally) {
        add_as_only_writer(&self.commands, 1);
        if tally.rejects > 0 {
            add_as_only_writer(&self.rejected_commands, tally.rejects);
        }
        if tally.fills > 0 {
            add_as_only_writer(&self.fills, tally.fills);
        }
    }

    /// Counts fills of what the engine does without a command: by a timer, or for a participant that is disconnected.
    pub(crate) fn went_on(&self, tally: Tally) {
        if tally.fills > 0 {
            add_as_only_writer(&self.fills, tally.fills);
        }
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

/// Adds to a counter that nobody else writes: without the locked instruction of an atomic addition.
#[inline]
fn add_as_only_writer(counter: &ServiceCounter, more: u32) {
    counter.set(counter.get().wrapping_add(i64::from(more)));
}

#[cfg(test)]
mod tests {
    use aeron_cluster_service::Role;
    use aeron_cluster_service::testing::RecordingCluster;

    use super::*;

    /// A member that others read while its driver adds the counters, one after the other.
    #[test]
    fn a_member_that_is_still_starting_has_no_state() {
        let mut cluster = RecordingCluster::new(Role::Follower);
        let _counters = MemberCounters::add(&mut cluster).unwrap();
        let place = |type_id| cluster.counters().iter().position(|counter| counter.type_id == type_id).unwrap();
        let position = place(STATE_HASH_POSITION_TYPE_ID);
        assert!(position < place(STATE_HASH_TYPE_ID), "who finds the hash also finds that it is being changed");
        assert_eq!(cluster.counters()[position].counter.get(), CHANGING);
    }
}
