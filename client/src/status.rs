//! What the SDK itself tells, and the trait by which a program hears everything.

use aeron_cluster_client::DisconnectReason;
use lugus_codecs::MessageError;
use lugus_partition_map::MapError;
use lugus_topology::ClusterId;
use lugus_vocabulary::{
    Book, EpochNanos, EventSequence, FirmEvent, GraceTime, InstrumentId, MapEpoch, MemberId, MessageRejectReason,
    OrderStatusReport, ParticipantId, RejectReason, Report,
};

use crate::command_number::CommandNumber;
use crate::error::ClientError;
use crate::open_orders::OpenOrdersPart;

/// Hears everything that concerns a session, during [`TradingSession::poll`](crate::TradingSession::poll) and in order.
/// Borrowed arguments are valid for the call only.
pub trait EventHandler {
    /// An event of the participant's own: each exactly once, in the order of its scope's event sequence.
    ///
    /// `command` is the number of the command that the event answers, as this session gave it. It is
    /// [`CommandNumber::NONE`] if the event answers no command, or a command of an earlier session.
    fn on_report(&mut self, report: &Report, command: CommandNumber);

    /// An event of the participant's own, as [`Self::on_report`], from an [`ExchangeSession`](crate::ExchangeSession), with the
    /// cluster that tells it. Events and commands of no instrument have numbers of their own in each cluster.
    #[inline]
    fn on_cluster_report(&mut self, cluster: ClusterId, report: &Report, command: CommandNumber) {
        let _ = cluster;
        self.on_report(report, command);
    }

    /// An event of another participant, after [`request_drop_copy`](crate::TradingSession::request_drop_copy). Drop
    /// copies are not resumed: events that happen while this session is not connected are not told.
    fn on_drop_copy(&mut self, report: &Report) {
        let _ = report;
    }

    /// An event of a participant of the firm that the session follows, with its number among those of the firm: each exactly
    /// once, in the order of these numbers. An event of the session's own participant comes to [`Self::on_report`], too.
    fn on_firm_event(&mut self, event: &FirmEvent) {
        let _ = event;
    }

    /// The same from an [`ExchangeSession`](crate::ExchangeSession), with the cluster that tells it: a firm's events have numbers
    /// of their own in each cluster.
    fn on_cluster_firm_event(&mut self, cluster: ClusterId, event: &FirmEvent) {
        let _ = cluster;
        self.on_firm_event(event);
    }

    /// The answer to [`request_book`](crate::TradingSession::request_book).
    fn on_book(&mut self, book: &Book) {
        let _ = book;
    }

    /// Open orders of the participant's own, whole, as part of a rebuilding: see
    /// [`RebuildPolicy`](crate::RebuildPolicy) and [`OpenOrders`](crate::OpenOrders). The part comes among the events: it
    /// is true after the events told before it.
    fn on_open_orders(&mut self, part: &OpenOrdersPart<'_>) {
        let _ = part;
    }

    /// The answer to [`request_order_status`](crate::TradingSession::request_order_status) or
    /// [`request_open_orders`](crate::TradingSession::request_open_orders).
    fn on_order_status(&mut self, report: &OrderStatusReport) {
        let _ = report;
    }

    /// Something about the session or a command.
    fn on_status(&mut self, status: &Status) {
        let _ = status;
    }

    /// Something about the session of an [`ExchangeSession`](crate::ExchangeSession) with one cluster.
    fn on_cluster_status(&mut self, cluster: ClusterId, status: &Status) {
        let _ = cluster;
        self.on_status(status);
    }
}

impl<H: EventHandler + ?Sized> EventHandler for &mut H {
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        (**self).on_report(report, command);
    }

    fn on_cluster_report(&mut self, cluster: ClusterId, report: &Report, command: CommandNumber) {
        (**self).on_cluster_report(cluster, report, command);
    }

    fn on_drop_copy(&mut self, report: &Report) {
        (**self).on_drop_copy(report);
    }

    fn on_firm_event(&mut self, event: &FirmEvent) {
        (**self).on_firm_event(event);
    }

    fn on_cluster_firm_event(&mut self, cluster: ClusterId, event: &FirmEvent) {
        (**self).on_cluster_firm_event(cluster, event);
    }

    fn on_book(&mut self, book: &Book) {
        (**self).on_book(book);
    }

    fn on_open_orders(&mut self, part: &OpenOrdersPart<'_>) {
        (**self).on_open_orders(part);
    }

    fn on_order_status(&mut self, report: &OrderStatusReport) {
        (**self).on_order_status(report);
    }

    fn on_status(&mut self, status: &Status) {
        (**self).on_status(status);
    }

    fn on_cluster_status(&mut self, cluster: ClusterId, status: &Status) {
        (**self).on_cluster_status(cluster, status);
    }
}

/// Ignores everything.
impl EventHandler for () {
    fn on_report(&mut self, _report: &Report, _command: CommandNumber) {}
}

/// What the SDK tells about the session or a command.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// A cluster session is open. The SDK asks for events that were missed since the last one, and sends unanswered
    /// commands again.
    Connected {
        /// Aeron's number of the new session.
        cluster_session_id: i64,
        /// The member that leads.
        leader_member_id: MemberId,
    },
    /// The same session continues with another leader, or with the same leader in a new term. It is handled like
    /// `Connected`.
    NewLeader {
        /// The member that leads now.
        leader_member_id: MemberId,
    },
    /// Cancel on disconnect is in force in this session, as [`Config::cancel_on_disconnect`](crate::Config::cancel_on_disconnect)
    /// says.
    CancelOnDisconnect {
        /// The participant's orders are canceled after this time without a session; `None` if they stay.
        grace: Option<GraceTime>,
    },
    /// The cluster session has ended. Commands are still taken, up to the limit, and sent in the next session.
    Disconnected {
        /// Why it has ended.
        reason: Disconnection,
    },
    /// A newer session of the same participant took over. This one has ended and does not come back, or the two would
    /// take the participant's events from each other for ever.
    SessionReplaced,
    /// A command will not be sent again. If the command was applied after all and its outcome comes later, that is told
    /// as a report.
    GaveUp {
        /// The instrument of the command's scope.
        instrument: InstrumentId,
        /// The command's number.
        command: CommandNumber,
        /// `false`: the command was not applied and will not be. `true`: that is not known.
        may_have_been_applied: bool,
    },
    /// Events are lost for this session, as the engine no longer retains them. They are in the recorded log.
    EventGap {
        /// The instrument of the events' scope.
        instrument: InstrumentId,
        /// The first lost event.
        first_lost: EventSequence,
        /// The last lost event.
        last_lost: EventSequence,
        /// Log time of the last lost event.
        lost_through: EpochNanos,
    },
    /// The cluster stands before what this session has seen of the scope: it has lost its state, or is another cluster.
    /// The session continues from the cluster's numbers.
    SequencesReset {
        /// The scope's instrument.
        instrument: InstrumentId,
        /// The last event that this session had seen.
        last_seen: EventSequence,
        /// The last event that the cluster knows of.
        last_known: EventSequence,
    },
    /// Events of the firm that the session follows are lost for this session, as the engine no longer keeps them. They are in
    /// the recorded log.
    FirmEventGap {
        /// The firm.
        firm: ParticipantId,
        /// The first lost event.
        first_lost: EventSequence,
        /// The last lost event.
        last_lost: EventSequence,
        /// Log time of the last lost event.
        lost_through: EpochNanos,
    },
    /// The events of the followed firm have begun anew: the firm ended and began again, or the cluster has lost its state. The
    /// session continues from the cluster's numbers.
    FirmSequencesReset {
        /// The firm.
        firm: ParticipantId,
        /// The last event that this session had seen.
        last_seen: EventSequence,
        /// The last event that the cluster knows of.
        last_known: EventSequence,
    },
    /// The cluster does not let this session follow the firm: its participant does not belong to it, too many sessions follow it,
    /// or there is no such firm. The session follows it no more.
    FirmRefused {
        /// The firm.
        firm: ParticipantId,
        /// Why not.
        reason: MessageRejectReason,
    },
    /// The instrument is on its way to another cluster. Its commands are kept, and sent in order where it is traded
    /// next; they are given up if that takes longer than
    /// [`RetryPolicy::moved_timeout`](crate::RetryPolicy::moved_timeout).
    InstrumentMoving {
        /// The instrument.
        instrument: InstrumentId,
        /// Lowest epoch of a partition map that can name the instrument's new owner.
        epoch: MapEpoch,
    },
    /// The partition map has given the instrument to another cluster. Its scope continues there.
    InstrumentMoved {
        /// The instrument.
        instrument: InstrumentId,
        /// Its cluster from now on.
        cluster: ClusterId,
    },
    /// A newer partition map is in use.
    MapChanged {
        /// Number of the map.
        epoch: MapEpoch,
    },
    /// The newest partition map cannot be had or used. The one before stays in use; without one, no command is taken.
    MapRefused {
        /// Why it cannot be used.
        reason: MapError,
    },
    /// No session can be opened with a cluster of the partition map; commands of its instruments are not taken.
    ClusterUnusable {
        /// The cluster.
        cluster: ClusterId,
        /// Why no session can be opened.
        reason: ClientError,
    },
    /// A command was not applied: there is no such instrument, the partition has no room for another participant, or this one
    /// may not send commands.
    CommandRefused {
        /// The instrument of the command's scope.
        instrument: InstrumentId,
        /// The command's number.
        command: CommandNumber,
        /// Why it was not applied.
        reason: RejectReason,
    },
    /// The cluster could not read a message of this session, or did not allow it.
    MessageRejected {
        /// SBE template of the message; 0 if not even that could be read.
        template_id: u16,
        /// Why it was rejected.
        reason: MessageRejectReason,
    },
    /// A request for a book was refused, as there is no such instrument.
    BookRefused {
        /// The number that the program gave the request.
        request_id: u64,
        /// The instrument asked for.
        instrument: InstrumentId,
    },
    /// The session begins to ask for the participant's own open orders, which come to
    /// [`EventHandler::on_open_orders`].
    RebuildBegun {
        /// The instrument; [`InstrumentId::NONE`] for all instruments of the cluster.
        instrument: InstrumentId,
    },
    /// All open orders have been told, as they are after the events told until now.
    StateRebuilt {
        /// The instrument; [`InstrumentId::NONE`] for all instruments of the cluster.
        instrument: InstrumentId,
    },
    /// The cluster does not tell the open orders: it does not have the instrument, or is of a version that cannot.
    RebuildRefused {
        /// The instrument; [`InstrumentId::NONE`] for all instruments of the cluster.
        instrument: InstrumentId,
        /// Why not.
        reason: RejectReason,
    },
    /// A message of the cluster could not be used.
    MessageDropped {
        /// Why it could not be used.
        reason: DropReason,
    },
}

/// Why a cluster session has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disconnection {
    /// The cluster client tells the reason.
    Cluster(DisconnectReason),
    /// The SDK left the session, to be certain that nothing sent in it is still under way: a command was given up or
    /// refused after it had been sent more than once.
    Unanswered,
}

/// Why a message of the cluster could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DropReason {
    /// The message could not be read.
    Malformed(MessageError),
    /// An event of an instrument beyond [`Limits::maximum_instruments`](crate::Limits::maximum_instruments).
    TooManyInstruments(InstrumentId),
}
