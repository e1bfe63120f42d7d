//! Runs sbe-tool from a build script: it takes SBE schemas and makes one Rust module of each. Nothing generated is
//! committed.
//!
//! sbe-tool makes a whole crate of each schema, whose modules name each other by `crate::`. To have several protocols in
//! one crate, [`generate`] moves each into a module (`crate::` becomes `crate::NAME::`) and writes `protocols.rs`, to be
//! included by the crate's `lib.rs`:
//!
//! ```text
//! include!(concat!(env!("OUT_DIR"), "/protocols.rs"));
//! ```
//!
//! `protocols.rs` and the modules' folders name each other by relative paths, so that they can be copied elsewhere
//! together: `scripts/package-crates` puts them into a package.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use thiserror::Error;

/// The variable that names the folder of the jars.
const JARS_VARIABLE: &str = "LUGUS_JARS";

/// Where `scripts/setup` puts the jars in this checkout. Cargo sets the variable above for builds inside the workspace;
/// this is for a workspace elsewhere that depends on a crate of ours by its path.
const CHECKOUT_JARS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools/jars");

/// One schema and the module that it becomes.
#[derive(Debug, Clone, Copy)]
pub struct Protocol<'a> {
    /// Name of the Rust module, for example `order_entry`.
    pub module: &'a str,
    /// First line of the module's documentation: what the protocol is for.
    pub about: &'a str,
    /// File of the schema.
    pub schema: &'a Path,
}

/// Why the code could not be generated.
#[derive(Debug, Error)]
pub enum GenerateError {
    /// A jar is missing.
    #[error(
        "{0} is missing: run scripts/setup of the Lugus checkout, which fetches the jars with Maven (and for a workspace \
         elsewhere: scripts/setup --workspace FOLDER), or set LUGUS_JARS to the folder that has them"
    )]
    JarMissing(PathBuf),
    /// A variable that cargo sets for build scripts is not set.
    #[error("the variable {0} is not set: call this from a build script, which cargo runs")]
    Variable(&'static str),
    /// `java` or `jar` could not be started, or ended with an error.
    #[error("{what} failed: {output}")]
    Tool {
        /// The command, as a person would name it.
        what: String,
        /// What the command printed, or why it could not be started.
        output: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// sbe-tool succeeded, but did not leave exactly one crate for the schema.
    #[error("{schema}: sbe-tool left {found} crates in {folder}, one expected")]
    Layout {
        /// File of the schema.
        schema: PathBuf,
        /// Folder that sbe-tool was told to write to.
        folder: PathBuf,
        /// Number of crates in that folder.
        found: usize,
    },
}

/// The end of a build script's `main`: cargo shows an error's message as it is, and the build fails.
///
/// A build script that returned the error, or ended with another exit code, would have the message printed as `Debug` text
/// in the midst of all else that it wrote.
pub fn report(result: Result<(), GenerateError>) {
    if let Err(error) = result {
        // One directive for each line, as a directive ends with its line.
        for line in error.to_string().lines().filter(|line| !line.trim().is_empty()) {
            println!("cargo::error={line}");
        }
    }
}

/// Path of the jar `name` (without `.jar`) that `scripts/setup` fetched. The calling build script runs again when the jar
/// changes.
///
/// # Errors
/// When there is no such jar.
pub fn jar(name: &str) -> Result<PathBuf, GenerateError> {
    println!("cargo:rerun-if-env-changed={JARS_VARIABLE}");
    let folder = env::var_os(JARS_VARIABLE).map_or_else(|| PathBuf::from(CHECKOUT_JARS), PathBuf::from);
    let path = folder.join(format!("{name}.jar"));
    println!("cargo:rerun-if-changed={}", path.display());
    if path.is_file() { Ok(path) } else { Err(GenerateError::JarMissing(path)) }
}

/// Takes the file `entry` out of a jar, into `schemas/` in cargo's `OUT_DIR`, and returns the path of that copy.
///
/// # Errors
/// When the jar has no such entry, or the JDK's program `jar` can't be run.
pub fn unpack(jar: &Path, entry: &str) -> Result<PathBuf, GenerateError> {
    let out = out_dir()?.join("schemas");
    fs::create_dir_all(&out).map_err(|source| GenerateError::File { path: out.clone(), source })?;
    run(
        Command::new("jar").current_dir(&out).arg("xf").arg(jar).arg(entry),
        &format!("jar xf {} {entry}", jar.display()),
    )?;
    let path = out.join(entry);
    if path.is_file() {
        Ok(path)
    } else {
        Err(GenerateError::Tool { what: format!("jar xf {}", jar.display()), output: format!("no entry {entry}") })
    }
}

/// Generates the modules of `protocols` into cargo's `OUT_DIR`, and `protocols.rs` that declares them.
///
/// # Errors
/// When a schema is faulty, or Java, a jar or a file is missing: the message says which.
pub fn generate(protocols: &[Protocol<'_>]) -> Result<(), GenerateError> {
    let out = out_dir()?;
    let sbe = jar("sbe-all")?;
    let mut modules = String::new();
    for protocol in protocols {
        if !protocol.schema.starts_with(&out) {
            println!("cargo:rerun-if-changed={}", protocol.schema.display());
        }
        let raw = out.join(format!("{}.crate", protocol.module));
        let module = out.join(protocol.module);
        for stale in [&raw, &module] {
            if stale.exists() {
                fs::remove_dir_all(stale).map_err(|source| GenerateError::File { path: stale.clone(), source })?;
            }
        }
        run(
            Command::new("java")
                .arg("--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED")
                .arg(format!("-Dsbe.output.dir={}", raw.display()))
                .args(["-Dsbe.target.language=Rust", "-Dsbe.validation.stop.on.error=true"])
                .arg("-jar")
                .arg(&sbe)
                .arg(protocol.schema),
            &format!("sbe-tool on {}", protocol.schema.display()),
        )?;
        nest(&only_crate(&raw, protocol.schema)?.join("src"), &module, protocol.module)?;
        modules.push_str(&format!(
            "#[doc = {:?}]\n#[allow(missing_docs, unreachable_pub, unused_imports, clippy::all, clippy::unwrap_used, \
             clippy::expect_used, clippy::panic, rustdoc::all)]\n#[path = \"{module}/lib.rs\"]\npub mod {module};\n",
            protocol.about,
            module = protocol.module
        ));
    }
    let index = out.join("protocols.rs");
    fs::write(&index, modules).map_err(|source| GenerateError::File { path: index, source })
}

/// Copies the generated sources from folder to folder, and makes `module` what was the crate's root.
fn nest(from: &Path, to: &Path, module: &str) -> Result<(), GenerateError> {
    let file_error = |path: &Path| {
        let path = path.to_path_buf();
        move |source| GenerateError::File { path, source }
    };
    fs::create_dir_all(to).map_err(file_error(to))?;
    for entry in fs::read_dir(from).map_err(file_error(from))? {
        let source = entry.map_err(file_error(from))?.path();
        let text = fs::read_to_string(&source).map_err(file_error(&source))?;
        let target = to.join(source.file_name().unwrap_or_default());
        fs::write(&target, text.replace("crate::", &format!("crate::{module}::"))).map_err(file_error(&target))?;
    }
    Ok(())
}

/// The folder of the one crate that sbe-tool left in `folder`.
fn only_crate(folder: &Path, schema: &Path) -> Result<PathBuf, GenerateError> {
    let crates: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(|source| GenerateError::File { path: folder.to_path_buf(), source })?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    match crates.as_slice() {
        [one] => Ok(one.clone()),
        _ => Err(GenerateError::Layout {
            schema: schema.to_path_buf(),
            folder: folder.to_path_buf(),
            found: crates.len(),
        }),
    }
}

fn out_dir() -> Result<PathBuf, GenerateError> {
    env::var_os("OUT_DIR").map(PathBuf::from).ok_or(GenerateError::Variable("OUT_DIR"))
}

/// Runs a command to its end; `what` names it in an error.
fn run(command: &mut Command, what: &str) -> Result<(), GenerateError> {
    let failed = |output: String| GenerateError::Tool { what: what.to_owned(), output };
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(failed(format!(
            "{}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )))
    }
}
