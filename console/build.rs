//! Finds uPlot, which draws the curves and which `scripts/setup` has put into `.tools/uplot`, so that the program contains it.

use std::path::PathBuf;

/// What the page needs of it.
const FILES: [&str; 3] = ["uPlot.iife.min.js", "uPlot.min.css", "LICENSE"];

fn main() {
    println!("cargo::rerun-if-env-changed=LUGUS_UPLOT");
    let Some(folder) = std::env::var_os("LUGUS_UPLOT").map(PathBuf::from) else {
        println!("cargo::error=LUGUS_UPLOT is not set: build in the repository, whose .cargo/config.toml sets it");
        return;
    };
    for file in FILES {
        let path = folder.join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        if !path.is_file() {
            println!("cargo::error={} is missing: run ./scripts/setup, then build again", path.display());
            return;
        }
    }
    println!("cargo::rustc-env=LUGUS_UPLOT_FOLDER={}", folder.display());
}
