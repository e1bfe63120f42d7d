//! The counters of an Aeron media driver as metrics: the driver's own, those of an archive, of a consensus module and of
//! clustered services, and all others in a general form. Knows nothing of what a service does.
//!
//! An answer is made at each scrape: the counters are read from shared memory (`cnc.dat`), so that nothing that Aeron does takes
//! longer, whether anyone asks or not.
//!
//! | file | what it is |
//! |---|---|
//! | `counters` | [`Counter`], [`read_counters`]: what a media driver's command file has |
//! | `metric` | [`Metric`]: name, kind, unit and meaning of a family of series |
//! | `definition` | [`Definition`]: which counter becomes which metric, with which labels |
//! | `definitions` | [`AERON`]: the definitions of Aeron's counters, from its registry of type ids |
//! | `streams` | metrics of several counters together: lag, loss, numbers of publications, images, channels, clients |
//! | `translation` | [`Translation`]: counters to series |
//! | `scrape` | [`Scrape`]: the series of one answer, bounded in number, and their text |
//! | `health` | [`Health`]: what is asked by `/health` |
//! | `server` | [`Server`]: answers `/metrics` and `/health` over HTTP, with a limit for everything |

mod counters;
mod definition;
mod definitions;
mod health;
mod metric;
mod scrape;
mod server;
mod streams;
mod translation;

pub use aeron_support::CountersError;
pub use counters::{Counter, read_counters};
pub use definition::{CounterKey, Definition, Key};
pub use definitions::AERON;
pub use health::{Health, Part};
pub use metric::{Kind, Metric, counter, gauge, histogram};
pub use scrape::{DEFAULT_SERIES_LIMIT, DROPPED_SERIES, Format, Histogram, Labels, Scrape, Value};
#[cfg(feature = "testing")]
pub use server::testing::Probe;
pub use server::{MAXIMUM_CONNECTIONS, MAXIMUM_HEAD_LENGTH, REQUEST_TIMEOUT, Server, ServerError, Source};
pub use streams::OF_SEVERAL_COUNTERS;
pub use translation::{MAXIMUM_LABEL_LENGTH, MAXIMUM_UNKNOWN_SERIES, Translation, UNKNOWN};
