//! What the exporter looks at: the members on this host, and the coordinator.

use std::path::Path;
use std::time::Instant;

use aeron_archive_files::{CONSENSUS_MODULE, RecordingLog};
use aeron_metrics::{Counter, Health, Labels, Part, Scrape, Source, Translation, Value, read_counters};
use lugus_coordinator::CoordinatorReading;
use lugus_media_driver::living_driver;
use lugus_node::counters::LOG_POSITION_TYPE_ID;
use lugus_node::deployment_status::{Member, Status};
use lugus_node::directories;
use lugus_node::gauges::MemberReading;
use lugus_topology::{ClusterId, ClusterSpec, CoordinatorSpec, Deployment, MemberId, MemberSpec};

use super::definitions as metrics;
use super::gauges;

/// A member that has more of the committed log still to apply is not ready: some seven thousand commands.
const MAXIMUM_UNAPPLIED: i64 = 1024 * 1024;

/// Type of the counters of positions of recordings, whose keys begin with the recording's number (`io.aeron.AeronCounters`).
const RECORDING_POSITION_TYPE_ID: i32 = 100;

/// The parts of a deployment that have their folders on this host, or one member.
pub struct Watched {
    only: Option<MemberId>,
    clusters: Vec<ClusterSpec>,
    coordinator: Option<CoordinatorSpec>,
    translation: Translation,
}

impl Watched {
    pub fn new(deployment: &Deployment) -> Self {
        Self {
            only: None,
            clusters: deployment.cluster_specs(),
            coordinator: deployment.coordinator.as_ref().map(|_| deployment.coordinator_spec()),
            translation: Translation::new(metrics::COUNTERS).without(metrics::LEFT_OUT),
        }
    }

    /// One member, which this process runs.
    pub fn member(deployment: &Deployment, cluster: ClusterId, member: MemberId) -> Self {
        let mut watched = Self { only: Some(member), coordinator: None, ..Self::new(deployment) };
        watched.clusters.retain(|spec| spec.id == cluster);
        watched
    }

    /// The members of a cluster that run on this host or have run here, each with its status.
    fn members<'c>(&self, cluster: &'c ClusterSpec) -> (Status, Vec<(&'c MemberSpec, Member)>) {
        let status = Status::read(std::slice::from_ref(cluster)).unwrap_or_else(|failure| {
            tracing::warn!(cluster = %cluster.name, %failure, "counters can't be read; all members count as down");
            Status::unknown(cluster)
        });
        let is_watched = |member: &&MemberSpec| self.only.map_or_else(|| member.dir.is_dir(), |only| only == member.id);
        let here = cluster.members.iter().filter(is_watched);
        let with_status = |spec: &'_ MemberSpec| {
            let mut member = status.members.iter().find(|member| member.id == spec.id.0).cloned()?;
            // The process that answers is the member's own.
            if self.only.is_some() && member.role == "down" {
                member.role = "starting";
            }
            Some(member)
        };
        let members = here.filter_map(|spec| Some((spec, with_status(spec)?))).collect();
        (status, members)
    }
}

/// Length of the committed log that a member's service has not applied yet.
fn unapplied(member: &Member, counters: &[Counter]) -> Option<i64> {
    let position = counters.iter().find(|counter| counter.type_id == LOG_POSITION_TYPE_ID)?.value;
    Some(member.commit_position?.saturating_sub(position.max(0)).max(0))
}

/// Length of the log that a member has recorded and of which it does not know yet that a majority has it.
fn uncommitted(member: &Member, log_recording: i64, counters: &[Counter]) -> Option<i64> {
    let is_of_log = |counter: &&Counter| {
        counter.type_id == RECORDING_POSITION_TYPE_ID && counter.i64_of_key(0) == Some(log_recording)
    };
    let recorded = counters.iter().find(is_of_log)?.value;
    Some(recorded.saturating_sub(member.commit_position?).max(0))
}

/// A member's health.
fn part(cluster: &ClusterSpec, member: &Member, unapplied: Option<i64>) -> Part {
    let name = format!("{}/{}", cluster.name, member.id);
    match (member.role, unapplied) {
        ("down", _) => Part::dead(name, "it does not run"),
        ("fenced", _) => Part::dead(name, member.fenced.as_deref().unwrap_or("it has fenced itself")),
        ("starting", _) | (_, None) => Part::living(name, Some("it is starting".to_owned())),
        (role, _) if !member.has_joined => Part::living(name, Some(format!("{role} in an election, or it catches up"))),
        (_, Some(behind)) if behind > MAXIMUM_UNAPPLIED => {
            Part::living(name, Some(format!("{behind} bytes of the committed log are not applied")))
        }
        _ => Part::living(name, None),
    }
}

fn flag(value: bool) -> Value {
    Value::Integer(i64::from(value))
}

fn length(bytes: u64) -> Value {
    Value::Integer(i64::try_from(bytes).unwrap_or(i64::MAX))
}

impl Watched {
    fn add_cluster(&self, cluster: &ClusterSpec, scrape: &mut Scrape) {
        let labels = vec![("cluster", cluster.name.clone())];
        let (status, members) = self.members(cluster);
        scrape.add(metrics::MEMBERS, labels.clone(), Value::Integer(cluster.members.len() as i64));
        if let Some(equal) = status.hashes_equal {
            scrape.add(metrics::HASHES_EQUAL, labels.clone(), flag(equal));
        }
        let interval = cluster.deployment().retention.snapshot_interval;
        if !interval.is_zero() {
            scrape.add(metrics::SNAPSHOT_INTERVAL, labels, Value::Real(interval.as_secs_f64()));
        }
        for (spec, member) in members {
            self.add_member(cluster, spec, &member, scrape);
        }
    }

    fn add_member(&self, cluster: &ClusterSpec, spec: &MemberSpec, member: &Member, scrape: &mut Scrape) {
        let labels = vec![("cluster", cluster.name.clone()), ("member", member.id.to_string())];
        let counters = if member.runs() { read_counters(&spec.aeron_dir).unwrap_or_default() } else { Vec::new() };
        let unapplied = unapplied(member, &counters);
        let health = part(cluster, member, unapplied);
        scrape.add(metrics::MEMBER_UP, labels.clone(), flag(health.live));
        scrape.add(metrics::MEMBER_READY, labels.clone(), flag(health.ready));
        scrape.add(metrics::MEMBER_FENCED, labels.clone(), flag(member.fenced.is_some()));
        if member.runs() {
            scrape.add(metrics::MEMBER_CLOCK_DIFFERS, labels.clone(), flag(member.clock_differs));
        }
        if let Some(behind) = unapplied {
            scrape.add(metrics::UNAPPLIED, labels.clone(), Value::Integer(behind));
        }
        for (name, directory) in [("archive", &spec.archive_dir), ("cluster", &spec.cluster_dir)] {
            let labels = [labels.clone(), vec![("directory", name.to_owned())]].concat();
            if let Some(space) = directories::space(directory) {
                scrape.add(metrics::DIRECTORY, labels.clone(), length(space));
            }
            if let Some(disk) = directories::disk(directory) {
                scrape.add(metrics::DISK_FREE, labels.clone(), length(disk.free));
                scrape.add(metrics::DISK_SIZE, labels, length(disk.size));
            }
        }
        self.add_recording_log(&spec.cluster_dir, member, &counters, &labels, scrape);
        // Before its media driver runs, the file is that of the member's last run.
        if !counters.is_empty()
            && let Ok(reading) = MemberReading::read(&spec.gauges_file())
        {
            gauges::add_member(&reading, cluster.deployment().market_data.enabled, &labels, scrape);
        }
        self.translation.add(&counters, &labels, scrape);
    }

    /// Adds what the recording log tells: the newest snapshot, and which recording the log is.
    fn add_recording_log(
        &self,
        cluster_dir: &Path,
        member: &Member,
        counters: &[Counter],
        labels: &Labels,
        scrape: &mut Scrape,
    ) {
        let Ok(log) = RecordingLog::read(cluster_dir) else { return };
        // The snapshot has all parts: the consensus module's is recorded after those of services.
        if let Some(snapshot) = log.snapshots_of(CONSENSUS_MODULE).next_back() {
            scrape.add(metrics::SNAPSHOT_POSITION, labels.clone(), Value::Integer(snapshot.log_position));
            scrape.add(metrics::SNAPSHOT_TIME, labels.clone(), Value::Real(snapshot.timestamp as f64 / 1e9));
        }
        if let Some(behind) = log.log_recording_id().and_then(|recording| uncommitted(member, recording, counters)) {
            scrape.add(metrics::UNCOMMITTED, labels.clone(), Value::Integer(behind));
        }
    }

    /// The coordinator, if it runs on this host or has run here, and its counters while it runs.
    fn coordinator(&self) -> Option<(Part, Vec<Counter>)> {
        let spec = self.coordinator.as_ref().filter(|spec| spec.dir.is_dir())?;
        let name = "coordinator";
        let counters = living_driver(&spec.aeron_dir).and_then(|_| read_counters(&spec.aeron_dir).ok());
        Some(match counters {
            Some(counters) => (Part::living(name, None), counters),
            None => (Part::dead(name, "it does not run"), Vec::new()),
        })
    }
}

impl Source for Watched {
    fn scrape(&self) -> Scrape {
        let begun = Instant::now();
        let mut scrape = Scrape::default();
        for cluster in &self.clusters {
            self.add_cluster(cluster, &mut scrape);
        }
        if let Some((part, counters)) = self.coordinator() {
            scrape.add(metrics::COORDINATOR_UP, Labels::new(), flag(part.live));
            if part.live {
                self.translation.add(&counters, &vec![("member", "coordinator".to_owned())], &mut scrape);
                let file = self.coordinator.as_ref().map(CoordinatorSpec::gauges_file);
                if let Some(Ok(reading)) = file.map(|file| CoordinatorReading::read(&file)) {
                    gauges::add_coordinator(&reading, &mut scrape);
                }
            }
        }
        scrape.add(metrics::SCRAPE_TIME, Labels::new(), Value::Real(begun.elapsed().as_secs_f64()));
        scrape
    }

    fn health(&self) -> Health {
        let mut parts = Vec::new();
        for cluster in &self.clusters {
            for (spec, member) in self.members(cluster).1 {
                let counters =
                    if member.runs() { read_counters(&spec.aeron_dir).unwrap_or_default() } else { Vec::new() };
                parts.push(part(cluster, &member, unapplied(&member, &counters)));
            }
        }
        parts.extend(self.coordinator().map(|(part, _)| part));
        Health::of(parts)
    }
}

#[cfg(test)]
mod tests {
    use lugus_topology::Deployment;

    use super::*;

    /// The health of a member of a cluster of three, changed by `adjust`.
    fn health(adjust: impl FnOnce(&mut Member), behind: Option<i64>) -> (bool, bool) {
        let cluster = Deployment::default_local(3, 20_100).cluster_specs().remove(0);
        let mut member = Status::unknown(&cluster).members.remove(0);
        (member.role, member.has_joined) = ("follower", true);
        adjust(&mut member);
        let part = part(&cluster, &member, behind);
        (part.live, part.ready)
    }

    #[test]
    fn a_member_is_ready_when_it_has_joined_and_applied_the_log() {
        assert_eq!(health(|_| {}, Some(0)), (true, true));
        assert_eq!(health(|member| member.role = "leader", Some(MAXIMUM_UNAPPLIED)), (true, true));
        assert_eq!(health(|_| {}, Some(MAXIMUM_UNAPPLIED + 1)), (true, false), "it catches up");
        assert_eq!(health(|_| {}, None), (true, false), "its service has not begun");
        assert_eq!(health(|member| member.has_joined = false, Some(0)), (true, false), "an election");
        assert_eq!(health(|member| member.role = "starting", Some(0)), (true, false));
        assert_eq!(health(|member| member.role = "down", None), (false, false));
        assert_eq!(health(|member| member.role = "fenced", None), (false, false));
    }
}
