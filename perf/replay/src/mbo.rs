//! A recording of an exchange's order flow, market by order (Databento's DBN, schema `mbo`), as a flow of commands.
//!
//! Adds, cancels and modifies become new orders, cancels and replacements. Each trade's aggressor becomes an
//! immediate-or-cancel order at the trade's price ([`crate::recording`]). This module reads the file. Files of all versions of
//! DBN are read.
//!
//! # Fidelity to the exchange
//!
//! CME matches E-mini S&P 500 futures by price and time, as this engine does. In CME's session of 25 December 2023
//! (ESH4, 68,792 records, 2,972 trades outside the opening auction) the engine executes 2,945 trades (99.1 %) against
//! the same resting orders with the same quantities as the exchange, and all 2,972 at the exchange's price.
//!
//! The other 27 trades take more from an iceberg order than it displays. The part of its hidden quantity that enters
//! the book within a trade is reported only by that trade, too late for the book. (A display quantity that was filled
//! completely is refreshed by a modify, which is replayed as a new order behind the others.)
//!
//! This comparison ignores the order of the fills. With the exchange's order of fills, 2,914 trades are the same: in 31
//! trades the exchange lists an order last that has higher priority in the engine's book. 10 of these orders are
//! icebergs that were filled and refreshed. For the other 21 the recording gives no reason, so the exchange's queue may
//! have differed from the engine's.
//!
//! Three interpretations of the recording matter. They look ahead, but never beyond the end of an event, which the
//! exchange executed atomically:
//!
//! - **A fill is reported twice**: as a fill within the trade, and by a cancel or a modify at the end of the event. The
//!   aggressor's command executes the fill at once; the later report then needs no command.
//! - **A cancel within a trade's event of an order that was not filled** happens before the trade, though it is
//!   reported after it. It is probably self-match prevention: there are 132 such cancels, and each canceled order would
//!   have traded with the aggressor. Without this interpretation 2,849 trades are the same (2,820 with the same order
//!   of fills). It also applies to an event without a trade that has a new order and a cancel of an order that the new
//!   one would have met.
//! - **An aggressor that already rests** was modified to a price that trades: it is canceled, then enters as the
//!   aggressor.
//!
//! If a trade differs in spite of this, the book is corrected at once, so that one difference does not cause others.
//!
//! Before the opening, orders rest that would trade with each other. The replay does not use the engine's auction: orders
//! that would trade are held back until they no longer would (after the auction). The auction itself (44 lots at 4,800.25)
//! can be verified: the recorded book before the auction has its maximum volume, 31 lots, at both 4,800.00 and
//! 4,800.25; with the seven hidden orders that the auction's fills reveal (13 lots bought and 1 sold, by the balance of
//! both sides, assuming that they accepted any price) the maximum is 44 lots, at 4,800.25 only.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use dbn::decode::{DbnMetadata, DecodeRecordRef, DynDecoder};
use dbn::{MboMsg, UNDEF_PRICE, VersionUpgradePolicy};
use lugus_vocabulary::{Decimal, InstrumentType, Quantity, Side};

use crate::flow::FlowError;
use crate::recording::record::{Crossing, InstrumentTraits, Record, RecordAction, Records};
use crate::recording::{RecordingFlow, RecordingOptions};

/// Opens a recording, which may be compressed, and reads it once to find its instruments, tick sizes and length.
///
/// # Errors
///
/// When the file can't be opened or read, or has no orders.
pub fn open(path: &Path, options: RecordingOptions) -> Result<RecordingFlow, FlowError> {
    RecordingFlow::new(path, options, || Ok(Box::new(MboRecords::open(path)?)))
}

/// The market-by-order records of a file; records of other kinds are skipped.
struct MboRecords {
    path: PathBuf,
    decoder: DynDecoder<'static, BufReader<File>>,
    count: u64,
}

impl MboRecords {
    fn open(path: &Path) -> Result<Self, FlowError> {
        // Orders have one layout in all versions, and the upgrade of other records panics at one that is too short.
        let decoder = DynDecoder::from_file(path, VersionUpgradePolicy::AsIs)
            .map_err(|source| FlowError::Open { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), decoder, count: 0 })
    }
}

impl Records for MboRecords {
    fn next(&mut self) -> Result<Option<Record>, FlowError> {
        loop {
            let record = self.decoder.decode_record_ref().map_err(|source| FlowError::Read {
                path: self.path.clone(),
                record: self.count,
                source,
            })?;
            let Some(record) = record else { return Ok(None) };
            self.count += 1;
            if record.has::<MboMsg>() {
                // A record can be shorter than its kind is.
                let order = record.try_get::<MboMsg>().map_err(|source| FlowError::Read {
                    path: self.path.clone(),
                    record: self.count - 1,
                    source,
                })?;
                return Ok(Some(of_message(order)));
            }
        }
    }

    fn symbols(&self) -> BTreeMap<u32, String> {
        let mappings = &self.decoder.metadata().mappings;
        let intervals =
            mappings.iter().flat_map(|of| of.intervals.iter().map(move |interval| (interval, &of.raw_symbol)));
        intervals.filter_map(|(interval, symbol)| Some((interval.symbol.parse().ok()?, symbol.clone()))).collect()
    }

    fn traits(&self) -> InstrumentTraits {
        InstrumentTraits {
            instrument_type: InstrumentType::Futures,
            lot_size: Decimal { mantissa: 1, exponent: 0 },
            maximum_quantity: Quantity(u64::from(u32::MAX)),
            crossing: Crossing::HoldBack,
        }
    }
}

fn of_message(message: &MboMsg) -> Record {
    let action = match message.action as u8 {
        b'A' => RecordAction::Add,
        b'C' => RecordAction::Cancel,
        b'M' => RecordAction::Modify,
        b'T' => RecordAction::Trade,
        b'F' => RecordAction::Fill,
        b'R' => RecordAction::Clear,
        _ => RecordAction::None,
    };
    let rests = matches!(action, RecordAction::Add | RecordAction::Modify);
    Record {
        instrument: message.hd.instrument_id,
        action,
        side: match message.side as u8 {
            b'A' => Some(Side::Sell),
            b'B' => Some(Side::Buy),
            _ => None,
        },
        order_id: message.order_id,
        // The top of a book is not an order.
        price: Some(message.price).filter(|price| *price != UNDEF_PRICE && !(rests && message.flags.is_tob())),
        size: Quantity(u64::from(message.size)),
        ends_event: message.flags.is_last() || message.flags.is_snapshot(),
    }
}
