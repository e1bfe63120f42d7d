//! A client in Java: its process is started, killed and started again, and its journal read meanwhile.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use lugus_media_driver::{JavaClient, JavaClientPlan, ProcessError};
use lugus_topology::{Deployment, Size};
use lugus_vocabulary::ParticipantId;

use crate::error::TortureError;
use crate::java_history::JavaHistory;
use crate::verdict::{History, Program};
use crate::wishes::{Phase, Shared};

/// Interval at which the client is looked after.
const TICK: Duration = Duration::from_millis(10);

/// Longest time for which a killed process is not started again; every third one is started at once.
const LONGEST_DOWN: Duration = Duration::from_secs(3);

/// Time before a process that has ended by itself is started again.
const NEXT_PROCESS: Duration = Duration::from_secs(1);

/// Longest wait for a process that is told to end.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// Heap of the JVM.
const HEAP: (Size, Size) = (Size::mib(32), Size::mib(128));

/// The work of the thread that looks after a client in Java.
pub(crate) struct JavaWork {
    shared: Arc<Shared>,
    deployment: Deployment,
    /// Index of the client.
    at: usize,
    plan: JavaClientPlan,
    history: JavaHistory,
    process: Option<JavaClient>,
    next_start: Instant,
    kills: u32,
}

impl JavaWork {
    /// Starts the client's first process.
    ///
    /// # Errors
    /// It can't be started.
    pub(crate) fn new(
        shared: Arc<Shared>,
        deployment: &Deployment,
        at: usize,
        plan: JavaClientPlan,
    ) -> Result<Self, TortureError> {
        let mut deployment = deployment.clone();
        (deployment.java.initial_heap, deployment.java.maximum_heap) = HEAP;
        let participant = ParticipantId(plan.participant);
        let history = JavaHistory::new(participant, plan.journal(), Arc::clone(&shared.answers));
        let mut work =
            Self { shared, deployment, at, plan, history, process: None, next_start: Instant::now(), kills: 0 };
        work.plan.tell(Phase::Trade as u8, 0)?;
        work.start()?;
        Ok(work)
    }

    /// Looks after the client until all clients are to close; returns what it has sent and was told.
    pub(crate) fn run(mut self) -> Result<History, TortureError> {
        let (mut told, mut replaces) = ((Phase::Trade as u8, 0), 0);
        let mut closes_until = None;
        loop {
            let client = &self.shared.clients[self.at];
            let wished = (self.shared.phase(), client.reconnect.load(Ordering::Relaxed));
            let wished_replaces = client.replace.load(Ordering::Relaxed);
            if wished != told {
                self.plan.tell(wished.0, wished.1)?;
                told = wished;
            }
            let (phase, is_trading) = (told.0, told.0 == Phase::Trade as u8);
            if is_trading && wished_replaces != replaces {
                replaces = wished_replaces;
                self.kill();
            }
            let has_closed = self.look_after(phase)?;
            self.history.read()?;
            self.show();
            if phase == Phase::Close as u8 {
                let until = *closes_until.get_or_insert_with(|| Instant::now() + ENDS_WITHIN);
                if !has_closed && Instant::now() < until {
                    thread::sleep(TICK);
                    continue;
                }
                if !has_closed {
                    self.history.wrong(format!("it did not end within {} s", ENDS_WITHIN.as_secs()));
                }
                self.process = None;
                self.history.read()?;
                let (participant, record) = (ParticipantId(self.plan.participant), self.history.into_record());
                return Ok(History { participant, program: Program::Java, processes: vec![record] });
            }
            thread::sleep(TICK);
        }
    }

    /// Kills the process; another one is started soon.
    fn kill(&mut self) {
        self.process = None;
        self.kills += 1;
        self.next_start = Instant::now() + LONGEST_DOWN * (self.kills % 3) / 2;
    }

    /// Starts the process if there is none and it is time to; returns whether it has ended as it was told to.
    fn look_after(&mut self, phase: u8) -> Result<bool, TortureError> {
        let Some(process) = &mut self.process else {
            if Instant::now() >= self.next_start {
                self.start()?;
            }
            return Ok(false);
        };
        match process.has_ended() {
            Ok(has_ended) if phase == Phase::Close as u8 => Ok(has_ended),
            Ok(false) => Ok(false),
            Ok(true) => {
                self.ended(String::from("it has ended, though nobody has asked it to"));
                Ok(false)
            }
            Err(ProcessError::Ended { status, last_lines, .. }) => {
                let last = last_lines.lines().last().unwrap_or_default();
                self.ended(format!("it has ended by itself ({status}): {last}"));
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn ended(&mut self, how: String) {
        self.history.wrong(how);
        self.process = None;
        self.next_start = Instant::now() + NEXT_PROCESS;
    }

    fn start(&mut self) -> Result<(), TortureError> {
        self.process = Some(JavaClient::start(&self.deployment, &self.plan)?);
        Ok(())
    }

    /// Shows how the client is.
    fn show(&self) {
        let client = &self.shared.clients[self.at];
        client.pid.store(self.process.as_ref().map_or(0, JavaClient::pid), Ordering::Release);
        client.rests_in.store(self.history.rests_in(), Ordering::Release);
        client.is_connected.store(self.process.is_some() && self.history.is_connected(), Ordering::Relaxed);
        client.outstanding.store(self.history.outstanding(), Ordering::Relaxed);
    }
}
