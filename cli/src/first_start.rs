//! What the first start of a deployment makes on this host, so that a start that fails leaves nothing behind.

use std::fs;
use std::path::{Path, PathBuf};

use lugus_topology::Deployment;

use crate::deployed_process;

/// Files and folders that were not there before the first start of a deployment. They hold nothing that anybody could miss.
#[derive(Debug, Default)]
pub struct FirstStart {
    /// Made by the start, with all that is in them.
    made: Vec<PathBuf>,
    /// Folders above those, the lowest first. Others may have put something into them.
    above: Vec<PathBuf>,
}

impl FirstStart {
    /// Notes a file or folder that is about to be made, and the missing folders above it. What is there already is not noted.
    pub fn note(&mut self, path: &Path) {
        // A broken link is something, too.
        if path.symlink_metadata().is_ok() {
            return;
        }
        self.made.push(path.to_path_buf());
        let missing = path.ancestors().skip(1).take_while(|above| !above.as_os_str().is_empty() && !above.exists());
        for above in missing {
            if !self.above.iter().any(|noted| noted == above) {
                self.above.push(above.to_path_buf());
            }
        }
        self.above.sort_by_key(|above| std::cmp::Reverse(above.components().count()));
    }

    /// Notes all that a deployment's processes make on this host, if none of them has any state here yet. Otherwise a member
    /// might have a part of the log that others rely on, so nothing is noted.
    pub fn note_state(&mut self, deployment: &Deployment) {
        let mut folders: Vec<PathBuf> =
            deployed_process::of(deployment).into_iter().map(|process| process.dir).collect();
        for member in deployment.cluster_specs().into_iter().flat_map(|cluster| cluster.members) {
            folders.extend([member.archive_dir, member.cluster_dir]);
        }
        if deployment.coordinator.is_some() {
            folders.push(deployment.coordinator_spec().archive_dir);
        }
        if folders.iter().any(|folder| folder.is_dir()) {
            return;
        }
        for folder in folders.iter().chain([&deployment.aeron_root()]) {
            self.note(folder);
        }
    }

    /// Whether nothing was noted, so that nothing is removed.
    pub fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// Removes what was noted and made. All processes of the deployment must have ended. What can't be removed stays.
    pub fn undo(&self) {
        for made in &self.made {
            let _ = if made.is_dir() { fs::remove_dir_all(made) } else { fs::remove_file(made) };
        }
        for above in &self.above {
            // Only if it is empty.
            let _ = fs::remove_dir(above);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(folder: &Path) -> Deployment {
        let mut deployment = Deployment::default_local(3, 20_100);
        deployment.dir = folder.join("new/state");
        deployment.aeron_dir = Some(folder.join("aeron"));
        deployment
    }

    fn everything_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_the_first_start_made_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("mine"), "").expect("written");
        let deployment = deployment(folder.path());
        let file = folder.path().join("new/cluster.toml");
        let mut first = FirstStart::default();
        first.note(&file);
        first.note(&folder.path().join("mine"));
        first.note_state(&deployment);
        assert!(!first.is_empty());

        for process in deployed_process::of(&deployment) {
            fs::create_dir_all(process.dir.join("archive")).expect("made");
        }
        fs::create_dir_all(deployment.aeron_root().join("driver")).expect("made");
        fs::write(&file, "").expect("written");
        first.undo();
        assert_eq!(everything_in(folder.path()), ["mine"]);
    }

    #[test]
    fn a_folder_that_somebody_else_has_used_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut first = FirstStart::default();
        first.note_state(&deployment(folder.path()));
        fs::create_dir_all(folder.path().join("new/notes")).expect("made");
        first.undo();
        assert_eq!(everything_in(&folder.path().join("new")), ["notes"]);
    }

    #[test]
    fn state_that_was_there_before_is_not_touched() {
        let folder = tempfile::tempdir().expect("a folder");
        let deployment = deployment(folder.path());
        let member = deployment.cluster_specs()[0].members[2].clone();
        fs::create_dir_all(&member.archive_dir).expect("made");
        let mut first = FirstStart::default();
        first.note_state(&deployment);
        assert!(first.is_empty());
        first.undo();
        assert!(member.archive_dir.is_dir());
    }
}
