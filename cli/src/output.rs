//! What a command answers: a text for people, or one JSON document for machines.

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;

use crate::failure::Failure;

/// Where answers go, and in which form.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// For machines, if `json`.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a machine reads.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// The answer: `value` as one line of JSON, or what people read.
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
        written.map_err(|error| Failure::new(format!("standard output: {error}")))
    }

    /// What goes on meanwhile: for people only.
    pub fn say(self, text: impl Display) {
        if !self.json {
            println!("{text}");
        }
    }
}
