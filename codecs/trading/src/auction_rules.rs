//! The rules of an instrument's auctions, on the wire: the same fields in its definition, in the command that changes them, and
//! in a snapshot.

use lugus_vocabulary::{AtDayEnd, TimeOfDay};

use crate::word::{FromWire, ToWire};

/// Writes [`AuctionRules`](lugus_vocabulary::AuctionRules) into any generated encoder that has their fields.
macro_rules! write_auction_rules {
    ($encoder:expr, $rules:expr) => {{
        let lugus_vocabulary::AuctionRules { indicative_milliseconds, no_cancel_milliseconds, schedule } = $rules;
        let lugus_vocabulary::DailySchedule { opening_auction, continuous, closing_auction, closed, at_day_end } =
            schedule;
        let time = |time: &Option<lugus_vocabulary::TimeOfDay>| {
            time.map_or($crate::auction_rules::NO_TIME, lugus_vocabulary::TimeOfDay::milliseconds)
        };
        $encoder
            .indicative_interval(*indicative_milliseconds)
            .no_cancel_time(*no_cancel_milliseconds)
            .opening_auction(time(opening_auction))
            .continuous(time(continuous))
            .closing_auction(time(closing_auction))
            .closed(time(closed))
            .at_day_end($crate::word::ToWire::to_wire(*at_day_end))
    }};
}

/// Reads [`AuctionRules`](lugus_vocabulary::AuctionRules) from any generated decoder that has their fields; `?` on what is wrong.
macro_rules! read_auction_rules {
    ($decoder:expr, $template_id:expr) => {{
        let time = |milliseconds, field| {
            let time = $crate::auction_rules::time_of_day(milliseconds);
            time.ok_or($crate::error::MessageError::Value { template_id: $template_id, field })
        };
        lugus_vocabulary::AuctionRules {
            indicative_milliseconds: $decoder.indicative_interval(),
            no_cancel_milliseconds: $decoder.no_cancel_time(),
            schedule: lugus_vocabulary::DailySchedule {
                opening_auction: time($decoder.opening_auction(), "openingAuction")?,
                continuous: time($decoder.continuous(), "continuous")?,
                closing_auction: time($decoder.closing_auction(), "closingAuction")?,
                closed: time($decoder.closed(), "closed")?,
                at_day_end: $crate::word::word($decoder.at_day_end(), $template_id, "atDayEnd")?,
            },
        }
    }};
}

pub(crate) use {read_auction_rules, write_auction_rules};

/// No time, as a number.
pub(crate) const NO_TIME: u32 = u32::MAX;

/// A time of a day, or none; `None` if the number is neither.
pub(crate) fn time_of_day(milliseconds: u32) -> Option<Option<TimeOfDay>> {
    match milliseconds {
        NO_TIME => Some(None),
        milliseconds => TimeOfDay::from_milliseconds(milliseconds).map(Some),
    }
}

/// Snapshots have the enumeration as a plain number.
impl ToWire<u8> for AtDayEnd {
    fn to_wire(self) -> u8 {
        self.number()
    }
}

impl FromWire<u8> for AtDayEnd {
    fn from_wire(number: u8) -> Option<Self> {
        Self::from_number(number)
    }
}
