//! Metrics that several counters tell together. The positions of single sessions are not served: there are new sessions with each
//! client, so the number of series would grow without a bound, and a position alone says little. What is served of them is the
//! difference that somebody waits for, the greatest of each stream.

use std::collections::{BTreeMap, HashMap};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::counters::Counter;
use crate::metric::{Metric, gauge};
use crate::scrape::{Labels, Scrape, Value, labels};

/// Source of all these: `io.aeron.AeronCounters`.
const PUBLISHER_LIMIT: i32 = 1;
const SENDER_POSITION: i32 = 2;
const RECEIVER_HIGH_WATER_MARK: i32 = 3;
const SUBSCRIBER_POSITION: i32 = 4;
const RECEIVER_POSITION: i32 = 5;
const SEND_CHANNEL_STATUS: i32 = 6;
const RECEIVE_CHANNEL_STATUS: i32 = 7;
const SENDER_LIMIT: i32 = 9;
const HEARTBEAT: i32 = 11;
const PUBLISHER_POSITION: i32 = 12;
const LOCAL_SOCKET_STATUS: i32 = 14;
/// A control session of an archive; their number is a counter of its own.
const CONTROL_SESSION: i32 = 113;
/// What a cluster's service starts from, for the moment of the start.
const RECOVERY_STATE: i32 = 204;
/// A session of a cluster's client.
const CLUSTER_SESSION: i32 = 241;

/// Value of the status of a channel that works. Source: `ChannelEndpointStatus.ACTIVE`.
const ACTIVE: i64 = 1;

const SUBSCRIBER_LAG: Metric = gauge(
    "aeron_driver_stream_subscriber_lag_bytes",
    "Data that the slowest subscriber of a stream has not read yet",
    "types 3 and 12 less type 4",
);
const RECEIVER_GAP: Metric = gauge(
    "aeron_driver_stream_receiver_gap_bytes",
    "Data of a stream between the first gap and the newest data received, greatest of the images",
    "type 3 less type 5",
);
const PUBLICATIONS: Metric = gauge("aeron_driver_publications", "Publications that are open", "number of type 12");
const IMAGES: Metric = gauge("aeron_driver_images", "Streams that are received from the network", "number of type 5");
const SUBSCRIBERS: Metric = gauge("aeron_driver_subscribers", "Readers of images and publications", "number of type 4");
const CLIENTS: Metric = gauge("aeron_driver_clients", "Clients of the driver", "number of type 11");
const CLIENT_HEARTBEAT: Metric = gauge(
    "aeron_driver_client_heartbeat_age_seconds",
    "Time since the oldest of the clients' last signs of life",
    "type 11",
);
const CHANNELS: Metric = gauge(
    "aeron_driver_channels",
    "Channels by direction, and whether they work (active) or not",
    "number of types 6 and 7",
);
const SESSIONS: Metric = gauge("aeron_cluster_sessions", "Sessions of clients with a cluster", "number of type 241");

/// The metrics of several counters together.
pub const OF_SEVERAL_COUNTERS: &[Metric] =
    &[SUBSCRIBER_LAG, RECEIVER_GAP, PUBLICATIONS, IMAGES, SUBSCRIBERS, CLIENTS, CLIENT_HEARTBEAT, CHANNELS, SESSIONS];

/// Whether counters of this type are served together with others, or not at all, as they are about a moment or a session.
pub(crate) fn is_taken(type_id: i32) -> bool {
    matches!(
        type_id,
        PUBLISHER_LIMIT
            | SENDER_POSITION
            | RECEIVER_HIGH_WATER_MARK
            | SUBSCRIBER_POSITION
            | RECEIVER_POSITION
            | SEND_CHANNEL_STATUS
            | RECEIVE_CHANNEL_STATUS
            | SENDER_LIMIT
            | HEARTBEAT
            | PUBLISHER_POSITION
            | LOCAL_SOCKET_STATUS
            | CONTROL_SESSION
            | RECOVERY_STATE
            | CLUSTER_SESSION
    )
}

/// Session and stream of a position. Source: `StreamCounter`.
fn stream(counter: &Counter) -> Option<(i32, i32)> {
    Some((counter.i32_of_key(8)?, counter.i32_of_key(12)?))
}

/// Adds what the counters tell together.
pub(crate) fn add(counters: &[Counter], base: &Labels, scrape: &mut Scrape) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let of = |type_id: i32| counters.iter().filter(move |counter| counter.type_id == type_id);
    let number = |type_id: i32| Value::Integer(of(type_id).count() as i64);

    let greatest = |types: &[i32]| {
        let mut positions = HashMap::new();
        for counter in types.iter().flat_map(|type_id| of(*type_id)) {
            if let Some(stream) = stream(counter) {
                let position = positions.entry(stream).or_insert(counter.value);
                *position = counter.value.max(*position);
            }
        }
        positions
    };
    let heads = greatest(&[RECEIVER_HIGH_WATER_MARK, PUBLISHER_POSITION]);
    let received = greatest(&[RECEIVER_HIGH_WATER_MARK]);
    for (metric, behind, heads) in
        [(SUBSCRIBER_LAG, SUBSCRIBER_POSITION, &heads), (RECEIVER_GAP, RECEIVER_POSITION, &received)]
    {
        let mut lags = BTreeMap::new();
        for (key, position) in of(behind).filter_map(|counter| Some((stream(counter)?, counter.value))) {
            let Some(head) = heads.get(&key) else { continue };
            // A publisher's position is written once a second, and may be older than its reader's.
            let lag: &mut i64 = lags.entry(key.1).or_default();
            *lag = head.saturating_sub(position).max(*lag);
        }
        for (stream_id, lag) in lags {
            scrape.add(metric, labels(base, [("stream_id", stream_id.to_string())]), Value::Integer(lag));
        }
    }
    scrape.add(PUBLICATIONS, base.clone(), number(PUBLISHER_POSITION));
    scrape.add(IMAGES, base.clone(), number(RECEIVER_POSITION));
    scrape.add(SUBSCRIBERS, base.clone(), number(SUBSCRIBER_POSITION));
    scrape.add(CLIENTS, base.clone(), number(HEARTBEAT));
    if let Some(oldest) = of(HEARTBEAT).map(|counter| counter.value).min() {
        scrape.add(CLIENT_HEARTBEAT, base.clone(), Value::Real(now_ms.saturating_sub(oldest).max(0) as f64 / 1e3));
    }
    for (direction, type_id) in [("send", SEND_CHANNEL_STATUS), ("receive", RECEIVE_CHANNEL_STATUS)] {
        let active = of(type_id).filter(|counter| counter.value == ACTIVE).count();
        let others = of(type_id).count() - active;
        for (state, count) in [("active", active), ("inactive", others)] {
            let labels = labels(base, [("direction", direction.to_owned()), ("state", state.to_owned())]);
            scrape.add(CHANNELS, labels, Value::Integer(count as i64));
        }
    }
    let sessions = of(CLUSTER_SESSION).count();
    if sessions > 0 {
        scrape.add(SESSIONS, base.clone(), Value::Integer(sessions as i64));
    }
}
