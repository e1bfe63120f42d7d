//! Texts of a fixed length, padded with zeros.

use crate::error::MessageError;

/// The text of a padded field.
///
/// # Errors
/// [`MessageError::Value`] if the text is not UTF-8, or bytes other than zeros follow its end.
pub(super) fn padded_text(bytes: &[u8], template_id: u16, field: &'static str) -> Result<String, MessageError> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (text, padding) = bytes.split_at(end);
    match std::str::from_utf8(text) {
        Ok(text) if padding.iter().all(|byte| *byte == 0) => Ok(text.to_owned()),
        _ => Err(MessageError::Value { template_id, field }),
    }
}
