//! An application that keeps what its client tells it.

use std::time::{Duration, Instant};

use aeron_cluster_client::{
    AdminResponse, AdminResponseCode, BlockingCluster, Connected, Context, DisconnectReason, EgressListener, NewLeader,
};

use crate::java_cluster::{Cluster, Driver, epoch};

/// For what takes the start of a cluster.
pub(crate) const START: Duration = Duration::from_secs(30);
/// For what a cluster that runs does.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// Keeps what it is told.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) connected: Vec<Connected>,
    pub(crate) connected_at: Vec<Duration>,
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) new_leaders: Vec<NewLeader>,
    pub(crate) new_leader_at: Vec<Instant>,
    pub(crate) disconnected: Vec<DisconnectReason>,
    pub(crate) admin: Vec<(i64, AdminResponseCode)>,
}

impl EgressListener for Notes {
    fn on_connected(&mut self, event: &Connected) {
        self.connected.push(*event);
        self.connected_at.push(epoch());
    }

    fn on_message(&mut self, _cluster_session_id: i64, _timestamp: i64, message: &[u8]) {
        self.messages.push(message.to_vec());
    }

    fn on_new_leader(&mut self, event: &NewLeader) {
        self.new_leaders.push(*event);
        self.new_leader_at.push(Instant::now());
    }

    fn on_disconnected(&mut self, reason: DisconnectReason) {
        self.disconnected.push(reason);
    }

    fn on_admin_response(&mut self, response: &AdminResponse<'_>) {
        self.admin.push((response.correlation_id, response.code));
    }
}

/// RUST_LOG=aeron_cluster_client=trace shows what the client does.
pub(crate) fn log() {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

pub(crate) fn context(cluster: &Cluster, driver: &Driver) -> Context {
    Context::default()
        .aeron_dir(&driver.dir)
        .ingress_channel("aeron:udp?term-length=1m")
        .ingress_endpoints(cluster.ingress_endpoints())
        // A C driver gives a heartbeat every second.
        .driver_timeout(Duration::from_secs(2))
}

pub(crate) fn echo(client: &mut BlockingCluster<Notes>, message: &[u8]) {
    let count = client.listener.messages.len();
    client.send(message, SOON).unwrap();
    client.wait("an echo", SOON, |_, notes| notes.messages.len() > count).unwrap();
    assert_eq!(client.listener.messages.last().map(Vec::as_slice), Some(message));
}
