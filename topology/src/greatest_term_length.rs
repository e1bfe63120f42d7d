//! The greatest term length that comes to a driver of a deployment.

use crate::{Deployment, Size, TermLength};

/// Aeron's own default for publications over UDP (`aeron.term.buffer.length`).
const AERON_DEFAULT: Size = Size::mib(16);

impl Deployment {
    /// Greatest term length of a publication that any driver of the deployment receives, and at least Aeron's default, so that Aeron's own
    /// programs come in as they are. A recording is replicated with its own term length, that of a snapshot too.
    pub fn greatest_term_length(&self) -> Size {
        let TermLength { ingress, log, control: _, udp, ipc } = self.term_length;
        let map = self.coordinator.iter().map(|coordinator| coordinator.term_length);
        [ingress, log, udp, ipc].into_iter().chain(map).fold(AERON_DEFAULT, Size::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_term_length_is_that_of_the_longest_buffer_over_udp() {
        let mut deployment = Deployment::default_local(3, 20_100);
        assert_eq!(deployment.greatest_term_length(), Size::mib(16));
        deployment.term_length.control = Size::mib(512);
        assert_eq!(deployment.greatest_term_length(), Size::mib(16), "nothing of it comes over UDP");
        let changes: [fn(&mut Deployment); 4] = [
            |deployment| deployment.term_length.ingress = Size::mib(32),
            |deployment| deployment.term_length.log = Size::mib(64),
            |deployment| deployment.term_length.ipc = Size::mib(128),
            |deployment| {
                deployment.coordinator.iter_mut().for_each(|coordinator| coordinator.term_length = Size::mib(256));
            },
        ];
        for (change, expected) in changes.into_iter().zip([32, 64, 128, 256]) {
            change(&mut deployment);
            assert_eq!(deployment.greatest_term_length(), Size::mib(expected));
        }
    }
}
