//! A bound on a wait by the time without progress.

use crate::service_error::ServiceError;

/// Fails a wait in which nothing has progressed for a while.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProgressTimeout {
    /// Time of the last progress, in nanoseconds.
    last_ns: i64,
    timeout_ns: i64,
}

impl ProgressTimeout {
    pub(crate) fn new(now_ns: i64, timeout_ns: i64) -> Self {
        Self { last_ns: now_ns, timeout_ns }
    }

    /// Notes progress, from which the time counts again.
    pub(crate) fn progressed(&mut self, now_ns: i64) {
        self.last_ns = now_ns;
    }

    /// Fails when the time has passed. `what` is the first part of the error text.
    pub(crate) fn check(&self, now_ns: i64, what: &str) -> Result<(), ServiceError> {
        if now_ns - self.last_ns < self.timeout_ns {
            return Ok(());
        }
        Err(ServiceError::message(format!("{what}: no progress for {} ms", self.timeout_ns / 1_000_000)))
    }
}
