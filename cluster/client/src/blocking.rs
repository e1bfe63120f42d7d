//! The client for simple programs that may wait: tests, tools, examples.

use std::time::{Duration, Instant};

use thiserror::Error;

use crate::client::AeronCluster;
use crate::context::Context;
use crate::egress_listener::EgressListener;
use crate::error::{ClientError, ConnectProblem, OfferError};
use crate::session::State;

/// Duty cycles without work before the thread yields.
const SPINS: u32 = 10;
/// Duty cycles without work before it sleeps.
const YIELDS: u32 = 30;
/// How long it sleeps then.
const PARK: Duration = Duration::from_micros(50);

/// Why waiting has ended.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BlockingError {
    /// The client has ended.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The message cannot be sent, now or later.
    #[error(transparent)]
    Offer(OfferError),
    /// It did not happen in time.
    #[error("{what} did not happen within {timeout:?}{}", problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default())]
    TimedOut {
        /// What was waited for.
        what: &'static str,
        /// How long.
        timeout: Duration,
        /// What stood in the way of a session last, if there is none.
        problem: Option<ConnectProblem>,
    },
}

/// A client and its listener, with calls that wait.
pub struct BlockingCluster<L> {
    cluster: AeronCluster,
    /// What the application hears with; its state is the application's own.
    pub listener: L,
    idle_cycles: u32,
}

impl<L: EgressListener> BlockingCluster<L> {
    /// Opens a session.
    ///
    /// # Errors
    /// When the context cannot work, the cluster refuses, or nothing comes of it within `timeout`.
    pub fn connect(context: Context, listener: L, timeout: Duration) -> Result<Self, BlockingError> {
        let mut blocking = Self { cluster: AeronCluster::new(context)?, listener, idle_cycles: 0 };
        blocking.wait("connecting to the cluster", timeout, |cluster, _| cluster.state() == State::Connected)?;
        Ok(blocking)
    }

    /// The client, for all that does not wait.
    pub fn cluster(&mut self) -> &mut AeronCluster {
        &mut self.cluster
    }

    /// Sends `message` as soon as the leader takes it.
    ///
    /// # Errors
    /// When the client has ended, the message is too long, or it is not taken within `timeout`.
    pub fn send(&mut self, message: &[u8], timeout: Duration) -> Result<(), BlockingError> {
        let mut failure = None;
        self.wait("sending a message", timeout, |cluster, _| match cluster.offer(message) {
            Ok(_) => true,
            Err(OfferError::BackPressured | OfferError::AdminAction | OfferError::NotConnected) => false,
            Err(error) => {
                failure = Some(error);
                true
            }
        })?;
        failure.map_or(Ok(()), |error| Err(BlockingError::Offer(error)))
    }

    /// Does duty cycles until `done`.
    ///
    /// # Errors
    /// When the client has ended, or `done` is not reached within `timeout`.
    pub fn wait(
        &mut self,
        what: &'static str,
        timeout: Duration,
        mut done: impl FnMut(&mut AeronCluster, &mut L) -> bool,
    ) -> Result<(), BlockingError> {
        let start = Instant::now();
        while !done(&mut self.cluster, &mut self.listener) {
            self.do_work()?;
            if start.elapsed() >= timeout {
                return Err(BlockingError::TimedOut { what, timeout, problem: self.cluster.problem().cloned() });
            }
        }
        Ok(())
    }

    /// One duty cycle, and a pause when there was nothing to do.
    ///
    /// # Errors
    /// When the client has ended.
    pub fn do_work(&mut self) -> Result<usize, ClientError> {
        let work_count = self.cluster.do_work(&mut self.listener)?;
        if work_count > 0 {
            self.idle_cycles = 0;
        } else {
            self.idle();
        }
        Ok(work_count)
    }

    /// Closes the session.
    pub fn close(mut self) -> L {
        self.cluster.close();
        self.listener
    }

    fn idle(&mut self) {
        self.idle_cycles = self.idle_cycles.saturating_add(1);
        if self.idle_cycles <= SPINS {
            std::hint::spin_loop();
        } else if self.idle_cycles <= YIELDS {
            std::thread::yield_now();
        } else {
            std::thread::sleep(PARK);
        }
    }
}
