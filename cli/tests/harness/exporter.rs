//! `lugus exporter` beside a cluster: its answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::PATIENCE;
use super::local_cluster::LocalCluster;

/// A running exporter, which ends on drop, or a member that serves its own metrics and whose process is the test's.
pub struct Exporter {
    process: Option<Child>,
    address: SocketAddr,
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct HttpAnswer {
    pub status: u16,
    pub body: String,
}

impl Exporter {
    /// Starts one at a port that the system chooses.
    pub fn start(cluster: &LocalCluster) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lugus"));
        command.args(["--json", "exporter", "--address", "127.0.0.1:0", "--config"]).arg(&cluster.config);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("lugus starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let serving: Value = serde_json::from_str(&line).expect("JSON");
        let metrics = serving["metrics"].as_str().expect("an address");
        let address = metrics.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/metrics"));
        Self { process: Some(process), address: address.expect("host and port").parse().expect("an address") }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs a member in the foreground, which serves its own metrics at `address`, by these arguments.
    pub fn of_member(cluster: &LocalCluster, arguments: &[&str], address: &str) -> (Self, Child) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lugus"));
        let process = command.args(arguments).arg("--config").arg(&cluster.config).spawn().expect("lugus starts");
        (Self { process: None, address: address.parse().expect("an address") }, process)
    }

    /// The answer to a GET, if somebody answers.
    pub fn try_get(&self, path: &str, accept: &str) -> Option<HttpAnswer> {
        TcpStream::connect(self.address).ok().map(|_| self.get(path, accept))
    }

    /// The answer to a GET with this `Accept` header.
    pub fn get(&self, path: &str, accept: &str) -> HttpAnswer {
        let mut stream = TcpStream::connect(self.address).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: test\r\nAccept: {accept}\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        HttpAnswer { status, body: body.to_owned() }
    }

    /// The metrics in Prometheus' text format.
    #[track_caller]
    pub fn metrics(&self) -> String {
        let answer = self.get("/metrics", "*/*");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The series of a metric: labels and value of each.
pub fn series(metrics: &str, name: &str) -> Vec<(String, f64)> {
    let of_it = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']));
    let parsed = metrics.lines().filter(of_it).map(|line| {
        let (labels, value) = line[name.len()..].rsplit_once(' ').expect("a value");
        (labels.to_owned(), value.parse().expect("a number"))
    });
    parsed.collect()
}

/// What `promtool check metrics` says about metrics; empty if it has nothing to object.
pub fn promtool_check(metrics: &str) -> String {
    let promtool = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.tools/prometheus/usr/bin/promtool"));
    assert!(promtool.is_file(), "{} is missing: run ./scripts/setup", promtool.display());
    let mut command = Command::new(promtool);
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("promtool starts");
    process.stdin.take().expect("a pipe").write_all(metrics.as_bytes()).expect("written");
    let output = process.wait_with_output().expect("promtool ends");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() { said } else { format!("{}: {said}", output.status) }
}
