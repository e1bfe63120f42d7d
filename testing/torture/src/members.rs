//! The three members: their processes are started, killed and stopped here, started again as an operator would, and repaired when they
//! are damaged.

use std::fs;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lugus_media_driver::{ChildProcess, DAMAGED_EXIT_CODE, ProcessError};
use lugus_node::deployment_status::{Member, Status};
use rustix::process::Signal;

use crate::companion::{self, Companion};
use crate::error::TortureError;
use crate::fault::{FaultKind, ProcessKind};
use crate::processes::{self, Process};
use crate::site::{MEMBERS, Site};

/// Time between the end of a supervisor and its next start. Systemd's is 5 s in `ops/systemd`.
const NEXT_START: Duration = Duration::from_secs(1);

/// Time between two attempts to repair a member.
const NEXT_REPAIR: Duration = Duration::from_secs(3);

/// Time after which a damaged member that has neither joined nor said that it is damaged is repaired.
const COMES_BACK_WITHIN: Duration = Duration::from_secs(40);

/// Longest wait for killed processes.
const DIES_WITHIN: Duration = Duration::from_secs(10);

/// The members of the cluster.
pub(crate) struct Members {
    site: Arc<Site>,
    members: [Condition; MEMBERS],
    pub(crate) companions: Vec<Companion>,
    /// What happened that should not have.
    pub(crate) violations: Vec<String>,
    pub(crate) counts: Counts,
}

/// How often members were started again and repaired.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Starts of supervisors after the first.
    pub(crate) restarts: u64,
    /// Repairs that succeeded.
    pub(crate) repairs: u64,
    /// Members that were damaged, and did not say so, nor came back.
    pub(crate) undiagnosed: u64,
}

#[derive(Default)]
struct Condition {
    /// Number of faults that keep the member down.
    held_down: u32,
    supervisor: Option<ChildProcess>,
    next_start: Option<Instant>,
    /// What was done to what it has recorded, and when.
    hurt: Option<(FaultKind, Instant)>,
    needs_repair: bool,
    repair: Option<Child>,
    next_repair: Option<Instant>,
}

impl Members {
    /// Members that do not run yet.
    pub(crate) fn new(site: Arc<Site>) -> Self {
        let (members, companions) = (Default::default(), companion::of(&site));
        Self { site, members, companions, violations: Vec::new(), counts: Counts::default() }
    }

    /// Starts what shall run and does not, repairs what is damaged. Call it often.
    ///
    /// # Errors
    /// A process can't be started at all.
    pub(crate) fn tend(&mut self, is_network_whole: bool) -> Result<(), TortureError> {
        self.companions.iter_mut().try_for_each(|companion| companion.tend(&self.site))?;
        for member in 0..MEMBERS {
            self.note_end(member);
            self.note_silence(member);
            let now = Instant::now();
            let condition = &mut self.members[member];
            if condition.needs_repair {
                self.repair(member, is_network_whole)?;
                continue;
            }
            if condition.held_down == 0
                && condition.supervisor.is_none()
                && condition.next_start.is_none_or(|next| next <= now)
            {
                self.counts.restarts += u64::from(condition.next_start.is_some());
                condition.supervisor = Some(self.site.supervise(member)?);
                condition.next_start = Some(now + NEXT_START);
            }
        }
        Ok(())
    }

    /// Notes that a supervisor has ended, and how.
    fn note_end(&mut self, member: usize) {
        let condition = &mut self.members[member];
        let Some(Err(ended)) = condition.supervisor.as_mut().map(ChildProcess::check) else { return };
        condition.supervisor = None;
        condition.next_start = Some(Instant::now() + NEXT_START);
        let ProcessError::Ended { status, last_lines, .. } = &ended else { return };
        if status.code() == Some(i32::from(DAMAGED_EXIT_CODE)) {
            condition.needs_repair = true;
            if condition.hurt.is_none() {
                let last = last_lines.lines().last().unwrap_or_default();
                self.violations.push(format!("member {member} stays down, though nobody has damaged it: {last}"));
            }
        }
    }

    /// Notes that a damaged member neither comes back nor says why.
    fn note_silence(&mut self, member: usize) {
        let condition = &self.members[member];
        let Some((_, since)) = condition.hurt else { return };
        if condition.needs_repair || condition.held_down > 0 {
            return;
        }
        if self.has_joined(member) {
            self.members[member].hurt = None;
        } else if since.elapsed() > COMES_BACK_WITHIN {
            self.counts.undiagnosed += 1;
            self.kill(member);
            self.members[member].needs_repair = true;
        }
    }

    fn repair(&mut self, member: usize, is_network_whole: bool) -> Result<(), TortureError> {
        let now = Instant::now();
        let condition = &mut self.members[member];
        if let Some(repair) = &mut condition.repair {
            let Ok(Some(status)) = repair.try_wait() else { return Ok(()) };
            condition.repair = None;
            if status.success() {
                condition.needs_repair = false;
                condition.hurt = None;
                condition.next_start = Some(now);
                self.counts.repairs += 1;
                self.delete_aside(member);
            } else {
                condition.next_repair = Some(now + NEXT_REPAIR);
            }
            return Ok(());
        }
        let is_due = condition.next_repair.is_none_or(|next| next <= now);
        // docs/damaged-log.md: check that the other members run and are a majority.
        let others_follow = (0..MEMBERS).all(|other| other == member || self.has_joined(other));
        if is_due && is_network_whole && others_follow && self.members[member].held_down == 0 {
            let number = member.to_string();
            let log = format!("repair-{member}.log");
            let mut command = self.site.lugus_at(member, &["repair", "--member", &number], &log)?;
            let started = command.spawn();
            self.members[member].repair = Some(started.map_err(|error| TortureError::Command {
                command: String::from("lugus repair"),
                reason: error.to_string(),
            })?);
        }
        Ok(())
    }

    /// Deletes what a repair has set aside: the disk is small.
    fn delete_aside(&self, member: usize) {
        let dir = &self.site.member(member).dir;
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().contains(".aside-") {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// What the members tell of themselves; `None` while that of one can't be read.
    pub(crate) fn status(&self) -> Option<Status> {
        Status::read(&self.site.clusters).ok()
    }

    /// Whether a member follows or leads, and has its state.
    fn has_joined(&self, member: usize) -> bool {
        self.status().is_some_and(|status| status.members.get(member).is_some_and(follows))
    }

    /// Whether all members follow or lead, and none is to be repaired.
    pub(crate) fn are_whole(&self) -> bool {
        let is_sound = |condition: &Condition| condition.hurt.is_none() && !condition.needs_repair;
        self.members.iter().all(is_sound)
            && self.companions.iter().all(Companion::runs)
            && self.status().is_some_and(|status| status.members.iter().all(follows))
    }

    /// The leader, if there is one that runs.
    pub(crate) fn leader(&self) -> Option<usize> {
        let status = self.status()?;
        let leader = status.leader(self.site.cluster.id)?.id;
        usize::try_from(leader).ok()
    }

    /// The living processes of a member.
    pub(crate) fn processes(&self, member: usize) -> Vec<(ProcessKind, Process)> {
        processes::of_folder(&self.site.member(member).dir)
    }

    /// Keeps a member down from its next end on, until it is released as often.
    pub(crate) fn hold_down(&mut self, member: usize) {
        self.members[member].held_down += 1;
    }

    /// Lets a member run again.
    pub(crate) fn release(&mut self, member: usize) {
        let condition = &mut self.members[member];
        condition.held_down = condition.held_down.saturating_sub(1);
        condition.next_start = condition.next_start.map(|_| Instant::now());
    }

    /// Kills all processes of a member, as a power cut would, and waits until they are gone.
    pub(crate) fn kill(&mut self, member: usize) {
        self.kill_all(&[member]);
    }

    /// Kills all processes of some members at once, and waits until they are gone.
    pub(crate) fn kill_all(&mut self, members: &[usize]) {
        let deadline = Instant::now() + DIES_WITHIN;
        let mut seen: Vec<Process> = Vec::new();
        loop {
            // Again, as a supervisor may have started a process between the look and the kill.
            seen.extend(members.iter().flat_map(|member| self.processes(*member)).map(|(_, process)| process));
            seen.retain(|process| process.is_alive());
            seen.iter().for_each(|process| process.signal(Signal::KILL));
            for member in members {
                let condition = &mut self.members[*member];
                if condition.supervisor.take().is_some() {
                    condition.next_start = Some(Instant::now() + NEXT_START);
                }
            }
            if seen.is_empty() || Instant::now() > deadline {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Asks a member's supervisor to end the member in order.
    pub(crate) fn end(&mut self, member: usize) {
        for (kind, process) in self.processes(member) {
            if kind == ProcessKind::Supervisor {
                process.signal(Signal::TERM);
            }
        }
    }

    /// Notes that what a member has recorded was damaged or lost. One that has lost it is repaired before its next start.
    pub(crate) fn hurt(&mut self, member: usize, kind: FaultKind) {
        self.members[member].hurt = Some((kind, Instant::now()));
        self.members[member].needs_repair |= kind == FaultKind::DeleteState;
    }

    /// Ends all members in order, as `lugus down` would, and kills what does not end within the time.
    pub(crate) fn stop(&mut self, within: Duration) -> Vec<Process> {
        let of_members = (0..MEMBERS).flat_map(|member| self.processes(member)).map(|(_, process)| process);
        let of_companions = self.companions.iter().flat_map(Companion::processes);
        let all: Vec<Process> = of_members.chain(of_companions).collect();
        self.companions.iter_mut().for_each(Companion::end);
        for member in 0..MEMBERS {
            self.hold_down(member);
            if let Some(mut repair) = self.members[member].repair.take() {
                let _ = repair.kill();
                let _ = repair.wait();
            }
            self.end(member);
        }
        let deadline = Instant::now() + within;
        while Instant::now() < deadline && all.iter().any(|process| process.is_alive()) {
            (0..MEMBERS).for_each(|member| self.note_end(member));
            // Takes zombies away.
            let _ = self.companions.iter_mut().try_for_each(|companion| companion.tend(&self.site));
            std::thread::sleep(Duration::from_millis(20));
        }
        let left: Vec<Process> = all.into_iter().filter(|process| process.is_alive()).collect();
        self.kill_all(&[0, 1, 2]);
        self.companions.clear();
        left
    }
}

fn follows(member: &Member) -> bool {
    member.has_started() && matches!(member.role, "leader" | "follower")
}
