//! Groups and texts: checked before a generated decoder reads them.

use lugus_codecs::DecodeError;

use super::WireError;

/// Length of a group's header in bytes: block length and count, each `u16`.
pub(super) const GROUP_HEADER_LENGTH: usize = 4;

/// Checks that the group at `offset` is whole, of at most `maximum` entries, each with at least the fields known here;
/// returns the offset after it.
pub(super) fn check_group(
    message: &[u8],
    offset: usize,
    group: &'static str,
    entry_length: u16,
    maximum: usize,
) -> Result<usize, WireError> {
    let start = offset.saturating_add(GROUP_HEADER_LENGTH);
    let Some(&[length0, length1, count0, count1]) = message.get(offset..start) else {
        return Err(DecodeError::Short { needed: start, available: message.len() }.into());
    };
    let (block_length, count) = (u16::from_le_bytes([length0, length1]), u16::from_le_bytes([count0, count1]));
    let end = start + usize::from(block_length) * usize::from(count);
    if block_length < entry_length || usize::from(count) > maximum || end > message.len() {
        return Err(WireError::Group { group, count, block_length });
    }
    Ok(end)
}

/// The text of a field that is padded with zeros.
pub(super) fn text(field: &'static str, bytes: &[u8]) -> Result<String, WireError> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (text, padding) = bytes.split_at(end);
    match std::str::from_utf8(text) {
        Ok(text) if padding.iter().all(|byte| *byte == 0) => Ok(text.to_owned()),
        _ => Err(WireError::Value { field }),
    }
}
