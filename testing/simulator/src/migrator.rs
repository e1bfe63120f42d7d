//! A migrator: the real mover, with sessions of the operator in both clusters and messages to the coordinator, all of which
//! may be lost or late. It does what the migrator over Aeron does, whose sends it stands in for.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use lugus_codecs::migration::{MigrationAnswer, decode_migration_answer, encode_migration_request};
use lugus_codecs::{Envelope, order_entry};
use lugus_coordinator::migration::{Action, Ending, Intent, MoveError, Mover, Party, Timing};
use lugus_partition_map::{AcceptedRequest, MapEpoch, MapRefusal, MapRequest};
use lugus_vocabulary::{InstrumentId, MigrationStep};

use crate::coordinator::Coordinator;
use crate::group::Group;
use crate::network::{Channel, Network, Time, ToClient};
use crate::sabotage::Sabotage;

/// Greatest number of messages that wait for a session.
const MAXIMUM_WAITING: usize = 128;

const TIMING: Timing = Timing { repeat: Duration::from_millis(30), give_up: Duration::from_millis(3_000) };

/// A request to the coordinator, with its correlation id.
type Request = (u64, MapRequest, Option<MapEpoch>);
type Answer = (u64, Result<AcceptedRequest, MapRefusal>);

/// A session of the operator with one cluster.
#[derive(Default)]
struct OperatorLink {
    waiting: VecDeque<Vec<u8>>,
    is_connected: bool,
    session_id: i64,
}

/// A migrator: see the module.
pub(crate) struct Migrator {
    mover: Mover,
    /// Place of its sessions among the seats of all groups.
    seat: usize,
    links: Vec<OperatorLink>,
    both_were_ready: bool,
    requests: Channel<Request>,
    answers: Channel<Answer>,
    wants_map: Option<MapEpoch>,
    map_at: Time,
    actions: Vec<Action>,
    sabotage: Option<Sabotage>,
}

impl Migrator {
    pub(crate) fn new(
        instrument: InstrumentId,
        intent: Intent,
        (seat, groups): (usize, usize),
        number: u64,
        now: Time,
        sabotage: Option<Sabotage>,
    ) -> Self {
        let mover = Mover::new(instrument, intent, TIMING, number * 1_000_000, Duration::from_nanos(now));
        Self {
            mover,
            seat,
            links: (0..groups).map(|_| OperatorLink::default()).collect(),
            both_were_ready: false,
            requests: Channel::default(),
            answers: Channel::default(),
            wants_map: None,
            map_at: 0,
            actions: Vec::new(),
            sabotage,
        }
    }

    /// How the move has ended.
    pub(crate) fn ending(&self) -> Option<Result<Ending, MoveError>> {
        self.mover.ending()
    }

    /// Gives its seats up.
    pub(crate) fn leave(&self, groups: &mut [Group]) {
        for group in groups {
            group.leave(self.seat, true);
            group.seats[self.seat].connect_at = None;
        }
    }

    /// One duty cycle.
    pub(crate) fn work(&mut self, groups: &mut [Group], coordinator: &mut Coordinator, network: &mut Network) {
        let now = Duration::from_nanos(network.now);
        self.poll_coordinator(coordinator, network);
        self.poll_clusters(groups, network);
        self.mover.poll(now, &mut self.actions);
        for action in std::mem::take(&mut self.actions) {
            match action {
                Action::LookAtMap { least_epoch } => {
                    self.wants_map = Some(least_epoch);
                    self.map_at = network.arrival();
                }
                Action::Coordinator { correlation_id, request, expected } => {
                    network.send(&mut self.requests, &(correlation_id, request, expected));
                }
                Action::Cluster { party, mut request } => {
                    let is_spoilt = self.sabotage == Some(Sabotage::UnfencesInsteadOfDropping);
                    if is_spoilt && matches!(request.step, MigrationStep::Drop { .. }) {
                        request.step = MigrationStep::Unfence;
                    }
                    let Some((from, to)) = self.mover.clusters() else { continue };
                    let cluster = if party == Party::From { from } else { to };
                    let Some(link) = self.links.get_mut(cluster.0 as usize) else { continue };
                    if link.waiting.len() == MAXIMUM_WAITING {
                        link.waiting.pop_front();
                    }
                    link.waiting.push_back(encode_migration_request(&request));
                }
            }
        }
        self.flush(groups, network);
    }

    fn poll_coordinator(&mut self, coordinator: &mut Coordinator, network: &mut Network) {
        let now = network.now;
        let is_away = now < coordinator.away_until;
        if let Some(least) = self.wants_map.filter(|_| !is_away && now >= self.map_at) {
            // A subscription that is behind gives the newest map that it has.
            let behind = network.below(4).saturating_sub(2) as usize;
            let at = coordinator.maps.len().saturating_sub(1 + behind);
            if let Some(map) = coordinator.maps.get(at).filter(|map| map.epoch >= least) {
                self.wants_map = None;
                self.mover.on_map(Duration::from_nanos(now), map);
            }
        }
        while let Some((correlation_id, request, expected)) = self.requests.pop(now) {
            if !is_away {
                let outcome = coordinator.answer(&request, expected, network);
                network.send(&mut self.answers, &(correlation_id, outcome));
            }
        }
        while let Some((correlation_id, outcome)) = self.answers.pop(now) {
            self.mover.on_answer(Duration::from_nanos(now), correlation_id, outcome);
        }
    }

    fn poll_clusters(&mut self, groups: &mut [Group], network: &Network) {
        let now = Duration::from_nanos(network.now);
        let Some((from, to)) = self.mover.clusters() else { return };
        for (party, cluster) in [(Party::From, from), (Party::To, to)] {
            let at = cluster.0 as usize;
            let (Some(group), Some(link)) = (groups.get_mut(at), self.links.get_mut(at)) else { continue };
            let seat = &mut group.seats[self.seat];
            seat.late.retain(|link| !link.is_empty());
            if seat.link.is_none() && seat.connect_at.is_none() {
                link.is_connected = false;
                seat.connect_at = Some(network.now);
            }
            if network.now < seat.partitioned_until {
                continue;
            }
            let mut is_closed = false;
            for open in seat.late.iter_mut().chain(&mut seat.link) {
                while let Some(item) = open.egress.pop(network.now) {
                    match item {
                        ToClient::Connected(_) | ToClient::NewLeader(_) => {
                            (open.is_open, open.is_known, link.is_connected) = (true, true, true);
                            link.session_id = open.session_id;
                            link.waiting.clear();
                            self.mover.on_new_session(now);
                        }
                        ToClient::Closed => is_closed = true,
                        ToClient::Message(message) if open.session_id == link.session_id => {
                            tell(&mut self.mover, now, party, &message);
                        }
                        ToClient::Message(_) => {}
                    }
                }
            }
            if is_closed {
                seat.leave();
            }
        }
    }

    fn flush(&mut self, groups: &mut [Group], network: &mut Network) {
        let Some((from, to)) = self.mover.clusters() else { return };
        let is_ready = |at: usize| self.links.get(at).is_some_and(|link| link.is_connected);
        self.both_were_ready |= is_ready(from.0 as usize) && is_ready(to.0 as usize);
        if !self.both_were_ready {
            return;
        }
        for (group, link) in groups.iter_mut().zip(&mut self.links) {
            let has_leader = group.leading().is_some();
            let Some(open) = group.seats[self.seat].link.as_mut().filter(|open| open.is_open) else { continue };
            for message in link.waiting.drain(..) {
                if has_leader {
                    network.send(&mut open.ingress, &message);
                }
            }
        }
    }
}

fn tell(mover: &mut Mover, now: Duration, party: Party, message: &[u8]) {
    let Ok(envelope) = Envelope::open(message) else { return };
    if envelope.schema_id != order_entry::SBE_SCHEMA_ID {
        return;
    }
    match decode_migration_answer(envelope) {
        Ok(Some(MigrationAnswer::Report(report))) => mover.on_report(now, party, &report),
        Ok(Some(MigrationAnswer::Exported(exported))) => {
            mover.on_exported(now, exported.map_records(Arc::from));
        }
        Ok(None) | Err(_) => {}
    }
}
