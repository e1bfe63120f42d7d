//! The command line of the media driver's program: its parent writes it, and the program reads it.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use lugus_topology::{Deployment, IdleStrategy, Profile, ThreadingMode};

/// Settings of a media driver.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct DriverOptions {
    /// Directory of the driver; it is cleared if a dead driver left it
    #[arg(long)]
    pub dir: PathBuf,
    /// Threads of the driver
    #[arg(long, value_enum)]
    pub threading: Threading,
    /// Idle strategy of those threads: backoff:SPINS-YIELDS-SHORTEST-LONGEST-QUIET (parks in nanoseconds), yield or spin
    #[arg(long)]
    pub idle: Idle,
    /// Default term length of UDP publications, in bytes
    #[arg(long)]
    pub term_length: u64,
    /// Default term length of IPC publications, in bytes
    #[arg(long)]
    pub ipc_term_length: u64,
    /// Greatest term length of publications of others that the driver receives, in bytes
    #[arg(long)]
    pub greatest_term_length: u64,
    /// Length of the longest datagram, in bytes
    #[arg(long)]
    pub mtu: u64,
    /// Greatest number of publications of others that the driver receives on one stream of one port
    #[arg(long)]
    pub stream_session_limit: u32,
    /// Stream of the cluster's log, whose followers are to find it quickly
    #[arg(long)]
    pub log_stream: i32,
    /// Cores of conductor, sender and receiver
    #[arg(long, value_parser = parse_cores)]
    pub cores: Option<[u16; 3]>,
}

/// Threads of a media driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Threading {
    /// One thread for conductor, sender and receiver.
    Shared,
    /// A thread for each of them.
    Dedicated,
}

/// Idle strategy of the driver's threads, as an argument of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// Spin, yield, then park.
    BackOff(BackOff),
    /// Yield.
    Yield,
    /// Spin.
    Spin,
}

/// Numbers of an idle strategy that backs off. Their text is what `ParkingIdleStrategy` reads: spins, yields, shortest and longest park in
/// nanoseconds, and the park of a quiet thread, such as `0-50-1000-50000-200000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackOff {
    /// Number of spins before the first yield.
    pub spins: u64,
    /// Number of yields before the first park.
    pub yields: u64,
    /// Length of the first park, in nanoseconds.
    pub minimum_park_ns: u64,
    /// Length of the longest park, in nanoseconds.
    pub maximum_park_ns: u64,
    /// Length of each park of a thread that is quiet, in nanoseconds.
    pub quiet_park_ns: u64,
}

impl BackOff {
    /// What the C driver's own strategy reads, which knows no quiet threads: spins, yields, shortest and longest park.
    pub fn c_driver_arguments(&self) -> String {
        format!("{}-{}-{}-{}", self.spins, self.yields, self.minimum_park_ns, self.maximum_park_ns)
    }
}

const BACK_OFF: &str = "backoff:";

impl DriverOptions {
    /// Settings of a driver in `dir`, for a member or a client with this profile and these cores.
    pub(crate) fn new(dir: PathBuf, deployment: &Deployment, profile: Profile, cores: Option<[u16; 3]>) -> Self {
        Self {
            dir,
            threading: match profile.threading_mode() {
                ThreadingMode::Shared => Threading::Shared,
                ThreadingMode::Dedicated => Threading::Dedicated,
            },
            idle: profile.idle_strategy().into(),
            term_length: deployment.term_length.udp.as_bytes(),
            ipc_term_length: deployment.term_length.ipc.as_bytes(),
            greatest_term_length: deployment.greatest_term_length().as_bytes(),
            mtu: deployment.mtu().as_bytes(),
            stream_session_limit: deployment.stream_session_limit(),
            log_stream: deployment.streams.log,
            cores,
        }
    }

    /// Arguments from which the program reads these options.
    pub fn arguments(&self) -> Vec<OsString> {
        let threading = match self.threading {
            Threading::Shared => "shared",
            Threading::Dedicated => "dedicated",
        };
        let mut arguments = vec![
            "--dir".into(),
            self.dir.clone().into_os_string(),
            "--threading".into(),
            threading.into(),
            "--idle".into(),
            self.idle.to_string().into(),
            "--term-length".into(),
            self.term_length.to_string().into(),
            "--ipc-term-length".into(),
            self.ipc_term_length.to_string().into(),
            "--greatest-term-length".into(),
            self.greatest_term_length.to_string().into(),
            "--mtu".into(),
            self.mtu.to_string().into(),
            "--stream-session-limit".into(),
            self.stream_session_limit.to_string().into(),
            "--log-stream".into(),
            self.log_stream.to_string().into(),
        ];
        if let Some([conductor, sender, receiver]) = self.cores {
            arguments.extend(["--cores".into(), format!("{conductor},{sender},{receiver}").into()]);
        }
        arguments
    }
}

fn parse_cores(text: &str) -> Result<[u16; 3], String> {
    let cores = text.split(',').map(str::parse).collect::<Result<Vec<u16>, _>>().unwrap_or_default();
    cores.try_into().map_err(|_| format!("\"{text}\" is not three numbers of cores, such as 1,2,3"))
}

impl From<IdleStrategy> for Idle {
    fn from(strategy: IdleStrategy) -> Self {
        match strategy {
            IdleStrategy::BackOff { spins, yields, minimum_park, maximum_park, quiet_park } => Self::BackOff(BackOff {
                quiet_park_ns: u64::try_from(quiet_park.as_nanos()).unwrap_or(u64::MAX),
                spins: spins.into(),
                yields: yields.into(),
                minimum_park_ns: u64::try_from(minimum_park.as_nanos()).unwrap_or(u64::MAX),
                maximum_park_ns: u64::try_from(maximum_park.as_nanos()).unwrap_or(u64::MAX),
            }),
            IdleStrategy::Yield => Self::Yield,
            IdleStrategy::BusySpin => Self::Spin,
        }
    }
}

impl fmt::Display for BackOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}-{}-{}-{}-{}",
            self.spins, self.yields, self.minimum_park_ns, self.maximum_park_ns, self.quiet_park_ns
        )
    }
}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BackOff(back_off) => write!(f, "{BACK_OFF}{back_off}"),
            Self::Yield => f.write_str("yield"),
            Self::Spin => f.write_str("spin"),
        }
    }
}

impl FromStr for Idle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "yield" => return Ok(Self::Yield),
            "spin" => return Ok(Self::Spin),
            _ => {}
        }
        let numbers = text.strip_prefix(BACK_OFF).unwrap_or_default().split('-').map(str::parse);
        match numbers.collect::<Result<Vec<u64>, _>>().as_deref() {
            Ok(&[spins, yields, minimum_park_ns, maximum_park_ns, quiet_park_ns]) => {
                Ok(Self::BackOff(BackOff { spins, yields, minimum_park_ns, maximum_park_ns, quiet_park_ns }))
            }
            _ => Err(format!("\"{text}\" is none of backoff:SPINS-YIELDS-SHORTEST-LONGEST-QUIET, yield and spin")),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        options: DriverOptions,
    }

    #[test]
    fn the_command_line_reads_as_it_was_written() {
        let deployment = Deployment::default_local(1, 20_100);
        for (profile, cores) in
            [(Profile::Shared, None), (Profile::Dedicated, None), (Profile::Pinned, Some([4, 2, 3]))]
        {
            let options = DriverOptions::new(PathBuf::from("/dev/shm/a b"), &deployment, profile, cores);
            let arguments = [OsString::from("lugus-media-driver")].into_iter().chain(options.arguments());
            assert_eq!(Program::try_parse_from(arguments).expect("read").options, options);
        }
    }

    #[test]
    fn an_invalid_idle_strategy_is_refused() {
        for text in ["", "park", "backoff", "backoff:", "backoff:1-2-3", "backoff:1-2-3-4-x", "1-2-3-4-5"] {
            assert!(text.parse::<Idle>().is_err(), "{text:?}");
        }
    }
}
