//! The dashboards of `ops/grafana`: the query of each panel has an answer.

use std::fs;

use serde_json::Value;

use crate::harness::until;
use crate::monitoring::Monitoring;

/// What Grafana puts in place of its variables, here.
const VARIABLES: [(&str, &str); 3] = [("$__rate_interval", "15s"), ("$cluster", ".*"), ("$member", ".*")];

/// A query of a panel.
struct Query {
    panel: String,
    expression: String,
}

/// Checks that no query is an error, and that each has data while `trade` is called again and again.
pub fn check(monitoring: &Monitoring, mut trade: impl FnMut()) {
    let queries = queries();
    assert!(queries.len() > 50, "{} queries", queries.len());
    let mut without = String::new();
    until("data for all panels", || {
        trade();
        let is_empty = |query: &&Query| monitoring.series(&query.expression).is_empty();
        let empty: Vec<_> = queries.iter().filter(is_empty).map(|query| query.panel.as_str()).collect();
        let empty = empty.join(", ");
        if empty != without {
            eprintln!("without data: {empty}");
            without = empty;
        }
        without.is_empty().then_some(())
    });
}

fn queries() -> Vec<Query> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../ops/grafana");
    let files = fs::read_dir(folder).expect("dashboards").map(|entry| entry.expect("an entry").path());
    let mut queries = Vec::new();
    for file in files {
        let dashboard: Value = serde_json::from_slice(&fs::read(&file).expect("read")).expect("JSON");
        for panel in dashboard["panels"].as_array().expect("panels") {
            for target in panel["targets"].as_array().expect("targets") {
                let text = |value: &Value| value.as_str().expect("a text").to_owned();
                let expression =
                    VARIABLES.iter().fold(text(&target["expr"]), |text, (name, value)| text.replace(name, value));
                assert!(!expression.contains('$'), "{expression}");
                queries.push(Query { panel: format!("{} / {expression}", text(&panel["title"])), expression });
            }
        }
    }
    queries
}
