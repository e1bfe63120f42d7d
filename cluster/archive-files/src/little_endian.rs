//! Numbers in the files, which are little endian.

/// The four bytes at `offset` as a number; `None` behind the end.
pub(crate) fn i32_at(bytes: &[u8], offset: usize) -> Option<i32> {
    bytes.get(offset..)?.first_chunk().copied().map(i32::from_le_bytes)
}

/// The eight bytes at `offset` as a number; `None` behind the end.
pub(crate) fn i64_at(bytes: &[u8], offset: usize) -> Option<i64> {
    bytes.get(offset..)?.first_chunk().copied().map(i64::from_le_bytes)
}
