//! docs/deployment.md, walked from one end to the other: three members, a second cluster, the coordinator and a client, each on a machine of
//! its own, with one `cluster.toml`. Orders flow all the time, and each command is answered exactly once.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod harness;

use std::fs;
use std::process::Child;

use aeron_archive_files::RecordingLog;
use harness::{ArchivedSnapshot, Machines, Outcome, Status, folder, until};
use lugus_codecs::snapshot;
use lugus_topology::{ClusterId, Deployment, MemberId, MemberSpec};
use lugus_vocabulary::ProtocolVersion;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Machines of cluster A, in the order of the members.
const MEMBERS: [(&str, &str); 3] = [("m0", "192.0.2.10"), ("m1", "192.0.2.11"), ("m2", "192.0.2.12")];
/// The machine of cluster B's only member.
const OTHER: (&str, &str) = ("b0", "192.0.2.20");
const COORDINATOR: (&str, &str) = ("coord", "192.0.2.30");
const CLIENT: (&str, &str) = ("client", "192.0.2.40");

/// Commands of a flow that goes on meanwhile, and their rate a second.
const COMMANDS: u64 = 12_000;
const RATE: &str = "400";

fn deployment() -> String {
    let mut text = format!(
        "dir = \"disk/state\"\n[coordinator]\nhost = \"{}\"\n[authentication]\nmode = \"keys\"\n",
        COORDINATOR.1
    );
    for (id, name, hosts) in [(0, "A", &MEMBERS[..]), (1, "B", &[OTHER][..])] {
        text += &format!("[[cluster]]\nid = {id}\nname = \"{name}\"\n");
        for (member, (_, host)) in hosts.iter().enumerate() {
            text += &format!("[[cluster.member]]\nid = {member}\nhost = \"{host}\"\nport = 20100\n");
        }
    }
    for participant in 0..=6 {
        text += &format!("[[participant]]\nid = {participant}\nkey = \"{:064x}\"\n", participant + 77);
    }
    for (id, symbol, cluster) in [(1, "BTC/USDT", 0), (2, "SOL/USDT", 1)] {
        text += &format!("[[instrument]]\nid = {id}\nsymbol = \"{symbol}\"\ncluster = {cluster}\n");
    }
    text
}

/// The machines, and the supervisors that run on them.
struct Deployed {
    machines: Machines,
    supervisors: Vec<(String, Child)>,
}

impl Deployed {
    fn run(&mut self, machine: &str, what: &[&str]) {
        let arguments: Vec<&str> = ["--config", "cluster.toml", "supervise"].iter().chain(what).copied().collect();
        self.supervisors.push((machine.to_owned(), self.machines.start(machine, &arguments)));
    }

    fn run_member(&mut self, member: usize) {
        self.run(MEMBERS[member].0, &["node", "--cluster", "0", "--member", &member.to_string()]);
    }

    /// Asks a machine's supervisor to end, and waits for it, as systemd does.
    fn stop(&mut self, machine: &str) {
        let at = self.supervisors.iter().position(|(name, _)| name == machine).expect("it runs");
        let (_, mut supervisor) = self.supervisors.swap_remove(at);
        let pid = Pid::from_raw(supervisor.id().cast_signed()).expect("a process");
        kill_process(pid, Signal::TERM).expect("signalled");
        assert!(supervisor.wait().expect("its end").success(), "{machine}");
    }

    fn at(&self, machine: &str, arguments: &[&str]) -> Outcome {
        let arguments: Vec<&str> = ["--config", "cluster.toml"].iter().chain(arguments).copied().collect();
        self.machines.lugus(machine, &arguments)
    }

    #[track_caller]
    fn client(&self, arguments: &[&str]) -> String {
        let outcome = self.at(CLIENT.0, arguments);
        assert_eq!(outcome.code, Some(0), "{arguments:?}: {outcome:?}");
        outcome.stdout
    }

    /// As the client's machine sees it over the network, with no member on the same host.
    fn status(&self) -> Option<Status> {
        serde_json::from_str(&self.at(CLIENT.0, &["--json", "status"]).stdout).ok()
    }

    /// Waits until all members follow a leader, and their states are the same at some position.
    fn await_whole(&self) -> Status {
        until("all members, with equal states", || {
            let status = self.status()?;
            let all = status.members.iter().all(|member| ["leader", "follower"].contains(&member.role.as_str()));
            (all && status.running().count() == MEMBERS.len() + 1 && status.hashes_equal != Some(false))
                .then_some(status)
        })
    }

    /// A flow of orders of a client, which goes on.
    fn flow(&self, commands: u64) -> Flow {
        let commands_text = commands.to_string();
        let arguments =
            ["--config", "cluster.toml", "--json", "replay", "synthetic", "--commands", &commands_text, "--rate", RATE];
        Flow { commands, process: self.machines.start(CLIENT.0, &arguments) }
    }

    /// Restarts the members of cluster A one after the other, the leader last; `while_down` is done with each while it is down.
    fn restart_members(&mut self, while_down: impl Fn(&Self, usize)) {
        let leader = self.leader();
        let followers = (0..MEMBERS.len()).filter(|member| *member != leader);
        for member in followers.chain([leader]).collect::<Vec<_>>() {
            self.stop(MEMBERS[member].0);
            while_down(self, member);
            self.run_member(member);
            self.await_whole();
        }
    }

    /// A member of cluster A with the folders as this program finds them.
    fn member_on_disk(&self, member: usize) -> MemberSpec {
        let file = self.machines.mount_point().with_file_name("cluster.toml");
        let cluster = Deployment::load(&file).expect("a deployment").cluster(ClusterId(0)).expect("cluster A");
        let id = MemberId(i32::try_from(member).expect("small"));
        let mut spec = cluster.member(id).expect("a member").clone();
        for folder in [&mut spec.archive_dir, &mut spec.cluster_dir] {
            *folder = self.machines.on_disk(MEMBERS[member].0, folder);
        }
        spec
    }

    /// Cluster A takes a snapshot. Waits until all members have it.
    fn take_snapshot(&self) {
        let newest = |member: usize| {
            let log = RecordingLog::read(&self.member_on_disk(member).cluster_dir).ok()?;
            log.snapshots_of(0).next_back().map(|snapshot| snapshot.log_position)
        };
        let before = [0, 1, 2].map(newest);
        let taken = self.at(MEMBERS[self.leader()].0, &["snapshot", "--instrument", "BTC/USDT"]);
        assert_eq!(taken.code, Some(0), "{taken:?}");
        until("the snapshot of all members", || (0..3).all(|member| newest(member) > before[member]).then_some(()));
    }

    fn leader(&self) -> usize {
        let status = until("a leader", || self.status().filter(|status| status.leader().is_some()));
        usize::try_from(status.leader().expect("a leader").id).expect("a number")
    }
}

/// Orders that flow, each of which is to be answered exactly once.
struct Flow {
    commands: u64,
    process: Child,
}

impl Flow {
    #[track_caller]
    fn check(self, machines: &Machines) {
        let done = self.process.wait_with_output().expect("the flow");
        let Ok(report) = serde_json::from_slice::<Value>(&done.stdout) else {
            panic!("no report, {}: {}", done.status, machines.log(CLIENT.0));
        };
        let counts = ["commands", "answered", "lost", "duplicated"].map(|name| report[name].as_u64());
        let commands = Some(self.commands);
        assert_eq!(counts, [commands, commands, Some(0), Some(0)], "{report}");
    }
}

impl Drop for Deployed {
    fn drop(&mut self) {
        for (_, supervisor) in &mut self.supervisors {
            let _ = supervisor.kill();
            let _ = supervisor.wait();
        }
    }
}

#[test]
fn the_page_on_deployment_is_true() {
    let folder = folder();
    let Some(machines) = Machines::new(folder.path()) else {
        eprintln!("SKIPPED: several machines need root and iproute2");
        return;
    };
    fs::write(folder.path().join("cluster.toml"), deployment()).expect("written");
    let mut deployed = Deployed { machines, supervisors: Vec::new() };
    for (name, address) in MEMBERS.into_iter().chain([OTHER, COORDINATOR, CLIENT]) {
        deployed.machines.add(name, address);
    }

    // Start, in any order; `lugus up` finds all of it running, and defines the instruments.
    deployed.run(COORDINATOR.0, &["coordinator"]);
    (0..MEMBERS.len()).for_each(|member| deployed.run_member(member));
    deployed.run(OTHER.0, &["node", "--cluster", "1", "--member", "0"]);
    deployed.await_whole();
    let up = deployed.at(COORDINATOR.0, &["--json", "up"]).json();
    assert_eq!((&up["started"], &up["awaited"]), (&Value::Array(Vec::new()), &Value::Null), "{up}");

    // Trade.
    deployed.client(&["order", "--instrument", "BTC/USDT", "--raw", "--participant", "5", "sell", "25", "6400000"]);
    deployed.client(&["order", "--instrument", "BTC/USDT", "--raw", "--participant", "6", "buy", "10", "6400000"]);
    let book = || deployed.client(&["book", "--instrument", "BTC/USDT", "--raw"]);
    let traded = book();
    assert!(traded.contains("15") && traded.contains("6400000"), "{traded}");
    // Rolling restart, the leader last.
    let flow = deployed.flow(COMMANDS);
    deployed.restart_members(|_, _| {});
    flow.check(&deployed.machines);

    // Upgrade: each member finds a snapshot as an earlier version wrote it.
    deployed.take_snapshot();
    let flow = deployed.flow(COMMANDS);
    deployed.restart_members(|deployed, member| {
        let spec = deployed.member_on_disk(member);
        ArchivedSnapshot::read(&spec).write_without_runs();
        assert_eq!(ArchivedSnapshot::read(&spec).versions(), [2]);
    });
    flow.check(&deployed.machines);
    let activated = deployed.client(&["activate"]);
    assert!(activated.contains("active already"), "{activated}");
    for member in deployed.await_whole().members {
        assert_eq!(member.active_protocol_version, Some(ProtocolVersion::FIRST_ACTIVE.0), "{member:?}");
    }
    deployed.take_snapshot();
    for member in 0..MEMBERS.len() {
        // The newest snapshot of a member that runs is whole once its log names it.
        let versions = ArchivedSnapshot::read(&deployed.member_on_disk(member)).versions();
        assert_eq!(versions, [snapshot::SBE_SCHEMA_VERSION], "member {member}");
    }

    // A machine burns down. A new one with its address takes its place: it has nothing, and gets all from the others.
    let (name, address) = MEMBERS[(deployed.leader() + 1) % MEMBERS.len()];
    let member = MEMBERS.iter().position(|(other, _)| *other == name).expect("a member");
    deployed.supervisors.retain_mut(|(other, supervisor)| {
        let is_its = other == name;
        if is_its {
            supervisor.kill().expect("killed");
            supervisor.wait().expect("its end");
        }
        !is_its
    });
    deployed.machines.destroy(name);
    deployed.client(&["order", "--instrument", "BTC/USDT", "--raw", "--participant", "6", "buy", "1", "6400000"]);
    deployed.machines.add(name, address);
    let repaired = deployed.at(name, &["repair", "--member", &member.to_string()]);
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    deployed.run_member(member);
    deployed.await_whole();

    // A pair moves between clusters, with its book.
    deployed.client(&["migrate", "BTC/USDT", "--to", "B"]);
    let moved = deployed.client(&["book", "--instrument", "BTC/USDT", "--raw"]);
    assert!(moved.contains("14") && moved.contains("6400000"), "{moved}");
    deployed.client(&["order", "--instrument", "BTC/USDT", "--raw", "--participant", "6", "buy", "14", "6400000"]);

    // What the new machine has is whole.
    deployed.stop(name);
    let audit = deployed.at(name, &["--json", "audit", "--member", &member.to_string()]);
    assert_eq!(audit.code, Some(0), "{audit:?}");
    deployed.run_member(member);
    deployed.await_whole();
    for name in MEMBERS.map(|(name, _)| name).into_iter().chain([OTHER.0, COORDINATOR.0]) {
        deployed.stop(name);
    }
}
