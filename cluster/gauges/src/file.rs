//! The file: a header of 64 bytes (magic, version, kind, number of cells, zeros), then cells of 8 bytes. All numbers are in the byte
//! order of the machine, because the file never leaves it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapMut, MmapOptions, MmapRaw};

/// Greatest number of cells of a file: 128 KiB.
pub const MAXIMUM_CELLS: usize = 1 << 14;

const HEADER_LENGTH: usize = 64;
const MAGIC: [u8; 8] = *b"LugGauge";
const VERSION: u32 = 1;
const CELL: usize = size_of::<AtomicU64>();

/// What a file's cells mean: the number of a layout, which changes whenever the meaning of a cell does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind(pub u32);

/// The cells of one owner, for writing. A cell has one thread that writes it; different cells may have different ones.
#[derive(Debug)]
pub struct Gauges {
    map: MmapRaw,
    cells: usize,
}

impl Gauges {
    /// Makes a file with `cells` cells, at most [`MAXIMUM_CELLS`], which all are 0. A file that is there is replaced: who reads it
    /// meanwhile reads the old one to its end. The file should be on a RAM disk: on another disk a store waits now and then, after
    /// the system has written the page out.
    ///
    /// # Errors
    /// The file can't be made, or the disk has no room for it.
    pub fn create(path: &Path, kind: Kind, cells: usize) -> io::Result<Self> {
        let cells = cells.min(MAXIMUM_CELLS);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = File::options().read(true).write(true).create_new(true).open(path)?;
        // A full disk is an error here, and not a fault at a later store.
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, length(cells) as u64)?;
        // SAFETY: the file has this length, nobody shortens it while it has its name, and others only read it by system calls.
        let map = unsafe { MmapMut::map_mut(&file) }?;
        Ok(Self::with(map, kind, cells))
    }

    /// Cells that nobody else can read: for tests, and for an owner that has no file.
    ///
    /// # Errors
    /// The system has no memory.
    pub fn private(cells: usize) -> io::Result<Self> {
        let cells = cells.min(MAXIMUM_CELLS);
        Ok(Self::with(MmapOptions::new().len(length(cells)).map_anon()?, Kind(0), cells))
    }

    fn with(mut map: MmapMut, kind: Kind, cells: usize) -> Self {
        // Stores to every page, so that no later store is the first one.
        map.fill(0);
        map[0..8].copy_from_slice(&MAGIC);
        map[8..12].copy_from_slice(&VERSION.to_ne_bytes());
        map[12..16].copy_from_slice(&kind.0.to_ne_bytes());
        map[16..20].copy_from_slice(&(cells as u32).to_ne_bytes());
        Self { map: map.into(), cells }
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.cells
    }

    /// Whether there is no cell at all.
    pub fn is_empty(&self) -> bool {
        self.cells == 0
    }

    #[inline]
    fn cell(&self, cell: usize) -> Option<&AtomicU64> {
        if cell >= self.cells {
            return None;
        }
        // SAFETY: the map is longer than this by the check above, lives as long as `self`, begins at a page's begin, so that the
        // cell is aligned, and this process accesses cells only as atomics.
        Some(unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().add(HEADER_LENGTH + cell * CELL).cast()) })
    }

    /// Sets a cell. One that is not there stays unset.
    #[inline]
    pub fn set(&self, cell: usize, value: u64) {
        if let Some(cell) = self.cell(cell) {
            cell.store(value, Ordering::Relaxed);
        }
    }

    /// Adds to a cell that no other thread writes: without the locked instruction of an atomic addition.
    #[inline]
    pub fn add(&self, cell: usize, more: u64) {
        if let Some(cell) = self.cell(cell) {
            cell.store(cell.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
        }
    }

    /// Value of a cell; 0 of one that is not there.
    #[inline]
    pub fn get(&self, cell: usize) -> u64 {
        self.cell(cell).map_or(0, |cell| cell.load(Ordering::Relaxed))
    }
}

const fn length(cells: usize) -> usize {
    HEADER_LENGTH + cells * CELL
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file can't be read: its owner has never run here.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The file is of another kind, or its owner is a program of another version.
    #[error("{}: not a file of gauges that this version can read; run the programs of one version", path.display())]
    Other {
        /// The file.
        path: PathBuf,
    },
}

/// Reads all cells of a file, also of one that its owner writes. The values are not of exactly the same moment.
///
/// # Errors
/// [`ReadError`].
pub fn read(path: &Path, kind: Kind, cells: usize) -> Result<Vec<u64>, ReadError> {
    let io_error = |source| ReadError::Io { path: path.to_path_buf(), source };
    // A file that is longer than any of ours is not read into memory.
    if fs::metadata(path).map_err(io_error)?.len() != length(cells) as u64 {
        return Err(ReadError::Other { path: path.to_path_buf() });
    }
    let bytes = fs::read(path).map_err(io_error)?;
    decode(&bytes, kind, cells).ok_or_else(|| ReadError::Other { path: path.to_path_buf() })
}

fn decode(bytes: &[u8], kind: Kind, cells: usize) -> Option<Vec<u64>> {
    let (header, rest) = bytes.split_first_chunk::<HEADER_LENGTH>()?;
    let word = |at: usize| Some(u32::from_ne_bytes(*header.get(at..)?.first_chunk()?));
    let is_it = header.starts_with(&MAGIC)
        && word(8) == Some(VERSION)
        && word(12) == Some(kind.0)
        && word(16).is_some_and(|found| found as usize == cells)
        && rest.len() == cells * CELL;
    is_it.then(|| rest.as_chunks::<CELL>().0.iter().map(|cell| u64::from_ne_bytes(*cell)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind(7);

    #[test]
    fn what_is_set_and_added_is_read_while_the_owner_runs_and_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below").join("gauges");
        let gauges = Gauges::create(&path, KIND, 3).unwrap();
        gauges.set(0, 5);
        gauges.add(2, 7);
        gauges.add(2, 1);
        gauges.set(3, 9);
        gauges.add(usize::MAX, 9);
        assert_eq!([0, 1, 2, 3].map(|cell| gauges.get(cell)), [5, 0, 8, 0]);
        assert_eq!(read(&path, KIND, 3).unwrap(), [5, 0, 8]);
        drop(gauges);
        assert_eq!(read(&path, KIND, 3).unwrap(), [5, 0, 8]);
        let _again = Gauges::create(&path, KIND, 3).unwrap();
        assert_eq!(read(&path, KIND, 3).unwrap(), [0, 0, 0], "another owner begins again");
    }

    #[test]
    fn a_file_of_another_kind_or_length_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gauges");
        assert!(matches!(read(&path, KIND, 3), Err(ReadError::Io { .. })));
        drop(Gauges::create(&path, KIND, 3).unwrap());
        assert!(matches!(read(&path, Kind(8), 3), Err(ReadError::Other { .. })));
        for cells in [0, 2, 4] {
            assert!(matches!(read(&path, KIND, cells), Err(ReadError::Other { .. })), "{cells} cells");
        }
        let bytes = fs::read(&path).unwrap();
        for byte in 0..20 {
            let mut altered = bytes.clone();
            altered[byte] ^= 1;
            assert_eq!(decode(&altered, KIND, 3), None, "byte {byte} of the header");
        }
        assert_eq!(decode(&bytes[..bytes.len() - 1], KIND, 3), None, "cut");
    }

    #[test]
    fn private_cells_have_no_file_and_their_number_has_a_limit() {
        let gauges = Gauges::private(usize::MAX).unwrap();
        assert_eq!(gauges.len(), MAXIMUM_CELLS);
        gauges.set(MAXIMUM_CELLS - 1, 3);
        assert_eq!((gauges.get(MAXIMUM_CELLS - 1), gauges.get(MAXIMUM_CELLS)), (3, 0));
    }
}
