//! `lugus demo`: sends order flow through three members and kills the leader with SIGKILL in the middle; then trades on
//! two clusters by the coordinator's map while an instrument moves from one to the other; finally prints what was sent,
//! answered, lost and repeated.

use std::path::Path;
use std::time::Duration;

use lugus_client::{InstrumentId, OlderSession};
use lugus_replay::replay::{Progress, ReplayOptions, Replayed, Watch};
use serde::Serialize;

use crate::arguments::Demo;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::leader_killer::LeaderKiller;
use crate::map::MapDocument;
use crate::moving::Moving;
use crate::output::Output;
use crate::private_cluster::PrivateCluster;
use crate::replay::{mbo, synthetic, through_cluster};
use crate::status;
use crate::traders::{Traded, Traders};

/// Number of commands of the flow: enough to watch it, few enough to wait for its end.
const COMMANDS: u64 = 200_000;
const COMMANDS_PER_SECOND: u32 = 20_000;
const SEED: u64 = 1;
const WINDOW: u32 = 1_024;

/// Number of pairs of commands on both clusters before the move of an instrument, and again after it; pairs are also
/// sent while it moves.
const PAIRS_BEFORE_THE_MOVE: u64 = 5_000;
const PAIRS_AFTER_THE_MOVE: u64 = 5_000;

/// Participants that trade on both clusters, and their largest number of unanswered commands.
const TRADERS: [u32; 2] = [11, 12];
const WINDOW_ON_BOTH: usize = 128;

/// Longest time that the killed member may take to catch up after its restart.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(30);

/// Sums over the whole demo.
#[derive(Debug, Serialize)]
struct Account {
    commands: u64,
    answered: u64,
    lost: u64,
    duplicated: u64,
    hashes_equal: bool,
    failover_ms: u128,
    /// Longest time that a command waited for its answer while its instrument moved.
    move_pause_ms: u128,
}

impl Account {
    fn is_ok(&self) -> bool {
        self.commands == self.answered && self.lost == 0 && self.duplicated == 0 && self.hashes_equal
    }

    fn add(&mut self, traded: &Traded) {
        self.commands += traded.commands;
        self.answered += traded.answered;
        self.lost += traded.lost;
        self.duplicated += traded.duplicated;
    }

    /// The last line of output, in a form that scripts can parse.
    fn line(&self) -> String {
        format!(
            "demo: {} commands={} answered={} lost={} duplicated={} hashes={} failover_ms={} \
             move_pause_ms={}",
            if self.is_ok() { "ok" } else { "FAILED" },
            self.commands,
            self.answered,
            self.lost,
            self.duplicated,
            if self.hashes_equal { "equal" } else { "different" },
            self.failover_ms,
            self.move_pause_ms,
        )
    }
}

/// Runs the demo on temporary clusters, which are stopped and deleted afterwards.
///
/// # Errors
/// When any part of the demo fails; the last line on standard output then begins with `demo: FAILED`.
pub fn run(demo: &Demo, output: Output) -> Result<(), Failure> {
    let mut cluster = PrivateCluster::new("demo", None, demo.base_port)?;
    let outcome = trade_and_kill(demo, &cluster, output);
    if !matches!(&outcome, Ok(account) if account.is_ok()) {
        cluster.keep();
    }
    let folder = cluster.folder().to_path_buf();
    drop(cluster);
    let hint = format!("the members' logs are in {}", folder.display());
    match outcome {
        Ok(account) => {
            output.answer(&account, account.line())?;
            if account.is_ok() {
                Ok(())
            } else {
                Err(Failure::new("the demo found lost or duplicated commands, or state hashes that differ").hint(hint))
            }
        }
        Err(failure) => {
            output.say(format!("demo: FAILED {failure}"));
            Err(failure.hint(hint))
        }
    }
}

fn trade_and_kill(demo: &Demo, cluster: &PrivateCluster, output: Output) -> Result<Account, Failure> {
    output.say("starting cluster A with three members, cluster B with one, and the coordinator");
    let started = cluster.start()?;
    output.say(format!("{started}; state in {}", cluster.folder().display()));
    let mut account = synthetic_with_a_kill(cluster.found(), output)?;
    output.say("starting the killed member again");
    cluster.start()?;
    if let Some(file) = &demo.mbo {
        replay_recording(cluster.found(), file, &mut account, output)?;
    }
    trade_on_both(cluster.found(), &mut account, output)?;
    let status = cluster.await_comparable(CATCH_UP_TIMEOUT)?;
    output.say(status::table(&status));
    account.hashes_equal = status.hashes_equal == Some(true);
    Ok(account)
}

fn synthetic_with_a_kill(found: &DeploymentFile, output: Output) -> Result<Account, Failure> {
    output.say(format!(
        "sending {COMMANDS} commands at {COMMANDS_PER_SECOND} a second; the leader is killed with SIGKILL at the {}th",
        COMMANDS / 2
    ));
    let mut watch = DemoWatch { killer: LeaderKiller::new(found.cluster()?, COMMANDS / 2), output };
    let options = ReplayOptions { window: WINDOW, rate: Some(COMMANDS_PER_SECOND), ..ReplayOptions::default() };
    let Replayed { report, timeline, .. } =
        through_cluster(found, &mut synthetic(COMMANDS, SEED, WINDOW), options, OlderSession::Replace, &mut watch)?;
    output.say(&report);
    let killed = watch.killer.killed()?;
    let fail_over = timeline.fail_over(killed.at).ok_or_else(|| {
        Failure::new("no new leader answered after the kill").hint("the members' logs tell why there was no election")
    })?;
    output.say(format!(
        "member {} led and was killed with all its processes; the new leader's first answer came {} ms later",
        killed.member,
        fail_over.first_answer.as_millis()
    ));
    Ok(Account {
        commands: report.commands,
        answered: report.answered,
        lost: report.lost,
        duplicated: report.duplicated,
        hashes_equal: false,
        failover_ms: fail_over.first_answer.as_millis(),
        move_pause_ms: 0,
    })
}

fn trade_on_both(found: &DeploymentFile, account: &mut Account, output: Output) -> Result<(), Failure> {
    let mut traders = Traders::connect(found, &TRADERS, WINDOW_ON_BOTH)?;
    let map = traders.map().cloned().ok_or_else(|| Failure::new("no partition map has come from the coordinator"))?;
    let instruments: Vec<InstrumentId> = map.partitions.iter().map(|partition| partition.instrument.id).collect();
    let [from, to] = map.clusters.as_slice() else {
        return Err(Failure::new("the partition map must have exactly two clusters"));
    };
    let moved = map.partitions.iter().map(|partition| &partition.instrument).find(|one| one.cluster == from.id);
    let moved = moved.ok_or_else(|| Failure::new(format!("{} owns no instrument that could be moved", from.name)))?;
    output.say(MapDocument::new(&map).partitions());
    output.say(format!(
        "trading through the SDK, which finds each instrument's cluster in that map, while {} moves to {}",
        moved.symbol, to.name
    ));
    let mut turns = instruments.iter().cycle();
    let mut trade = |traders: &mut Traders| turns.next().map_or(Ok(()), |instrument| traders.trade(*instrument));
    for _ in 0..PAIRS_BEFORE_THE_MOVE {
        trade(&mut traders)?;
    }
    let id = moved.id;
    traders.take_longest_wait(id);
    let mut moving = Moving::start(found, &moved.symbol, &to.name)?;
    while moving.goes_on()? {
        trade(&mut traders)?;
    }
    moving.finish()?;
    traders.await_owner(id, to.id)?;
    for _ in 0..PAIRS_AFTER_THE_MOVE {
        trade(&mut traders)?;
    }
    traders.settle();
    account.move_pause_ms = traders.take_longest_wait(id).as_millis();
    if let Some(map) = traders.map() {
        output.say(MapDocument::new(map).partitions());
    }
    let traded = traders.close();
    account.add(&traded);
    output.say(format!(
        "{} commands, {} answered, {} trades, {} lost, {} duplicated; {} could not be traded for {} ms",
        traded.commands,
        traded.answered,
        traded.trades,
        traded.lost,
        traded.duplicated,
        moved.symbol,
        account.move_pause_ms
    ));
    Ok(())
}

fn replay_recording(found: &DeploymentFile, file: &Path, account: &mut Account, output: Output) -> Result<(), Failure> {
    output.say(format!("replaying {}", file.display()));
    let options = ReplayOptions { window: WINDOW, ..ReplayOptions::default() };
    let Replayed { report, .. } = through_cluster(found, &mut mbo(file)?, options, OlderSession::Replace, &mut ())?;
    output.say(&report);
    account.commands += report.commands;
    account.answered += report.answered;
    account.lost += report.lost;
    account.duplicated += report.duplicated;
    Ok(())
}

/// Prints the progress of the flow, and kills the leader in its middle.
struct DemoWatch {
    killer: LeaderKiller,
    output: Output,
}

impl Watch for DemoWatch {
    fn sent(&mut self, commands: u64) {
        self.killer.sent(commands);
    }

    fn progress(&mut self, progress: &Progress) {
        self.output.say(format!("  {:>7} of {} answered", progress.answered, progress.expected));
    }
}
