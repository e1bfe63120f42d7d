//! A listener without a session: it joins late by the loop of snapshots of a member, listens to the feeds of all members, and has no
//! gap when the leader dies, if its followers have a feed.

use lugus_client::GapEnding;
use lugus_node::market_data::FollowerFeed;

use super::market::BTC;
use super::world::World;

#[test]
fn a_late_listener_joins_by_the_loop_alone_while_it_trades() {
    for seed in 0..6 {
        let mut world = World::new(seed, 1, FollowerFeed::Off, 3_000);
        for _ in 0..3_000 {
            world.trade();
        }
        world.step();
        world.streams[0] = Default::default();
        world.join();
        world.run(300, 3);
        world.verify();
        assert!(world.checker.told > 0 && world.checker.definitions > 0);
        assert_eq!((world.checker.recoveries, world.feed.counts().loaded_books), (0, 1));
    }
}

/// What a member had not sent when its last listener left, the next one hears first: it may be hours old, and heartbeats among it.
#[test]
fn a_listener_that_first_hears_what_is_old_takes_no_old_book() {
    for seed in 0..6 {
        let mut world = World::new(seed, 1, FollowerFeed::Off, 40);
        for _ in 0..200 {
            world.trade();
        }
        let old = world.unheard();
        assert!(!old[1].is_empty());
        for _ in 0..100 {
            world.trade();
        }
        world.unheard();
        world.join();
        world.hear(old);
        // Nobody trades any more, so that no increment tells that there are newer ones.
        let newest = world.newest();
        for _ in 0..1_000 {
            world.step();
            if let Some(book) = world.feed.book(BTC) {
                assert_eq!(book.sequence(), newest);
            }
        }
        world.verify();
        assert_eq!((world.checker.recoveries, world.feed.counts().loaded_books), (0, 1));
    }
}

#[test]
fn books_are_rebuilt_over_a_bad_network_from_one_feed_and_one_loop() {
    let (mut recoveries, mut lost) = (0, 0);
    for seed in 0..40 {
        let mut world = World::new(seed, 1, FollowerFeed::Off, 40 + seed * 20);
        world.faults = seed % 12;
        world.join();
        world.run(400, 3);
        world.verify();
        recoveries += world.checker.recoveries;
        lost += world.feed.counts().lost_gaps;
        assert!(world.checker.told > 0);
    }
    assert!(recoveries > 40 && lost > 20, "{recoveries} {lost}");
}

#[test]
fn a_second_feed_fills_what_the_first_one_loses() {
    let (mut with_one, mut with_two) = (0, 0);
    for seed in 0..20 {
        for (follower_feed, lost) in [(FollowerFeed::Off, &mut with_one), (FollowerFeed::On, &mut with_two)] {
            let mut world = World::new(seed, 3, follower_feed, 40);
            world.join();
            world.verify();
            world.faults = 2;
            world.run(400, 2);
            world.verify();
            *lost += world.feed.counts().lost_increments;
        }
    }
    assert!(with_two * 20 < with_one, "{with_two} of {with_one} increments are lost with followers' feeds");
}

/// The leader is killed with increments that it has not sent, and with such that its followers have not applied yet.
#[test]
fn the_death_of_the_leader_is_no_gap_if_followers_have_a_feed() {
    let mut gaps = 0;
    for seed in 0..30 {
        for follower_feed in [FollowerFeed::Off, FollowerFeed::On] {
            let mut world = World::new(seed, 3, follower_feed, 40);
            world.join();
            world.verify();
            world.run(100, 3);
            for _ in 0..20 {
                world.trade();
            }
            world.kill_leader();
            world.run(100, 3);
            world.verify();
            let counts = world.feed.counts().clone();
            if follower_feed == FollowerFeed::On {
                assert_eq!((counts.lost_gaps, counts.loaded_books), (0, 1), "{:?}", world.checker.gaps);
                assert!(counts.first_from[1] > 0 && counts.repeated > 0, "{counts:?}");
            } else {
                gaps += counts.lost_gaps;
                assert!(world.checker.gaps.iter().all(|gap| gap.ending == GapEnding::Lost));
            }
        }
    }
    assert!(gaps >= 30, "{gaps}: without it each death is one");
}
