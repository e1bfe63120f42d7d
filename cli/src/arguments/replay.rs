//! Arguments of `lugus replay`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::recorded::{ReplayLog, ReplayMarketData};
use super::trading::{Hdr, Pace};

/// `lugus replay`.
#[derive(Debug, Subcommand)]
pub enum Replay {
    /// Replay a Databento market-by-order file (.dbn, .dbn.zst).
    Mbo {
        /// The file.
        file: PathBuf,
        /// Where to, how fast, and what is left of it.
        #[command(flatten)]
        sending: Sending,
    },
    /// Send synthetic but realistic order flow, made from a seed.
    Synthetic {
        /// Number of commands to send.
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
        commands: u64,
        /// Seed; the same seed gives the same flow.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Number of commands at the beginning whose round trips are not counted, as the cluster warms up.
        #[arg(long, default_value_t = 0)]
        warm_up: u64,
        /// Rate and window.
        #[command(flatten)]
        pace: Pace,
        /// Files of the round trips.
        #[command(flatten)]
        hdr: Hdr,
    },
    /// Apply the archived log of a member on this host, running or not, or of a backup to a new engine, and compare its state with
    /// each snapshot in the archive. Exit code 3 tells of differences.
    Log(ReplayLog),
    /// Write the market data that an archived log makes, increment by increment. It is not recorded when it is published: the
    /// engine makes it again.
    MarketData(ReplayMarketData),
    /// Replay a recording of LOBSTER. With --engine, the engine's book after each message is compared with the recorded row; exit
    /// code 3 tells of a row that differs.
    Lobster {
        /// The file of messages.
        messages: PathBuf,
        /// The file of the book, with a row for each message.
        book: PathBuf,
        /// Where to, how fast, and what is left of it.
        #[command(flatten)]
        sending: Sending,
    },
    /// Replay a recording in NASDAQ's TotalView-ITCH 5.0.
    Itch {
        /// The file, which may be compressed (.gz).
        file: PathBuf,
        /// Replay only this stock; may be given several times.
        #[arg(long)]
        stock: Vec<String>,
        /// Where to, how fast, and what is left of it.
        #[command(flatten)]
        sending: Sending,
    },
    /// Replay Bitstamp's order events, as `ob-analytics` and `obAnalytics` write them.
    Bitstamp {
        /// The file of order events (.csv, .csv.gz).
        orders: PathBuf,
        /// The file of trades with the numbers of both orders, with which each fill is compared.
        #[arg(long, value_name = "FILE")]
        trades: Option<PathBuf>,
        /// Where to, how fast, and what is left of it.
        #[command(flatten)]
        sending: Sending,
    },
}

/// Where an exchange's recording is sent to, how fast, and what is left of it.
#[derive(Debug, Args)]
pub struct Sending {
    /// Replay on an engine in this process, not on the cluster.
    #[arg(long, conflicts_with = "take_over")]
    pub engine: bool,
    /// Rate and window.
    #[command(flatten)]
    pub pace: Pace,
    /// Files of the round trips.
    #[command(flatten)]
    pub hdr: Hdr,
}

impl Replay {
    /// What contradicts itself, if anything does.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        match self {
            Self::Synthetic { commands, warm_up, .. } if warm_up >= commands => {
                Some("--warm-up must be less than --commands, or nothing would be measured")
            }
            Self::Log(log) => log.contradiction(),
            _ => None,
        }
    }
}
