//! A book is followed through trading and the death of the leader: at the end it equals the cluster's book.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::harness::{LocalCluster, Traders, until};
use serde_json::Value;

const COMMANDS_PER_SECOND: u32 = 400;
const A_WHILE: Duration = Duration::from_secs(1);
const INSTRUMENT: &str = "BTC/USDT";

/// A `lugus book --follow` process, and the last book that it printed.
struct Follower {
    process: Child,
    last: Arc<Mutex<Option<Value>>>,
}

impl Follower {
    fn start(cluster: &LocalCluster, participant: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lugus"));
        command.arg("--config").arg(&cluster.config);
        command.args(["--json", "book", "--follow", "--depth", "256", "-i", INSTRUMENT, "--participant", participant]);
        let mut process = command.stdout(Stdio::piped()).env_remove("RUST_LOG").spawn().expect("lugus starts");
        let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let last = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&last);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *shared.lock().expect("a lock") = serde_json::from_str(&line).ok();
            }
        });
        Self { process, last }
    }

    fn last(&self) -> Option<Value> {
        self.last.lock().expect("a lock").clone()
    }

    /// Waits until the follower prints the cluster's own book, with the same event number.
    #[track_caller]
    fn await_book_of(&self, cluster: &LocalCluster) -> u64 {
        let mut sequence = 0;
        until("the followed book to be the cluster's", || {
            let book =
                cluster.lugus(&["--json", "book", "--depth", "256", "-i", INSTRUMENT, "--participant", "98"]).json();
            let followed = self.last()?;
            if followed["sequence"] != book["sequence"] {
                return None;
            }
            for side in ["bids", "offers"] {
                assert_eq!(followed[side], book[side], "{side} at {}", book["sequence"]);
            }
            sequence = book["sequence"].as_u64().expect("a number");
            Some(())
        });
        sequence
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_followed_book_equals_the_clusters_also_after_a_fail_over() {
    let cluster = LocalCluster::start(3, |_| {});
    let mut traders = Traders::connect(&cluster);
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    traders.settle();
    cluster.await_common_state();
    let follower = Follower::start(&cluster, "97");
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    traders.settle();
    let before = follower.await_book_of(&cluster);

    traders.burst(50);
    cluster.kill(cluster.await_leader());
    traders.settle();
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    traders.settle();
    let after = follower.await_book_of(&cluster);
    assert!(after > before + 100, "{before} to {after}");
    println!("followed from increment {before} to {after}, over a fail-over");
}
