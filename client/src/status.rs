//! What the SDK itself tells, and the trait by which a program hears all of it.

use aeron_cluster_client::DisconnectReason;
use lugus_partition_map::MapError;
use lugus_topology::ClusterId;
use lugus_vocabulary::{
    Book, EpochNanos, EventSequence, InstrumentId, MapEpoch, MessageRejectReason, RejectReason, Report,
};

use crate::command_number::CommandNumber;
use crate::error::ClientError;
use crate::wire::DecodeError;

/// Hears everything that concerns a session, during [`TradingSession::poll`](crate::TradingSession::poll) and in order.
/// What is borrowed is good for the call only.
pub trait EventHandler {
    /// An event of the participant's own: each exactly once, in the order of its scope's event sequence.
    ///
    /// `command` is the number that the command which the event answers was given by this session;
    /// [`CommandNumber::NONE`] if the event answers none, or a command of an earlier session.
    fn on_report(&mut self, report: &Report, command: CommandNumber);

    /// Another participant's event, after
    /// [`request_drop_copy`](crate::TradingSession::request_drop_copy). Drop copies are not resumed: what happens while
    /// this session is not connected is not told.
    fn on_drop_copy(&mut self, report: &Report) {
        let _ = report;
    }

    /// The answer to [`request_book`](crate::TradingSession::request_book).
    fn on_book(&mut self, book: &Book) {
        let _ = book;
    }

    /// Something about the session or a command.
    fn on_status(&mut self, status: &Status) {
        let _ = status;
    }

    /// Of an [`ExchangeSession`](crate::ExchangeSession): something about its session with one cluster.
    fn on_cluster_status(&mut self, cluster: ClusterId, status: &Status) {
        let _ = cluster;
        self.on_status(status);
    }
}

impl<H: EventHandler + ?Sized> EventHandler for &mut H {
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        (**self).on_report(report, command);
    }

    fn on_drop_copy(&mut self, report: &Report) {
        (**self).on_drop_copy(report);
    }

    fn on_book(&mut self, book: &Book) {
        (**self).on_book(book);
    }

    fn on_status(&mut self, status: &Status) {
        (**self).on_status(status);
    }

    fn on_cluster_status(&mut self, cluster: ClusterId, status: &Status) {
        (**self).on_cluster_status(cluster, status);
    }
}

/// Hears nothing.
impl EventHandler for () {
    fn on_report(&mut self, _report: &Report, _command: CommandNumber) {}
}

/// What the SDK tells about the session or a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// A cluster session is open. The SDK asks for what was missed since the last, and sends again what is unanswered.
    Connected {
        /// Aeron's number of the new session.
        cluster_session_id: i64,
        /// Member that leads.
        leader_member_id: i32,
    },
    /// The same session goes on with another leader, or the same in a new term. Handled as after `Connected`.
    NewLeader {
        /// Member that leads now.
        leader_member_id: i32,
    },
    /// The cluster session is gone. Commands are still taken, up to the limit, and sent in the next session.
    Disconnected {
        /// Why.
        reason: Disconnection,
    },
    /// A newer session of the same participant took over. This one has ended and does not come back, or the two would
    /// take the participant's events from each other for ever.
    SessionReplaced,
    /// A command will not be sent again. If it was applied after all and its outcome comes up later, that is told
    /// as a report.
    GaveUp {
        /// Its scope's instrument.
        instrument: InstrumentId,
        /// Its number.
        command: CommandNumber,
        /// `false`: it was not applied and will not be. `true`: not known.
        may_have_been_applied: bool,
    },
    /// Events are lost for this session: the engine does not retain them any more. They are in the recorded log.
    EventGap {
        /// Their scope's instrument.
        instrument: InstrumentId,
        /// First of them.
        first_lost: EventSequence,
        /// Last of them.
        last_lost: EventSequence,
        /// Log time of the last of them.
        lost_through: EpochNanos,
    },
    /// The cluster stands before what this session has seen of the scope: it has lost its state, or is another one. The
    /// session goes on from where the cluster stands.
    SequencesReset {
        /// The scope's instrument.
        instrument: InstrumentId,
        /// Last event that this session had seen.
        last_seen: EventSequence,
        /// Last event that the cluster knows of.
        last_known: EventSequence,
    },
    /// The instrument is on its way to another cluster. Its commands are kept, and sent in order where it is traded next;
    /// or given up, if that takes longer than [`RetryPolicy::moved_timeout`](crate::RetryPolicy::moved_timeout).
    InstrumentMoving {
        /// Which.
        instrument: InstrumentId,
        /// The partition map that will tell where it is.
        epoch: MapEpoch,
    },
    /// The partition map has the instrument in another cluster now. Its scope goes on there.
    InstrumentMoved {
        /// Which.
        instrument: InstrumentId,
        /// Its cluster from now on.
        cluster: ClusterId,
    },
    /// A newer partition map is in use.
    MapChanged {
        /// Its number.
        epoch: MapEpoch,
    },
    /// The newest partition map cannot be had or used. The one before stays in use, or, without one, no command is taken.
    MapRefused {
        /// Why.
        reason: MapError,
    },
    /// No session can be opened with a cluster of the partition map; commands of its instruments are not taken.
    ClusterUnusable {
        /// Which.
        cluster: ClusterId,
        /// Why.
        reason: ClientError,
    },
    /// A command was not applied: there is no such instrument, or the partition has no room for another participant.
    CommandRefused {
        /// The instrument.
        instrument: InstrumentId,
        /// The command's number.
        command: CommandNumber,
        /// Why.
        reason: RejectReason,
    },
    /// A message of this session could not be read or was not allowed.
    MessageRejected {
        /// SBE template that it claimed to be; 0 when not even that could be read.
        template_id: u16,
        /// Why.
        reason: MessageRejectReason,
    },
    /// There is no such instrument to give a book of.
    BookRefused {
        /// The asker's number.
        request_id: u64,
        /// The instrument asked for.
        instrument: InstrumentId,
    },
    /// A message of the cluster could not be used.
    MessageDropped {
        /// Why.
        reason: DropReason,
    },
}

/// Why a cluster session is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disconnection {
    /// As the cluster client says.
    Cluster(DisconnectReason),
    /// The SDK left it, to be certain that nothing sent in it is still under way: a command was given up or refused
    /// after it had been sent more than once.
    Unanswered,
}

/// Why a message of the cluster could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DropReason {
    /// It could not be read.
    Malformed(DecodeError),
    /// An event of an instrument beyond [`Limits::maximum_instruments`](crate::Limits::maximum_instruments).
    TooManyInstruments(InstrumentId),
}
