//! Where the sessions of an [`Exchange`](crate::Exchange) get partition maps from, once for all of them.

use std::sync::Arc;
use std::time::Instant;

use lugus_partition_map::{MapError, MapSubscription, PartitionMap};

use crate::problem::Problem;

/// A source of partition maps, with what it has told until now.
pub(crate) struct MapSource {
    subscription: Box<dyn MapSubscription>,
    /// Where the maps come from, for people.
    name: String,
    began: Instant,
    newest: Option<Arc<PartitionMap>>,
    error: Option<MapError>,
    /// Number of errors until now.
    errors: u64,
}

impl MapSource {
    pub(crate) fn new(subscription: impl MapSubscription + 'static, name: String) -> Self {
        let (subscription, began) = (Box::new(subscription), Instant::now());
        Self { subscription, name, began, newest: None, error: None, errors: 0 }
    }

    /// One duty cycle. Returns 0 if nothing has come.
    pub(crate) fn poll(&mut self) -> usize {
        match self.subscription.poll() {
            Ok(None) => return 0,
            Ok(map) => self.newest = map,
            Err(error) => {
                self.error = Some(error);
                self.errors += 1;
            }
        }
        1
    }

    /// The newest map.
    pub(crate) fn newest(&self) -> Option<&Arc<PartitionMap>> {
        self.newest.as_ref()
    }

    /// Number of errors until now.
    pub(crate) fn errors(&self) -> u64 {
        self.errors
    }

    /// The last error, if there were more than `seen`.
    pub(crate) fn error_since(&self, seen: u64) -> Option<&MapError> {
        self.error.as_ref().filter(|_| self.errors != seen)
    }

    /// Why there is no map.
    pub(crate) fn problem(&self) -> Problem {
        Problem::NoMap { source: self.name.clone(), waited: self.began.elapsed(), reason: self.error.clone() }
    }
}
