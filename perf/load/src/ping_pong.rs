//! Aeron alone: a publication to another thread's subscription, which sends each message back on a publication of its own. It is
//! the floor of every round trip: there is no log, no consensus and no service.
//!
//! Both sides use Aeron's C client, and have as many streams as the load has sessions. Source: `Ping` and `Pong` of Aeron's
//! samples.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use aeron_support::{AeronClient, AeronError, ClientSettings, IdleStrategy, Idler};
use rusteron_archive::{AeronExclusivePublication, AeronSubscription};

use crate::load::{Endpoint, LoadError};

/// First stream of the messages, and of their answers; each session has the next one.
const PING_STREAM: i32 = 1_001;
const PONG_STREAM: i32 = 2_001;

/// Greatest number of fragments of a poll.
const FRAGMENT_LIMIT: usize = 64;

/// Number of attempts after which an answer that nobody takes is left out, as an echo service does.
const MAXIMUM_ATTEMPTS: usize = 1_000;

const DRIVER_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(10);

/// Where the two sides are.
#[derive(Debug, Clone)]
pub struct Sides {
    /// Directory of the media driver of this side.
    pub ping_driver: PathBuf,
    /// Directory of the media driver of the other side; the same for IPC.
    pub pong_driver: PathBuf,
    /// Channel of the messages.
    pub ping_channel: String,
    /// Channel of the answers.
    pub pong_channel: String,
    /// What the other side's thread does when it has nothing to do.
    pub idle: IdleStrategy,
    /// Number of sessions.
    pub sessions: usize,
}

/// This side, and the thread of the other.
pub struct PingPong {
    client: AeronClient,
    streams: Vec<Streams>,
    stop: Arc<AtomicBool>,
    pong: Option<JoinHandle<Result<(), AeronError>>>,
}

/// A session's two streams.
struct Streams {
    publication: AeronExclusivePublication,
    subscription: AeronSubscription,
}

impl PingPong {
    /// Starts the other side, and waits until both are connected.
    ///
    /// # Errors
    /// When a driver does not answer, or the sides are not connected after ten seconds.
    pub fn connect(sides: &Sides) -> Result<Self, LoadError> {
        let stop = Arc::new(AtomicBool::new(false));
        let pong = {
            let (sides, stop) = (sides.clone(), Arc::clone(&stop));
            thread::Builder::new().name(String::from("pong")).spawn(move || answer(&sides, &stop))
        };
        let pong =
            pong.map_err(|error| AeronError::new("start the other side of the ping-pong", &error.to_string()))?;
        let client = client(&sides.ping_driver, "ping")?;
        let mut all = Self { client, streams: Vec::new(), stop, pong: Some(pong) };
        for session in 0..sides.sessions as i32 {
            all.streams.push(Streams {
                subscription: all.client.add_subscription(&sides.pong_channel, PONG_STREAM + session)?,
                publication: all.client.add_exclusive_publication(&sides.ping_channel, PING_STREAM + session)?,
            });
        }
        let begun = Instant::now();
        while !all
            .streams
            .iter()
            .all(|streams| streams.publication.is_connected() && streams.subscription.is_connected())
        {
            all.client.do_work()?;
            if begun.elapsed() > CONNECT || all.pong.as_ref().is_none_or(JoinHandle::is_finished) {
                return Err(all.end().err().map_or(LoadError::NoPong { waited: begun.elapsed() }, Into::into));
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(all)
    }

    /// Ends the other side.
    fn end(&mut self) -> Result<(), AeronError> {
        self.stop.store(true, Ordering::Release);
        match self.pong.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Ok(()),
        }
    }
}

impl Drop for PingPong {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

impl Endpoint for PingPong {
    #[inline]
    fn offer(&mut self, session: usize, message: &[u8]) -> Result<bool, LoadError> {
        // The other side is connected; what can't be sent now is offered again.
        Ok(self.streams[session].publication.offer(message).is_ok())
    }

    #[inline]
    fn poll(&mut self, on_message: &mut impl FnMut(usize, &[u8])) -> Result<usize, LoadError> {
        let mut work = self.client.do_work()?;
        for (session, streams) in self.streams.iter().enumerate() {
            work += poll(&streams.subscription, &mut |message| on_message(session, message))?;
        }
        Ok(work)
    }

    fn leader_changes(&self) -> u64 {
        0
    }
}

fn client(aeron_dir: &Path, name: &str) -> Result<AeronClient, AeronError> {
    AeronClient::connect(ClientSettings::new(aeron_dir, name, DRIVER_TIMEOUT))
}

/// Messages are shorter than a frame, so that each fragment is a message.
#[inline]
fn poll(subscription: &AeronSubscription, on_message: &mut impl FnMut(&[u8])) -> Result<usize, AeronError> {
    let polled = subscription.poll_fn(|message, _header| on_message(message), FRAGMENT_LIMIT);
    let polled = polled.map_err(|error| AeronError::new("poll", &aeron_support::error_text(&error)))?;
    Ok(usize::try_from(polled).unwrap_or(0))
}

/// The other side: sends each message back until `stop`.
fn answer(sides: &Sides, stop: &AtomicBool) -> Result<(), AeronError> {
    let client = client(&sides.pong_driver, "pong")?;
    let mut streams = Vec::new();
    for session in 0..sides.sessions as i32 {
        let subscription = client.add_subscription(&sides.ping_channel, PING_STREAM + session)?;
        let publication = client.add_exclusive_publication(&sides.pong_channel, PONG_STREAM + session)?;
        streams.push(Streams { publication, subscription });
    }
    let mut idler = Idler::new(sides.idle);
    while !stop.load(Ordering::Acquire) {
        let mut work = client.do_work()?;
        for Streams { publication, subscription } in &streams {
            work += poll(subscription, &mut |message| {
                for _ in 0..MAXIMUM_ATTEMPTS {
                    if publication.offer(message).is_ok() {
                        break;
                    }
                    thread::yield_now();
                }
            })?;
        }
        idler.idle(work);
    }
    Ok(())
}
