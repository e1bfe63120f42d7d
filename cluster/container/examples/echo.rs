//! An echo service, which answers each message with the same bytes, and counts the messages in its state.
//!
//! ```text
//! echo <aeron directory> <cluster directory> [backoff|yield|spin]
//! ```
//! It prints a line when it starts and when its role changes, and ends with the cluster or with the first error.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use aeron_cluster_service::{
    Cluster, ClusteredService, ClusteredServiceContainer, ContainerError, Context, Header, IdleStrategy, Role,
    ServiceError, SnapshotReader, SnapshotWriter, Termination,
};

#[derive(Default)]
struct Echo {
    messages: u64,
}

impl ClusteredService for Echo {
    fn on_start(
        &mut self,
        cluster: &mut dyn Cluster,
        snapshot: Option<&mut dyn SnapshotReader>,
    ) -> Result<(), ServiceError> {
        if let Some(snapshot) = snapshot {
            snapshot.read_to_end(cluster, &mut |message| {
                let bytes = message.try_into();
                let bytes = bytes.map_err(|_| ServiceError::message("the snapshot is not of the echo service"))?;
                self.messages = u64::from_le_bytes(bytes);
                Ok(())
            })?;
        }
        println!("echo: started with {} messages at log position {}", self.messages, cluster.log_position());
        Ok(())
    }

    fn on_session_message(
        &mut self,
        cluster: &mut dyn Cluster,
        session_id: i64,
        _timestamp: i64,
        message: &[u8],
        _header: &Header,
    ) {
        self.messages += 1;
        // A client that has disconnected, or does not keep up, does not get its answer.
        let _ = cluster.offer_to(session_id, message);
    }

    fn on_take_snapshot(
        &mut self,
        _cluster: &dyn Cluster,
        snapshot: &mut dyn SnapshotWriter,
    ) -> Result<(), ServiceError> {
        snapshot.offer(&self.messages.to_le_bytes())
    }

    fn on_role_change(&mut self, _cluster: &mut dyn Cluster, role: Role) {
        println!("echo: role {role:?}");
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(aeron_dir), Some(cluster_dir)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: echo <aeron directory> <cluster directory> [backoff|yield|spin]");
        return ExitCode::from(2);
    };
    let idle_strategy = match arguments.next().as_ref().and_then(|name| name.to_str()) {
        Some("yield") => IdleStrategy::Yielding,
        Some("spin") => IdleStrategy::BusySpin,
        _ => IdleStrategy::default(),
    };
    let context = Context::new(PathBuf::from(aeron_dir), PathBuf::from(cluster_dir)).idle_strategy(idle_strategy);
    match run(context) {
        Ok(termination) => {
            println!("echo: ended by {termination:?}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("echo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(context: Context) -> Result<Termination, ContainerError> {
    ClusteredServiceContainer::launch(context, Echo::default())?.run(&AtomicBool::new(false))
}
