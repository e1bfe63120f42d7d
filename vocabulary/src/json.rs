//! Which fields are left out of JSON.

/// Whether a field has its default value, which need not be written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
