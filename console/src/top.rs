//! The core of the console in a terminal: the same model, drawn by ratatui.
//!
//! | file | what it is |
//! |---|---|
//! | `screen` | what is shown at one moment, and what the keys have chosen |
//! | `draw` | the screen, drawn |
//! | `notation` | numbers as text |

mod draw;
mod notation;
mod screen;

use std::io;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyEventKind};
use thiserror::Error;

pub use draw::draw;
pub use screen::{Keys, Pane, Screen};

use crate::sources::Shared;

/// Time between two pictures.
const INTERVAL: Duration = Duration::from_millis(250);

/// Why nothing can be shown.
#[derive(Debug, Error)]
pub enum TopError {
    /// Standard output is no terminal.
    #[error("standard output is no terminal; for scripts there is --json")]
    NoTerminal,
    /// The terminal fails.
    #[error("the terminal can't be used: {0}")]
    Terminal(#[from] io::Error),
}

/// Shows the model in the terminal at standard output until the user ends it, or `is_stopped`.
///
/// # Errors
/// [`TopError`].
pub fn run(shared: &Shared, mut is_stopped: impl FnMut() -> bool) -> Result<(), TopError> {
    let mut terminal = ratatui::try_init()?;
    let mut keys = Keys::default();
    let mut shown = || -> Result<(), TopError> {
        while !is_stopped() && !keys.is_quit() {
            let screen = Screen::of(&shared.model(), &keys);
            terminal.draw(|frame| draw(frame, &screen))?;
            // All keys that were pressed, then the next picture.
            let mut patience = INTERVAL;
            while event::poll(patience)? {
                patience = Duration::ZERO;
                if let Event::Key(key) = event::read()?
                    && key.kind != KeyEventKind::Release
                {
                    keys.press(key.code, key.modifiers, &screen);
                }
            }
        }
        Ok(())
    };
    let result = shown();
    ratatui::try_restore()?;
    result
}

#[cfg(test)]
#[path = "top_tests.rs"]
mod tests;
