//! What a scope is given to act with, and what it asks of the session that holds it.

use crate::ingress::Offered;
use crate::retry::Delays;

/// A deadline that never comes.
pub(crate) const NEVER: u64 = u64::MAX;

/// What a scope needs to act on an input.
pub(crate) struct ScopeContext<'a, H> {
    /// Time for which the session has listened, in nanoseconds.
    pub(crate) time: u64,
    pub(crate) delays: &'a mut Delays,
    /// The program's handler, which is told what happens.
    pub(crate) handler: &'a mut H,
}

/// What the session has to do with its cluster session after an input to a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum SessionAction {
    /// Go on with it.
    Keep,
    /// Leave it for a new one. That is a fence: once the new session is open, nothing that was sent in the old one is
    /// applied.
    Renew,
}

/// How far a scope got with sending what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// Nothing is left to be sent.
    All,
    /// The ingress took no more.
    Blocked(Offered),
}
