//! Configuration and credentials of a participant's session with a cluster.

use std::path::Path;
use std::process;
use std::time::Duration;

use lugus_client::{
    BlockingError, ClientError, Config, Credentials, Exchange, ExchangeConfig, FixedMap, OlderSession, ParticipantId,
};
use lugus_partition_map::{ClusterEntry, ingress_channel, ingress_endpoints};
use lugus_topology::{AuthenticationMode, ClusterSpec, Deployment, MemberSpec, ParticipantRole};

use crate::failure::Failure;
use crate::processes;

/// Longest time that a command waits for the cluster.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Hint for the user when no cluster answers.
pub const NO_CLUSTER_HINT: &str = "`lugus status` shows whether the cluster runs; `lugus up` starts it";

/// Numbers of the participants that read in a deployment without keys: the greatest ones, each for another process. Nobody
/// trades with them, so that a command that only reads takes over nobody's session.
const READERS_WITHOUT_KEYS: u32 = 1 << 16;

/// The participant that reads in a deployment with keys, but without a reader.
const READER_BY_DEFAULT: u32 = 1;

/// The participant as whom a command asks for a book, if its user names none.
pub fn reader(deployment: &Deployment) -> u32 {
    match deployment.authentication.mode {
        AuthenticationMode::Open => reader_without_keys(),
        AuthenticationMode::Keys => {
            let readers =
                deployment.participants.iter().filter(|participant| participant.role() == ParticipantRole::Reader);
            readers.map(|participant| participant.id).next().unwrap_or(READER_BY_DEFAULT)
        }
    }
}

/// The participant as whom a command watches the events of all participants, if its user names none: with keys, only the
/// operator may.
pub fn watcher(deployment: &Deployment) -> u32 {
    match deployment.authentication.mode {
        AuthenticationMode::Open => reader_without_keys(),
        AuthenticationMode::Keys => ParticipantId::OPERATOR.0,
    }
}

fn reader_without_keys() -> u32 {
    u32::MAX - process::id() % READERS_WITHOUT_KEYS
}

/// The failure of a command whose session has failed.
pub fn failed(error: impl Into<BlockingError>) -> Failure {
    let error = error.into();
    match error {
        BlockingError::Client(ClientError::ParticipantConnected { .. }) => Failure::new(error).hint(CONNECTED_HINT),
        error => Failure::new(error),
    }
}

/// Hint for the user when the participant is connected already.
pub const CONNECTED_HINT: &str = "end the other process, or take its session over with --take-over; a process that was killed counts \
                                  as connected until its session times out";

/// Fails at once when all members of the cluster would run on this machine, but none does.
///
/// # Errors
/// When all members are local and none of them runs.
pub fn check_running(cluster: &ClusterSpec) -> Result<(), Failure> {
    let is_down = |member: &MemberSpec| member.endpoints.ingress.is_loopback() && processes::pid(&member.dir).is_none();
    if cluster.members.iter().all(is_down) {
        return Err(Failure::new(format!("no member of {} is running", cluster.name)).hint(NO_CLUSTER_HINT));
    }
    Ok(())
}

/// Configuration of a session of `participant` with a cluster, over the media driver in `aeron_dir`.
///
/// # Errors
/// When the deployment has keys, but none for the participant.
pub fn config(
    deployment: &Deployment,
    cluster: &ClusterEntry,
    aeron_dir: &Path,
    participant: u32,
    older_session: OlderSession,
) -> Result<Config, Failure> {
    let context = ExchangeConfig::of(deployment, aeron_dir.to_path_buf())
        .cluster
        .ingress_channel(ingress_channel(cluster))
        .ingress_endpoints(ingress_endpoints(cluster))
        .ingress_stream_id(cluster.ingress_stream)
        .client_name(format!("lugus participant {participant}"));
    let mut config = Config::new(context, ParticipantId(participant));
    config.credentials = credentials(deployment, participant)?;
    config.older_session = older_session;
    Ok(config)
}

/// Sessions that follow the partition map: the coordinator's, or the deployment's own if it has no coordinator.
pub fn exchange(deployment: &Deployment, config: ExchangeConfig) -> Exchange {
    match &deployment.coordinator {
        Some(_) => Exchange::connect(config),
        None => Exchange::with_maps(config, FixedMap::of(deployment)),
    }
}

/// The credentials of a participant.
///
/// # Errors
/// When the deployment has keys, but none for the participant.
pub fn credentials(deployment: &Deployment, participant: u32) -> Result<Credentials, Failure> {
    if deployment.authentication.mode == AuthenticationMode::Open {
        return Ok(Credentials::Open);
    }
    let keys = deployment.participant_keys().map_err(Failure::new)?;
    let key = keys.into_iter().find(|(id, _)| *id == participant).map(|(_, key)| key);
    let key = key.ok_or_else(|| {
        Failure::new(format!("the deployment has keys, but no key for participant {participant}"))
            .hint("add a [[participant]] with its key or key_file")
    })?;
    Ok(Credentials::Key(key.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use lugus_topology::Participant;

    use super::*;

    #[test]
    fn books_are_read_by_a_reader_if_there_is_one() {
        let mut deployment = Deployment::default_local(1, 20_100);
        assert!(reader(&deployment) > u32::MAX - READERS_WITHOUT_KEYS, "a number that nobody trades with");
        assert_eq!(watcher(&deployment), reader(&deployment));
        deployment.authentication.mode = AuthenticationMode::Keys;
        for (id, role, expected) in
            [(1, None, 1), (7, Some(ParticipantRole::Reader), 7), (8, Some(ParticipantRole::Reader), 7)]
        {
            deployment.participants.push(Participant { id, role, ..Participant::default() });
            assert_eq!((reader(&deployment), watcher(&deployment)), (expected, 0));
        }
    }
}
