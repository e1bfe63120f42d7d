//! Where and when a program measures: the commit that it was built from, and the time.

use std::env;
use std::path::Path;
use std::process::Command;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Folder of a repository in which Cargo leaves programs.
const TARGET: &str = "target";

/// File beside a packaged program that names the commit it was built from.
const COMMIT: &str = "commit";

/// Now, in UTC as RFC 3339 has it, without fractions of a second.
pub fn now() -> String {
    rfc3339(OffsetDateTime::now_utc())
}

fn rfc3339(time: OffsetDateTime) -> String {
    let time = time.replace_nanosecond(0).unwrap_or(time);
    // Only a year beyond 9999 can't be written.
    time.format(&Rfc3339).unwrap_or_default()
}

/// The commit that the file `commit` beside this program names, as in a package; else that of the repository in whose `target` folder
/// this program is, followed by `-dirty` if tracked files differ from it. None for a program that is elsewhere, and where there is
/// no Git.
pub fn commit_of_program() -> Option<String> {
    let program = env::current_exe().ok()?.canonicalize().ok()?;
    let folder = program.parent()?;
    if let Ok(commit) = std::fs::read_to_string(folder.join(COMMIT)) {
        return Some(commit.trim().to_owned());
    }
    let root = git(folder, &["rev-parse", "--show-toplevel"])?;
    if !program.starts_with(Path::new(&root).join(TARGET)) {
        return None;
    }
    let commit = git(folder, &["rev-parse", "HEAD"])?;
    let changes = git(Path::new(&root), &["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changes.is_empty() { commit } else { format!("{commit}-dirty") })
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_to_the_second() {
        let time = OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_987_654_321).expect("a time");
        assert_eq!(rfc3339(time), "2023-11-14T22:13:20Z");
        assert_eq!(now().len(), "2023-11-14T22:13:20Z".len());
    }
}
