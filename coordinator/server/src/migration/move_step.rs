//! The steps of a move, with the names that operators and the documentation use.

use std::fmt;

use super::messages::Party;

/// A step of a move, or of its undoing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MoveStep {
    /// The coordinator records that the move begins.
    Begin,
    /// The records of the old cluster are copied to the new one, while the old one trades.
    CopyAhead,
    /// The old cluster stops taking commands.
    Fence,
    /// The new cluster is told the manifest of the records to come.
    Import,
    /// The records of the old cluster are copied to the new one.
    Export,
    /// The new cluster checks that it has received what was exported.
    Verify,
    /// The coordinator records that the new cluster owns the instrument. The move can no longer be undone.
    Commit,
    /// The new cluster starts taking commands.
    Activate,
    /// The old cluster deletes the instrument.
    Drop,
    /// The coordinator records the end of the move, or of its undoing.
    Finish,
    /// The coordinator records that the move is being undone.
    Abort,
    /// The new cluster deletes what it has imported.
    DropImport,
    /// The old cluster takes commands again.
    Unfence,
    /// The new cluster deletes what was copied ahead of the fence, and is of no use.
    DropAhead,
}

impl MoveStep {
    /// All steps: those of a move in order, then those that undo a move, and the one that gives up what was copied ahead. Undoing
    /// also ends with `Finish`.
    pub const ALL: [Self; 14] = [
        Self::Begin,
        Self::CopyAhead,
        Self::Fence,
        Self::Import,
        Self::Export,
        Self::Verify,
        Self::Commit,
        Self::Activate,
        Self::Drop,
        Self::Finish,
        Self::Abort,
        Self::DropImport,
        Self::Unfence,
        Self::DropAhead,
    ];

    /// Name of the step, as `lugus migrate --hold-before` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::CopyAhead => "copy-ahead",
            Self::Fence => "fence",
            Self::Import => "import",
            Self::Export => "export",
            Self::Verify => "verify",
            Self::Commit => "commit",
            Self::Activate => "activate",
            Self::Drop => "drop",
            Self::Finish => "finish",
            Self::Abort => "abort",
            Self::DropImport => "drop-import",
            Self::Unfence => "unfence",
            Self::DropAhead => "drop-ahead",
        }
    }

    /// The party that does the step.
    pub const fn party(self) -> Party {
        match self {
            Self::Begin | Self::Commit | Self::Finish | Self::Abort => Party::Coordinator,
            Self::CopyAhead | Self::Fence | Self::Drop | Self::Unfence => Party::From,
            Self::Import | Self::Export | Self::Verify | Self::Activate | Self::DropImport | Self::DropAhead => {
                Party::To
            }
        }
    }

    /// What the party is asked to do, as a phrase that follows "did not" or "refused to".
    pub const fn request(self) -> &'static str {
        match self {
            Self::Begin => "begin the move",
            Self::CopyAhead => "copy the instrument ahead of the fence",
            Self::Fence => "fence the instrument",
            Self::Import => "begin the import",
            Self::Export => "copy the instrument",
            Self::Verify => "check the import",
            Self::Commit => "commit the move",
            Self::Activate => "activate the instrument",
            Self::Drop => "drop the instrument",
            Self::Finish => "finish the move",
            Self::Abort => "undo the move",
            Self::DropImport => "drop the import",
            Self::Unfence => "unfence the instrument",
            Self::DropAhead => "drop what was copied ahead",
        }
    }
}

impl fmt::Display for MoveStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
