//! Writes the ring file.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use memmap2::MmapMut;

use crate::file_layout::{FileHeader, HEADER_LENGTH, MAXIMUM_CAPACITY, RECORD_LENGTH, encode};
use crate::record::{StageRecord, StageSource};

/// Writes records into a ring file. When the file is full, each record overwrites the oldest.
///
/// The file should be on a RAM disk: on another disk a store waits now and then, after the system has written the page out.
#[derive(Debug)]
pub struct StageWriter {
    map: MmapMut,
    /// Offset of the next slot, in bytes.
    next: usize,
    /// Number of the next record, from 1 on.
    number: u64,
}

impl StageWriter {
    /// Makes an empty file with room for `capacity` records, from 1 to [`MAXIMUM_CAPACITY`]. A file that is there gets the name
    /// with `.old` at the end, so that the records of a killed member outlive its next start.
    ///
    /// # Errors
    /// The file can't be made, or the disk has no room for it.
    pub fn create(path: &Path, source: StageSource, capacity: u32) -> io::Result<Self> {
        let capacity = capacity.clamp(1, MAXIMUM_CAPACITY);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        keep_previous(path)?;
        let file = File::options().read(true).write(true).create_new(true).open(path)?;
        let length = HEADER_LENGTH + capacity as usize * RECORD_LENGTH;
        // A full disk is an error here, and not a fault at a later store.
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, length as u64)?;
        // SAFETY: the file has this length, nobody shortens it while it has its name, and others only read it by system calls.
        let mut map = unsafe { MmapMut::map_mut(&file) }?;
        // Stores to every page, so that no later store is the first one.
        map.fill(0);
        map[..HEADER_LENGTH].copy_from_slice(&FileHeader { capacity: u64::from(capacity), source }.encode());
        Ok(Self { map, next: HEADER_LENGTH, number: 1 })
    }

    /// Writes a record: stores to memory, and no system call.
    #[inline]
    pub fn write(&mut self, record: &StageRecord) {
        let end = self.next + RECORD_LENGTH;
        if let Some(slot) = self.map.get_mut(self.next..end) {
            slot.copy_from_slice(&encode(self.number, record));
        }
        self.number += 1;
        self.next = if end < self.map.len() { end } else { HEADER_LENGTH };
    }
}

/// Renames the file of the run before.
fn keep_previous(path: &Path) -> io::Result<()> {
    let mut previous = path.as_os_str().to_owned();
    previous.push(".old");
    match fs::rename(path, previous) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
