//! Connects raw cluster clients: credentials, media driver, and the deployment's addresses.

use lugus_client::cluster::{Context, CredentialsSupplier};
use lugus_media_driver::ClientDriver;
use lugus_topology::{ClusterSpec, Deployment};

use super::local_cluster::LocalCluster;

/// Credentials in a deployment without keys: the participant's number.
pub struct Number(pub u32);

impl CredentialsSupplier for Number {
    fn encoded_credentials(&mut self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }

    fn on_challenge(&mut self, _encoded_challenge: &[u8]) -> Vec<u8> {
        Vec::new()
    }
}

/// A media driver for clients of the cluster.
pub fn driver(cluster: &LocalCluster) -> ClientDriver {
    ClientDriver::start(&cluster.deployment).expect("a driver")
}

/// Context that connects `participant` over `driver` with the first cluster.
pub fn context(cluster: &LocalCluster, driver: &ClientDriver, participant: u32) -> Context {
    context_of(cluster, &cluster.spec(), driver, participant)
}

/// Like `context`, but with a given one of several clusters.
pub fn context_of(cluster: &LocalCluster, spec: &ClusterSpec, driver: &ClientDriver, participant: u32) -> Context {
    context_in(&cluster.deployment, spec, driver, participant)
}

/// Like `context_of`, for a program that did not start the cluster.
pub fn context_in(deployment: &Deployment, spec: &ClusterSpec, driver: &ClientDriver, participant: u32) -> Context {
    let (client, streams) = (&deployment.client, &deployment.streams);
    let endpoint = |member: &lugus_topology::MemberSpec| (member.id.0, member.endpoints.ingress.to_string());
    Context::default()
        .aeron_dir(driver.aeron_dir())
        .ingress_channel(spec.ingress_channel())
        .ingress_endpoints(spec.members.iter().map(endpoint))
        .ingress_stream_id(streams.ingress)
        .egress_channel(deployment.egress_channel())
        .egress_stream_id(streams.egress)
        .client_name(format!("test participant {participant}"))
        .credentials(Number(participant))
        .watchdog(client.silence_timeout)
        .new_leader_timeout(client.new_leader_timeout)
}
