//! Parameters of Aeron channels. Source: `ChannelUri`.

/// `channel` with the parameter `key` set to `value`, whether or not it had one.
pub(crate) fn with_parameter(channel: &str, key: &str, value: &str) -> String {
    let (media, parameters) = channel.split_once('?').unwrap_or((channel, ""));
    let others = parameters
        .split('|')
        .filter(|parameter| !parameter.is_empty() && parameter.split_once('=').map(|(name, _)| name) != Some(key));
    let parameters: Vec<&str> = others.collect();
    let separator = if parameters.is_empty() { "" } else { "|" };
    format!("{media}?{}{separator}{key}={value}", parameters.join("|"))
}

/// `channel` with an alias, unless it has one.
pub(crate) fn with_alias_if_absent(channel: &str, alias: &str) -> String {
    let has_alias = channel
        .split_once('?')
        .is_some_and(|(_, parameters)| parameters.split('|').any(|parameter| parameter.starts_with("alias=")));
    if has_alias { channel.to_owned() } else { with_parameter(channel, "alias", alias) }
}

/// `channel` for the stream of one publisher.
pub(crate) fn with_session_id(channel: &str, session_id: i32) -> String {
    with_parameter(channel, "session-id", &session_id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_added_or_replaced() {
        assert_eq!(with_parameter("aeron:ipc", "alias", "a"), "aeron:ipc?alias=a");
        assert_eq!(with_parameter("aeron:ipc?alias=log", "alias", "a"), "aeron:ipc?alias=a");
        assert_eq!(
            with_parameter("aeron-spy:aeron:udp?tags=1|session-id=7|alias=log|x=y", "alias", "a"),
            "aeron-spy:aeron:udp?tags=1|session-id=7|x=y|alias=a"
        );
    }

    #[test]
    fn an_alias_that_is_there_stays() {
        assert_eq!(with_alias_if_absent("aeron:ipc?term-length=64k", "a"), "aeron:ipc?term-length=64k|alias=a");
        assert_eq!(with_alias_if_absent("aeron:ipc?alias=b", "a"), "aeron:ipc?alias=b");
    }
}
