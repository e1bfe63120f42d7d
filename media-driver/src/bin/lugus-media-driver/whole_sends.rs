//! Several datagrams with one system call, also to a port that refuses them.
//!
//! The port of a killed client refuses each datagram. On the host itself the refusal comes at once, and `sendmmsg` ends with it
//! before its next datagram. Aeron's driver takes that for a full socket, and sends all of them again, in each duty cycle until it gives the
//! receiver up. Here each datagram is sent once: whether one arrives is never known, and what is lost is asked for.

use std::ffi::c_int;

/// Sends `count` datagrams with as many calls of `send` as it takes. `send` gets the number of those that have been sent, and
/// returns how many more it has sent, 0 if none, or an error. A refusal is told once, so that the next call sends; a socket that is full
/// stays full. So two calls in a row that send nothing end it, and there are at most two calls a datagram.
///
/// Returns how many were sent, or the error.
#[inline]
pub(crate) fn send_all(count: usize, mut send: impl FnMut(usize) -> c_int) -> c_int {
    let mut sent = 0;
    let mut is_told = false;
    loop {
        match send(sent) {
            0 if is_told => break,
            0 => is_told = true,
            more => {
                let Ok(more) = usize::try_from(more) else { return more };
                sent += more;
                is_told = false;
            }
        }
        if sent >= count {
            break;
        }
    }
    c_int::try_from(sent).unwrap_or(c_int::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays the results of the calls; returns what was told, and before which datagram each call was.
    fn played(count: usize, results: &[c_int]) -> (c_int, Vec<usize>) {
        let mut calls = Vec::new();
        let told = send_all(count, |sent| {
            calls.push(sent);
            results[calls.len() - 1]
        });
        (told, calls)
    }

    #[test]
    fn each_datagram_is_sent_once_to_a_port_that_refuses() {
        assert_eq!(played(4, &[4]), (4, vec![0]), "one call where nothing is refused");
        assert_eq!(played(4, &[1, 1, 1, 1]), (4, vec![0, 1, 2, 3]), "the refusal ends each call");
        assert_eq!(played(3, &[0, 1, 0, 2]), (3, vec![0, 0, 1, 1]), "the refusal of a datagram before comes first");
        assert_eq!(played(1, &[0, 1]), (1, vec![0, 0]));
    }

    #[test]
    fn a_full_socket_is_not_tried_for_ever_and_an_error_is_told() {
        assert_eq!(played(4, &[0, 0]), (0, vec![0, 0]));
        assert_eq!(played(4, &[2, 0, 0]), (2, vec![0, 2, 2]), "the driver sends all of them again later");
        assert_eq!(played(4, &[2, -1]), (-1, vec![0, 2]));
    }
}
