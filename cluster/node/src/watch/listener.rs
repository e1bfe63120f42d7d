//! What other members tell of themselves, received.

use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

use aeron_support::{AeronClient, AeronError, ClientSettings, failed};
use lugus_topology::{ClusterSpec, Key};
use lugus_vocabulary::{ClusterId, MemberId, MemberReport};
use rusteron_archive::{AeronHeader, AeronSubscription};
use thiserror::Error;

use super::proof::{NotProven, ReportProof};

/// Largest number of messages that are taken from one member in a duty cycle.
const FRAGMENT_LIMIT: usize = 16;
/// How long the media driver may take to add a subscription.
const DRIVER_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause between two duty cycles of a program that waits for reports.
const PAUSE: Duration = Duration::from_millis(1);
/// Name of the Aeron client, as the media driver's tools show it.
const CLIENT_NAME: &str = "lugus status";

/// Why members can't be heard.
#[derive(Debug, Error)]
#[error("status of members: {0}")]
pub struct ListenError(#[from] AeronError);

/// Subscriptions to the reports of members of one cluster.
pub(super) struct Listener {
    cluster: ClusterId,
    subscriptions: Vec<AeronSubscription>,
    proof: ReportProof,
    unproven: Cell<u64>,
}

impl Listener {
    /// Listens to members of `cluster` on `channels`.
    pub(super) fn open(
        client: &AeronClient,
        cluster: ClusterId,
        channels: &[String],
        stream_id: i32,
        proof: ReportProof,
    ) -> Result<Self, AeronError> {
        let add = |channel: &String| client.add_subscription(channel, stream_id);
        let subscriptions = channels.iter().map(add).collect::<Result<_, _>>()?;
        Ok(Self { cluster, subscriptions, proof, unproven: Cell::new(0) })
    }

    /// Number of messages so far that had not the members' proof.
    pub(super) fn unproven(&self) -> u64 {
        self.unproven.get()
    }

    /// Passes what has come to `take`; what is no report of a member of the cluster is passed over.
    pub(super) fn poll(&self, mut take: impl FnMut(MemberReport)) -> Result<(), AeronError> {
        for subscription in &self.subscriptions {
            // A report is never longer than a fragment.
            let mut fragment = |message: &[u8], _: AeronHeader| match self.proof.decode(message) {
                Ok(Some(report)) if report.cluster == self.cluster => take(report),
                Ok(_) => {}
                Err(NotProven) => self.unproven.set(self.unproven.get() + 1),
            };
            subscription.poll_fn(&mut fragment, FRAGMENT_LIMIT).map_err(failed("poll a subscription"))?;
        }
        Ok(())
    }
}

/// What the members of some clusters tell, kept as it comes.
pub struct MemberListener {
    // Before the client, which must outlive them.
    listeners: Vec<Listener>,
    client: AeronClient,
    heard: Vec<HeardReport>,
}

/// The last report of a member.
#[derive(Debug, Clone)]
pub struct HeardReport {
    /// The report.
    pub report: MemberReport,
    /// When it came.
    pub at: Instant,
}

impl MemberListener {
    /// Listens to all members of the clusters, over the media driver in `aeron_dir`. With a key, only reports with its proof count.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn open(aeron_dir: &Path, clusters: &[ClusterSpec], members_key: Option<Key>) -> Result<Self, ListenError> {
        let client = AeronClient::connect(ClientSettings::new(aeron_dir, CLIENT_NAME, DRIVER_TIMEOUT))?;
        let proof = ReportProof::new(members_key);
        let open = |cluster: &ClusterSpec| {
            let stream_id = cluster.deployment().streams.status;
            Listener::open(&client, cluster.id, &cluster.status_subscriptions(None), stream_id, proof.clone())
        };
        let listeners = clusters.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { listeners, client, heard: Vec::new() })
    }

    /// One duty cycle, which does not block.
    ///
    /// # Errors
    /// [`ListenError`]: the media driver has ended.
    pub fn poll(&mut self) -> Result<(), ListenError> {
        self.client.do_work()?;
        for listener in &self.listeners {
            listener.poll(|report| {
                let is_its = |known: &&mut HeardReport| {
                    (known.report.cluster, known.report.member) == (report.cluster, report.member)
                };
                let at = Instant::now();
                match self.heard.iter_mut().find(is_its) {
                    Some(known) if known.report.started > report.started => {}
                    Some(known) => *known = HeardReport { report, at },
                    None => self.heard.push(HeardReport { report, at }),
                }
            })?;
        }
        Ok(())
    }

    /// The last report of each member that was heard.
    pub fn heard(&self) -> &[HeardReport] {
        &self.heard
    }
}

/// Listens until each member in `wanted` has reported, or for `patience`, over the media driver in `aeron_dir`; returns the last
/// report of each member of the clusters that was heard. With a key, only reports with its proof count.
///
/// # Errors
/// [`ListenError`].
pub fn hear_members(
    aeron_dir: &Path,
    clusters: &[ClusterSpec],
    members_key: Option<Key>,
    wanted: &[(ClusterId, MemberId)],
    patience: Duration,
) -> Result<Vec<MemberReport>, ListenError> {
    let mut listener = MemberListener::open(aeron_dir, clusters, members_key)?;
    let started = Instant::now();
    while started.elapsed() < patience {
        listener.poll()?;
        let is_heard = |id: &(ClusterId, MemberId)| {
            listener.heard().iter().any(|known| (known.report.cluster, known.report.member) == *id)
        };
        if wanted.iter().all(is_heard) {
            break;
        }
        std::thread::sleep(PAUSE);
    }
    Ok(listener.heard.into_iter().map(|heard| heard.report).collect())
}
