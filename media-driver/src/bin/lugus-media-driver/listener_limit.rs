//! How many listeners a port with `control-mode=dynamic` takes: a status message makes its sender a destination of all that is sent
//! from the port, for five seconds, and Aeron's driver has no greatest number of them.
//!
//! Source: `aeron_udp_destination_tracker.c` of Aeron, which this follows in what it takes for one listener.

use std::net::IpAddr;

/// Greatest number of listeners of a port.
pub(crate) const LISTENERS: usize = 256;

/// Greatest number of them at one address. A host with more clients has one media driver for several of them.
pub(crate) const LISTENERS_OF_ADDRESS: usize = 32;

/// Time without a status message after which a listener's place is free. The driver forgets the destination after five seconds, when it
/// sends next (`AERON_UDP_DESTINATION_TRACKER_DESTINATION_TIMEOUT_NS`): a place that were free as soon might be taken before.
const TIMEOUT_NS: u64 = 6_000_000_000;

/// The listeners of a port.
#[derive(Debug)]
pub(crate) struct ListenerLimit {
    listeners: Vec<Listener>,
}

/// A listener: a driver that receives, and the port to which it wants to be sent.
#[derive(Debug, Clone, Copy)]
struct Listener {
    receiver_id: i64,
    address: IpAddr,
    port: u16,
    heard_ns: u64,
}

impl ListenerLimit {
    /// Nobody listens.
    pub(crate) fn new() -> Self {
        Self { listeners: Vec::with_capacity(LISTENERS) }
    }

    /// Whether a status message of this receiver, from this address and port, is taken: that of a listener is, and that of another
    /// as long as there is room for one more. `now_ns` is a time that does not go back.
    pub(crate) fn takes(&mut self, receiver_id: i64, (address, port): (IpAddr, u16), now_ns: u64) -> bool {
        let known = self.listeners.iter_mut().find(|it| it.receiver_id == receiver_id && it.port == port);
        if let Some(listener) = known {
            listener.heard_ns = now_ns;
            return true;
        }
        self.listeners.retain(|listener| now_ns.saturating_sub(listener.heard_ns) <= TIMEOUT_NS);
        let of_address = self.listeners.iter().filter(|listener| listener.address == address).count();
        let has_room = self.listeners.len() < LISTENERS && of_address < LISTENERS_OF_ADDRESS;
        if has_room {
            self.listeners.push(Listener { receiver_id, address, port, heard_ns: now_ns });
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from(0x0a00_0000 + number).into()
    }

    #[test]
    fn one_address_leaves_room_for_others() {
        let mut limit = ListenerLimit::new();
        let of_flood = (0..20_000).filter(|id| limit.takes(*id, (address(0), 5_000), SECOND)).count();
        assert_eq!(of_flood, LISTENERS_OF_ADDRESS);
        assert!(limit.takes(20_000, (address(1), 5_000), SECOND));
    }

    #[test]
    fn all_addresses_together_get_no_more_than_there_is_room_for() {
        let mut limit = ListenerLimit::new();
        let taken = (0..20_000_u32).filter(|number| limit.takes((*number).into(), (address(*number), 5_000), SECOND));
        assert_eq!(taken.count(), LISTENERS);
    }

    #[test]
    fn a_listener_stays_as_long_as_it_is_heard_and_then_makes_room() {
        let mut limit = ListenerLimit::new();
        for second in 1..20 {
            assert!(limit.takes(-1, (address(1), 5_000), second * SECOND));
            // The places are taken by those who are heard only once.
            for id in 0..2 * LISTENERS as u32 {
                limit.takes(id.into(), (address(10 + id), 5_000), second * SECOND);
            }
        }
        assert!(limit.takes(-1, (address(1), 5_000), 20 * SECOND), "it listens all the time");
        assert!(!limit.takes(-2, (address(2), 5_000), 20 * SECOND));
        assert!(limit.takes(-2, (address(2), 5_000), 27 * SECOND), "the others have gone");
    }

    #[test]
    fn two_ports_of_a_receiver_are_two_listeners() {
        let mut limit = ListenerLimit::new();
        let taken = (0..100).filter(|port| limit.takes(7, (address(0), *port), SECOND)).count();
        assert_eq!(taken, LISTENERS_OF_ADDRESS);
    }
}
