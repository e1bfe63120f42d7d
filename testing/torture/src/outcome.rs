//! What a torture has found.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// What a torture has found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Outcome {
    /// Seed of faults and commands.
    pub seed: u64,
    /// `namespaces` or `loopback`.
    pub placement: &'static str,
    /// How long it took, with all checks.
    pub seconds: u64,
    /// Number of episodes, in each of which some faults happened together.
    pub episodes: u64,
    /// Number of faults, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Commands that clients sent.
    pub commands: u64,
    /// Commands that were answered.
    pub answered: u64,
    /// Commands that were given up or refused, as the client was told.
    pub given_up: u64,
    /// Commands without any outcome: of clients' processes that were replaced or closed.
    pub unanswered: u64,
    /// Commands of clients in Java, which are among all commands.
    pub java_commands: u64,
    /// Of these: answered.
    pub java_answered: u64,
    /// Sessions that clients in Java have opened.
    pub java_sessions: u64,
    /// Answered commands and told events that the committed log does not have.
    pub lost: u64,
    /// Applied commands for which no command of a client accounts.
    pub duplicated: u64,
    /// Commands that are in the log before one that had been answered before they were sent.
    pub out_of_order: u64,
    /// States and snapshots that differ from what the log leads to, or between members.
    pub hash_differences: u64,
    /// Number of states of members that were compared with the log.
    pub states_compared: u64,
    /// Number of snapshots that were compared with the log.
    pub snapshots_compared: u64,
    /// Snapshots that were asked for and taken.
    pub snapshots: u64,
    /// Moves of instruments that were done, those at the end excepted.
    pub moves: u64,
    /// How often a member's supervisor was started again.
    pub restarts: u64,
    /// How often a damaged member was repaired.
    pub repairs: u64,
    /// Damaged members that neither came back nor said that they are damaged.
    pub undiagnosed: u64,
    /// Log position at the end.
    pub log_position: i64,
    /// Live orders after the operator had canceled all.
    pub orders_left: u64,
    /// Longest time in which no client was answered, those included in which no majority ran.
    pub worst_pause_ms: u64,
    /// Longest time from the end of all faults of an episode to the next answer.
    pub worst_recovery_ms: u64,
    /// Longest time without an answer around faults that happened alone, by kind.
    pub worst_pause_ms_by_fault: BTreeMap<&'static str, u64>,
    /// How often a scenario was played.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<Played>,
    /// What broke a promise, in words.
    pub violations: Vec<String>,
    /// Folder with a copy of all files, if a promise was broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<PathBuf>,
}

/// A scenario that was played.
#[derive(Debug, Clone, Serialize)]
pub struct Played {
    /// Its name.
    pub name: &'static str,
    /// How often it was played to its end.
    pub times: u64,
    /// Of these: how often what it aims at came about, in words of the scenario.
    pub reached: BTreeMap<&'static str, u64>,
}

impl Outcome {
    /// Whether every promise was kept.
    pub fn is_clean(&self) -> bool {
        self.lost + self.duplicated + self.out_of_order + self.hash_differences + self.orders_left == 0
            && self.violations.is_empty()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: Vec<String> = self.faults.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        writeln!(
            f,
            "{} episodes in {} s ({}, seed {}): {}",
            self.episodes,
            self.seconds,
            self.placement,
            self.seed,
            if faults.is_empty() { String::from("no fault") } else { faults.join(", ") }
        )?;
        if let Some(played) = &self.scenario {
            let reached: Vec<String> = played.reached.iter().map(|(what, count)| format!("{what}: {count}")).collect();
            writeln!(f, "{} played {} times; {}", played.name, played.times, reached.join(", "))?;
        }
        writeln!(
            f,
            "commands {}, answered {}, given up {}, without outcome {}; of clients in Java: commands {}, answered {}, sessions {}",
            self.commands,
            self.answered,
            self.given_up,
            self.unanswered,
            self.java_commands,
            self.java_answered,
            self.java_sessions
        )?;
        writeln!(
            f,
            "lost {}, duplicated {}, out of order {}, hash differences {}, orders left {}",
            self.lost, self.duplicated, self.out_of_order, self.hash_differences, self.orders_left
        )?;
        writeln!(
            f,
            "states compared {}, snapshots compared {}, snapshots asked for {}, moves {}, restarts {}, repairs {}, damage that was not \
             told {}",
            self.states_compared,
            self.snapshots_compared,
            self.snapshots,
            self.moves,
            self.restarts,
            self.repairs,
            self.undiagnosed
        )?;
        write!(
            f,
            "worst pause {} ms, worst recovery {} ms, log position {}",
            self.worst_pause_ms, self.worst_recovery_ms, self.log_position
        )?;
        for violation in &self.violations {
            write!(f, "\nVIOLATION: {violation}")?;
        }
        if let Some(kept) = &self.kept {
            write!(f, "\nall files are in {}", kept.display())?;
        }
        Ok(())
    }
}
