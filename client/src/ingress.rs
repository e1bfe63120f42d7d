//! The way of messages to the cluster, as the state machines see it.

/// Takes the messages of a session on their way to the cluster's leader.
pub trait Ingress {
    /// Sends a whole message, or nothing of it.
    fn offer(&mut self, message: &[u8]) -> Offered;
}

/// What became of an offered message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a message that was not sent has to be offered again"]
pub enum Offered {
    /// The message is on its way.
    Sent,
    /// The leader's buffer is full: the message can be offered again in a moment.
    BackPressured,
    /// There is no leader to send to.
    NotConnected,
}
