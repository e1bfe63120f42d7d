//! `lugus plan --rebalance`: few moves after which no cluster has more than its share.

use std::fs;

use lugus_plan::pair_file::{PairLine, read_pairs};
use lugus_plan::placement::{PlacedPair, Rebalance, rebalance};
use lugus_topology::{ClusterId, Deployment};
use serde::Serialize;

use crate::arguments::Plan;
use crate::failure::{FINDING_EXIT_CODE, Failure};
use crate::output::Output;

/// How much above the mean a cluster may have, unless `--bound` says so.
const ABOVE_MEAN: f64 = 1.1;

/// The JSON document.
#[derive(Debug, Serialize)]
struct Moves {
    #[serde(flatten)]
    rebalance: Rebalance,
    bound: f64,
    commands: Vec<String>,
}

/// Prints the commands that move pairs.
///
/// # Errors
/// When the file can't be read, or names a cluster that the deployment has not; with the exit code 3 when no moves bring all clusters below
/// the bound.
pub fn run(arguments: &Plan, template: &Deployment, output: Output) -> Result<(), Failure> {
    let Some(file) = &arguments.pair_loads else { return Err(Failure::new("no --pair-loads")) };
    let origin = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| Failure::new(format!("{origin}: {error}")))?;
    let lines = read_pairs(&origin, &text).map_err(Failure::new)?;
    let specs = template.cluster_specs();
    let clusters: Vec<(ClusterId, String)> = specs.iter().map(|cluster| (cluster.id, cluster.name.clone())).collect();
    if clusters.len() < 2 {
        return Err(Failure::new("the deployment has fewer than two clusters, so that nothing can be moved")
            .hint("name its file with --config"));
    }
    let pairs: Vec<PlacedPair> =
        lines.into_iter().map(|line| placed(line, template, &clusters, &origin)).collect::<Result<_, _>>()?;
    let sum: f64 = pairs.iter().map(|pair| pair.per_second).sum();
    let bound = arguments.bound.unwrap_or(sum / clusters.len() as f64 * ABOVE_MEAN);
    if bound.is_nan() || bound <= 0.0 {
        return Err(Failure::new(format!("the bound is {bound}: it must be above 0")));
    }
    let ids: Vec<ClusterId> = clusters.iter().map(|(id, _)| *id).collect();
    let rebalance = rebalance(&pairs, &ids, bound);
    let name = |id: ClusterId| {
        clusters.iter().find(|(other, _)| *other == id).map_or_else(|| id.to_string(), |(_, name)| name.clone())
    };
    let commands: Vec<String> =
        rebalance.moves.iter().map(|one| format!("lugus migrate {} --to {}", one.symbol, name(one.to))).collect();
    let mut text = String::new();
    for ((cluster, before), (_, after)) in rebalance.before.iter().zip(&rebalance.after) {
        text += &format!("# {}: {before:.0} commands a second, {after:.0} after the moves\n", name(*cluster));
    }
    text += &if commands.is_empty() {
        format!("# no move is needed: no cluster has more than {bound:.0}")
    } else {
        commands.join("\n")
    };
    let is_within = rebalance.is_within_bound;
    output.answer(&Moves { rebalance, bound, commands }, text)?;
    if is_within {
        return Ok(());
    }
    Err(Failure::new(format!("no moves of whole pairs bring every cluster to {bound:.0} commands a second or less"))
        .hint("a pair can't be divided: raise --bound, or give the cluster of the heaviest pair a machine with more cores")
        .with_exit_code(FINDING_EXIT_CODE))
}

fn placed(
    line: PairLine,
    template: &Deployment,
    clusters: &[(ClusterId, String)],
    origin: &str,
) -> Result<PlacedPair, Failure> {
    let of_file = || {
        template
            .instruments
            .iter()
            .find(|instrument| instrument.symbol == line.symbol)
            .map(|instrument| instrument.cluster)
    };
    let named =
        |name: &String| clusters.iter().find(|(id, known)| known == name || id.to_string() == *name).map(|(id, _)| *id);
    let cluster = match &line.cluster {
        Some(name) => named(name).ok_or_else(|| {
            Failure::new(format!("{origin}: {} is in cluster {name}, which the deployment has not", line.symbol))
        })?,
        None => of_file().ok_or_else(|| {
            Failure::new(format!("{origin}: {} has no cluster", line.symbol))
                .hint("write it as the third word: `BTC/USDT 1200 A`")
        })?,
    };
    Ok(PlacedPair { symbol: line.symbol, cluster, per_second: line.per_second })
}
