//! Ingress channel and endpoints of a cluster of the map, in the form that an Aeron cluster client takes.

use lugus_vocabulary::ClusterEntry;

/// The members of a cluster, each with its number and `host:port`
/// (`aeron.cluster.ingress.endpoints`).
pub fn ingress_endpoints(cluster: &ClusterEntry) -> Vec<(i32, String)> {
    cluster.members.iter().map(|member| (member.id.0, member.ingress.to_string())).collect()
}

/// The ingress channel of a cluster without an endpoint (`aeron.cluster.ingress.channel`).
pub fn ingress_channel(cluster: &ClusterEntry) -> String {
    format!("aeron:udp?term-length={}", cluster.ingress_term_length)
}
