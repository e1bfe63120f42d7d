//! Connections in memory, for fuzzing: what comes is served as from the network, in a clock that jumps to the next time-out when there is
//! nothing to do.

use std::sync::Arc;

use axum::Router;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};

use super::publisher::Published;
use super::{HEAD_TIMEOUT, MAXIMUM_CONNECTIONS, MAXIMUM_VIEWERS, Names, ServerError, Site, Token, router, serve};
use crate::sources::Shared;

/// Longest request and longest begin of an answer, in bytes.
const LENGTH: usize = 64 * 1024;

/// The server's side of connections, without a listener.
#[derive(Debug)]
pub struct Probe {
    runtime: Runtime,
    router: Router,
    connections: Arc<Semaphore>,
    viewers: Arc<Semaphore>,
}

impl Probe {
    /// A server of what is in `shared`, for whoever has the token.
    ///
    /// # Errors
    /// The system gives no runtime.
    pub fn new(shared: Arc<Shared>, token: Token, names: Names) -> Result<Self, ServerError> {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
        let viewers = Arc::new(Semaphore::new(MAXIMUM_VIEWERS));
        // Nobody publishes: a viewer is sent what there is, and its connection ends.
        let (_, published) = watch::channel(Published::default());
        let (token, names) = (Arc::new(token), Arc::new(names));
        let router = router(Site { shared, published, viewers: Arc::clone(&viewers), token, names });
        Ok(Self { runtime, router, connections: Arc::new(Semaphore::new(MAXIMUM_CONNECTIONS)), viewers })
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
            let served = tokio::spawn(serve(far, self.router.clone(), permit));
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
            let _ = tokio::time::timeout(2 * HEAD_TIMEOUT, read).await;
            drop(near);
            served.await.expect("the server does not panic");
            answer.truncate(length);
            answer
        })
    }

    /// Number of places that are taken, of connections and of viewers.
    pub fn taken(&self) -> usize {
        MAXIMUM_CONNECTIONS + MAXIMUM_VIEWERS - self.connections.available_permits() - self.viewers.available_permits()
    }
}
