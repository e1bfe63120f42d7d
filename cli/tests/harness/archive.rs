//! Sessions with the archives of a deployment, as anybody can open who reaches their ports.

use std::time::Duration;

use aeron_support::{AeronClient, AeronError, ArchiveChannels, ArchiveCredentials, ClientSettings};
use lugus_media_driver::ClientDriver;
use lugus_topology::{Endpoint, Key, MEMBERS_CREDENTIALS};
use rusteron_archive::AeronArchive;

use super::connection::driver;
use super::local_cluster::LocalCluster;

/// Stream of the archive's answers, on a port of this client's own.
const RESPONSE_STREAM: i32 = 20;
/// Bound on the wait for an answer of a driver or an archive.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A session with an archive, over UDP.
pub struct Archive {
    // Declared before the driver, which must outlive them.
    pub archive: AeronArchive,
    _client: AeronClient,
    _driver: ClientDriver,
}

impl Archive {
    /// Connects to the archive at `endpoint`: as a member with this key, or without any credentials.
    pub fn connect(cluster: &LocalCluster, endpoint: &Endpoint, key: Option<Key>) -> Result<Self, AeronError> {
        let driver = driver(cluster);
        let client = AeronClient::connect(ClientSettings::new(driver.aeron_dir(), "stranger", TIMEOUT))?;
        let credentials =
            key.map(|key| ArchiveCredentials::new(MEMBERS_CREDENTIALS, move |challenge| key.answer(challenge)));
        let pending = client.async_connect_archive(&ArchiveChannels {
            control_request_channel: &format!("aeron:udp?endpoint={endpoint}"),
            control_request_stream_id: cluster.deployment.streams.archive_control,
            control_response_channel: "aeron:udp?endpoint=127.0.0.1:0",
            control_response_stream_id: RESPONSE_STREAM,
            message_timeout: TIMEOUT,
            credentials: credentials.as_ref(),
        })?;
        let archive = client.wait(TIMEOUT, pending.action(), || pending.poll())?;
        Ok(Self { archive, _client: client, _driver: driver })
    }

    /// Numbers and stop positions of all recordings.
    pub fn recordings(&self) -> Vec<(i64, i64)> {
        let (mut count, mut recordings) = (0, Vec::new());
        let listed = self.archive.list_recordings_fn(&mut count, 0, i32::MAX, |recording| {
            recordings.push((recording.recording_id(), recording.stop_position()));
        });
        listed.expect("listed");
        recordings
    }
}
