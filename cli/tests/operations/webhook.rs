//! What an Alertmanager calls: an HTTP server that keeps the alerts that it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::harness::until;

/// Whether an alert begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Firing,
    Resolved,
}

/// An alert as it was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub status: Status,
    pub labels: Value,
}

/// A running server. Its thread ends with the test.
pub struct Webhook {
    address: SocketAddr,
    told: Arc<Mutex<Vec<Told>>>,
}

impl Webhook {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let address = listener.local_addr().expect("bound");
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&told);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let alerts = take(stream.expect("a connection"));
                alerts.iter().for_each(|alert| eprintln!("told: {alert:?}"));
                kept.lock().expect("no panic").extend(alerts);
            }
        });
        Self { address, told }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that was told so far.
    pub fn received(&self) -> Vec<Told> {
        self.told.lock().expect("no panic").clone()
    }

    /// Waits until the last that was told of an alert with these labels is this.
    #[track_caller]
    pub fn wait(&self, name: &str, labels: &[(&str, String)], status: Status) {
        until(&format!("{name} {labels:?} {status:?}"), || {
            let is_it = |told: &&Told| {
                told.labels["alertname"] == name && labels.iter().all(|(key, value)| told.labels[*key] == *value)
            };
            (self.received().iter().rfind(is_it)?.status == status).then_some(())
        });
    }
}

/// Reads a request, and answers that it was taken.
fn take(mut stream: TcpStream) -> Vec<Told> {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("answered");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let alerts = body["alerts"].as_array().expect("alerts").iter();
    let told = alerts.map(|alert| Told {
        status: if alert["status"] == "firing" { Status::Firing } else { Status::Resolved },
        labels: alert["labels"].clone(),
    });
    told.collect()
}
