//! An instrument moves to and fro between two clusters while it is traded, and before each step of a move one of the
//! involved processes is killed: the migrator, the coordinator, the leader of the old cluster, or the leader of the new
//! one. The instrument always has one owner and one book, and every command has one outcome.

mod clients;
mod held_move;
mod pair;
mod participants;

use std::rc::Rc;
use std::time::Instant;

use crate::harness::{Answer, LocalCluster, RawSession, new_order, until};
use held_move::HeldMove;
use lugus_client::partition_map::{MapContext, MapSubscription, RecordedMap};
use lugus_media_driver::ClientDriver;
use pair::{CLUSTERS, NAMES, PAIR, SYMBOL};
use participants::{Levels, Participants};
use serde_json::Value;

/// The participant that only probes which clusters accept commands.
const LOOKER: u32 = 61;
/// Sequence number of a probe. It leaves a gap, so a cluster that accepts commands rejects the probe, and its state
/// stays the same.
const HOLE: u64 = 1_000_000;

/// The steps of a move, in order.
const STEPS: [&str; 10] =
    ["begin", "copy-ahead", "fence", "import", "export", "verify", "commit", "activate", "drop", "finish"];
/// The steps of undoing a move, in order.
const UNDOING: [&str; 4] = ["abort", "drop-import", "unfence", "finish"];

#[test]
fn the_migrator_is_killed_before_each_step() {
    let mut moves = Moves::start();
    for step in STEPS {
        let to = moves.other();
        moves.hold(to, step).kill();
        moves.finish(to);
    }
    for step in ["fence", "export", "commit"] {
        let to = moves.other();
        moves.hold(to, step).kill();
        moves.undo("undone");
    }
    for step in UNDOING {
        let to = moves.other();
        moves.hold(to, "commit").kill();
        moves.hold_undo(step).kill();
        moves.undo("undone");
    }
    // From this step on a move can't be undone.
    let to = moves.other();
    moves.hold(to, "activate").kill();
    let refused = moves.cluster.lugus(&["migrate", SYMBOL, "--undo"]);
    assert!(refused.message().contains("is committed and can't be undone: finish it with --to"), "{refused:?}");
    moves.finish(to);
    moves.close();
}

#[test]
fn the_coordinator_is_killed_before_each_step() {
    killed_before_each_step(&UNDOING, |moves, _| moves.cluster.kill_coordinator());
}

#[test]
fn the_old_clusters_leader_is_killed_before_each_step() {
    killed_before_each_step(&["unfence"], |moves, to| moves.kill_leader(1 - to));
}

#[test]
fn the_new_clusters_leader_is_killed_before_each_step() {
    killed_before_each_step(&["drop-import"], Moves::kill_leader);
}

/// A client with an old map, and two clients of one participant.
#[test]
fn clients_are_told_where_the_pair_is_and_who_they_are() {
    let cluster = LocalCluster::default_deployment();
    clients::two_of_one_participant(&cluster);
    clients::with_an_old_map(&cluster);
}

/// Kills a process other than the migrator before each step. The migrator continues once that process runs again.
fn killed_before_each_step(undoing: &[&str], kill: impl Fn(&mut Moves, usize)) {
    let mut moves = Moves::start();
    for step in STEPS {
        let to = moves.other();
        let mut held = moves.hold(to, step);
        kill(&mut moves, to);
        held.go_on();
        moves.bring_up();
        let ended = held.end();
        assert_eq!(ended["outcome"], "moved", "{ended}");
        moves.finish(to);
    }
    for step in undoing {
        let to = moves.other();
        moves.hold(to, "verify").kill();
        let mut held = moves.hold_undo(step);
        kill(&mut moves, to);
        held.go_on();
        moves.bring_up();
        let ended = held.end();
        assert_eq!(ended["outcome"], "undone", "{ended}");
        moves.undo("nothing to do");
    }
    moves.close();
}

/// Two clusters with their coordinator; one of the clusters owns the instrument.
struct Moves {
    participants: Participants,
    maps: RecordedMap,
    owner: usize,
    began: Instant,
    driver: Rc<ClientDriver>,
    // Declared last, as the other fields need the running cluster.
    cluster: LocalCluster,
}

impl Moves {
    fn start() -> Self {
        let cluster = LocalCluster::default_deployment();
        let driver = Rc::new(ClientDriver::start(&cluster.deployment).expect("a driver"));
        let maps = RecordedMap::new(MapContext::new(&cluster.deployment, driver.aeron_dir().to_path_buf()));
        let participants = Participants::start(&cluster.deployment);
        let mut moves = Self { participants, maps, owner: 0, began: Instant::now(), driver, cluster };
        moves.check("at the beginning");
        moves
    }

    fn other(&self) -> usize {
        1 - self.owner
    }

    /// Starts a move and holds it before a step.
    #[track_caller]
    fn hold(&mut self, to: usize, step: &str) -> HeldMove {
        let held = HeldMove::start(&self.cluster, &[SYMBOL, "--to", NAMES[to]], step);
        let (mut takes, from) = ([false; 2], 1 - to);
        match step {
            "begin" | "copy-ahead" | "fence" => takes[from] = true,
            "drop" | "finish" => takes[to] = true,
            _ => {}
        }
        let is_committed = ["activate", "drop", "finish"].contains(&step);
        self.look(takes, if is_committed { to } else { from }, step);
        held
    }

    /// Starts undoing a move and holds that before a step.
    #[track_caller]
    fn hold_undo(&mut self, step: &str) -> HeldMove {
        let held = HeldMove::start(&self.cluster, &[SYMBOL, "--undo"], step);
        let mut takes = [false; 2];
        takes[self.owner] = step == "finish";
        self.look(takes, self.owner, step);
        held
    }

    /// Kills the leader of a cluster while commands are in flight.
    #[track_caller]
    fn kill_leader(&mut self, of: usize) {
        let status = self.cluster.await_status("leaders", |status| status.clusters[of].leader.is_some());
        assert!(self.participants.burst() > 0);
        self.cluster.kill_member(CLUSTERS[of], status.clusters[of].leader.expect("just seen"));
    }

    /// Starts the processes that do not run.
    #[track_caller]
    fn bring_up(&self) {
        self.cluster.up();
    }

    /// Finishes the current move with another migrator, and checks everything.
    #[track_caller]
    fn finish(&mut self, to: usize) {
        let ended = self.cluster.lugus(&["--json", "migrate", SYMBOL, "--to", NAMES[to]]).json();
        assert!(ended["outcome"] == "moved" || ended["outcome"] == "nothing to do", "{ended}");
        self.owner = to;
        self.check("moved");
    }

    /// Undoes the current move with another migrator, and checks everything.
    #[track_caller]
    fn undo(&mut self, outcome: &str) {
        let ended = self.cluster.lugus(&["--json", "migrate", SYMBOL, "--undo"]).json();
        assert_eq!(ended["outcome"], outcome, "{ended}");
        self.check("undone");
    }

    /// Checks that every command has one outcome, the owner's book agrees with the participants' reports, no other
    /// cluster accepts commands, and all members have the same state. Then trading continues.
    #[track_caller]
    fn check(&mut self, when: &str) {
        let mut takes = [false; 2];
        takes[self.owner] = true;
        self.look(takes, self.owner, when);
        let settled = self.participants.settle();
        let book = self.cluster.lugus(&["--json", "book", "-i", SYMBOL, "--depth", "256"]).json();
        assert_eq!([levels(&book["bids"]), levels(&book["offers"])], settled.book, "{when}");
        self.cluster.await_status("all members with the same state", |status| status.hashes_equal == Some(true));
        let (commands, trades) = (settled.commands, settled.trades);
        println!("{:?}: {when}: in {}, {commands} commands, {trades} trades", self.began.elapsed(), NAMES[self.owner]);
        self.participants.go_on();
    }

    /// Checks which clusters accept commands of the instrument, and which cluster owns it by the map.
    #[track_caller]
    fn look(&mut self, takes: [bool; 2], owner: usize, when: &str) {
        let found = CLUSTERS.map(|id| {
            let spec = self.cluster.deployment.cluster(id).expect("a cluster");
            let mut session = RawSession::connect_to(&self.cluster, &spec, Rc::clone(&self.driver), LOOKER);
            match session.ask(&new_order(PAIR.0, HOLE, 1, 1), 1)[0] {
                Answer::SequenceReject { .. } => true,
                Answer::Moved { .. } | Answer::CommandRefused => false,
                other => panic!("{other:?}"),
            }
        });
        assert_eq!(found, takes, "who takes commands: {when}");
        until("the map", || {
            let _ = self.maps.poll();
            let partition = self.maps.newest()?.partition(PAIR)?;
            (partition.owner() == CLUSTERS[owner]).then_some(())
        });
    }

    #[track_caller]
    fn close(self) {
        self.participants.close();
        println!("{:?}: closed", self.began.elapsed());
    }
}

fn levels(side: &Value) -> Levels {
    let number = |value: &Value| value.as_u64().expect("a number");
    let levels = side.as_array().expect("levels").iter();
    levels
        .map(|level| {
            let price = level["price"].as_i64().expect("a price");
            (price, number(&level["quantity"]), number(&level["orders"]))
        })
        .collect()
}
