//! The file of results: `results.json` in a folder, beside the distributions that it names.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::results::{Results, SCHEMA};

/// Name of the file in its folder.
pub const FILE_NAME: &str = "results.json";

/// Largest length of a file that is read, in bytes.
pub const MAXIMUM_LENGTH: u64 = 64 * 1024 * 1024;

/// Why results could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file can't be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is longer than [`MAXIMUM_LENGTH`].
    #[error("{}: longer than {MAXIMUM_LENGTH} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// The file is of another version of the format.
    #[error("{}: version {schema} of the format; this program reads version {SCHEMA}", path.display())]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// Its version.
        schema: u32,
    },
    /// The file has no results.
    #[error("{}: no results of Lugus: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where, and what was expected there.
        source: serde_json::Error,
    },
}

/// Why results could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The file or its folder can't be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A figure is infinite or no number, which JSON does not have.
    #[error("{figure} of {measurement} is no finite number")]
    NotFinite {
        /// The measurement's title.
        measurement: String,
        /// The figure's name.
        figure: String,
    },
}

/// The file that `path` stands for: itself, or the file of results in it if it is a folder.
pub fn path_of(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(FILE_NAME) } else { path.to_path_buf() }
}

/// Reads results from a file, or from a folder that has one.
///
/// # Errors
/// When there is no such file, or it has something else.
pub fn read(path: &Path) -> Result<Results, ReadError> {
    let path = path_of(path);
    let failed = |source| ReadError::Io { path: path.clone(), source };
    let file = File::open(&path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAXIMUM_LENGTH + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAXIMUM_LENGTH {
        return Err(ReadError::TooLong { path });
    }
    // The version comes first: another version may have everything else elsewhere.
    let json = |source| ReadError::Json { path: path.clone(), source };
    let Version { schema } = serde_json::from_slice(&bytes).map_err(json)?;
    if schema != SCHEMA {
        return Err(ReadError::OtherSchema { path, schema });
    }
    serde_json::from_slice(&bytes).map_err(json)
}

/// Writes results into a folder, which is made if there is none, and returns the file's path. The file is never there in part.
///
/// # Errors
/// When the file can't be written, or a figure is no finite number.
pub fn write(folder: &Path, results: &Results) -> Result<PathBuf, WriteError> {
    for measurement in &results.measurements {
        if let Some((figure, _)) = measurement.figures.iter().find(|(_, spread)| !spread.is_finite()) {
            return Err(WriteError::NotFinite { measurement: measurement.title(), figure: figure.clone() });
        }
    }
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| WriteError::Io { path, source }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let (path, part) = (folder.join(FILE_NAME), folder.join(format!("{FILE_NAME}.part")));
    let mut bytes = serde_json::to_vec_pretty(results).map_err(io::Error::from).map_err(failed(&path))?;
    bytes.push(b'\n');
    fs::write(&part, bytes).map_err(failed(&part))?;
    fs::rename(&part, &path).map_err(failed(&path))?;
    Ok(path)
}

/// What all versions of the format have.
#[derive(Deserialize)]
struct Version {
    schema: u32,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::machine::Machine;
    use crate::results::Measurement;
    use crate::spread::Spread;

    fn results() -> Results {
        let measurement = Measurement::new("round-trip")
            .label("service", "lugus")
            .label("members", 3)
            .figure("p50_us", Spread::of(vec![2.0, 1.0, 0.1 + 0.2]))
            .histogram("lugus-3.hgrm");
        Results {
            measurements: vec![measurement],
            ..Results::begin("0.1.0", BTreeMap::from([("rounds".to_owned(), "3".to_owned())]))
        }
    }

    #[test]
    fn what_was_written_is_read_from_the_file_and_from_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("a/b");
        let path = write(&inner, &results()).expect("written");
        assert_eq!(path, inner.join("results.json"));
        let read_back = read(&path).expect("read");
        assert_eq!(read_back.measurements, results().measurements);
        assert_eq!(read_back.machine, Machine::here());
        assert_eq!(read(&inner).expect("read"), read_back);
        assert_eq!(fs::read_dir(&inner).expect("a folder").count(), 1, "no part of a file stays");
    }

    #[test]
    fn the_json_is_as_documented() {
        let json = serde_json::to_value(results()).expect("JSON");
        for name in ["schema", "machine", "commit", "version", "begun", "settings", "measurements"] {
            assert!(json.get(name).is_some(), "{name} in {json}");
        }
        let measurement = &json["measurements"][0];
        assert_eq!(measurement["benchmark"], "round-trip");
        assert_eq!(measurement["labels"], serde_json::json!({ "members": "3", "service": "lugus" }));
        assert_eq!(measurement["figures"]["p50_us"]["median"], 1.0);
        assert_eq!(measurement["histograms"], serde_json::json!(["lugus-3.hgrm"]));
    }

    #[test]
    fn what_is_no_results_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.json");
        assert!(matches!(read(&path), Err(ReadError::Io { .. })));
        for text in ["", "[]", "{}", "{\"schema\": 1}", "{\"schema\": \"1\"}"] {
            fs::write(&path, text).expect("written");
            assert!(matches!(read(&path), Err(ReadError::Json { .. })), "{text}");
        }
        fs::write(&path, "{\"schema\": 2, \"new\": true}").expect("written");
        let error = read(&path).expect_err("another version");
        assert!(matches!(error, ReadError::OtherSchema { schema: 2, .. }), "{error}");
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.json");
        let file = File::create(&path).expect("a file");
        file.set_len(MAXIMUM_LENGTH + 1).expect("a length");
        assert!(matches!(read(&path), Err(ReadError::TooLong { .. })));
    }

    #[test]
    fn a_figure_that_json_does_not_have_is_not_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut results = results();
        results.measurements[0].figures.insert("rate_per_second".to_owned(), Spread::once(f64::INFINITY));
        let error = write(folder.path(), &results).expect_err("not finite").to_string();
        assert!(error.contains("rate_per_second of round-trip"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
