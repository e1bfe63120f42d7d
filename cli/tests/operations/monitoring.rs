//! A real Prometheus and a real Alertmanager, on loopback, with folders of their own.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{folder, until};
use crate::scaled_rules;

/// Both servers, which end on drop.
pub struct Monitoring {
    prometheus: SocketAddr,
    processes: Vec<Child>,
    folder: TempDir,
}

impl Monitoring {
    /// Scrapes an exporter each second, and sends alerts to a webhook.
    pub fn start(exporter: SocketAddr, webhook: SocketAddr) -> Self {
        let folder = folder();
        let [prometheus, alertmanager] = free_addresses();
        let rules: Vec<String> =
            scaled_rules::write(folder.path()).iter().map(|path| path.display().to_string()).collect();
        let configuration = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
             rule_files: {rules:?}\n\
             alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]}}\n\
             scrape_configs:\n\
             - {{job_name: lugus, static_configs: [{{targets: ['{exporter}']}}]}}\n\
             - {{job_name: prometheus, static_configs: [{{targets: ['{prometheus}']}}]}}\n"
        );
        // Each alert is a group, so that each is told at once.
        let routes = format!(
            "route: {{receiver: test, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}\n\
             receivers: [{{name: test, webhook_configs: [{{url: 'http://{webhook}/', send_resolved: true}}]}}]\n"
        );
        let path = |name: &str| folder.path().join(name);
        fs::write(path("prometheus.yml"), configuration).expect("written");
        fs::write(path("alertmanager.yml"), routes).expect("written");
        let processes = vec![
            start(
                "prometheus-alertmanager",
                &path("alertmanager.log"),
                &[
                    format!("--config.file={}", path("alertmanager.yml").display()),
                    format!("--storage.path={}", path("alertmanager").display()),
                    format!("--web.listen-address={alertmanager}"),
                    // It is alone.
                    String::from("--cluster.listen-address="),
                ],
            ),
            start(
                "prometheus",
                &path("prometheus.log"),
                &[
                    format!("--config.file={}", path("prometheus.yml").display()),
                    format!("--storage.tsdb.path={}", path("prometheus").display()),
                    format!("--web.listen-address={prometheus}"),
                ],
            ),
        ];
        let monitoring = Self { prometheus, processes, folder };
        for address in [alertmanager, prometheus] {
            until("the servers to be ready", || {
                get(address, "/-/ready").is_some_and(|answer| answer.contains(" 200 ")).then_some(())
            });
        }
        monitoring
    }

    /// The series of a query.
    #[track_caller]
    pub fn series(&self, query: &str) -> Vec<Value> {
        let path = format!("/api/v1/query?query={}", percent_encoded(query));
        let answer = get(self.prometheus, &path).expect("an answer");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let answer: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        answer["data"]["result"].as_array().expect("series").clone()
    }

    /// Value of a query that has one series; `None` if it has another number of them.
    #[track_caller]
    pub fn value(&self, query: &str) -> Option<f64> {
        match self.series(query).as_slice() {
            [one] => one["value"][1].as_str()?.parse().ok(),
            _ => None,
        }
    }
}

impl Drop for Monitoring {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            for name in ["prometheus.log", "alertmanager.log"] {
                let log = fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
                eprintln!("== {name}:\n{log}");
            }
        }
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn start(name: &str, log: &Path, arguments: &[String]) -> Child {
    let program = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.tools/prometheus/usr/bin")).join(name);
    assert!(program.is_file(), "{} is missing: run ./scripts/setup", program.display());
    let log = fs::File::create(log).expect("a log");
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
    command.spawn().expect("the server starts")
}

/// Two addresses of loopback that nobody uses.
fn free_addresses() -> [SocketAddr; 2] {
    // Both are held until both are known, so that they differ.
    let held = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("an address"));
    held.map(|listener| listener.local_addr().expect("bound"))
}

/// The answer to a GET, with its head. HTTP/1.0 has no chunks.
fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
