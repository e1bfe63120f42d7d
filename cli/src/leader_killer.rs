//! Kills a cluster's leader while a flow is replayed.

use std::time::Instant;

use lugus_node::deployment_status::Status;
use lugus_replay::replay::Watch;
use lugus_topology::ClusterSpec;

use crate::failure::Failure;
use crate::processes;

/// Kills the leader's whole process tree with SIGKILL once the given number of commands has been sent.
pub struct LeaderKiller {
    cluster: ClusterSpec,
    after: u64,
    killed: Option<Result<KilledLeader, Failure>>,
}

/// A leader that was killed.
#[derive(Debug, Clone, Copy)]
pub struct KilledLeader {
    /// The member's number.
    pub member: i32,
    /// When the member was killed.
    pub at: Instant,
}

impl LeaderKiller {
    /// Kills the leader of `cluster` after `after` commands.
    pub fn new(cluster: ClusterSpec, after: u64) -> Self {
        Self { cluster, after, killed: None }
    }

    /// The leader that was killed.
    ///
    /// # Errors
    /// When no leader was killed; the error gives the reason.
    pub fn killed(self) -> Result<KilledLeader, Failure> {
        self.killed.unwrap_or_else(|| Err(Failure::new("the flow ended before the leader was killed")))
    }

    fn kill(&self) -> Result<KilledLeader, Failure> {
        let status = Status::read(std::slice::from_ref(&self.cluster))?;
        let leader = status
            .leader(self.cluster.id)
            .ok_or_else(|| Failure::new("there is no leader to kill: the cluster has none"))?;
        let member = self.cluster.members.iter().find(|member| member.id.0 == leader.id);
        let pid = member
            .and_then(|member| processes::pid(&member.dir))
            .ok_or_else(|| Failure::new("the leader's process was not found"))?;
        let at = Instant::now();
        processes::kill_tree(pid)?;
        Ok(KilledLeader { member: leader.id, at })
    }
}

impl Watch for LeaderKiller {
    fn sent(&mut self, commands: u64) {
        if commands == self.after {
            self.killed = Some(self.kill());
        }
    }
}
