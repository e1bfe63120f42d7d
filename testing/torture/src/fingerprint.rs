//! Short fingerprints of commands and events: a run has millions, and only has to tell whether two are the same.

use std::fmt::{Debug, Write};
use std::hash::Hasher;

/// Fingerprint of a value: of all that its debug text shows.
pub(crate) fn fingerprint(value: &impl Debug) -> u64 {
    let mut text = Hashed(std::hash::DefaultHasher::new());
    let _ = write!(text, "{value:?}");
    text.0.finish()
}

struct Hashed(std::hash::DefaultHasher);

impl Write for Hashed {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use lugus_vocabulary::{Action, ClientOrderId};

    use super::*;

    #[test]
    fn different_values_have_different_fingerprints() {
        let cancel = |id| fingerprint(&Action::Cancel { orig_client_order_id: ClientOrderId(id) });
        assert_eq!(cancel(1), cancel(1));
        assert_ne!(cancel(1), cancel(2));
    }
}
