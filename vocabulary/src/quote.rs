//! Quotes of market makers: two-sided, many in one command, and pulled when too much of them trades at a time.
//!
//! A side of a quote is an order in the book like any other: a limit order that is good till canceled, with one of the client order
//! ids of [`QuoteSetId::client_order_id`]. So everything that holds for orders holds for it, and whoever sees a report knows
//! by the number that it is of a quote. The report's client tag is the [`QuoteId`] of the mass quote that last changed the side.

use std::fmt;
use std::ops::Deref;

use crate::order::{PostOnly, SelfTradePrevention, Side};
use crate::reason::RejectReason;
use crate::units::{ClientOrderId, EpochNanos, InstrumentId, Price, Quantity, QuoteId};
use crate::word::word;

/// Largest number of entries of a mass quote, each of one instrument. It bounds the work of the command, and such a command is as
/// long as there is room for one in the memory that clients and members keep for each.
pub const MAXIMUM_QUOTE_ENTRIES: usize = 6;

/// Largest window of market-maker protection: an hour, in milliseconds.
pub const MAXIMUM_PROTECTION_MILLISECONDS: u32 = 3_600_000;

/// A quote set (FIX 302, QuoteSetID): quotes of a participant that market-maker protection counts and pulls together. A participant
/// has in each instrument one two-sided quote in each of its sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "u8", into = "u8"))]
pub struct QuoteSetId(u8);

/// Client order id of the bid of quote set 0; the ids of the others follow it. The highest number stays unused.
const FIRST_QUOTE_ORDER: u64 = u64::MAX - 2 * QuoteSetId::COUNT as u64;

impl QuoteSetId {
    /// Number of quote sets of a participant.
    pub const COUNT: usize = 8;

    /// A quote set by its number; `None` if the number is not below [`Self::COUNT`].
    pub const fn new(number: u8) -> Option<Self> {
        if (number as usize) < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// The number of the set.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// All sets, by number.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + Clone {
        (0..Self::COUNT as u8).map(Self)
    }

    /// The client order id of the orders that are a side of the quotes of this set.
    pub const fn client_order_id(self, side: Side) -> ClientOrderId {
        ClientOrderId(FIRST_QUOTE_ORDER + 2 * self.0 as u64 + side as u64 - 1)
    }

    /// The set whose quotes orders with this client order id are a side of; `None` for all other orders.
    #[inline]
    pub const fn of(client_order_id: ClientOrderId) -> Option<Self> {
        if client_order_id.0 < FIRST_QUOTE_ORDER || client_order_id.0 == u64::MAX {
            return None;
        }
        Some(Self(((client_order_id.0 - FIRST_QUOTE_ORDER) / 2) as u8))
    }
}

impl fmt::Display for QuoteSetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<QuoteSetId> for u8 {
    fn from(set: QuoteSetId) -> Self {
        set.0
    }
}

impl TryFrom<u8> for QuoteSetId {
    type Error = NoQuoteSet;

    fn try_from(number: u8) -> Result<Self, NoQuoteSet> {
        Self::new(number).ok_or(NoQuoteSet(number))
    }
}

/// There is no quote set with this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("quote set {0}: sets are numbered from 0 to {last}", last = QuoteSetId::COUNT - 1)]
pub struct NoQuoteSet(pub u8);

/// A two-sided quote of an instrument, as it shall be from now on (FIX group QuotEntryGrp). A side with 0 lots is withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct QuoteEntry {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Price of the bid in ticks (FIX 132); without a meaning if it is withdrawn.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub bid_price: Price,
    /// Lots of the bid that shall be open (FIX 134).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub bid_quantity: Quantity,
    /// Price of the offer in ticks (FIX 133); without a meaning if it is withdrawn.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub offer_price: Price,
    /// Lots of the offer that shall be open (FIX 135).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub offer_quantity: Quantity,
}

impl QuoteEntry {
    /// Price and lots of a side; `None` if it is withdrawn.
    pub fn side(&self, side: Side) -> Option<(Price, Quantity)> {
        let (price, quantity) = match side {
            Side::Buy => (self.bid_price, self.bid_quantity),
            Side::Sell => (self.offer_price, self.offer_quantity),
        };
        (quantity.0 > 0).then_some((price, quantity))
    }
}

/// Up to [`MAXIMUM_QUOTE_ENTRIES`] items in place, one for each entry of a mass quote.
#[derive(Clone, Copy)]
pub struct ByEntry<T> {
    items: [T; MAXIMUM_QUOTE_ENTRIES],
    length: u8,
}

/// There are more items than a mass quote has entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} entries: a mass quote has {maximum} at most", maximum = MAXIMUM_QUOTE_ENTRIES)]
pub struct TooManyEntries(pub usize);

impl<T: Copy + Default> ByEntry<T> {
    /// Adds an item.
    ///
    /// # Errors
    /// [`TooManyEntries`]: it is full.
    pub fn push(&mut self, item: T) -> Result<(), TooManyEntries> {
        let length = usize::from(self.length);
        *self.items.get_mut(length).ok_or(TooManyEntries(length + 1))? = item;
        self.length += 1;
        Ok(())
    }

    /// These items.
    ///
    /// # Errors
    /// [`TooManyEntries`]: they are more than a mass quote has entries.
    pub fn of(items: &[T]) -> Result<Self, TooManyEntries> {
        let mut all = Self::default();
        all.items.get_mut(..items.len()).ok_or(TooManyEntries(items.len()))?.copy_from_slice(items);
        all.length = items.len() as u8;
        Ok(all)
    }
}

impl<T: Copy + Default> Default for ByEntry<T> {
    fn default() -> Self {
        Self { items: [T::default(); MAXIMUM_QUOTE_ENTRIES], length: 0 }
    }
}

impl<T> Deref for ByEntry<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items[..usize::from(self.length)]
    }
}

impl<T: PartialEq> PartialEq for ByEntry<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for ByEntry<T> {}

impl<T: fmt::Debug> fmt::Debug for ByEntry<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// As a list.
#[cfg(feature = "serde")]
impl<T: serde::Serialize> serde::Serialize for ByEntry<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(feature = "serde")]
impl<'de, T: serde::Deserialize<'de> + Copy + Default> serde::Deserialize<'de> for ByEntry<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = <Vec<T> as serde::Deserialize>::deserialize(deserializer)?;
        Self::of(&items).map_err(serde::de::Error::custom)
    }
}

/// Quotes of several instruments at a time (FIX message i). Each entry is done whole, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct MassQuote {
    /// The participant's number of the mass quote (FIX 117), which becomes the client tag of the sides that it changes.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub quote_id: QuoteId,
    /// The set that the quotes belong to.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub quote_set: QuoteSetId,
    /// Whether a side may trade at once. Otherwise an entry with such a side is refused.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub post_only: PostOnly,
    /// What happens when a side would trade at once with another order of its own participant.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub self_trade_prevention: SelfTradePrevention,
    /// The quotes, each of another instrument.
    pub entries: ByEntry<QuoteEntry>,
}

/// What became of an entry of a mass quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct QuoteResult {
    /// The instrument of the entry.
    pub instrument: InstrumentId,
    /// Why the entry was refused, so that nothing of it was done and the quote before it stays; [`RejectReason::None`] if it
    /// was done.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub reason: RejectReason,
}

/// What became of a mass quote (FIX message b). The reports of its sides came before, in the scopes of their instruments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct MassQuoteAcknowledgement {
    /// The participant's number of the mass quote.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub quote_id: QuoteId,
    /// The set that the quotes belong to.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub quote_set: QuoteSetId,
    /// One for each entry, in their order.
    pub results: ByEntry<QuoteResult>,
}

/// Which of a participant's quotes are canceled (FIX message Z).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct QuoteCancel {
    /// The quotes of one set; `None` for those of all sets.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub quote_set: Option<QuoteSetId>,
    /// The quotes of one instrument; [`InstrumentId::NONE`] for those of all instruments of the cluster.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub instrument: InstrumentId,
}

/// Quotes are canceled: none of them trades any more (FIX message AI).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct QuoteStatusReport {
    /// Which quotes were meant.
    pub canceled: QuoteCancel,
    /// Number of orders canceled: each side of a quote is one. Of many some are reported with later commands and timers.
    pub affected: u32,
    /// Number of instruments with such quotes that stay, because the instrument is being moved to another cluster.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub moving: u32,
}

/// Limits of what may trade of the quotes of a set within a sliding window of log time. A trade that reaches one pulls all quotes of
/// the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct MarketMakerProtection {
    /// Length of the window, at most [`MAXIMUM_PROTECTION_MILLISECONDS`]; 0 without limits.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub window_milliseconds: u32,
    /// For how long quotes are refused after they were pulled, at most [`MAXIMUM_PROTECTION_MILLISECONDS`]; 0 until the participant
    /// resets the protection.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub frozen_milliseconds: u32,
    /// Number of trades.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_trades: Option<u32>,
    /// Lots traded, those bought and those sold together.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_quantity: Option<Quantity>,
    /// Net delta: the difference between lots bought and lots sold.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub maximum_delta: Option<Quantity>,
}

impl MarketMakerProtection {
    /// No protection.
    pub const NONE: Self = Self {
        window_milliseconds: 0,
        frozen_milliseconds: 0,
        maximum_trades: None,
        maximum_quantity: None,
        maximum_delta: None,
    };

    /// Whether it makes sense: either it is [`Self::NONE`], or it has a window and a limit; no limit is 0, and no time above its
    /// maximum.
    pub fn is_sound(&self) -> bool {
        let Self { window_milliseconds, frozen_milliseconds, maximum_trades, maximum_quantity, maximum_delta } = *self;
        let numbers =
            [maximum_trades.map(u64::from), maximum_quantity.map(|most| most.0), maximum_delta.map(|most| most.0)];
        let has_limit = numbers.iter().flatten().next().is_some();
        let times = [window_milliseconds, frozen_milliseconds];
        *self == Self::NONE
            || (has_limit
                && numbers.iter().flatten().all(|&number| number > 0)
                && window_milliseconds > 0
                && times.iter().all(|&time| time <= MAXIMUM_PROTECTION_MILLISECONDS))
    }
}

word! {
    /// Which limit of market-maker protection has pulled quotes.
    #[derive(Default)]
    ProtectionTrigger: u8 {
        /// None: quotes are taken.
        #[default]
        None = 0,
        /// [`MarketMakerProtection::maximum_trades`].
        Trades = 1,
        /// [`MarketMakerProtection::maximum_quantity`].
        Quantity = 2,
        /// [`MarketMakerProtection::maximum_delta`].
        Delta = 3,
    }
}

/// How the protection of a quote set stands: after it was set or reset, or when it has pulled the quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
pub struct MarketMakerProtectionReport {
    /// The quote set.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub quote_set: QuoteSetId,
    /// Its limits.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub protection: MarketMakerProtection,
    /// The limit that has pulled the quotes; [`ProtectionTrigger::None`] if quotes are taken.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub trigger: ProtectionTrigger,
    /// Log time from which on quotes are taken again; `None` if that needs a reset, or if they are taken now.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub frozen_until: Option<EpochNanos>,
    /// Trades of the quotes within the window.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub trades: u32,
    /// Lots that they bought.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub bought: Quantity,
    /// Lots that they sold.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::json::is_default"))]
    pub sold: Quantity,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_of_each_set_has_a_number_of_its_own_and_no_other_order_has_it() {
        let mut ids: Vec<u64> = Vec::new();
        for set in QuoteSetId::all() {
            for side in [Side::Buy, Side::Sell] {
                let id = set.client_order_id(side);
                assert_eq!(QuoteSetId::of(id), Some(set));
                ids.push(id.0);
            }
        }
        assert_eq!(ids, (u64::MAX - 16..u64::MAX).collect::<Vec<_>>());
        for other in [0, 1, u64::MAX - 17, u64::MAX] {
            assert_eq!(QuoteSetId::of(ClientOrderId(other)), None);
        }
        assert_eq!(QuoteSetId::new(8), None);
    }

    #[test]
    fn there_are_no_more_entries_than_there_is_room_for() {
        let mut entries = ByEntry::<QuoteEntry>::default();
        for number in 1..=MAXIMUM_QUOTE_ENTRIES {
            entries.push(QuoteEntry { instrument: InstrumentId(number as u32), ..QuoteEntry::default() }).unwrap();
        }
        assert_eq!(entries.push(QuoteEntry::default()), Err(TooManyEntries(7)));
        assert_eq!(ByEntry::of(&entries), Ok(entries));
        assert_eq!(ByEntry::of(&[0; 9]), Err(TooManyEntries(9)));
    }

    #[test]
    fn protection_without_a_window_or_with_a_limit_of_0_makes_no_sense() {
        let sound = MarketMakerProtection { window_milliseconds: 1, maximum_trades: Some(1), ..Default::default() };
        assert!(sound.is_sound() && MarketMakerProtection::NONE.is_sound());
        assert!(!MarketMakerProtection { window_milliseconds: 0, ..sound }.is_sound());
        assert!(!MarketMakerProtection { window_milliseconds: 3_600_001, ..sound }.is_sound());
        assert!(!MarketMakerProtection { frozen_milliseconds: 3_600_001, ..sound }.is_sound());
        assert!(!MarketMakerProtection { maximum_trades: None, ..sound }.is_sound());
        assert!(!MarketMakerProtection { maximum_delta: Some(Quantity(0)), ..sound }.is_sound());
    }
}
