//! Arguments of the commands that work on what members' archives have recorded.

use std::path::PathBuf;

use clap::Args;

/// Which members' logs.
#[derive(Debug, Clone, Default, Args)]
pub struct ArchivedMembers {
    /// Only this cluster, given as name or number.
    #[arg(long)]
    pub cluster: Option<String>,
    /// Only the member with this number.
    #[arg(long)]
    pub member: Option<u8>,
    /// Read the copies of a member's folders `archive` and `cluster` in this folder, as `lugus backup` makes them, instead of
    /// those of members on this host.
    #[arg(long, value_name = "FOLDER", conflicts_with = "member")]
    pub dir: Option<PathBuf>,
}

/// `lugus audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// Which members' logs to read.
    #[command(flatten)]
    pub members: ArchivedMembers,
}

/// `lugus export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Whose log to read.
    #[command(flatten)]
    pub members: ArchivedMembers,
    /// Leave out commands that end before this log position.
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(0..))]
    pub from: Option<i64>,
    /// Leave out commands that end after this log position.
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(i64).range(0..))]
    pub to: Option<i64>,
    /// Write the events of each command after it, as the engine makes them.
    #[arg(long)]
    pub events: bool,
    /// File to write [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Export {
    /// What contradicts itself, if anything does.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let is_empty = self.from.zip(self.to).is_some_and(|(from, to)| from > to);
        is_empty.then_some("--from is after --to")
    }
}

/// `lugus backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// Folder of the backup.
    pub folder: PathBuf,
    /// The cluster, as name or number.
    #[arg(long, default_value = "0")]
    pub cluster: String,
    /// Go on with what the cluster does, until SIGINT or SIGTERM.
    #[arg(long)]
    pub follow: bool,
    /// Address of this machine at which members can reach it [default: that of the cluster's first member].
    #[arg(long)]
    pub host: Option<String>,
}

/// `lugus recover`.
#[derive(Debug, Args)]
pub struct Recover {
    /// Folder of the backup.
    pub folder: PathBuf,
    /// The cluster, as name or number.
    #[arg(long, default_value = "0")]
    pub cluster: String,
    /// Only this member, where members are on several hosts. All members of the cluster must be recovered from the same backup.
    #[arg(long)]
    pub member: Option<u8>,
}

/// `lugus repair`.
#[derive(Debug, Args)]
pub struct Repair {
    /// The member's number.
    #[arg(long)]
    pub member: u8,
    /// The cluster, as name or number.
    #[arg(long, default_value = "0")]
    pub cluster: String,
}
