//! Sources of maps for a client, and the rules by which the client accepts a map.

use std::sync::Arc;

use lugus_vocabulary::{DeploymentId, MapDigest, MapEpoch, PartitionMap};
use thiserror::Error;

use crate::map_record::{MapRecordError, read_map};

/// A source of maps: the coordinator's recorded stream, or the script of a test.
pub trait MapSubscription {
    /// One duty cycle, which does not block. Returns the newest map, if it is newer than the last one returned.
    ///
    /// # Errors
    /// [`MapError`]: a record was not accepted. The newest map stays valid and later maps may follow, so continue to poll.
    fn poll(&mut self) -> Result<Option<Arc<PartitionMap>>, MapError>;
}

/// Why a record of the stream is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MapError {
    /// The bytes are not a valid map: they are of another stream or version, or the recording is damaged.
    #[error("invalid record of the partition map: {0}")]
    Record(#[from] MapRecordError),
    /// The map is that of another deployment, whose coordinator has the configured address.
    #[error("the partition map is of deployment {found}, expected {expected}: check the coordinator's address")]
    OtherDeployment {
        /// Deployment of the map.
        found: DeploymentId,
        /// Deployment of the maps before it, or as configured.
        expected: DeploymentId,
    },
    /// Two maps have one epoch: there are two coordinators, or an older recording was put back.
    #[error("two different partition maps have epoch {epoch}: one has digest {found}, the one before had {known}")]
    Contradiction {
        /// Epoch of both maps.
        epoch: MapEpoch,
        /// Digest of the map that came.
        found: MapDigest,
        /// Digest of the map that was known.
        known: MapDigest,
    },
    /// The connection to the coordinator cannot be made or kept; it is tried again.
    #[error("no connection to the coordinator: {0}; the last map stays in use")]
    Connection(String),
}

/// Takes records one by one, and keeps the newest good map: the core of every [`MapSubscription`] of records.
#[derive(Debug, Default)]
pub struct MapFeed {
    deployment: Option<DeploymentId>,
    newest: Option<(Arc<PartitionMap>, MapDigest)>,
}

impl MapFeed {
    /// A feed that takes maps of `deployment`, or, with `None`, of the deployment whose map comes first.
    pub fn new(deployment: Option<DeploymentId>) -> Self {
        Self { deployment, newest: None }
    }

    /// Reads a record; returns its map, if it is newer than all before.
    ///
    /// # Errors
    /// [`MapError`]; the newest map is still the one before.
    pub fn on_record(&mut self, record: &[u8]) -> Result<Option<Arc<PartitionMap>>, MapError> {
        let (map, digest) = read_map(record)?;
        if let Some(expected) = self.deployment
            && map.deployment != expected
        {
            return Err(MapError::OtherDeployment { found: map.deployment, expected });
        }
        if let Some((newest, known)) = &self.newest {
            if map.epoch < newest.epoch {
                // A replay from further back: nothing new.
                return Ok(None);
            }
            if map.epoch == newest.epoch {
                let same = digest == *known;
                let contradiction = MapError::Contradiction { epoch: map.epoch, found: digest, known: *known };
                return if same { Ok(None) } else { Err(contradiction) };
            }
        }
        self.deployment = Some(map.deployment);
        let map = Arc::new(map);
        self.newest = Some((Arc::clone(&map), digest));
        Ok(Some(map))
    }

    /// The newest map so far.
    pub fn newest(&self) -> Option<&Arc<PartitionMap>> {
        self.newest.as_ref().map(|(map, _)| map)
    }

    /// Digest of the newest map so far.
    pub fn digest(&self) -> Option<MapDigest> {
        self.newest.as_ref().map(|(_, digest)| *digest)
    }
}
