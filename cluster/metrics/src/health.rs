//! What `/health` answers.

use serde::Serialize;

/// Whether everything that is watched lives, and may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Whether all parts live.
    pub live: bool,
    /// Whether all parts are ready.
    pub ready: bool,
    /// The parts.
    pub parts: Vec<Part>,
}

/// A part of what is watched: a process, or several that live and die together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What it is called.
    pub name: String,
    /// Whether it runs.
    pub live: bool,
    /// Whether it does its work.
    pub ready: bool,
    /// The reason, if it is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Part {
    /// A part that runs, and does its work unless there is a reason why it does not.
    pub fn living(name: impl Into<String>, reason: Option<String>) -> Self {
        Self { name: name.into(), live: true, ready: reason.is_none(), reason }
    }

    /// A part that does not run.
    pub fn dead(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { name: name.into(), live: false, ready: false, reason: Some(reason.into()) }
    }
}

impl Health {
    /// The health of the whole. Nothing at all is neither live nor ready.
    pub fn of(parts: Vec<Part>) -> Self {
        let all = |is: fn(&Part) -> bool| !parts.is_empty() && parts.iter().all(is);
        Self { live: all(|part| part.live), ready: all(|part| part.ready), parts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_is_what_all_parts_are() {
        let ready = Part::living("a", None);
        let behind = Part::living("b", Some("catches up".to_owned()));
        let health = |parts: &[&Part]| {
            let Health { live, ready, .. } = Health::of(parts.iter().map(|part| (*part).clone()).collect());
            (live, ready)
        };
        assert_eq!(health(&[&ready]), (true, true));
        assert_eq!(health(&[&ready, &behind]), (true, false));
        assert_eq!(health(&[&ready, &Part::dead("c", "down")]), (false, false));
        assert_eq!(health(&[]), (false, false));
    }
}
