//! The error of a service: any error, or a text.

use std::error::Error;
use std::fmt;
use std::ops::Deref;

/// Why a service failed, or why a call on its behalf did.
///
/// Any error becomes one with `?`; [`ServiceError::message`] makes one of a text. So that every error can be converted,
/// this type does not implement [`Error`] itself, but dereferences to the error in it: `error.source()` and
/// `error.downcast_ref::<E>()` work.
///
/// ```
/// use aeron_cluster_service::ServiceError;
///
/// fn count(message: &[u8]) -> Result<u64, ServiceError> {
///     if message.len() > 20 {
///         return Err(ServiceError::message("a count has at most 20 digits"));
///     }
///     Ok(std::str::from_utf8(message)?.parse()?)
/// }
///
/// assert_eq!(count(b"12").unwrap(), 12);
/// assert!(count(b"twelve").unwrap_err().is::<std::num::ParseIntError>());
/// ```
pub struct ServiceError(Box<dyn Error + Send + Sync>);

impl ServiceError {
    /// An error that is a text.
    pub fn message(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for ServiceError {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl Deref for ServiceError {
    type Target = dyn Error + Send + Sync + 'static;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref()
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Texts of the error and of its sources, because a `main` that returns an error prints it so.
impl fmt::Debug for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut source = self.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("order 7 is damaged")]
    struct Damaged(#[source] std::num::ParseIntError);

    fn load(text: &str) -> Result<u64, ServiceError> {
        Ok(text.parse().map_err(Damaged)?)
    }

    #[test]
    fn any_error_is_converted_and_keeps_its_text_source_and_type() {
        let error = load("x").unwrap_err();
        assert_eq!(error.to_string(), "order 7 is damaged");
        assert_eq!(error.source().unwrap().to_string(), "invalid digit found in string");
        assert_eq!(format!("{error:?}"), "order 7 is damaged: invalid digit found in string");
        assert!(error.is::<Damaged>());
    }

    #[test]
    fn a_text_stays_as_it_is() {
        let error = ServiceError::message("no licence");
        assert_eq!((error.to_string(), format!("{error:?}")), ("no licence".to_owned(), "no licence".to_owned()));
        assert!(error.source().is_none());
    }
}
