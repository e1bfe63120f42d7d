//! `lugus report`: a page with pictures of results.

use std::path::{Path, PathBuf};

use lugus_report::Report;
use lugus_results::{Results, read};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;

/// The JSON document of `lugus report`.
#[derive(Debug, Serialize)]
struct Written {
    page: PathBuf,
}

/// Makes the page of the results in this folder, and prints its path.
///
/// # Errors
/// When there are no results, or the page can't be written.
pub fn run(folder: &Path, output: Output) -> Result<(), Failure> {
    let results = read(folder)
        .map_err(|error| Failure::new(error).hint("`lugus bench all --out FOLDER` leaves results in a folder"))?;
    let page = write(folder, &results)?;
    let text = page.display().to_string();
    output.answer(&Written { page }, text)
}

/// Writes the page of these results into the folder that has their distributions; returns its path.
///
/// # Errors
/// When it can't be written.
pub fn write(folder: &Path, results: &Results) -> Result<PathBuf, Failure> {
    Report::of(results, folder).write(folder).map_err(Failure::new)
}
