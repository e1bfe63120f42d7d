//! Connections in memory, for fuzzing: what comes is served as from the network, in a clock that jumps to the next time-out when there is
//! nothing to do.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use super::{MAXIMUM_CONNECTIONS, REQUEST_TIMEOUT, ServerError, Source, serve};

/// Longest request and longest begin of an answer, in bytes.
const LENGTH: usize = 64 * 1024;

/// The server's side of connections, without a listener.
#[derive(Debug)]
pub struct Probe<S> {
    runtime: Runtime,
    source: Arc<S>,
    connections: Arc<Semaphore>,
}

impl<S: Source> Probe<S> {
    /// A server of what `source` tells.
    ///
    /// # Errors
    /// The system gives no runtime.
    pub fn new(source: S) -> Result<Self, ServerError> {
        let runtime = Builder::new_current_thread().enable_time().max_blocking_threads(1).start_paused(true).build()?;
        Ok(Self { runtime, source: Arc::new(source), connections: Arc::new(Semaphore::new(MAXIMUM_CONNECTIONS)) })
    }

    /// Sends these bytes on a new connection, and closes it when the answer has ended or none comes; returns the begin of the answer.
    ///
    /// # Panics
    /// If the server does, or if there are more connections than it takes.
    #[allow(clippy::expect_used, reason = "a test that fails panics")]
    pub fn ask(&self, request: &[u8]) -> Vec<u8> {
        self.runtime.block_on(async {
            let (mut near, far) = tokio::io::duplex(LENGTH);
            let permit = Arc::clone(&self.connections).try_acquire_owned().expect("a place for a connection");
            let served = tokio::spawn(serve(far, Arc::clone(&self.source), Arc::new(permit)));
            // The server may have closed the connection before it has read all.
            let _ = near.write_all(request).await;
            let mut answer = vec![0; LENGTH];
            let mut length = 0;
            let read = async {
                while let Ok(more) = near.read(&mut answer[length..]).await
                    && more > 0
                {
                    length += more;
                }
            };
            let _ = tokio::time::timeout(2 * REQUEST_TIMEOUT, read).await;
            drop(near);
            served.await.expect("the server does not panic");
            answer.truncate(length);
            answer
        })
    }

    /// Number of connections that hold a place.
    pub fn taken(&self) -> usize {
        MAXIMUM_CONNECTIONS - self.connections.available_permits()
    }
}
