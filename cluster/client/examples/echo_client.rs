//! Sends messages to an echo service in an Aeron Cluster and prints the round-trip times.
//!
//! ```text
//! cargo run --release -p aeron-cluster-client --example echo_client -- \
//!     --aeron-dir /dev/shm/my-driver --endpoints 0=localhost:20110,1=localhost:21110,2=localhost:22110 \
//!     --messages 100000 --size 100 --rate 10000
//! ```
//!
//! Messages that are unanswered when the leader changes, or when a new session is opened, are sent again.

use std::collections::VecDeque;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use aeron_cluster_client::context::default_aeron_dir;
use aeron_cluster_client::{
    BlockingCluster, Connected, Context, DisconnectReason, EgressListener, NewLeader, OfferError,
};
use clap::Parser;
use hdrhistogram::Histogram;

/// Bytes of the sequence number at the start of each message.
const SEQUENCE_LENGTH: usize = 8;

/// Greatest number of unanswered messages when sending at a rate.
const WINDOW: usize = 4096;

/// Measures the round trip to an echo service in an Aeron Cluster.
#[derive(Parser)]
struct Arguments {
    /// Directory of the media driver
    #[arg(long, default_value_os_t = default_aeron_dir())]
    aeron_dir: PathBuf,
    /// Ingress endpoints of the members: 0=host:port,1=host:port
    #[arg(long, value_delimiter = ',', value_parser = endpoint, required = true)]
    endpoints: Vec<(i32, String)>,
    /// Member whose media driver this is: IPC while it leads
    #[arg(long)]
    ipc_member: Option<i32>,
    /// Messages to send
    #[arg(long, default_value_t = 100_000)]
    messages: u64,
    /// Length of a message in bytes
    #[arg(long, default_value_t = 100)]
    size: usize,
    /// Messages a second; without it the next message is sent when the last one has come back
    #[arg(long)]
    rate: Option<u32>,
}

fn endpoint(text: &str) -> Result<(i32, String), String> {
    let (member, endpoint) = text.split_once('=').ok_or("expected MEMBER=HOST:PORT")?;
    Ok((member.parse().map_err(|_| "the member id is not a number")?, endpoint.to_owned()))
}

/// The unanswered messages with the times at which they were due, and the round-trip times of the others.
struct Echo {
    unanswered: VecDeque<(u64, Instant)>,
    answered: u64,
    send_again: bool,
    round_trips: Histogram<u64>,
}

impl EgressListener for Echo {
    fn on_message(&mut self, _cluster_session_id: i64, _timestamp: i64, message: &[u8]) {
        let Some(bytes) = message.first_chunk::<SEQUENCE_LENGTH>() else { return };
        // Another number answers a message that was sent twice.
        if let Some((sequence, since)) = self.unanswered.front().copied()
            && sequence == u64::from_le_bytes(*bytes)
        {
            self.unanswered.pop_front();
            self.answered += 1;
            self.round_trips.saturating_record(u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
    }

    fn on_connected(&mut self, event: &Connected) {
        println!("session {} with leader {}", event.cluster_session_id, event.leader_member_id);
        self.send_again = true;
    }

    fn on_new_leader(&mut self, event: &NewLeader) {
        println!("leader {} in term {}", event.leader_member_id, event.leadership_term_id);
        self.send_again = true;
    }

    fn on_disconnected(&mut self, reason: DisconnectReason) {
        println!("session lost: {reason:?}");
    }
}

fn main() -> ExitCode {
    match measure(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("echo_client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let context = Context::default()
        .aeron_dir(&arguments.aeron_dir)
        .ingress_endpoints(arguments.endpoints.clone())
        .ipc_member(arguments.ipc_member)
        .client_name("echo-client");
    let echo = Echo {
        unanswered: VecDeque::with_capacity(WINDOW),
        answered: 0,
        send_again: false,
        round_trips: Histogram::new_with_bounds(1, 60_000_000_000, 3)?,
    };
    let mut client = BlockingCluster::connect(context, echo, Duration::from_secs(10))?;
    let start = Instant::now();
    send_all(&mut client, arguments, start)?;
    let seconds = start.elapsed().as_secs_f64();
    let echo = client.close();
    let micros = |quantile| Duration::from_nanos(echo.round_trips.value_at_quantile(quantile)).as_secs_f64() * 1e6;
    println!(
        "{} messages of {} bytes, {:.0}/s: p50 {:.1} us, p99 {:.1} us, p99.9 {:.1} us, max {:.1} us",
        echo.answered,
        arguments.size.max(SEQUENCE_LENGTH),
        echo.answered as f64 / seconds,
        micros(0.5),
        micros(0.99),
        micros(0.999),
        micros(1.0)
    );
    Ok(())
}

fn send_all(client: &mut BlockingCluster<Echo>, arguments: &Arguments, start: Instant) -> Result<(), Box<dyn Error>> {
    let mut message = vec![0; arguments.size.max(SEQUENCE_LENGTH)];
    let interval_ns = arguments.rate.map(|rate| 1_000_000_000 / u64::from(rate.max(1)));
    let mut next = 0;
    while client.listener.answered < arguments.messages {
        if std::mem::take(&mut client.listener.send_again) {
            for index in 0..client.listener.unanswered.len() {
                message[..SEQUENCE_LENGTH].copy_from_slice(&client.listener.unanswered[index].0.to_le_bytes());
                client.send(&message, Duration::from_secs(5))?;
            }
        }
        let waiting = client.listener.unanswered.len();
        // Time counts from when a message should have been sent, so that a stall is not hidden.
        let due = match interval_ns {
            Some(interval) => Some(start + Duration::from_nanos(interval * next))
                .filter(|due| *due <= Instant::now() && waiting < WINDOW),
            None => Some(Instant::now()).filter(|_| waiting == 0),
        };
        if let Some(due) = due.filter(|_| next < arguments.messages) {
            message[..SEQUENCE_LENGTH].copy_from_slice(&next.to_le_bytes());
            match client.cluster().offer(&message) {
                Ok(_) => {
                    client.listener.unanswered.push_back((next, due));
                    next += 1;
                }
                Err(error) if error.is_retryable() || error == OfferError::NotConnected => {}
                Err(error) => return Err(error.into()),
            }
        }
        client.do_work()?;
    }
    Ok(())
}
