//! The counter's client: `counter-client AERON_DIR ENDPOINT INCREMENTS` sends increments of one to a cluster with one member,
//! each when the one before it is answered, and prints the last sum.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use aeron_cluster_client::{BlockingCluster, Context, EgressListener};
use counter::{decode, encode};

/// Of connecting, and of each answer.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Answers {
    count: u64,
    last_sum: u64,
}

impl EgressListener for Answers {
    fn on_message(&mut self, _cluster_session_id: i64, _timestamp: i64, message: &[u8]) {
        if let Ok(sum) = decode(message) {
            self.count += 1;
            self.last_sum = sum;
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [aeron_dir, endpoint, increments] = arguments.as_slice() else {
        eprintln!("usage: counter-client AERON_DIR ENDPOINT INCREMENTS");
        return ExitCode::from(2);
    };
    match count(aeron_dir, endpoint, increments) {
        Ok(sum) => {
            println!("{sum}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("counter-client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn count(aeron_dir: &str, endpoint: &str, increments: &str) -> Result<u64, Box<dyn Error>> {
    let context = Context::default()
        .aeron_dir(aeron_dir)
        .ingress_endpoints([(0, endpoint)])
        .egress_channel("aeron:udp?endpoint=127.0.0.1:0");
    let mut cluster = BlockingCluster::connect(context, Answers::default(), TIMEOUT)?;
    for sent in 1..=increments.parse()? {
        cluster.send(&encode(1), TIMEOUT)?;
        cluster.wait("an answer", TIMEOUT, |_, answers| answers.count == sent)?;
    }
    Ok(cluster.close().last_sum)
}
