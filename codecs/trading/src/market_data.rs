//! Market data: the book as anyone may see it, asked for in a session or followed by a stream (schema 202).
//!
//! | file | messages |
//! |---|---|
//! | `book` | the request for a book, and the messages that answer it |
//! | `stream` | increments, which members publish |
//! | `heartbeat` | who publishes, and the last increment of each instrument |
//! | `replay_request` | the request for a replay of recorded increments |
//! | `security_definition` | an instrument, in the loop of snapshots |
//! | `auction` | the increment that tells what an auction would give |
//! | `trade_addendum` | the increment of a trade that was canceled or corrected |
//!
//! A decode function that returns an `Option` returns `None` for a template that it does not read, so that a reader can try
//! one function after another.

mod auction;
mod book;
mod heartbeat;
mod replay_request;
mod security_definition;
mod stream;
mod trade_addendum;

#[cfg(test)]
mod tests;

pub use book::{
    BookBuffer, BookProgress, BookReject, MAXIMUM_BOOK_LENGTH, MAXIMUM_LEVELS_OF_DATAGRAM, MAXIMUM_ORDERS,
    MAXIMUM_ORDERS_OF_DATAGRAM, decode_book, decode_book_reject, decode_book_request, encode_book, encode_book_orders,
    encode_book_reject, encode_book_request,
};
pub use heartbeat::{Heartbeat, MAXIMUM_POSITIONS, decode_heartbeat, encode_heartbeat};
pub use replay_request::{ReplayRequest, decode_replay_request, encode_replay_request};
pub use security_definition::{decode_security_definition, encode_security_definition};
pub use stream::{MAXIMUM_INCREMENTS, MAXIMUM_STREAM_LENGTH, StreamBuffer, decode_increments, encode_increments};

pub use crate::sbe_market_data::{SBE_SCHEMA_ID, SBE_SCHEMA_VERSION};

/// Template ids of market data, for those who tell or compare what a message is without reading it.
pub mod template_id {
    use crate::sbe_market_data::market_data_request_reject_codec;

    /// `MarketDataRequestReject`.
    pub const MARKET_DATA_REQUEST_REJECT: u16 = market_data_request_reject_codec::SBE_TEMPLATE_ID;
}

/// Writes [`Statistics`](lugus_vocabulary::Statistics) into any generated encoder that has their fields.
macro_rules! write_statistics {
    ($encoder:expr, $statistics:expr) => {
        $encoder
            .opening_price_opt($statistics.open.map(|price| price.0))
            .high_price_opt($statistics.high.map(|price| price.0))
            .low_price_opt($statistics.low.map(|price| price.0))
            .last_price_opt($statistics.last.map(|price| price.0))
            .volume($statistics.volume.0)
    };
}

/// Reads [`Statistics`](lugus_vocabulary::Statistics) from any generated decoder that has their fields.
macro_rules! read_statistics {
    ($decoder:expr) => {
        lugus_vocabulary::Statistics {
            open: $decoder.opening_price().map(lugus_vocabulary::Price),
            high: $decoder.high_price().map(lugus_vocabulary::Price),
            low: $decoder.low_price().map(lugus_vocabulary::Price),
            last: $decoder.last_price().map(lugus_vocabulary::Price),
            volume: lugus_vocabulary::Quantity($decoder.volume()),
        }
    };
}

use {read_statistics, write_statistics};
