//! `lugus plan`: what a load needs of a machine, from service times that were measured there.

mod calibrate;
pub mod measured_load;
mod metrics;
mod rebalance;
mod request;

use std::fs;
use std::io::Write;
use std::path::Path;

pub use calibrate::measurements as calibration;
use lugus_plan::live::Today;
use lugus_plan::page::page;
use lugus_plan::plan::plan;
use lugus_plan::service_times::ServiceTimes;
use lugus_results::read;
use lugus_topology::Deployment;

use crate::arguments::Plan;
use crate::deployment;
use crate::failure::{FINDING_EXIT_CODE, Failure};
use crate::output::Output;

/// Plans, measures what plans are made of, or says what to move.
///
/// # Errors
/// When the load contradicts itself or a file can't be read; with the exit code 3 when the load can't be carried.
pub fn run(config: Option<&Path>, arguments: &Plan, output: Output) -> Result<(), Failure> {
    if let Some(folder) = &arguments.calibrate {
        return calibrate::run(folder, arguments, output);
    }
    let template = template(config)?;
    if arguments.rebalance {
        return rebalance::run(arguments, &template, output);
    }
    let today = match arguments.metrics.as_slice() {
        [] => None,
        sources => Some(metrics::today(sources, arguments.apart, &template)?),
    };
    let Some(from) = &arguments.from else {
        return match &today {
            Some(today) => output.answer(today, metrics::text(today)),
            None => Err(Failure::new("there are no service times to plan with").hint(
                "measure them with `lugus plan --calibrate FOLDER`, and then plan with `--from FOLDER --rate COMMANDS_A_SECOND`",
            )),
        };
    };
    planned(arguments, from, &template, today.as_ref(), output)
}

fn planned(
    arguments: &Plan,
    from: &Path,
    template: &Deployment,
    today: Option<&Today>,
    output: Output,
) -> Result<(), Failure> {
    let results = read(from).map_err(Failure::new)?;
    let times = ServiceTimes::from_results(&results).map_err(Failure::new)?;
    let load = request::load(arguments, template, today)?;
    let place = request::place(arguments, &times);
    let plan = plan(&load, template, &times, &place).map_err(Failure::new)?;
    let mut text = today.map_or_else(String::new, metrics::text);
    text += &plan.to_string();
    if let Some(file) = &arguments.page {
        fs::write(file, page(&plan)).map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
        text += &format!("page           {}\n", file.display());
    }
    match &arguments.write {
        Some(file) => {
            write_new(file, &plan.cluster_toml)?;
            text += &format!("cluster.toml   {}\n", file.display());
        }
        None => text += "cluster.toml   --write FILE writes it, and --json has it\n",
    }
    output.answer(&plan, text.trim_end())?;
    match plan.obstacles.as_slice() {
        [] => Ok(()),
        obstacles => Err(Failure::new(format!("this load can't be carried here: {}", obstacles.join("; ")))
            .with_exit_code(FINDING_EXIT_CODE)),
    }
}

/// The deployment whose settings the plan keeps: that of `--config`, or of this folder, or else the defaults.
fn template(config: Option<&Path>) -> Result<Deployment, Failure> {
    match config {
        Some(_) => deployment::find(config).map(|found| found.deployment),
        None => Ok(deployment::find(None).map_or_else(|_| Deployment::default(), |found| found.deployment)),
    }
}

/// Writes a file that is not there yet: what an operator has written is not overwritten.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error| Failure::new(format!("{}: {error}", path.display())).hint("name a file that is not there yet");
    let mut file = fs::File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
