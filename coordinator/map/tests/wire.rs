//! Maps, requests and answers to bytes and back; bytes that are none.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use lugus_partition_map::{
    Accepted, Answer, ClusterEntry, DeploymentId, Digest, EndedMigration, Epoch, MapError, MapFeed, MemberEntry,
    Migration, MigrationId, Outcome, Partition, PartitionMap, Phase, Refusal, Request, RequestHeader, Unsound,
    WireError, decode_answer, decode_request, encode_answer, encode_request,
};
use lugus_topology::{ClusterId, Endpoint, Instrument, MemberId};
use proptest::prelude::*;

fn cluster(id: i32, members: u16) -> ClusterEntry {
    let ingress = |member: u16| Endpoint { host: format!("host-{id}"), port: 20_000 + member };
    let members =
        (0..members).map(|member| MemberEntry { id: MemberId(i32::from(member)), ingress: ingress(member) }).collect();
    let (ingress_stream, ingress_term_length) = (101, 4 << 20);
    ClusterEntry { id: ClusterId(id), name: format!("Börse {id}"), members, ingress_stream, ingress_term_length }
}

fn map() -> PartitionMap {
    let migration = Migration { id: MigrationId(4), from: ClusterId(0), to: ClusterId(3), phase: Phase::Begun };
    let ended = EndedMigration { id: MigrationId(2), outcome: Outcome::Aborted };
    let moving = Partition {
        migration: Some(migration),
        ended_migration: Some(ended),
        ..Partition::new(Instrument::spot(1, "BTC/USDT", 2, 5))
    };
    let halted = Partition { is_halted: true, ..Partition::new(Instrument::spot(7, "ABCDEFGH/IJKLMNOP", 0, 8)) };
    PartitionMap {
        deployment: DeploymentId(42),
        epoch: Epoch(5),
        clusters: vec![cluster(0, 3), cluster(3, 1)],
        partitions: vec![moving, halted],
    }
}

#[test]
fn a_map_and_back() {
    let map = map();
    map.check().unwrap();
    let record = map.encode();
    assert_eq!(PartitionMap::decode(&record).unwrap(), (map.clone(), map.digest()));
    let mut other = map.clone();
    other.partitions[1].is_halted = false;
    assert_ne!(other.digest(), map.digest());
}

#[test]
fn each_cut_and_each_changed_byte_of_a_record_is_noticed() {
    let record = map().encode();
    for length in 0..record.len() {
        assert!(PartitionMap::decode(&record[..length]).is_err(), "{length} bytes");
    }
    for at in 0..record.len() {
        for bit in [1, 0x80] {
            let mut changed = record.clone();
            changed[at] ^= bit;
            // The version alone does not matter to the fields, but is under the digest too.
            assert!(PartitionMap::decode(&changed).is_err(), "byte {at}");
        }
    }
    let mut longer = record;
    longer.push(0);
    assert_eq!(PartitionMap::decode(&longer), Err(WireError::Surplus(1)));
}

#[test]
fn a_whole_map_that_contradicts_itself_is_refused() {
    type Spoil = fn(&mut PartitionMap);
    let faults: [(Spoil, WireError); 9] = [
        (|map| map.epoch = Epoch(0), WireError::EpochZero),
        (|map| map.clusters.reverse(), Unsound::Order("clusters").into()),
        (|map| map.partitions.reverse(), Unsound::Order("instruments").into()),
        (
            |map| map.partitions[1].instrument.symbol = "BTC/USDT".into(),
            Unsound::PairTwice { first: 1, second: 7 }.into(),
        ),
        (
            |map| map.partitions[1].instrument.cluster = ClusterId(9),
            Unsound::UnknownCluster { instrument: 7, cluster: ClusterId(9) }.into(),
        ),
        (|map| map.partitions[0].instrument.cluster = ClusterId(3), Unsound::Migration { instrument: 1 }.into()),
        (|map| map.epoch = Epoch(3), Unsound::Migration { instrument: 1 }.into()),
        (
            |map| map.clusters[0].name.clear(),
            Unsound::Cluster { cluster: ClusterId(0), reason: "its name has not 1 to 32 bytes" }.into(),
        ),
        (
            |map| map.clusters[1].members[0].ingress = map.clusters[0].members[0].ingress.clone(),
            Unsound::EndpointTwice {
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
        assert_eq!(PartitionMap::decode(&map.encode()), Err(expected));
    }
}

#[test]
fn a_feed_takes_newer_maps_of_one_deployment() {
    let mut feed = MapFeed::new(None);
    let five = map();
    let record = five.encode();
    assert_eq!(feed.on_record(&record).unwrap().as_deref(), Some(&five));
    assert_eq!(feed.on_record(&record).unwrap(), None, "a replay");
    let six = PartitionMap { epoch: Epoch(6), ..five.clone() };
    assert!(feed.on_record(&six.encode()).unwrap().is_some());
    assert_eq!(feed.on_record(&record).unwrap(), None, "older");

    let foreign = PartitionMap { deployment: DeploymentId(1), epoch: Epoch(9), ..five.clone() };
    let error = MapError::OtherDeployment { found: DeploymentId(1), expected: DeploymentId(42) };
    assert_eq!(feed.on_record(&foreign.encode()), Err(error));
    let mut other_six = six.clone();
    other_six.partitions[1].is_halted = false;
    let error = MapError::Contradiction { epoch: Epoch(6), found: other_six.digest(), known: six.digest() };
    assert_eq!(feed.on_record(&other_six.encode()), Err(error));
    assert!(matches!(feed.on_record(&record[..40]), Err(MapError::Wire(_))));
    assert_eq!(feed.newest().map(|map| map.epoch), Some(Epoch(6)), "the good one stays");
    assert!(MapFeed::new(Some(DeploymentId(1))).on_record(&record).is_err());
}

fn header() -> RequestHeader {
    RequestHeader {
        correlation_id: -7,
        expected_epoch: Some(Epoch(3)),
        response_channel: "aeron:udp?endpoint=127.0.0.1:4000".into(),
        response_stream: 9,
    }
}

fn requests() -> Vec<Request> {
    let (instrument, id) = (5, MigrationId(6));
    vec![
        Request::AddCluster(cluster(2, 9)),
        Request::RemoveCluster(ClusterId(2)),
        Request::AddInstrument(Instrument::spot(1, "BTC/USDT", 2, 5)),
        Request::Halt { instrument },
        Request::Resume { instrument },
        Request::RemoveInstrument { instrument },
        Request::BeginMigration { instrument, to: ClusterId(1) },
        Request::CommitMigration { instrument, id, state_hash: u64::MAX },
        Request::FinishMigration { instrument, id },
        Request::AbortMigration { instrument, id },
    ]
}

#[test]
fn requests_and_back_and_each_cut_is_noticed() {
    for request in requests() {
        let bytes = encode_request(&header(), &request);
        assert_eq!(decode_request(&bytes), Ok((header(), Ok(request.clone()))));
        for length in 0..bytes.len() {
            assert!(decode_request(&bytes[..length]).is_err(), "{length} bytes of {request:?}");
        }
        let any_epoch = RequestHeader { expected_epoch: None, ..header() };
        assert_eq!(decode_request(&encode_request(&any_epoch, &request)).unwrap().0, any_epoch);
    }
}

#[test]
fn answers_and_back() {
    let (instrument, id, cluster) = (3, MigrationId(4), ClusterId(5));
    let accepted = Accepted { epoch: Epoch(8), digest: Digest(9), migration: Some(id) };
    let refusals = [
        Refusal::StaleEpoch { expected: Epoch(1), current: Epoch(2) },
        Refusal::UnknownCluster(cluster),
        Refusal::UnknownInstrument(instrument),
        Refusal::ClusterExists(cluster),
        Refusal::InstrumentExists(instrument),
        Refusal::PairOwned { instrument, owner: cluster },
        Refusal::ClusterInUse { cluster, instrument },
        Refusal::EndpointInUse(cluster),
        Refusal::Migrating { instrument, to: cluster, id },
        Refusal::NoMigration(instrument),
        Refusal::OtherMigration { instrument, asked: id, current: MigrationId(7) },
        Refusal::NotCommitted { instrument, id },
        Refusal::AlreadyCommitted { instrument, id },
        Refusal::BeingUndone { instrument, id },
        Refusal::AlreadyOwner { instrument, cluster },
        Refusal::InvalidCluster(cluster),
        Refusal::InvalidInstrument(instrument),
        Refusal::LimitClusters(64),
        Refusal::LimitPartitions(1024),
        Refusal::MapTooLong { length: 9, maximum: 8 },
        Refusal::NotRecorded,
        Refusal::Malformed,
    ];
    let outcomes = [Ok(accepted), Ok(Accepted { migration: None, ..accepted })];
    for outcome in outcomes.into_iter().chain(refusals.map(Err)) {
        let answer = Answer { correlation_id: 1, deployment: DeploymentId(2), outcome };
        let bytes = encode_answer(&answer);
        assert_eq!(decode_answer(&bytes), Ok(answer));
        assert!(decode_answer(&bytes[..bytes.len() - 1]).is_err());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        message in 0usize..12,
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let _ = (PartitionMap::decode(&bytes), decode_request(&bytes).is_ok(), decode_answer(&bytes));
        let mut bytes = match requests().get(message) {
            Some(request) => encode_request(&header(), request),
            None => map().encode(),
        };
        let at = at.index(bytes.len());
        bytes[at] = value;
        let _ = (PartitionMap::decode(&bytes), decode_request(&bytes).is_ok(), decode_answer(&bytes));
    }
}
