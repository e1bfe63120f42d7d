//! Measures how long a change of the map takes to reach many subscribers.
//!
//! ```text
//! map_update <cluster.toml> [subscribers] [changes]
//! ```
//! A coordinator of that deployment must be running (`serve`, or `lugus coordinator`). Prints two times of a change, in
//! microseconds from its request: until its answer, and until the last subscriber has the new map. Of each, it prints the
//! median and the longest over all changes.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lugus_media_driver::ClientDriver;
use lugus_partition_map::{
    Connection, CoordinatorClient, MapContext, MapError, MapRequest, MapSubscription, RecordedMap,
};
use lugus_topology::Deployment;

const TIMEOUT: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("map_update: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(
        arguments.next().ok_or("no cluster.toml given: map_update <cluster.toml> [subscribers] [changes]")?,
    );
    let subscribers: usize = arguments.next().map_or(Ok(100), |text| text.parse())?;
    let changes: usize = arguments.next().map_or(Ok(50), |text| text.parse())?;
    let deployment = Deployment::load(&path)?;
    let instrument = deployment
        .instruments
        .first()
        .ok_or("cluster.toml has no [[instrument]]: add one, whose halts are the changes")?
        .id;
    let driver = ClientDriver::start(&deployment)?;
    let context = MapContext::new(&deployment, driver.aeron_dir().to_path_buf());
    let mut maps: Vec<RecordedMap> = (0..subscribers).map(|_| RecordedMap::new(context.clone())).collect();
    poll_until(&mut maps, |map| map.connection() == Connection::Live)?;
    let spec = deployment.coordinator_spec();
    let (host, key) = (&deployment.egress_host(), deployment.operator_key()?);
    let mut client = CoordinatorClient::connect(driver.aeron_dir(), &spec, host, TIMEOUT, key)?;

    // Opens the channel for answers, and makes sure that the instrument is not halted at first.
    client.request(&MapRequest::Resume { instrument }, None, TIMEOUT)?;
    let (mut answered, mut seen) = (Vec::new(), Vec::new());
    for change in 0..changes {
        let request = if change % 2 == 0 { MapRequest::Halt { instrument } } else { MapRequest::Resume { instrument } };
        let started = Instant::now();
        let epoch = client.request(&request, None, TIMEOUT)?.epoch;
        answered.push(started.elapsed());
        poll_until(&mut maps, |map| map.newest().is_some_and(|map| map.epoch >= epoch))?;
        seen.push(started.elapsed());
    }
    for (name, mut times) in [("answered", answered), ("at all subscribers", seen)] {
        times.sort();
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{name}: median {} us, longest {} us", median.as_micros(), longest.as_micros());
    }
    Ok(())
}

fn poll_until(maps: &mut [RecordedMap], holds: impl Fn(&RecordedMap) -> bool) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    while !maps.iter().all(&holds) {
        for map in &mut *maps {
            match map.poll() {
                Ok(_) => {}
                // The subscription connects again by itself.
                Err(MapError::Connection(reason)) => eprintln!("{reason}"),
                Err(error) => return Err(error.into()),
            }
        }
        if started.elapsed() > TIMEOUT {
            return Err(format!(
                "not all subscribers have the new map within {TIMEOUT:?}: does the coordinator still run?"
            )
            .into());
        }
    }
    Ok(())
}
