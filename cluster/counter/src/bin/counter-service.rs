//! The counter's service: adds increments, and answers each with the sum.
//!
//! `counter-service AERON_DIR CLUSTER_DIR`: the directories of the media driver and of the consensus module. It ends with the
//! cluster, or with the first error.

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use aeron_cluster_service::{
    Cluster, ClusteredService, ClusteredServiceContainer, Context, Header, ServiceError, SnapshotReader, SnapshotWriter,
};
use counter::{decode, encode};

#[derive(Default)]
struct Counter {
    sum: u64,
}

impl ClusteredService for Counter {
    fn on_start(
        &mut self,
        cluster: &mut dyn Cluster,
        snapshot: Option<&mut dyn SnapshotReader>,
    ) -> Result<(), ServiceError> {
        if let Some(snapshot) = snapshot {
            snapshot.read_to_end(cluster, &mut |message| {
                self.sum = decode(message)?;
                Ok(())
            })?;
        }
        println!("counter-service: starts at {}", self.sum);
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
        let Ok(increment) = decode(message) else { return };
        self.sum = self.sum.wrapping_add(increment);
        // A client that is gone needs no answer.
        let _ = cluster.offer_to(session_id, &encode(self.sum));
    }

    fn on_take_snapshot(
        &mut self,
        _cluster: &dyn Cluster,
        snapshot: &mut dyn SnapshotWriter,
    ) -> Result<(), ServiceError> {
        snapshot.offer(&encode(self.sum))
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(aeron_dir), Some(cluster_dir)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: counter-service AERON_DIR CLUSTER_DIR");
        return ExitCode::from(2);
    };
    let container = ClusteredServiceContainer::launch(Context::new(aeron_dir, cluster_dir), Counter::default());
    match container.and_then(|mut container| container.run(&AtomicBool::new(false))) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("counter-service: {error}");
            ExitCode::FAILURE
        }
    }
}
