//! The registry: any requests in any order keep what must hold in a map; each refusal has its reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

use lugus_coordinator::apply;
use lugus_partition_map::{
    ClusterEntry, DeploymentId, Epoch, MAXIMUM_CLUSTERS, MAXIMUM_MAP_LENGTH, MAXIMUM_PARTITIONS, MapFeed, MemberEntry,
    MigrationId, Outcome, PartitionMap, Phase, Refusal, Request,
};
use lugus_topology::{ClusterId, Endpoint, Instrument, InstrumentType, MemberId};
use proptest::prelude::*;

fn cluster(id: i32, members: u16) -> ClusterEntry {
    let port = |member: u16| 20_000 + u16::try_from(id).unwrap() * 10 + member;
    let ingress = |member| Endpoint { host: "127.0.0.1".into(), port: port(member) };
    let members =
        (0..members).map(|member| MemberEntry { id: MemberId(i32::from(member)), ingress: ingress(member) }).collect();
    let (ingress_stream, ingress_term_length) = (101, 4 << 20);
    ClusterEntry { id: ClusterId(id), name: format!("cluster-{id}"), members, ingress_stream, ingress_term_length }
}

fn instrument(id: u32, symbol: &str, owner: i32) -> Instrument {
    Instrument { cluster: ClusterId(owner), ..Instrument::spot(id, symbol, 2, 5) }
}

/// Applies what must be accepted; whether the map has changed, and the migration.
fn accept(map: &mut PartitionMap, request: Request) -> (bool, Option<MigrationId>) {
    let applied = apply(map, &request, None).unwrap_or_else(|refusal| panic!("{request:?}: {refusal}"));
    let changed = applied.map.is_some();
    if let Some(next) = applied.map {
        assert_eq!(next.epoch.0, map.epoch.0 + 1, "epochs are gapless");
        next.check().unwrap();
        *map = next;
    }
    (changed, applied.migration)
}

fn refuse(map: &PartitionMap, request: Request) -> Refusal {
    apply(map, &request, None).expect_err("refused")
}

/// Two clusters; BTC/USDT is of cluster 0.
fn two_clusters() -> PartitionMap {
    let mut map = PartitionMap::empty(DeploymentId(7));
    accept(&mut map, Request::AddCluster(cluster(0, 3)));
    accept(&mut map, Request::AddCluster(cluster(1, 1)));
    accept(&mut map, Request::AddInstrument(instrument(1, "BTC/USDT", 0)));
    map
}

#[test]
fn what_is_added_is_there_and_a_repeat_changes_nothing() {
    let mut map = two_clusters();
    assert_eq!(map.epoch, Epoch(3));
    assert_eq!(map.owner_of(1).unwrap().id, ClusterId(0));
    for request in [Request::AddCluster(cluster(1, 1)), Request::AddInstrument(instrument(1, "BTC/USDT", 0))] {
        assert_eq!(accept(&mut map, request), (false, None));
    }
    assert!(accept(&mut map, Request::Halt { instrument: 1 }).0);
    assert!(!accept(&mut map, Request::Halt { instrument: 1 }).0);
    assert!(accept(&mut map, Request::Resume { instrument: 1 }).0);
    assert!(accept(&mut map, Request::RemoveInstrument { instrument: 1 }).0);
    assert!(!accept(&mut map, Request::RemoveInstrument { instrument: 1 }).0);
    assert!(accept(&mut map, Request::RemoveCluster(ClusterId(1))).0);
    assert!(!accept(&mut map, Request::RemoveCluster(ClusterId(1))).0);
}

#[test]
fn what_does_not_fit_is_refused_with_the_reason() {
    let map = two_clusters();
    let futures = Instrument { instrument_type: InstrumentType::Futures, ..instrument(1, "BTC/USDT", 0) };
    let other = ClusterEntry { members: cluster(0, 1).members, ..cluster(2, 1) };
    for (request, refusal) in [
        (Request::AddCluster(cluster(0, 1)), Refusal::ClusterExists(ClusterId(0))),
        (Request::AddCluster(cluster(2, 0)), Refusal::InvalidCluster(ClusterId(2))),
        (Request::AddCluster(other), Refusal::EndpointInUse(ClusterId(0))),
        (Request::AddInstrument(futures), Refusal::InstrumentExists(1)),
        (
            Request::AddInstrument(instrument(2, "BTC/USDT", 1)),
            Refusal::PairOwned { instrument: 1, owner: ClusterId(0) },
        ),
        (Request::AddInstrument(instrument(2, "ETH/USDT", 9)), Refusal::UnknownCluster(ClusterId(9))),
        (Request::AddInstrument(instrument(0, "ETH/USDT", 0)), Refusal::InvalidInstrument(0)),
        (Request::AddInstrument(instrument(2, "ETHUSDT", 0)), Refusal::InvalidInstrument(2)),
        (Request::Halt { instrument: 5 }, Refusal::UnknownInstrument(5)),
        (Request::RemoveCluster(ClusterId(0)), Refusal::ClusterInUse { cluster: ClusterId(0), instrument: 1 }),
        (
            Request::BeginMigration { instrument: 1, to: ClusterId(0) },
            Refusal::AlreadyOwner { instrument: 1, cluster: ClusterId(0) },
        ),
        (Request::BeginMigration { instrument: 1, to: ClusterId(9) }, Refusal::UnknownCluster(ClusterId(9))),
        (Request::AbortMigration { instrument: 1, id: MigrationId(3) }, Refusal::NoMigration(1)),
    ] {
        assert_eq!(refuse(&map, request.clone()), refusal, "{request:?}");
    }
}

#[test]
fn a_request_for_another_epoch_is_refused_unless_it_holds_already() {
    let map = two_clusters();
    let halt = Request::Halt { instrument: 1 };
    for stale in [0, 2, 4] {
        let refusal = apply(&map, &halt, Some(Epoch(stale))).expect_err("stale");
        assert_eq!(refusal, Refusal::StaleEpoch { expected: Epoch(stale), current: Epoch(3) });
    }
    let next = apply(&map, &halt, Some(Epoch(3))).unwrap().map.unwrap();
    assert_eq!(apply(&next, &halt, Some(Epoch(3))).unwrap().map, None, "a repeat of what is done");
}

#[test]
fn a_move_changes_the_owner_at_its_commit_and_each_step_may_be_repeated() {
    let mut map = two_clusters();
    let begin = Request::BeginMigration { instrument: 1, to: ClusterId(1) };
    let (_, id) = accept(&mut map, begin.clone());
    let id = id.unwrap();
    assert_eq!((id, accept(&mut map, begin.clone())), (MigrationId(map.epoch.0), (false, Some(id))));
    let commit = Request::CommitMigration { instrument: 1, id, state_hash: 5 };
    let (finish, abort) =
        (Request::FinishMigration { instrument: 1, id }, Request::AbortMigration { instrument: 1, id });
    assert_eq!(map.owner_of(1).unwrap().id, ClusterId(0));
    assert_eq!(refuse(&map, finish.clone()), Refusal::NotCommitted { instrument: 1, id });
    let in_use = Refusal::ClusterInUse { cluster: ClusterId(1), instrument: 1 };
    assert_eq!(refuse(&map, Request::RemoveCluster(ClusterId(1))), in_use);
    let migrating = Refusal::Migrating { instrument: 1, to: ClusterId(1), id };
    assert_eq!(refuse(&map, Request::RemoveInstrument { instrument: 1 }), migrating);

    assert_eq!(accept(&mut map, commit.clone()), (true, Some(id)));
    assert_eq!(map.owner_of(1).unwrap().id, ClusterId(1));
    assert_eq!(map.partition(1).unwrap().migration.unwrap().phase, Phase::Committed);
    assert_eq!(refuse(&map, abort.clone()), Refusal::AlreadyCommitted { instrument: 1, id });
    assert_eq!(accept(&mut map, commit.clone()), (false, Some(id)));

    assert_eq!(accept(&mut map, finish.clone()), (true, Some(id)));
    assert_eq!(map.partition(1).unwrap().migration, None);
    for repeat in [commit, finish] {
        assert_eq!(accept(&mut map, repeat), (false, Some(id)));
    }
    assert_eq!(refuse(&map, abort), Refusal::AlreadyCommitted { instrument: 1, id });
}

#[test]
fn a_move_that_is_undone_leaves_the_owner() {
    let mut map = two_clusters();
    let (_, id) = accept(&mut map, Request::BeginMigration { instrument: 1, to: ClusterId(1) });
    let id = id.unwrap();
    let abort = Request::AbortMigration { instrument: 1, id };
    assert_eq!(accept(&mut map, abort.clone()), (true, Some(id)));
    assert_eq!(accept(&mut map, abort.clone()), (false, Some(id)));
    let commit = Request::CommitMigration { instrument: 1, id, state_hash: 5 };
    let begin = Request::BeginMigration { instrument: 1, to: ClusterId(1) };
    for late in [commit.clone(), begin] {
        assert_eq!(refuse(&map, late), Refusal::BeingUndone { instrument: 1, id });
    }
    let finish = Request::FinishMigration { instrument: 1, id };
    assert_eq!(accept(&mut map, finish.clone()), (true, Some(id)));
    for repeat in [abort, finish] {
        assert_eq!(accept(&mut map, repeat), (false, Some(id)));
    }
    let partition = map.partition(1).unwrap();
    assert_eq!((partition.owner(), partition.ended_migration.unwrap().outcome), (ClusterId(0), Outcome::Aborted));
    assert_eq!(refuse(&map, commit.clone()), Refusal::NoMigration(1));
    let (_, second) = accept(&mut map, Request::BeginMigration { instrument: 1, to: ClusterId(1) });
    let current = second.unwrap();
    assert_eq!(refuse(&map, commit), Refusal::OtherMigration { instrument: 1, asked: id, current });
}

#[test]
fn the_fullest_map_is_one_record() {
    let mut map = PartitionMap::empty(DeploymentId(1));
    for id in 0..i32::try_from(MAXIMUM_CLUSTERS).unwrap() {
        accept(&mut map, Request::AddCluster(cluster(id, 9)));
    }
    assert_eq!(refuse(&map, Request::AddCluster(cluster(99, 1))), Refusal::LimitClusters(64));
    for id in 1..=u32::try_from(MAXIMUM_PARTITIONS).unwrap() {
        accept(&mut map, Request::AddInstrument(instrument(id, &format!("C{id}/USDT"), 0)));
    }
    assert_eq!(refuse(&map, Request::AddInstrument(instrument(9_999, "A/B", 0))), Refusal::LimitPartitions(1024));
    let record = map.encode();
    assert_eq!(record.len(), MAXIMUM_MAP_LENGTH);
    assert_eq!(PartitionMap::decode(&record).unwrap().0, map);
}

fn any_request() -> impl Strategy<Value = Request> {
    let instruments = 0u32..4;
    let moves = (instruments.clone(), 0u64..40).prop_map(|(instrument, id)| (instrument, MigrationId(id)));
    prop_oneof![
        (0i32..4, 0u16..3).prop_map(|(id, members)| Request::AddCluster(cluster(id, members))),
        (0i32..4).prop_map(|id| Request::RemoveCluster(ClusterId(id))),
        (instruments.clone(), 0usize..3, 0i32..4).prop_map(|(id, pair, owner)| {
            Request::AddInstrument(instrument(id, ["A/B", "C/D", "E/F"][pair], owner))
        }),
        instruments.clone().prop_map(|instrument| Request::Halt { instrument }),
        instruments.clone().prop_map(|instrument| Request::Resume { instrument }),
        instruments.clone().prop_map(|instrument| Request::RemoveInstrument { instrument }),
        (instruments, 0i32..4).prop_map(|(instrument, to)| Request::BeginMigration { instrument, to: ClusterId(to) }),
        moves.clone().prop_map(|(instrument, id)| Request::CommitMigration { instrument, id, state_hash: 1 }),
        moves.clone().prop_map(|(instrument, id)| Request::FinishMigration { instrument, id }),
        moves.prop_map(|(instrument, id)| Request::AbortMigration { instrument, id }),
    ]
}

proptest! {
    #[test]
    fn any_requests_keep_the_map_sound(
        requests in proptest::collection::vec((any_request(), any::<bool>(), any::<bool>()), 1..120),
    ) {
        let mut map = PartitionMap::empty(DeploymentId(3));
        let mut client = MapFeed::new(None);
        for (request, aimed, at_the_epoch) in requests {
            // Half of the steps of moves are aimed at the move under way, so that they get through.
            let request = if aimed { aim(&map, request) } else { request };
            let expected = at_the_epoch.then_some(map.epoch);
            let Ok(applied) = apply(&map, &request, expected) else { continue };
            let Some(next) = applied.map else { continue };
            prop_assert_eq!(next.epoch.0, map.epoch.0 + 1);
            prop_assert_eq!(next.check(), Ok(()));
            prop_assert_eq!(next.deployment, map.deployment);
            // Done once, it holds: again changes nothing, at whatever epoch it is asked for.
            let again = apply(&next, &request, expected);
            prop_assert_eq!(again.as_ref().map(|again| again.map.is_none()), Ok(true), "{:?}", request);
            prop_assert_eq!(again.map(|again| again.migration), Ok(applied.migration));
            // The owner changes only by the commit of a move, or when the instrument goes.
            for before in &map.partitions {
                if let Some(after) = next.partition(before.instrument.id)
                    && after.owner() != before.owner()
                {
                    let commits = matches!(request, Request::CommitMigration { .. });
                    prop_assert!(commits);
                }
            }
            let taken = client.on_record(&next.encode()).unwrap();
            prop_assert_eq!(taken.as_deref(), Some(&next));
            prop_assert_eq!(client.digest(), Some(next.digest()));
            map = next;
        }
    }
}

fn aim(map: &PartitionMap, request: Request) -> Request {
    let under_way = map
        .partitions
        .iter()
        .find_map(|partition| partition.migration.map(|migration| (partition.instrument.id, migration.id)));
    match (under_way, request) {
        (Some((instrument, id)), Request::CommitMigration { state_hash, .. }) => {
            Request::CommitMigration { instrument, id, state_hash }
        }
        (Some((instrument, id)), Request::FinishMigration { .. }) => Request::FinishMigration { instrument, id },
        (Some((instrument, id)), Request::AbortMigration { .. }) => Request::AbortMigration { instrument, id },
        (_, request) => request,
    }
}
