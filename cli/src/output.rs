//! Standard output of a command: text for people, or one JSON document for scripts.

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;

use crate::failure::Failure;

/// The form in which a command prints its answer.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// JSON output if `json` is set, otherwise text.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether the output is JSON.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Prints the answer: `value` as one line of JSON, or `text`.
    ///
    /// # Errors
    /// When standard output can't be written.
    pub fn answer(self, value: &impl Serialize, text: impl Display) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let written = if self.json {
            serde_json::to_writer(&mut stdout, value).map_err(io::Error::from).and_then(|()| writeln!(stdout))
        } else {
            writeln!(stdout, "{text}")
        };
        written.map_err(|error| Failure::new(format!("can't write to standard output: {error}")))
    }

    /// Prints a line about progress; only in text output.
    pub fn say(self, text: impl Display) {
        if !self.json {
            println!("{text}");
        }
    }
}
