//! The way of a client's messages to a leader.

use lugus_client::sans_io::{Ingress, Offered};
use lugus_codecs::session_tag::MessageSigner;

use crate::faults::Fault;
use crate::group::Group;
use crate::network::{Network, Seat};
use crate::sabotage::{Sabotage, with_next_number};

/// The way of a client's messages to a leader.
pub(crate) struct Port<'a> {
    has_leader: bool,
    seat: &'a mut Seat,
    network: &'a mut Network,
    signer: Option<&'a mut MessageSigner>,
    sabotage: Option<Sabotage>,
}

impl<'a> Port<'a> {
    pub(crate) fn of(
        group: &'a mut Group,
        seat: usize,
        network: &'a mut Network,
        signer: &'a mut Option<(i64, MessageSigner)>,
        sabotage: Option<Sabotage>,
    ) -> Self {
        let has_leader = group.leading().is_some();
        let signer = signer.as_mut().map(|(_, signer)| signer);
        Self { has_leader, seat: &mut group.seats[seat], network, signer, sabotage }
    }
}

impl Ingress for Port<'_> {
    fn offer(&mut self, message: &[u8]) -> Offered {
        let Self { has_leader, seat, network, signer, sabotage } = self;
        let Some(link) = &mut seat.link else { return Offered::NotConnected };
        if network.faults.happens(Fault::BackPressure) {
            return Offered::BackPressured;
        }
        if !*has_leader || !link.is_open {
            // A dead leader's publication takes messages for a while, and they are lost.
            let is_taken = network.faults.happens(Fault::SentIntoTheVoid);
            return if is_taken { Offered::Sent } else { Offered::NotConnected };
        }
        let mut signed = message.to_vec();
        if let Some(signer) = signer {
            signed.extend_from_slice(&signer.trailer(message));
        }
        network.send(&mut link.ingress, &signed);
        if *sabotage == Some(Sabotage::SendsAgainWithNewNumber) && network.below(50) == 0 {
            let mut again = with_next_number(message);
            if let Some(signer) = signer {
                let trailer = signer.trailer(&again);
                again.extend_from_slice(&trailer);
            }
            network.send(&mut link.ingress, &again);
        }
        Offered::Sent
    }
}
