//! A real cluster on this machine for tests: the built `lugus` starts it, and sessions trade with it. No process or
//! file remains after a test, whether it passes or fails.
//!
//! | file | contents |
//! |---|---|
//! | `local_cluster` | [`LocalCluster`]: a deployment for one test; start, stop, status, kill |
//! | `connection` | credentials and addresses for raw cluster clients |
//! | `command` | runs `lugus` and holds its output |
//! | `status` | the answer of `lugus status --json` |
//! | `processes` | processes as the kernel lists them |
//! | `traders` | [`Traders`]: two participants that trade with each other |
//! | `tally` | [`Tally`]: what a participant has sent and received, each exactly once |
//! | `altered_log` | changes an order in a member's log |
//! | `archived_snapshot` | [`ArchivedSnapshot`]: a member's snapshot, as another version writes it |
//! | `recorded_log` | a member's log as its archive has recorded it |
//! | `counters` | counters of a media driver |
//! | `frames` | frames of Aeron's protocol by hand, and floods of them |
//! | `lossy_way` | [`LossyWay`]: loses some of what a member sends to a listener |
//! | `archive` | [`Archive`]: sessions with members' archives, with the members' key or without |
//! | `exporter` | [`Exporter`]: `lugus exporter`, its answers, and what promtool says of them |
//! | `console`, `browser` | [`Console`]: `lugus console`; [`Browser`]: Chromium without a window, which looks at it |
//! | `machines` | [`Machines`]: several machines on one, each with an address, a disk and shared memory of its own |
//! | `small_disk` | [`SmallDisk`]: a disk that a test fills |
//! | `raw_session` | [`RawSession`]: sends any bytes to the cluster, without the SDK |

#![allow(dead_code, unused_imports, unreachable_pub, reason = "each test program uses its part")]

mod altered_log;
mod archive;
mod archived_snapshot;
mod browser;
mod command;
mod connection;
mod console;
mod counters;
mod exporter;
mod frames;
mod local_cluster;
mod lossy_way;
mod machines;
mod processes;
mod raw_session;
mod recorded_log;
mod small_disk;
mod status;
mod tally;
mod traders;

use std::thread;
use std::time::{Duration, Instant};

pub use altered_log::alter_last_order;
pub use archive::Archive;
pub use archived_snapshot::ArchivedSnapshot;
pub use browser::{Browser, Part, Theme};
pub use command::{Outcome, lugus};
pub use connection::{context, driver};
pub use console::Console;
pub use counters::{counter, counters, labels};
pub use exporter::{Exporter, HttpAnswer, promtool_check, series};
pub use frames::{FRAME_ALIGNMENT, Flood, data, frame_of_type, setup};
pub use local_cluster::{LocalCluster, OneAtATime, by_hand, folder, free_base_port, without_elections};
pub use lossy_way::LossyWay;
pub use machines::Machines;
pub use processes::{
    Files, Process, ask_to_end, is_alive, kill, mentioning, nice_values, private_memory, resume, stop, tree, udp_ports,
};
pub use raw_session::{Answer, RawSession, new_order};
pub use recorded_log::{Frame, frames, log_file};
pub use small_disk::SmallDisk;
pub use status::{Cluster, Member, Status};
pub use tally::{SentCommand, Tally, Total, total};
pub use traders::{ClosedTraders, INSTRUMENTS, MAKER, QUIET, TAKER, Traders, config, config_of, define_instruments};

/// Longest wait for anything, on a machine that may be busy.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until `look` returns a value; fails the test when it never does.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "timed out after {PATIENCE:?}, waiting for: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
