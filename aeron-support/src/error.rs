//! Errors of Aeron as text, and text for C.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusteron_archive::{Aeron, AeronArchiveError, AeronCError};
use thiserror::Error;

/// Code of errors that are found before Aeron is called, which is none of Aeron's.
const BEFORE_AERON: i32 = i32::MIN;
/// The media driver cannot give the resource for the moment, as it is closing the one before. Source:
/// `AERON_ERROR_CODE_RESOURCE_TEMPORARILY_UNAVAILABLE`, negated.
const TEMPORARILY_UNAVAILABLE: i32 = -10;
/// The media driver has not taken the client's earlier commands yet. Source: `AERON_CLIENT_ERROR_DRIVER_BUFFER_FULL`.
const DRIVER_BUFFER_FULL: i32 = -1004;

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
    /// Aeron's code of the error, which is negative for its own errors; 0 when the error is not Aeron's.
    pub code: i32,
}

impl AeronError {
    /// An error with a reason of the caller's; the reason becomes one line.
    #[cold]
    pub fn new(action: impl Into<String>, reason: &str) -> Self {
        Self { action: action.into(), message: one_line(reason), code: 0 }
    }

    /// An error of Aeron's C client. It must be made before the next call into Aeron, which keeps text and code of the last
    /// error only.
    #[cold]
    pub fn of_client(action: impl Into<String>, error: &AeronCError) -> Self {
        let code = match error.code {
            BEFORE_AERON => 0,
            _ => Aeron::errcode().unwrap_or_else(|error| error.code),
        };
        Self { code, ..Self::new(action, error.get_last_err_message()) }
    }

    /// Whether the same request may succeed a little later: the media driver is closing a resource of the same address
    /// (Aeron's issue 2068), or is busy.
    pub fn is_temporary(&self) -> bool {
        matches!(self.code, TEMPORARILY_UNAVAILABLE | DRIVER_BUFFER_FULL)
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
    move |error| AeronError::of_client(action, &error)
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
    CString::new(text).map_err(|_| AeronCError::with_message(BEFORE_AERON, format!("{text:?} has a zero byte")))
}

/// A path for C.
///
/// # Errors
/// The path has a zero byte.
pub(crate) fn path_to_c(path: &Path) -> Result<CString, AeronCError> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| AeronCError::with_message(BEFORE_AERON, format!("{path:?} has a zero byte")))
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
        assert_eq!((error.code, error.is_temporary()), (0, false));
    }
}
