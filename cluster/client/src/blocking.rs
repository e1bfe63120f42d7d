//! The client for simple programs that may wait: tests, tools, examples.

use std::time::{Duration, Instant};

use aeron_support::{IdleStrategy, Idler};
use thiserror::Error;

use crate::client::AeronCluster;
use crate::context::Context;
use crate::egress_listener::EgressListener;
use crate::error::{ClientError, ConnectProblem, OfferError};
use crate::session::State;

/// The thread parks for 50 microseconds when 30 duty cycles in a row found nothing to do.
const IDLE_STRATEGY: IdleStrategy = IdleStrategy::Backoff {
    quiet_park: None,
    max_spins: 10,
    max_yields: 20,
    min_park: Duration::from_micros(50),
    max_park: Duration::from_micros(50),
};

/// Why a call that waits has ended without success.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BlockingError {
    /// The client has ended.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The message cannot be sent, now or later.
    #[error(transparent)]
    Offer(OfferError),
    /// What was waited for did not happen in time.
    #[error("{what} did not happen within {timeout:?}{}", problem.as_ref().map(|problem| format!(": {problem}")).unwrap_or_default())]
    TimedOut {
        /// What was waited for.
        what: &'static str,
        /// Bound on the wait.
        timeout: Duration,
        /// What stood last in the way of a session, if there is none.
        problem: Option<ConnectProblem>,
    },
}

/// A client and its listener, with calls that wait.
pub struct BlockingCluster<L> {
    cluster: AeronCluster,
    /// Receives what happens; its state is the application's own.
    pub listener: L,
    idler: Idler,
}

impl<L: EgressListener> BlockingCluster<L> {
    /// Opens a session.
    ///
    /// # Errors
    /// A setting of the context cannot work, the cluster refuses, or there is no session within `timeout`.
    pub fn connect(context: Context, listener: L, timeout: Duration) -> Result<Self, BlockingError> {
        let cluster = AeronCluster::new(context)?;
        let mut blocking = Self { cluster, listener, idler: Idler::new(IDLE_STRATEGY) };
        blocking.wait("connecting to the cluster", timeout, |cluster, _| cluster.state() == State::Connected)?;
        Ok(blocking)
    }

    /// The client, for all calls that do not wait.
    pub fn cluster(&mut self) -> &mut AeronCluster {
        &mut self.cluster
    }

    /// Sends `message` as soon as the leader takes it.
    ///
    /// # Errors
    /// The client has ended, the message is too long, or the leader does not take it within `timeout`.
    pub fn send(&mut self, message: &[u8], timeout: Duration) -> Result<(), BlockingError> {
        let mut failure = None;
        self.wait("sending a message", timeout, |cluster, _| match cluster.offer(message) {
            Ok(_) => true,
            // The duty cycles meanwhile may connect again.
            Err(error) if error.is_retryable() || error == OfferError::NotConnected => false,
            Err(error) => {
                failure = Some(error);
                true
            }
        })?;
        failure.map_or(Ok(()), |error| Err(BlockingError::Offer(error)))
    }

    /// Does duty cycles until `done` returns true.
    ///
    /// # Errors
    /// The client has ended, or `done` has not returned true within `timeout`.
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
    /// The client has ended.
    pub fn do_work(&mut self) -> Result<usize, ClientError> {
        let work_count = self.cluster.do_work(&mut self.listener)?;
        self.idler.idle(work_count);
        Ok(work_count)
    }

    /// Closes the session.
    pub fn close(mut self) -> L {
        self.cluster.close();
        self.listener
    }
}
