//! The parts that all viewers get alike, written once for all of them.

use std::sync::Arc;

use serde::Serialize;

use crate::sources::Shared;

/// A part of the page's state, as JSON.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Number that grows whenever the part changes; 0 is none.
    pub version: u64,
    /// The part.
    pub json: Arc<str>,
}

/// What all viewers get alike.
#[derive(Debug, Clone)]
pub(super) struct Published {
    /// The clusters.
    pub clusters: Part,
    /// The partition map.
    pub map: Part,
}

impl Default for Published {
    fn default() -> Self {
        let nothing = Part { version: 0, json: Arc::from("null") };
        Self { clusters: nothing.clone(), map: nothing }
    }
}

impl Published {
    /// The state as it is now, after this one.
    pub(super) fn next(&self, shared: &Shared) -> Self {
        let (clusters, map) = {
            let model = shared.model();
            (model.clusters(), model.map_view())
        };
        Self { clusters: self.clusters.next(&clusters), map: self.map.next(&map) }
    }
}

impl Part {
    fn next(&self, value: &impl Serialize) -> Self {
        // Views are numbers, texts and lists of them, which always have a JSON form.
        let json = serde_json::to_string(value).unwrap_or_else(|_| String::from("null"));
        if *json == *self.json {
            return self.clone();
        }
        Self { version: self.version + 1, json: Arc::from(json) }
    }
}
