//! `driver.mtu`: the length of the longest datagram, which depends on where the deployment's hosts are.

use lugus_vocabulary::endpoint::is_loopback;

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
