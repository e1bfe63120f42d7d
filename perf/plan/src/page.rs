//! The plan as a page with the curve, without script or network.

use lugus_report::{Axis, Content, Curves, Point, Section, Series, Table, document, number};

use crate::plan::{CurvePoint, Plan};
use crate::text::bytes;

/// The page.
pub fn page(plan: &Plan) -> String {
    let text = plan.to_string();
    let facts: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| line.split_at_checked(15))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .filter(|(name, _)| !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit()))
        .collect();
    document(
        "Lugus: capacity plan",
        "What the load needs",
        &facts,
        &[curve(plan), stages(plan), partitions(plan), file(plan)],
    )
}

fn curve(plan: &Plan) -> Section {
    let point = |of: fn(&CurvePoint) -> f64| {
        move |one: &CurvePoint| Point { x: one.per_second, y: of(one), low: of(one), high: of(one) }
    };
    let busiest = plan.partitions.iter().map(|partition| partition.per_second).fold(0.0, f64::max);
    let nearest = |series: &[Point]| {
        let place = series.iter().position(|point| point.x >= plan.knee_per_second)?;
        series
            .get(place)
            .map(|point| (*point, format!("the knee, at {} commands a second", number(plan.knee_per_second))))
    };
    let series = |name: &str, of: fn(&CurvePoint) -> f64| {
        let points: Vec<Point> = plan.curve.iter().map(point(of)).collect();
        let knee = nearest(&points);
        Series { name: name.to_owned(), points, knee }
    };
    let series = vec![series("p50", |one| one.p50_us), series("p99", |one| one.p99_us)];
    let ys = || series.iter().flat_map(|series| series.points.iter().map(|point| point.y));
    let (least, most) = (ys().fold(f64::MAX, f64::min), ys().fold(0.0, f64::max));
    let mut table = Table::new("Round trips against the rate", &["commands a second", "p50, us", "p99, us"]);
    table.rows =
        plan.curve.iter().map(|one| vec![number(one.per_second), number(one.p50_us), number(one.p99_us)]).collect();
    let title = "Round trips of a cluster against its rate";
    let picture = Curves {
        name: "plan-curve".to_owned(),
        title: title.to_owned(),
        description: "Two curves, of the median and of the 99th percentile; the vertical axis is logarithmic."
            .to_owned(),
        x: Axis::linear("commands a second", plan.greatest_per_second),
        y: Axis::logarithmic("round trip, us", least, most),
        series,
    };
    let words = vec![format!(
        "The busiest cluster gets {} commands a second at the peak. The ring marks the knee, from which the p99 is more than twice that without load.",
        number(busiest)
    )];
    let content = if plan.curve.is_empty() {
        Content::Missing("Nothing was measured below the greatest rate.".to_owned())
    } else {
        Content::Pictures(vec![(picture.draw(), table)])
    };
    Section { id: "curve", title, words, content }
}

fn stages(plan: &Plan) -> Section {
    let mut table =
        Table::new("Stages, the busiest first", &["stage", "us a command", "utilisation, %", "greatest rate"]);
    let row = |stage: &crate::plan::Stage| {
        vec![
            stage.name.clone(),
            number(stage.us_per_command),
            number(stage.utilisation * 100.0),
            number(stage.greatest_per_second),
        ]
    };
    table.rows = plan.stages.iter().map(row).collect();
    Section { id: "stages", title: "Stages", words: Vec::new(), content: Content::Table(table) }
}

fn partitions(plan: &Plan) -> Section {
    let mut table = Table::new(
        "Clusters and their pairs",
        &["cluster", "commands a second", "utilisation, %", "p99, us", "memory"],
    );
    let row = |partition: &crate::plan::Partition| {
        let name = format!("{}: {}", partition.cluster, partition.pairs.join(", "));
        let p99 = partition.p99_us.map_or_else(|| "none".to_owned(), number);
        vec![
            name,
            number(partition.per_second),
            number(partition.utilisation * 100.0),
            p99,
            bytes(plan.memory_bytes as f64),
        ]
    };
    table.rows = plan.partitions.iter().map(row).collect();
    Section { id: "partitions", title: "Partitions", words: Vec::new(), content: Content::Table(table) }
}

fn file(plan: &Plan) -> Section {
    let mut table = Table::new("cluster.toml", &["line"]);
    table.rows = plan.cluster_toml.lines().map(|line| vec![line.to_owned()]).collect();
    Section { id: "file", title: "The file to write", words: Vec::new(), content: Content::Table(table) }
}
