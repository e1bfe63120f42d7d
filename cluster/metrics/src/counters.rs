//! The counters of a media driver, read from its command file.

use std::path::Path;

use aeron_support::{CountersError, open_counters};

/// A counter of a media driver, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// What is counted (`io.aeron.AeronCounters`); from 1000 up whatever an application has chosen.
    pub type_id: i32,
    /// Bytes that tell it from others of its type; their layout depends on the type.
    pub key: Vec<u8>,
    /// Text for people.
    pub label: String,
    /// The value.
    pub value: i64,
}

/// Reads all counters of the media driver that runs in `aeron_dir`. Nobody is asked and nothing waits: the memory is shared. The
/// values are not of exactly the same moment.
///
/// # Errors
/// [`CountersError`].
pub fn read_counters(aeron_dir: &Path) -> Result<Vec<Counter>, CountersError> {
    let cnc = open_counters(aeron_dir)?;
    let mut counters = Vec::new();
    cnc.counters_reader().foreach_counter_fn(|value, _, type_id, key, label| {
        counters.push(Counter { type_id, key: key.to_vec(), label: label.to_owned(), value });
    });
    Ok(counters)
}

impl Counter {
    /// The `i32` at this offset of the key; `None` if the key ends before.
    pub fn i32_of_key(&self, offset: usize) -> Option<i32> {
        Some(i32::from_le_bytes(*self.key.get(offset..)?.first_chunk()?))
    }

    /// The `i64` at this offset of the key; `None` if the key ends before.
    pub fn i64_of_key(&self, offset: usize) -> Option<i64> {
        Some(i64::from_le_bytes(*self.key.get(offset..)?.first_chunk()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_without_a_media_driver_is_told() {
        let nowhere = Path::new("/nowhere/at/all");
        assert!(matches!(read_counters(nowhere), Err(CountersError::NotRunning { .. })));
    }

    #[test]
    fn a_key_that_is_too_short_has_no_number() {
        let counter = Counter { type_id: 0, key: vec![7, 0, 0, 0, 9], label: String::new(), value: 0 };
        assert_eq!((counter.i32_of_key(0), counter.i32_of_key(4), counter.i32_of_key(99)), (Some(7), None, None));
        assert_eq!(counter.i64_of_key(0), None);
    }
}
