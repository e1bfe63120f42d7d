//! How a cluster is, all in all, in a word and a sentence.

use std::time::Duration;

use lugus_node::deployment_status::Member;

use super::view::{Agreement, HealthLevel, HealthView};

/// A member that lags more is told of, in bytes: some seven thousand commands.
const GREATEST_LAG: i64 = 1 << 20;

/// What is known of a cluster beside its members.
#[derive(Debug)]
pub(super) struct Condition {
    /// Who leads.
    pub leader: Option<i32>,
    /// For how long nobody has led.
    pub leaderless_for: Option<Duration>,
    /// Whether states agree.
    pub agreement: Agreement,
    /// Lag of the member that is furthest behind, in bytes.
    pub greatest_lag: Option<i64>,
}

/// The worst that is the case.
pub(super) fn health<'m>(members: impl Iterator<Item = &'m Member> + Clone, condition: &Condition) -> HealthView {
    let count = members.clone().count();
    let running = members.clone().filter(|member| member.runs()).count();
    let joined = members.clone().filter(|member| member.has_joined).count();
    let majority = count / 2 + 1;
    let (level, text) = if condition.agreement == Agreement::Differ {
        (HealthLevel::Alarm, String::from("states differ"))
    } else if running == 0 {
        (HealthLevel::Alarm, String::from("no member runs"))
    } else if running < majority {
        (HealthLevel::Alarm, format!("no majority: {running} of {count} members run"))
    } else if condition.leader.is_none() {
        let time =
            condition.leaderless_for.map_or_else(String::new, |time| format!(" for {:.1} s", time.as_secs_f64()));
        (HealthLevel::Alarm, format!("no leader{time}"))
    } else if joined < count {
        let edge = if joined == majority && count > 1 { ", one more and nothing is committed" } else { "" };
        (HealthLevel::Warning, format!("{joined} of {count} members{edge}"))
    } else if let Some(member) = members.clone().find(|member| member.clock_differs) {
        (HealthLevel::Warning, format!("clock of member {} is off", member.id))
    } else if condition.greatest_lag.is_some_and(|lag| lag > GREATEST_LAG) {
        (HealthLevel::Warning, String::from("a member lags"))
    } else {
        let text = if count == 1 { String::from("the only member leads") } else { format!("all {count} members") };
        (HealthLevel::Good, text)
    };
    HealthView { level, text }
}
