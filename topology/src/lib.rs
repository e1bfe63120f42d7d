//! `cluster.toml`: clusters, members, endpoints, directories, time-outs, authentication. An address, a port, a stream id, a
//! directory or a time-out is written here and nowhere else. `docs/configuration.md` describes every key.
//!
//! | file | idea |
//! |---|---|
//! | `deployment` | all values of the file, and the deployment of one machine |
//! | `deployment_file` | loading, checking and writing the file |
//! | `cluster` `coordinator` | `[[cluster]]`, `[coordinator]` as written |
//! | `cluster_spec` `coordinator_spec` | [`ClusterSpec`], [`CoordinatorSpec`]: the same with every address and path worked out |
//! | `channels` | the Aeron channels and member lists of a cluster |
//! | `directories` | directories of the state and of the media drivers |
//! | `timeouts` `profile` `consensus` `archive` `retention` `streams` `term_length` `processes` `client` `engine` `supervision` `stages` `log` `telemetry` | one section of the file each |
//! | `authentication` | `[authentication]` and `[[participant]]` |
//! | `firm` | `[[firm]]` |
//! | `duration` `size` | values written as text: `150ms`, `16m` |
//! | `validation` | checks of the values, each alone and against each other |
//! | `error` `source` | errors: what is wrong, in which line, and what to do |

mod archive;
mod authentication;
mod channels;
mod client;
mod cluster;
mod cluster_spec;
mod consensus;
mod coordinator;
mod coordinator_spec;
mod deployment;
mod deployment_file;
mod directories;
mod duration;
mod egress_host;
mod engine;
mod error;
mod firm;
mod greatest_term_length;
mod log;
mod market_data;
mod mtu;
mod processes;
mod profile;
mod retention;
mod size;
mod source;
mod stages;
mod streams;
mod supervision;
mod telemetry;
mod term_length;
mod timeouts;
mod validation;

pub use archive::{Archive, Checksum};
pub use authentication::{Authentication, AuthenticationMode, Key, MEMBERS_CREDENTIALS, Participant};
pub use client::{Client, Ingress};
pub use cluster::{Cluster, Cores, Member, PORTS_PER_MEMBER, Ports};
pub use cluster_spec::{ClusterSpec, Endpoints, MemberSpec};
pub use consensus::Consensus;
pub use coordinator::{COORDINATOR_PORTS, Coordinator};
pub use coordinator_spec::CoordinatorSpec;
pub use deployment::{DEFAULT_BASE_PORT, Deployment, LOCAL_PORT_STEP};
pub use deployment_file::MAXIMUM_FILE_LENGTH;
pub use directories::{MINIMUM_SHARED_MEMORY, SHARED_MEMORY};
pub use duration::aeron_duration;
pub use engine::Engine;
pub use error::{DeploymentError, Invalid, Place, Problem, Warning};
pub use firm::Firm;
pub use log::{Log, LogFormat};
pub use lugus_vocabulary::partition_map::MAXIMUM_MEMBERS;
pub use lugus_vocabulary::{ClusterId, Endpoint, InstrumentSpecification, MemberId, ParticipantRole};
pub use market_data::MarketData;
pub use processes::{Driver, Java};
pub use profile::{IdleStrategy, Profile, ThreadingMode};
pub use retention::Retention;
pub use size::Size;
pub use stages::Stages;
pub use streams::{Streams, WARM_UP_STREAM_OFFSET};
pub use supervision::Supervision;
pub use telemetry::{SPANS, Telemetry};
pub use term_length::TermLength;
pub use timeouts::Timeouts;
pub use validation::{
    MAXIMUM_AERON_DIR_LENGTH, MAXIMUM_CLUSTER_ID, MAXIMUM_CLUSTERS, MAXIMUM_INSTRUMENTS, MAXIMUM_PARTICIPANTS,
    check_specification,
};
