//! What sources fill, and viewers read.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use lugus_topology::Deployment;

use super::viewed_books::ViewedBooks;
use crate::model::{Model, Moment};

/// What sources fill, and viewers read.
#[derive(Debug)]
pub struct Shared {
    /// Begin of the program.
    pub origin: Instant,
    model: Mutex<Model>,
    books: Mutex<ViewedBooks>,
}

impl Shared {
    /// Nothing has been seen yet.
    pub fn new(deployment: &Deployment) -> Self {
        let origin = Instant::now();
        let model = Mutex::new(Model::new(deployment, Moment::now(origin)));
        Self { origin, model, books: Mutex::default() }
    }

    /// The model.
    pub fn model(&self) -> MutexGuard<'_, Model> {
        // Whoever panicked with it has ended its thread, and left a model that is at worst old.
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The books that somebody views.
    pub fn books(&self) -> MutexGuard<'_, ViewedBooks> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
