//! A record of the coordinator's stream: one whole map, decoded and checked.

use lugus_codecs::partition_map::{MapMessageError, decode_map};
use lugus_vocabulary::{MapDigest, MapEpoch, PartitionMap};
use thiserror::Error;

use crate::map_check::{InvalidMap, check_map};

/// Why a record is not taken as a map.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MapRecordError {
    /// The bytes are not those of a whole record as it was written.
    #[error(transparent)]
    Message(#[from] MapMessageError),
    /// The map contradicts itself.
    #[error("the map contradicts itself: {0}")]
    Invalid(#[from] InvalidMap),
    /// The epoch is 0, which no recorded map has.
    #[error("a map of epoch 0 is never recorded")]
    EpochZero,
}

/// Reads a record: its map, and the map's digest.
///
/// # Errors
/// [`MapRecordError`]: the record is damaged, or its map is not one that a coordinator records.
pub fn read_map(record: &[u8]) -> Result<(PartitionMap, MapDigest), MapRecordError> {
    let (map, digest) = decode_map(record)?;
    if map.epoch == MapEpoch(0) {
        return Err(MapRecordError::EpochZero);
    }
    check_map(&map)?;
    Ok((map, digest))
}
