//! `lugus bench compare`: what is slower in one file of results than in another, beyond the noise of the rounds.

use std::path::Path;

use comfy_table::Table;
use lugus_results::{Compared, Comparison, Verdict, compare, read};

use crate::failure::{FINDING_EXIT_CODE, Failure};
use crate::output::Output;

/// Compares the results in `after` with those in `before`, each a file or its folder, and prints what differs.
///
/// # Errors
/// When a file can't be read, or the two can't be compared; with [`FINDING_EXIT_CODE`] if anything is slower.
pub fn run(before: &Path, after: &Path, output: Output) -> Result<(), Failure> {
    let [old, new] = [before, after].map(|path| read(path).map_err(Failure::new));
    let comparison = compare(&old?, &new?);
    if !comparison.obstacles.is_empty() {
        if output.is_json() {
            output.answer(&comparison, "")?;
        }
        return Err(Failure::new(format!("not comparable: {}", comparison.obstacles.join("; ")))
            .hint("measure both on the same machine with the same settings, in turn"));
    }
    output.answer(&comparison, text(&comparison))?;
    match comparison.with(Verdict::Slower).count() {
        0 => Ok(()),
        slower => Err(Failure::new(format!("{slower} figures are slower")).with_exit_code(FINDING_EXIT_CODE)),
    }
}

fn text(comparison: &Comparison) -> String {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::ASCII_MARKDOWN).set_header(["", "figure", "before", "after", "change"]);
    let rows = |verdict, name: &str| {
        comparison.with(verdict).map(move |compared| row(compared, name)).collect::<Vec<[String; 5]>>()
    };
    table.add_rows(rows(Verdict::Slower, "slower"));
    table.add_rows(rows(Verdict::Faster, "faster"));
    let count = |verdict| comparison.with(verdict).count();
    let mut lines = Vec::new();
    if !table.is_empty() {
        lines.push(table.to_string());
    }
    lines.push(format!(
        "{} figures slower, {} faster, {} without a difference beyond the noise",
        count(Verdict::Slower),
        count(Verdict::Faster),
        count(Verdict::Noise)
    ));
    if count(Verdict::TooFewRounds) > 0 {
        lines.push(format!(
            "{} figures differ by more than 5 %, but were measured in one round, which tells nothing about noise",
            count(Verdict::TooFewRounds)
        ));
    }
    lines.extend(comparison.only_before.iter().map(|what| format!("only before: {what}")));
    lines.extend(comparison.only_after.iter().map(|what| format!("only after: {what}")));
    lines.join("\n")
}

fn row(compared: &Compared, verdict: &str) -> [String; 5] {
    let change = compared.change_percent.map_or_else(String::new, |percent| format!("{percent:+.0} %"));
    let spread = |spread: &lugus_results::Spread| {
        let [median, minimum, maximum] = [spread.median, spread.minimum, spread.maximum].map(significant);
        format!("{median} ({minimum}..{maximum})")
    };
    [verdict.to_owned(), compared.title(), spread(&compared.before), spread(&compared.after), change]
}

/// A number with three digits that matter, or all digits before the point.
fn significant(number: f64) -> String {
    let decimals = match number.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{number:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lugus_results::{Measurement, Results, Spread};
    use std::collections::BTreeMap;

    #[test]
    fn the_text_names_what_is_slower_and_what_is_missing() {
        let results = |times: &[f64]| Results {
            measurements: vec![
                Measurement::new("round-trip")
                    .label("members", 3)
                    .figure("p50_us", Spread::of(times.to_vec()))
                    .figure("p99_us", Spread::once(times[0])),
            ],
            ..Results::begin("1", BTreeMap::new())
        };
        let (before, mut after) = (results(&[100.0, 101.0, 102.0]), results(&[123.25, 124.0, 125.0]));
        after.measurements.push(Measurement::new("sdk"));
        let text = text(&compare(&before, &after));
        for part in [
            "| slower | round-trip: members 3, p50_us | 101 (100..102) | 124 (123..125) | +23 %",
            "1 figures slower, 0 faster, 0 without",
            "1 figures differ by more than 5 %",
            "only after: sdk",
        ] {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
    }

    #[test]
    fn numbers_have_the_digits_that_matter() {
        assert_eq!([1234.6, 99.96, 9.876, 0.0123].map(significant), ["1235", "100.0", "9.88", "0.012"]);
    }
}
