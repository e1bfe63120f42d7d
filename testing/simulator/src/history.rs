//! A whole run: trading through all that goes wrong, until all comes to rest, and what must be true then.

use lugus_coordinator::migration::Intent;
use lugus_vocabulary::{Action, AuctionRules, InstrumentId, ParticipantId, PriceProtection};

use crate::auditor::Auditor;
use crate::definitions::definition;
use crate::network::{Seat, Time};
use crate::plan::INSTRUMENTS;
use crate::world::World;

/// Greatest number of steps in which all must come to rest, once nothing goes wrong any more.
const MAXIMUM_SETTLING: u32 = 20_000;

/// Number of steps after which the operator asks again for what all must come to rest.
const ASKED_AGAIN: u32 = 5_000;

impl World {
    /// Trades through all that goes wrong, lets all come to rest, and checks everything.
    ///
    /// # Errors
    /// The first thing that is not as it must be.
    pub(crate) fn run(&mut self) -> Result<(), String> {
        let mut wanted = Vec::new();
        for step in 0..self.plan.steps {
            self.disturb();
            self.trade();
            if self.plan.defines_late_at == Some(step) {
                wanted.push(Self::last_definition());
            }
            self.ask_as_operator(&mut wanted);
            self.step()?;
        }
        self.settle()?;
        self.auditors.iter().try_for_each(|auditor| auditor.check_deadlines(self.network.now))?;
        self.empty_the_books()?;
        self.check_end()
    }

    /// Lets everything come to rest, without faults.
    fn settle(&mut self) -> Result<(), String> {
        self.network.faults.end();
        self.coordinator.away_until = 0;
        for at in 0..self.clients.len() {
            self.coordinator.hold_back(at, 0);
        }
        for group in &mut self.groups {
            group.seats.iter_mut().for_each(|seat| seat.partitioned_until = 0);
        }
        // An auction whose price is never within its collar is extended for ever, as long as it has one; and what an auction would
        // give is published for ever.
        let ruled = if self.plan.has_operator { INSTRUMENTS } else { 0 };
        let unrule = [Action::SetPriceProtection(PriceProtection::NONE), Action::SetAuctionRules(AuctionRules::NONE)];
        let mut wanted = Vec::new();
        for step in 0..MAXIMUM_SETTLING {
            // Again after a while: a command may be given up.
            let is_quiet = wanted.is_empty() && self.is_quiet();
            if step.is_multiple_of(ASKED_AGAIN) || is_quiet && !self.all_are_defined() {
                let of = |instrument| unrule.map(|action| (InstrumentId(instrument), action));
                wanted = (1..=ruled).flat_map(of).collect();
                wanted.extend(self.plan.defines_late_at.map(|_| Self::last_definition()));
            }
            self.finish_moves();
            self.ask_as_operator(&mut wanted);
            self.step()?;
            if wanted.is_empty() && self.is_quiet() && self.all_are_defined() {
                return Ok(());
            }
        }
        Err(format!("nothing comes to rest: {}", self.what_is_stuck()))
    }

    /// Whether the instrument that is defined late is defined.
    fn all_are_defined(&self) -> bool {
        let has_last =
            |auditor: &Auditor| auditor.service().engine().instruments().any(|id| id == InstrumentId(INSTRUMENTS));
        self.plan.defines_late_at.is_none() || self.auditors.iter().any(has_last)
    }

    /// What the operator asks for to define the last instrument.
    fn last_definition() -> (InstrumentId, Action) {
        (InstrumentId::NONE, Action::DefineInstrument(definition(InstrumentId(INSTRUMENTS))))
    }

    /// Finishes or undoes what migrators have left.
    fn finish_moves(&mut self) {
        if !self.migrators.is_empty() {
            return;
        }
        let map = self.coordinator.map();
        let under_way =
            map.partitions.iter().find_map(|it| it.migration.map(|migration| (it.instrument.id, migration)));
        if let Some((instrument, migration)) = under_way {
            self.start_migrator(instrument, Intent::MoveTo(migration.to));
        }
    }

    fn is_quiet(&self) -> bool {
        let has_no_moves = || self.coordinator.map().partitions.iter().all(|it| it.migration.is_none());
        self.migrators.is_empty()
            && self.groups.iter().all(|group| group.is_quiet(self.network.now))
            && has_no_moves()
            && self.clients.iter().enumerate().all(|(at, client)| {
                let has_all = || self.coordinator.is_quiet(at) && client.process.is_settled(&self.truth);
                client.starts_at == Time::MAX || (client.starts_at <= self.network.now && has_all())
            })
    }

    fn what_is_stuck(&self) -> String {
        let mut stuck = vec![format!("{} migrators", self.migrators.len())];
        for group in &self.groups {
            let places: Vec<String> = group.members.iter().map(|member| member.state(group.log.end())).collect();
            let seats: Vec<bool> = group.seats.iter().map(Seat::is_quiet).collect();
            let (end, leader) = (group.log.end(), group.leading());
            stuck.push(format!(
                "cluster {}: leader {leader:?}, committed {} of {end}, members at {places:?}, seats {seats:?}",
                group.id, group.committed
            ));
        }
        for (at, client) in self.clients.iter().enumerate().filter(|(_, client)| client.starts_at < Time::MAX) {
            let process = &client.process;
            if !process.is_settled(&self.truth) || !self.coordinator.is_quiet(at) {
                stuck.push(format!("participant {}: {}", process.participant, process.state(&self.truth)));
            }
        }
        stuck.join("; ")
    }

    /// The operator ends all orders, after which no cluster has any.
    fn empty_the_books(&mut self) -> Result<(), String> {
        let operator = self.clients.len() - 1;
        if self.clients[operator].starts_at == Time::MAX {
            self.clients[operator].starts_at = self.network.now;
            self.coordinator.subscribe(operator, &mut self.network);
        }
        let participants: Vec<u32> = self.plan.clients.iter().map(|(participant, _)| *participant).collect();
        let mut wanted = Vec::new();
        for instrument in (1..=INSTRUMENTS).map(InstrumentId) {
            for participant in &participants {
                wanted.push((instrument, Action::MassCancel { target: ParticipantId(*participant), side: None }));
            }
        }
        for _ in 0..MAXIMUM_SETTLING {
            self.ask_as_operator(&mut wanted);
            self.step()?;
            if wanted.is_empty() && self.is_quiet() {
                return Ok(());
            }
        }
        Err(format!("the operator cannot end all orders: {}", self.what_is_stuck()))
    }

    /// Sends what the operator wants, the last first, as far as its process takes it now.
    fn ask_as_operator(&mut self, wanted: &mut Vec<(InstrumentId, Action)>) {
        let operator = self.clients.len() - 1;
        while let Some((instrument, action)) = wanted.last().copied() {
            if !self.send(operator, instrument, action) {
                break;
            }
            wanted.pop();
        }
    }

    fn check_end(&self) -> Result<(), String> {
        for process in self.clients.iter().map(|client| &client.process).chain(&self.former) {
            process.check_outcomes(&self.truth)?;
        }
        for (at, client) in self.clients.iter().enumerate() {
            let process = &client.process;
            let is_older = self.clients.iter().any(|other| process.has_older_session_than(&other.process));
            if process.record.is_replaced != is_older {
                let (participant, sessions) = (process.participant, &process.sessions);
                return Err(format!(
                    "process {at}, of participant {participant}: an older session of {sessions:?} {is_older}, replaced {}",
                    !is_older
                ));
            }
        }
        for (at, auditor) in self.auditors.iter().enumerate() {
            let members = self.groups[at].members.iter().filter_map(|member| member.service());
            for service in members.map(|(_, service)| service).chain([auditor.service()]) {
                let engine = service.engine();
                engine.verify().map_err(|error| format!("cluster {at}: {error}"))?;
                let usage = engine.usage();
                if usage.orders > 0 || usage.moving_instruments > 0 {
                    return Err(format!("cluster {at} has something left: {usage:?}"));
                }
            }
        }
        self.check_owners()
    }

    /// Only the owner in the map has an instrument.
    fn check_owners(&self) -> Result<(), String> {
        for partition in &self.coordinator.map().partitions {
            let instrument = partition.instrument.id;
            for (at, auditor) in self.auditors.iter().enumerate() {
                let has = auditor.service().engine().instruments().any(|id| id == instrument);
                if has != (partition.owner().0 as usize == at) {
                    return Err(format!(
                        "{instrument:?} belongs to {}, and cluster {at} has it: {has}",
                        partition.owner()
                    ));
                }
            }
        }
        Ok(())
    }
}
