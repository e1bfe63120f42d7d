//! Where a process is reached: a host and a UDP port.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A host and a UDP port. Its text is Aeron's: `127.0.0.1:20100`, `[::1]:20100`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Name or address of the host.
    pub host: String,
    /// UDP port.
    pub port: u16,
}

impl Endpoint {
    /// Whether only processes of the same host can reach it. A name other than `localhost` may be that of any host.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Whether the host is a possible name or address, and the port is not 0.
    pub fn is_sound(&self) -> bool {
        self.port != 0 && is_host(&self.host)
    }
}

/// Whether a text is a possible name of a host, or an address.
pub fn is_host(text: &str) -> bool {
    let is_name = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    is_name || text.parse::<IpAddr>().is_ok()
}

/// Whether a host is this one by any of its loopback addresses, or by the name `localhost`.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse::<Ipv6Addr>() {
            Ok(address) => write!(formatter, "[{address}]:{}", self.port),
            Err(_) => write!(formatter, "{}:{}", self.host, self.port),
        }
    }
}

/// As text, such as `"127.0.0.1:20100"`.
#[cfg(feature = "serde")]
impl serde::Serialize for Endpoint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
