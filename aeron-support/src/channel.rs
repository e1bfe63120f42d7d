//! Channel URIs: `[prefix:]aeron:media[?name=value[|name=value]...]`.
//!
//! Source: `io.aeron.ChannelUri`, `aeron_uri.c`.

/// Longest channel URI in bytes. Source: `AERON_URI_MAX_LENGTH`, less the terminating zero.
pub const MAX_CHANNEL_LENGTH: usize = 4095;

/// The channel between programs that share a media driver, without parameters.
pub const IPC_CHANNEL: &str = "aeron:ipc";

/// The channel over UDP, without parameters.
pub const UDP_CHANNEL: &str = "aeron:udp";

/// Scheme of all channel URIs.
const SCHEME: &str = "aeron:";

/// Whether `channel` is a channel URI: its syntax, not whether a media driver can use its media and parameters.
pub fn is_channel(channel: &str) -> bool {
    let (start, parameters) = channel.split_once('?').unwrap_or((channel, ""));
    let media = match start.strip_prefix(SCHEME) {
        Some(media) => Some(media),
        // such as aeron-spy:aeron:udp
        None => start.split_once(':').and_then(|(_, uri)| uri.strip_prefix(SCHEME)),
    };
    let is_word = |text: &str| !text.is_empty() && !text.contains(['?', '=']);
    let is_parameter =
        |parameter: &str| parameter.split_once('=').is_some_and(|(name, value)| is_word(name) && is_word(value));
    channel.len() <= MAX_CHANNEL_LENGTH
        && !channel.contains('\0')
        && media.is_some_and(|media| !media.is_empty() && !media.contains([':', '|', '=']))
        && (parameters.is_empty() || parameters.split('|').all(is_parameter))
}

/// Whether the channel's media is IPC. False for a spy.
pub fn is_ipc(channel: &str) -> bool {
    has_media(channel, IPC_CHANNEL)
}

/// Whether the channel's media is UDP. False for a spy.
pub fn is_udp(channel: &str) -> bool {
    has_media(channel, UDP_CHANNEL)
}

fn has_media(channel: &str, media: &str) -> bool {
    channel.strip_prefix(media).is_some_and(|rest| rest.is_empty() || rest.starts_with('?'))
}

/// Value of the channel's parameter `name`.
pub fn parameter<'a>(channel: &'a str, name: &str) -> Option<&'a str> {
    let (_, parameters) = channel.split_once('?')?;
    parameters.split('|').find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='))
}

/// `channel` with the parameter `name` set to `value`, after its other parameters. Neither may contain `?`, `|` or `=`,
/// which [`is_channel`] refuses only in part: `|` in a value begins another parameter.
pub fn with_parameter(channel: &str, name: &str, value: &str) -> String {
    let (media, parameters) = channel.split_once('?').unwrap_or((channel, ""));
    let others = parameters
        .split('|')
        .filter(|parameter| !parameter.is_empty() && parameter.split_once('=').map(|(name, _)| name) != Some(name));
    let mut uri = format!("{media}?");
    for other in others {
        uri.push_str(other);
        uri.push('|');
    }
    uri + name + "=" + value
}

/// `channel` with the alias `alias`, by which Aeron's tools show it; a channel that has an alias keeps it.
pub fn with_alias_if_absent(channel: &str, alias: &str) -> String {
    match parameter(channel, "alias") {
        Some(_) => channel.to_owned(),
        None => with_parameter(channel, "alias", alias),
    }
}

/// `channel` restricted to the stream of the one publication that has this session id.
pub fn of_session(channel: &str, session_id: i32) -> String {
    with_parameter(channel, "session-id", &session_id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::c_string;
    use rusteron_archive::AeronUriStringBuilder;

    #[test]
    fn the_media_is_read() {
        for (channel, udp, ipc) in [
            ("aeron:udp", true, false),
            ("aeron:udp?endpoint=a:1", true, false),
            ("aeron:ipc", false, true),
            ("aeron:ipc?term-length=64k", false, true),
            ("aeron:ipcx", false, false),
            ("aeron-spy:aeron:udp", false, false),
            ("udp", false, false),
            ("", false, false),
        ] {
            assert_eq!((is_udp(channel), is_ipc(channel)), (udp, ipc), "{channel}");
        }
    }

    #[test]
    fn a_parameter_is_added_or_replaced_and_the_others_are_kept() {
        assert_eq!(with_parameter("aeron:ipc", "alias", "a"), "aeron:ipc?alias=a");
        assert_eq!(with_parameter("aeron:ipc?alias=log", "alias", "a"), "aeron:ipc?alias=a");
        assert_eq!(
            with_parameter("aeron-spy:aeron:udp?tags=1|session-id=7|alias=log|x=y", "alias", "a"),
            "aeron-spy:aeron:udp?tags=1|session-id=7|x=y|alias=a"
        );
        let channel = with_parameter("aeron:udp?term-length=64k", "endpoint", "localhost:9010");
        assert_eq!(parameter(&channel, "term-length"), Some("64k"));
        assert_eq!(parameter(&channel, "endpoint"), Some("localhost:9010"));
        assert_eq!(parameter(&channel, "end"), None);
        assert_eq!(parameter("aeron:udp", "endpoint"), None);
        assert_eq!(of_session("aeron:ipc?session-id=1", -7), "aeron:ipc?session-id=-7");
    }

    #[test]
    fn an_alias_that_is_there_stays() {
        assert_eq!(with_alias_if_absent("aeron:ipc?term-length=64k", "a"), "aeron:ipc?term-length=64k|alias=a");
        assert_eq!(with_alias_if_absent("aeron:ipc?alias=b", "a"), "aeron:ipc?alias=b");
    }

    /// Whether Aeron's own parser takes the URI.
    fn is_channel_of_aeron(channel: &str) -> bool {
        c_string(channel).is_ok_and(|channel| AeronUriStringBuilder::default().init_on_string(&channel).is_ok())
    }

    #[test]
    fn invalid_channels_are_refused_as_by_aeron() {
        for (channel, expected) in [
            ("aeron:udp", true),
            ("aeron:ipc?term-length=64k", true),
            ("aeron-spy:aeron:udp?endpoint=[::1]:1|alias=a", true),
            ("http://example", false),
            ("udp", false),
            ("", false),
            ("aeron:udp\0", false),
            ("aeron:udp?=a", false),
            ("aeron:udp?a=|b=c", false),
            ("aeron:udp?a|b=c", false),
            ("aeron:udp?a=b=c", false),
            ("aeron:udp?a=b?c", false),
        ] {
            assert_eq!(is_channel(channel), expected, "{channel}");
            assert_eq!(is_channel_of_aeron(channel), expected, "{channel}, by Aeron's parser");
        }
        assert!(!is_channel("aeron:"), "Aeron's parser takes it, but there is no such media");
        assert!(!is_channel("aeron:udp?endpoint"), "Aeron's parser takes it, and loses the parameter");
        assert!(!is_channel(&format!("aeron:udp?x={}", "y".repeat(MAX_CHANNEL_LENGTH))));
    }
}
