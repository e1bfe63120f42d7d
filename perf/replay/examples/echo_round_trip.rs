//! Round-trip times of a cluster whose service only echoes, in whichever language it is written: with one message in
//! flight, and at 10,000 messages a second.
//!
//! `cargo run --release -p lugus-perf --example echo_round_trip -- AERON_DIR HOST:PORT[,HOST:PORT...]`: the directory of
//! the media driver to use, and the members' ingress endpoints in the order of their ids.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use aeron_cluster_client::Context;
use lugus_replay::echo::{EchoFlow, EchoVenue};
use lugus_replay::replay::{ReplayOptions, replay};

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo_round_trip: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [aeron_dir, endpoints] = arguments.as_slice() else {
        return Err("usage: echo_round_trip AERON_DIR HOST:PORT[,HOST:PORT...]".into());
    };
    let context = Context::default().aeron_dir(aeron_dir).ingress_endpoints((0..).zip(endpoints.split(',')));
    let mut venue = EchoVenue::connect(context, Duration::from_secs(10))?;
    let warm = ReplayOptions { warm_up: 100_000, ..ReplayOptions::default() };
    println!("{}\n", replay(&mut EchoFlow::new(200_000), &mut venue, warm, &mut ())?.report);
    let one_in_flight = ReplayOptions { window: 1, warm_up: 1_000, ..ReplayOptions::default() };
    println!("{}\n", replay(&mut EchoFlow::new(11_000), &mut venue, one_in_flight, &mut ())?.report);
    let at_a_rate = ReplayOptions { rate: Some(10_000), warm_up: 10_000, ..ReplayOptions::default() };
    println!("{}", replay(&mut EchoFlow::new(60_000), &mut venue, at_a_rate, &mut ())?.report);
    Ok(())
}
