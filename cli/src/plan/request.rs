//! The load and the place of `lugus plan`, from its options, from today's metrics, and from the deployment's file.

use std::fs;

use lugus_codecs::session_tag;
use lugus_plan::live::Today;
use lugus_plan::load::{Layout, Load, PairLoad, falling_pairs};
use lugus_plan::pair_file::read_pairs;
use lugus_plan::plan::Place;
use lugus_plan::service_times::ServiceTimes;
use lugus_plan::traffic::Traffic;
use lugus_topology::{AuthenticationMode, Deployment};

use crate::arguments::{Plan, PlannedLayout};
use crate::failure::Failure;

/// Open orders of a plan that does not say how many.
const ORDERS: u32 = 10_000;
/// Participants and pairs of such a plan.
const PARTICIPANTS: u32 = 4;
const PAIRS: u32 = 2;

/// The load that the options ask for; what they leave out is today's, or has a default.
///
/// # Errors
/// When there is no rate, or the file of pairs can't be read.
pub fn load(arguments: &Plan, template: &Deployment, today: Option<&Today>) -> Result<Load, Failure> {
    let clusters = || today.into_iter().flat_map(|today| today.clusters.values());
    let pairs_of_file = match &arguments.pair_loads {
        Some(file) => {
            let origin = file.display().to_string();
            let text = fs::read_to_string(file).map_err(|error| Failure::new(format!("{origin}: {error}")))?;
            let lines = read_pairs(&origin, &text).map_err(Failure::new)?;
            Some(
                lines
                    .into_iter()
                    .map(|line| PairLoad { symbol: line.symbol, per_second: line.per_second })
                    .collect::<Vec<_>>(),
            )
        }
        None => None,
    };
    let sum = pairs_of_file.as_ref().map(|pairs| pairs.iter().map(|pair| pair.per_second).sum::<f64>());
    let of_today = today.map(|_| clusters().map(|cluster| cluster.per_second).sum::<f64>());
    let Some(rate) = arguments.rate.or(sum).or(of_today) else {
        return Err(Failure::new("no rate to plan for")
            .hint("add --rate COMMANDS_A_SECOND, or --pair-loads FILE, or --metrics"));
    };
    let pairs = match pairs_of_file {
        Some(pairs) => {
            let factor = rate / sum.unwrap_or(rate);
            pairs.into_iter().map(|pair| PairLoad { per_second: pair.per_second * factor, ..pair }).collect()
        }
        None => pairs(arguments, template, clusters().map(|cluster| cluster.instruments).sum(), rate),
    };
    let total = |of: fn(&lugus_plan::live::ClusterToday) -> f64| today.map(|_| clusters().map(of).sum::<f64>() as u32);
    let most =
        |of: fn(&lugus_plan::live::ClusterToday) -> f64| today.map(|_| clusters().map(of).fold(0.0, f64::max) as u32);
    // The operator is counted among the participants, and is no trader.
    let participants =
        arguments.participants.or(most(|cluster| cluster.participants - 1.0)).unwrap_or(PARTICIPANTS).max(1);
    let sessions = arguments.sessions.or(most(|cluster| cluster.sessions)).unwrap_or(participants).max(1);
    let tag = if template.authentication.mode == AuthenticationMode::Keys { session_tag::TRAILER_LENGTH } else { 0 };
    let load = Load {
        mean_per_second: arguments.mean.unwrap_or(rate / 10.0),
        burst: arguments.burst,
        traffic: traffic(arguments).with_tags(tag),
        participants,
        firms: arguments.firms.unwrap_or(template.firms.len() as u32),
        sessions,
        clients: arguments.clients.unwrap_or(sessions).min(sessions),
        pairs_of_a_participant: arguments.pairs_of_a_participant.unwrap_or(pairs.len() as f64),
        pairs,
        open_orders: arguments.orders.or(total(|cluster| cluster.open_orders)).unwrap_or(ORDERS),
        terms_share: arguments.terms_share,
        listeners: arguments.listeners,
        events_of_a_scope: arguments.events_of_a_scope,
        members: arguments.members,
        layout: match arguments.layout {
            PlannedLayout::OneMachine => Layout::OneMachine,
            PlannedLayout::MachineEach => Layout::MachineEach,
        },
        target_p99_us: arguments.target_p99_us,
        ..Load::of_peak(rate)
    };
    load.check().map_err(Failure::new)?;
    Ok(load)
}

/// The pairs of the file's deployment, or as many as are asked for, or as there are today.
fn pairs(arguments: &Plan, template: &Deployment, today: f64, rate: f64) -> Vec<PairLoad> {
    let known = &template.instruments;
    let count = arguments.pairs.unwrap_or(if today > 0.0 {
        today as u32
    } else if known.is_empty() {
        PAIRS
    } else {
        known.len() as u32
    });
    let mut pairs = falling_pairs(count, rate);
    if known.len() == pairs.len() {
        pairs.iter_mut().zip(known).for_each(|(pair, known)| pair.symbol.clone_from(&known.symbol));
    }
    pairs
}

fn traffic(arguments: &Plan) -> Traffic {
    Traffic::named(&arguments.mix.to_string()).unwrap_or(Traffic::MARKET)
}

/// The place that the options describe, with the cores that were measured unless they say others.
pub fn place(arguments: &Plan, times: &ServiceTimes) -> Place {
    Place {
        cores: arguments.cores.unwrap_or(times.cores),
        network_us: arguments.network_us,
        memory_bytes: arguments.memory.map(|size| size.as_bytes()),
        disk_bytes: arguments.disk.map(|size| size.as_bytes()),
        partitions: arguments.partitions,
    }
}
