//! What has happened, the newest last, bounded in number.

use std::collections::VecDeque;

use serde::Serialize;

use super::moment::Moment;

/// Greatest number of events that are kept; the oldest are dropped.
pub const MAXIMUM_EVENTS: usize = 500;

/// How much an event concerns whoever is on duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It belongs to the work.
    Info,
    /// Something to look at.
    Warning,
    /// Somebody should act.
    Alarm,
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    /// Who leads.
    Leader,
    /// A member comes or goes.
    Member,
    /// Agreement of states.
    State,
    /// Snapshots.
    Snapshot,
    /// Disks.
    Disk,
    /// The partition map, and moves of instruments.
    Map,
}

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Number of the event; the next one has the next number.
    pub number: u64,
    /// When it was seen, in milliseconds since 1970.
    pub at_ms: i64,
    /// How much it concerns.
    pub level: Level,
    /// What it is about.
    pub topic: Topic,
    /// The cluster, if it is about one.
    pub cluster: Option<String>,
    /// The member, if it is about one.
    pub member: Option<i32>,
    /// What has happened.
    pub text: String,
}

/// The newest events.
#[derive(Debug, Default)]
pub struct EventLog {
    events: VecDeque<Event>,
    next: u64,
}

/// What an event is about, while it is being told.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Its topic.
    pub topic: Topic,
    /// Name of its cluster.
    pub cluster: Option<&'a str>,
    /// Its member.
    pub member: Option<i32>,
}

impl EventLog {
    /// Adds an event.
    pub fn add(&mut self, now: Moment, level: Level, about: About<'_>, text: impl Into<String>) {
        if self.events.len() == MAXIMUM_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(Event {
            number: self.next,
            at_ms: now.epoch_ms,
            level,
            topic: about.topic,
            cluster: about.cluster.map(str::to_owned),
            member: about.member,
            text: text.into(),
        });
        self.next += 1;
    }

    /// Number of the next event.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The events from a number on, as far as they are kept, the oldest first.
    pub fn since(&self, number: u64) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.iter().filter(move |event| event.number >= number)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_oldest_events_are_dropped_and_numbers_go_on() {
        let mut log = EventLog::default();
        let now = Moment { elapsed: Duration::ZERO, epoch_ms: 7 };
        let about = About { topic: Topic::Leader, cluster: Some("A"), member: None };
        for number in 0..MAXIMUM_EVENTS as u64 + 10 {
            log.add(now, Level::Info, about, number.to_string());
        }
        let kept: Vec<_> = log.since(0).map(|event| event.number).collect();
        assert_eq!((kept.len(), kept[0], log.next()), (MAXIMUM_EVENTS, 10, MAXIMUM_EVENTS as u64 + 10));
        let newest: Vec<_> = log.since(log.next() - 2).map(|event| event.text.as_str()).collect();
        assert_eq!(newest, ["508", "509"]);
    }
}
