//! `[java]` and `[driver]`: programs that a member starts.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Size;

/// `[java]`: the JVM of the archive and the consensus module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Java {
    /// The Java program, version 17 or later: a name in `PATH`, or a path.
    pub binary: PathBuf,
    /// Folder of `aeron-all.jar` and `lugus-java.jar`. Default: the folder that the programs were built with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jars: Option<PathBuf>,
    /// Initial size of the heap (`-Xms`).
    pub initial_heap: Size,
    /// Greatest size of the heap (`-Xmx`).
    pub maximum_heap: Size,
    /// Longest time that a member's JVM warms itself up before the member joins its cluster; 0 for none.
    #[serde(with = "crate::duration")]
    pub warm_up: Duration,
    /// Further arguments for the JVM, after those that Lugus gives.
    pub arguments: Vec<String>,
}

impl Default for Java {
    fn default() -> Self {
        Self {
            binary: PathBuf::from("java"),
            jars: None,
            initial_heap: Size::mib(128),
            maximum_heap: Size::mib(512),
            warm_up: Duration::ZERO,
            arguments: Vec::new(),
        }
    }
}

/// `[driver]`: the media driver's process.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Driver {
    /// The `lugus-media-driver` program. Default: the one that the variable `LUGUS_MEDIA_DRIVER` names, or else the one
    /// beside the program that starts it, or else the one in `PATH`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary: Option<PathBuf>,
    /// Length of the longest datagram, from the frame's header on (`aeron.mtu.length`). Default: [`Deployment::mtu`](crate::Deployment::mtu).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<Size>,
}
