//! The quote sets of participants: what has traded of them lately, whether protection has pulled them, and which quotes are
//! being canceled.
//!
//! A quote is recognised by the client order ids of its sides, so orders carry nothing for it, and what is here is only of sets that
//! are protected, or whose quotes are being canceled.

use std::collections::VecDeque;

use lugus_vocabulary::{
    ClientOrderId, EpochNanos, MarketMakerProtection, MarketMakerProtectionReport, ParticipantId, ProtectionTrigger,
    Quantity, QuoteSetId, QuoteTradesRecord, RejectReason, Side,
};

/// Number of records of trades that a window keeps at most. If there are more trades, the newest ones share a record with the time of
/// the last one, so they count for no shorter than the window.
const MAXIMUM_RECORDS: usize = 256;

const NANOS_A_MILLISECOND: i64 = 1_000_000;

/// All quote sets.
#[derive(Debug, Default)]
pub(crate) struct QuoteSets {
    /// By the dense index of the participant; shorter if those with higher indices have none.
    participants: Vec<[Option<Box<QuoteSet>>; QuoteSetId::COUNT]>,
    /// Number of sets with protection.
    protected: u32,
    /// Sets that protection pulls, but for a fill-or-kill order that is still trading.
    tripped: Vec<Place>,
    /// Sets whose quotes are being canceled, by participant and number.
    pub(crate) cancels: Vec<QuotesCanceled>,
}

/// A quote set of a participant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) participant: ParticipantId,
    /// The participant's dense index.
    pub(crate) index: u32,
    pub(crate) set: QuoteSetId,
}

/// A quote set whose quotes are being canceled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QuotesCanceled {
    pub(crate) place: Place,
    /// Whether protection has pulled them, and the participant is still to be told so.
    pub(crate) is_to_be_told: bool,
}

/// A quote set that is protected, or whose quotes are being canceled.
#[derive(Debug, Default)]
pub(crate) struct QuoteSet {
    pub(crate) protection: MarketMakerProtection,
    pub(crate) trigger: ProtectionTrigger,
    /// With a trigger, when quotes are taken again; `None` if that needs a reset.
    pub(crate) frozen_until: Option<EpochNanos>,
    /// Why quotes end that are being canceled.
    pub(crate) canceling: Option<RejectReason>,
    /// Trades within the window, oldest first. Those that are too old are removed when the next one comes.
    trades: VecDeque<QuoteTradesRecord>,
    /// Sums of them.
    sums: Sums,
}

/// Trades of a set, and the lots that they bought and sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Sums {
    trades: u64,
    bought: u128,
    sold: u128,
}

impl Sums {
    fn add(&mut self, record: QuoteTradesRecord) {
        self.trades += u64::from(record.trades);
        self.bought += u128::from(record.bought.0);
        self.sold += u128::from(record.sold.0);
    }

    fn take(&mut self, record: QuoteTradesRecord) {
        self.trades -= u64::from(record.trades);
        self.bought -= u128::from(record.bought.0);
        self.sold -= u128::from(record.sold.0);
    }
}

impl QuoteSets {
    /// Whether any set is protected.
    #[inline]
    pub(crate) fn is_any_protected(&self) -> bool {
        self.protected > 0
    }

    /// Whether protection pulls quotes, or quotes are being canceled.
    #[inline]
    pub(crate) fn has_work(&self) -> bool {
        !self.cancels.is_empty()
    }

    pub(crate) fn get(&self, index: u32, set: QuoteSetId) -> Option<&QuoteSet> {
        self.participants.get(index as usize)?[usize::from(set.number())].as_deref()
    }

    /// A set, which is made if there is nothing of it.
    pub(crate) fn entry(&mut self, index: u32, set: QuoteSetId) -> &mut QuoteSet {
        if self.participants.len() <= index as usize {
            self.participants.resize_with(index as usize + 1, Default::default);
        }
        self.participants[index as usize][usize::from(set.number())].get_or_insert_default()
    }

    /// The sets of a participant, by number.
    pub(crate) fn of(&self, index: u32) -> impl Iterator<Item = (QuoteSetId, &QuoteSet)> {
        let sets = self.participants.get(index as usize).into_iter().flatten();
        QuoteSetId::all().zip(sets).filter_map(|(id, set)| Some((id, set.as_deref()?)))
    }

    /// Why an order ends whose client order id may be that of a quote, if it is of a set whose quotes are being canceled.
    #[cold]
    pub(crate) fn canceling(&self, index: u32, client_order_id: ClientOrderId) -> Option<RejectReason> {
        self.get(index, QuoteSetId::of(client_order_id)?)?.canceling
    }

    /// Sets what protects a set. It counts from nothing, and quotes are taken again.
    pub(crate) fn protect(&mut self, index: u32, id: QuoteSetId, protection: MarketMakerProtection) {
        let set = self.entry(index, id);
        let before = std::mem::replace(&mut set.protection, protection);
        set.release();
        if protection == MarketMakerProtection::NONE {
            set.trades = VecDeque::new();
        } else {
            set.trades.reserve_exact(MAXIMUM_RECORDS);
        }
        self.protected += u32::from(protection != MarketMakerProtection::NONE);
        self.protected -= u32::from(before != MarketMakerProtection::NONE);
        self.make_room();
        self.tidy(index, id);
    }

    /// Makes room for all protected sets to be pulled at once, so that no trade has to allocate.
    fn make_room(&mut self) {
        self.tripped.reserve(self.protected as usize);
        self.cancels.reserve(self.protected as usize);
    }

    /// Lets quotes of a set be taken again. What has traded no longer counts.
    pub(crate) fn reset(&mut self, index: u32, id: QuoteSetId) {
        if self.get(index, id).is_some() {
            self.entry(index, id).release();
        }
    }

    /// Why no quote of a set is taken at log time `now`; `None` if quotes are.
    pub(crate) fn refusal(&mut self, index: u32, id: QuoteSetId, now: EpochNanos) -> Option<RejectReason> {
        self.get(index, id)?;
        let set = self.entry(index, id);
        set.thaw(now);
        if set.is_pulled() {
            return Some(RejectReason::MarketMakerProtection);
        }
        set.canceling.map(|_| RejectReason::QuotesBeingCanceled)
    }

    /// Counts a trade of an order that may be a side of a quote. If a limit is reached by it, the set is tripped.
    #[cold]
    pub(crate) fn count(
        &mut self,
        (participant, index): (ParticipantId, u32),
        (client_order_id, side): (ClientOrderId, Side),
        quantity: Quantity,
        now: EpochNanos,
    ) {
        let Some(id) = QuoteSetId::of(client_order_id) else { return };
        let Some(Some(set)) = self.participants.get_mut(index as usize).map(|sets| &mut sets[usize::from(id.number())])
        else {
            return;
        };
        if set.protection == MarketMakerProtection::NONE {
            return;
        }
        set.thaw(now);
        let now = set.count(side, quantity, now);
        if set.is_pulled() {
            return;
        }
        set.trigger = set.reached();
        if set.is_pulled() {
            let frozen = i64::from(set.protection.frozen_milliseconds) * NANOS_A_MILLISECOND;
            set.frozen_until = (frozen > 0).then(|| EpochNanos(now.0.saturating_add(frozen)));
            self.tripped.push(Place { participant, index, set: id });
        }
    }

    /// Pulls the quotes of the sets that are tripped: none of them trades any more. Returns whether there were such sets.
    #[inline]
    pub(crate) fn pull(&mut self) -> bool {
        let is_any = !self.tripped.is_empty();
        if is_any {
            self.pull_tripped();
        }
        is_any
    }

    #[cold]
    fn pull_tripped(&mut self) {
        while let Some(place) = self.tripped.pop() {
            self.cancel(place, RejectReason::MarketMakerProtection, true);
        }
    }

    /// Notes that the quotes of a set are being canceled: none of them trades any more.
    pub(crate) fn cancel(&mut self, place: Place, reason: RejectReason, is_to_be_told: bool) {
        let set = self.entry(place.index, place.set);
        // What protection has pulled stays so.
        set.canceling = set.canceling.or(Some(reason));
        let key = |canceled: &QuotesCanceled| (canceled.place.participant, canceled.place.set);
        let noted = QuotesCanceled { place, is_to_be_told };
        match self.cancels.binary_search_by_key(&key(&noted), key) {
            Ok(at) => self.cancels[at].is_to_be_told |= is_to_be_told,
            Err(at) => self.cancels.insert(at, noted),
        }
    }

    /// Notes that no quote of a set is left to cancel.
    pub(crate) fn end_cancel(&mut self, place: Place) {
        self.cancels.retain(|canceled| canceled.place != place);
        if self.get(place.index, place.set).is_some() {
            self.entry(place.index, place.set).canceling = None;
            self.tidy(place.index, place.set);
        }
    }

    /// Takes in a set of a snapshot.
    pub(crate) fn restore(&mut self, place: Place, set: QuoteSet) {
        self.protected += u32::from(set.protection != MarketMakerProtection::NONE);
        let canceling = set.canceling;
        *self.entry(place.index, place.set) = set;
        self.make_room();
        if let Some(reason) = canceling {
            self.cancel(place, reason, false);
        }
    }

    /// Forgets a set of which there is nothing to know.
    fn tidy(&mut self, index: u32, id: QuoteSetId) {
        if let Some(sets) = self.participants.get_mut(index as usize) {
            sets[usize::from(id.number())]
                .take_if(|set| set.protection == MarketMakerProtection::NONE && set.canceling.is_none());
        }
    }
}

impl QuoteSet {
    /// A set of a snapshot, which has counted nothing yet.
    pub(crate) fn restored(
        protection: MarketMakerProtection,
        trigger: ProtectionTrigger,
        frozen_until: Option<EpochNanos>,
        canceling: Option<RejectReason>,
    ) -> Self {
        let trades = match protection {
            MarketMakerProtection::NONE => VecDeque::new(),
            _ => VecDeque::with_capacity(MAXIMUM_RECORDS),
        };
        Self { protection, trigger, frozen_until, canceling, trades, sums: Sums::default() }
    }

    /// Takes in the next trades of a snapshot. Returns whether they may follow those before them.
    pub(crate) fn restore(&mut self, record: QuoteTradesRecord) -> bool {
        let follows = self.trades.back().is_none_or(|newest| newest.time <= record.time);
        let fits = follows && record.trades > 0 && self.trades.len() < MAXIMUM_RECORDS;
        if fits {
            self.push(record);
        }
        fits
    }

    /// Trades within the window, oldest first.
    pub(crate) fn trades(&self) -> impl ExactSizeIterator<Item = QuoteTradesRecord> {
        self.trades.iter().copied()
    }

    /// Whether protection has pulled the quotes, and they are not taken again.
    pub(crate) fn is_pulled(&self) -> bool {
        self.trigger != ProtectionTrigger::None
    }

    /// Lets quotes be taken again if the frozen time is over.
    fn thaw(&mut self, now: EpochNanos) {
        if self.is_pulled() && self.frozen_until.is_some_and(|until| until <= now) {
            self.release();
        }
    }

    fn release(&mut self) {
        (self.trigger, self.frozen_until) = (ProtectionTrigger::None, None);
        self.trades.clear();
        self.sums = Sums::default();
    }

    fn push(&mut self, record: QuoteTradesRecord) {
        self.sums.add(record);
        self.trades.push_back(record);
    }

    /// Counts a trade. Returns its time: one before that of the last trade counts as the same time.
    fn count(&mut self, side: Side, quantity: Quantity, now: EpochNanos) -> EpochNanos {
        let now = self.trades.back().map_or(now, |newest| newest.time.max(now));
        let window = i64::from(self.protection.window_milliseconds) * NANOS_A_MILLISECOND;
        while let Some(oldest) = self.trades.pop_front_if(|oldest| now.0.saturating_sub(oldest.time.0) >= window) {
            self.sums.take(oldest);
        }
        let mut record = QuoteTradesRecord { time: now, ..QuoteTradesRecord::default() };
        if self.trades.len() == MAXIMUM_RECORDS
            && let Some(newest) = self.trades.pop_back()
        {
            self.sums.take(newest);
            record = QuoteTradesRecord { time: now, ..newest };
        }
        record.trades = record.trades.saturating_add(1);
        let lots = record.lots(side);
        lots.0 = lots.0.saturating_add(quantity.0);
        self.push(record);
        now
    }

    /// The first limit that is reached.
    fn reached(&self) -> ProtectionTrigger {
        let Sums { trades, bought, sold } = self.sums;
        let MarketMakerProtection { maximum_trades, maximum_quantity, maximum_delta, .. } = self.protection;
        let above = |sum: u128, limit: Option<Quantity>| limit.is_some_and(|most| sum >= u128::from(most.0));
        if maximum_trades.is_some_and(|most| trades >= u64::from(most)) {
            ProtectionTrigger::Trades
        } else if above(bought + sold, maximum_quantity) {
            ProtectionTrigger::Quantity
        } else if above(bought.abs_diff(sold), maximum_delta) {
            ProtectionTrigger::Delta
        } else {
            ProtectionTrigger::None
        }
    }

    /// What is told of a set.
    pub(crate) fn report(set: Option<&Self>, id: QuoteSetId) -> MarketMakerProtectionReport {
        let Sums { trades, bought, sold } = set.map_or_else(Sums::default, |set| set.sums);
        let number = |lots: u128| Quantity(u64::try_from(lots).unwrap_or(u64::MAX));
        MarketMakerProtectionReport {
            quote_set: id,
            protection: set.map_or(MarketMakerProtection::NONE, |set| set.protection),
            trigger: set.map_or(ProtectionTrigger::None, |set| set.trigger),
            frozen_until: set.and_then(|set| set.frozen_until),
            trades: u32::try_from(trades).unwrap_or(u32::MAX),
            bought: number(bought),
            sold: number(sold),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The newest trades share a record when there is no room for one more, and count for no shorter than the window.
    #[test]
    fn trades_without_a_record_of_their_own_count_for_the_whole_window() {
        let protection = MarketMakerProtection {
            window_milliseconds: 1,
            maximum_trades: Some(1_000),
            ..MarketMakerProtection::NONE
        };
        let mut set = QuoteSet::restored(protection, ProtectionTrigger::None, None, None);
        let mut count = |now| {
            set.count(Side::Buy, Quantity(1), EpochNanos(now));
            (set.sums.trades, set.trades.len())
        };
        for number in 1..=MAXIMUM_RECORDS {
            assert_eq!(count(0), (number as u64, number));
        }
        assert_eq!(count(NANOS_A_MILLISECOND - 1), (MAXIMUM_RECORDS as u64 + 1, MAXIMUM_RECORDS));
        // All but the two of the newest record are too old now; the one that has shared its place counts for longer.
        assert_eq!(count(NANOS_A_MILLISECOND), (3, 2));
        assert_eq!(count(2 * NANOS_A_MILLISECOND - 2), (4, 3));
        assert_eq!(count(2 * NANOS_A_MILLISECOND - 1), (3, 3));
    }
}
