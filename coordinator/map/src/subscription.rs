//! Where a client gets maps from, and which of them it takes.

use std::sync::Arc;

use thiserror::Error;

use crate::{DeploymentId, Digest, Epoch, PartitionMap, WireError};

/// A source of maps: the coordinator's recorded stream, or a test's script.
pub trait MapSubscription {
    /// One duty cycle, without blocking. The newest map, if it is newer than the last that was given.
    ///
    /// # Errors
    /// A record that is not taken. The maps so far stay good, and later ones may follow: poll on.
    fn poll(&mut self) -> Result<Option<Arc<PartitionMap>>, MapError>;
}

/// Why a record of the stream is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MapError {
    /// Bytes that are no map: another stream, another version, or a damaged recording.
    #[error("a record of the partition map can't be used: {0}")]
    Wire(#[from] WireError),
    /// Another deployment's coordinator answers there.
    #[error("the partition map is of deployment {found}, expected {expected}: check the coordinator's address")]
    OtherDeployment {
        /// Of the map.
        found: DeploymentId,
        /// Of the maps before it, or as configured.
        expected: DeploymentId,
    },
    /// Two maps with one number: two coordinators, or a recording that was put back.
    #[error("two partition maps of epoch {epoch}: digest {found}, and {known} before")]
    Contradiction {
        /// Their number.
        epoch: Epoch,
        /// The one that came.
        found: Digest,
        /// The one that is known.
        known: Digest,
    },
    /// The connection to the coordinator can't be made or kept; it is tried again.
    #[error("the coordinator's map can't be had: {0}; the last map stays in use")]
    Connection(String),
}

/// Takes records one by one and keeps the newest good map: what every [`MapSubscription`] of records is made of.
#[derive(Debug, Default)]
pub struct MapFeed {
    deployment: Option<DeploymentId>,
    newest: Option<(Arc<PartitionMap>, Digest)>,
}

impl MapFeed {
    /// A feed that takes maps of `deployment`, or, with `None`, of the deployment whose map comes first.
    pub fn new(deployment: Option<DeploymentId>) -> Self {
        Self { deployment, newest: None }
    }

    /// Reads a record; the map, if it is newer than all before.
    ///
    /// # Errors
    /// As [`MapError`]; then the newest map is the one before.
    pub fn on_record(&mut self, record: &[u8]) -> Result<Option<Arc<PartitionMap>>, MapError> {
        let (map, digest) = PartitionMap::decode(record)?;
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

    /// Its digest.
    pub fn digest(&self) -> Option<Digest> {
        self.newest.as_ref().map(|(_, digest)| *digest)
    }
}
