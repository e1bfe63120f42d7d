//! The length of snapshots, against those of a real engine in the real layout.

#![allow(clippy::expect_used, reason = "a test that fails panics")]

mod flows;

use flows::Applied;
use lugus_engine::EngineLimits;
use lugus_plan::disk::snapshot_bytes;
use lugus_plan::load::{Load, even_pairs};
use lugus_plan::traffic::Traffic;
use lugus_replay::synthetic::{Mix, SyntheticOptions};
use lugus_topology::Deployment;
use lugus_vocabulary::ParticipantId;

#[test]
fn a_snapshot_is_as_long_as_was_told() {
    for (mix, participants, instruments, resting_orders, commands, retained_events, firms) in [
        (Mix::Market, 4, 4, 1_000, 300_000, 4_096, 0),
        (Mix::Market, 40, 8, 100, 400_000, 512, 0),
        (Mix::Quotes, 4, 2, 50_000, 400_000, 64, 0),
        (Mix::Quotes, 32, 1, 50_000, 600_000, 16, 0),
        (Mix::Trades, 10, 4, 500, 300_000, 1_024, 0),
        (Mix::Market, 40, 8, 100, 400_000, 16, 5),
        (Mix::Trades, 10, 4, 500, 300_000, 16, 2),
    ] {
        let options =
            SyntheticOptions { mix, participants, instruments, resting_orders, ..SyntheticOptions::default() };
        let limits = EngineLimits { retained_events, ..EngineLimits::default() };
        let mut applied = Applied::new(limits, options);
        for participant in 1..=participants {
            if firms > 0 {
                applied.join_firm(ParticipantId(participant), ParticipantId(1_000 + participant % firms));
            }
        }
        applied.run(commands);
        let usage = applied.engine.usage();
        let mut survey = lugus_engine::Survey::default();
        let surveyed = applied.engine.survey(&mut survey, usize::MAX).expect("one round");
        let mut deployment = Deployment::default();
        deployment.engine.retained_events = retained_events as u32;
        let load = Load {
            traffic: Traffic::named(&mix.to_string()).expect("named"),
            participants,
            firms,
            pairs: even_pairs(instruments, 1_000.0),
            pairs_of_a_participant: f64::from(instruments),
            open_orders: usage.orders as u32,
            events_of_a_scope: if firms > 0 {
                None
            } else {
                Some(surveyed.retained_events / u64::from(participants * instruments))
            },
            sessions: 1,
            ..Load::of_peak(1_000.0)
        };
        let (told, found) = (snapshot_bytes(&deployment, &load), applied.snapshot_bytes());
        println!("{mix}: {found} bytes, told {told:.0}, {usage:?} {surveyed:?}");
        assert!(
            (told / found as f64 - 1.0).abs() < 0.10,
            "{mix}: {found} bytes, and {told:.0} were told; {usage:?}, {surveyed:?}"
        );
    }
}
