//! How a cluster of the map is connected to, in Aeron's words.

use lugus_vocabulary::ClusterEntry;

/// The members of a cluster as a cluster client takes them: their numbers, and `host:port`
/// (`aeron.cluster.ingress.endpoints`).
pub fn ingress_endpoints(cluster: &ClusterEntry) -> Vec<(i32, String)> {
    cluster.members.iter().map(|member| (member.id.0, member.ingress.to_string())).collect()
}

/// The ingress channel of a cluster without an endpoint (`aeron.cluster.ingress.channel`).
pub fn ingress_channel(cluster: &ClusterEntry) -> String {
    format!("aeron:udp?term-length={}", cluster.ingress_term_length)
}
