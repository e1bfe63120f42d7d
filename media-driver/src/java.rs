//! The JVM's command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use lugus_topology::{ClusterSpec, Deployment, MemberSpec};

use crate::ProcessError;

/// Folder of the jars when `java.jars` names no other: the one that this crate was built with, or else where `scripts/setup`
/// puts the jars in this checkout.
const BUILT_JARS: &str = match option_env!("LUGUS_JARS") {
    Some(folder) => folder,
    None => concat!(env!("CARGO_MANIFEST_DIR"), "/../.tools/jars"),
};
const JARS: [&str; 2] = ["aeron-all.jar", "lugus-java.jar"];

/// A system property.
pub(crate) type Property = (&'static str, String);

/// The jars.
pub(crate) fn jars(deployment: &Deployment) -> Result<Vec<PathBuf>, ProcessError> {
    let folder = match &deployment.java.jars {
        Some(jars) => deployment.absolute(jars),
        None => PathBuf::from(BUILT_JARS),
    };
    let jars: Vec<PathBuf> = JARS.iter().map(|jar| folder.join(jar)).collect();
    match jars.iter().find(|jar| !jar.is_file()) {
        Some(missing) => Err(ProcessError::NoJar { path: missing.clone() }),
        None => Ok(jars),
    }
}

/// Arguments of a JVM that runs `main` with these properties.
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
        // No half-alive member.
        "-XX:+ExitOnOutOfMemoryError".into(),
        // No file in /tmp that the JVM writes to at each safepoint.
        "-XX:-UsePerfData".into(),
        // Agrona's buffers, and the archive's CRC-32C.
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

/// Aeron's `ClusterTool` on a member of this host: add a command such as `describe` or `snapshot` to the arguments.
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
