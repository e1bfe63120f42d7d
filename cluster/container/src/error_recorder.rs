//! Recording of errors, in the container's error counter, in the error log of the mark file, and with `tracing`.

use std::cell::RefCell;
use std::fmt::Display;
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::error;

use crate::counters::ServiceCounter;
use crate::mark_file::MarkFile;

/// Counts errors and writes them to the error log. Source: `CountedErrorHandler` and `DistinctErrorLog` of Agrona.
#[derive(Debug)]
pub(crate) struct ErrorRecorder {
    mark_file: RefCell<MarkFile>,
    counter: RefCell<Option<ServiceCounter>>,
}

impl ErrorRecorder {
    pub(crate) fn new(mark_file: MarkFile) -> Self {
        Self { mark_file: RefCell::new(mark_file), counter: RefCell::new(None) }
    }

    pub(crate) fn set_counter(&self, counter: ServiceCounter) {
        *self.counter.borrow_mut() = Some(counter);
    }

    pub(crate) fn record(&self, error: &dyn Display) {
        let text = error.to_string();
        error!("{text}");
        self.mark_file.borrow_mut().record_error(&text, epoch_ms());
        if let Some(counter) = self.counter.borrow().as_ref() {
            counter.increment();
        }
    }

    /// Calls `f` with the mark file. `f` must not use this recorder.
    pub(crate) fn with_mark_file(&self, f: impl FnOnce(&mut MarkFile)) {
        f(&mut self.mark_file.borrow_mut());
    }
}

/// The time, in milliseconds since the epoch.
pub(crate) fn epoch_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// The time, in nanoseconds since the epoch.
#[inline]
pub(crate) fn epoch_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64)
}
