//! The server over real connections: who is answered, what is refused, and what a viewer gets.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use lugus_topology::Deployment;
use serde_json::Value;

use super::*;
use crate::ladder::BookState;
use crate::model::{CoordinatorState, MapSeen, Moment};

struct Served {
    address: SocketAddr,
    token: String,
    shared: Arc<Shared>,
}

/// Runs `test` with a server of a model that has seen nothing but a map.
fn with_server(test: impl FnOnce(&Served)) {
    let deployment = Deployment::default_local(3, 20_100);
    let shared = Arc::new(Shared::new(&deployment));
    let map = MapSeen { coordinator: CoordinatorState::None, map: None };
    shared.model().see_map(Moment::now(shared.origin), map);
    let token = Token::random().unwrap();
    let served = Served { address: (Ipv4Addr::LOCALHOST, 0).into(), token: token.reveal().to_owned(), shared };
    let server = Server::bind(served.address, token, Names::default()).unwrap();
    let served = Served { address: server.address(), ..served };
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| server.run(&served.shared, || stop.load(Ordering::Relaxed)));
        // Also stops the server if the test fails.
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let _stop = Stop(&stop);
        test(&served);
    });
}

impl Served {
    fn send(&self, path: &str, headers: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n").unwrap();
        stream
    }

    fn get(&self, path: &str, headers: &str) -> String {
        let mut answer = Vec::new();
        // A connection that is reset after its answer ends like one that is closed.
        let _ = self.send(path, headers).read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    fn with_token(&self) -> String {
        format!("Host: {}\r\nAuthorization: Bearer {}\r\n", self.address, self.token)
    }

    /// A viewer that has been accepted.
    fn viewer(&self, path: &str) -> Viewer {
        let mut lines = BufReader::new(self.send(path, &self.with_token()));
        let mut status = String::new();
        lines.read_line(&mut status).unwrap();
        Viewer { status, lines }
    }
}

struct Viewer {
    status: String,
    lines: BufReader<TcpStream>,
}

impl Viewer {
    fn next(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the connection has ended");
            if let Some(data) = line.strip_prefix("data: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }
}

#[test]
fn the_page_is_open_and_what_it_shows_needs_the_token() {
    with_server(|served| {
        let host = format!("Host: {}\r\n", served.address);
        for file in page::FILES {
            let answer = served.get(file.path, &host);
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(file.content_type), "{}", file.path);
            assert!(answer.contains("content-security-policy: default-src 'none'; script-src 'self'"), "{answer}");
            assert!(!answer.contains(&served.token));
        }
        for path in ["/updates", "/history/0"] {
            for headers in [
                host.clone(),
                format!("{host}Authorization: Bearer {}x\r\n", served.token),
                format!("{host}Authorization: {}\r\n", served.token),
                format!("{host}Cookie: token={}\r\n", served.token),
            ] {
                assert!(served.get(path, &headers).starts_with("HTTP/1.1 401"), "{path} {headers}");
            }
        }
        assert!(served.get("/history/0", &served.with_token()).ends_with("[]"));
        assert!(served.get("/history/7", &served.with_token()).starts_with("HTTP/1.1 404"));
        assert!(served.get("/other", &host).starts_with("HTTP/1.1 404"));
    });
}

#[test]
fn a_name_that_somebody_has_given_our_address_is_not_answered() {
    with_server(|served| {
        let token = format!("Authorization: Bearer {}\r\n", served.token);
        for host in ["evil.example", "evil.example:80", ""] {
            let answer = served.get("/", &format!("Host: {host}\r\n{token}"));
            assert!(answer.starts_with("HTTP/1.1 421") || answer.starts_with("HTTP/1.1 400"), "{host}: {answer}");
        }
        assert!(served.get("/", "Host: localhost:1\r\n").starts_with("HTTP/1.1 200"));
    });
}

#[test]
fn only_reading_is_offered_and_long_heads_are_refused() {
    with_server(|served| {
        let mut stream = TcpStream::connect(served.address).unwrap();
        let headers = served.with_token();
        write!(stream, "POST /updates HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: 0\r\n\r\n").unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
        let long = "x".repeat(2 * MAXIMUM_HEAD_LENGTH);
        let answer = served.get("/", &format!("Host: localhost\r\nA: {long}\r\n"));
        assert!(!answer.contains("200 OK"), "{answer}");
    });
}

#[test]
fn a_viewer_gets_all_there_is_and_then_what_changes() {
    with_server(|served| {
        let mut viewer = served.viewer("/updates?book=1");
        assert!(viewer.status.starts_with("HTTP/1.1 200"), "{}", viewer.status);
        let (mut clusters, mut map, mut book) = (Value::Null, Value::Null, Value::Null);
        while clusters.is_null() || map.is_null() || book.is_null() {
            let mut update = viewer.next();
            for (part, name) in [(&mut clusters, "clusters"), (&mut map, "map"), (&mut book, "book")] {
                if !update[name].is_null() {
                    *part = update[name].take();
                }
            }
        }
        assert_eq!((&clusters[0]["name"], &map["coordinator"]), (&"cluster-0".into(), &"none".into()));
        assert_eq!((&book["instrument"], &book["state"]), (&1.into(), &"connecting".into()));
        let update = viewer.next();
        assert!(update["clusters"].is_null() && update["map"].is_null(), "nothing has changed: {update}");
        let away = MapSeen { coordinator: CoordinatorState::Away, map: None };
        served.shared.model().see_map(Moment::now(served.shared.origin), away);
        while map["coordinator"] != "away" {
            let mut update = viewer.next();
            if !update["map"].is_null() {
                map = update["map"].take();
            }
        }
    });
}

#[test]
fn the_book_is_left_when_the_viewer_goes() {
    with_server(|served| {
        let mut viewer = served.viewer("/updates?book=3");
        viewer.next();
        let wanted = |after: Duration| served.shared.books().wanted(Instant::now() + after).len();
        assert_eq!(wanted(Duration::from_secs(3_600)), 1, "somebody views it");
        drop(viewer);
        let deadline = Instant::now() + Duration::from_secs(60);
        while wanted(Duration::from_secs(3_600)) > 0 {
            assert!(Instant::now() < deadline, "nobody views it");
            thread::sleep(Duration::from_millis(20));
        }
    });
}

#[test]
fn there_are_so_many_viewers_and_no_more() {
    with_server(|served| {
        let viewers: Vec<_> = (0..MAXIMUM_VIEWERS).map(|_| served.viewer("/updates")).collect();
        assert!(viewers.iter().all(|viewer| viewer.status.starts_with("HTTP/1.1 200")));
        let answer = served.get("/updates", &served.with_token());
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("as many viewers as it takes: 32"), "{answer}");
        drop(viewers);
        let deadline = Instant::now() + Duration::from_secs(60);
        while !served.viewer("/updates").status.starts_with("HTTP/1.1 200") {
            assert!(Instant::now() < deadline, "their places are free again");
            thread::sleep(Duration::from_millis(20));
        }
    });
}

/// The messages are made as large as they get, so that the system's own buffers are full soon.
#[test]
fn a_viewer_that_reads_nothing_is_dropped() {
    with_server(|served| {
        let mut viewer = served.viewer("/updates?book=1");
        viewer.next();
        let deadline = Instant::now() + Duration::from_secs(120);
        let mut number = 0_u64;
        // Its place is free again once its connection has ended.
        while served.shared.books().wanted(Instant::now() + Duration::from_secs(3_600)).len() == 1 {
            assert!(Instant::now() < deadline, "it is still served");
            number += 1;
            let problem = format!("{number}{}", "x".repeat(4 << 20));
            served.shared.books().show(crate::ladder::BookView::without_book(
                InstrumentId(1),
                BookState::Failed,
                Some(problem),
            ));
            thread::sleep(Duration::from_millis(100));
        }
    });
}
