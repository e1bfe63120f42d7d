//! Files that people and programs write for Lugus: `cluster.toml`, what `lugus plan` reads, results of benchmarks.

use lugus_plan::live::Scrape;
use lugus_plan::pair_file::read_pairs;
use lugus_topology::Deployment;

use crate::scratch;

/// A deployment is refused, or its file is read again as it was, and all that follows from it can be told.
pub(crate) fn read_deployment(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(mut deployment) = Deployment::parse(text, scratch::folder()) else { return };
    for cluster in deployment.cluster_specs() {
        let _ = (cluster.ingress_channel(), cluster.status_subscriptions(None));
        for member in &cluster.members {
            assert!(member.endpoints.each().count() > 0);
        }
    }
    if deployment.coordinator.is_some() {
        let _ = deployment.coordinator_spec();
    }
    let _ = (deployment.participant_keys(), deployment.egress_host(), deployment.aeron_root());
    let path = scratch::folder().join("cluster.toml");
    deployment.save(&path).unwrap_or_else(|error| panic!("{error}, though it was read"));
    let again = Deployment::load(&path).unwrap_or_else(|error| panic!("{error}, though it was written"));
    assert_eq!(again, deployment);
}

pub(crate) fn deployment_seeds() -> Vec<Vec<u8>> {
    let path = scratch::folder().join("seed.toml");
    let written = |members| {
        Deployment::default_local(members, 20_100).save(&path).expect("a good deployment");
        std::fs::read(&path).expect("its file")
    };
    let by_hand = "[[cluster]]\nname = \"A\"\n[[cluster.member]]\nid = 0\nport = 9000\n[engine]\norders = 100\n\
                   [[participant]]\nid = 7\nkey = \"00112233445566778899aabbccddeeff\"\n";
    let every_key = include_str!("../../topology/tests/every-key.toml");
    vec![written(1), written(3), by_hand.into(), every_key.into()]
}

/// An answer of Prometheus or of an exporter, and loads of pairs.
pub(crate) fn read_plan_inputs(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(scrape) = Scrape::parse("fuzz", &text, 1.0) {
        let _ = format!("{scrape:?}");
    }
    let _ = (Scrape::parse_range("fuzz", &text), read_pairs("fuzz", &text));
}

pub(crate) fn plan_seeds() -> Vec<Vec<u8>> {
    let exposition =
        "# TYPE lugus_commands_total counter\nlugus_commands_total{cluster=\"A\",member=\"0\"} 12 1700000000\nx 1e3\n";
    let range =
        "{\"data\":{\"result\":[{\"metric\":{\"__name__\":\"x\",\"member\":\"0\"},\"values\":[[1,\"2\"],[3,\"4\"]]}]}}";
    let pairs = "BTC/USDT 1200 A # the largest\nETH/USDT,300\n";
    [exposition, range, pairs].map(|text| text.as_bytes().to_vec()).to_vec()
}

pub(crate) fn read_results(bytes: &[u8]) {
    if let Ok(results) = lugus_results::read(&scratch::write("results.json", bytes)) {
        let _ = format!("{results:?}");
    }
}

pub(crate) fn results_seeds() -> Vec<Vec<u8>> {
    let schema = lugus_results::SCHEMA;
    let measurement = "{\"benchmark\":\"x\",\"labels\":{\"rate\":\"1\"},\"figures\":{},\"histograms\":[]}";
    vec![format!("{{\"schema\":{schema},\"measurements\":[{measurement}]}}").into_bytes()]
}
