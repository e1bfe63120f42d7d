//! Opens files of recordings, which may be compressed (`.gz`).

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::flow::FlowError;

/// Bytes that are read at once.
const BUFFER_LENGTH: usize = 1 << 18;

/// The bytes of a file, decompressed if its name ends with `.gz`.
pub(crate) fn open(path: &Path) -> Result<BufReader<Box<dyn Read>>, FlowError> {
    let file = File::open(path).map_err(|source| FlowError::File { path: path.to_owned(), source })?;
    let is_compressed = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    let bytes: Box<dyn Read> = if is_compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok(BufReader::with_capacity(BUFFER_LENGTH, bytes))
}

/// Why a line of a text file can't be read.
pub(crate) fn bad_line(path: &Path, line: u64, what: impl ToString) -> FlowError {
    FlowError::Line { path: path.to_owned(), line, what: what.to_string() }
}
