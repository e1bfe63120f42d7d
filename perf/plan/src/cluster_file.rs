//! The `cluster.toml` of a plan.

use lugus_topology::{
    Cluster, ClusterId, Coordinator, DEFAULT_BASE_PORT, Deployment, LOCAL_PORT_STEP, Member, MemberId,
};
use lugus_vocabulary::{InstrumentId, InstrumentSpecification};

use crate::error::PlanError;
use crate::load::Load;

/// Room for more orders, participants and instruments than were planned.
const SPARE: f64 = 1.5;

/// Number of clusters whose names are letters.
const LETTERS: usize = 26;

/// Name of the n-th cluster: `A` to `Z`, then `A1`, `B1` and so on.
pub(crate) fn cluster_name(nth: usize) -> String {
    let letter = char::from(b'A' + (nth % LETTERS) as u8);
    if nth < LETTERS { letter.to_string() } else { format!("{letter}{}", nth / LETTERS) }
}

/// A deployment of `count` clusters that trade the pairs as `of` says, and whose limits leave room. What the plan does not decide is as in
/// `template`. Members have loopback addresses, to be replaced by those of their machines (docs/capacity.md).
///
/// # Errors
/// When the deployment breaks a rule.
pub(crate) fn planned_deployment(
    template: &Deployment,
    load: &Load,
    of: &[usize],
    count: usize,
) -> Result<Deployment, PlanError> {
    let mut deployment = template.clone();
    let members_of_all = count * usize::from(load.members);
    // Ports in steps, as `lugus up` has them, as long as there are enough.
    let port = |nth: usize| u16::try_from(usize::from(DEFAULT_BASE_PORT) + nth * usize::from(LOCAL_PORT_STEP));
    let no_port =
        |_| PlanError::Deployment(format!("{members_of_all} members have no room in the ports of one address"));
    let mut clusters = Vec::new();
    for cluster in 0..count {
        let mut members = Vec::new();
        for member in 0..usize::from(load.members) {
            let port = port(cluster * usize::from(load.members) + member).map_err(no_port)?;
            members.push(Member::local(MemberId(member as i32), port));
        }
        clusters.push(Cluster { id: ClusterId(cluster as i32), name: Some(cluster_name(cluster)), members });
    }
    let known = |symbol: &str| template.instruments.iter().find(|instrument| instrument.symbol == symbol).cloned();
    let mut free = template.instruments.iter().map(|instrument| instrument.id.0).max().unwrap_or(0);
    let instruments = load.pairs.iter().zip(of).map(|(pair, &cluster)| {
        let specification = known(&pair.symbol).unwrap_or_else(|| {
            free += 1;
            InstrumentSpecification::spot(InstrumentId(free), &pair.symbol, 2, 4)
        });
        InstrumentSpecification { cluster: ClusterId(cluster as i32), ..specification }
    });
    deployment.instruments = instruments.collect();
    deployment.clusters = clusters;
    deployment.coordinator = (count > 1).then(|| {
        template.coordinator.clone().unwrap_or_else(|| Coordinator {
            port: DEFAULT_BASE_PORT.saturating_sub(LOCAL_PORT_STEP),
            ..Coordinator::default()
        })
    });
    let room = |planned: u32, least: u32| ((f64::from(planned) * SPARE).ceil() as u32).max(least);
    let engine = &mut deployment.engine;
    engine.maximum_open_orders = room(load.open_orders, engine.maximum_open_orders);
    engine.maximum_participants = room(load.participants, engine.maximum_participants);
    engine.maximum_instruments = room(load.pairs.len() as u32, engine.maximum_instruments);
    let consensus = &mut deployment.consensus;
    consensus.maximum_sessions = room(load.sessions, consensus.maximum_sessions);
    deployment.validate().map_err(|error| PlanError::Deployment(error.to_string()))?;
    Ok(deployment)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::load::falling_pairs;
    use crate::placement::place;

    #[test]
    fn what_is_planned_is_a_valid_file() {
        for (pairs, count, members) in [(1, 1, 1), (7, 3, 3), (300, 40, 5)] {
            let pairs = falling_pairs(pairs, 50_000.0);
            let load = Load {
                pairs_of_a_participant: 1.0,
                pairs: pairs.clone(),
                members,
                open_orders: 2_000_000,
                participants: 5_000,
                sessions: 2_000,
                ..Load::of_peak(50_000.0)
            };
            let of = place(&pairs, count);
            let planned = planned_deployment(&Deployment::default(), &load, &of, count).expect("valid");
            let read = Deployment::parse(&planned.to_toml().expect("text"), Path::new("/srv")).expect("it can be read");
            assert_eq!((read.clusters.len(), read.instruments.len()), (count, pairs.len()));
            assert!(read.clusters.iter().all(|cluster| cluster.members.len() == usize::from(members)));
            assert_eq!(read.coordinator.is_some(), count > 1);
            assert_eq!((read.engine.maximum_open_orders, read.engine.maximum_participants), (3_000_000, 7_500));
            assert_eq!((read.consensus.maximum_sessions, read.engine.retained_events), (3_000, 4_096));
            for (pair, cluster) in pairs.iter().zip(of) {
                let instrument = read.instruments.iter().find(|one| one.symbol == pair.symbol).expect("there");
                assert_eq!(instrument.cluster, ClusterId(cluster as i32));
            }
        }
    }

    #[test]
    fn what_the_file_has_already_stays() {
        let mut template = Deployment::default_local(3, 30_000);
        template.instruments[0].maximum_price.0 = 77;
        template.engine.retained_events = 512;
        let load = Load::of_peak(1_000.0);
        let planned = planned_deployment(&template, &load, &[0, 0], 1).expect("valid");
        assert_eq!((planned.instruments[0].id.0, planned.instruments[0].maximum_price.0), (1, 77));
        assert_eq!(planned.engine.retained_events, 512);
    }

    #[test]
    fn names_of_clusters_differ() {
        let names: std::collections::BTreeSet<String> = (0..256).map(cluster_name).collect();
        assert_eq!((names.len(), cluster_name(0), cluster_name(27)), (256, "A".to_owned(), "B1".to_owned()));
    }
}
