//! `lugus bench plan-back-test`: what `lugus plan` says of some loads, and what they are found to be. The tables are Markdown, for
//! docs/capacity.md.

mod compared;
mod latency;
mod sizes;

use std::collections::BTreeMap;

use lugus_results::{Measurement, Results, Spread, write};

use crate::arguments::{BackTest, BackTested};
use crate::failure::Failure;
use crate::output::Output;
use compared::Compared;

/// Compares, prints tables, and leaves all figures in a folder.
pub fn run(what: &BackTest, output: Output) -> Result<(), Failure> {
    let settings = [("windows", what.windows), ("seconds", what.seconds)]
        .map(|(name, value)| (name.to_owned(), value.to_string()));
    let mut results = Results::begin(env!("CARGO_PKG_VERSION"), BTreeMap::from(settings));
    let mut compared = Vec::new();
    if what.only.contains(&BackTested::Sizes) {
        compared.extend(sizes::run(what, output)?);
    }
    if what.only.contains(&BackTested::Latency) {
        let (measurements, of_latency) = latency::run(what, output)?;
        results.measurements.extend(measurements);
        compared.extend(of_latency);
    }
    results.measurements.extend(compared.iter().map(|one| {
        Measurement::new("plan-back-test")
            .label("load", &one.load)
            .label("figure", one.figure)
            .figure("told", Spread::once(one.told))
            .figure("found", one.found.clone())
    }));
    let path = write(&what.out, &results).map_err(Failure::new)?;
    output.answer(&compared, format!("{}\n{}", table(&compared), path.display()))
}

/// The comparisons as Markdown.
fn table(compared: &[Compared]) -> String {
    let mut text =
        String::from("| load | figure | told | found: median (minimum to maximum) | error |\n|---|---|---|---|---|");
    for one in compared {
        let Spread { median, minimum, maximum, .. } = &one.found;
        let number =
            |value: f64| if one.figure.ends_with("MB") { format!("{value:.1}") } else { format!("{value:.0}") };
        let found = if one.found.samples.len() > 1 {
            format!("{} ({} to {})", number(*median), number(*minimum), number(*maximum))
        } else {
            number(*median)
        };
        text += &format!(
            "\n| {} | {} | {} | {found} | {:+.0} % |",
            one.load,
            one.figure,
            number(one.told),
            one.error_percent()
        );
    }
    let figures: std::collections::BTreeSet<&str> = compared.iter().map(|one| one.figure).collect();
    for figure in figures {
        let errors: Vec<f64> =
            compared.iter().filter(|one| one.figure == figure).map(|one| one.error_percent().abs()).collect();
        let Spread { median, maximum, .. } = Spread::of(errors.clone());
        text +=
            &format!("\n\n{figure}: error of {} loads: median {median:.0} %, greatest {maximum:.0} %", errors.len());
    }
    text
}
