//! A resource that the media driver is asked for, and asked for again while it cannot give it for the moment.
//!
//! A publication to a client is refused so (Aeron's error 10) while the channel endpoint of an earlier one to the same
//! address is being closed, as after a session that has just ended.

use aeron_support::{AeronError, Pending, Requested};

/// Time between a refusal and the next request, in nanoseconds.
const RETRY_INTERVAL_NS: i64 = 5_000_000;
/// Time after the first request from which a refusal is final, in nanoseconds.
const RETRY_LIMIT_NS: i64 = 5_000_000_000;

/// A request that is under way.
pub(crate) trait Request {
    type Added;

    /// The resource, once it has come.
    fn poll(&self) -> Result<Option<Self::Added>, AeronError>;
}

impl<T: Requested> Request for Pending<T> {
    type Added = T;

    fn poll(&self) -> Result<Option<T>, AeronError> {
        Pending::poll(self)
    }
}

/// A resource that is being added.
#[derive(Debug)]
pub(crate) struct Adding<R> {
    /// The request under way; `None` after a refusal, until it is time for the next request.
    request: Option<R>,
    /// Time of the next request, in nanoseconds.
    again_ns: i64,
    /// Time from which a refusal is final, in nanoseconds.
    final_ns: i64,
}

impl<R: Request> Adding<R> {
    /// Makes the first request with `ask`.
    pub(crate) fn start(now_ns: i64, ask: impl FnOnce() -> Result<R, AeronError>) -> Result<Self, AeronError> {
        let mut adding = Self { request: None, again_ns: now_ns, final_ns: now_ns + RETRY_LIMIT_NS };
        adding.ask(now_ns, ask)?;
        Ok(adding)
    }

    /// The resource, once it has come. A request that has to be made again is made with `ask`. The error is final.
    pub(crate) fn poll(
        &mut self,
        now_ns: i64,
        ask: impl FnOnce() -> Result<R, AeronError>,
    ) -> Result<Option<R::Added>, AeronError> {
        match self.request.as_ref().map(R::poll) {
            Some(Ok(added)) => Ok(added),
            Some(Err(error)) => self.refused(now_ns, error).map(|()| None),
            None if now_ns < self.again_ns => Ok(None),
            None => self.ask(now_ns, ask).map(|()| None),
        }
    }

    fn ask(&mut self, now_ns: i64, ask: impl FnOnce() -> Result<R, AeronError>) -> Result<(), AeronError> {
        match ask() {
            Ok(request) => {
                self.request = Some(request);
                Ok(())
            }
            Err(error) => self.refused(now_ns, error),
        }
    }

    fn refused(&mut self, now_ns: i64, error: AeronError) -> Result<(), AeronError> {
        if !error.is_temporary() || now_ns >= self.final_ns {
            return Err(error);
        }
        self.request = None;
        self.again_ns = now_ns + RETRY_INTERVAL_NS;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;
    /// The driver's code for a resource that is temporarily not available.
    const TEMPORARY: i32 = -10;

    /// A request that is answered so.
    #[derive(Debug)]
    struct Answer(Result<Option<&'static str>, AeronError>);

    impl Request for Answer {
        type Added = &'static str;

        fn poll(&self) -> Result<Option<&'static str>, AeronError> {
            self.0.clone()
        }
    }

    fn refusal(code: i32) -> AeronError {
        AeronError { code, ..AeronError::new("add the publication", "endpoint in CLOSING state") }
    }

    fn none() -> Result<Answer, AeronError> {
        panic!("it is not time for a request")
    }

    #[test]
    fn what_is_refused_for_the_moment_is_asked_for_again_a_little_later() {
        let mut adding = Adding::start(0, || Ok(Answer(Err(refusal(TEMPORARY))))).unwrap();
        assert_eq!(adding.poll(MS, none), Ok(None));
        assert_eq!(adding.poll(5 * MS, none), Ok(None));
        assert_eq!(adding.poll(6 * MS, || Err(refusal(TEMPORARY))), Ok(None), "a request that cannot be made, too");
        assert_eq!(adding.poll(11 * MS, || Ok(Answer(Ok(Some("added"))))), Ok(None));
        assert_eq!(adding.poll(12 * MS, none), Ok(Some("added")));
    }

    #[test]
    fn another_error_is_final_and_so_is_a_refusal_after_the_limit() {
        let mut adding = Adding::start(0, || Ok(Answer(Err(refusal(-9))))).unwrap();
        assert_eq!(adding.poll(MS, none), Err(refusal(-9)));
        assert_eq!(Adding::start(0, || Err::<Answer, _>(refusal(-22))).unwrap_err(), refusal(-22));

        let mut adding = Adding::start(0, || Ok(Answer(Err(refusal(TEMPORARY))))).unwrap();
        assert_eq!(adding.poll(RETRY_LIMIT_NS, none), Err(refusal(TEMPORARY)));
    }
}
