//! The [`Cluster`] that a service sees while it takes a snapshot.

use crate::cluster::{Cluster, Role, TimeUnit};
use crate::counters::ServiceCounter;
use crate::offer_error::OfferError;
use crate::service_cluster::ClusterView;
use crate::service_error::ServiceError;
use crate::sessions::ClientSession;

/// The state of the cluster without the calls that send, which fail.
pub(crate) struct ReadOnlyCluster<'a, E>(pub(crate) &'a ClusterView<E>);

impl<E> Cluster for ReadOnlyCluster<'_, E> {
    fn member_id(&self) -> i32 {
        self.0.member_id
    }

    fn role(&self) -> Role {
        self.0.role
    }

    fn log_position(&self) -> i64 {
        self.0.log_position
    }

    fn leadership_term_id(&self) -> i64 {
        self.0.leadership_term_id
    }

    fn time(&self) -> i64 {
        self.0.time
    }

    fn time_unit(&self) -> TimeUnit {
        self.0.time_unit
    }

    fn client_session(&self, id: i64) -> Option<&ClientSession> {
        self.0.client_session(id)
    }

    fn for_each_client_session(&self, f: &mut dyn FnMut(&ClientSession)) {
        self.0.for_each_client_session(f);
    }

    fn close_client_session(&mut self, _: i64) -> bool {
        false
    }

    fn offer_to_parts(&mut self, _: i64, _: &[&[u8]]) -> Result<i64, OfferError> {
        Err(OfferError::NotAllowed)
    }

    fn offer_parts(&mut self, _: &[&[u8]]) -> Result<i64, OfferError> {
        Err(OfferError::NotAllowed)
    }

    fn schedule_timer(&mut self, _: i64, _: i64) -> bool {
        false
    }

    fn cancel_timer(&mut self, _: i64) -> bool {
        false
    }

    fn add_counter(&mut self, _: i32, _: &[u8], _: &str) -> Result<ServiceCounter, ServiceError> {
        Err(ServiceError::message("counters cannot be added while a snapshot is taken"))
    }

    fn idle(&mut self, _: usize) {}
}
