//! Quotes in the oracle: mass quotes, cancels of quotes, and the protection that pulls them.

use std::collections::BTreeMap;

use lugus_vocabulary::*;

use super::book::{Book, Resting, best_maker, find, overflows};
use super::limits::lower;
use super::orders::check_price;
use super::quote_set::QuoteSet;
use super::state::Oracle;
use super::unfinished::Ending;

const SIDES: [Side; 2] = [Side::Buy, Side::Sell];

/// What becomes of a side.
enum Change {
    Nothing,
    Withdraw,
    Shrink(u64),
    Enter(i64, u64),
}

impl Oracle {
    /// Why a quote ends whose set is being canceled.
    pub(super) fn quotes_canceled(&self, order: &Resting) -> Option<RejectReason> {
        let set = QuoteSetId::of(order.request.client_order_id)?;
        self.quote_cancels.get(&(order.participant, set)).map(|&(reason, _)| reason)
    }

    /// Counts a trade for those who quote. `order` is the order after it.
    pub(super) fn count_quote(&mut self, order: &Resting, quantity: u64) {
        let Some(set) = QuoteSetId::of(order.request.client_order_id) else { return };
        let now = self.now;
        let Some(quotes) = self.quote_sets.get_mut(&(order.participant, set)) else { return };
        if quotes.protection == MarketMakerProtection::NONE {
            return;
        }
        quotes.thaw(now);
        let now = quotes.trades.last().map_or(now, |last| last.0.max(now));
        let window = i64::from(quotes.protection.window_milliseconds) * 1_000_000;
        quotes.trades.retain(|trade| i128::from(now) - i128::from(trade.0) < i128::from(window));
        let mut trade = (now, 1, 0, 0);
        if quotes.trades.len() >= 256 {
            let last = quotes.trades.pop().unwrap();
            trade = (now, last.1 + 1, last.2, last.3);
        }
        let lots = if order.request.side == Side::Buy { &mut trade.2 } else { &mut trade.3 };
        *lots = lots.saturating_add(quantity);
        quotes.trades.push(trade);
        if quotes.trigger != ProtectionTrigger::None {
            return;
        }
        let (trades, bought, sold) = quotes.sums();
        let MarketMakerProtection { maximum_trades, maximum_quantity, maximum_delta, frozen_milliseconds, .. } =
            quotes.protection;
        if maximum_trades.is_some_and(|most| trades >= u64::from(most)) {
            quotes.trigger = ProtectionTrigger::Trades;
        } else if maximum_quantity.is_some_and(|most| bought + sold >= i128::from(most.0)) {
            quotes.trigger = ProtectionTrigger::Quantity;
        } else if maximum_delta.is_some_and(|most| (bought - sold).abs() >= i128::from(most.0)) {
            quotes.trigger = ProtectionTrigger::Delta;
        } else {
            return;
        }
        quotes.frozen_until =
            (frozen_milliseconds > 0).then(|| now.saturating_add(i64::from(frozen_milliseconds) * 1_000_000));
        self.tripped.push((order.participant, set));
    }

    /// Pulls the quotes of those whose limits are reached.
    pub(super) fn pull(&mut self) {
        for key in std::mem::take(&mut self.tripped) {
            let canceled = self.quote_cancels.entry(key).or_insert((RejectReason::MarketMakerProtection, false));
            canceled.1 = true;
        }
    }

    /// Tells whose quotes were pulled, and ends quotes that are being canceled.
    pub(super) fn continue_quote_cancels(&mut self) {
        let untold: Vec<_> =
            self.quote_cancels.iter().filter(|(_, canceled)| canceled.1).map(|(&key, _)| key).collect();
        for key in untold {
            self.quote_cancels.get_mut(&key).unwrap().1 = false;
            let body = self.protection_report(key);
            self.tell(key.0, 0, 0, body);
        }
        let mut first = true;
        while let Some((&key, &(reason, _))) = self.quote_cancels.first_key_value() {
            if !std::mem::take(&mut first) {
                self.steps = self.steps.saturating_sub(self.limits.steps / 64);
            }
            if self.steps == 0 {
                return;
            }
            for instrument in self.instruments.keys().copied().collect::<Vec<_>>() {
                for side in SIDES {
                    let book = &self.instruments[&instrument];
                    let Some(at) = find(book, key.0, key.1.client_order_id(side)) else { continue };
                    let order_id = book.orders[at].order_id;
                    if !self.step() {
                        return;
                    }
                    self.end(instrument, order_id, Ending::Canceled(reason));
                }
            }
            self.quote_cancels.remove(&key);
        }
    }

    fn protection_report(&self, key: (u32, QuoteSetId)) -> ReportBody {
        let nothing = QuoteSet::default();
        let set = self.quote_sets.get(&key).unwrap_or(&nothing);
        let (trades, bought, sold) = set.sums();
        let lots = |sum: i128| Quantity(u64::try_from(sum).unwrap_or(u64::MAX));
        ReportBody::MarketMakerProtection(MarketMakerProtectionReport {
            quote_set: key.1,
            protection: set.protection,
            trigger: set.trigger,
            frozen_until: set.frozen_until.map(EpochNanos),
            trades: trades as u32,
            bought: lots(bought),
            sold: lots(sold),
        })
    }

    pub(super) fn set_market_maker_protection(
        &mut self,
        me: u32,
        number: u64,
        set: QuoteSetId,
        to: MarketMakerProtection,
    ) -> Result<(), RejectReason> {
        let MarketMakerProtection { window_milliseconds, frozen_milliseconds, .. } = to;
        let limits = [
            to.maximum_trades.map(u64::from),
            to.maximum_quantity.map(|most| most.0),
            to.maximum_delta.map(|most| most.0),
        ];
        let is_any = limits.iter().any(Option::is_some);
        let is_possible = if is_any {
            !limits.contains(&Some(0)) && (1..=3_600_000).contains(&window_milliseconds)
        } else {
            window_milliseconds == 0 && frozen_milliseconds == 0
        };
        if !is_possible || frozen_milliseconds > 3_600_000 {
            return Err(RejectReason::InvalidProtection);
        }
        self.quote_sets.insert((me, set), QuoteSet { protection: to, ..QuoteSet::default() });
        let body = self.protection_report((me, set));
        self.tell(me, 0, number, body);
        Ok(())
    }

    pub(super) fn reset_market_maker_protection(&mut self, me: u32, number: u64, set: QuoteSetId) {
        if let Some(quotes) = self.quote_sets.get_mut(&(me, set)) {
            quotes.release();
        }
        let body = self.protection_report((me, set));
        self.tell(me, 0, number, body);
    }

    pub(super) fn quote_cancel(&mut self, me: u32, number: u64, cancel: QuoteCancel) -> Result<(), RejectReason> {
        let sets = QuoteSetId::all().filter(|&set| cancel.quote_set.is_none_or(|only| only == set));
        let of = cancel.instrument.0;
        if of != 0 && !self.instruments.contains_key(&of) {
            return Err(RejectReason::UnknownInstrument);
        }
        let mut affected = 0;
        for set in sets {
            for instrument in self.instruments.keys().copied().filter(|&id| of == 0 || id == of).collect::<Vec<_>>() {
                for side in SIDES {
                    let book = &self.instruments[&instrument];
                    let Some(at) = find(book, me, set.client_order_id(side)) else { continue };
                    affected += 1;
                    if of == 0 {
                        self.quote_cancels.entry((me, set)).or_insert((RejectReason::None, false));
                    } else {
                        let order_id = book.orders[at].order_id;
                        self.end(instrument, order_id, Ending::Canceled(RejectReason::None));
                    }
                }
            }
        }
        let report = QuoteStatusReport { canceled: cancel, affected, moving: 0 };
        self.tell(me, 0, number, ReportBody::QuoteStatus(report));
        Ok(())
    }

    pub(super) fn mass_quote(&mut self, me: u32, number: u64, quote: &MassQuote) {
        let mut results = Vec::new();
        let mut named = Vec::new();
        for entry in quote.entries.iter() {
            let done = if named.contains(&entry.instrument) {
                Err(RejectReason::DuplicateQuote)
            } else {
                self.quote(me, quote, entry)
            };
            named.push(entry.instrument);
            results.push(QuoteResult { instrument: entry.instrument, reason: done.err().unwrap_or_default() });
        }
        let MassQuote { quote_id, quote_set, .. } = *quote;
        let results = ByEntry::of(&results).unwrap();
        self.tell(me, 0, number, ReportBody::MassQuote(MassQuoteAcknowledgement { quote_id, quote_set, results }));
    }

    fn quote(&mut self, me: u32, quote: &MassQuote, entry: &QuoteEntry) -> Result<(), RejectReason> {
        let instrument = entry.instrument.0;
        if !self.instruments.contains_key(&instrument) {
            return Err(RejectReason::UnknownInstrument);
        }
        let set = quote.quote_set;
        if entry.bid_quantity.0 == 0 && entry.offer_quantity.0 == 0 {
            self.gate_of_cancels(me)?;
            if !self.scopes.contains_key(&(me, instrument)) {
                return Ok(());
            }
        } else {
            self.gate(me)?;
            let now = self.now;
            if let Some(quotes) = self.quote_sets.get_mut(&(me, set)) {
                quotes.thaw(now);
                if quotes.trigger != ProtectionTrigger::None {
                    return Err(RejectReason::MarketMakerProtection);
                }
            }
            if self.quote_cancels.contains_key(&(me, set)) {
                return Err(RejectReason::QuotesBeingCanceled);
            }
        }
        self.scopes.entry((me, instrument)).or_default();
        self.end_named_and_best(me, instrument, &SIDES.map(|side| set.client_order_id(side)));
        let changes = self.check_quote(me, quote, entry)?;
        // Sides that lose their place leave the book first.
        let mut entering: Vec<(Resting, bool)> = Vec::new();
        for (side, change) in SIDES.into_iter().zip(changes) {
            let id = set.client_order_id(side);
            let book = self.instruments.get_mut(&instrument).unwrap();
            let at = find(book, me, id);
            let replaced = |order: &Resting| {
                let execution = order.execution(ExecType::Replaced);
                ReportBody::Execution(Execution { orig_client_order_id: id, ..execution })
            };
            match (change, at) {
                (Change::Withdraw, Some(at)) => {
                    let order = book.orders.remove(at);
                    self.tell_canceled(&order, instrument, 0, RejectReason::None);
                }
                (Change::Shrink(lots), Some(at)) => {
                    let order = &mut book.orders[at];
                    order.request.quantity = Quantity(order.filled + lots);
                    order.shown = lots;
                    let body = replaced(order);
                    self.tell(me, instrument, 0, body);
                }
                (Change::Enter(price, lots), at) => {
                    let mut order = new_side(me, quote, side, price, lots);
                    let before = at.map(|at| book.orders.remove(at));
                    let is_same = before.as_ref().is_some_and(|before| before.filled == 0);
                    match before {
                        Some(before) if is_same => {
                            order.order_id = before.order_id;
                            self.tell(me, instrument, 0, replaced(&order));
                        }
                        Some(before) => self.tell_canceled(&before, instrument, 0, RejectReason::None),
                        None => {}
                    }
                    entering.push((order, is_same));
                }
                _ => {}
            }
        }
        for at in 0..entering.len() {
            let (mut order, is_live) = entering[at].clone();
            self.held = entering[at + 1..].iter().filter(|(_, is_live)| *is_live).count() as u32;
            if !is_live {
                let book = self.instruments.get_mut(&instrument).unwrap();
                book.order_ids += 1;
                order.order_id = book.order_ids;
                self.tell(me, instrument, 0, ReportBody::Execution(order.execution(ExecType::New)));
            }
            match self.quotes_canceled(&order) {
                Some(reason) => self.tell_canceled(&order, instrument, 0, reason),
                None => self.enter(instrument, 0, order, is_live),
            }
        }
        self.held = 0;
        self.take_turns(instrument);
        Ok(())
    }

    fn check_quote(&self, me: u32, quote: &MassQuote, entry: &QuoteEntry) -> Result<[Change; 2], RejectReason> {
        let instrument = entry.instrument.0;
        let book = &self.instruments[&instrument];
        let state = book.definition.state;
        let wanted = [(entry.bid_price.0, entry.bid_quantity.0), (entry.offer_price.0, entry.offer_quantity.0)];
        let is_any = wanted.iter().any(|&(_, lots)| lots > 0);
        if is_any && !matches!(state, InstrumentState::Open | InstrumentState::Auction) {
            return Err(RejectReason::InstrumentState);
        }
        if wanted.iter().all(|&(_, lots)| lots > 0) && wanted[0].0 >= wanted[1].0 {
            return Err(RejectReason::InvalidSpread);
        }
        let mut changes = Vec::new();
        for (side, (price, lots)) in SIDES.into_iter().zip(wanted) {
            let before = find(book, me, quote.quote_set.client_order_id(side)).map(|at| &book.orders[at]);
            let Some(before) = before else {
                changes.push(if lots > 0 { Change::Enter(price, lots) } else { Change::Nothing });
                continue;
            };
            let NewOrder { order_type, time_in_force, display_quantity, on_disconnect, .. } = before.request;
            let is_quote = before.request.side == side
                && (order_type, time_in_force) == (OrderType::Limit, TimeInForce::Gtc)
                && (display_quantity.0, on_disconnect) == (0, OnDisconnect::Cancel);
            if lots > 0 && !is_quote {
                return Err(RejectReason::DuplicateClientOrderId);
            }
            changes.push(if lots == 0 {
                Change::Withdraw
            } else if before.request.price != Some(Price(price)) || lots > before.leaves() {
                Change::Enter(price, lots)
            } else if lots < before.leaves() {
                Change::Shrink(lots)
            } else {
                Change::Nothing
            });
        }
        // The book as the sides will find it: without those that leave it.
        let mut new = 0;
        for at in 0..2 {
            let Change::Enter(price, lots) = changes[at] else { continue };
            let gone = match changes[1 - at] {
                Change::Withdraw | Change::Enter(..) => Some(quote.quote_set.client_order_id(SIDES[1 - at])),
                _ => None,
            };
            let order = new_side(me, quote, SIDES[at], price, lots);
            self.check_side(me, instrument, &order, gone, new)?;
            new += u32::from(find(book, me, order.request.client_order_id).is_none());
        }
        let mut changes = changes.into_iter();
        Ok([changes.next().unwrap(), changes.next().unwrap()])
    }

    fn check_side(
        &self,
        me: u32,
        instrument: u32,
        order: &Resting,
        gone: Option<ClientOrderId>,
        new: u32,
    ) -> Result<(), RejectReason> {
        let book = &self.instruments[&instrument];
        let before = find(book, me, order.request.client_order_id).map(|at| &book.orders[at]);
        let open = book.definition.state == InstrumentState::Open;
        if order.request.quantity > book.definition.maximum_quantity {
            return Err(RejectReason::InvalidQuantity);
        }
        check_price(&book.definition, order.request.price)?;
        if open {
            self.check_band(instrument, order.request.side, order.request.price)?;
        }
        self.check_size(book, me, order.request.quantity.0, order, false)?;
        if before.is_none() {
            let own = self.live(Some(me));
            let of_firm = self.limits_of_firm(me).maximum_open_orders.map(|most| {
                let participants = self.firm_of(me).map(|firm| self.firms[&firm].participants.clone());
                let all: u32 = participants.into_iter().flatten().map(|of| self.live(Some(of))).sum();
                own + most.saturating_sub(all)
            });
            let limit = self.participants[&me].limits.maximum_open_orders;
            let limits = lower((limit, RejectReason::RiskOpenOrders), (of_firm, RejectReason::FirmOpenOrders));
            if let Some((_, reason)) = limits.filter(|&(most, _)| own + new >= most) {
                return Err(reason);
            }
        }
        let is_gone = |other: &Resting| other.participant == me && Some(other.request.client_order_id) == gone;
        let others = book.orders.iter().filter(|other| !is_gone(other)).cloned().collect();
        let without = Book { orders: others, trades: Vec::new(), windows: BTreeMap::new(), ..*book };
        if open && order.request.post_only == PostOnly::Yes && best_maker(&without, &order.request).is_some() {
            return Err(RejectReason::PostOnlyWouldTrade);
        }
        if before.is_none() && (self.live(None) + new) as usize >= self.limits.orders {
            return Err(RejectReason::LimitOrders);
        }
        if overflows(book, order, false, before) { Err(RejectReason::LimitLevel) } else { Ok(()) }
    }
}

/// A side as an order that has no number yet.
fn new_side(me: u32, quote: &MassQuote, side: Side, price: i64, lots: u64) -> Resting {
    Resting {
        order_id: 0,
        participant: me,
        request: NewOrder {
            post_only: quote.post_only,
            self_trade_prevention: quote.self_trade_prevention,
            client_tag: ClientTag(quote.quote_id.0),
            ..NewOrder::limit(quote.quote_set.client_order_id(side), side, Price(price), Quantity(lots))
        },
        filled: 0,
        shown: 0,
        waits: false,
        arrival: 0,
        turn: None,
        expires: None,
    }
}
