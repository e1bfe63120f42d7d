//! Answers `/metrics` and `/health` over HTTP/1, one answer a connection.
//!
//! Everything has a limit: the number of connections (one more is closed at once), the length of a request's head (answered 431),
//! and the time from a connection's begin to its end. A body is not read. Answers are made one after the other, in one thread.

#[cfg(feature = "testing")]
pub(crate) mod testing;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::health::Health;
use crate::scrape::{Format, Scrape};

/// Greatest number of connections at a time.
pub const MAXIMUM_CONNECTIONS: usize = 16;

/// Greatest length of a request's line and headers, in bytes.
pub const MAXIMUM_HEAD_LENGTH: usize = 8 * 1024;

/// Longest time from the begin of a connection to the end of its answer.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Time between two looks whether the server is to end.
const STOP_INTERVAL: Duration = Duration::from_millis(50);

/// What is asked at each request.
pub trait Source: Send + Sync + 'static {
    /// The series as they are now.
    fn scrape(&self) -> Scrape;

    /// The health as it is now.
    fn health(&self) -> Health;
}

/// Why there is no server.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address can't be listened on.
    #[error("can't listen on {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The system gives no threads or events.
    #[error("can't start the server: {0}")]
    Runtime(#[from] std::io::Error),
}

/// A server of metrics.
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens on an address. With port 0 the system chooses one.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn bind(address: SocketAddr) -> Result<Self, ServerError> {
        // One thread for all answers: they follow each other.
        let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).build()?;
        let listener =
            runtime.block_on(TcpListener::bind(address)).map_err(|source| ServerError::Address { address, source })?;
        let address = listener.local_addr()?;
        Ok(Self { runtime, listener, address })
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `is_stopped`.
    pub fn run(self, source: Arc<impl Source>, is_stopped: impl Fn() -> bool) {
        let Self { runtime, listener, .. } = self;
        runtime.block_on(async {
            let connections = Arc::new(Semaphore::new(MAXIMUM_CONNECTIONS));
            while !is_stopped() {
                let Ok(accepted) = tokio::time::timeout(STOP_INTERVAL, listener.accept()).await else { continue };
                match accepted {
                    Ok((stream, _)) => {
                        // Without a permit the stream is dropped, which closes the connection.
                        if let Ok(permit) = Arc::clone(&connections).try_acquire_owned() {
                            tokio::spawn(serve(stream, Arc::clone(&source), Arc::new(permit)));
                        }
                    }
                    Err(error) => {
                        // Most likely there are no file descriptors left for the moment.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(STOP_INTERVAL).await;
                    }
                }
            }
        });
        runtime.shutdown_background();
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    source: Arc<impl Source>,
    permit: Arc<OwnedSemaphorePermit>,
) {
    let service = service_fn(|request| answer(request, Arc::clone(&source), Arc::clone(&permit)));
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(MAXIMUM_HEAD_LENGTH)
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // A client that goes away, is too slow or speaks no HTTP is its own fault.
    let _ = tokio::time::timeout(REQUEST_TIMEOUT, connection).await;
}

type Answer = Response<Full<Bytes>>;

async fn answer(
    request: Request<Incoming>,
    source: Arc<impl Source>,
    permit: Arc<OwnedSemaphorePermit>,
) -> Result<Answer, Infallible> {
    if request.method() != Method::GET {
        let mut refusal = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered\n");
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return Ok(refusal);
    }
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = Format::of_accept(accept);
    let path = request.uri().path().to_owned();
    // The permit goes along: a request whose answer takes too long holds its place until the answer is made.
    let made = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        make(&path, format, source.as_ref())
    });
    Ok(made.await.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be made\n")))
}

fn make(path: &str, format: Format, source: &impl Source) -> Answer {
    match path {
        "/metrics" => match source.scrape().text(format) {
            Ok(text) => with_type(StatusCode::OK, text, format.content_type()),
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written\n"),
        },
        "/health" => health(source, |health| health.live && health.ready),
        "/health/live" => health(source, |health| health.live),
        "/health/ready" => health(source, |health| health.ready),
        _ => plain(StatusCode::NOT_FOUND, "there is /metrics, /health, /health/live and /health/ready\n"),
    }
}

fn health(source: &impl Source, is_well: impl Fn(&Health) -> bool) -> Answer {
    let health = source.health();
    let status = if is_well(&health) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    match serde_json::to_string(&health) {
        Ok(text) => with_type(status, text + "\n", "application/json"),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the health could not be written\n"),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    with_type(status, text.to_owned(), "text/plain; charset=utf-8")
}

fn with_type(status: StatusCode, text: String, content_type: &'static str) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpStream};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;
    use crate::health::Part;
    use crate::metric::gauge;
    use crate::scrape::{Labels, Value};

    struct Made;

    impl Source for Made {
        fn scrape(&self) -> Scrape {
            let mut scrape = Scrape::default();
            scrape.add(gauge("x_up", "Whether it is up", ""), Labels::new(), Value::Integer(1));
            scrape
        }

        fn health(&self) -> Health {
            Health::of(vec![Part::living("a", None), Part::living("b", Some("catches up".to_owned()))])
        }
    }

    /// Runs `test` with the address of a server.
    fn with_server(test: impl FnOnce(SocketAddr)) {
        let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = server.address();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| server.run(Arc::new(Made), || stop.load(Ordering::Relaxed)));
            // Also stops the server if the test fails.
            struct Stop<'a>(&'a AtomicBool);
            impl Drop for Stop<'_> {
                fn drop(&mut self) {
                    self.0.store(true, Ordering::Relaxed);
                }
            }
            let _stop = Stop(&stop);
            test(address);
        });
    }

    fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A connection that is reset after its answer ends like one that is closed.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    #[test]
    fn each_path_has_its_answer() {
        with_server(|address| {
            let get = |path: &str| ask(address, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
            let metrics = get("/metrics");
            assert!(metrics.starts_with("HTTP/1.1 200") && metrics.contains("\nx_up 1\n"), "{metrics}");
            assert!(metrics.contains("text/plain; version=0.0.4"), "{metrics}");
            let open = ask(address, "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n\r\n");
            assert!(open.ends_with("# EOF\n") && open.contains("application/openmetrics-text"), "{open}");
            assert!(get("/health/live").starts_with("HTTP/1.1 200"));
            for path in ["/health/ready", "/health"] {
                let health = get(path);
                assert!(health.starts_with("HTTP/1.1 503"), "{health}");
                assert!(health.contains(r#""live":true,"ready":false"#), "{health}");
                assert!(health.contains(r#"{"name":"b","live":true,"ready":false,"reason":"catches up"}"#), "{health}");
            }
            assert!(get("/other").starts_with("HTTP/1.1 404"));
            assert!(
                ask(address, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
                    .starts_with("HTTP/1.1 405")
            );
        });
    }

    #[test]
    fn a_head_that_is_too_long_is_refused() {
        with_server(|address| {
            let long = "x".repeat(2 * MAXIMUM_HEAD_LENGTH);
            let answer = ask(address, &format!("GET /metrics HTTP/1.1\r\nHost: x\r\nA: {long}\r\n\r\n"));
            assert!(!answer.contains("200 OK"), "{answer}");
        });
    }

    #[test]
    fn one_connection_too_many_is_closed_and_silent_ones_do_not_hold_their_places() {
        with_server(|address| {
            let begun = std::time::Instant::now();
            let silent: Vec<_> = (0..MAXIMUM_CONNECTIONS).map(|_| TcpStream::connect(address).unwrap()).collect();
            let mut one_more = TcpStream::connect(address).unwrap();
            let mut nothing = Vec::new();
            let _ = one_more.read_to_end(&mut nothing);
            assert!(nothing.is_empty() && begun.elapsed() < REQUEST_TIMEOUT, "after {:?}", begun.elapsed());
            for mut stream in silent {
                let _ = stream.read_to_end(&mut Vec::new());
            }
            assert!(ask(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 200"));
        });
    }
}
