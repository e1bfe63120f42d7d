//! Any partition map, request to change it, and answer.

use lugus_vocabulary::partition_map::MAXIMUM_MEMBERS;
use lugus_vocabulary::{
    AcceptedRequest, AuctionRules, ClusterEntry, ClusterId, DeploymentId, EndedMigration, Endpoint,
    InstrumentSpecification, InstrumentState, InstrumentType, MapAnswer, MapDigest, MapEpoch, MapRefusal, MapRequest,
    MapRequestHeader, MemberEntry, MemberId, Migration, MigrationEnding, MigrationPhase, Partition, PartitionMap,
    Price, PriceProtection, StateHash, StepSize,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::records::{epoch, migration};
use super::{instrument, optional, quantity};

fn cluster_id() -> impl Strategy<Value = ClusterId> {
    any::<i32>().prop_map(ClusterId)
}

/// Texts of at most `length` bytes, without zeros.
fn text(length: usize) -> impl Strategy<Value = String> {
    vec(prop_oneof!["[ -~]", Just("ö".to_owned())], 0..=length / 2).prop_map(|letters| letters.concat())
}

fn member() -> impl Strategy<Value = MemberEntry> {
    (any::<i32>(), text(64), any::<u16>())
        .prop_map(|(id, host, port)| MemberEntry { id: MemberId(id), ingress: Endpoint { host, port } })
}

pub(crate) fn cluster() -> impl Strategy<Value = ClusterEntry> {
    (cluster_id(), text(32), vec(member(), 0..=MAXIMUM_MEMBERS), any::<i32>(), any::<u32>()).prop_map(
        |(id, name, members, ingress_stream, ingress_term_length)| ClusterEntry {
            id,
            name,
            members,
            ingress_stream,
            ingress_term_length,
        },
    )
}

fn step_size() -> impl Strategy<Value = StepSize> {
    (1..=i64::MAX, -18..=0i8)
        .prop_filter_map("too many zeros", |(mantissa, exponent)| StepSize::new(mantissa, exponent))
}

fn specification() -> impl Strategy<Value = InstrumentSpecification> {
    let words = (select(InstrumentType::ALL), select(InstrumentState::ALL));
    let prices = any::<[i64; 3]>();
    (instrument(), text(17), words, cluster_id(), (step_size(), step_size()), prices, (quantity(), quantity()))
        .prop_map(|(id, symbol, words, cluster, sizes, prices, quantities)| InstrumentSpecification {
            id,
            symbol,
            instrument_type: words.0,
            cluster,
            tick_size: sizes.0,
            lot_size: sizes.1,
            minimum_price: Price(prices[0]),
            maximum_price: Price(prices[1]),
            reference_price: Price(prices[2]),
            price_band: quantities.0,
            maximum_quantity: quantities.1,
            state: words.1,
            protection: PriceProtection::NONE,
            auctions: AuctionRules::NONE,
        })
}

fn partition() -> impl Strategy<Value = Partition> {
    let under_way = (migration(), cluster_id(), cluster_id(), select(MigrationPhase::ALL))
        .prop_map(|(id, from, to, phase)| Migration { id, from, to, phase });
    let ended = (migration(), select(MigrationEnding::ALL)).prop_map(|(id, outcome)| EndedMigration { id, outcome });
    (specification(), any::<bool>(), optional(under_way), optional(ended)).prop_map(
        |(instrument, is_halted, migration, ended_migration)| Partition {
            instrument,
            is_halted,
            migration,
            ended_migration,
        },
    )
}

/// A map whose clusters have different numbers; nothing else of it makes sense.
pub(crate) fn map() -> impl Strategy<Value = PartitionMap> {
    let clusters = vec(cluster(), 0..5).prop_map(|mut clusters| {
        clusters.sort_by_key(|cluster| cluster.id);
        clusters.dedup_by_key(|cluster| cluster.id);
        clusters
    });
    (any::<u64>(), epoch(), clusters, vec(partition(), 0..5)).prop_map(|(deployment, epoch, clusters, partitions)| {
        PartitionMap { deployment: DeploymentId(deployment), epoch, clusters, partitions }
    })
}

/// Epoch 0 stands for any epoch.
pub(crate) fn header() -> impl Strategy<Value = MapRequestHeader> {
    let epoch = optional((1..=u64::MAX).prop_map(MapEpoch));
    (any::<i64>(), epoch, text(256), any::<i32>()).prop_map(
        |(correlation_id, expected_epoch, response_channel, response_stream)| MapRequestHeader {
            correlation_id,
            expected_epoch,
            response_channel,
            response_stream,
        },
    )
}

pub(crate) fn request() -> impl Strategy<Value = MapRequest> {
    let moved = || (instrument(), migration());
    prop_oneof![
        cluster().prop_map(MapRequest::AddCluster),
        cluster_id().prop_map(MapRequest::RemoveCluster),
        specification().prop_map(MapRequest::AddInstrument),
        instrument().prop_map(|instrument| MapRequest::Halt { instrument }),
        instrument().prop_map(|instrument| MapRequest::Resume { instrument }),
        instrument().prop_map(|instrument| MapRequest::RemoveInstrument { instrument }),
        (instrument(), cluster_id()).prop_map(|(instrument, to)| MapRequest::BeginMigration { instrument, to }),
        (moved(), any::<u64>()).prop_map(|((instrument, id), hash)| MapRequest::CommitMigration {
            instrument,
            id,
            state_hash: StateHash(hash)
        }),
        moved().prop_map(|(instrument, id)| MapRequest::FinishMigration { instrument, id }),
        moved().prop_map(|(instrument, id)| MapRequest::AbortMigration { instrument, id }),
    ]
}

fn refusal() -> impl Strategy<Value = MapRefusal> {
    (instrument(), migration(), migration(), cluster_id(), any::<[u64; 2]>()).prop_flat_map(
        |(instrument, id, current, cluster, [one, other])| {
            select(vec![
                MapRefusal::StaleEpoch { expected: MapEpoch(one), current: MapEpoch(other) },
                MapRefusal::UnknownCluster(cluster),
                MapRefusal::UnknownInstrument(instrument),
                MapRefusal::ClusterExists(cluster),
                MapRefusal::InstrumentExists(instrument),
                MapRefusal::PairOwned { instrument, owner: cluster },
                MapRefusal::ClusterInUse { cluster, instrument },
                MapRefusal::EndpointInUse(cluster),
                MapRefusal::Migrating { instrument, to: cluster, id },
                MapRefusal::NoMigration(instrument),
                MapRefusal::OtherMigration { instrument, asked: id, current },
                MapRefusal::NotCommitted { instrument, id },
                MapRefusal::AlreadyCommitted { instrument, id },
                MapRefusal::BeingUndone { instrument, id },
                MapRefusal::AlreadyOwner { instrument, cluster },
                MapRefusal::InvalidCluster(cluster),
                MapRefusal::InvalidInstrument(instrument),
                MapRefusal::LimitClusters(one),
                MapRefusal::LimitPartitions(other),
                MapRefusal::MapTooLong { length: one, maximum: other },
                MapRefusal::NotRecorded,
                MapRefusal::Malformed,
            ])
        },
    )
}

/// Migration 0 stands for none.
pub(crate) fn answer() -> impl Strategy<Value = MapAnswer> {
    let accepted = (epoch(), any::<u64>(), optional(1..=u64::MAX)).prop_map(|(epoch, digest, migration)| {
        let migration = migration.map(lugus_vocabulary::MigrationId);
        AcceptedRequest { epoch, digest: MapDigest(digest), migration }
    });
    let outcome = prop_oneof![1 => accepted.prop_map(Ok), 4 => refusal().prop_map(Err)];
    (any::<i64>(), any::<u64>(), outcome).prop_map(|(correlation_id, deployment, outcome)| MapAnswer {
        correlation_id,
        deployment: DeploymentId(deployment),
        outcome,
    })
}
