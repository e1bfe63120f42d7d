//! The clients: threads with the SDK, each of which trades as one participant, beside clients in Java, and the media drivers that they share.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lugus_client::{
    ClientError, CommandNumber, Credentials, Exchange, ExchangeConfig, ExchangeSession, FixedMap, InstrumentId,
    ParticipantId, SendError,
};
use lugus_media_driver::{ClientDriver, JavaClientPlan};
use lugus_simulator::{Commands, Random};
use lugus_topology::Deployment;
use lugus_vocabulary::Action;

use crate::answers::Answers;
use crate::error::TortureError;
use crate::java_client::JavaWork;
use crate::options::Options;
use crate::processes::Process;
use crate::record::Record;
use crate::site::{self, Site};
use crate::verdict::{History, Program};
use crate::wishes::{Phase, Shared, Wish};

/// Number of media drivers of clients, so that one of them may stand still.
const DRIVERS: usize = 2;

/// Sleep after a duty cycle without work: members need the processors.
const IDLE: Duration = Duration::from_micros(300);

/// Wait before a process that has ended is replaced.
const NEXT_PROCESS: Duration = Duration::from_millis(300);

/// For how long a process that was replaced still runs.
const OVERLAP: Duration = Duration::from_secs(2);

/// Attempts to send a command of the clients that are patient; the others have the SDK's default.
const PATIENT_ATTEMPTS: u32 = 100;

/// All clients.
pub(crate) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Result<History, TortureError>>>,
    drivers: Vec<ClientDriver>,
}

impl Load {
    /// Starts the clients, which together send the wanted rate of commands.
    ///
    /// # Errors
    /// A media driver, a thread or a process can't be started.
    pub(crate) fn start(site: &Site, answers: &Arc<Answers>, options: &Options) -> Result<Self, TortureError> {
        let deployment = &site.deployment;
        let drivers = (0..DRIVERS).map(|_| ClientDriver::start(deployment)).collect::<Result<Vec<_>, _>>()?;
        let shared = Arc::new(Shared::new(answers, site::participants(options)));
        let (seed, interval) = (options.seed, Duration::from_secs(shared.clients.len() as u64) / options.rate.max(1));
        let mut threads = Vec::new();
        for (at, participant) in site::participants(options).map(ParticipantId).enumerate() {
            let (shared, aeron_dir) = (Arc::clone(&shared), drivers[at % DRIVERS].aeron_dir().to_path_buf());
            let thread = thread::Builder::new().name(format!("client {participant}"));
            let spawned = if at < options.clients as usize {
                let work = Work {
                    shared,
                    deployment: deployment.clone(),
                    aeron_dir,
                    at,
                    participant,
                    credentials: site.credentials(participant)?,
                    commands: Commands::new(Random::new(seed, 10 + at as u64), u64::from(participant.0)),
                    random: Random::new(seed, 500 + at as u64),
                    interval,
                };
                thread.spawn(|| work.run())
            } else {
                let plan = JavaClientPlan {
                    participant: participant.0,
                    aeron_dir,
                    interval,
                    seed: Random::new(seed, 700 + at as u64).between(0, u64::from(u32::MAX)),
                    folder: site.folder.join(format!("java-client-{participant}")),
                };
                let work = JavaWork::new(shared, deployment, at, plan)?;
                thread.spawn(|| work.run())
            };
            threads.push(spawned.map_err(|error| TortureError::Thread(format!("can't be started: {error}")))?);
        }
        Ok(Self { shared, threads, drivers })
    }

    /// Number of clients.
    pub(crate) fn clients(&self) -> usize {
        self.shared.clients.len()
    }

    /// What kind of client this is, in words.
    pub(crate) fn kind(&self, client: usize) -> &'static str {
        if self.java_process(client).is_some() { "client in Java" } else { "client" }
    }

    /// Asks a client to do something.
    pub(crate) fn ask(&self, client: usize, wish: Wish) {
        self.shared.ask(client, wish);
    }

    /// A media driver, or a client in Java: what may stand still, and what it is.
    pub(crate) fn to_stop(&self, choice: u64) -> (Option<Process>, &'static str) {
        let java = (0..self.clients()).filter_map(|client| self.java_process(client));
        let java: Vec<Process> = java.collect();
        let at = (choice % (self.drivers.len() + java.len()) as u64) as usize;
        match self.drivers.get(at) {
            Some(driver) => (driver.pid().and_then(Process::of), "the media driver of some clients"),
            None => (java.get(at - self.drivers.len()).copied(), "a client in Java"),
        }
    }

    /// The living process of a client in Java.
    fn java_process(&self, client: usize) -> Option<Process> {
        Process::of(self.shared.clients[client].pid.load(Ordering::Acquire))
    }

    /// Directory of a media driver for the operator.
    pub(crate) fn aeron_dir(&self) -> &std::path::Path {
        self.drivers[0].aeron_dir()
    }

    /// Lets all clients go on to the next phase.
    pub(crate) fn enter(&self, phase: Phase) {
        self.shared.enter(phase);
    }

    /// Which clients have not come to rest in a phase, and how they are.
    pub(crate) fn restless(&self, phase: Phase) -> Vec<String> {
        self.shared.restless(phase)
    }

    /// Ends the clients; returns what they have sent and were told.
    ///
    /// # Errors
    /// A thread failed.
    pub(crate) fn end(self) -> Result<Vec<History>, TortureError> {
        self.enter(Phase::Close);
        let mut histories = Vec::new();
        for thread in self.threads {
            let panicked = |_| TortureError::Thread(String::from("of a client has panicked"));
            histories.push(thread.join().map_err(panicked)??);
        }
        Ok(histories)
    }
}

/// A session with its record: one process of a client.
struct Running {
    session: ExchangeSession,
    record: Record,
}

/// The work of one client's thread.
struct Work {
    shared: Arc<Shared>,
    deployment: Deployment,
    aeron_dir: std::path::PathBuf,
    at: usize,
    participant: ParticipantId,
    credentials: Credentials,
    commands: Commands,
    random: Random,
    /// Between two commands.
    interval: Duration,
}

impl Work {
    fn run(mut self) -> Result<History, TortureError> {
        let exchange = self.exchange();
        let mut ended = Vec::new();
        let mut replaced: Vec<(Instant, Running)> = Vec::new();
        let mut running = self.open(&exchange)?;
        let (mut next_due, mut asked_in) = (Instant::now(), None);
        let mut pending = None;
        let (mut replaces, mut reconnects) = (0, 0);
        loop {
            let phase = self.shared.phase();
            if phase == Phase::Close as u8 {
                break;
            }
            let (wishes, me) = (&self.shared.clients, self.at);
            let wished_replaces = wishes[me].replace.load(Ordering::Relaxed);
            let wished_reconnects = wishes[me].reconnect.load(Ordering::Relaxed);
            if phase == Phase::Trade as u8 && wished_reconnects != reconnects {
                reconnects = wished_reconnects;
                // Closed: what has no outcome may have been applied.
                let Running { session, record } = running;
                session.close();
                ended.push(record);
                running = self.open(&exchange)?;
            }
            if phase == Phase::Trade as u8 && wished_replaces != replaces {
                replaces = wished_replaces;
                let old = std::mem::replace(&mut running, self.open(&exchange)?);
                replaced.push((Instant::now() + OVERLAP, old));
            }
            let polled = running.session.poll(&mut running.record);
            for (_, old) in &mut replaced {
                let _ = old.session.poll(&mut old.record);
            }
            while replaced.first().is_some_and(|(until, _)| *until <= Instant::now()) {
                let (_, Running { session, record }) = replaced.remove(0);
                session.close();
                // In the order in which they began: those that were replaced earlier have ended.
                ended.push(record);
            }
            let work = match polled {
                Ok(work) => work,
                Err(ClientError::Configuration(error)) => return Err(ClientError::from(error).into()),
                Err(_) => {
                    thread::sleep(NEXT_PROCESS);
                    let old = std::mem::replace(&mut running, self.open(&exchange)?);
                    ended.extend(replaced.drain(..).map(|(_, old)| old.record));
                    ended.push(old.record);
                    continue;
                }
            };
            if phase == Phase::Trade as u8 {
                if Instant::now() >= next_due {
                    next_due += self.interval;
                    // A client that could not send for long does not make up for it.
                    next_due = next_due.max(Instant::now());
                    let (instrument, action) = pending.take().unwrap_or_else(|| self.next_command());
                    let at = running.record.now();
                    match submit(&mut running.session, instrument, &action) {
                        Ok(number) => running.record.sent(at, instrument, number, &action),
                        Err(error) if error.is_retryable() => pending = Some((instrument, action)),
                        Err(_) => {}
                    }
                }
            } else {
                self.rest(phase, &mut running, replaced.is_empty(), &mut asked_in);
            }
            let me = &self.shared.clients[self.at];
            me.is_connected.store(running.session.is_connected(), Ordering::Relaxed);
            me.outstanding.store(running.session.outstanding() as u64, Ordering::Relaxed);
            if work == 0 {
                thread::sleep(
                    IDLE.min(next_due.saturating_duration_since(Instant::now()).max(Duration::from_micros(50))),
                );
            }
        }
        ended.extend(replaced.into_iter().map(|(_, old)| old.record));
        running.session.close();
        ended.push(running.record);
        Ok(History { participant: self.participant, program: Program::Sdk, processes: ended })
    }

    /// Notes when the client has come to rest in a phase.
    fn rest(&self, phase: u8, running: &mut Running, is_alone: bool, asked_in: &mut Option<u8>) {
        let session = &mut running.session;
        let is_answered = is_alone && session.is_connected() && session.outstanding() == 0;
        let instruments = || self.deployment.instruments.iter().map(|instrument| instrument.id);
        if is_answered && phase == Phase::Settle as u8 && *asked_in != Some(phase) {
            let asked = instruments().try_for_each(|instrument| session.resume(instrument));
            *asked_in = asked.is_ok().then_some(phase);
            return;
        }
        let has_all = phase < Phase::Settle as u8 || instruments().all(|instrument| session.is_current(instrument));
        if is_answered && has_all {
            self.shared.clients[self.at].rests_in.store(phase, Ordering::Release);
        }
    }

    fn exchange(&self) -> Exchange {
        let mut config = ExchangeConfig::of(&self.deployment, self.aeron_dir.clone());
        if self.at.is_multiple_of(2) {
            config.retry.attempts = PATIENT_ATTEMPTS;
        }
        match &self.deployment.coordinator {
            Some(_) => Exchange::connect(config),
            None => Exchange::with_maps(config, FixedMap::of(&self.deployment)),
        }
    }

    fn open(&self, exchange: &Exchange) -> Result<Running, TortureError> {
        let session = exchange.session(self.participant, self.credentials.clone())?;
        Ok(Running { session, record: Record::new(Arc::clone(&self.shared.answers)) })
    }

    fn next_command(&mut self) -> (InstrumentId, Action) {
        let at = self.random.below(self.deployment.instruments.len() as u64) as usize;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        (self.deployment.instruments[at].id, self.commands.of_participant(self.participant, now))
    }
}

/// Gives a command to a session.
fn submit(
    session: &mut ExchangeSession,
    instrument: InstrumentId,
    action: &Action,
) -> Result<CommandNumber, SendError> {
    match action {
        Action::New(order) => session.new_order(instrument, order),
        Action::Cancel { orig_client_order_id } => session.cancel(instrument, *orig_client_order_id),
        Action::Replace(replace) => session.replace(instrument, replace),
        Action::MassCancel { side, .. } => session.mass_cancel(instrument, *side),
        // Participants send nothing else.
        _ => Err(SendError::UnknownInstrument(instrument)),
    }
}
