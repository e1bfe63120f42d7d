//! Aeron channel URIs: the few changes that the client makes to them.
//!
//! Source: `io.aeron.ChannelUri`.

use std::ffi::CString;

use rusteron_archive::AeronUriStringBuilder;

/// Longest channel URI in bytes (`AERON_URI_MAX_LENGTH`).
pub(crate) const MAX_CHANNEL_LENGTH: usize = 4096;

/// Ingress on the same host.
pub(crate) const IPC_CHANNEL: &str = "aeron:ipc";

const UDP_CHANNEL: &str = "aeron:udp";

pub(crate) fn is_ipc(channel: &str) -> bool {
    is_media(channel, IPC_CHANNEL)
}

pub(crate) fn is_udp(channel: &str) -> bool {
    is_media(channel, UDP_CHANNEL)
}

fn is_media(channel: &str, media: &str) -> bool {
    channel.strip_prefix(media).is_some_and(|rest| rest.is_empty() || rest.starts_with('?'))
}

/// Value of a parameter of the channel.
pub(crate) fn parameter<'a>(channel: &'a str, name: &str) -> Option<&'a str> {
    let (_, parameters) = channel.split_once('?')?;
    parameters.split('|').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name)).map(|(_, value)| value)
}

/// The channel with its parameter `name` set to `value`; `None` when the channel is no URI of Aeron's.
pub(crate) fn with_parameter(channel: &str, name: &str, value: &str) -> Option<String> {
    if channel.len() + name.len() + value.len() + 2 > MAX_CHANNEL_LENGTH {
        return None;
    }
    let builder = AeronUriStringBuilder::default();
    builder.init_on_string(&CString::new(channel).ok()?).ok()?;
    builder.put_str(&CString::new(name).ok()?, value).ok()?;
    builder.build(MAX_CHANNEL_LENGTH).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_are_told_apart() {
        for (channel, udp, ipc) in [
            ("aeron:udp", true, false),
            ("aeron:udp?endpoint=a:1", true, false),
            ("aeron:ipc", false, true),
            ("aeron:ipc?term-length=64k", false, true),
            ("aeron:ipcx", false, false),
            ("udp", false, false),
            ("", false, false),
        ] {
            assert_eq!((is_udp(channel), is_ipc(channel)), (udp, ipc), "{channel}");
        }
    }

    #[test]
    fn a_parameter_is_set_and_the_others_are_kept() {
        let channel = with_parameter("aeron:udp?term-length=64k", "endpoint", "localhost:9010").unwrap();
        assert_eq!(parameter(&channel, "term-length"), Some("64k"));
        assert_eq!(parameter(&channel, "endpoint"), Some("localhost:9010"));
        let channel = with_parameter(&channel, "endpoint", "localhost:9020").unwrap();
        assert_eq!(parameter(&channel, "endpoint"), Some("localhost:9020"));
        assert_eq!(parameter(&channel, "rejoin"), None);
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        assert_eq!(with_parameter("http://example", "a", "b"), None);
        assert_eq!(with_parameter("aeron:udp\0", "a", "b"), None);
        assert_eq!(with_parameter(&format!("aeron:udp?x={}", "y".repeat(MAX_CHANNEL_LENGTH)), "a", "b"), None);
    }
}
