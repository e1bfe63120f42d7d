//! The registry: the map stays valid under any requests in any order, and each refusal has its reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

use lugus_coordinator::apply;
use lugus_partition_map::{
    ClusterEntry, DeploymentId, MAXIMUM_CLUSTERS, MAXIMUM_MAP_LENGTH, MAXIMUM_PARTITIONS, MapEpoch, MapFeed,
    MapRefusal, MapRequest, MemberEntry, MigrationEnding, MigrationId, MigrationPhase, PartitionMap, check_map,
    digest_of_map, encode_map, read_map,
};
use lugus_topology::{ClusterId, Endpoint, MemberId};
use lugus_vocabulary::{InstrumentId, InstrumentSpecification, InstrumentType, StateHash};
use proptest::prelude::*;

fn cluster(id: i32, members: u16) -> ClusterEntry {
    let port = |member: u16| 20_000 + u16::try_from(id).unwrap() * 10 + member;
    let ingress = |member| Endpoint { host: "127.0.0.1".into(), port: port(member) };
    let members =
        (0..members).map(|member| MemberEntry { id: MemberId(i32::from(member)), ingress: ingress(member) }).collect();
    let (ingress_stream, ingress_term_length) = (101, 4 << 20);
    ClusterEntry { id: ClusterId(id), name: format!("cluster-{id}"), members, ingress_stream, ingress_term_length }
}

fn instrument(id: u32, symbol: &str, owner: i32) -> InstrumentSpecification {
    InstrumentSpecification {
        cluster: ClusterId(owner),
        ..InstrumentSpecification::spot(InstrumentId(id), symbol, 2, 5)
    }
}

/// Applies a request that must be accepted. Returns whether the map has changed, and the migration of the answer.
fn accept(map: &mut PartitionMap, request: MapRequest) -> (bool, Option<MigrationId>) {
    let applied = apply(map, &request, None).unwrap_or_else(|refusal| panic!("{request:?}: {refusal}"));
    let changed = applied.map.is_some();
    if let Some(next) = applied.map {
        assert_eq!(next.epoch.0, map.epoch.0 + 1, "the epoch rises by one");
        check_map(&next).unwrap();
        *map = next;
    }
    (changed, applied.migration)
}

fn refuse(map: &PartitionMap, request: MapRequest) -> MapRefusal {
    apply(map, &request, None).expect_err("refused")
}

/// A map of two clusters, in which cluster 0 owns BTC/USDT.
fn two_clusters() -> PartitionMap {
    let mut map = PartitionMap::empty(DeploymentId(7));
    accept(&mut map, MapRequest::AddCluster(cluster(0, 3)));
    accept(&mut map, MapRequest::AddCluster(cluster(1, 1)));
    accept(&mut map, MapRequest::AddInstrument(instrument(1, "BTC/USDT", 0)));
    map
}

#[test]
fn an_accepted_request_changes_the_map_and_its_repeat_does_not() {
    let mut map = two_clusters();
    assert_eq!(map.epoch, MapEpoch(3));
    assert_eq!(map.owner_of(InstrumentId(1)).unwrap().id, ClusterId(0));
    for request in [MapRequest::AddCluster(cluster(1, 1)), MapRequest::AddInstrument(instrument(1, "BTC/USDT", 0))] {
        assert_eq!(accept(&mut map, request), (false, None));
    }
    assert!(accept(&mut map, MapRequest::Halt { instrument: InstrumentId(1) }).0);
    assert!(!accept(&mut map, MapRequest::Halt { instrument: InstrumentId(1) }).0);
    assert!(accept(&mut map, MapRequest::Resume { instrument: InstrumentId(1) }).0);
    assert!(accept(&mut map, MapRequest::RemoveInstrument { instrument: InstrumentId(1) }).0);
    assert!(!accept(&mut map, MapRequest::RemoveInstrument { instrument: InstrumentId(1) }).0);
    assert!(accept(&mut map, MapRequest::RemoveCluster(ClusterId(1))).0);
    assert!(!accept(&mut map, MapRequest::RemoveCluster(ClusterId(1))).0);
}

#[test]
fn an_impossible_request_is_refused_with_its_reason() {
    let map = two_clusters();
    let futures = InstrumentSpecification { instrument_type: InstrumentType::Futures, ..instrument(1, "BTC/USDT", 0) };
    let other = ClusterEntry { members: cluster(0, 1).members, ..cluster(2, 1) };
    for (request, refusal) in [
        (MapRequest::AddCluster(cluster(0, 1)), MapRefusal::ClusterExists(ClusterId(0))),
        (MapRequest::AddCluster(cluster(2, 0)), MapRefusal::InvalidCluster(ClusterId(2))),
        (MapRequest::AddCluster(other), MapRefusal::EndpointInUse(ClusterId(0))),
        (MapRequest::AddInstrument(futures), MapRefusal::InstrumentExists(InstrumentId(1))),
        (
            MapRequest::AddInstrument(instrument(2, "BTC/USDT", 1)),
            MapRefusal::PairOwned { instrument: InstrumentId(1), owner: ClusterId(0) },
        ),
        (MapRequest::AddInstrument(instrument(2, "ETH/USDT", 9)), MapRefusal::UnknownCluster(ClusterId(9))),
        (MapRequest::AddInstrument(instrument(0, "ETH/USDT", 0)), MapRefusal::InvalidInstrument(InstrumentId(0))),
        (MapRequest::AddInstrument(instrument(2, "ETHUSDT", 0)), MapRefusal::InvalidInstrument(InstrumentId(2))),
        (MapRequest::Halt { instrument: InstrumentId(5) }, MapRefusal::UnknownInstrument(InstrumentId(5))),
        (
            MapRequest::RemoveCluster(ClusterId(0)),
            MapRefusal::ClusterInUse { cluster: ClusterId(0), instrument: InstrumentId(1) },
        ),
        (
            MapRequest::BeginMigration { instrument: InstrumentId(1), to: ClusterId(0) },
            MapRefusal::AlreadyOwner { instrument: InstrumentId(1), cluster: ClusterId(0) },
        ),
        (
            MapRequest::BeginMigration { instrument: InstrumentId(1), to: ClusterId(9) },
            MapRefusal::UnknownCluster(ClusterId(9)),
        ),
        (
            MapRequest::AbortMigration { instrument: InstrumentId(1), id: MigrationId(3) },
            MapRefusal::NoMigration(InstrumentId(1)),
        ),
    ] {
        assert_eq!(refuse(&map, request.clone()), refusal, "{request:?}");
    }
}

#[test]
fn a_request_for_another_epoch_is_refused_unless_it_is_done_already() {
    let map = two_clusters();
    let halt = MapRequest::Halt { instrument: InstrumentId(1) };
    for stale in [0, 2, 4] {
        let refusal = apply(&map, &halt, Some(MapEpoch(stale))).expect_err("stale");
        assert_eq!(refusal, MapRefusal::StaleEpoch { expected: MapEpoch(stale), current: MapEpoch(3) });
    }
    let next = apply(&map, &halt, Some(MapEpoch(3))).unwrap().map.unwrap();
    assert_eq!(apply(&next, &halt, Some(MapEpoch(3))).unwrap().map, None, "a repeat of a request that is done");
}

#[test]
fn a_move_changes_the_owner_at_its_commit_and_each_step_may_be_repeated() {
    let mut map = two_clusters();
    let begin = MapRequest::BeginMigration { instrument: InstrumentId(1), to: ClusterId(1) };
    let (_, id) = accept(&mut map, begin.clone());
    let id = id.unwrap();
    assert_eq!((id, accept(&mut map, begin.clone())), (MigrationId(map.epoch.0), (false, Some(id))));
    let commit = MapRequest::CommitMigration { instrument: InstrumentId(1), id, state_hash: StateHash(5) };
    let (finish, abort) = (
        MapRequest::FinishMigration { instrument: InstrumentId(1), id },
        MapRequest::AbortMigration { instrument: InstrumentId(1), id },
    );
    assert_eq!(map.owner_of(InstrumentId(1)).unwrap().id, ClusterId(0));
    assert_eq!(refuse(&map, finish.clone()), MapRefusal::NotCommitted { instrument: InstrumentId(1), id });
    let in_use = MapRefusal::ClusterInUse { cluster: ClusterId(1), instrument: InstrumentId(1) };
    assert_eq!(refuse(&map, MapRequest::RemoveCluster(ClusterId(1))), in_use);
    let migrating = MapRefusal::Migrating { instrument: InstrumentId(1), to: ClusterId(1), id };
    assert_eq!(refuse(&map, MapRequest::RemoveInstrument { instrument: InstrumentId(1) }), migrating);

    assert_eq!(accept(&mut map, commit.clone()), (true, Some(id)));
    assert_eq!(map.owner_of(InstrumentId(1)).unwrap().id, ClusterId(1));
    assert_eq!(map.partition(InstrumentId(1)).unwrap().migration.unwrap().phase, MigrationPhase::Committed);
    assert_eq!(refuse(&map, abort.clone()), MapRefusal::AlreadyCommitted { instrument: InstrumentId(1), id });
    assert_eq!(accept(&mut map, commit.clone()), (false, Some(id)));

    assert_eq!(accept(&mut map, finish.clone()), (true, Some(id)));
    assert_eq!(map.partition(InstrumentId(1)).unwrap().migration, None);
    for repeat in [commit, finish] {
        assert_eq!(accept(&mut map, repeat), (false, Some(id)));
    }
    assert_eq!(refuse(&map, abort), MapRefusal::AlreadyCommitted { instrument: InstrumentId(1), id });
}

#[test]
fn an_undone_move_does_not_change_the_owner() {
    let mut map = two_clusters();
    let (_, id) = accept(&mut map, MapRequest::BeginMigration { instrument: InstrumentId(1), to: ClusterId(1) });
    let id = id.unwrap();
    let abort = MapRequest::AbortMigration { instrument: InstrumentId(1), id };
    assert_eq!(accept(&mut map, abort.clone()), (true, Some(id)));
    assert_eq!(accept(&mut map, abort.clone()), (false, Some(id)));
    let commit = MapRequest::CommitMigration { instrument: InstrumentId(1), id, state_hash: StateHash(5) };
    let begin = MapRequest::BeginMigration { instrument: InstrumentId(1), to: ClusterId(1) };
    for late in [commit.clone(), begin] {
        assert_eq!(refuse(&map, late), MapRefusal::BeingUndone { instrument: InstrumentId(1), id });
    }
    let finish = MapRequest::FinishMigration { instrument: InstrumentId(1), id };
    assert_eq!(accept(&mut map, finish.clone()), (true, Some(id)));
    for repeat in [abort, finish] {
        assert_eq!(accept(&mut map, repeat), (false, Some(id)));
    }
    let partition = map.partition(InstrumentId(1)).unwrap();
    assert_eq!(
        (partition.owner(), partition.ended_migration.unwrap().outcome),
        (ClusterId(0), MigrationEnding::Aborted)
    );
    assert_eq!(refuse(&map, commit.clone()), MapRefusal::NoMigration(InstrumentId(1)));
    let (_, second) = accept(&mut map, MapRequest::BeginMigration { instrument: InstrumentId(1), to: ClusterId(1) });
    let current = second.unwrap();
    assert_eq!(refuse(&map, commit), MapRefusal::OtherMigration { instrument: InstrumentId(1), asked: id, current });
}

#[test]
fn the_largest_map_fits_into_one_record() {
    let mut map = PartitionMap::empty(DeploymentId(1));
    for id in 0..i32::try_from(MAXIMUM_CLUSTERS).unwrap() {
        accept(&mut map, MapRequest::AddCluster(cluster(id, 9)));
    }
    assert_eq!(refuse(&map, MapRequest::AddCluster(cluster(99, 1))), MapRefusal::LimitClusters(64));
    for id in 1..=u32::try_from(MAXIMUM_PARTITIONS).unwrap() {
        accept(&mut map, MapRequest::AddInstrument(instrument(id, &format!("C{id}/USDT"), 0)));
    }
    assert_eq!(refuse(&map, MapRequest::AddInstrument(instrument(9_999, "A/B", 0))), MapRefusal::LimitPartitions(1024));
    let record = encode_map(&map);
    assert_eq!(record.len(), MAXIMUM_MAP_LENGTH);
    assert_eq!(read_map(&record).unwrap().0, map);
}

fn any_request() -> impl Strategy<Value = MapRequest> {
    let instruments = 0u32..4;
    let moves = (instruments.clone(), 0u64..40).prop_map(|(instrument, id)| (instrument, MigrationId(id)));
    prop_oneof![
        (0i32..4, 0u16..3).prop_map(|(id, members)| MapRequest::AddCluster(cluster(id, members))),
        (0i32..4).prop_map(|id| MapRequest::RemoveCluster(ClusterId(id))),
        (instruments.clone(), 0usize..3, 0i32..4).prop_map(|(id, pair, owner)| {
            MapRequest::AddInstrument(instrument(id, ["A/B", "C/D", "E/F"][pair], owner))
        }),
        instruments.clone().prop_map(|instrument| MapRequest::Halt { instrument: InstrumentId(instrument) }),
        instruments.clone().prop_map(|instrument| MapRequest::Resume { instrument: InstrumentId(instrument) }),
        instruments
            .clone()
            .prop_map(|instrument| MapRequest::RemoveInstrument { instrument: InstrumentId(instrument) }),
        (instruments, 0i32..4).prop_map(|(instrument, to)| MapRequest::BeginMigration {
            instrument: InstrumentId(instrument),
            to: ClusterId(to)
        }),
        moves.clone().prop_map(|(instrument, id)| MapRequest::CommitMigration {
            instrument: InstrumentId(instrument),
            id,
            state_hash: StateHash(1)
        }),
        moves
            .clone()
            .prop_map(|(instrument, id)| MapRequest::FinishMigration { instrument: InstrumentId(instrument), id }),
        moves.prop_map(|(instrument, id)| MapRequest::AbortMigration { instrument: InstrumentId(instrument), id }),
    ]
}

proptest! {
    #[test]
    fn any_sequence_of_requests_keeps_the_map_valid(
        requests in proptest::collection::vec((any_request(), any::<bool>(), any::<bool>()), 1..120),
    ) {
        let mut map = PartitionMap::empty(DeploymentId(3));
        let mut client = MapFeed::new(None);
        for (request, aimed, at_the_epoch) in requests {
            // Half of the steps of moves are redirected to the move in progress, so that some are accepted.
            let request = if aimed { aim(&map, request) } else { request };
            let expected = at_the_epoch.then_some(map.epoch);
            let Ok(applied) = apply(&map, &request, expected) else { continue };
            let Some(next) = applied.map else { continue };
            prop_assert_eq!(next.epoch.0, map.epoch.0 + 1);
            prop_assert_eq!(check_map(&next), Ok(()));
            prop_assert_eq!(next.deployment, map.deployment);
            // A repeat changes nothing, whatever epoch it is made for.
            let again = apply(&next, &request, expected);
            prop_assert_eq!(again.as_ref().map(|again| again.map.is_none()), Ok(true), "{:?}", request);
            prop_assert_eq!(again.map(|again| again.migration), Ok(applied.migration));
            // The owner of an instrument changes only at the commit of a move.
            for before in &map.partitions {
                if let Some(after) = next.partition(before.instrument.id)
                    && after.owner() != before.owner()
                {
                    let commits = matches!(request, MapRequest::CommitMigration { .. });
                    prop_assert!(commits);
                }
            }
            let taken = client.on_record(&encode_map(&next)).unwrap();
            prop_assert_eq!(taken.as_deref(), Some(&next));
            prop_assert_eq!(client.digest(), Some(digest_of_map(&next)));
            map = next;
        }
    }
}

/// Redirects a step of a move to the move in progress, if there is one.
fn aim(map: &PartitionMap, request: MapRequest) -> MapRequest {
    let under_way = map
        .partitions
        .iter()
        .find_map(|partition| partition.migration.map(|migration| (partition.instrument.id, migration.id)));
    match (under_way, request) {
        (Some((instrument, id)), MapRequest::CommitMigration { state_hash, .. }) => {
            MapRequest::CommitMigration { instrument, id, state_hash }
        }
        (Some((instrument, id)), MapRequest::FinishMigration { .. }) => MapRequest::FinishMigration { instrument, id },
        (Some((instrument, id)), MapRequest::AbortMigration { .. }) => MapRequest::AbortMigration { instrument, id },
        (_, request) => request,
    }
}
