//! Requests over HTTP, to the servers of the console and of metrics as they run, but for the network. A server panics at nothing, tells
//! nobody without the token what only a viewer may know, and has its places back when a connection has ended.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use aeron_metrics::{Health, Labels, Part, Probe, Scrape, Source, Value, gauge};
use lugus_console::server::testing;
use lugus_console::server::{Names, Token};
use lugus_console::sources::Shared;
use lugus_topology::Deployment;

/// The token of the console.
const TOKEN: &str = "TOKENTOKENTOKEN1";

/// Begins of what only a viewer with the token gets.
const SECRETS: [&[u8]; 2] = [b"content-type: text/event-stream", b"content-type: application/json"];

thread_local! {
    static CONSOLE: testing::Probe = console();
    static METRICS: Probe<Made> = Probe::new(Made).expect("a server");
}

fn console() -> testing::Probe {
    let path = std::env::temp_dir().join(format!("lugus-fuzz-token-{}", std::process::id()));
    fs::write(&path, TOKEN).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("nobody else's");
    let token = Token::read(&path).expect("a token");
    fs::remove_file(&path).expect("removed");
    let shared = Arc::new(Shared::new(&Deployment::default_local(3, 20_100)));
    testing::Probe::new(shared, token, Names::default()).expect("a server")
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

pub(crate) fn ask_console(bytes: &[u8]) {
    CONSOLE.with(|console| {
        let answer = console.ask(bytes);
        assert_eq!(console.taken(), 0, "a place is not given back");
        assert!(
            has(bytes, TOKEN.as_bytes()) || !SECRETS.iter().any(|secret| has(&answer, secret)),
            "told without the token: {}",
            String::from_utf8_lossy(&answer)
        );
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "{}", String::from_utf8_lossy(&answer));
    });
}

pub(crate) fn console_seeds() -> Vec<Vec<u8>> {
    let get = |path: &str, token: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes()
    };
    let paths = ["/", "/history/0", "/updates", "/updates?book=3", "/page/none", "/history/99999999999"];
    let seeds = paths.into_iter().flat_map(|path| [get(path, TOKEN), get(path, "TOKENTOKENTOKEN2")]);
    let (one, other) = (get("/updates", "TOKENTOKENTOKEN2"), get("/", TOKEN));
    let post =
        "POST /updates HTTP/1.1\r\nHost: 127.0.0.1:9480\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let name = "GET /history/0 HTTP/1.0\r\nHost: evil.example\r\nConnection: keep-alive\r\n\r\n";
    let upgrade = "GET / HTTP/1.1\r\nHost: [::1]\r\nUpgrade: h2c\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    let texts = [post, name, upgrade].map(|text| text.as_bytes().to_vec());
    seeds.chain(texts).chain([[other, one].concat()]).collect()
}

/// What a server of metrics is asked for here.
#[derive(Debug)]
struct Made;

impl Source for Made {
    fn scrape(&self) -> Scrape {
        let mut scrape = Scrape::default();
        scrape.add(gauge("x_up", "Whether it is up", ""), Labels::new(), Value::Integer(1));
        scrape
    }

    fn health(&self) -> Health {
        Health::of(vec![Part::living("a", None)])
    }
}

pub(crate) fn ask_metrics(bytes: &[u8]) {
    METRICS.with(|metrics| {
        let answer = metrics.ask(bytes);
        assert_eq!(metrics.taken(), 0, "a place is not given back");
        let answers = answer.windows(9).filter(|window| *window == b"HTTP/1.1 " || *window == b"HTTP/1.0 ").count();
        assert!(answers <= 1 || has(bytes, b"100-"), "one answer a connection: {}", String::from_utf8_lossy(&answer));
    });
}

pub(crate) fn metrics_seeds() -> Vec<Vec<u8>> {
    let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n").into_bytes();
    let head = b"HEAD /metrics HTTP/1.0\r\nAccept: text/plain;version=0.0.4\r\n\r\n".to_vec();
    let post = b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc".to_vec();
    let seeds = ["/metrics", "/health", "/health/live", "/health/ready", "/x"].map(request);
    seeds.into_iter().chain([head, post, request("/metrics").repeat(2)]).collect()
}
