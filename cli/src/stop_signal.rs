//! The wish of a user or of the system that a command ends.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::failure::Failure;

/// A flag that SIGTERM and SIGINT set from now on, instead of ending this process.
///
/// # Errors
/// The system does not let the process handle them.
pub fn flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::new)?;
    }
    Ok(stop)
}
