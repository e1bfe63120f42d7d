//! The file that a process' output goes to: it is bounded, since a process writes for as long as it lives.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lugus_topology::{Log, Size};

use crate::ProcessError;

/// Greatest number of lines, and of bytes, of a log that an error quotes.
const QUOTED_LINES: usize = 20;
const QUOTED_BYTES: u64 = 4_096;

/// Interval at which the length of a log is looked at.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The log of a process that this process has started.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    limit: Log,
    checked: Instant,
}

impl LogFile {
    /// Begins the log. A file of an earlier process is kept under its name with `.old` at the end.
    pub(crate) fn begin(path: PathBuf, limit: Log) -> Result<(Self, File), ProcessError> {
        if path.exists() {
            fs::rename(&path, with_ending(&path, "old")).map_err(ProcessError::file("rename", &path))?;
        }
        let file = File::options().create(true).append(true).open(&path).map_err(ProcessError::file("make", &path))?;
        Ok((Self { path, limit, checked: Instant::now() }, file))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Sets a file that has become too long aside. The process goes on writing at the begin of the same file, so what it writes
    /// between the end of the copy and the cut, some microseconds, is lost. To be called often.
    pub(crate) fn bound(&mut self) {
        if self.checked.elapsed() < CHECK_INTERVAL {
            return;
        }
        self.checked = Instant::now();
        let length = fs::metadata(&self.path).map_or(0, |file| file.len());
        if length > self.limit.maximum_size.as_bytes()
            && let Err(error) = set_aside(&self.path, self.limit.kept)
        {
            // The next attempt is due when it has grown as much again.
            self.limit.maximum_size = Size::bytes(length.saturating_mul(2));
            tracing::warn!(log = %self.path.display(), length, %error, "can't set a long log aside: it grows on");
        }
    }

    /// Whether the process has written `line`, lately.
    pub(crate) fn ends_with(&self, line: &str) -> bool {
        read_end(&self.path).lines().any(|written| written == line)
    }

    /// The last lines, for an error.
    pub(crate) fn last_lines(&self) -> String {
        let end = read_end(&self.path);
        let lines: Vec<&str> = end.lines().filter(|line| !line.trim().is_empty()).collect();
        let first = lines.len().saturating_sub(QUOTED_LINES);
        lines.get(first..).unwrap_or_default().join("\n")
    }
}

/// `FILE` becomes `FILE.1`, which becomes `FILE.2`, and so on; there are at most `kept`.
fn set_aside(path: &Path, kept: u32) -> io::Result<()> {
    let aside = |number: u32| with_ending(path, &number.to_string());
    for number in (1..kept).rev() {
        match fs::rename(aside(number), aside(number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let mut file = File::options().read(true).write(true).open(path)?;
    if kept > 0 {
        let mut copy = File::create(aside(1))?;
        // Once more for what was written meanwhile.
        while io::copy(&mut file, &mut copy)? > 0 {}
    }
    file.set_len(0)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn read_end(log: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(QUOTED_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(QUOTED_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_long_log_is_set_aside_and_the_oldest_files_are_deleted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let mut writer = File::options().create(true).append(true).open(&path).expect("a log");
        for round in 0..4 {
            writeln!(writer, "round {round}").expect("written");
            set_aside(&path, 2).expect("set aside");
        }
        writeln!(writer, "round 4").expect("written");
        let texts = ["log", "log.1", "log.2"].map(|name| fs::read_to_string(folder.path().join(name)).expect("a file"));
        assert_eq!(texts, ["round 4\n", "round 3\n", "round 2\n"]);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3);
        set_aside(&path, 0).expect("cut");
        assert_eq!(fs::read_to_string(&path).expect("a file"), "");
    }
}
