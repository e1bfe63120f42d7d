//! The page and its pictures, read as XML: what they show is what the results have, and nothing leads outside.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod made_up;

use std::fs;

use lugus_report::Report;
use lugus_results::{Measurement, Results, Spread};
use made_up::{BOOKS, KILLS, MEMBERS, PHASES, PROCESSES, ROWS, SERVICES, STAGES};
use roxmltree::{Document, Node, ParsingOptions};

/// The report on made-up results, after `change`.
fn report(change: impl FnOnce(&mut Results)) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let mut results = made_up::results(folder.path());
    change(&mut results);
    Report::of(&results, folder.path())
}

/// Reads an XML document, and gives it to `look`.
fn parsed<T>(text: &str, look: impl FnOnce(&Document<'_>) -> T) -> T {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    look(&Document::parse_with_options(text, options).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

/// The elements with this name and class.
fn with_class<'a, 'i: 'a>(root: Node<'a, 'i>, name: &'a str, class: &'a str) -> impl Iterator<Item = Node<'a, 'i>> {
    let has = move |node: &Node<'_, '_>| {
        node.has_tag_name(("http://www.w3.org/2000/svg", name))
            && node.attribute("class").is_some_and(|classes| classes.split(' ').any(|one| one == class))
    };
    root.descendants().filter(has)
}

/// Names of groups, and the number of points of the curve in each.
fn curves(svg: &str) -> Vec<(String, usize)> {
    parsed(svg, |document| {
        with_class(document.root(), "g", "series")
            .map(|group| {
                let curve = with_class(group, "polyline", "curve").next().expect("a curve");
                let points = curve.attribute("points").expect("points").split(' ').count();
                (group.attribute("data-name").expect("a name").to_owned(), points)
            })
            .collect()
    })
}

/// Number of rows, and of elements of this name and class in the first of them.
fn rows(svg: &str, element: &str, class: &str) -> (usize, usize) {
    parsed(svg, |document| {
        let rows: Vec<_> = with_class(document.root(), "g", "row").collect();
        (rows.len(), with_class(rows[0], element, class).count())
    })
}

fn picture(report: &Report, name: &str) -> String {
    let found = report.pictures.iter().find(|picture| picture.name == name);
    found.unwrap_or_else(|| panic!("no {name} in {:?}", names(report))).file()
}

fn names(report: &Report) -> Vec<&str> {
    report.pictures.iter().map(|picture| picture.name.as_str()).collect()
}

#[test]
fn every_section_has_its_pictures() {
    let report = report(|_| {});
    assert_eq!(
        names(&report),
        [
            "baselines-1",
            "baselines-2",
            "baselines-3",
            "baselines-4",
            "percentiles-1",
            "percentiles-2",
            "percentiles-3",
            "percentiles-4",
            "rate-p99",
            "rate-p50",
            "stages",
            "processor-time",
            "fail-over-1",
            "book-size",
            "flows",
        ]
    );
    assert!(!report.html.contains("Left out."), "{}", report.html);
}

#[test]
fn each_series_has_its_points() {
    let report = report(|_| {});
    let services = SERVICES.len() * MEMBERS.len();
    let percentiles = curves(&picture(&report, "percentiles-2"));
    assert_eq!(percentiles.len(), services);
    assert!(percentiles.iter().all(|(_, points)| *points == ROWS), "{percentiles:?}");
    assert!(percentiles.contains(&("Java echo, 3 members".to_owned(), ROWS)), "{percentiles:?}");
    let rates = curves(&picture(&report, "rate-p99"));
    assert_eq!(rates.len(), services);
    assert!(rates.iter().all(|(_, points)| *points == 3), "one in flight is no rate: {rates:?}");
    let books = curves(&picture(&report, "book-size"));
    assert_eq!(books, ["near the best prices", "at any price"].map(|name| (name.to_owned(), BOOKS.len())));
    assert_eq!(rows(&picture(&report, "stages"), "rect", "area"), (2, STAGES.len()));
    assert_eq!(rows(&picture(&report, "processor-time"), "rect", "area"), (2, PROCESSES.len()));
    assert_eq!(rows(&picture(&report, "fail-over-1"), "rect", "area"), (KILLS + 1, PHASES.len()));
    assert_eq!(rows(&picture(&report, "baselines-1"), "circle", "mark"), (services, 1));
}

#[test]
fn the_knee_is_where_the_curve_bends() {
    let report = report(|_| {});
    let svg = picture(&report, "rate-p99");
    parsed(&svg, |document| {
        let rings: Vec<_> = with_class(document.root(), "circle", "ring").collect();
        assert_eq!(rings.len(), SERVICES.len() * MEMBERS.len() + 1, "one for each curve, and that of the legend");
        let words = rings[0].first_element_child().and_then(|title| title.text()).expect("words");
        assert_eq!(words, "lugus, 1 member: the knee, at 50,000 commands a second");
    });
}

#[test]
fn everything_is_inside_its_picture() {
    for picture in report(|_| {}).pictures {
        parsed(&picture.file(), |document| {
            let view = document.root_element().attribute("viewBox").expect("a size");
            let size: Vec<f64> = view.split(' ').map(|number| number.parse().expect("a number")).collect();
            let (width, height) = (size[2], size[3]);
            let number =
                |node: Node<'_, '_>, name: &str| node.attribute(name).and_then(|text| text.parse::<f64>().ok());
            for node in document.root().descendants() {
                for (name, most) in
                    [("x", width), ("x2", width), ("cx", width), ("y", height), ("y2", height), ("cy", height)]
                {
                    if let Some(place) = number(node, name) {
                        assert!((0.0..=most).contains(&place), "{}: {name} {place} of {most}", picture.name);
                    }
                }
                if node.has_tag_name(("http://www.w3.org/2000/svg", "text")) {
                    let (x, width_of_text) =
                        (number(node, "x").expect("x"), node.text().unwrap_or("").chars().count() as f64 * 6.6);
                    let (from, to) = match node.attribute("text-anchor") {
                        Some("end") => (x - width_of_text, x),
                        Some("middle") => (x - width_of_text / 2.0, x + width_of_text / 2.0),
                        _ => (x, x + width_of_text),
                    };
                    assert!(from >= 0.0 && to <= width, "{}: {:?} is cut", picture.name, node.text());
                }
            }
        });
    }
}

#[test]
fn pictures_have_words_and_a_table_for_those_who_do_not_see_them() {
    let report = report(|_| {});
    parsed(&report.html, |document| {
        let pictures: Vec<_> = with_class(document.root(), "svg", "picture").collect();
        assert_eq!(pictures.len(), report.pictures.len());
        let ids: Vec<_> = document.descendants().filter_map(|node| node.attribute("id")).collect();
        let mut once = ids.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(ids.len(), once.len(), "an id is there twice");
        for picture in pictures {
            assert_eq!(picture.attribute("role"), Some("img"));
            let labels = picture.attribute("aria-labelledby").expect("labels");
            assert!(labels.split(' ').count() == 2 && labels.split(' ').all(|label| ids.contains(&label)), "{labels}");
            let figure = picture.parent().expect("a figure");
            let after = figure.next_sibling_element().expect("something after the figure");
            let rows = after.descendants().filter(|node| node.tag_name().name() == "tr").count();
            assert!(rows > 1, "no table after {labels}");
        }
    });
}

#[test]
fn nothing_leads_outside_and_nothing_is_executed() {
    const NAMESPACES: [&str; 2] = ["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"];
    let report = report(|results| {
        let hostile = "<script>alert(1)</script>\"'&<img src=http://x.test/>";
        results.settings.insert(hostile.to_owned(), hostile.to_owned());
        results.commit = Some(hostile.to_owned());
        let measurement = Measurement::new("round-trip").label("service", hostile).label("pace", "1 in flight");
        let figure = |measurement: Measurement, name: &str| measurement.figure(name, Spread::once(5.0));
        results.measurements.push(["p50_us", "p99_us", "p999_us"].into_iter().fold(measurement, figure));
    });
    let files = report.pictures.iter().map(lugus_report::Picture::file);
    for text in [report.html.clone()].into_iter().chain(files) {
        parsed(&text, |document| {
            for node in document.descendants().filter(Node::is_element) {
                assert!(
                    !["script", "img", "iframe", "link", "object", "use", "image"].contains(&node.tag_name().name()),
                    "{node:?}"
                );
                for attribute in node.attributes() {
                    let name = attribute.name();
                    assert!(!name.starts_with("on") && name != "src", "{name} of {node:?}");
                    assert!(name != "href" || attribute.value().starts_with('#'), "{}", attribute.value());
                }
                if node.tag_name().name() == "style" {
                    let style = node.text().unwrap_or("");
                    assert!(!style.contains("url(") && !style.contains("@import"), "{style}");
                }
                assert!(node.tag_name().namespace().is_none_or(|namespace| NAMESPACES.contains(&namespace)));
            }
        });
    }
}

#[test]
fn what_is_missing_is_left_out_and_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut results = made_up::results(folder.path());
    results.measurements.retain(|one| one.benchmark == "large-book");
    let report = Report::of(&results, folder.path());
    assert_eq!(names(&report), ["book-size"]);
    assert_eq!(report.html.matches("Left out.").count(), 6, "{}", report.html);
    parsed(&report.html, |_| ());

    results.measurements.clear();
    let report = Report::of(&results, folder.path());
    assert!(report.pictures.is_empty());
    parsed(&report.html, |_| ());
}

#[test]
fn a_distribution_that_can_not_be_read_is_said_and_the_others_are_shown() {
    let report = report(|results| {
        for measurement in &mut results.measurements {
            if measurement.labels.get("service").is_some_and(|service| service == "lugus") {
                measurement.histograms.iter_mut().for_each(|name| *name = "elsewhere/secret.hgrm".to_owned());
            }
        }
    });
    assert!(report.html.contains("A distribution is left out: elsewhere/secret.hgrm: no file name"), "{}", report.html);
    let curves = curves(&picture(&report, "percentiles-1"));
    assert_eq!(curves.len(), (SERVICES.len() - 1) * MEMBERS.len());
}

#[test]
fn one_sample_and_zeros_and_many_series_make_pictures_too() {
    let report = report(|results| {
        let measurements = &mut results.measurements;
        measurements.clear();
        for number in 0..40 {
            let measurement = Measurement::new("round-trip")
                .label("service", format!("service {number}"))
                .label("pace", "5 a second");
            let zero = |measurement: Measurement, name: &str| measurement.figure(name, Spread::once(0.0));
            measurements
                .push(["p50_us", "p99_us", "p999_us", "cpu_us_per_command"].into_iter().fold(measurement, zero));
        }
        measurements
            .push(Measurement::new("large-book").label("orders", 0).figure("anywhere_ns", Spread::of(Vec::new())));
        measurements
            .push(Measurement::new("large-book").label("orders", "many").figure("anywhere_ns", Spread::once(1.0)));
    });
    assert_eq!(names(&report), ["baselines-1", "processor-time"]);
    parsed(&report.html, |_| ());
    for name in ["baselines-1", "processor-time"] {
        let svg = picture(&report, name);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn the_files_are_the_page_and_a_picture_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = Report::of(&made_up::results(folder.path()), folder.path());
    let page = report.write(folder.path()).expect("written");
    assert_eq!(page, folder.path().join("report.html"));
    assert_eq!(fs::read_to_string(page).expect("the page"), report.html);
    let pictures = fs::read_dir(folder.path().join("pictures")).expect("a folder").count();
    assert_eq!(pictures, report.pictures.len());
}
