//! The JVM's command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use lugus_topology::{ClusterSpec, Deployment, MemberSpec};

use crate::ProcessError;

/// Folder of the jars beside the program, as a package has it.
const PACKAGED_JARS: &str = "jars";
/// Folder of the jars when `java.jars` names no other and the program has none beside it: the one that this crate was built with, or
/// else where `scripts/setup` puts the jars in this checkout.
const BUILT_JARS: &str = match option_env!("LUGUS_JARS") {
    Some(folder) => folder,
    None => concat!(env!("CARGO_MANIFEST_DIR"), "/../.tools/jars"),
};
const JARS: [&str; 2] = ["aeron-all.jar", "lugus-java.jar"];

/// A system property of a JVM: name and value.
pub(crate) type Property = (&'static str, String);

/// Paths of the jars.
pub(crate) fn jars(deployment: &Deployment) -> Result<Vec<PathBuf>, ProcessError> {
    let folder = match &deployment.java.jars {
        Some(jars) => deployment.absolute(jars),
        None => packaged_jars().unwrap_or_else(|| PathBuf::from(BUILT_JARS)),
    };
    let jars: Vec<PathBuf> = JARS.iter().map(|jar| folder.join(jar)).collect();
    match jars.iter().find(|jar| !jar.is_file()) {
        Some(missing) => Err(ProcessError::NoJar { path: missing.clone() }),
        None => Ok(jars),
    }
}

/// The folder of the jars beside the program, if there is one.
fn packaged_jars() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?.canonicalize().ok()?;
    let folder = program.parent()?.join(PACKAGED_JARS);
    folder.is_dir().then_some(folder)
}

/// Arguments of a JVM that runs the class `main` with these system properties.
pub(crate) fn arguments(
    deployment: &Deployment,
    properties: Vec<Property>,
    main: &str,
) -> Result<Vec<OsString>, ProcessError> {
    let java = &deployment.java;
    let mut arguments: Vec<OsString> = vec![
        // Short pauses on small heaps and few cores.
        "-XX:+UseSerialGC".into(),
        format!("-Xms{}", java.initial_heap).into(),
        format!("-Xmx{}", java.maximum_heap).into(),
        // A member without memory must end, as it would answer some and not others.
        "-XX:+ExitOnOutOfMemoryError".into(),
        // Otherwise the JVM writes to a mapped file in /tmp at each safepoint, and waits for that disk.
        "-XX:-UsePerfData".into(),
        // Needed by Agrona's buffers, and by the archive's CRC-32C.
        "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED".into(),
        "--add-opens=java.base/java.util.zip=ALL-UNNAMED".into(),
    ];
    arguments.extend(java.arguments.iter().map(OsString::from));
    arguments.extend(properties.into_iter().map(|(name, value)| format!("-D{name}={value}").into()));
    arguments.extend(["-cp".into(), class_path(deployment)?, main.into()]);
    Ok(arguments)
}

fn class_path(deployment: &Deployment) -> Result<OsString, ProcessError> {
    let jars = jars(deployment)?;
    Ok(jars.iter().map(|jar| jar.as_os_str()).collect::<Vec<_>>().join(":".as_ref()))
}

/// The command that runs Aeron's `ClusterTool` on a member of this host. The caller adds what the tool is to do, such as
/// `describe` or `snapshot`, to the arguments.
///
/// # Errors
///
/// A jar is missing.
pub fn cluster_tool(cluster: &ClusterSpec, member: &MemberSpec) -> Result<Command, ProcessError> {
    let deployment = cluster.deployment();
    let properties = vec![
        ("aeron.dir", member.aeron_dir.display().to_string()),
        ("aeron.archive.control.channel", member.archive_control_channel()),
        ("aeron.archive.control.response.channel", member.replication_channel()),
    ];
    let mut command = Command::new(&deployment.java.binary);
    command.args(arguments(deployment, properties, "io.aeron.cluster.ClusterTool")?).arg(&member.cluster_dir);
    Ok(command)
}
