//! A listener without a session gets what it misses from what members have recorded, and takes a snapshot only if none has it.

use lugus_client::GapEnding;
use lugus_client::sans_io::Feed;
use lugus_node::market_data::FollowerFeed;

use super::world::World;

/// A listener that follows, and asks for what it misses.
fn world(seed: u64, members: i32, follower_feed: FollowerFeed) -> World {
    let mut world = World::new(seed, members, follower_feed, 40);
    (world.feed, world.asks) = (Feed::of_recorded(true), true);
    // Recordings begin with the members, before anybody listens.
    world.run(10, 3);
    world.join();
    world.verify();
    world
}

#[test]
fn what_is_lost_is_replayed_from_what_the_member_has_recorded() {
    let mut replayed = 0;
    for seed in 0..20 {
        let mut world = world(seed, 1, FollowerFeed::Off);
        world.faults = 1 + seed % 10;
        world.run(400, 2);
        world.verify();
        let counts = world.feed.counts();
        assert_eq!((counts.lost_gaps, counts.loaded_books, world.checker.recoveries), (0, 1, 0), "{counts:?}");
        assert!(counts.from_replays >= counts.replayed_gaps);
        replayed += counts.replayed_gaps;
    }
    assert!(replayed > 100, "{replayed}");
}

/// The leader is killed with increments that it has not sent; no follower sends to listeners, but each has its own recorded.
#[test]
fn the_death_of_the_leader_is_no_gap_if_its_followers_record() {
    let mut replayed = 0;
    for seed in 0..30 {
        let mut world = world(seed, 3, FollowerFeed::Recorded);
        world.faults = seed % 3;
        world.run(100, 3);
        for _ in 0..20 {
            world.trade();
        }
        world.kill_leader();
        world.run(100, 3);
        world.verify();
        let counts = world.feed.counts();
        assert_eq!((counts.lost_gaps, counts.loaded_books), (0, 1), "{:?}", world.checker.gaps);
        assert_eq!(counts.first_from.get(2).copied().unwrap_or(0), 0, "a follower sends nothing: {counts:?}");
        replayed += counts.replayed_gaps;
    }
    assert!(replayed >= 30, "{replayed}: each death is one");
}

#[test]
fn what_is_purged_is_a_snapshot_again() {
    let (mut lost, mut replayed, mut refused) = (0, 0, 0);
    for seed in 0..20 {
        let mut world = world(seed, 1, FollowerFeed::Off);
        world.kept = 24;
        world.faults = 5 + seed;
        world.run(400, 3);
        world.verify();
        let counts = world.feed.counts();
        assert_eq!(counts.loaded_books, 1 + counts.lost_gaps, "{counts:?}");
        assert!(world.checker.gaps.iter().all(|gap| gap.ending != GapEnding::Lost || gap.lasted.as_millis() < 2_000));
        (lost, replayed, refused) = (lost + counts.lost_gaps, replayed + counts.replayed_gaps, refused + world.refused);
    }
    assert!(lost > 20 && replayed > 20 && refused > 20, "{lost} lost, {replayed} replayed, {refused} requests refused");
}
