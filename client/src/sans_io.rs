//! The SDK's state machines, without I/O: for tests, measurements, and programs that bring their own transport.
//!
//! [`TradingSession`](crate::TradingSession), [`ExchangeSession`](crate::ExchangeSession) and
//! [`MarketDataFeed`](crate::MarketDataFeed) drive them over Aeron, which is what a trading program wants. This module
//! may change with any version of the SDK.
//!
//! | type | inputs | outputs |
//! |---|---|---|
//! | [`Session`] | messages of one cluster, commands, time | messages to an [`Ingress`], calls of an [`EventHandler`](crate::EventHandler) |
//! | [`Router`] | partition maps | sessions, and the scopes that move between them |
//! | [`Feed`] | messages of the market-data stream, books, time | requests for books, calls of a [`FeedHandler`](crate::FeedHandler) |

pub use crate::feed::{Feed, SnapshotRequests};
pub use crate::ingress::{Ingress, Offered};
pub use crate::router::{ClusterSession, Purpose, Router, SessionFactory};
pub use crate::session::Session;
