//! The thread that tells the member's status to the others, listens to theirs, and compares.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aeron_support::{AeronClient, AeronError, ClientSettings, failed};
use lugus_ring::Reader;
use lugus_topology::{ClusterSpec, Key, MemberSpec};
use lugus_vocabulary::{
    ClusterId, EpochNanos, MemberId, MemberReport, MemberRole, MemberStatus, SNAPSHOT_VERSION, StateAt,
};
use rusteron_archive::{AeronCounter, AeronExclusivePublication, AeronOfferError};
use thiserror::Error;

use super::comparison::{Contradiction, DifferingMember, StateComparison};
use super::listener::Listener;
use super::proof::{MAXIMUM_PROVEN_LENGTH, ReportProof};
use crate::counters::DIFFERING_MEMBERS_TYPE_ID;
use crate::status::status_of_counters;

/// Interval at which a member tells its status.
const REPORT_INTERVAL: Duration = Duration::from_millis(100);
/// How long a member that a majority contradicts goes on to tell the others. Those that have lost it at a restart hear it again
/// within about a second.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Pause between two duty cycles.
const PAUSE: Duration = Duration::from_millis(5);
/// Number of states that the ring has room for: those of a second at two million commands a second.
pub const RING_CAPACITY: usize = 4_096;
/// How long the media driver may take to add a publication.
const DRIVER_TIMEOUT: Duration = Duration::from_secs(10);
/// Name of the Aeron client, as the media driver's tools show it.
const CLIENT_NAME: &str = "lugus member status";

/// What the thread needs to know.
#[derive(Debug)]
pub struct WatchContext {
    /// Directory of the member's media driver.
    pub aeron_dir: PathBuf,
    /// Channel on which the member tells its status.
    pub channel: String,
    /// Channels on which it hears the others.
    pub subscriptions: Vec<String>,
    /// Stream id on each channel.
    pub stream_id: i32,
    /// The cluster.
    pub cluster: ClusterId,
    /// The member.
    pub member: MemberId,
    /// All members of the cluster, this one included.
    pub members: Vec<MemberId>,
    /// The key that members share, if they do: then only reports with its proof count.
    pub members_key: Option<Key>,
}

impl WatchContext {
    /// What a member of a cluster needs.
    pub fn new(cluster: &ClusterSpec, member: &MemberSpec, members_key: Option<Key>) -> Self {
        Self {
            aeron_dir: member.aeron_dir.clone(),
            channel: cluster.status_channel(member),
            subscriptions: cluster.status_subscriptions(Some(member.id)),
            stream_id: cluster.deployment().streams.status,
            cluster: cluster.id,
            member: member.id,
            members: cluster.members.iter().map(|member| member.id).collect(),
            members_key,
        }
    }
}

/// Why a member can't tell its status or hear the others.
#[derive(Debug, Error)]
pub enum WatchError {
    /// The media driver refused something, or has gone.
    #[error("member status: {0}")]
    Aeron(#[from] AeronError),
    /// Messages would be fragmented.
    #[error(
        "member status: {channel} takes {found} bytes a fragment, {MAXIMUM_PROVEN_LENGTH} are needed: raise the \
         driver's MTU"
    )]
    Mtu {
        /// Channel of the publication.
        channel: String,
        /// Largest payload of one of its fragments, in bytes.
        found: usize,
    },
}

/// What runs on the watching thread. It is made and used there, as Aeron's client belongs to one thread.
pub struct WatchThread {
    client: AeronClient,
    publication: AeronExclusivePublication,
    differing_members: AeronCounter,
    listener: Listener,
    ring: Reader<StateAt>,
    comparison: StateComparison,
    cluster: ClusterId,
    member: MemberId,
    proof: ReportProof,
    /// The state at the last report. A state that is still the same at the next one is where the member rests: the others rest
    /// there, too.
    last_state: Option<StateAt>,
    /// Whether the member led at the last report.
    leads: bool,
    /// Time of the last report.
    reported: Option<Instant>,
    /// The differing members that were told in the log.
    logged: Vec<DifferingMember>,
    /// Number of messages in other members' names, without their proof, that the log has told of.
    logged_unproven: u64,
}

impl WatchThread {
    /// Connects to the media driver, and adds publication, subscriptions and counter.
    ///
    /// # Errors
    /// [`WatchError`].
    pub fn open(context: &WatchContext, ring: Reader<StateAt>) -> Result<Self, WatchError> {
        let client = AeronClient::connect(ClientSettings::new(&context.aeron_dir, CLIENT_NAME, DRIVER_TIMEOUT))?;
        let channel = &context.channel;
        let publication = client.add_exclusive_publication(channel, context.stream_id)?;
        let constants = publication.get_constants().map_err(failed(format!("look at the publication {channel}")))?;
        let found = constants.max_payload_length();
        if found < MAXIMUM_PROVEN_LENGTH {
            return Err(WatchError::Mtu { channel: channel.clone(), found });
        }
        let proof = ReportProof::new(context.members_key.clone());
        let (subscriptions, stream_id) = (&context.subscriptions, context.stream_id);
        let listener = Listener::open(&client, context.cluster, subscriptions, stream_id, proof.clone())?;
        let key = context.member.0.to_le_bytes();
        let differing_members = client.add_counter(DIFFERING_MEMBERS_TYPE_ID, &key, "Lugus differing members")?;
        Ok(Self {
            client,
            publication,
            differing_members,
            listener,
            ring,
            comparison: StateComparison::new(context.member, now_of_the_system(), &context.members),
            cluster: context.cluster,
            member: context.member,
            proof,
            last_state: None,
            leads: false,
            reported: None,
            logged: Vec::new(),
            logged_unproven: 0,
        })
    }

    /// Tells, listens and compares until `stop`, or until a majority contradicts this member.
    ///
    /// # Errors
    /// [`WatchError::Aeron`] when the media driver is gone.
    pub fn run(&mut self, stop: &AtomicBool) -> Result<Option<Contradiction>, WatchError> {
        let origin = Instant::now();
        while !stop.load(Ordering::Acquire) {
            self.do_work()?;
            if let Some(contradiction) = self.comparison.contradiction(origin.elapsed()) {
                return Ok(Some(contradiction));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(None)
    }

    /// Goes on to tell the others for two seconds, so that they know of a difference with this member when it has ended; not
    /// longer than until `stop`, and not while it leads, as a leader whose state is wrong answers clients.
    ///
    /// # Errors
    /// [`WatchError::Aeron`] when the media driver is gone.
    pub fn tell_others(&mut self, stop: &AtomicBool) -> Result<(), WatchError> {
        let origin = Instant::now();
        self.report();
        while origin.elapsed() < LAST_WORDS && !self.leads && !stop.load(Ordering::Acquire) {
            self.do_work()?;
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn do_work(&mut self) -> Result<(), WatchError> {
        self.client.do_work()?;
        let Self { comparison, ring, listener, .. } = self;
        ring.drain(RING_CAPACITY, |state| comparison.own(*state));
        listener.poll(|report| comparison.heard(&report))?;
        if self.reported.is_none_or(|reported| reported.elapsed() >= REPORT_INTERVAL) {
            self.report();
        }
        Ok(())
    }

    fn report(&mut self) {
        self.reported = Some(Instant::now());
        let differing: Vec<DifferingMember> = self.comparison.differing().collect();
        let count = i64::try_from(differing.len()).unwrap_or(i64::MAX);
        self.differing_members.addr_atomic().store(count, Ordering::Release);
        let status = status_of_counters(&self.client.aeron().counters_reader(), self.cluster.0);
        if let Some(state) = status.state.filter(|state| self.last_state == Some(*state)) {
            self.comparison.own(state);
        }
        self.last_state = status.state;
        self.leads = status.role == Some(MemberRole::Leader);
        self.log(differing);
        self.log_unproven();
        self.send(status);
    }

    /// Tells the log of members that differ, once each.
    fn log(&mut self, differing: Vec<DifferingMember>) {
        for other in &differing {
            if !self.logged.iter().any(|logged| logged.member == other.member) {
                let DifferingMember { member, position, last_agreed } = *other;
                tracing::error!(
                    %member, %position, ?last_agreed,
                    "STATES DIFFER: another member has another state than this one; whoever a majority contradicts ends, and \
                     without a majority all go on"
                );
            }
        }
        self.logged = differing;
    }

    /// Tells the log of messages without the members' proof, at the first, second, fourth, eighth and so on.
    fn log_unproven(&mut self) {
        let unproven = self.listener.unproven();
        if unproven >= 1 && unproven / 2 >= self.logged_unproven {
            self.logged_unproven = unproven;
            tracing::warn!(
                unproven,
                "reports without the members' key were passed over: have all members the same key?"
            );
        }
    }

    fn send(&mut self, status: MemberStatus) {
        let report = MemberReport {
            cluster: self.cluster,
            member: self.member,
            started: self.comparison.started(),
            engine_version: SNAPSHOT_VERSION,
            status,
            states: self.comparison.states_to_tell(),
            heard: self.comparison.heard_members(),
        };
        match self.publication.offer(&self.proof.encode(&report)) {
            // The next report holds for itself.
            Ok(_)
            | Err(AeronOfferError::NotConnected | AeronOfferError::BackPressured | AeronOfferError::AdminAction) => {}
            Err(error) => tracing::warn!(%error, "the member's status was not told"),
        }
    }
}

fn now_of_the_system() -> EpochNanos {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    EpochNanos(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX))
}
