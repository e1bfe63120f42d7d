//! What keeps a container alive, or says that it must end: looked after in every wait.
//!
//! At most once a millisecond the Aeron client does its work, the consensus module's commit position must still be there,
//! and the mark file is renewed. Source: `ClusteredServiceAgent.checkForClockTick`.

use crate::agent_io::{AgentIo, FoundCounter};
use crate::error::ContainerError;

/// Time between two looks, in nanoseconds.
const TICK_INTERVAL_NS: i64 = 1_000_000;
/// Time between two signs of life in the mark file, in milliseconds.
const KEEP_ALIVE_INTERVAL_MS: i64 = 1_000;

#[derive(Debug)]
pub(crate) struct Lifeline<I> {
    pub(crate) io: I,
    /// The consensus module's counter, once found.
    pub(crate) commit_position: Option<FoundCounter>,
    last_tick_ns: Option<i64>,
    keep_alive_due_ms: i64,
    fatal: Option<ContainerError>,
}

impl<I: AgentIo> Lifeline<I> {
    pub(crate) fn new(io: I) -> Self {
        Self { io, commit_position: None, last_tick_ns: None, keep_alive_due_ms: 0, fatal: None }
    }

    /// Looks after everything if it is time to; true if it was.
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

    /// Idles inside a callback or a loop of ours, and looks after everything there too. An error is kept for
    /// [`Lifeline::take_fatal`].
    pub(crate) fn idle(&mut self, work: usize) {
        self.io.idle(work);
        if self.fatal.is_some() {
            return;
        }
        let now_ns = self.io.nano_time();
        // what is waited for mostly comes through the client: then it works more often than the tick lets it
        let client = if work == 0 { self.io.invoke_client() } else { Ok(()) };
        if let Err(error) = client.and_then(|()| self.tick(now_ns)) {
            self.fail(error);
        }
    }

    /// Position up to which the log may be read.
    #[inline]
    pub(crate) fn commit_position(&self) -> i64 {
        self.commit_position.as_ref().map_or(0, |counter| self.io.counter_value(counter.id))
    }

    /// Keeps an error that ends the container, unless there is one.
    pub(crate) fn fail(&mut self, error: ContainerError) {
        self.fatal.get_or_insert(error);
    }

    #[inline]
    pub(crate) fn has_failed(&self) -> bool {
        self.fatal.is_some()
    }

    pub(crate) fn take_fatal(&mut self) -> Result<(), ContainerError> {
        self.fatal.take().map_or(Ok(()), Err)
    }
}
