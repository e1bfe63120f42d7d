//! The fence: a file in the directory of a member's consensus module, which says why the member must not run. A member that
//! finds it does not start. It goes with the directory when the member's state is taken away to be made anew.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lugus_topology::MemberSpec;
use thiserror::Error;

use super::comparison::Contradiction;

/// Name of the file in the directory of the member's consensus module.
const FILE_NAME: &str = "fenced";
/// Length of the longest text that is read of it, in bytes.
const MAXIMUM_LENGTH: usize = 4_096;

/// A majority of its cluster has another state than this member, which has ended for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradicted {
    /// What differs.
    pub contradiction: Contradiction,
    /// Directories of the member's state, which is wrong.
    pub directories: [PathBuf; 2],
}

/// Why a member does not start.
#[derive(Debug, Error)]
pub enum FenceError {
    /// It has fenced itself.
    #[error("the member is fenced ({path}): {text}")]
    Fenced {
        /// The fence.
        path: PathBuf,
        /// What the fence says.
        text: String,
    },
    /// It is not known whether it has.
    #[error("can't read {path}: {source}; nobody knows whether the member may start")]
    Read {
        /// The fence.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Contradicted {
    /// The contradiction of a member.
    pub fn new(contradiction: Contradiction, member: &MemberSpec) -> Self {
        Self { contradiction, directories: [member.archive_dir.clone(), member.cluster_dir.clone()] }
    }

    /// Writes the fence, so that it is there after a loss of power.
    ///
    /// # Errors
    /// The system's.
    pub fn write(&self, member: &MemberSpec) -> io::Result<()> {
        let path = path(member);
        let unfinished = path.with_extension("new");
        let mut file = File::create(&unfinished)?;
        writeln!(file, "{self}")?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        File::open(&member.cluster_dir)?.sync_all()
    }
}

impl std::error::Error for Contradicted {}

/// What differs, and what to do.
impl fmt::Display for Contradicted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Contradiction { position, own, majority, last_agreed } = self.contradiction;
        let since = match last_agreed {
            Some(agreed) => format!("The states were last equal at position {agreed}"),
            None => String::from("No position is known at which the states were equal"),
        };
        let [archive, cluster] = self.directories.each_ref().map(|directory| directory.display());
        write!(
            f,
            "a majority of the members has another state than this one: at log position {position} its hash is {:016x}, theirs \
             is {:016x}. {since}. The member does not start again before it is repaired: move {archive} and {cluster} away, \
             and start it, so that it gets its state from the others",
            own.0, majority.0
        )
    }
}

/// Checks that a member has not fenced itself.
///
/// # Errors
/// [`FenceError`].
pub fn check(member: &MemberSpec) -> Result<(), FenceError> {
    let path = path(member);
    match text(&path) {
        Ok(None) => Ok(()),
        Ok(Some(text)) => Err(FenceError::Fenced { path, text }),
        Err(source) => Err(FenceError::Read { path, source }),
    }
}

/// What the fence of a member on this host says, if there is one that can be read.
pub fn reason(member: &MemberSpec) -> Option<String> {
    text(&path(member)).ok().flatten()
}

fn path(member: &MemberSpec) -> PathBuf {
    member.cluster_dir.join(FILE_NAME)
}

fn text(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => {
            let bytes = &bytes[..bytes.len().min(MAXIMUM_LENGTH)];
            Ok(Some(String::from_utf8_lossy(bytes).trim_end().to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use lugus_topology::{ClusterId, Deployment, MemberId};
    use lugus_vocabulary::{LogPosition, StateHash};

    use super::*;

    #[test]
    fn a_fence_says_between_which_positions_and_stops_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let mut deployment = Deployment::default_local(3, 20_100);
        deployment.dir = folder.path().to_path_buf();
        let cluster = deployment.cluster(ClusterId(0)).unwrap();
        let member = cluster.member(MemberId(1)).unwrap();
        assert!(check(member).is_ok(), "before the first start there is no directory");
        fs::create_dir_all(&member.cluster_dir).unwrap();
        let (position, last_agreed) = (LogPosition(9_000), Some(LogPosition(8_000)));
        let contradiction = Contradiction { position, own: StateHash(171), majority: StateHash(205), last_agreed };
        let contradicted = Contradicted::new(contradiction, member);
        contradicted.write(member).unwrap();
        let refusal = check(member).unwrap_err().to_string();
        for told in ["9000", "8000", "00000000000000ab", "00000000000000cd", member.archive_dir.to_str().unwrap()] {
            assert!(refusal.contains(told), "{told}: {refusal}");
        }
        assert_eq!(reason(member), Some(contradicted.to_string()));
        fs::remove_dir_all(&member.cluster_dir).unwrap();
        assert!(check(member).is_ok(), "the fence goes with the state that it is about");
    }

    #[test]
    fn a_fence_that_cannot_be_read_stops_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let mut deployment = Deployment::default_local(1, 20_100);
        deployment.dir = folder.path().to_path_buf();
        let cluster = deployment.cluster(ClusterId(0)).unwrap();
        fs::create_dir_all(path(&cluster.members[0])).unwrap();
        assert!(matches!(check(&cluster.members[0]), Err(FenceError::Read { .. })));
    }
}
