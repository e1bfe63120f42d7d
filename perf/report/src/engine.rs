//! The engine without a cluster: time of a message by the size of the book, and by the flow.

use lugus_results::Measurement;

use crate::axis::{Axis, number};
use crate::bars::Marks;
use crate::curves::{Curves, Point, Series};
use crate::names::{name, varying, whole};
use crate::section::{Section, Table, spread};
use crate::svg::Picture;

/// Figures of a book, and their names.
const OF_BOOKS: [(&str, &str); 2] = [("near_touch_ns", "near the best prices"), ("anywhere_ns", "at any price")];

/// Figures of a flow, and their names.
const OF_FLOWS: [(&str, &str); 2] = [("book_ns", "the book alone"), ("apply_ns", "all of apply")];

/// The section: books by their size, and flows.
pub(crate) fn section(measurements: &[Measurement]) -> Section {
    let words = vec![
        "Processor time of a message in one thread, without a cluster. A message at any price of a large book waits for memory.".to_owned(),
    ];
    let pictures = [books(&whole(measurements, "large-book")), flows(&whole(measurements, "engine"))];
    Section::of_pictures(
        "engine",
        "Engine",
        words,
        pictures.into_iter().flatten().collect(),
        "Neither books (`large-book`) nor flows (`engine`) were measured.",
    )
}

fn books(measurements: &[&Measurement]) -> Option<(Picture, Table)> {
    let mut books: Vec<(f64, &Measurement)> = measurements
        .iter()
        .filter_map(|book| Some((book.labels.get("orders")?.parse::<f64>().ok().filter(|size| *size > 0.0)?, *book)))
        .collect();
    books.sort_by(|one, two| one.0.total_cmp(&two.0));
    let series: Vec<Series> = OF_BOOKS
        .iter()
        .map(|(figure, name)| {
            let point = |(size, book): &(f64, &Measurement)| {
                let spread = book.figures.get(*figure)?;
                Some(Point { x: *size, y: spread.median, low: spread.minimum, high: spread.maximum })
            };
            Series { name: (*name).to_owned(), points: books.iter().filter_map(point).collect(), knee: None }
        })
        .filter(|series| !series.points.is_empty())
        .collect();
    let most = series.iter().flat_map(|series| &series.points).map(|point| point.high).fold(0.0, f64::max);
    let ((least_size, _), (most_size, _)) = (books.first()?, books.last()?);
    if series.is_empty() {
        return None;
    }
    let title = "Time of a message by the size of the book";
    let mut table = Table::new(title, &["orders", "near the best prices, ns", "at any price, ns", "bytes an order"]);
    for (size, book) in &books {
        let figure = |name: &str| book.figures.get(name).map_or_else(String::new, spread);
        table.rows.push(vec![number(*size), figure("near_touch_ns"), figure("anywhere_ns"), figure("bytes_per_order")]);
    }
    let curves = Curves {
        name: "book-size".to_owned(),
        title: title.to_owned(),
        description: "Two curves over the number of orders, which is on a logarithmic axis.".to_owned(),
        x: Axis::logarithmic("orders in the book", *least_size, *most_size),
        y: Axis::linear("ns a message", most),
        series,
    };
    Some((curves.draw(), table))
}

fn flows(measurements: &[&Measurement]) -> Option<(Picture, Table)> {
    let flows: Vec<_> = measurements
        .iter()
        .filter(|flow| OF_FLOWS.iter().all(|(figure, _)| flow.figures.contains_key(*figure)))
        .copied()
        .collect();
    if flows.is_empty() {
        return None;
    }
    let names = varying(&flows);
    let title = "Time of a message by flow";
    let mut table = Table::new(title, &["flow", "the book alone, ns", "all of apply, ns"]);
    let mut rows = Vec::new();
    for flow in flows {
        let figures = OF_FLOWS.map(|(figure, _)| flow.figures.get(figure));
        let name = name(flow, &names);
        table.rows.push([name.clone()].into_iter().chain(figures.into_iter().flatten().map(spread)).collect());
        rows.push((name, 0, figures.into_iter().flatten().map(|spread| spread.median).collect()));
    }
    let marks = Marks {
        name: "flows".to_owned(),
        title: title.to_owned(),
        description: format!("{} rows, each with the time in the book alone and in all of the engine.", rows.len()),
        label: "ns a message".to_owned(),
        marks: OF_FLOWS.map(|(_, name)| name.to_owned()).into(),
        rows,
    };
    Some((marks.draw(), table))
}
