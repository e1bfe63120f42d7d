//! A network device whose other end is this process (`/dev/net/tun`): what the system sends through it can be read as IP packets, and what
//! is written comes in by it. It stays connected with this process when the device is moved to another network namespace.

use std::fs::File;
use std::io;

use rustix::ioctl::{Updater, ioctl, opcode};

/// What `TUNSETIFF` takes: `struct ifreq` of `linux/if.h`, with its union as flags and padding.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; NAME_LENGTH],
    flags: u16,
    padding: [u8; 22],
}

/// Longest name of a device, with its final zero. Source: `IFNAMSIZ`.
const NAME_LENGTH: usize = 16;

/// `TUNSETIFF` is declared as `_IOW('T', 202, int)`. Source: `linux/if_tun.h`.
const SET_INTERFACE: rustix::ioctl::Opcode = opcode::write::<i32>(b'T', 202);
/// IP packets, without Ethernet headers. Source: `IFF_TUN`.
const TUN: u16 = 0x0001;
/// Nothing precedes the packets. Source: `IFF_NO_PI`.
const NO_PACKET_INFORMATION: u16 = 0x1000;

/// Makes a device of this name in the network namespace of this thread. It is gone when the file is closed.
///
/// # Errors
/// This user may not make one, the name is taken or too long, or the system has no such devices.
pub(crate) fn open(name: &str) -> io::Result<File> {
    let file = File::options().read(true).write(true).open("/dev/net/tun")?;
    let mut request = InterfaceRequest { name: [0; NAME_LENGTH], flags: TUN | NO_PACKET_INFORMATION, padding: [0; 22] };
    if name.len() >= NAME_LENGTH {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    request.name[..name.len()].copy_from_slice(name.as_bytes());
    // SAFETY: the file is that of the driver whose operation this is; the driver reads and writes one `struct ifreq`, which is as
    // long as `InterfaceRequest` (40 bytes), and keeps no pointer to it.
    unsafe { ioctl(&file, Updater::<SET_INTERFACE, InterfaceRequest>::new(&mut request)) }?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_as_long_as_the_systems() {
        assert_eq!(size_of::<InterfaceRequest>(), 40);
        assert_eq!(SET_INTERFACE, 0x4004_54ca);
    }

    #[test]
    fn a_name_that_is_too_long_is_refused() {
        let opened = open("a-name-of-sixteen");
        assert!(opened.is_err());
    }
}
