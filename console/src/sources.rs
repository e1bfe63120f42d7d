//! Threads that look at a deployment and fill the model. None of them is asked for by a member, and no member waits for them.
//!
//! | file | what it looks at |
//! |---|---|
//! | `members` | counters of members on this host, four times a second; what the others tell |
//! | `disks` | directories and recording logs on this host |
//! | `map` | the coordinator's maps |
//! | `books` | the books that somebody views, by a session that only reads |
//! | `shared`, `viewed_books`, `pace` | what they fill; who views which book; when they look, and their end |

mod books;
mod disks;
mod map;
mod members;
mod pace;
mod shared;
mod viewed_books;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use lugus_media_driver::{ClientDriver, ProcessError};
use lugus_topology::Deployment;
use thiserror::Error;

pub use books::BookDoor;
pub use shared::Shared;
pub use viewed_books::{MAXIMUM_BOOKS, ViewedBooks};

use pace::Stop;

/// Why nothing can be looked at.
#[derive(Debug, Error)]
pub enum SourceError {
    /// There is no media driver to listen with.
    #[error(transparent)]
    Driver(#[from] ProcessError),
    /// The system gives no thread.
    #[error("can't start a thread: {0}; raise the limit of threads")]
    Thread(io::Error),
}

/// The running threads. Drop ends them, and then the media driver.
pub struct Sources {
    shared: Arc<Shared>,
    stop: Stop,
    threads: Vec<JoinHandle<()>>,
    driver: ClientDriver,
}

impl Sources {
    /// Begins to look at a deployment. Without a door no book is followed.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn start(deployment: &Deployment, door: Option<Box<dyn BookDoor>>) -> Result<Self, SourceError> {
        let driver = ClientDriver::start(deployment)?;
        let shared = Arc::new(Shared::new(deployment));
        let mut sources = Self { shared, stop: Stop::default(), threads: Vec::new(), driver };
        let deployment = Arc::new(deployment.clone());
        sources.spawn("members", &deployment, members::watch)?;
        sources.spawn("disks", &deployment, |deployment, _, shared, stop| disks::watch(deployment, shared, stop))?;
        sources.spawn("map", &deployment, map::watch)?;
        if let Some(door) = door {
            sources.spawn("books", &deployment, move |_, aeron_dir, shared, stop| {
                books::follow(door.as_ref(), aeron_dir, shared, stop);
            })?;
        }
        Ok(sources)
    }

    fn spawn(
        &mut self,
        name: &str,
        deployment: &Arc<Deployment>,
        watch: impl FnOnce(&Deployment, &std::path::Path, &Arc<Shared>, &Stop) + Send + 'static,
    ) -> Result<(), SourceError> {
        let (deployment, aeron_dir) = (Arc::clone(deployment), PathBuf::from(self.driver.aeron_dir()));
        let (shared, stop) = (Arc::clone(&self.shared), self.stop.clone());
        let run = move || watch(&deployment, &aeron_dir, &shared, &stop);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run).map_err(SourceError::Thread)?;
        self.threads.push(thread);
        Ok(())
    }

    /// What they fill.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Checks that the media driver still runs.
    ///
    /// # Errors
    /// It has ended.
    pub fn check(&mut self) -> Result<(), SourceError> {
        Ok(self.driver.check()?)
    }
}

impl Drop for Sources {
    fn drop(&mut self) {
        self.stop.stop();
        for thread in self.threads.drain(..) {
            // It has told its panic.
            let _ = thread.join();
        }
    }
}
