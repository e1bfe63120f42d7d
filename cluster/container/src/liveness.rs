//! What keeps a container alive, and what tells that it must end. Every wait goes through here.
//!
//! At most once in a millisecond, a tick runs the Aeron client, checks that the consensus module's commit position
//! counter is in use, and updates the activity in the mark file. Source: `ClusteredServiceAgent.checkForClockTick`.

use crate::agent_io::{AgentIo, FoundCounter};
use crate::error::ContainerError;

/// Shortest time between two ticks, in nanoseconds.
const TICK_INTERVAL_NS: i64 = 1_000_000;
/// Time between two updates of the activity in the mark file, in milliseconds.
const KEEP_ALIVE_INTERVAL_MS: i64 = 1_000;

/// The I/O of an agent, and the signs of life that it gives and watches.
#[derive(Debug)]
pub(crate) struct Liveness<I> {
    pub(crate) io: I,
    /// The consensus module's commit position counter, once it was found.
    pub(crate) commit_position: Option<FoundCounter>,
    last_tick_ns: Option<i64>,
    keep_alive_due_ms: i64,
    /// The error that ends the container.
    fatal: Option<ContainerError>,
}

impl<I: AgentIo> Liveness<I> {
    pub(crate) fn new(io: I) -> Self {
        Self { io, commit_position: None, last_tick_ns: None, keep_alive_due_ms: 0, fatal: None }
    }

    /// Does what a tick does, if it is due. Returns whether it was.
    #[inline]
    pub(crate) fn tick(&mut self, now_ns: i64) -> Result<bool, ContainerError> {
        if self.last_tick_ns.is_some_and(|last| now_ns - last < TICK_INTERVAL_NS) {
            return Ok(false);
        }
        self.last_tick_ns = Some(now_ns);
        self.io.invoke_client()?;
        if self.commit_position.as_ref().is_some_and(|counter| !self.io.is_counter_active(counter)) {
            return Err(ContainerError::ConsensusModuleGone);
        }
        let now_ms = self.io.epoch_ms();
        if now_ms >= self.keep_alive_due_ms {
            self.keep_alive_due_ms = now_ms + KEEP_ALIVE_INTERVAL_MS;
            self.io.keep_alive(now_ms);
        }
        Ok(true)
    }

    /// Idles inside a callback or a loop of the container, and ticks there too. An error is kept for
    /// [`Liveness::take_fatal`].
    pub(crate) fn idle(&mut self, work: usize) {
        self.io.idle(work);
        if self.fatal.is_some() {
            return;
        }
        let now_ns = self.io.nano_time();
        // What the caller waits for mostly comes through the client, so it runs more often than in each tick.
        let client = if work == 0 { self.io.invoke_client() } else { Ok(()) };
        if let Err(error) = client.and_then(|()| self.tick(now_ns)) {
            self.fail(error);
        }
    }

    /// Position up to which the log may be consumed; 0 until it is known.
    #[inline]
    pub(crate) fn commit_position(&self) -> i64 {
        self.commit_position.as_ref().map_or(0, |counter| self.io.counter_value(counter.id))
    }

    /// Keeps an error that ends the container, unless another one is kept already.
    pub(crate) fn fail(&mut self, error: ContainerError) {
        self.fatal.get_or_insert(error);
    }

    /// Whether an error is kept that ends the container.
    #[inline]
    pub(crate) fn has_failed(&self) -> bool {
        self.fatal.is_some()
    }

    /// Fails with the error that ends the container, if one is kept.
    pub(crate) fn take_fatal(&mut self) -> Result<(), ContainerError> {
        self.fatal.take().map_or(Ok(()), Err)
    }
}
