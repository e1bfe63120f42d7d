//! An input as a sequence of steps: a byte that says what is done, the length of what it is done with, and that.

/// The steps of an input. A step that is cut off has what is left.
pub(crate) struct Steps<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Steps<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let ([operation, low, high], rest) = self.0.split_first_chunk()?;
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let (bytes, rest) = rest.split_at(length.min(rest.len()));
        self.0 = rest;
        Some((*operation, bytes))
    }
}

/// The input with these steps.
pub(crate) fn input<'a>(steps: impl IntoIterator<Item = (u8, &'a [u8])>) -> Vec<u8> {
    let mut input = Vec::new();
    for (operation, bytes) in steps {
        let length = u16::try_from(bytes.len()).expect("short");
        input.push(operation);
        input.extend(length.to_le_bytes());
        input.extend(bytes);
    }
    input
}

/// A number from the first eight bytes, or from fewer.
pub(crate) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
