//! Time stamps of sampled commands on their way through a member.
//!
//! A member whose deployment has `[stages] every` keeps a [`StageRecord`] of one command in N. [`StageWriter`] writes the
//! records into a file of fixed length that is mapped into memory, so that the service's thread neither allocates nor calls the
//! system; when the file is full, the oldest record is overwritten. [`StageFile::read`] reads such a file, also while its member
//! runs and after its member was killed.

mod file_layout;
mod reader;
mod record;
mod writer;

pub use file_layout::{MAXIMUM_CAPACITY, RECORD_LENGTH};
pub use reader::{ReadError, StageFile};
pub use record::{StageRecord, StageSource};
pub use writer::StageWriter;
