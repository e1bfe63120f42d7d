//! What the clients are asked to do, and how they are: shared between their threads and their owner.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

use crate::answers::Answers;

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
pub(crate) struct Shared {
    phase: AtomicU8,
    pub(crate) answers: Arc<Answers>,
    /// Those with the SDK, and then those in Java.
    pub(crate) clients: Vec<Client>,
}

/// What a client was asked for, and how it is.
#[derive(Debug, Default)]
pub(crate) struct Client {
    participant: u32,
    pub(crate) replace: AtomicU32,
    pub(crate) reconnect: AtomicU32,
    /// The phase in which it has come to rest.
    pub(crate) rests_in: AtomicU8,
    pub(crate) is_connected: AtomicBool,
    pub(crate) outstanding: AtomicU64,
    /// Id of its process, if it is one of its own; 0 if there is none.
    pub(crate) pid: AtomicU32,
}

impl Shared {
    pub(crate) fn new(answers: &Arc<Answers>, participants: impl Iterator<Item = u32>) -> Self {
        let client = |participant| Client { participant, ..Client::default() };
        let (phase, clients) = (AtomicU8::new(Phase::Trade as u8), participants.map(client).collect());
        Self { phase, answers: Arc::clone(answers), clients }
    }

    /// Number of the phase.
    pub(crate) fn phase(&self) -> u8 {
        self.phase.load(Ordering::Acquire)
    }

    /// Lets all clients go on to the next phase.
    pub(crate) fn enter(&self, phase: Phase) {
        if phase > Phase::Trade {
            self.answers.end();
        }
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Asks a client to do something.
    pub(crate) fn ask(&self, client: usize, wish: Wish) {
        let client = &self.clients[client % self.clients.len()];
        let wished = match wish {
            Wish::Replace => &client.replace,
            Wish::Reconnect => &client.reconnect,
        };
        wished.fetch_add(1, Ordering::Relaxed);
    }

    /// Which clients have not come to rest in a phase, and how they are.
    pub(crate) fn restless(&self, phase: Phase) -> Vec<String> {
        let restless = self.clients.iter().filter(|client| client.rests_in.load(Ordering::Acquire) < phase as u8);
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
}
