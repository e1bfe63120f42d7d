//! Makes faults happen, and ends them.

use std::fs::{self, File};
use std::io::Write;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lugus_media_driver::{ChildProcess, Launch};
use lugus_simulator::Random;
use rustix::process::Signal;

use crate::companion::{COORDINATOR, OTHER_CLUSTER};
use crate::damage::damage;
use crate::error::TortureError;
use crate::fault::{Fault, FaultGroup, FaultKind};
use crate::links::Link;
use crate::load::Load;
use crate::members::Members;
use crate::namespaces::Placement;
use crate::processes::Process;
use crate::site::{HURT, MEMBERS, OTHER, Site};
use crate::wishes::Wish;

/// Clocks are wrong by one of these, in milliseconds.
const CLOCK_OFFSETS_MS: [i64; 6] = [-3_600_000, -10_000, -1_000, 1_000, 10_000, 3_600_000];

/// Free space that is left on a full disk, in bytes: less than the archive needs.
const LEFT_ON_DISK: u64 = 4 << 20;

/// Longest wait for a command such as `lugus snapshot`, which is killed then: a member that it waits for may have been killed.
const COMMAND_ENDS_WITHIN: Duration = Duration::from_secs(60);

/// A file that takes the space.
const FILLER: &str = "filler";

/// A fault that goes on.
struct Ongoing {
    until: Instant,
    undo: Undo,
}

/// What ends a fault.
enum Undo {
    Resume(Vec<Process>),
    Release(Vec<usize>),
    ReleaseCompanion(usize),
    /// From place, to place, of each link that is blocked.
    Unblock(Vec<(usize, usize)>),
    /// What a link was changed by.
    Restore(Link),
    Rest(#[expect(dead_code, reason = "the processes end with it")] Vec<ChildProcess>),
    Empty(usize),
    Await(Command, Child, Instant),
    Nothing,
}

/// A command of `lugus` that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Snapshot,
    Move,
}

/// Makes faults happen, and ends them.
pub(crate) struct Injector {
    site: Arc<Site>,
    ongoing: Vec<Ongoing>,
    /// Snapshots that were asked for and taken, and moves that were done.
    pub(crate) snapshots: u64,
    pub(crate) moves: u64,
}

impl Injector {
    pub(crate) fn new(site: Arc<Site>) -> Self {
        Self { site, ongoing: Vec::new(), snapshots: 0, moves: 0 }
    }

    /// Kinds of faults that can happen here.
    pub(crate) fn possible(placement: Placement, moves: bool) -> Vec<FaultKind> {
        let is_possible = |kind: &FaultKind| match kind.group() {
            FaultGroup::Moves => moves,
            FaultGroup::Processes | FaultGroup::Clients | FaultGroup::State => true,
            FaultGroup::Network | FaultGroup::Disk => placement == Placement::Namespaces,
        };
        FaultKind::ALL.iter().copied().filter(is_possible).collect()
    }

    /// Whether nothing parts members from one another or from clients.
    pub(crate) fn is_network_whole(&self) -> bool {
        !self.ongoing.iter().any(|ongoing| matches!(ongoing.undo, Undo::Unblock(_) | Undo::Restore(_)))
    }

    /// Whether no fault goes on.
    pub(crate) fn is_quiet(&self) -> bool {
        self.ongoing.is_empty()
    }

    /// Makes a fault happen; returns what was done, for people.
    ///
    /// # Errors
    /// A program can't be started.
    pub(crate) fn begin(
        &mut self,
        fault: &Fault,
        leader: Option<usize>,
        members: &mut Members,
        load: &Load,
    ) -> Result<String, TortureError> {
        let member = fault.target.member(leader, MEMBERS);
        let (undo, done) = match fault.fault.group() {
            FaultGroup::Processes => self.hurt_processes(fault, member, members)?,
            FaultGroup::Clients => hurt_clients(fault, load),
            FaultGroup::Network => self.hurt_network(fault, member),
            FaultGroup::Disk => self.fill_disk(member)?,
            FaultGroup::Moves => self.hurt_moves(fault, members)?,
            FaultGroup::State => {
                members.hold_down(member);
                members.kill(member);
                let done = match damage(self.site.member(member), fault.fault, fault.choice) {
                    Ok(done) => {
                        members.hurt(member, fault.fault);
                        done
                    }
                    Err(error) => format!("nothing is damaged: {error}"),
                };
                (Undo::Release(vec![member]), format!("member {member}: {done}"))
            }
        };
        self.ongoing.push(Ongoing { until: Instant::now() + Duration::from_millis(fault.length_ms), undo });
        Ok(done)
    }

    /// Ends the faults whose time has come, or with `all` all of them.
    pub(crate) fn end(&mut self, all: bool, members: &mut Members) {
        let now = Instant::now();
        let (over, ongoing) = std::mem::take(&mut self.ongoing).into_iter().partition(|it| all || it.until <= now);
        self.ongoing = ongoing;
        for ongoing in over {
            if let Some(rest) = self.undo(ongoing.undo, members) {
                self.ongoing.push(Ongoing { until: now, undo: rest });
            }
        }
        if all && let Some(switch) = &self.site.switch {
            switch.change(|links| links.heal());
        }
    }

    /// Ends one fault; returns what is still to be done.
    fn undo(&mut self, undo: Undo, members: &mut Members) -> Option<Undo> {
        match undo {
            Undo::Resume(processes) => processes.iter().for_each(|process| process.signal(Signal::CONT)),
            Undo::Release(released) => released.into_iter().for_each(|member| members.release(member)),
            Undo::ReleaseCompanion(at) => members.companions[at].release(),
            Undo::Unblock(blocked) => self
                .change(|from, to| blocked.contains(&(from, to)), |link| link.blocked = link.blocked.saturating_sub(1)),
            Undo::Restore(changed) => self.change(
                |_, _| true,
                |link| {
                    link.lost = link.lost.saturating_sub(changed.lost);
                    link.repeated = link.repeated.saturating_sub(changed.repeated);
                    link.delay = link.delay.saturating_sub(changed.delay);
                    link.jitter = link.jitter.saturating_sub(changed.jitter);
                },
            ),
            Undo::Empty(member) => {
                let _ = fs::remove_file(self.site.member(member).dir.join(FILLER));
            }
            Undo::Await(command, mut child, since) => match child.try_wait() {
                Ok(None) if since.elapsed() > COMMAND_ENDS_WITHIN => {
                    let _ = child.kill();
                    let _ = child.wait();
                }
                Ok(None) => return Some(Undo::Await(command, child, since)),
                Ok(Some(status)) => match command {
                    Command::Snapshot => self.snapshots += u64::from(status.success()),
                    Command::Move => self.moves += u64::from(status.success()),
                },
                Err(_) => {}
            },
            Undo::Rest(_) | Undo::Nothing => {}
        }
        None
    }

    fn change(&self, is_it: impl Fn(usize, usize) -> bool, change: impl FnMut(&mut Link)) {
        if let Some(switch) = &self.site.switch {
            switch.change(|links| links.change(is_it, change));
        }
    }

    fn hurt_processes(
        &mut self,
        fault: &Fault,
        member: usize,
        members: &mut Members,
    ) -> Result<(Undo, String), TortureError> {
        let length = fault.length_ms;
        let other = (member + 1) % MEMBERS;
        Ok(match fault.fault {
            FaultKind::KillProcess | FaultKind::StopProcess => {
                let all = members.processes(member);
                let found = all.into_iter().find(|(kind, _)| *kind == fault.process);
                let Some((kind, process)) = found else {
                    return Ok((Undo::Nothing, format!("member {member} has no {:?} now", fault.process)));
                };
                if fault.fault == FaultKind::KillProcess {
                    process.signal(Signal::KILL);
                    (Undo::Nothing, format!("member {member}: {kind:?} {} is killed", process.pid))
                } else {
                    process.signal(Signal::STOP);
                    let done = format!("member {member}: {kind:?} {} stands still for {length} ms", process.pid);
                    (Undo::Resume(vec![process]), done)
                }
            }
            FaultKind::StopMember => {
                let all: Vec<Process> = members.processes(member).into_iter().map(|(_, process)| process).collect();
                all.iter().for_each(|process| process.signal(Signal::STOP));
                (Undo::Resume(all), format!("member {member} stands still for {length} ms"))
            }
            FaultKind::KillMember => hold_down(&[member], length, members),
            FaultKind::KillTwo => hold_down(&[member, other], length, members),
            FaultKind::KillAll => hold_down(&[0, 1, 2], length, members),
            FaultKind::EndMember => {
                members.hold_down(member);
                members.end(member);
                (Undo::Release(vec![member]), format!("member {member} is ended in order, and down for {length} ms"))
            }
            FaultKind::Clock => {
                let offset = Random::new(fault.choice, 1).one_of(&CLOCK_OFFSETS_MS);
                self.site.set_clock(member, offset)?;
                let (undo, _) = hold_down(&[member], 0, members);
                (undo, format!("member {member} starts again with a clock that is wrong by {offset} ms"))
            }
            FaultKind::Busy => {
                let spinners = std::thread::available_parallelism().map_or(2, usize::from) * 2;
                let spinning = (0..spinners).map(|at| self.spin(at)).collect::<Result<Vec<_>, _>>()?;
                (Undo::Rest(spinning), format!("{spinners} other processes take the processors for {length} ms"))
            }
            FaultKind::Snapshot => {
                let started = self.site.lugus_at(member, &["snapshot"], "snapshot.log")?.spawn();
                let started = started.map_err(TortureError::file("start", "lugus snapshot"))?;
                (Undo::Await(Command::Snapshot, started, Instant::now()), String::from("a snapshot is asked for"))
            }
            _ => (Undo::Nothing, String::from("nothing")),
        })
    }

    /// A process that only takes a processor. It dies with this one.
    fn spin(&self, at: usize) -> Result<ChildProcess, TortureError> {
        Ok(ChildProcess::start(Launch {
            name: "spinner",
            program: "sh".into(),
            arguments: ["-c", "while :; do :; done"].map(Into::into).to_vec(),
            log: self.site.folder.join(format!("spinner-{at}.log")),
            log_limit: self.site.deployment.log,
            lock: None,
            cores: &[],
        })?)
    }

    fn hurt_network(&self, fault: &Fault, member: usize) -> (Undo, String) {
        let random = &mut Random::new(fault.choice, 1);
        let (clients, length) = (Site::clients(), fault.length_ms);
        let blocked = |is_it: &dyn Fn(usize, usize) -> bool| {
            let all = (0..=clients).flat_map(|from| (0..=clients).map(move |to| (from, to)));
            all.filter(|(from, to)| from != to && is_it(*from, *to)).collect::<Vec<_>>()
        };
        let (blocked, done) = match fault.fault {
            FaultKind::Isolate => {
                (blocked(&|from, to| from == member || to == member), format!("member {member} is isolated"))
            }
            FaultKind::Partition => (
                blocked(&|from, to| (from == member || to == member) && from != clients && to != clients),
                format!("member {member} and the other members don't hear one another"),
            ),
            FaultKind::Mute => (
                blocked(&|from, to| from == member && to != clients),
                format!("the other members don't hear member {member}"),
            ),
            FaultKind::Deaf => (
                blocked(&|from, to| to == member && from != clients),
                format!("member {member} does not hear the others"),
            ),
            FaultKind::CutClients => (
                blocked(&|from, to| (from, to) == (member, clients) || (from, to) == (clients, member)),
                format!("clients and member {member} don't hear one another"),
            ),
            FaultKind::Loss | FaultKind::Delay => {
                let changed = if fault.fault == FaultKind::Loss {
                    Link { lost: random.one_of(&[50, 200, 1_000, 3_000]), ..Link::default() }
                } else {
                    Link {
                        delay: Duration::from_micros(random.one_of(&[0, 500, 5_000, 50_000])),
                        jitter: Duration::from_micros(random.one_of(&[1_000, 5_000, 30_000])),
                        repeated: random.one_of(&[0, 100, 1_000]),
                        ..Link::default()
                    }
                };
                self.change(
                    |_, _| true,
                    |link| {
                        link.lost += changed.lost;
                        link.repeated += changed.repeated;
                        link.delay += changed.delay;
                        link.jitter += changed.jitter;
                    },
                );
                return (Undo::Restore(changed), format!("all links for {length} ms: {changed:?}"));
            }
            _ => (Vec::new(), String::from("nothing")),
        };
        self.change(|from, to| blocked.contains(&(from, to)), |link| link.blocked += 1);
        (Undo::Unblock(blocked), format!("{done} for {length} ms"))
    }

    fn hurt_moves(&mut self, fault: &Fault, members: &mut Members) -> Result<(Undo, String), TortureError> {
        let random = &mut Random::new(fault.choice, 1);
        let length = fault.length_ms;
        Ok(match fault.fault {
            FaultKind::Move => {
                let at = random.below(self.site.deployment.instruments.len() as u64) as usize;
                let (symbol, to) = (&self.site.deployment.instruments[at].symbol, random.one_of(&[HURT, OTHER]));
                let started = self.site.lugus(&["migrate", symbol, "--to", to], "migrate.log")?.spawn();
                let started = started.map_err(TortureError::file("start", "lugus migrate"))?;
                (Undo::Await(Command::Move, started, Instant::now()), format!("{symbol} is moved to cluster {to}"))
            }
            FaultKind::KillMove => {
                for ongoing in &mut self.ongoing {
                    if let Undo::Await(Command::Move, child, _) = &mut ongoing.undo {
                        let _ = child.kill();
                    }
                }
                (Undo::Nothing, String::from("what moves instruments is killed"))
            }
            kind => {
                let at = if kind == FaultKind::KillCoordinator { COORDINATOR } else { OTHER_CLUSTER };
                members.companions[at].hold_down();
                (Undo::ReleaseCompanion(at), format!("{} for {length} ms", kind.name()))
            }
        })
    }

    fn fill_disk(&self, member: usize) -> Result<(Undo, String), TortureError> {
        let dir = &self.site.member(member).dir;
        let path = dir.join(FILLER);
        let opened = File::options().create(true).append(true).open(&path);
        let mut file = opened.map_err(TortureError::file("open", &path))?;
        let free = || rustix::fs::statvfs(dir).map_or(0, |disk| disk.f_bavail * disk.f_frsize);
        while free() > LEFT_ON_DISK {
            if file.write_all(&[7; 1 << 16]).is_err() {
                break;
            }
        }
        Ok((Undo::Empty(member), format!("the disk of member {member} has {} bytes left", free())))
    }
}

/// Kills members, which stay down.
fn hold_down(killed: &[usize], length: u64, members: &mut Members) -> (Undo, String) {
    killed.iter().for_each(|member| members.hold_down(*member));
    members.kill_all(killed);
    (Undo::Release(killed.to_vec()), format!("members {killed:?} are killed, and down for {length} ms"))
}

fn hurt_clients(fault: &Fault, load: &Load) -> (Undo, String) {
    let client = (fault.choice % load.clients() as u64) as usize;
    let kind = load.kind(client);
    match fault.fault {
        FaultKind::ReplaceClient => {
            load.ask(client, Wish::Replace);
            (Undo::Nothing, format!("{kind} {client} is replaced by another process"))
        }
        FaultKind::ReconnectClient => {
            load.ask(client, Wish::Reconnect);
            (Undo::Nothing, format!("{kind} {client} closes its session, and opens another one"))
        }
        _ => {
            let (stopped, what) = load.to_stop(fault.choice);
            stopped.iter().for_each(|process| process.signal(Signal::STOP));
            let done = format!("{what} stands still for {} ms", fault.length_ms);
            (Undo::Resume(stopped.into_iter().collect()), done)
        }
    }
}
