//! Draws faults from the seed, episode by episode, or takes them from a file.

use std::collections::VecDeque;

use lugus_simulator::Random;

use crate::error::TortureError;
use crate::fault::{Fault, FaultGroup, FaultKind, ProcessKind, Target};

/// Within this time after its begin all faults of an episode begin, in milliseconds.
const SPREAD_MS: u64 = 4_000;

/// Lengths of faults, in milliseconds: most are short.
const LENGTHS_MS: [(u64, u64); 5] = [(100, 400), (100, 1_000), (400, 2_000), (1_000, 5_000), (5_000, 15_000)];

/// Number of faults of an episode.
const COUNTS: [u64; 10] = [1, 1, 1, 1, 2, 2, 2, 3, 3, 4];

/// The faults of a run.
#[derive(Debug)]
pub(crate) struct Plan {
    source: Source,
}

#[derive(Debug)]
enum Source {
    Drawn { random: Random, episodes: u64, kinds: Vec<FaultKind> },
    Given(VecDeque<Fault>),
}

impl Plan {
    /// Draws faults of these kinds, without end.
    pub(crate) fn drawn(seed: u64, kinds: Vec<FaultKind>) -> Self {
        Self { source: Source::Drawn { random: Random::new(seed, 1), episodes: 0, kinds } }
    }

    /// The faults of a file with a fault in each line, as a run prints them; lines that begin with `#` are remarks.
    ///
    /// # Errors
    /// A line is no fault.
    pub(crate) fn parse(text: &str) -> Result<Self, TortureError> {
        let is_fault = |line: &str| !line.trim().is_empty() && !line.starts_with('#');
        let lines = text.lines().enumerate().filter(|(_, line)| is_fault(line));
        let fault = |(at, line): (usize, &str)| {
            let wrong = |error: serde_json::Error| TortureError::Plan { line: at + 1, reason: error.to_string() };
            serde_json::from_str(line).map_err(wrong)
        };
        let faults = lines.map(fault).collect::<Result<VecDeque<Fault>, _>>()?;
        Ok(Self { source: Source::Given(faults) })
    }

    /// The faults of the next episode, in the order of their times; `None` if there are no more.
    pub(crate) fn next_episode(&mut self) -> Option<Vec<Fault>> {
        let mut faults = match &mut self.source {
            Source::Drawn { random, episodes, kinds } => {
                *episodes += 1;
                draw(random, *episodes, kinds)?
            }
            Source::Given(faults) => {
                let episode = faults.front()?.episode;
                let count = faults.iter().take_while(|fault| fault.episode == episode).count();
                faults.drain(..count).collect()
            }
        };
        faults.sort_by_key(|fault| fault.at_ms);
        Some(faults)
    }
}

fn draw(random: &mut Random, episode: u64, kinds: &[FaultKind]) -> Option<Vec<Fault>> {
    let first = draw_kind(random, kinds)?;
    let count = random.one_of(&COUNTS);
    let mut drawn = vec![first];
    for _ in 1..count {
        drawn.push(draw_kind(random, kinds)?);
    }
    // Only one member at a time may lose what it has recorded, and nobody may be killed meanwhile.
    if let Some(state) = drawn.iter().copied().find(|kind| kind.group() == FaultGroup::State) {
        drawn.retain(|kind| is_harmless(*kind));
        drawn.push(state);
    }
    let begins_calm = random.below(2) == 0;
    let after_recovery = begins_calm || drawn.iter().any(|kind| kind.group() == FaultGroup::State);
    let fault = |kind: FaultKind| {
        let (shortest, longest) = random.one_of(&LENGTHS_MS);
        Fault {
            episode,
            after_recovery,
            at_ms: if count == 1 { 0 } else { random.below(SPREAD_MS) },
            fault: kind,
            target: random.one_of(&[Target::Leader, Target::Leader, Target::Follower, Target::OtherFollower]),
            process: random.one_of(&ProcessKind::ALL),
            length_ms: random.between(shortest, longest),
            choice: random.between(0, u64::from(u32::MAX)),
        }
    };
    Some(drawn.into_iter().map(fault).collect())
}

/// Whether a fault may happen while another member has lost what it has recorded: it ends no process of a member, and parts nobody.
fn is_harmless(kind: FaultKind) -> bool {
    use FaultKind::{Busy, Delay, ReconnectClient, ReplaceClient, Snapshot, StopClients};
    matches!(kind, Busy | Delay | ReconnectClient | ReplaceClient | Snapshot | StopClients)
}

fn draw_kind(random: &mut Random, kinds: &[FaultKind]) -> Option<FaultKind> {
    let total: u64 = kinds.iter().map(|kind| kind.weight()).sum();
    let mut drawn = random.below(total);
    kinds.iter().copied().find(|kind| {
        let is_it = drawn < kind.weight();
        drawn = drawn.saturating_sub(kind.weight());
        is_it
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(seed: u64, episodes: usize) -> Vec<Fault> {
        let mut plan = Plan::drawn(seed, FaultKind::ALL.to_vec());
        (0..episodes).filter_map(|_| plan.next_episode()).flatten().collect()
    }

    #[test]
    fn a_seed_gives_the_same_faults_and_its_printed_lines_give_them_again() {
        let drawn = faults(7, 50);
        assert_eq!(drawn, faults(7, 50));
        assert_ne!(drawn, faults(8, 50));
        let text: String = drawn.iter().map(|fault| serde_json::to_string(fault).unwrap() + "\n# done\n").collect();
        let mut given = Plan::parse(&text).unwrap();
        let again: Vec<Fault> = std::iter::from_fn(|| given.next_episode()).flatten().collect();
        assert_eq!(again, drawn);
        assert!(Plan::parse("{\"episode\":1}\n").is_err_and(|error| error.to_string().starts_with("line 1 ")));
    }

    #[test]
    fn every_kind_is_drawn_and_a_member_that_loses_its_state_is_the_only_one_that_is_hurt() {
        let drawn = faults(1, 3_000);
        for kind in FaultKind::ALL {
            assert!(drawn.iter().any(|fault| fault.fault == *kind), "{kind:?}");
        }
        for episode in drawn.chunk_by(|one, other| one.episode == other.episode) {
            let of_state = episode.iter().filter(|fault| fault.fault.group() == FaultGroup::State).count();
            let hurting = episode.iter().filter(|fault| !is_harmless(fault.fault)).count();
            assert!(of_state == 0 || (of_state, hurting) == (1, 1) && episode[0].after_recovery, "{episode:?}");
        }
    }

    #[test]
    fn without_any_kind_there_is_no_episode() {
        assert!(Plan::drawn(1, Vec::new()).next_episode().is_none());
    }
}
