//! `lugus plan --metrics`: asks an exporter twice, or reads what it answered.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

use lugus_plan::bytes;
use lugus_plan::live::{MAXIMUM_LENGTH, Scrape, Today};
use lugus_topology::Deployment;

use crate::failure::Failure;

/// Longest time between two bytes of an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What two moments of these sources say.
///
/// # Errors
/// When a source does not answer or can't be read, or has no member's series.
pub fn today(sources: &[String], apart_s: f64, template: &Deployment) -> Result<Today, Failure> {
    if !(apart_s > 0.0 && apart_s <= 86_400.0 * 365.0) {
        return Err(Failure::new(format!("--apart is {apart_s}: it must be above 0, and a year at most")));
    }
    let scrapes = match sources {
        [one] if one.starts_with("http://") => {
            let begun = Instant::now();
            let first = Scrape::parse(one, &get(one)?, 0.0).map_err(Failure::new)?;
            thread::sleep(Duration::from_secs_f64(apart_s).saturating_sub(begun.elapsed()));
            let at = begun.elapsed().as_secs_f64();
            [first, Scrape::parse(one, &get(one)?, at).map_err(Failure::new)?]
        }
        [one] => Scrape::parse_range(one, &read(one)?).map_err(Failure::new)?,
        [before, after, ..] => {
            let scrape = |source: &String, at| Scrape::parse(source, &read(source)?, at).map_err(Failure::new);
            [scrape(before, 0.0)?, scrape(after, apart_s)?]
        }
        [] => return Err(Failure::new("no source of metrics")),
    };
    let [before, after] = scrapes;
    Today::of(&before, &after, template.consensus.maximum_sessions).map_err(Failure::new)
}

fn read(source: &str) -> Result<String, Failure> {
    if source.starts_with("http://") {
        return get(source);
    }
    fs::read_to_string(source).map_err(|error| {
        Failure::new(format!("{source}: {error}"))
            .hint("name one address (http://HOST:PORT/metrics), one answer of query_range, or two saved answers")
    })
}

/// The body of the answer to a GET. The exporter closes the connection after it.
fn get(url: &str) -> Result<String, Failure> {
    let failed = |problem: &dyn std::fmt::Display| {
        Failure::new(format!("{url}: {problem}")).hint("is `lugus exporter` running there?")
    };
    let rest = url.trim_start_matches("http://");
    let (host, path) = rest.split_once('/').map_or((rest, "metrics"), |(host, path)| (host, path));
    let mut addresses = host.to_socket_addrs().map_err(|error| failed(&error))?;
    let address = addresses.next().ok_or_else(|| failed(&"no such host"))?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(|error| failed(&error))?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|error| failed(&error))?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        .map_err(|error| failed(&error))?;
    let mut answer = String::new();
    stream.take(MAXIMUM_LENGTH as u64).read_to_string(&mut answer).map_err(|error| failed(&error))?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| failed(&"no answer of HTTP"))?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status == "200" { Ok(body.to_owned()) } else { Err(failed(&format!("status {status}"))) }
}

/// What is told of today, for people.
pub fn text(today: &Today) -> String {
    let mut text = format!("today          as of {:.0} s\n", today.seconds);
    for (name, cluster) in &today.clusters {
        let log = cluster.log_bytes.map_or_else(String::new, |log| format!(", {log:.0} bytes of log each"));
        text += &format!(
            "  {name:<12} {:.1} commands a second{log}, {:.2} events each; {:.0} open orders, {:.0} sessions, {:.0} scopes with {:.0} events\n",
            cluster.per_second,
            cluster.events,
            cluster.open_orders,
            cluster.sessions,
            cluster.scopes,
            cluster.retained_events
        );
    }
    for limit in &today.limits {
        let is_disk = limit.limit.starts_with("disk");
        let number = |value: f64| if is_disk { bytes(value) } else { format!("{value:.0}") };
        let when = match limit.days_left {
            Some(days) => format!("met in {days:.1} days as it grows ({})", limit.remedy),
            None => "not met as it grows".to_owned(),
        };
        text += &format!(
            "  {:<32} {} of {} ({:.0} %), {when}\n",
            limit.limit,
            number(limit.used),
            number(limit.most),
            limit.used / limit.most * 100.0
        );
    }
    text
}
