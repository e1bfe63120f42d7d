//! The partition map's messages: maps, requests to the coordinator, and its answers (schema 203); requests with a proof (schema 205).

use lugus_codecs::authenticated_request::*;
use lugus_codecs::partition_map::*;
use lugus_vocabulary::*;

use crate::golden::Golden;

const INSTRUMENT: InstrumentId = InstrumentId(3);
const CLUSTER: ClusterId = ClusterId(2);
const MIGRATION: MigrationId = MigrationId(201);

fn cluster(id: ClusterId, members: &[(i32, &str, u16)]) -> ClusterEntry {
    let member = |&(id, host, port): &(i32, &str, u16)| {
        let ingress = Endpoint { host: host.to_owned(), port };
        MemberEntry { id: MemberId(id), ingress }
    };
    ClusterEntry {
        id,
        name: format!("cluster-{}", id.0),
        members: members.iter().map(member).collect(),
        ingress_stream: 101,
        ingress_term_length: 1 << 20,
    }
}

fn specification() -> InstrumentSpecification {
    InstrumentSpecification {
        id: INSTRUMENT,
        symbol: "BTC/USDT".to_owned(),
        instrument_type: InstrumentType::Futures,
        cluster: CLUSTER,
        tick_size: StepSize::new(25, -2).expect("a tick size"),
        lot_size: StepSize::new(1, -6).expect("a lot size"),
        minimum_price: Price(-1_000),
        maximum_price: Price(1_000_000),
        reference_price: Price(64_000),
        price_band: Quantity(500),
        maximum_quantity: Quantity(10_000),
        state: InstrumentState::Auction,
        protection: PriceProtection::NONE,
        auctions: AuctionRules::NONE,
    }
}

#[test]
fn maps() {
    let golden = Golden::of("partition_map.");
    let moved = Partition {
        instrument: specification(),
        is_halted: true,
        migration: Some(Migration { id: MIGRATION, from: CLUSTER, to: ClusterId(4), phase: MigrationPhase::Undoing }),
        ended_migration: Some(EndedMigration { id: MigrationId(202), outcome: MigrationEnding::Aborted }),
    };
    let unmoved = Partition::new(InstrumentSpecification {
        id: InstrumentId(5),
        instrument_type: InstrumentType::Spot,
        cluster: ClusterId(4),
        ..specification()
    });
    let map = PartitionMap {
        deployment: DeploymentId(203),
        epoch: MapEpoch(204),
        clusters: vec![
            cluster(CLUSTER, &[(0, "10.0.0.1", 9_001), (1, "10.0.0.2", 9_002)]),
            cluster(ClusterId(4), &[(0, "10.0.0.3", 9_003)]),
        ],
        partitions: vec![moved, unmoved],
    };
    golden.check("partition_map.map", &map, &encode_map(&map), |record| decode_map(record).expect("a map").0);
    golden.finish();
}

#[test]
fn requests() {
    let golden = Golden::of("map_request.");
    let instrument = INSTRUMENT;
    let id = MIGRATION;
    for (name, expected_epoch, request) in [
        ("map_request.add_cluster", None, {
            MapRequest::AddCluster(cluster(CLUSTER, &[(0, "10.0.0.1", 9_001), (1, "10.0.0.2", 9_002)]))
        }),
        ("map_request.remove_cluster", Some(MapEpoch(211)), MapRequest::RemoveCluster(CLUSTER)),
        ("map_request.add_instrument", None, MapRequest::AddInstrument(specification())),
        ("map_request.halt", Some(MapEpoch(211)), MapRequest::Halt { instrument }),
        ("map_request.resume", None, MapRequest::Resume { instrument }),
        ("map_request.remove_instrument", None, MapRequest::RemoveInstrument { instrument }),
        ("map_request.begin_migration", None, MapRequest::BeginMigration { instrument, to: CLUSTER }),
        ("map_request.commit_migration", None, {
            MapRequest::CommitMigration { instrument, id, state_hash: StateHash(212) }
        }),
        ("map_request.finish_migration", None, MapRequest::FinishMigration { instrument, id }),
        ("map_request.abort_migration", None, MapRequest::AbortMigration { instrument, id }),
    ] {
        let header = MapRequestHeader {
            correlation_id: 213,
            expected_epoch,
            response_channel: "aeron:udp?endpoint=10.0.0.9:9100".to_owned(),
            response_stream: 214,
        };
        let written = encode_map_request(&header, &request);
        golden.check(name, &(header, Ok(request)), &written, |message| decode_map_request(message).expect("a request"));
    }
    golden.finish();
}

#[test]
fn answers() {
    let golden = Golden::of("map_answer.");
    let (instrument, cluster, id, current) = (INSTRUMENT, CLUSTER, MIGRATION, MigrationId(221));
    let accepted = |migration| Ok(AcceptedRequest { epoch: MapEpoch(222), digest: MapDigest(223), migration });
    for (name, outcome) in [
        ("map_answer.accepted", accepted(None)),
        ("map_answer.accepted_migration", accepted(Some(id))),
        ("map_answer.stale_epoch", { Err(MapRefusal::StaleEpoch { expected: MapEpoch(224), current: MapEpoch(225) }) }),
        ("map_answer.unknown_cluster", Err(MapRefusal::UnknownCluster(cluster))),
        ("map_answer.unknown_instrument", Err(MapRefusal::UnknownInstrument(instrument))),
        ("map_answer.cluster_exists", Err(MapRefusal::ClusterExists(cluster))),
        ("map_answer.instrument_exists", Err(MapRefusal::InstrumentExists(instrument))),
        ("map_answer.pair_owned", Err(MapRefusal::PairOwned { instrument, owner: cluster })),
        ("map_answer.cluster_in_use", Err(MapRefusal::ClusterInUse { cluster, instrument })),
        ("map_answer.endpoint_in_use", Err(MapRefusal::EndpointInUse(cluster))),
        ("map_answer.migrating", Err(MapRefusal::Migrating { instrument, to: cluster, id })),
        ("map_answer.no_migration", Err(MapRefusal::NoMigration(instrument))),
        ("map_answer.other_migration", Err(MapRefusal::OtherMigration { instrument, asked: id, current })),
        ("map_answer.not_committed", Err(MapRefusal::NotCommitted { instrument, id })),
        ("map_answer.already_committed", Err(MapRefusal::AlreadyCommitted { instrument, id })),
        ("map_answer.being_undone", Err(MapRefusal::BeingUndone { instrument, id })),
        ("map_answer.already_owner", Err(MapRefusal::AlreadyOwner { instrument, cluster })),
        ("map_answer.invalid_cluster", Err(MapRefusal::InvalidCluster(cluster))),
        ("map_answer.invalid_instrument", Err(MapRefusal::InvalidInstrument(instrument))),
        ("map_answer.limit_clusters", Err(MapRefusal::LimitClusters(64))),
        ("map_answer.limit_partitions", Err(MapRefusal::LimitPartitions(1_024))),
        ("map_answer.map_too_long", Err(MapRefusal::MapTooLong { length: 226, maximum: 227 })),
        ("map_answer.not_recorded", Err(MapRefusal::NotRecorded)),
        ("map_answer.malformed", Err(MapRefusal::Malformed)),
    ] {
        let answer = MapAnswer { correlation_id: 228, deployment: DeploymentId(203), outcome };
        golden.check(name, &answer, &encode_map_answer(&answer), |message| {
            decode_map_answer(message).expect("an answer")
        });
    }
    golden.finish();
}

#[test]
fn authenticated_requests() {
    let golden = Golden::of("authenticated_request.");
    let bytes = |from: u8| std::array::from_fn(|at| from + u8::try_from(at).expect("few"));
    let challenge = RequestChallenge { correlation_id: 42, challenge: bytes(0) };
    golden.check("authenticated_request.challenge", &challenge, &encode_request_challenge(&challenge), |message| {
        decode_request_challenge(message).expect("a challenge")
    });
    let request = AuthenticatedRequest { challenge: bytes(0), proof: bytes(100), request: b"a request" };
    let written = encode_authenticated_request(&request);
    assert_eq!(decode_authenticated_request(&written), Ok(request));
    // What is read borrows from the bytes of the line, so that it is compared after it was written again.
    golden.check("authenticated_request.request", &written, &written, |message| {
        encode_authenticated_request(&decode_authenticated_request(message).expect("a request"))
    });
    golden.finish();
}
