//! Which cluster trades which pair: as few clusters as carry the load, and few moves that even out an existing one.

use lugus_vocabulary::ClusterId;
use serde::Serialize;

use crate::load::PairLoad;

/// Greatest number of rounds in which pairs are exchanged, so that the time is bounded.
const ROUNDS: usize = 64;

/// Places pairs on `clusters` clusters so that the greatest load of one is small: the heaviest pair first, each where the least is (at most
/// 4/3 of the best, Graham 1969), and then exchanges as long as they lower the greatest. Returns the cluster of each pair.
pub fn place(pairs: &[PairLoad], clusters: usize) -> Vec<usize> {
    let clusters = clusters.max(1);
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    order.sort_by(|&one, &other| pairs[other].per_second.total_cmp(&pairs[one].per_second).then(one.cmp(&other)));
    let mut loads = vec![0.0_f64; clusters];
    let mut of = vec![0; pairs.len()];
    for pair in order {
        let least = (0..clusters).min_by(|&one, &other| loads[one].total_cmp(&loads[other])).unwrap_or_default();
        of[pair] = least;
        loads[least] += pairs[pair].per_second;
    }
    for _ in 0..ROUNDS {
        if !improve(pairs, &mut of, &mut loads) {
            break;
        }
    }
    of
}

/// Moves one pair of the most loaded cluster, or exchanges it with one of another cluster, if that lowers the greater load of the two.
fn improve(pairs: &[PairLoad], of: &mut [usize], loads: &mut [f64]) -> bool {
    let Some(most) = (0..loads.len()).max_by(|&one, &other| loads[one].total_cmp(&loads[other])) else { return false };
    let mut best: Option<(f64, usize, Option<usize>, usize)> = None;
    for mine in (0..pairs.len()).filter(|&pair| of[pair] == most) {
        let out = pairs[mine].per_second;
        let alone = (0..loads.len()).filter(|&cluster| cluster != most).map(|cluster| (cluster, None, out));
        let swaps = (0..pairs.len())
            .filter(|&pair| of[pair] != most)
            .map(|pair| (of[pair], Some(pair), out - pairs[pair].per_second));
        for (cluster, theirs, less) in alone.chain(swaps) {
            let after = (loads[most] - less).max(loads[cluster] + less);
            // Rounding must not make two exchanges undo each other for ever.
            if after < loads[most] * (1.0 - 1e-9) && best.is_none_or(|(least, ..)| after < least) {
                best = Some((after, mine, theirs, cluster));
            }
        }
    }
    let Some((_, mine, theirs, cluster)) = best else { return false };
    let out = pairs[mine].per_second - theirs.map_or(0.0, |pair| pairs[pair].per_second);
    of[mine] = cluster;
    if let Some(theirs) = theirs {
        of[theirs] = most;
    }
    loads[most] -= out;
    loads[cluster] += out;
    true
}

/// The greatest load of a cluster.
pub fn greatest(pairs: &[PairLoad], of: &[usize], clusters: usize) -> f64 {
    let mut loads = vec![0.0_f64; clusters.max(1)];
    pairs.iter().zip(of).for_each(|(pair, &cluster)| loads[cluster] += pair.per_second);
    loads.into_iter().fold(0.0, f64::max)
}

/// A pair that trades somewhere, with its load.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlacedPair {
    /// `BASE/QUOTE`.
    pub symbol: String,
    /// Where it trades.
    pub cluster: ClusterId,
    /// Commands a second.
    pub per_second: f64,
}

/// A move of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The pair.
    pub symbol: String,
    /// Where it trades.
    pub from: ClusterId,
    /// Where it is to trade.
    pub to: ClusterId,
}

/// What moves do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rebalance {
    /// The moves, in their order: no cluster is above the greatest load of before at any time.
    pub moves: Vec<Move>,
    /// Load of each cluster before.
    pub before: Vec<(ClusterId, f64)>,
    /// Load of each cluster after.
    pub after: Vec<(ClusterId, f64)>,
    /// Whether no cluster is above the bound after.
    pub is_within_bound: bool,
}

/// Few moves after which no cluster has more than `bound`: each takes from the most loaded cluster the pair that, alone, brings it below the
/// bound with the least excess, or its largest that fits elsewhere. No move makes any cluster the most loaded one.
pub fn rebalance(pairs: &[PlacedPair], clusters: &[ClusterId], bound: f64) -> Rebalance {
    let mut of: Vec<ClusterId> = pairs.iter().map(|pair| pair.cluster).collect();
    let loads = |of: &[ClusterId]| -> Vec<(ClusterId, f64)> {
        let load = |&cluster: &ClusterId| {
            let here = pairs.iter().zip(of).filter(|(_, of)| **of == cluster);
            (cluster, here.map(|(pair, _)| pair.per_second).sum::<f64>())
        };
        clusters.iter().map(load).collect()
    };
    let before = loads(&of);
    let mut moves = Vec::new();
    // Each pair moves at most once.
    let mut moved = vec![false; pairs.len()];
    loop {
        let now = loads(&of);
        let Some(&(from, load)) = now.iter().max_by(|one, other| one.1.total_cmp(&other.1)) else { break };
        let Some(&(to, least)) = now.iter().min_by(|one, other| one.1.total_cmp(&other.1)) else { break };
        if load <= bound || from == to {
            break;
        }
        let movable = (0..pairs.len()).filter(|&pair| of[pair] == from && !moved[pair] && pairs[pair].per_second > 0.0);
        let helps = movable.filter(|&pair| least + pairs[pair].per_second < load);
        // What is left above the bound, on either side; then the smallest pair.
        let excess =
            |pair: usize| (load - pairs[pair].per_second - bound).max(least + pairs[pair].per_second - bound).max(0.0);
        let by = |&one: &usize, &other: &usize| {
            excess(one).total_cmp(&excess(other)).then(pairs[one].per_second.total_cmp(&pairs[other].per_second))
        };
        let Some(pair) = helps.min_by(by) else { break };
        moved[pair] = true;
        of[pair] = to;
        moves.push(Move { symbol: pairs[pair].symbol.clone(), from, to });
    }
    let after = loads(&of);
    let is_within_bound = after.iter().all(|(_, load)| *load <= bound);
    Rebalance { moves, before, after, is_within_bound }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(loads: &[f64]) -> Vec<PairLoad> {
        let pair = |(nth, &per_second): (usize, &f64)| PairLoad { symbol: format!("P{nth}/X"), per_second };
        loads.iter().enumerate().map(pair).collect()
    }

    /// The smallest greatest load, of all placements.
    fn best(loads: &[f64], clusters: usize) -> f64 {
        let all = clusters.pow(loads.len() as u32);
        let of = |mut number: usize| -> f64 {
            let mut sums = vec![0.0; clusters];
            for load in loads {
                sums[number % clusters] += load;
                number /= clusters;
            }
            sums.into_iter().fold(0.0, f64::max)
        };
        (0..all).map(of).fold(f64::MAX, f64::min)
    }

    fn placed(loads: &[(u16, i32)]) -> Vec<PlacedPair> {
        let pair = |(nth, &(load, cluster)): (usize, &(u16, i32))| PlacedPair {
            symbol: format!("P{nth}/X"),
            cluster: ClusterId(cluster),
            per_second: f64::from(load),
        };
        loads.iter().enumerate().map(pair).collect()
    }

    /// The fewest moves that bring all clusters below the bound, of all ways; `None` if there is no way.
    fn fewest(pairs: &[PlacedPair], clusters: usize, bound: f64) -> Option<usize> {
        let of = |mut number: usize| {
            let mut sums = vec![0.0; clusters];
            let mut moves = 0;
            for pair in pairs {
                let cluster = number % clusters;
                number /= clusters;
                sums[cluster] += pair.per_second;
                moves += usize::from(pair.cluster.0 as usize != cluster);
            }
            sums.into_iter().all(|sum| sum <= bound).then_some(moves)
        };
        (0..clusters.pow(pairs.len() as u32)).filter_map(of).min()
    }

    proptest! {
        #[test]
        fn pairs_are_placed_nearly_as_well_as_possible(loads in prop::collection::vec(1.0..100.0_f64, 1..8), clusters in 1..4_usize) {
            let pairs = pairs(&loads);
            let of = place(&pairs, clusters);
            prop_assert!(of.iter().all(|&cluster| cluster < clusters));
            let (found, best) = (greatest(&pairs, &of, clusters), best(&loads, clusters));
            prop_assert!(found >= best * (1.0 - 1e-9) && found <= best * 1.12, "{found} and {best} of {loads:?}");
        }

        #[test]
        fn moves_never_make_it_worse_and_each_is_possible(
            loads in prop::collection::vec((0..1_000_u16, 0..4_i32), 1..40), bound in 1.0..5_000.0_f64,
        ) {
            let pairs = placed(&loads);
            let clusters: Vec<ClusterId> = (0..4).map(ClusterId).collect();
            let found = rebalance(&pairs, &clusters, bound);
            let most = |loads: &[(ClusterId, f64)]| loads.iter().map(|one| one.1).fold(0.0, f64::max);
            let mut now = pairs.clone();
            let mut last = most(&found.before);
            for one in &found.moves {
                let pair = now.iter_mut().find(|pair| pair.symbol == one.symbol).expect("there");
                prop_assert!(pair.cluster == one.from && one.to != one.from && clusters.contains(&one.to));
                pair.cluster = one.to;
                let load = |cluster: &ClusterId| now.iter().filter(|pair| pair.cluster == *cluster).map(|pair| pair.per_second).sum::<f64>();
                let greatest = clusters.iter().map(load).fold(0.0, f64::max);
                prop_assert!(greatest <= last * (1.0 + 1e-9));
                last = greatest;
            }
            prop_assert!((most(&found.after) - last).abs() < 1e-6);
            prop_assert_eq!(found.is_within_bound, most(&found.after) <= bound);
            if most(&found.before) <= bound {
                prop_assert!(found.moves.is_empty());
            }
        }

        #[test]
        fn moves_are_few(loads in prop::collection::vec((1..100_u16, 0..3_i32), 1..7)) {
            let pairs = placed(&loads);
            let clusters: Vec<ClusterId> = (0..3).map(ClusterId).collect();
            let bound = pairs.iter().map(|pair| pair.per_second).sum::<f64>() / 3.0 * 1.4;
            let found = rebalance(&pairs, &clusters, bound);
            if let Some(fewest) = fewest(&pairs, 3, bound).filter(|_| found.is_within_bound) {
                prop_assert!(found.moves.len() <= fewest + 1, "{} and {fewest} of {loads:?}", found.moves.len());
            }
        }
    }
}
