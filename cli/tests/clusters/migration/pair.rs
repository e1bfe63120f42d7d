//! The pair that moves, and the two clusters between which it moves.

use lugus_client::InstrumentId;
use lugus_topology::ClusterId;

/// The instrument that moves.
pub(crate) const PAIR: InstrumentId = InstrumentId(1);

/// Its symbol.
pub(crate) const SYMBOL: &str = "BTC/USDT";

/// The clusters, in the order of the deployment's file.
pub(crate) const CLUSTERS: [ClusterId; 2] = [ClusterId(0), ClusterId(1)];

/// The names of the clusters, in the same order.
pub(crate) const NAMES: [&str; 2] = ["A", "B"];
