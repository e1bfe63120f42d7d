//! What the operator does: defines the instruments at the beginning, and ends all orders at the end.

use std::path::Path;
use std::time::Duration;

use lugus_client::{
    BlockingSession, Config, ExchangeConfig, InstrumentId, MassCancelTarget, ParticipantId, RejectReason, ReportBody,
};
use lugus_topology::{ClusterSpec, MemberSpec};

use crate::error::TortureError;
use crate::site::Site;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A session of the operator.
pub(crate) struct Operator(BlockingSession<()>);

impl Operator {
    /// Opens a session with a cluster over a media driver.
    ///
    /// # Errors
    /// There is no session in time.
    pub(crate) fn connect(site: &Site, cluster: &ClusterSpec, aeron_dir: &Path) -> Result<Self, TortureError> {
        let endpoint = |member: &MemberSpec| (member.id.0, member.endpoints.ingress.to_string());
        let context = ExchangeConfig::of(&site.deployment, aeron_dir.to_path_buf())
            .cluster
            .ingress_channel(cluster.ingress_channel())
            .ingress_endpoints(cluster.members.iter().map(endpoint))
            .ingress_stream_id(site.deployment.streams.ingress);
        let mut config = Config::new(context, ParticipantId::OPERATOR);
        config.credentials = site.credentials(ParticipantId::OPERATOR)?;
        config.retry.attempts = 100;
        BlockingSession::connect(config, (), PATIENCE).map(Self).map_err(TortureError::operator("connect"))
    }

    /// Defines the deployment's instruments, those that are defined already excepted.
    ///
    /// # Errors
    /// The cluster does not answer, or refuses one.
    pub(crate) fn define_instruments(&mut self, site: &Site) -> Result<(), TortureError> {
        for definition in site.deployment.instruments.iter().filter_map(|instrument| instrument.definition()) {
            let reports =
                self.0.define_instrument(&definition).map_err(TortureError::operator("define an instrument"))?;
            let refused = reports.iter().find_map(|report| match report.body {
                ReportBody::Reject { reason, .. } if reason != RejectReason::DuplicateInstrument => Some(reason),
                _ => None,
            });
            if let Some(reason) = refused {
                let (command, reason) = (String::from("the definition of an instrument"), format!("{reason:?}"));
                return Err(TortureError::Command { command, reason });
            }
        }
        Ok(())
    }

    /// Cancels all orders of all participants.
    ///
    /// # Errors
    /// The cluster does not answer.
    pub(crate) fn cancel_all(&mut self) -> Result<(), TortureError> {
        let canceled = self.0.mass_cancel_all_of(InstrumentId::NONE, MassCancelTarget::Everybody, None);
        canceled.map(drop).map_err(TortureError::operator("cancel all orders"))
    }

    /// Closes the session.
    pub(crate) fn close(self) {
        self.0.close();
    }
}
