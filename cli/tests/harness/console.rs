//! `lugus console` beside a cluster.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::local_cluster::LocalCluster;

/// A running console, which ends on drop.
pub struct Console {
    process: Child,
    /// Address of the page, with the token.
    pub page: String,
}

impl Console {
    /// Starts one at a port that the system chooses.
    pub fn start(cluster: &LocalCluster) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lugus"));
        command.args(["--json", "console", "--address", "127.0.0.1:0", "--config"]).arg(&cluster.config);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("lugus starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let serving: Value = serde_json::from_str(&line).expect("JSON");
        Self { process, page: serving["page"].as_str().expect("an address").to_owned() }
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        super::ask_to_end(self.process.id());
        let _ = self.process.wait();
    }
}
