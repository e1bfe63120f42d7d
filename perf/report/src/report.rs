//! The report as a whole: the page and its pictures, and their files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lugus_results::Results;
use thiserror::Error;

use crate::svg::Picture;
use crate::{baselines, engine, fail_over, figures, page, percentiles, rates, stacked};

/// Name of the page in its folder, and of the folder of the pictures beside it.
const PAGE: &str = "report.html";
const PICTURES: &str = "pictures";

/// A page and its pictures.
#[derive(Debug)]
pub struct Report {
    /// The page, which has the pictures in it.
    pub html: String,
    /// The pictures, in the order of the page.
    pub pictures: Vec<Picture>,
}

/// Why a report could not be written.
#[derive(Debug, Error)]
#[error("{}: {source}", path.display())]
pub struct WriteError {
    path: PathBuf,
    source: io::Error,
}

impl Report {
    /// The report on these results. The distributions that they name are read from `folder`; what is missing is left out, and the page
    /// says so.
    #[must_use]
    pub fn of(results: &Results, folder: &Path) -> Self {
        let measurements = &results.measurements;
        let sections = [
            baselines::section(measurements),
            percentiles::section(measurements, folder),
            rates::section(measurements),
            stacked::stages(measurements),
            stacked::processor_time(measurements),
            fail_over::section(measurements),
            engine::section(measurements),
            figures::section(measurements),
        ];
        let pictures = sections.iter().flat_map(|section| section.pictures().cloned()).collect();
        Self { html: page::page(results, &sections), pictures }
    }

    /// Writes the page as `report.html` and the pictures into the folder `pictures` beside it; returns the path of the page.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, WriteError> {
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |source| WriteError { path, source }
        };
        let pictures = folder.join(PICTURES);
        fs::create_dir_all(&pictures).map_err(failed(&pictures))?;
        for picture in &self.pictures {
            let path = pictures.join(format!("{}.svg", picture.name));
            fs::write(&path, picture.file()).map_err(failed(&path))?;
        }
        let path = folder.join(PAGE);
        fs::write(&path, &self.html).map_err(failed(&path))?;
        Ok(path)
    }
}
