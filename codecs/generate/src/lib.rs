//! Runs sbe-tool from a build script: SBE schemas in, one Rust module a protocol out. Nothing generated is committed.
//!
//! sbe-tool makes a whole crate of each schema, whose modules name each other by `crate::`. To have several protocols in
//! one crate, [`generate`] moves each into a module (`crate::` becomes `crate::NAME::`) and writes `protocols.rs`, to be
//! included by the crate's `lib.rs`:
//!
//! ```ignore
//! include!(concat!(env!("OUT_DIR"), "/protocols.rs"));
//! ```

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use thiserror::Error;

/// One schema and the module that it becomes.
#[derive(Debug, Clone, Copy)]
pub struct Protocol<'a> {
    /// Name of the Rust module, for example `order_entry`.
    pub module: &'a str,
    /// What it is: the module's documentation.
    pub about: &'a str,
    /// The schema's file.
    pub schema: &'a Path,
}

/// Why the code could not be generated.
#[derive(Debug, Error)]
pub enum GenerateError {
    /// A jar of Maven's is not where `scripts/setup` puts it.
    #[error("{0} is missing: run ./scripts/setup first, it fetches the jars with Maven")]
    JarMissing(PathBuf),
    /// A variable that cargo or `.cargo/config.toml` sets is not set.
    #[error("the variable {0} is not set: build inside the workspace, with cargo")]
    Variable(&'static str),
    /// `java` or `jar` could not be started, or said no.
    #[error("{what} failed: {output}")]
    Tool {
        /// The command, as a person would name it.
        what: String,
        /// What it printed, or why it did not start.
        output: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// sbe-tool ended well but left another layout than one crate a schema.
    #[error("{schema}: sbe-tool left {found} crates in {folder}, one expected")]
    Layout {
        /// The schema's file.
        schema: PathBuf,
        /// Where it was told to write.
        folder: PathBuf,
        /// How many crates are there.
        found: usize,
    },
}

/// The jar `name` (without `.jar`) that `scripts/setup` fetched; the calling build script runs again when it changes.
///
/// # Errors
/// When it is not there.
pub fn jar(name: &str) -> Result<PathBuf, GenerateError> {
    let path = folder("LUGUS_JARS")?.join(format!("{name}.jar"));
    println!("cargo:rerun-if-changed={}", path.display());
    if path.is_file() { Ok(path) } else { Err(GenerateError::JarMissing(path)) }
}

/// Takes the file `entry` out of a jar, into `schemas/` in cargo's `OUT_DIR`, and returns its path.
///
/// # Errors
/// When the jar lacks it, or `jar` (of the JDK) can't be run.
pub fn unpack(jar: &Path, entry: &str) -> Result<PathBuf, GenerateError> {
    let out = folder("OUT_DIR")?.join("schemas");
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

/// Generates the modules of `protocols` into cargo's `OUT_DIR`, and `protocols.rs` that names them.
///
/// # Errors
/// When a schema is faulty, or Java, a jar or a file is missing: the message says which.
pub fn generate(protocols: &[Protocol<'_>]) -> Result<(), GenerateError> {
    let out = folder("OUT_DIR")?;
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
             clippy::expect_used, clippy::panic, rustdoc::all)]\n#[path = {:?}]\npub mod {};\n",
            protocol.about,
            module.join("lib.rs"),
            protocol.module
        ));
    }
    let index = out.join("protocols.rs");
    fs::write(&index, modules).map_err(|source| GenerateError::File { path: index, source })
}

/// Copies the generated sources, with their crate root moved into `module`.
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

fn folder(variable: &'static str) -> Result<PathBuf, GenerateError> {
    println!("cargo:rerun-if-env-changed={variable}");
    env::var_os(variable).map(PathBuf::from).ok_or(GenerateError::Variable(variable))
}

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
