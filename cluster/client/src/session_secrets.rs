//! Secrets that the credentials supplier gave for challenges, until it is known which challenge led to the open session.
//!
//! Two members may have challenged the client at once, and a challenge that was given up may lead to a session after all. The
//! answer to a challenge has a correlation id, which the cluster repeats with the session that it opens.

use std::collections::VecDeque;

/// Greatest number of answered challenges whose secrets are kept: more than one for each member
/// ([`MAX_MEMBERS`](crate::context::MAX_MEMBERS)) and for each abandoned request that may still be answered.
const MAX_SECRETS: usize = 64;

/// The secrets. There is no `Debug`, which would show them.
#[derive(Default)]
pub(crate) struct SessionSecrets {
    /// Correlation id of the answer to a challenge, and the secret; the newest last.
    answered: VecDeque<(i64, Vec<u8>)>,
    /// Those of the open session.
    open: Option<(i64, Vec<u8>)>,
}

impl SessionSecrets {
    /// Keeps the secret of a challenge that was answered by the request `correlation_id`.
    pub(crate) fn keep(&mut self, correlation_id: i64, secret: Vec<u8>) {
        if secret.is_empty() {
            return;
        }
        if self.answered.len() == MAX_SECRETS {
            self.answered.pop_front();
        }
        self.answered.push_back((correlation_id, secret));
    }

    /// The open session is the one that the cluster opened for the request `correlation_id`; `None` if there is none.
    #[inline]
    pub(crate) fn open(&mut self, correlation_id: Option<i64>) {
        if self.open.as_ref().map(|(open, _)| *open) == correlation_id {
            return;
        }
        self.open = correlation_id.map(|opened| {
            let secret = self.answered.iter().position(|(answered, _)| *answered == opened);
            let secret = secret.and_then(|index| self.answered.remove(index));
            secret.unwrap_or((opened, Vec::new()))
        });
    }

    /// The secret of the open session; empty if there is none.
    pub(crate) fn of_open_session(&self) -> &[u8] {
        self.open.as_ref().map_or(&[], |(_, secret)| secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_that_opened_the_session_tells_its_secret() {
        let mut secrets = SessionSecrets::default();
        secrets.keep(1, b"one".to_vec());
        secrets.keep(2, b"two".to_vec());
        secrets.open(Some(1));
        assert_eq!(secrets.of_open_session(), b"one");
        secrets.open(None);
        assert_eq!(secrets.of_open_session(), b"");
        secrets.open(Some(2));
        assert_eq!(secrets.of_open_session(), b"two", "an answer that came late");
        secrets.open(Some(3));
        assert_eq!(secrets.of_open_session(), b"", "a session without a challenge");
    }

    #[test]
    fn the_open_session_keeps_its_secret_whatever_is_tried_beside_it() {
        let mut secrets = SessionSecrets::default();
        secrets.keep(0, b"open".to_vec());
        secrets.open(Some(0));
        for correlation_id in 1..1_000 {
            secrets.keep(correlation_id, vec![1]);
            secrets.open(Some(0));
        }
        assert_eq!(secrets.of_open_session(), b"open");
        assert_eq!(secrets.answered.len(), MAX_SECRETS);
    }
}
