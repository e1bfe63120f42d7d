//! A running cluster as its metrics show it: today's load, what is used of each limit, and when the growth meets it.
//!
//! Two answers of `/metrics`, or the two ends of a range that Prometheus answered (`query_range`), are compared. What grows is taken to go on
//! growing as it did between them, which seconds can't tell well: days can.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::PlanError;

/// Greatest length of an answer that is read, in bytes.
pub const MAXIMUM_LENGTH: usize = 64 << 20;

/// Longest time until a limit that is told, in days: what is beyond is no forecast.
const HORIZON_DAYS: f64 = 3_650.0;

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// The series of one moment: value by name and labels, as the text has them (`lugus_sessions{cluster="A",member="0"}`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scrape {
    origin: String,
    /// Seconds since any fixed moment.
    at_s: f64,
    series: BTreeMap<String, f64>,
}

impl Scrape {
    /// Reads Prometheus' text format, or OpenMetrics, as of `at_s`. `origin` is a file or an address, for errors.
    ///
    /// # Errors
    /// A line is neither a comment nor a series with a number.
    pub fn parse(origin: &str, text: &str, at_s: f64) -> Result<Self, PlanError> {
        let mut series = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let unreadable = |problem: &str| PlanError::Unreadable {
                origin: origin.to_owned(),
                line: number + 1,
                problem: format!("{problem} in \"{}\"", line.chars().take(80).collect::<String>()),
            };
            let end_of_name = match line.rfind('}') {
                Some(brace) => brace + 1,
                None => line.find(' ').ok_or_else(|| unreadable("no value"))?,
            };
            let (name, rest) = line.split_at(end_of_name);
            let value = rest.split_ascii_whitespace().next().and_then(|value| value.parse().ok());
            series.insert(name.to_owned(), value.ok_or_else(|| unreadable("no number"))?);
        }
        Ok(Self { origin: origin.to_owned(), at_s, series })
    }

    /// Reads what Prometheus answers to `query_range`: the first and the last moment of it.
    ///
    /// # Errors
    /// It is no such answer, or has no two moments.
    pub fn parse_range(origin: &str, text: &str) -> Result<[Self; 2], PlanError> {
        let unreadable = |problem: String| PlanError::Unreadable { origin: origin.to_owned(), line: 1, problem };
        let answer: RangeAnswer =
            serde_json::from_str(text).map_err(|error| unreadable(format!("no answer of query_range: {error}")))?;
        let times = || answer.data.result.iter().flat_map(|one| one.values.iter().map(|(time, _)| *time));
        let (first, last) = (times().fold(f64::INFINITY, f64::min), times().fold(f64::NEG_INFINITY, f64::max));
        if first >= last {
            return Err(unreadable("the answer of query_range has no two moments".to_owned()));
        }
        let scrape = |at_s: f64| {
            let at = |one: &RangeSeries| {
                let (_, value) = one.values.iter().find(|(time, _)| *time == at_s)?;
                Some((name_of(&one.metric), value.parse().ok()?))
            };
            Self { origin: origin.to_owned(), at_s, series: answer.data.result.iter().filter_map(at).collect() }
        };
        Ok([scrape(first), scrape(last)])
    }

    /// Series of a metric: labels and value.
    fn of<'s>(&'s self, metric: &'s str) -> impl Iterator<Item = (&'s str, f64)> {
        self.series.iter().filter_map(move |(name, value)| {
            let labels = name.strip_prefix(metric)?;
            (labels.is_empty() || labels.starts_with('{')).then_some((labels, *value))
        })
    }
}

/// What Prometheus answers to `query_range`.
#[derive(Debug, Deserialize)]
struct RangeAnswer {
    data: RangeData,
}

#[derive(Debug, Deserialize)]
struct RangeData {
    result: Vec<RangeSeries>,
}

#[derive(Debug, Deserialize)]
struct RangeSeries {
    metric: BTreeMap<String, String>,
    values: Vec<(f64, String)>,
}

/// The name of a series as the text format has it.
fn name_of(metric: &BTreeMap<String, String>) -> String {
    let name = metric.get("__name__").map_or("", String::as_str);
    let labels: Vec<String> = metric
        .iter()
        .filter(|(label, _)| label.as_str() != "__name__" && label.as_str() != "instance" && label.as_str() != "job")
        .map(|(label, value)| format!("{label}=\"{value}\""))
        .collect();
    if labels.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", labels.join(",")) }
}

/// The value of a label in the text of all labels.
fn label<'l>(labels: &'l str, name: &str) -> Option<&'l str> {
    let mut rest = labels;
    loop {
        let at = rest.find(name)?;
        let before = rest[..at].chars().next_back();
        rest = &rest[at + name.len()..];
        if matches!(before, Some('{' | ','))
            && let Some(value) = rest.strip_prefix("=\"")
        {
            return value.split('"').next();
        }
    }
}

/// A limit, what is used of it, and when it is met.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LimitForecast {
    /// What is limited, with the member or cluster that is nearest to it.
    pub limit: String,
    /// What is used.
    pub used: f64,
    /// The limit.
    pub most: f64,
    /// Growth in a day; negative if it falls.
    pub growth_per_day: f64,
    /// Days until it is met; `None` if it does not grow, or not within ten years.
    pub days_left: Option<f64>,
    /// The key that raises the limit, or what else to do.
    pub remedy: &'static str,
}

/// The load of each cluster, and how near its limits are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Today {
    /// Seconds between the two moments.
    pub seconds: f64,
    /// Commands a second of each cluster, by its name.
    pub clusters: BTreeMap<String, ClusterToday>,
    /// The limits, the one that is met first at the beginning.
    pub limits: Vec<LimitForecast>,
}

/// What one cluster carries.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ClusterToday {
    /// Members that run.
    pub members: u16,
    /// Commands a second.
    pub per_second: f64,
    /// Events of a command.
    pub events: f64,
    /// Trades of a command.
    pub trades: f64,
    /// Bytes of the log for a command, heartbeats included; `None` without a command.
    pub log_bytes: Option<f64>,
    /// Open orders.
    pub open_orders: f64,
    /// Sessions.
    pub sessions: f64,
    /// Scopes, and the events that they keep.
    pub scopes: f64,
    /// Events that are kept.
    pub retained_events: f64,
    /// Participants and instruments.
    pub participants: f64,
    /// Instruments.
    pub instruments: f64,
}

impl Today {
    /// What two moments say. `maximum_sessions` is that of `cluster.toml`.
    ///
    /// # Errors
    /// A series is missing without which there is no load, or the moments are not one after the other.
    pub fn of(before: &Scrape, after: &Scrape, maximum_sessions: u32) -> Result<Self, PlanError> {
        let seconds = after.at_s - before.at_s;
        if seconds.is_nan() || seconds <= 0.0 {
            return Err(PlanError::Contradiction {
                one: format!("{} as the earlier moment", before.origin),
                other: format!("{} as the later one", after.origin),
                why: "there is no time between them",
            });
        }
        let clusters = clusters(before, after, seconds);
        if clusters.is_empty() {
            return Err(PlanError::NoSeries { origin: after.origin.clone(), series: "lugus_commands_total" });
        }
        let mut limits = limits(before, after, seconds, maximum_sessions);
        let days = |one: &LimitForecast| one.days_left.unwrap_or(f64::INFINITY);
        limits.sort_by(|one, other| {
            days(one).total_cmp(&days(other)).then((other.used / other.most).total_cmp(&(one.used / one.most)))
        });
        Ok(Self { seconds, clusters, limits })
    }
}

fn clusters(before: &Scrape, after: &Scrape, seconds: f64) -> BTreeMap<String, ClusterToday> {
    let mut clusters: BTreeMap<String, ClusterToday> = BTreeMap::new();
    let earlier = |metric: &str, labels: &str| before.series.get(&format!("{metric}{labels}")).copied();
    // The members of a cluster count the same: the greatest counts, as one may be behind. A counter that has begun again says nothing.
    let growth = |metric: &str, cluster: &str| {
        let of_it = after.of(metric).filter(|(labels, _)| label(labels, "cluster") == Some(cluster));
        of_it
            .filter_map(|(labels, value)| Some(value - earlier(metric, labels)?))
            .filter(|grown| *grown >= 0.0)
            .reduce(f64::max)
    };
    for (labels, _) in after.of("lugus_commands_total") {
        let Some(cluster) = label(labels, "cluster") else { continue };
        clusters.entry(cluster.to_owned()).or_default().members += 1;
    }
    for (name, cluster) in &mut clusters {
        let greatest = |metric: &str, resource: Option<&str>| {
            let of_it = after.of(metric).filter(|(labels, _)| {
                label(labels, "cluster") == Some(name)
                    && resource.is_none_or(|resource| label(labels, "resource") == Some(resource))
            });
            of_it.map(|(_, value)| value).fold(0.0, f64::max)
        };
        let commands = growth("lugus_commands_total", name).unwrap_or(0.0);
        let each = |metric: &str| if commands > 0.0 { growth(metric, name).unwrap_or(0.0) / commands } else { 0.0 };
        cluster.per_second = commands / seconds;
        cluster.events = each("lugus_events_total");
        cluster.trades = each("lugus_fills_total") / 2.0;
        cluster.log_bytes = (commands > 0.0).then(|| each("aeron_cluster_commit_position_bytes"));
        cluster.open_orders = greatest("lugus_resource_used", Some("orders"));
        cluster.participants = greatest("lugus_resource_used", Some("participants"));
        cluster.instruments = greatest("lugus_resource_used", Some("instruments"));
        cluster.sessions = greatest("lugus_sessions", None);
        cluster.scopes = greatest("lugus_scopes", None);
        cluster.retained_events = greatest("lugus_retained_events", None);
    }
    clusters
}

fn limits(before: &Scrape, after: &Scrape, seconds: f64, maximum_sessions: u32) -> Vec<LimitForecast> {
    let growth = |metric: &str, labels: &str, value: f64| {
        before.series.get(&format!("{metric}{labels}")).map_or(0.0, |earlier| (value - earlier) / seconds * DAY)
    };
    let mut all = Vec::new();
    for (labels, used) in after.of("lugus_resource_used") {
        let (Some(most), Some(resource)) =
            (after.series.get(&format!("lugus_resource_limit{labels}")), label(labels, "resource"))
        else {
            continue;
        };
        let remedy = match resource {
            "orders" => "engine.maximum_open_orders",
            "participants" => "engine.maximum_participants",
            _ => "engine.maximum_instruments",
        };
        let of = format!("{resource} of {}", member_of(labels));
        all.push(forecast(of, used, *most, growth("lugus_resource_used", labels, used), remedy));
    }
    for (labels, used) in after.of("lugus_sessions") {
        let of = format!("sessions of {}", member_of(labels));
        all.push(forecast(
            of,
            used,
            maximum_sessions.into(),
            growth("lugus_sessions", labels, used),
            "consensus.maximum_sessions",
        ));
    }
    for (labels, free) in after.of("lugus_disk_free_bytes") {
        let Some(size) = after.series.get(&format!("lugus_disk_size_bytes{labels}")) else { continue };
        let directory = label(labels, "directory").or_else(|| label(labels, "kind")).unwrap_or("files");
        let of = format!("disk of {} ({directory})", member_of(labels));
        let grown = -growth("lugus_disk_free_bytes", labels, free);
        all.push(forecast(of, size - free, *size, grown, "a larger disk, or shorter `[retention]`"));
    }
    // Of all members the one that is nearest to a limit; all have the same unless one is behind.
    let mut nearest: BTreeMap<String, LimitForecast> = BTreeMap::new();
    for one in all {
        let key = one.limit.split(" of ").next().unwrap_or_default().to_owned() + cluster_of(&one.limit);
        let is_nearer = |other: &LimitForecast| one.used / one.most > other.used / other.most;
        if nearest.get(&key).is_none_or(is_nearer) {
            nearest.insert(key, one);
        }
    }
    nearest.into_values().collect()
}

fn forecast(limit: String, used: f64, most: f64, growth_per_day: f64, remedy: &'static str) -> LimitForecast {
    let days = (most - used).max(0.0) / growth_per_day;
    let days_left = (growth_per_day > 0.0 && days <= HORIZON_DAYS).then_some(days);
    LimitForecast { limit, used, most, growth_per_day, days_left, remedy }
}

fn member_of(labels: &str) -> String {
    let part = |name| label(labels, name).unwrap_or("?");
    format!("{}/{}", part("cluster"), part("member"))
}

/// The cluster and what is behind the member in a limit's name.
fn cluster_of(limit: &str) -> &str {
    limit.split(" of ").nth(1).and_then(|member| member.split('/').next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(commands: u64, orders: u64, free: u64) -> String {
        let mut text = String::from("# HELP lugus_commands_total Commands\n# TYPE lugus_commands_total counter\n");
        for member in 0..3 {
            let labels = format!("cluster=\"A\",member=\"{member}\"");
            text += &format!(
                "lugus_commands_total{{{labels}}} {}\nlugus_events_total{{{labels}}} {}\nlugus_fills_total{{{labels}}} {}\n\
                 aeron_cluster_commit_position_bytes{{{labels},cluster_id=\"0\"}} {}\nlugus_sessions{{{labels}}} 12\n\
                 lugus_resource_used{{{labels},resource=\"orders\"}} {orders}\nlugus_resource_limit{{{labels},resource=\"orders\"}} 1000\n\
                 lugus_scopes{{{labels}}} 8\nlugus_retained_events{{{labels}}} 1e3\n\
                 lugus_disk_free_bytes{{{labels},directory=\"archive\"}} {free}\nlugus_disk_size_bytes{{{labels},directory=\"archive\"}} 100000\n",
                commands - member,
                (commands - member) * 3 / 2,
                commands / 5,
                commands * 140
            );
        }
        text
    }

    #[test]
    fn two_moments_tell_load_growth_and_days_left() {
        let before = Scrape::parse("before", &text(10_000, 100, 50_000), 1_000.0).expect("sound");
        let after = Scrape::parse("after", &text(20_000, 200, 40_000), 1_000.0 + DAY).expect("sound");
        let today = Today::of(&before, &after, 1_000).expect("sound");
        let a = &today.clusters["A"];
        assert!((a.per_second - 10_000.0 / DAY).abs() < 1e-9 && a.members == 3, "{a:?}");
        assert!(
            (a.events - 1.5).abs() < 1e-3
                && (a.trades - 0.1).abs() < 1e-3
                && (a.log_bytes.expect("commands") - 140.0).abs() < 1e-6
        );
        assert_eq!((a.open_orders, a.sessions, a.scopes, a.retained_events), (200.0, 12.0, 8.0, 1_000.0));
        let told: Vec<_> = today.limits.iter().map(|one| (one.limit.as_str(), one.days_left.map(f64::round))).collect();
        assert_eq!(
            told,
            [("disk of A/0 (archive)", Some(4.0)), ("orders of A/0", Some(8.0)), ("sessions of A/0", None)]
        );
    }

    #[test]
    fn a_counter_that_began_again_is_no_load_and_what_is_wrong_is_told() {
        let (before, after) = (text(20_000, 1, 1), text(5_000, 1, 1));
        let [before, after] =
            [(before, 0.0), (after, 10.0)].map(|(text, at)| Scrape::parse("x", &text, at).expect("sound"));
        assert_eq!(Today::of(&before, &after, 1).expect("sound").clusters["A"].per_second, 0.0);
        assert!(Today::of(&after, &before, 1).expect_err("backwards").to_string().contains("no time between"));
        let nothing = Scrape::parse("http://x/metrics", "up 1\n", 1.0).expect("sound");
        let no_load = Today::of(&Scrape::default(), &nothing, 1).expect_err("no member").to_string();
        assert!(no_load.starts_with("http://x/metrics has no lugus_commands_total"), "{no_load}");
        let broken = Scrape::parse("file", "ok 1\nbad{x=\"1\"} many\n", 0.0).expect_err("no number").to_string();
        assert_eq!(broken, "file, line 2: no number in \"bad{x=\"1\"} many\"");
    }

    #[test]
    fn a_range_of_prometheus_has_two_moments() {
        let series = |metric: &str, values: &str| {
            format!(
                "{{\"metric\":{{\"__name__\":\"{metric}\",\"cluster\":\"A\",\"member\":\"0\",\"job\":\"lugus\"}},\"values\":[{values}]}}"
            )
        };
        let all = [
            series("lugus_commands_total", "[100,\"5\"],[200,\"9\"],[300,\"1005\"]"),
            series("lugus_sessions", "[100,\"1\"],[300,\"2\"]"),
        ];
        let text =
            format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{}]}}}}", all.join(","));
        let [first, last] = Scrape::parse_range("range.json", &text).expect("sound");
        let today = Today::of(&first, &last, 10).expect("sound");
        assert_eq!((today.seconds, today.clusters["A"].per_second), (200.0, 5.0));
        assert!((today.limits[0].days_left.expect("it grows") - 8.0 / (DAY / 200.0)).abs() < 1e-9);
        let empty = Scrape::parse_range("r", "{\"data\":{\"result\":[]}}").expect_err("nothing").to_string();
        assert!(empty.contains("no two moments"), "{empty}");
        assert!(Scrape::parse_range("r", "[]").is_err());
    }

    #[test]
    fn a_label_is_found_whole() {
        let labels = "{sub_cluster=\"no\",cluster=\"A\",member=\"1\"}";
        assert_eq!(
            (label(labels, "cluster"), label(labels, "member"), label(labels, "mem")),
            (Some("A"), Some("1"), None)
        );
    }
}
