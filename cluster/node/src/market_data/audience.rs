//! Whether anybody listens to the stream: the publishing thread sees it, and the service's thread makes increments only then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether anybody listens, as both threads know it. Clones are of the same audience.
#[derive(Debug, Clone)]
pub struct Audience(Arc<AtomicBool>);

impl Audience {
    /// An audience that is there, or is not, until it is told otherwise.
    pub fn new(is_there: bool) -> Self {
        Self(Arc::new(AtomicBool::new(is_there)))
    }

    /// Tells whether anybody listens.
    pub fn tell(&self, is_there: bool) {
        self.0.store(is_there, Ordering::Relaxed);
    }

    /// Whether anybody listens.
    #[inline]
    pub fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
