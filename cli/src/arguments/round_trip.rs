//! `lugus bench round-trip`: its options.

use std::fmt;

use clap::{Args, ValueEnum};
use lugus_replay::synthetic::Mix;
use lugus_topology::{Profile, Size};

use super::clusters::{BENCH_PORT, Members};
use super::plan::size;
use super::trading::Hdr;

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Service {
    /// The matching engine.
    Lugus,
    /// An echo service in this project's container.
    RustEcho,
    /// An echo service in Aeron's Java container.
    JavaEcho,
    /// Aeron alone, without a cluster: the floor.
    PingPong,
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Lugus => "lugus",
            Self::RustEcho => "Rust echo",
            Self::JavaEcho => "Java echo",
            Self::PingPong => "Aeron ping-pong",
        })
    }
}

/// How the client's messages come to the leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Transport {
    /// Over UDP on loopback, through a media driver of the client's own.
    Udp,
    /// Over shared memory, through the leader's media driver.
    Ipc,
}

impl fmt::Display for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Udp => "UDP",
            Self::Ipc => "IPC",
        })
    }
}

/// `lugus bench round-trip`.
#[derive(Debug, Args)]
pub struct RoundTrip {
    /// Number of times that everything is measured, in turn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Sizes of cluster to measure.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["1", "3"])]
    pub members: Vec<Members>,
    /// What to measure.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["lugus", "rust-echo", "java-echo", "ping-pong"])]
    pub services: Vec<Service>,
    /// How messages come to the leader.
    #[arg(long = "transport", value_enum, value_delimiter = ',', default_values = ["udp"])]
    pub transports: Vec<Transport>,
    /// Commands a second, besides one in flight and as many as possible.
    #[arg(long = "rate", value_delimiter = ',', default_values = ["10000", "50000"], value_parser = clap::value_parser!(u32).range(1..))]
    pub rates: Vec<u32>,
    /// Number of sessions that send the commands, each of its own participant. They share an Aeron client, an egress port and the
    /// publication to the leader.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub sessions: u32,
    /// What kinds of commands: of a market, of market makers' quotes, or mostly trades.
    #[arg(long, default_value_t = Mix::Market)]
    pub mix: Mix,
    /// Seconds of each measurement, after its warm-up.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub seconds: u32,
    /// How threads idle, of members and drivers: shared or dedicated.
    #[arg(long, default_value = "shared", value_parser = profile)]
    pub profile: Profile,
    /// One command of Lugus in this number, on average, tells where its time goes; 0 for none.
    #[arg(long, default_value_t = 100)]
    pub stages: u32,
    /// Length of the market data that members of Lugus keep recorded, as `recorded_length` of `cluster.toml`; 0 records nothing.
    #[arg(long, value_name = "SIZE", default_value = "0", value_parser = size)]
    pub recorded_market_data: Size,
    /// First UDP port of the clusters.
    #[arg(long, default_value_t = BENCH_PORT, value_parser = clap::value_parser!(u16).range(1..))]
    pub base_port: u16,
    /// Files of the round trips.
    #[command(flatten)]
    pub hdr: Hdr,
}

/// What the command measures without an option.
impl Default for RoundTrip {
    fn default() -> Self {
        Self {
            rounds: 3,
            members: vec![Members::One, Members::Three],
            services: Service::value_variants().to_vec(),
            transports: vec![Transport::Udp],
            rates: vec![10_000, 50_000],
            sessions: 1,
            mix: Mix::Market,
            seconds: 10,
            profile: Profile::Shared,
            stages: 100,
            recorded_market_data: Size::bytes(0),
            base_port: BENCH_PORT,
            hdr: Hdr { folder: None },
        }
    }
}

/// A profile by the name that it has in `cluster.toml`.
fn profile(name: &str) -> Result<Profile, String> {
    match name {
        "shared" => Ok(Profile::Shared),
        "dedicated" => Ok(Profile::Dedicated),
        _ => Err(String::from("a benchmark's profile is shared or dedicated; pinned needs a deployment with `cores`")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        what: RoundTrip,
    }

    #[test]
    fn the_defaults_are_those_of_the_command_line() {
        let parsed = Program::try_parse_from(["round-trip"]).expect("no option is needed").what;
        assert_eq!(format!("{parsed:?}"), format!("{:?}", RoundTrip::default()));
    }
}
