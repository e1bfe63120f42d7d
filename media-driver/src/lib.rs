//! A member's processes: the C media driver, and Aeron's archive and consensus module in one JVM. They end with the process
//! that starts them, and are configured by `cluster.toml` alone.
//!
//! | file | idea |
//! |---|---|
//! | `member_processes` | [`MemberProcesses`]: both processes of one member, started, watched and stopped together |
//! | `coordinator_processes` | [`CoordinatorProcesses`]: the same for the coordinator |
//! | `client_driver` | [`ClientDriver`]: the media driver of a program that trades |
//! | `backup` | [`Backup`]: Aeron's `ClusterBackup`, which copies a running cluster's snapshots and log |
//! | `echo_service` | [`EchoService`]: Aeron's Java container with an echo service, to compare with |
//! | `java_client` | [`JavaClient`]: a client that trades over Aeron's own Java client |
//! | `preflight` | checks before anything is started |
//! | `media_driver` `driver_options` `driver_directory` | the driver's process, its command line, its directory |
//! | `archive` `consensus_module` `java` | the JVMs' properties and command line |
//! | `members_key` | files of keys, for the JVMs |
//! | `file_system` | deleting, and paths as text |
//! | `child_process` `lasting_parent` | a process that dies with its parent, and the thread that is its parent |
//! | `lock` | the lock of a folder, which has one living owner |
//! | `error` | errors: what went wrong, where, and what to do |
//!
//! The program `lugus-media-driver` (`src/bin`) is the driver's process. Only it links Aeron's C driver.

mod archive;
mod backup;
mod child_process;
mod client_driver;
mod consensus_module;
mod coordinator_processes;
mod driver_directory;
mod driver_options;
mod echo_service;
mod error;
mod file_system;
mod java;
mod java_client;
mod lasting_parent;
mod lock;
mod log_file;
mod media_driver;
mod member_processes;
mod members_key;
mod preflight;

pub use backup::Backup;
pub use child_process::{ChildProcess, Launch};
pub use client_driver::ClientDriver;
pub use consensus_module::{CONSENSUS_MODULE_LOG, consensus_module_properties};
pub use coordinator_processes::CoordinatorProcesses;
pub use driver_directory::{clear_driver_directory, living_driver};
pub use driver_options::{BackOff, DriverOptions, Idle, Threading};
pub use echo_service::EchoService;
pub use error::{DAMAGED_EXIT_CODE, NO_SPACE_EXIT_CODE, ProcessError};
pub use java::cluster_tool;
pub use java_client::{JavaClient, JavaClientPlan};
pub use lock::FolderLock;
pub use media_driver::{DRIVER_VARIABLE, READY_LINE};
pub use member_processes::MemberProcesses;
