//! Reads the records of a file one after another.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use dbn::decode::{DbnMetadata, DecodeRecordRef, DynDecoder};
use dbn::{MboMsg, Metadata, VersionUpgradePolicy};

use crate::flow::FlowError;

/// The market-by-order records of a file; records of other kinds are skipped.
pub(super) struct Records {
    path: PathBuf,
    decoder: DynDecoder<'static, BufReader<File>>,
    count: u64,
}

impl Records {
    pub(super) fn open(path: &Path) -> Result<Self, FlowError> {
        let decoder = DynDecoder::from_file(path, VersionUpgradePolicy::default())
            .map_err(|source| FlowError::Open { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), decoder, count: 0 })
    }

    pub(super) fn next(&mut self) -> Result<Option<MboMsg>, FlowError> {
        loop {
            let record = self.decoder.decode_record_ref().map_err(|source| FlowError::Read {
                path: self.path.clone(),
                record: self.count,
                source,
            })?;
            let Some(record) = record else { return Ok(None) };
            self.count += 1;
            if let Some(order) = record.get::<MboMsg>() {
                return Ok(Some(order.clone()));
            }
        }
    }

    /// The file's metadata.
    pub(super) fn metadata(&self) -> &Metadata {
        self.decoder.metadata()
    }
}
