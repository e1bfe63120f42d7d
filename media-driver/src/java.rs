//! The JVM's command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use lugus_topology::{ClusterSpec, Deployment, MemberSpec, Profile};

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

/// The classes of the jars as a JVM has parsed and verified them (`ClassDataProcess.java`), in the folder of the jars. `scripts/setup`
/// makes it.
const CLASS_DATA: &str = "lugus-java.jsa";

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

/// Arguments with which a JVM maps the archived classes, if they are there. It ignores an archive of another JDK or of other jars, and then
/// says nothing of it: only time is lost.
fn class_data_arguments(deployment: &Deployment) -> Result<Vec<OsString>, ProcessError> {
    let archives = jars(deployment)?.into_iter().filter_map(|jar| jar.parent().map(|folder| folder.join(CLASS_DATA)));
    let Some(archive) = archives.take(1).find(|archive| archive.is_file()) else { return Ok(Vec::new()) };
    let mut mapped = OsString::from("-XX:SharedArchiveFile=");
    mapped.push(archive);
    Ok(vec![mapped, "-Xshare:auto".into(), "-Xlog:cds*=off,class+path=off".into()])
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
    arguments.extend(class_data_arguments(deployment)?);
    if deployment.profile == Profile::Shared {
        // C1 alone: C2 makes the archive and the consensus module 3 % faster, and takes cores for seconds on which others wait.
        arguments.push("-XX:TieredStopAtLevel=1".into());
    }
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Output;

    use super::*;

    /// A deployment whose jars are in this folder.
    fn with_jars(folder: &Path) -> Deployment {
        let mut deployment = Deployment::default_local(1, 20_100);
        deployment.java.jars = Some(folder.to_path_buf());
        deployment
    }

    /// Runs Aeron's tool, which prints how it is used, and tells where it loads classes from.
    fn run(deployment: &Deployment) -> Output {
        let mut deployment = deployment.clone();
        deployment.java.arguments = vec![String::from("-Xlog:class+load")];
        let arguments = arguments(&deployment, Vec::new(), "io.aeron.cluster.ClusterTool").expect("the jars are there");
        Command::new("java").args(arguments).output().expect("java runs")
    }

    #[test]
    fn cores_that_others_share_are_not_given_to_c2() {
        let folder = Path::new(BUILT_JARS);
        for (profile, is_c1_alone) in [(Profile::Shared, true), (Profile::Dedicated, false), (Profile::Pinned, false)] {
            let mut deployment = with_jars(folder);
            deployment.profile = profile;
            deployment.java.arguments = vec![String::from("-XX:TieredStopAtLevel=4")];
            let arguments = arguments(&deployment, Vec::new(), "Main").expect("the jars are there");
            let levels =
                arguments.iter().filter_map(|argument| argument.to_str()?.strip_prefix("-XX:TieredStopAtLevel="));
            let expected: &[&str] = if is_c1_alone { &["1", "4"] } else { &["4"] };
            assert_eq!(levels.collect::<Vec<_>>(), expected, "the user's come last, so that they count");
        }
    }

    #[test]
    fn classes_come_from_the_archive_that_setup_made() {
        let output = run(&with_jars(Path::new(BUILT_JARS)));
        let text = String::from_utf8_lossy(&output.stdout);
        let loaded = text.lines().find(|line| line.contains("io.aeron.cluster.ClusterMarkFile source:"));
        let loaded = loaded.or_else(|| text.lines().find(|line| line.contains("org.agrona.BitUtil source:")));
        assert!(loaded.is_some_and(|line| line.contains("shared objects file (top)")), "{loaded:?}");
    }

    #[test]
    fn an_archive_that_is_missing_stale_or_damaged_is_no_error() {
        let folder = tempfile::tempdir().expect("a folder");
        for jar in JARS {
            fs::copy(Path::new(BUILT_JARS).join(jar), folder.path().join(jar)).expect("copied");
        }
        let deployment = with_jars(folder.path());
        assert!(class_data_arguments(&deployment).expect("the jars are there").is_empty());
        let without = run(&deployment);
        assert!(String::from_utf8_lossy(&without.stdout).contains("io.aeron.cluster.ClusterTool source: file:"));

        let archive = folder.path().join(CLASS_DATA);
        // The archive of the same jars in another folder, and none at all.
        let stale = fs::read(Path::new(BUILT_JARS).join(CLASS_DATA)).expect("scripts/setup made it");
        for content in [stale.as_slice(), b"no archive".as_slice(), b"".as_slice()] {
            fs::write(&archive, content).expect("written");
            assert_eq!(class_data_arguments(&deployment).expect("the jars are there").len(), 3);
            let output = run(&deployment);
            assert_eq!(output.status.code(), without.status.code());
            assert_eq!(String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&without.stderr));
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(!text.contains("[warning]"), "{text}");
            assert!(text.contains("io.aeron.cluster.ClusterTool source: file:"), "not from this archive");
        }
    }
}
