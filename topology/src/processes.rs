//! `[java]` and `[driver]`: programs that a member starts.

use std::path::PathBuf;
use std::time::Duration;

use lugus_vocabulary::endpoint::is_loopback;
use serde::{Deserialize, Serialize};

use crate::{Deployment, Size};

/// Least `driver.mtu`, and the one of drivers that send to other hosts unless the file says otherwise: a datagram that an Ethernet
/// frame of 1,500 bytes takes, also through most tunnels. It is Aeron's default.
pub(crate) const MINIMUM_MTU: u64 = 1_408;

/// Greatest `driver.mtu`: the receive buffer of a socket, 208 KiB by default, takes several such datagrams.
pub(crate) const MAXIMUM_MTU: u64 = 16_384;

/// `driver.mtu` has no remainder when it is divided by this: frames are aligned.
pub(crate) const MTU_ALIGNMENT: u64 = 32;

/// The MTU of drivers that send to loopback addresses alone, where a datagram may have up to 64 KiB.
const LOOPBACK_MTU: Size = Size::kib(8);

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
    /// Length of the longest datagram, from the frame's header on (`aeron.mtu.length`). Default: [`Deployment::mtu`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<Size>,
}

impl Deployment {
    /// Length of the longest datagram of a driver: `driver.mtu`, or without it 8 KiB if the deployment is on loopback addresses, and
    /// otherwise 1,408 bytes, as in Aeron.
    pub fn mtu(&self) -> Size {
        let members = self.clusters.iter().flat_map(|cluster| &cluster.members);
        let hosts = members.flat_map(|member| [member.host.as_str(), member.members_host()]);
        let coordinator = self.coordinator.iter().map(|coordinator| coordinator.host.as_str());
        let is_on_loopback = hosts.chain(coordinator).chain(self.client.egress_host.as_deref()).all(is_loopback);
        let default = if is_on_loopback { LOOPBACK_MTU } else { Size::bytes(MINIMUM_MTU) };
        self.driver.mtu.unwrap_or(default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_datagrams_leave_no_host_unless_the_file_says_so() {
        let local = Deployment::default_local(3, 20_100);
        assert_eq!(local.mtu(), Size::kib(8));
        let changes: [fn(&mut Deployment); 4] = [
            |deployment| deployment.clusters[0].members[2].host = String::from("10.0.0.3"),
            |deployment| deployment.clusters[0].members[2].members_host = Some(String::from("10.0.0.3")),
            |deployment| deployment.client.egress_host = Some(String::from("10.0.0.3")),
            |deployment| {
                deployment.coordinator.iter_mut().for_each(|coordinator| coordinator.host = String::from("10.0.0.3"));
            },
        ];
        for change in changes {
            let mut deployment = local.clone();
            change(&mut deployment);
            assert_eq!(deployment.mtu(), Size::bytes(MINIMUM_MTU));
            deployment.driver.mtu = Some(Size::bytes(8_960));
            assert_eq!(deployment.mtu(), Size::bytes(8_960));
        }
    }
}
