//! What belongs to the deployment besides the three members: the coordinator, and the member of the cluster to which instruments move.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use lugus_media_driver::{ChildProcess, FolderLock};
use rustix::process::Signal;

use crate::error::TortureError;
use crate::processes::{self, Process};
use crate::site::Site;

/// Time between the end of a supervisor and its next start.
const NEXT_START: Duration = Duration::from_secs(1);

/// A supervised process that is killed now and then, and otherwise left alone.
pub(crate) struct Companion {
    name: &'static str,
    arguments: Vec<&'static str>,
    dir: PathBuf,
    supervisor: Option<ChildProcess>,
    held_down: u32,
    next_start: Option<Instant>,
}

/// Index of the coordinator among the companions.
pub(crate) const COORDINATOR: usize = 0;
/// Index of the other cluster's member.
pub(crate) const OTHER_CLUSTER: usize = 1;

/// All of a deployment's, in the order of the indices; none if nothing moves.
pub(crate) fn of(site: &Site) -> Vec<Companion> {
    let [_, other] = site.clusters.as_slice() else { return Vec::new() };
    let companion =
        |name, arguments, dir| Companion { name, arguments, dir, supervisor: None, held_down: 0, next_start: None };
    let node = vec!["supervise", "node", "--cluster", "1", "--member", "0"];
    let coordinator = site.deployment.coordinator_spec().dir;
    let members = other.members.iter().map(|member| companion("other-cluster", node.clone(), member.dir.clone()));
    std::iter::once(companion("coordinator", vec!["supervise", "coordinator"], coordinator)).chain(members).collect()
}

impl Companion {
    /// Starts it if it shall run and does not.
    ///
    /// # Errors
    /// It can't be started.
    pub(crate) fn tend(&mut self, site: &Site) -> Result<(), TortureError> {
        let now = Instant::now();
        if self.supervisor.as_mut().is_some_and(|supervisor| supervisor.check().is_err()) {
            self.supervisor = None;
            self.next_start = Some(now + NEXT_START);
        }
        let is_due = self.held_down == 0 && self.next_start.is_none_or(|next| next <= now);
        if self.supervisor.is_none() && is_due {
            self.supervisor = Some(site.supervise_companion(&self.arguments, self.name)?);
            self.next_start = Some(now + NEXT_START);
        }
        Ok(())
    }

    /// Whether it runs.
    pub(crate) fn runs(&self) -> bool {
        FolderLock::living_owner(&self.dir).is_some()
    }

    /// Kills it, and keeps it down until it is released as often.
    pub(crate) fn hold_down(&mut self) {
        self.held_down += 1;
        self.processes().iter().for_each(|process| process.signal(Signal::KILL));
        self.supervisor = None;
    }

    /// Lets it run again.
    pub(crate) fn release(&mut self) {
        self.held_down = self.held_down.saturating_sub(1);
    }

    /// Asks its supervisor to end it in order, for good.
    pub(crate) fn end(&mut self) {
        self.held_down += 1;
        let supervisor = self.processes().into_iter().next();
        supervisor.into_iter().for_each(|process| process.signal(Signal::TERM));
    }

    /// Its living processes, the supervisor first.
    pub(crate) fn processes(&self) -> Vec<Process> {
        processes::of_folder(&self.dir).into_iter().map(|(_, process)| process).collect()
    }
}
