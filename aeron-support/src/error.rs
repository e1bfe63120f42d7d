//! Errors of Aeron as text, and text for C.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusteron_archive::{AeronArchiveError, AeronCError};
use thiserror::Error;

/// Code of errors that are found before Aeron is called. Source: `AERON_ERROR_CODE_GENERIC_ERROR`, negated.
const GENERIC_ERROR: i32 = -1;

/// Longest text of [`one_line`], in bytes. Aeron adds a line for each function that an error came through, up to 8 KiB.
const MAX_TEXT_LENGTH: usize = 1024;

/// What was tried, and Aeron's reason why it failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cannot {action}: {message}")]
pub struct AeronError {
    /// What was tried, to be read after "cannot": `add the publication aeron:ipc, stream 5`.
    pub action: String,
    /// The reason, in one line.
    pub message: String,
}

impl AeronError {
    /// An error with a reason of the caller's; the reason becomes one line.
    #[cold]
    pub fn new(action: impl Into<String>, reason: &str) -> Self {
        Self { action: action.into(), message: one_line(reason) }
    }

    /// An error of the archive.
    #[cold]
    pub fn of_archive(action: impl Into<String>, error: &AeronArchiveError) -> Self {
        Self::new(action, &error.message)
    }
}

/// Makes an error of Aeron's C client an [`AeronError`], for `map_err`. It must be called before the next call into Aeron,
/// which keeps the text of the last error only.
pub fn failed(action: impl Into<String>) -> impl FnOnce(AeronCError) -> AeronError {
    move |error| AeronError::new(action, error.get_last_err_message())
}

/// What an error of Aeron's C client says, in one line. It must be asked before the next call into Aeron, which keeps the
/// text of the last error only.
#[cold]
pub fn error_text(error: &AeronCError) -> String {
    one_line(error.get_last_err_message())
}

/// The lines of a text joined by semicolons, and cut when they are longer than 1 KiB.
pub fn one_line(text: &str) -> String {
    let mut line = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    line.truncate(line.floor_char_boundary(MAX_TEXT_LENGTH));
    line
}

/// A text for C.
///
/// # Errors
/// The text has a zero byte.
pub fn c_string(text: &str) -> Result<CString, AeronCError> {
    CString::new(text).map_err(|_| AeronCError::with_message(GENERIC_ERROR, format!("{text:?} has a zero byte")))
}

/// A path for C.
///
/// # Errors
/// The path has a zero byte.
pub(crate) fn path_to_c(path: &Path) -> Result<CString, AeronCError> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| AeronCError::with_message(GENERIC_ERROR, format!("{path:?} has a zero byte")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_and_a_long_text_is_cut_between_characters() {
        assert_eq!(
            one_line("(-22) Invalid argument\n  [one, a.c:1] x \n\n[two, b.c:2] y\n"),
            "(-22) Invalid argument; [one, a.c:1] x; [two, b.c:2] y"
        );
        let long = one_line(&"é".repeat(MAX_TEXT_LENGTH));
        assert_eq!(long.len(), MAX_TEXT_LENGTH);
        assert_eq!(one_line(&format!("x{}", "é".repeat(MAX_TEXT_LENGTH))).len(), MAX_TEXT_LENGTH - 1);
    }

    #[test]
    fn an_error_says_what_was_tried_and_why_it_failed() {
        let error = failed("name a channel")(c_string("a\0b").unwrap_err());
        assert_eq!(error.to_string(), r#"cannot name a channel: "a\0b" has a zero byte"#);
    }
}
