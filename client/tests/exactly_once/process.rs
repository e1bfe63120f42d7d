//! A client process: the router with its sessions under test, the commands that it was given, and what it told. The
//! rules are checked whenever it tells something.

use std::collections::BTreeMap;

use lugus_client::sans_io::{Purpose, Router, Session, SessionFactory};
use lugus_client::{
    ClientError, ClientOrderId, CommandNumber, EventHandler, InstrumentId, Limits, NewOrder, ParticipantId, Price,
    Quantity, Report, ReportBody, RetryPolicy, SendError, Side, Status,
};
use lugus_partition_map::ClusterEntry;

use crate::cluster::Cluster;
use crate::engine::Scope;
use crate::network::{Chaos, Random, Time};

/// Outcome of a command, as the session told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    None,
    Answered,
    GaveUp { may_have_been_applied: bool },
    Refused,
}

/// A command that was taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Command {
    pub(crate) client_order_id: u64,
    pub(crate) outcome: Outcome,
}

/// What a process knows of an instrument.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    /// Command `n` is at index `n - 1`.
    pub(crate) commands: Vec<Command>,
    /// Last event that was told or lost; `None` before the first.
    pub(crate) last_event: Option<u64>,
    /// Events that were told: sequence, number of the command, order id.
    pub(crate) told: Vec<(u64, u64, u64)>,
    pub(crate) lost: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) followed: BTreeMap<u32, Followed>,
    pub(crate) is_replaced: bool,
    /// Number of times that a scope went to another cluster.
    pub(crate) moves: usize,
    /// Number of times that a scope had to wait for a move.
    pub(crate) holds: usize,
}

impl Record {
    fn settle(&mut self, instrument: InstrumentId, number: CommandNumber, outcome: Outcome) {
        let command =
            &mut self.followed.get_mut(&instrument.0).expect("an instrument in use").commands[number.0 as usize - 1];
        assert_eq!(command.outcome, Outcome::None, "command {number} of {instrument:?} again: {outcome:?}");
        command.outcome = outcome;
    }
}

impl EventHandler for Record {
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        let followed = self.followed.entry(report.instrument.0).or_default();
        let (event, number) = (report.event_sequence.0, command.0);
        if let Some(last) = followed.last_event {
            assert_eq!(event, last + 1, "events of {:?} out of order", report.instrument);
        }
        followed.last_event = Some(event);
        let ReportBody::Execution(execution) = report.body else { panic!("{report:?}") };
        followed.told.push((event, number, execution.order_id.0));
        if number == 0 {
            return;
        }
        let command = &mut followed.commands[number as usize - 1];
        assert_eq!(command.client_order_id, execution.client_order_id.0, "the answer to another command: {report:?}");
        match command.outcome {
            Outcome::None => command.outcome = Outcome::Answered,
            Outcome::Answered | Outcome::GaveUp { may_have_been_applied: true } => {}
            outcome => panic!("an answer after {outcome:?}: {report:?}"),
        }
    }

    fn on_status(&mut self, status: &Status) {
        match *status {
            Status::GaveUp { instrument, command, may_have_been_applied } => {
                self.settle(instrument, command, Outcome::GaveUp { may_have_been_applied });
            }
            Status::CommandRefused { instrument, command, .. } => {
                self.settle(instrument, command, Outcome::Refused);
            }
            Status::EventGap { instrument, first_lost, last_lost, .. } => {
                let followed = self.followed.get_mut(&instrument.0).expect("an instrument in use");
                let last = followed.last_event.unwrap_or(first_lost.0 - 1);
                assert_eq!(first_lost.0, last + 1, "a gap elsewhere");
                followed.lost += last_lost.0 - last;
                followed.last_event = Some(last_lost.0);
            }
            Status::SessionReplaced => self.is_replaced = true,
            Status::InstrumentMoved { .. } => self.moves += 1,
            Status::InstrumentMoving { .. } => self.holds += 1,
            Status::SequencesReset { .. } | Status::MessageDropped { .. } => panic!("{status:?}"),
            _ => {}
        }
    }
}

/// Opens sessions of one participant.
pub(crate) struct Sessions {
    participant: ParticipantId,
    limits: Limits,
    policy: RetryPolicy,
    seed: u64,
}

impl SessionFactory for Sessions {
    type Session = Session;

    fn open(&mut self, _cluster: &ClusterEntry) -> Result<Session, ClientError> {
        Ok(Session::new(self.participant, self.limits, &self.policy, self.seed))
    }
}

pub(crate) struct Process {
    pub(crate) participant: u32,
    pub(crate) router: Router<Sessions>,
    pub(crate) record: Record,
}

/// The scope of an instrument, in the cluster that has it; while the instrument moves, in the cluster that had it.
pub(crate) fn scope_of(clusters: &[Cluster], participant: u32, instrument: u32) -> Option<&Scope> {
    clusters.iter().filter_map(|cluster| cluster.engine.scopes.get(&(participant, instrument))).next()
}

impl Process {
    pub(crate) fn new(participant: u32, limits: Limits, policy: &RetryPolicy, seed: u64) -> Self {
        let sessions = Sessions { participant: ParticipantId(participant), limits, policy: *policy, seed };
        Self { participant, router: Router::new(sessions), record: Record::default() }
    }

    /// Sends a new order; returns whether the session took it.
    pub(crate) fn order(
        &mut self,
        clusters: &mut [Cluster],
        (client, now, chaos, random): (usize, Time, Chaos, &mut Random),
        instrument: u32,
        client_order_id: u64,
    ) -> bool {
        let order = NewOrder::limit(ClientOrderId(client_order_id), Side::Buy, Price(1), Quantity(1));
        let Some(map) = self.router.map() else { return false };
        let cluster = map.partition(InstrumentId(instrument)).expect("it is traded").owner().0 as usize;
        let session = self.router.session_for(InstrumentId(instrument), Purpose::Order).expect("it is in the map");
        let followed = self.record.followed.entry(instrument).or_default();
        let mut port = clusters[cluster].port(client, now, chaos, random);
        match session.new_order(&mut port, InstrumentId(instrument), &order) {
            Ok(number) => {
                followed.commands.push(Command { client_order_id, outcome: Outcome::None });
                assert_eq!(number.0 as usize, followed.commands.len(), "numbers count from 1 by one");
                true
            }
            Err(SendError::BackPressured | SendError::TooManyOutstanding { .. }) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether everything that can be known has been told.
    pub(crate) fn is_settled(&self, clusters: &[Cluster]) -> bool {
        let is_current = |instrument: u32| {
            self.router.sessions().iter().any(|entry| entry.session.is_current(InstrumentId(instrument)))
        };
        self.record.is_replaced
            || self.router.sessions().iter().all(|entry| entry.session.outstanding() == 0)
                && self.record.followed.iter().all(|(instrument, followed)| {
                    let scope = scope_of(clusters, self.participant, *instrument);
                    let events = scope.map_or(0, |scope| scope.events.len());
                    followed.last_event.unwrap_or(0) == events as u64
                        || (followed.last_event.is_none() && is_current(*instrument))
                })
    }

    /// Compares everything that was told with what happened.
    pub(crate) fn check(&self, clusters: &[Cluster]) {
        let outstanding: usize = self.router.sessions().iter().map(|entry| entry.session.outstanding()).sum();
        for (instrument, followed) in &self.record.followed {
            let scope = scope_of(clusters, self.participant, *instrument);
            let applied = |id: u64| scope.map_or(0, |scope| scope.applied.iter().filter(|it| **it == id).count());
            for command in &followed.commands {
                let times = applied(command.client_order_id);
                match command.outcome {
                    Outcome::Answered => assert_eq!(times, 1, "{command:?}"),
                    Outcome::Refused | Outcome::GaveUp { may_have_been_applied: false } => {
                        assert_eq!(times, 0, "{command:?}");
                    }
                    Outcome::GaveUp { may_have_been_applied: true } => assert!(times <= 1, "{command:?}"),
                    Outcome::None => assert!(times <= 1 && outstanding > 0, "{command:?}"),
                }
            }
            for (event, number, order_id) in &followed.told {
                let happened = &scope.expect("events come of a scope").events[*event as usize - 1];
                assert_eq!(happened.order_id, *order_id, "event {event} is another");
                let own = followed.commands.iter().position(|it| it.client_order_id == happened.client_order_id);
                assert_eq!(own.map_or(0, |index| index as u64 + 1), *number, "event {event} names another command");
            }
        }
    }
}
