//! The clients: threads with the SDK, each of which trades as one participant, and the media drivers that they share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lugus_client::{
    ClientError, CommandNumber, Credentials, Exchange, ExchangeConfig, ExchangeSession, FixedMap, InstrumentId,
    ParticipantId, SendError,
};
use lugus_media_driver::ClientDriver;
use lugus_simulator::{Commands, Random};
use lugus_topology::Deployment;
use lugus_vocabulary::Action;

use crate::answers::Answers;
use crate::error::TortureError;
use crate::processes::Process;
use crate::record::Record;
use crate::site::{self, Site};
use crate::verdict::History;

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

/// What all clients do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    /// They trade.
    Trade,
    /// They send nothing, and wait for answers.
    Answer,
    /// They wait for all events.
    Settle,
    /// They close their sessions.
    Close,
}

/// What a client is asked to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Another process takes its session over.
    Replace,
    /// It closes its session, and opens another one.
    Reconnect,
}

/// What the threads and their owner share.
#[derive(Debug)]
struct Shared {
    phase: AtomicU8,
    answers: Arc<Answers>,
    clients: Vec<Client>,
}

#[derive(Debug, Default)]
struct Client {
    participant: u32,
    replace: AtomicU32,
    reconnect: AtomicU32,
    /// The phase in which it has come to rest.
    rests_in: AtomicU8,
    is_connected: AtomicBool,
    outstanding: AtomicU64,
}

impl Client {
    fn of(participant: u32) -> Self {
        Self { participant, ..Self::default() }
    }
}

/// All clients.
pub(crate) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Result<History, TortureError>>>,
    drivers: Vec<ClientDriver>,
}

impl Load {
    /// Starts the clients, which together send `rate` commands a second.
    ///
    /// # Errors
    /// A media driver or a thread can't be started.
    pub(crate) fn start(
        site: &Site,
        answers: &Arc<Answers>,
        clients: u32,
        rate: u32,
        seed: u64,
    ) -> Result<Self, TortureError> {
        let deployment = &site.deployment;
        let drivers = (0..DRIVERS).map(|_| ClientDriver::start(deployment)).collect::<Result<Vec<_>, _>>()?;
        let shared = Arc::new(Shared {
            phase: AtomicU8::new(Phase::Trade as u8),
            answers: Arc::clone(answers),
            clients: site::participants(clients).map(Client::of).collect(),
        });
        let mut threads = Vec::new();
        for (at, participant) in site::participants(clients).map(ParticipantId).enumerate() {
            let work = Work {
                shared: Arc::clone(&shared),
                deployment: deployment.clone(),
                aeron_dir: drivers[at % DRIVERS].aeron_dir().to_path_buf(),
                at,
                participant,
                credentials: site.credentials(participant)?,
                commands: Commands::new(Random::new(seed, 10 + at as u64), u64::from(participant.0)),
                random: Random::new(seed, 500 + at as u64),
                interval: Duration::from_secs(u64::from(clients)) / rate.max(1),
            };
            let thread = thread::Builder::new().name(format!("client {participant}")).spawn(|| work.run());
            threads.push(thread.map_err(|error| TortureError::Thread(format!("can't be started: {error}")))?);
        }
        Ok(Self { shared, threads, drivers })
    }

    /// Number of clients.
    pub(crate) fn clients(&self) -> usize {
        self.shared.clients.len()
    }

    /// Asks a client to do something.
    pub(crate) fn ask(&self, client: usize, wish: Wish) {
        let client = &self.shared.clients[client % self.shared.clients.len()];
        let wished = match wish {
            Wish::Replace => &client.replace,
            Wish::Reconnect => &client.reconnect,
        };
        wished.fetch_add(1, Ordering::Relaxed);
    }

    /// One of the media drivers.
    pub(crate) fn driver(&self, choice: u64) -> Option<Process> {
        self.drivers[(choice % self.drivers.len() as u64) as usize].pid().and_then(Process::of)
    }

    /// Directory of a media driver for the operator.
    pub(crate) fn aeron_dir(&self) -> &std::path::Path {
        self.drivers[0].aeron_dir()
    }

    /// Lets all clients go on to the next phase.
    pub(crate) fn enter(&self, phase: Phase) {
        if phase > Phase::Trade {
            self.shared.answers.end();
        }
        self.shared.phase.store(phase as u8, Ordering::Release);
    }

    /// Which clients have not come to rest in a phase, and how they are.
    pub(crate) fn restless(&self, phase: Phase) -> Vec<String> {
        let clients = self.shared.clients.iter();
        let restless = clients.filter(|client| client.rests_in.load(Ordering::Acquire) < phase as u8);
        restless
            .map(|client| {
                format!(
                    "participant {}: {}, {} commands without an outcome",
                    client.participant,
                    if client.is_connected.load(Ordering::Relaxed) { "connected" } else { "not connected" },
                    client.outstanding.load(Ordering::Relaxed)
                )
            })
            .collect()
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
            let phase = self.shared.phase.load(Ordering::Acquire);
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
                    match submit(&mut running.session, instrument, &action) {
                        Ok(number) => running.record.sent(instrument, number, &action),
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
        Ok(History { participant: self.participant, processes: ended })
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
