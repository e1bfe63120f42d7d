//! What really happened, as the committed logs tell: the commands that were applied and the events that were told, of each
//! scope. What clients say is held against it.

use std::collections::BTreeMap;

use lugus_vocabulary::{Action, Command, Report};

use crate::network::Time;

/// A scope: cluster (of participants' own scopes; instruments move between clusters), participant, instrument.
pub(crate) type ScopeKey = (Option<usize>, u32, u32);

/// The scope of a participant and an instrument, in the view of a cluster.
pub(crate) fn scope_key(group: usize, participant: u32, instrument: u32) -> ScopeKey {
    ((instrument == 0).then_some(group), participant, instrument)
}

/// A command that was applied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Applied {
    pub(crate) action: Action,
    /// Cluster and session that it came from.
    pub(crate) session: (usize, i64),
    /// When it was committed.
    pub(crate) at: Time,
}

#[derive(Debug, Default)]
pub(crate) struct ScopeTruth {
    /// By number, from 1.
    pub(crate) applied: Vec<Applied>,
    /// By number, from 1.
    pub(crate) events: Vec<Report>,
}

/// All scopes.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    pub(crate) scopes: BTreeMap<ScopeKey, ScopeTruth>,
    pub(crate) commands: u64,
    pub(crate) events: u64,
}

impl Truth {
    pub(crate) fn scope(&self, key: ScopeKey) -> Option<&ScopeTruth> {
        self.scopes.get(&key)
    }

    /// A command was applied.
    ///
    /// # Errors
    /// If its number is not the scope's next.
    pub(crate) fn applied(&mut self, group: usize, command: &Command, applied: Applied) -> Result<(), String> {
        let key = scope_key(group, command.participant.0, command.instrument.0);
        let scope = self.scopes.entry(key).or_default();
        let next = scope.applied.len() as u64 + 1;
        if command.client_sequence.0 != next {
            return Err(format!("cluster {group} applies {command:?}, but the scope's next number is {next}"));
        }
        scope.applied.push(applied);
        self.commands += 1;
        Ok(())
    }

    /// An event was told.
    ///
    /// # Errors
    /// If its number is not the scope's next.
    pub(crate) fn told(&mut self, group: usize, report: &Report) -> Result<(), String> {
        let key = scope_key(group, report.participant.0, report.instrument.0);
        let scope = self.scopes.entry(key).or_default();
        let next = scope.events.len() as u64 + 1;
        if report.event_sequence.0 != next {
            return Err(format!("cluster {group} tells {report:?}, but the scope's next event is {next}"));
        }
        scope.events.push(*report);
        self.events += 1;
        Ok(())
    }
}
