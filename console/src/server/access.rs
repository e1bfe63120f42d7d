//! Who may look: whoever has the token, and asks by an address that nobody can have made up.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use subtle::ConstantTimeEq;
use thiserror::Error;

/// Length of the shortest token that is taken from a file, in bytes.
pub const MINIMUM_TOKEN_LENGTH: usize = 16;
/// Length of the longest one.
pub const MAXIMUM_TOKEN_LENGTH: usize = 256;
/// Random bytes of a token that is made.
const TOKEN_BYTES: usize = 32;

/// The word by which a viewer is known. It is not shown by `Debug`.
#[derive(Clone)]
pub struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token")
    }
}

/// Why there is no token.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The file can't be read.
    #[error("can't read the token in {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("{}: others may read the token; take that away with: chmod 600 {}", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// The file has no token.
    #[error(
        "{}: a token is one line of {MINIMUM_TOKEN_LENGTH} to {MAXIMUM_TOKEN_LENGTH} printable characters without spaces; make one with: \
         openssl rand -hex 32",
        path.display()
    )]
    Content {
        /// The file.
        path: PathBuf,
    },
    /// The system has no random numbers.
    #[error("the system gives no random numbers for a token: {0}; name one with --token-file")]
    Random(getrandom::Error),
}

impl Token {
    /// A token that nobody knows yet.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn random() -> Result<Self, TokenError> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes).map_err(TokenError::Random)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The token in a file that nobody else may read.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let read = |source| TokenError::Read { path: path.to_path_buf(), source };
        let metadata = fs::metadata(path).map_err(read)?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(TokenError::Open { path: path.to_path_buf() });
        }
        let text = fs::read_to_string(path).map_err(read)?;
        let token = text.trim_end();
        let is_good = (MINIMUM_TOKEN_LENGTH..=MAXIMUM_TOKEN_LENGTH).contains(&token.len())
            && token.bytes().all(|byte| byte.is_ascii_graphic());
        if is_good { Ok(Self(token.to_owned())) } else { Err(TokenError::Content { path: path.to_path_buf() }) }
    }

    /// The token, for the one who has started the console.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether the value of an `Authorization` header has the token. How long that takes tells nothing of the token but its length.
    pub fn is_in(&self, authorization: Option<&str>) -> bool {
        let given = authorization.and_then(|value| value.strip_prefix("Bearer "));
        given.is_some_and(|given| given.as_bytes().ct_eq(self.0.as_bytes()).into())
    }
}

/// The names by which the console may be asked for. A page of somebody else that the viewer's browser has loaded can give its own name
/// our address (DNS rebinding), but no request then comes to an address in digits.
#[derive(Debug, Clone, Default)]
pub struct Names(Vec<String>);

impl Names {
    /// `localhost`, any address in digits, and these names.
    pub fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Whether a request with this `Host` header is answered.
    pub fn has(&self, host: Option<&str>) -> bool {
        let Some(host) = host else { return false };
        if host.parse::<SocketAddr>().is_ok() || host.parse::<IpAddr>().is_ok() {
            return true;
        }
        if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return address.parse::<IpAddr>().is_ok();
        }
        let name = match host.split_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            Some(_) => return false,
            None => host,
        };
        name.eq_ignore_ascii_case("localhost") || self.0.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails panics")]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        let token = Token::random().unwrap();
        let other = Token::random().unwrap();
        assert_eq!(token.reveal().len(), 64);
        let bearer = |token: &str| format!("Bearer {token}");
        assert!(token.is_in(Some(&bearer(token.reveal()))));
        for wrong in [other.reveal(), &token.reveal()[..63], &format!("{}0", token.reveal()), ""] {
            assert!(!token.is_in(Some(&bearer(wrong))), "{wrong}");
        }
        assert!(!token.is_in(None) && !token.is_in(Some(token.reveal())) && !token.is_in(Some("Bearer ")));
    }

    #[test]
    fn a_file_that_others_may_read_has_no_token() {
        let folder = std::env::temp_dir().join(format!("lugus-token-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("token");
        let read = |text: &str, mode: u32| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            Token::read(&path)
        };
        let good = "0123456789abcdef\n";
        assert_eq!(read(good, 0o600).unwrap().reveal(), good.trim_end());
        assert!(matches!(read(good, 0o640), Err(TokenError::Open { .. })));
        for bad in ["", "0123456789abcde", "0123456789 abcdef", &"x".repeat(257)] {
            assert!(matches!(read(bad, 0o600), Err(TokenError::Content { .. })), "{bad}");
        }
        fs::remove_dir_all(&folder).unwrap();
        assert!(matches!(Token::read(&path), Err(TokenError::Read { .. })));
    }

    #[test]
    fn names_that_were_not_told_are_not_answered() {
        let names = Names::new(&[String::from("Console.Example")]);
        for good in
            ["127.0.0.1:9480", "10.0.0.7", "[::1]:9480", "[::1]", "localhost", "LOCALHOST:1", "console.example:443"]
        {
            assert!(names.has(Some(good)), "{good}");
        }
        for bad in [
            "evil.example",
            "evil.example:9480",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "x@localhost",
            "localhost:x",
            "",
        ] {
            assert!(!names.has(Some(bad)), "{bad}");
        }
        assert!(!names.has(None));
    }
}
