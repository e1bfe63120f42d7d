//! What one viewer is sent: what has changed since it was sent something last.

use std::convert::Infallible;
use std::fmt::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::response::sse::Event;
use lugus_vocabulary::InstrumentId;
use serde::Serialize;
use tokio::sync::mpsc::{self, Receiver, Sender, error::TrySendError};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_stream::Stream;

use super::publisher::Published;
use crate::ladder::BookView;
use crate::model::{Moment, Point};
use crate::sources::Shared;

/// Messages that may wait for a viewer. Whoever lets more of them wait, a few seconds' worth, is dropped.
const MAXIMUM_WAITING: usize = 16;

/// What a viewer has been sent so far.
struct Sent {
    clusters: u64,
    map: u64,
    event: u64,
    /// Last second of the curves.
    second: i64,
    book: Option<Arc<BookView>>,
}

/// The messages of a viewer. It holds the viewer's place, and its view of a book, until the connection ends.
pub(super) struct Updates {
    messages: Receiver<String>,
    _place: OwnedSemaphorePermit,
    _view: Option<ViewOfBook>,
}

/// Somebody views a book as long as this lives.
struct ViewOfBook {
    instrument: InstrumentId,
    shared: Arc<Shared>,
}

impl Drop for ViewOfBook {
    fn drop(&mut self) {
        self.shared.books().leave(self.instrument, Instant::now());
    }
}

impl Updates {
    /// Begins to send: first all there is, but for the curves, and then what changes.
    pub(super) fn begin(
        shared: Arc<Shared>,
        published: watch::Receiver<Published>,
        book: Option<InstrumentId>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let (sender, messages) = mpsc::channel(MAXIMUM_WAITING);
        let view = book.map(|instrument| {
            shared.books().enter(instrument, Instant::now());
            ViewOfBook { instrument, shared: Arc::clone(&shared) }
        });
        tokio::spawn(send(shared, published, book, sender));
        Self { messages, _place: place, _view: view }
    }
}

impl Stream for Updates {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.messages.poll_recv(context).map(|message| message.map(|text| Ok(Event::default().data(text))))
    }
}

async fn send(
    shared: Arc<Shared>,
    mut published: watch::Receiver<Published>,
    book: Option<InstrumentId>,
    sender: Sender<String>,
) {
    // Its clock begins with the last point that there is: what is before is in the history.
    let second =
        shared.model().histories().flat_map(|(_, history)| history.after(i64::MIN)).map(|point| point.at).max();
    let mut sent = Sent { clusters: 0, map: 0, event: 0, second: second.unwrap_or(i64::MIN), book: None };
    loop {
        let now = published.borrow_and_update().clone();
        let message = message(&shared, &now, book, &mut sent);
        match sender.try_send(message) {
            Ok(()) => {}
            Err(TrySendError::Closed(_)) => return,
            Err(TrySendError::Full(_)) => {
                tracing::info!("a viewer does not keep up, and is dropped");
                return;
            }
        }
        if published.changed().await.is_err() {
            return;
        }
    }
}

/// What has changed since the last message.
fn message(shared: &Shared, now: &Published, book: Option<InstrumentId>, sent: &mut Sent) -> String {
    let mut message = Message::new(Moment::now(shared.origin).epoch_ms);
    if now.clusters.version != std::mem::replace(&mut sent.clusters, now.clusters.version) {
        message.add("clusters", &now.clusters.json);
    }
    if now.map.version != std::mem::replace(&mut sent.map, now.map.version) {
        message.add("map", &now.map.json);
    }
    {
        let model = shared.model();
        if model.events().next() != sent.event {
            message.add_value("events", &model.events().since(sent.event).collect::<Vec<_>>());
            sent.event = model.events().next();
        }
        let points = model.histories().flat_map(|(cluster, history)| {
            history.after(sent.second).map(move |point| PointOfCluster { cluster, point })
        });
        let points: Vec<_> = points.collect();
        if let Some(newest) = points.iter().map(|of_cluster| of_cluster.point.at).max() {
            sent.second = newest;
            message.add_value("points", &points);
        }
    }
    if let Some(instrument) = book {
        let view = shared.books().view(instrument);
        if sent.book.as_ref().is_none_or(|known| **known != *view) {
            message.add_value("book", view.as_ref());
            sent.book = Some(view);
        }
    }
    message.end()
}

/// A point of the curves with the cluster that it is of.
#[derive(Serialize)]
struct PointOfCluster<'a> {
    cluster: i32,
    #[serde(flatten)]
    point: &'a Point,
}

/// A JSON object that is written part by part.
struct Message(String);

impl Message {
    fn new(now_ms: i64) -> Self {
        Self(format!("{{\"now_ms\":{now_ms}"))
    }

    fn add(&mut self, name: &str, json: &str) {
        // A string takes everything.
        let _ = write!(self.0, ",\"{name}\":{json}");
    }

    fn add_value(&mut self, name: &str, value: &impl Serialize) {
        if let Ok(json) = serde_json::to_string(value) {
            self.add(name, &json);
        }
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
