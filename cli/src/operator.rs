//! The operator's session with a cluster, for commands that are sent one after the other.

use std::time::Duration;

use lugus_client::{BlockingError, BlockingSession, ClientError, OlderSession, Report};
use lugus_partition_map::ClusterEntry;

use crate::access::Access;
use crate::failure::Failure;

/// The operator's participant number.
const OPERATOR: u32 = 0;

/// Largest number of times that other sessions of the operator may replace this one. A running move has a session in
/// each of its clusters, and opens another one when its session is replaced.
const MAXIMUM_REPLACED: u32 = 5;

/// The operator's session with a cluster.
pub struct OperatorSession<'a> {
    access: &'a Access<'a>,
    cluster: &'a ClusterEntry,
    timeout: Duration,
    session: BlockingSession<()>,
    replaced: u32,
}

impl<'a> OperatorSession<'a> {
    /// Opens the session, in place of another one of the operator. `timeout` bounds the connecting, and later each command.
    ///
    /// # Errors
    /// When no member of the cluster runs, or the cluster rejects the operator.
    pub fn open(access: &'a Access<'a>, cluster: &'a ClusterEntry, timeout: Duration) -> Result<Self, Failure> {
        let session = access.session(cluster, OPERATOR, OlderSession::Replace, (), timeout)?;
        Ok(Self { access, cluster, timeout, session, replaced: 0 })
    }

    /// Sends a command, and returns all reports that answer it. If another session of the operator takes over meanwhile, it is
    /// sent again in a new one, so it must be one that may be done twice.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub fn ask(
        &mut self,
        command: impl Fn(&mut BlockingSession<()>) -> Result<Vec<Report>, BlockingError>,
    ) -> Result<Vec<Report>, Failure> {
        loop {
            match command(&mut self.session) {
                Err(BlockingError::Client(ClientError::SessionReplaced { .. })) if self.replaced < MAXIMUM_REPLACED => {
                    self.replaced += 1;
                    let Self { access, cluster, timeout, .. } = *self;
                    self.session = access.session(cluster, OPERATOR, OlderSession::Replace, (), timeout)?;
                }
                answered => return answered.map_err(Failure::new),
            }
        }
    }

    /// Closes the session.
    pub fn close(self) {
        self.session.close();
    }
}
