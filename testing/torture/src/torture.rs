//! A run: the cluster and its clients are started, faults happen, all is healed, and everything is checked.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lugus_topology::Deployment;
use rustix::process::Signal;

use crate::answers::Answers;
use crate::audit::{self, Audited};
use crate::error::TortureError;
use crate::fault::{Fault, FaultKind, ProcessKind};
use crate::injector::Injector;
use crate::load::Load;
use crate::members::Members;
use crate::namespaces::Placement;
use crate::operator::Operator;
use crate::options::Options;
use crate::outcome::{Outcome, Played};
use crate::plan::Plan;
use crate::site::{self, HURT, MEMBERS, OTHER, Site};
use crate::truth::Truth;
use crate::verdict::Verdict;
use crate::wishes::Phase;

/// Interval at which faults, members and clients are looked after.
const TICK: Duration = Duration::from_millis(10);

/// Longest time until all members follow again, once nothing goes wrong any more.
const RECOVERS_WITHIN: Duration = Duration::from_secs(120);

/// Longest wait for clients that have stopped sending.
const RESTS_WITHIN: Duration = Duration::from_secs(120);

/// Interval at which the log is read and states are compared, while all members follow.
const COMPARE_INTERVAL: Duration = Duration::from_secs(15);

/// Time for which the cluster trades before the first fault.
const UNDISTURBED: Duration = Duration::from_secs(1);

/// Time within which members end in order.
const ENDS_WITHIN: Duration = Duration::from_secs(40);

/// What happens, for whoever watches.
#[derive(Debug)]
pub enum Event<'a> {
    /// A fault happens.
    Fault {
        /// The fault.
        fault: &'a Fault,
        /// What was done.
        done: &'a str,
    },
    /// Something else, in words.
    Remark(String),
}

/// A cluster under torture.
pub(crate) struct Torture<'a> {
    pub(crate) site: Arc<Site>,
    pub(crate) members: Members,
    pub(crate) injector: Injector,
    pub(crate) load: Load,
    pub(crate) answers: Arc<Answers>,
    pub(crate) outcome: Outcome,
    truth: Truth,
    next_comparison: Instant,
    stop: &'a AtomicBool,
    tell: &'a mut dyn FnMut(Event<'_>),
    /// Begin, end and kind of each episode with a single fault, in microseconds.
    alone: Vec<(u64, u64, FaultKind)>,
    /// When all faults of an episode were over, and nothing else followed before all had recovered.
    calms: Vec<u64>,
    is_stuck: bool,
}

/// Hurts a cluster with faults of a plan, and checks everything.
///
/// # Errors
/// The cluster does not start, or a program of the system fails. A promise that is broken is no error: see [`Outcome`].
pub fn torture(options: &Options, stop: &AtomicBool, tell: &mut dyn FnMut(Event<'_>)) -> Result<Outcome, TortureError> {
    let mut plan = match &options.plan {
        Some(text) => Plan::parse(text)?,
        None => Plan::drawn(options.seed, kinds(options)),
    };
    let duration = options.duration;
    with_cluster(site::deployment(options), options, stop, tell, |torture| torture.run_plan(&mut plan, duration))
}

/// Starts a cluster and clients, does something to them, and checks everything.
pub(crate) fn with_cluster(
    deployment: Deployment,
    options: &Options,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(Event<'_>),
    hurt: impl FnOnce(&mut Torture<'_>) -> Result<Option<Played>, TortureError>,
) -> Result<Outcome, TortureError> {
    let began = Instant::now();
    let placement = options.placement;
    let site = Arc::new(Site::make(&options.folder, placement, options.program.clone(), deployment, options.seed)?);
    let mut outcome = in_site(&site, options, stop, tell, hurt);
    if outcome.as_ref().map_or(true, |outcome| !outcome.is_clean()) {
        let kept = copy_files(&site, &options.keep);
        outcome = outcome.map(|outcome| Outcome { kept, ..outcome });
    }
    let _ = fs::remove_dir_all(site.deployment.aeron_root());
    if placement == Placement::Namespaces {
        for member in &site.cluster.members {
            let _ = Command::new("umount").arg("--lazy").arg(&member.dir).status();
        }
    }
    let _ = fs::remove_dir_all(&options.folder);
    outcome.map(|outcome| Outcome { seconds: began.elapsed().as_secs(), ..outcome })
}

fn in_site(
    site: &Arc<Site>,
    options: &Options,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(Event<'_>),
    hurt: impl FnOnce(&mut Torture<'_>) -> Result<Option<Played>, TortureError>,
) -> Result<Outcome, TortureError> {
    let mut members = Members::new(Arc::clone(site));
    start(&mut members, stop)?;
    let answers = Arc::new(Answers::new());
    let load = Load::start(site, &answers, options)?;
    let mut operator = Operator::connect(site, &site.cluster, load.aeron_dir())?;
    operator.define_instruments(site)?;
    operator.close();
    let (seed, placement) = (options.seed, options.placement.name());
    let mut torture = Torture {
        site: Arc::clone(site),
        members,
        injector: Injector::new(Arc::clone(site)),
        load,
        answers,
        outcome: Outcome { seed, placement, ..Outcome::default() },
        truth: Truth::new(&site.clusters),
        next_comparison: Instant::now(),
        stop,
        tell,
        alone: Vec::new(),
        calms: Vec::new(),
        is_stuck: false,
    };
    torture.go_on_for(UNDISTURBED)?;
    torture.outcome.scenario = hurt(&mut torture)?;
    torture.finish()
}

/// Copies all files of a run, as far as that is possible; returns where they are.
fn copy_files(site: &Site, keep: &Path) -> Option<PathBuf> {
    fs::create_dir_all(keep).ok()?;
    let mut copy = Command::new("cp");
    copy.args(["-a", "--sparse=always"]).arg(site.folder.join(".")).arg(keep);
    copy.status().is_ok_and(|status| status.success()).then(|| keep.to_path_buf())
}

fn kinds(options: &Options) -> Vec<FaultKind> {
    let possible = Injector::possible(options.placement, options.moves).into_iter();
    let is_wanted =
        |kind: &FaultKind| (options.only.is_empty() || options.only.contains(kind)) && !options.without.contains(kind);
    possible.filter(is_wanted).collect()
}

/// Starts the members, and waits until all of them follow.
fn start(members: &mut Members, stop: &AtomicBool) -> Result<(), TortureError> {
    let deadline = Instant::now() + RECOVERS_WITHIN;
    while !members.are_whole() {
        members.tend(true)?;
        if stop.load(Ordering::Acquire) {
            return Err(TortureError::Interrupted);
        }
        if Instant::now() > deadline {
            return Err(TortureError::NotStarted { seconds: RECOVERS_WITHIN.as_secs(), state: state(members) });
        }
        thread::sleep(TICK);
    }
    Ok(())
}

/// The state of the members in a line.
fn state(members: &Members) -> String {
    let Some(status) = members.status() else { return String::from("the members' state can't be read") };
    let of = |member: &lugus_node::deployment_status::Member| {
        let (id, role, term) = (member.id, member.role, member.term.unwrap_or(-1));
        let position = member.commit_position.unwrap_or(-1);
        let joined = if member.has_started() { "" } else { ", has not joined" };
        format!("member {id}: {role} of term {term} at {position}{joined}")
    };
    status.members.iter().map(of).collect::<Vec<_>>().join("; ")
}

impl Torture<'_> {
    /// Lets faults of a plan happen for a time.
    fn run_plan(&mut self, plan: &mut Plan, duration: Duration) -> Result<Option<Played>, TortureError> {
        let end = Instant::now() + duration;
        while Instant::now() < end && !self.is_over() {
            let Some(faults) = plan.next_episode() else { break };
            if faults.first().is_some_and(|fault| fault.after_recovery) {
                self.await_recovery()?;
            }
            if !self.is_over() {
                self.episode(faults)?;
            }
        }
        Ok(None)
    }

    fn episode(&mut self, faults: Vec<Fault>) -> Result<(), TortureError> {
        self.outcome.episodes += 1;
        let (began, from) = (Instant::now(), self.answers.now());
        let only = match faults.as_slice() {
            [fault] => Some(fault.fault),
            _ => None,
        };
        let mut faults = VecDeque::from(faults);
        while !(self.is_over() || faults.is_empty() && self.injector.is_quiet()) {
            let elapsed = began.elapsed().as_millis();
            while let Some(fault) = faults.pop_front_if(|fault| u128::from(fault.at_ms) <= elapsed) {
                self.begin(&fault)?;
            }
            self.tick()?;
        }
        if let Some(only) = only {
            self.alone.push((from, self.answers.now(), only));
        }
        Ok(())
    }

    /// Makes a fault happen.
    pub(crate) fn begin(&mut self, fault: &Fault) -> Result<(), TortureError> {
        let leader = self.members.leader();
        let done = self.injector.begin(fault, leader, &mut self.members, &self.load)?;
        *self.outcome.faults.entry(fault.fault.name()).or_default() += 1;
        (self.tell)(Event::Fault { fault, done: &done });
        Ok(())
    }

    /// Tells whoever watches.
    pub(crate) fn remark(&mut self, what: String) {
        (self.tell)(Event::Remark(what));
    }

    /// Whether there is nothing more to do: it was interrupted, or the cluster does not recover.
    pub(crate) fn is_over(&self) -> bool {
        self.is_stuck || self.stop.load(Ordering::Acquire)
    }

    /// Looks after faults and members once.
    pub(crate) fn tick(&mut self) -> Result<(), TortureError> {
        self.injector.end(false, &mut self.members);
        self.members.tend(self.injector.is_network_whole())?;
        if Instant::now() >= self.next_comparison && self.members.are_whole() {
            self.compare();
        }
        thread::sleep(TICK);
        Ok(())
    }

    /// Looks after faults and members for a time.
    pub(crate) fn go_on_for(&mut self, time: Duration) -> Result<(), TortureError> {
        self.go_on_until(time, |_| false).map(drop)
    }

    /// Looks after faults and members until something is so, or the time is over; returns whether it is so.
    pub(crate) fn go_on_until(
        &mut self,
        within: Duration,
        mut is_so: impl FnMut(&mut Self) -> bool,
    ) -> Result<bool, TortureError> {
        let deadline = Instant::now() + within;
        loop {
            if is_so(self) {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            self.tick()?;
        }
    }

    /// Reads the committed log up to what members have applied, and compares states.
    fn compare(&mut self) -> Vec<String> {
        self.next_comparison = Instant::now() + COMPARE_INTERVAL;
        let Some(status) = self.members.status() else { return Vec::new() };
        for member in status.members.iter().filter(|member| member.differing_members.is_some_and(|count| count > 0)) {
            self.truth.differ(format!("member {} says that others have another state", member.id));
        }
        self.truth.compare(&status.members)
    }

    /// Waits until all members follow and clients are answered; if they never do, the torture is over.
    pub(crate) fn await_recovery(&mut self) -> Result<(), TortureError> {
        let calm = self.answers.now();
        let recovered = self.go_on_until(RECOVERS_WITHIN, |torture| {
            torture.stop.load(Ordering::Acquire) || torture.members.are_whole() && torture.answers.last() > calm
        })?;
        if recovered {
            self.calms.push(calm);
            self.compare();
            return Ok(());
        }
        self.is_stuck = true;
        let (state, seconds) = (state(&self.members), RECOVERS_WITHIN.as_secs());
        let silent = self.answers.now().saturating_sub(self.answers.last()) / 1_000;
        self.violation(format!(
            "{seconds} s after all faults the cluster has not recovered: {state}; no answer for {silent} ms"
        ));
        // A JVM writes what its threads do into its log.
        for member in 0..MEMBERS {
            let jvms = self.members.processes(member).into_iter().filter(|(kind, _)| *kind == ProcessKind::Jvm);
            jvms.for_each(|(_, process)| process.signal(Signal::QUIT));
        }
        thread::sleep(Duration::from_secs(1));
        Ok(())
    }

    pub(crate) fn violation(&mut self, what: String) {
        self.remark(format!("VIOLATION: {what}"));
        self.outcome.violations.push(what);
    }

    /// Heals everything, lets all come to rest, and checks everything.
    fn finish(mut self) -> Result<Outcome, TortureError> {
        self.injector.end(true, &mut self.members);
        if !self.is_stuck {
            self.await_end_of_faults()?;
        }
        if !self.is_stuck && self.site.clusters.len() > 1 {
            self.finish_moves()?;
        }
        if !self.is_stuck {
            self.remark(String::from("all is healed; clients stop"));
            self.settle()?;
        }
        self.measure();
        let (is_settled, mut audited) = (!self.is_stuck, Audited::default());
        let histories = self.load.end()?;
        if is_settled {
            audited = audit::run(&self.site);
        }
        let verdict = Verdict::of(&histories, &self.truth.told());
        let outcome = &mut self.outcome;
        outcome.snapshots_compared = audited.snapshots_compared;
        self.truth.differences.extend(audited.differences);
        let left = self.members.stop(ENDS_WITHIN);
        if is_settled && !left.is_empty() {
            outcome.violations.push(format!("{} processes did not end in order", left.len()));
        }
        outcome.commands = verdict.commands;
        outcome.answered = verdict.answered;
        outcome.given_up = verdict.given_up;
        outcome.unanswered = verdict.unanswered;
        outcome.java_commands = verdict.java_commands;
        outcome.java_answered = verdict.java_answered;
        outcome.java_sessions = verdict.java_sessions;
        // The log of a cluster that does not recover can't be read to its end.
        if is_settled {
            outcome.lost = verdict.lost;
            outcome.duplicated = verdict.duplicated;
            outcome.out_of_order = verdict.out_of_order;
            outcome.orders_left = self.truth.orders() as u64;
            outcome.violations.extend(verdict.findings);
        }
        outcome.hash_differences = self.truth.differences.len() as u64;
        outcome.states_compared = self.truth.compared;
        outcome.log_position = self.truth.position();
        outcome.snapshots = self.injector.snapshots;
        outcome.moves = self.injector.moves;
        outcome.restarts = self.members.counts.restarts;
        outcome.repairs = self.members.counts.repairs;
        outcome.undiagnosed = self.members.counts.undiagnosed;
        outcome.violations.append(&mut self.members.violations);
        outcome.violations.append(&mut self.truth.differences);
        Ok(self.outcome)
    }

    fn await_end_of_faults(&mut self) -> Result<(), TortureError> {
        // A snapshot that was asked for may still be under way.
        self.go_on_until(RECOVERS_WITHIN, |torture| torture.injector.is_quiet())?;
        self.await_recovery()
    }

    /// Moves all instruments back, those whose move was interrupted too.
    fn finish_moves(&mut self) -> Result<(), TortureError> {
        let symbols: Vec<String> = self.site.deployment.instruments.iter().map(|it| it.symbol.clone()).collect();
        for symbol in symbols {
            let deadline = Instant::now() + RESTS_WITHIN;
            // A move to the other cluster that was begun is first brought to its end.
            let attempts = [["--to", HURT].as_slice(), &["--to", OTHER]];
            let mut attempt = 0;
            loop {
                let arguments = [&["migrate", symbol.as_str()], attempts[attempt % 2]].concat();
                let mut command = self.site.lugus(&arguments, "migrate.log")?;
                let done = command.status().is_ok_and(|status| status.success());
                if done && attempt % 2 == 0 {
                    break;
                }
                attempt += 1;
                if Instant::now() > deadline {
                    self.violation(format!("{symbol} can't be moved back; migrate.log says why"));
                    break;
                }
                self.go_on_for(Duration::from_millis(500))?;
            }
        }
        Ok(())
    }

    /// Lets clients come to rest, ends all orders, and reads the log to its end.
    fn settle(&mut self) -> Result<(), TortureError> {
        for phase in [Phase::Answer, Phase::Settle] {
            self.load.enter(phase);
            if !self.go_on_until(RESTS_WITHIN, |torture| torture.load.restless(phase).is_empty())? {
                let restless = self.load.restless(phase).join("; ");
                self.violation(format!("{} s after the end: {restless}", RESTS_WITHIN.as_secs()));
            }
            if phase == Phase::Answer
                && let Err(error) = self.cancel_all()
            {
                self.violation(error.to_string());
            }
        }
        let mut unread = Vec::new();
        let read = self.go_on_until(RESTS_WITHIN, |torture| {
            unread = torture.compare();
            let Some(status) = torture.members.status() else { return false };
            let is_common = torture.truth.is_end_of(&status.members);
            is_common && unread.is_empty() && torture.members.are_whole() && torture.truth.orders() == 0
        })?;
        if !read {
            self.violation(format!(
                "the logs can't be read to a common end: {}; {}",
                state(&self.members),
                unread.join("; ")
            ));
        }
        Ok(())
    }

    fn cancel_all(&self) -> Result<(), TortureError> {
        for cluster in &self.site.clusters {
            let mut operator = Operator::connect(&self.site, cluster, self.load.aeron_dir())?;
            operator.cancel_all()?;
            operator.close();
        }
        Ok(())
    }

    /// How long clients waited.
    fn measure(&mut self) {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.outcome.worst_pause_ms = millis(self.answers.longest(0, u64::MAX));
        let mut by_fault: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (from, until, kind) in &self.alone {
            let longest = by_fault.entry(kind.name()).or_default();
            *longest = (*longest).max(millis(self.answers.longest(*from, *until)));
        }
        self.outcome.worst_pause_ms_by_fault = by_fault;
        let recoveries = self.calms.iter().map(|calm| self.answers.after(*calm));
        self.outcome.worst_recovery_ms = recoveries.max().map_or(0, millis);
    }
}
