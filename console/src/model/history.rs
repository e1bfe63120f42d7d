//! The curves of a cluster: a point a second, and marks, bounded in number.

use std::collections::VecDeque;

use serde::Serialize;

/// Greatest number of points of a cluster: a quarter of an hour.
pub const MAXIMUM_POINTS: usize = 900;
/// Greatest number of marks of a cluster.
pub const MAXIMUM_MARKS: usize = 32;

/// The numbers of a cluster at one second. A number is `None` while it is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Seconds since 1970.
    pub at: i64,
    /// Commands a second.
    pub commands: Option<f64>,
    /// Bytes of committed log a second.
    pub log: Option<f64>,
    /// Median of the time from a command's log time to its answers, in microseconds.
    pub p50_us: Option<f64>,
    /// 99th percentile of that time, in microseconds.
    pub p99_us: Option<f64>,
    /// Bytes by which the member that is furthest behind lags.
    pub lag: Option<i64>,
}

/// What a mark on the curves is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// The leader has died, and another leads.
    FailOver,
    /// There was an election while the leader lived.
    Election,
    /// A snapshot was taken.
    Snapshot,
}

/// A mark on the curves of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// What for.
    pub kind: MarkKind,
    /// What has happened.
    pub text: String,
}

/// The points and marks of a cluster, the oldest first.
#[derive(Debug, Default)]
pub struct History {
    points: VecDeque<Point>,
    marks: VecDeque<Mark>,
}

impl History {
    /// Adds the point of a second. A second that has its point already, as after the clock was set back, gets no other.
    pub fn add(&mut self, point: Point) {
        if self.points.back().is_some_and(|last| point.at <= last.at) {
            return;
        }
        if self.points.len() == MAXIMUM_POINTS {
            self.points.pop_front();
        }
        self.points.push_back(point);
        let oldest = self.points.front().map_or(i64::MIN, |point| point.at.saturating_mul(1_000));
        while self.marks.front().is_some_and(|mark| mark.at_ms < oldest) {
            self.marks.pop_front();
        }
    }

    /// Adds a mark.
    pub fn mark(&mut self, mark: Mark) {
        if self.marks.len() == MAXIMUM_MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(mark);
    }

    /// The points after a second.
    pub fn after(&self, second: i64) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(move |point| point.at > second)
    }

    /// The marks.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: i64) -> Point {
        Point { at, commands: None, log: None, p50_us: None, p99_us: None, lag: Some(at) }
    }

    #[test]
    fn points_and_marks_are_bounded_and_old_marks_go_with_their_points() {
        let mut history = History::default();
        let mark = |at_ms| Mark { at_ms, kind: MarkKind::Election, text: String::new() };
        history.mark(mark(1_500));
        for second in 0..MAXIMUM_POINTS as i64 {
            history.add(point(second));
        }
        history.add(point(5));
        assert_eq!((history.after(i64::MIN).count(), history.marks().count()), (MAXIMUM_POINTS, 1));
        history.add(point(MAXIMUM_POINTS as i64));
        assert_eq!(history.marks().count(), 1);
        history.add(point(MAXIMUM_POINTS as i64 + 1));
        assert_eq!(history.marks().count(), 0, "its second is gone");
        for at in 0..100 {
            history.mark(mark(1_000_000 + at));
        }
        assert_eq!(history.marks().count(), MAXIMUM_MARKS);
        assert_eq!(history.after(MAXIMUM_POINTS as i64).map(|point| point.at).collect::<Vec<_>>(), [901]);
    }
}
