//! What a scope gets to act with, and what it asks of the session that holds it.

use crate::ingress::Offered;
use crate::retry::Delays;

/// A deadline that never passes.
pub(crate) const NEVER: u64 = u64::MAX;

/// What a scope needs to act on an input.
pub(crate) struct ScopeContext<'a, H> {
    /// Time for which the session has listened, in nanoseconds.
    pub(crate) time: u64,
    pub(crate) delays: &'a mut Delays,
    /// The program's handler.
    pub(crate) handler: &'a mut H,
}

/// What the session has to do with its cluster session after an input to a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum SessionAction {
    /// Keep it.
    Keep,
    /// Replace it with a new one. That is a fence: once the new session is open, nothing that was sent in the old one is
    /// applied.
    Renew,
}

/// Result of sending what waits in a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// Everything has been sent.
    All,
    /// The ingress accepted no more.
    Blocked(Offered),
}
