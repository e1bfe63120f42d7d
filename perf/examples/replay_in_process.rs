//! Replays a recording, or a synthetic flow when no file is named, on an engine in this process, and prints the figures.
//!
//! `cargo run --release -p lugus-perf --example replay_in_process -- [FILE]`

use std::error::Error;
use std::path::Path;

use lugus_engine::EngineLimits;
use lugus_perf::engine_venue::EngineVenue;
use lugus_perf::mbo::{MboFlow, MboOptions};
use lugus_perf::replay::{ReplayOptions, replay};
use lugus_perf::synthetic::{SyntheticFlow, SyntheticOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let mut venue = EngineVenue::new(EngineLimits::default());
    let options = ReplayOptions { window: 1, ..ReplayOptions::default() };
    let replayed = match std::env::args().nth(1) {
        Some(path) => {
            replay(&mut MboFlow::open(Path::new(&path), MboOptions::default())?, &mut venue, options, &mut ())
        }
        None => {
            let synthetic = SyntheticOptions { steps: 1_000_000, ..SyntheticOptions::default() };
            replay(&mut SyntheticFlow::new(synthetic), &mut venue, options, &mut ())
        }
    }?;
    println!("{}\nstate hash {:016x}", replayed.report, venue.state_hash().0);
    Ok(())
}
