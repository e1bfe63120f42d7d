//! Records of maps: which ones are accepted, and which ones are refused.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use lugus_codecs::partition_map::MapMessageError;
use lugus_partition_map::{
    ClusterEntry, DeploymentId, EndedMigration, InvalidMap, MapEpoch, MapError, MapFeed, MapRecordError, MemberEntry,
    Migration, MigrationEnding, MigrationId, MigrationPhase, Partition, PartitionMap, check_map, digest_of_map,
    encode_map, read_map,
};
use lugus_vocabulary::{ClusterId, Endpoint, InstrumentId, InstrumentSpecification, MemberId};

fn cluster(id: i32, members: u16) -> ClusterEntry {
    let ingress = |member: u16| Endpoint { host: format!("host-{id}"), port: 20_000 + member };
    let members =
        (0..members).map(|member| MemberEntry { id: MemberId(i32::from(member)), ingress: ingress(member) }).collect();
    let (ingress_stream, ingress_term_length) = (101, 4 << 20);
    ClusterEntry { id: ClusterId(id), name: format!("Börse {id}"), members, ingress_stream, ingress_term_length }
}

fn map() -> PartitionMap {
    let migration =
        Migration { id: MigrationId(4), from: ClusterId(0), to: ClusterId(3), phase: MigrationPhase::Begun };
    let ended = EndedMigration { id: MigrationId(2), outcome: MigrationEnding::Aborted };
    let moving = Partition {
        migration: Some(migration),
        ended_migration: Some(ended),
        ..Partition::new(InstrumentSpecification::spot(InstrumentId(1), "BTC/USDT", 2, 5))
    };
    let halted = Partition {
        is_halted: true,
        ..Partition::new(InstrumentSpecification::spot(InstrumentId(7), "ABCDEFGH/IJKLMNOP", 0, 8))
    };
    PartitionMap {
        deployment: DeploymentId(42),
        epoch: MapEpoch(5),
        clusters: vec![cluster(0, 3), cluster(3, 1)],
        partitions: vec![moving, halted],
    }
}

#[test]
fn a_map_survives_encoding_and_decoding() {
    let map = map();
    check_map(&map).unwrap();
    let record = encode_map(&map);
    assert_eq!(read_map(&record).unwrap(), (map.clone(), digest_of_map(&map)));
    let mut other = map.clone();
    other.partitions[1].is_halted = false;
    assert_ne!(digest_of_map(&other), digest_of_map(&map));
}

#[test]
fn a_record_that_is_cut_or_has_a_changed_byte_is_refused() {
    let record = encode_map(&map());
    for length in 0..record.len() {
        assert!(read_map(&record[..length]).is_err(), "{length} bytes");
    }
    for at in 0..record.len() {
        for bit in [1, 0x80] {
            let mut changed = record.clone();
            changed[at] ^= bit;
            // The version does not affect the fields, but the digest covers it.
            assert!(read_map(&changed).is_err(), "byte {at}");
        }
    }
    let mut longer = record;
    longer.push(0);
    assert_eq!(read_map(&longer), Err(MapRecordError::Message(MapMessageError::Surplus(1))));
}

#[test]
fn a_map_that_contradicts_itself_is_refused() {
    type Spoil = fn(&mut PartitionMap);
    let faults: [(Spoil, MapRecordError); 9] = [
        (|map| map.epoch = MapEpoch(0), MapRecordError::EpochZero),
        (|map| map.clusters.reverse(), InvalidMap::Order("clusters").into()),
        (|map| map.partitions.reverse(), InvalidMap::Order("instruments").into()),
        (
            |map| map.partitions[1].instrument.symbol = "BTC/USDT".into(),
            InvalidMap::PairTwice { first: InstrumentId(1), second: InstrumentId(7) }.into(),
        ),
        (
            |map| map.partitions[1].instrument.cluster = ClusterId(9),
            InvalidMap::UnknownCluster { instrument: InstrumentId(7), cluster: ClusterId(9) }.into(),
        ),
        (
            |map| map.partitions[0].instrument.cluster = ClusterId(3),
            InvalidMap::Migration { instrument: InstrumentId(1) }.into(),
        ),
        (|map| map.epoch = MapEpoch(3), InvalidMap::Migration { instrument: InstrumentId(1) }.into()),
        (
            |map| map.clusters[0].name.clear(),
            InvalidMap::Cluster { cluster: ClusterId(0), reason: "its name must have 1 to 32 bytes" }.into(),
        ),
        (
            |map| map.clusters[1].members[0].ingress = map.clusters[0].members[0].ingress.clone(),
            InvalidMap::EndpointTwice {
                endpoint: Endpoint { host: "host-0".into(), port: 20_000 },
                first: ClusterId(0),
                second: ClusterId(3),
            }
            .into(),
        ),
    ];
    for (spoil, expected) in faults {
        let mut map = map();
        spoil(&mut map);
        assert_eq!(read_map(&encode_map(&map)), Err(expected));
    }
}

#[test]
fn a_feed_takes_newer_maps_of_one_deployment() {
    let mut feed = MapFeed::new(None);
    let five = map();
    let record = encode_map(&five);
    assert_eq!(feed.on_record(&record).unwrap().as_deref(), Some(&five));
    assert_eq!(feed.on_record(&record).unwrap(), None, "a map that is replayed is not new");
    let six = PartitionMap { epoch: MapEpoch(6), ..five.clone() };
    assert!(feed.on_record(&encode_map(&six)).unwrap().is_some());
    assert_eq!(feed.on_record(&record).unwrap(), None, "an older map is not new");

    let foreign = PartitionMap { deployment: DeploymentId(1), epoch: MapEpoch(9), ..five.clone() };
    let error = MapError::OtherDeployment { found: DeploymentId(1), expected: DeploymentId(42) };
    assert_eq!(feed.on_record(&encode_map(&foreign)), Err(error));
    let mut other_six = six.clone();
    other_six.partitions[1].is_halted = false;
    let error =
        MapError::Contradiction { epoch: MapEpoch(6), found: digest_of_map(&other_six), known: digest_of_map(&six) };
    assert_eq!(feed.on_record(&encode_map(&other_six)), Err(error));
    assert!(matches!(feed.on_record(&record[..40]), Err(MapError::Record(_))));
    assert_eq!(feed.newest().map(|map| map.epoch), Some(MapEpoch(6)), "the newest valid map stays");
    assert!(MapFeed::new(Some(DeploymentId(1))).on_record(&record).is_err());
}
