//! A cluster for tests: remembers what the service sent, and to whom.

use aeron_cluster_service::{ClientSession, Cluster, OfferError, Role, ServiceCounter, ServiceError, TimeUnit};

/// A leader whose egress is a list.
#[derive(Default)]
pub(crate) struct FakeCluster {
    /// What was sent: session and message, in order.
    pub(crate) sent: Vec<(i64, Vec<u8>)>,
    /// Sessions that the service asked to close.
    pub(crate) closed: Vec<i64>,
    /// Whether this member follows.
    pub(crate) follower: bool,
}

impl Cluster for FakeCluster {
    fn member_id(&self) -> i32 {
        0
    }

    fn role(&self) -> Role {
        if self.follower { Role::Follower } else { Role::Leader }
    }

    fn log_position(&self) -> i64 {
        64
    }

    fn leadership_term_id(&self) -> i64 {
        0
    }

    fn time(&self) -> i64 {
        0
    }

    fn time_unit(&self) -> TimeUnit {
        TimeUnit::Nanos
    }

    fn client_session(&self, _id: i64) -> Option<&ClientSession> {
        None
    }

    fn for_each_client_session(&self, _f: &mut dyn FnMut(&ClientSession)) {}

    fn close_client_session(&mut self, id: i64) -> bool {
        self.closed.push(id);
        true
    }

    fn offer_to(&mut self, session_id: i64, message: &[u8]) -> Result<i64, OfferError> {
        self.sent.push((session_id, message.to_vec()));
        Ok(1)
    }

    fn offer(&mut self, _message: &[u8]) -> Result<i64, OfferError> {
        Err(OfferError::Closed)
    }

    fn schedule_timer(&mut self, _correlation_id: i64, _deadline: i64) -> bool {
        false
    }

    fn cancel_timer(&mut self, _correlation_id: i64) -> bool {
        false
    }

    fn add_counter(&mut self, _type_id: i32, _key: &[u8], _label: &str) -> Result<ServiceCounter, ServiceError> {
        Err(ServiceError::from("no counters here"))
    }

    fn idle(&mut self, _work: usize) {}
}
