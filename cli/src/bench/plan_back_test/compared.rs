//! What a plan tells of a load, beside what was found.

use lugus_results::Spread;
use serde::Serialize;

/// One comparison.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// The load, for people.
    pub load: String,
    /// The figure, with its unit.
    pub figure: &'static str,
    /// What the plan tells.
    pub told: f64,
    /// What was found, of each window.
    pub found: Spread,
}

impl Compared {
    /// How much more was told, in hundredths of what was found.
    pub fn error_percent(&self) -> f64 {
        (self.told / self.found.median - 1.0) * 100.0
    }
}
