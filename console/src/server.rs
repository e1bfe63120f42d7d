//! The page of the console over HTTP/1, read-only, with a limit for everything.
//!
//! | path | answer |
//! |---|---|
//! | `/`, `/page/…` | the page, without a token: it holds nothing |
//! | `/updates?book=N` | server-sent events: JSON of what changes, twice a second, with the book of an instrument if one is named |
//! | `/history/N` | the curves of a cluster |
//!
//! | file | what it is |
//! |---|---|
//! | `access` | the token, and the names by which the console may be asked for |
//! | `page` | the files of the page |
//! | `publisher`, `updates` | what all viewers get alike; what one viewer is sent |
//! | `testing` | a probe: connections in memory |

mod access;
mod page;
mod publisher;
#[cfg(feature = "testing")]
pub mod testing;
mod updates;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use lugus_vocabulary::InstrumentId;
use serde::Deserialize;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_io_timeout::TimeoutStream;

pub use access::{MAXIMUM_TOKEN_LENGTH, MINIMUM_TOKEN_LENGTH, Names, Token, TokenError};

use crate::sources::Shared;
use publisher::Published;
use updates::Updates;

/// Greatest number of viewers at a time; one more is told so.
pub const MAXIMUM_VIEWERS: usize = 32;
/// Greatest number of connections at a time; one more is closed at once.
pub const MAXIMUM_CONNECTIONS: usize = 96;
/// Greatest length of a request's line and headers, in bytes.
pub const MAXIMUM_HEAD_LENGTH: usize = 16 * 1024;
/// Time between two messages to a viewer.
pub const UPDATE_INTERVAL: Duration = Duration::from_millis(500);

/// Longest time for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for which a client may take nothing of what is sent to it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time between two comments that keep a silent connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Time between two looks whether the server is to end.
const STOP_INTERVAL: Duration = Duration::from_millis(50);
/// Pause before a wrong token is answered.
const WRONG_TOKEN_PAUSE: Duration = Duration::from_millis(300);

/// Nothing is loaded but what this server has, and no script is in the page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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

/// The server of the page.
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    token: Token,
    names: Names,
}

#[derive(Clone)]
struct Site {
    shared: Arc<Shared>,
    published: watch::Receiver<Published>,
    viewers: Arc<Semaphore>,
    token: Arc<Token>,
    names: Arc<Names>,
}

impl Server {
    /// Listens on an address. With port 0 the system chooses one.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn bind(address: SocketAddr, token: Token, names: Names) -> Result<Self, ServerError> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener =
            runtime.block_on(TcpListener::bind(address)).map_err(|source| ServerError::Address { address, source })?;
        let address = listener.local_addr()?;
        Ok(Self { runtime, listener, address, token, names })
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `is_stopped`.
    pub fn run(self, shared: &Arc<Shared>, mut is_stopped: impl FnMut() -> bool) {
        let Self { runtime, listener, token, names, .. } = self;
        runtime.block_on(async {
            let (publish, published) = watch::channel(Published::default());
            let site = Site {
                shared: Arc::clone(shared),
                published,
                viewers: Arc::new(Semaphore::new(MAXIMUM_VIEWERS)),
                token: Arc::new(token),
                names: Arc::new(names),
            };
            tokio::spawn(keep_publishing(publish, Arc::clone(shared), Arc::clone(&site.viewers)));
            let router = router(site);
            let connections = Arc::new(Semaphore::new(MAXIMUM_CONNECTIONS));
            while !is_stopped() {
                let Ok(accepted) = tokio::time::timeout(STOP_INTERVAL, listener.accept()).await else { continue };
                match accepted {
                    Ok((stream, _)) => {
                        // Without a permit the stream is dropped, which closes the connection.
                        if let Ok(permit) = Arc::clone(&connections).try_acquire_owned() {
                            tokio::spawn(serve(stream, router.clone(), permit));
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

async fn serve(stream: impl AsyncRead + AsyncWrite, router: Router, _permit: OwnedSemaphorePermit) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let connection = http1::Builder::new()
        .max_buf_size(MAXIMUM_HEAD_LENGTH)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router));
    // A client that goes away, is too slow or speaks no HTTP is its own fault.
    let _ = connection.await;
}

/// Writes what all viewers get alike, while there are any.
async fn keep_publishing(publish: watch::Sender<Published>, shared: Arc<Shared>, viewers: Arc<Semaphore>) {
    let mut interval = tokio::time::interval(UPDATE_INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        if viewers.available_permits() < MAXIMUM_VIEWERS {
            let next = publish.borrow().next(&shared);
            publish.send_replace(next);
        }
    }
}

fn router(site: Site) -> Router {
    let secret = Router::new()
        .route("/updates", get(updates))
        .route("/history/{cluster}", get(history))
        .route_layer(middleware::from_fn_with_state(site.clone(), check_token));
    let mut open = Router::new();
    for file in page::FILES {
        open = open.route(file.path, get(async || ([(CONTENT_TYPE, file.content_type)], file.text)));
    }
    open.merge(secret)
        .layer(middleware::from_fn_with_state(site.clone(), check_name))
        .layer(middleware::from_fn(add_headers))
        .with_state(site)
}

fn text_of(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

async fn check_name(State(site): State<Site>, request: Request, next: Next) -> Response {
    if site.names.has(text_of(request.headers(), HOST)) {
        return next.run(request).await;
    }
    let text = "the console does not answer to this name; start it with --name, or ask by its address\n";
    (StatusCode::MISDIRECTED_REQUEST, text).into_response()
}

async fn check_token(State(site): State<Site>, request: Request, next: Next) -> Response {
    if site.token.is_in(text_of(request.headers(), AUTHORIZATION)) {
        return next.run(request).await;
    }
    tokio::time::sleep(WRONG_TOKEN_PAUSE).await;
    (StatusCode::UNAUTHORIZED, "the header Authorization: Bearer TOKEN is missing, or its token is wrong\n")
        .into_response()
}

async fn add_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What a viewer asks for.
#[derive(Debug, Deserialize)]
struct Wish {
    /// Number of the instrument whose book is viewed.
    book: Option<u32>,
}

async fn updates(State(site): State<Site>, Query(wish): Query<Wish>) -> Response {
    let Ok(place) = Arc::clone(&site.viewers).try_acquire_owned() else {
        let text = format!("the console has as many viewers as it takes: {MAXIMUM_VIEWERS}\n");
        return (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    };
    let updates = Updates::begin(site.shared, site.published, wish.book.map(InstrumentId), place);
    Sse::new(updates).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

async fn history(State(site): State<Site>, Path(cluster): Path<i32>) -> Response {
    let model = site.shared.model();
    let Some(history) = model.history(cluster) else {
        return (StatusCode::NOT_FOUND, "there is no such cluster\n").into_response();
    };
    match serde_json::to_string(&history.after(i64::MIN).collect::<Vec<_>>()) {
        Ok(json) => ([(CONTENT_TYPE, "application/json")], json).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the curves could not be written\n").into_response(),
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
