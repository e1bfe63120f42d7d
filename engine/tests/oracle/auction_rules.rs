//! The rules of auctions in the oracle: what is published of them, their time without cancels, and the schedule of a day.

use lugus_vocabulary::*;

use super::book::{Resting, auction_price, by_priority};
use super::state::Oracle;
use super::unfinished::Ending;

const MILLISECOND: i64 = 1_000_000;

/// Whether the values of the rules fit.
pub(super) fn are_possible(rules: &AuctionRules) -> bool {
    let day = 86_400_000;
    (rules.indicative_milliseconds == 0 || (10..=day).contains(&rules.indicative_milliseconds))
        && rules.no_cancel_milliseconds <= day
        && fits(&rules.schedule)
}

/// The changes of a day: nanoseconds since midnight, and the phase.
fn changes(schedule: &DailySchedule) -> Vec<(i64, DayPhase)> {
    let mut changes = Vec::new();
    for (time, phase) in [
        (schedule.opening_auction, DayPhase::OpeningAuction),
        (schedule.continuous, DayPhase::Continuous),
        (schedule.closing_auction, DayPhase::ClosingAuction),
        (schedule.closed, DayPhase::Closed),
    ] {
        changes.extend(time.map(|time| (i64::from(time.milliseconds()) * MILLISECOND, phase)));
    }
    changes
}

/// Whether an auction ends, and the changes follow each other, from one of them on.
fn fits(schedule: &DailySchedule) -> bool {
    let changes = changes(schedule);
    let follow = (0..changes.len().max(1)).any(|first| {
        let day: Vec<i64> = changes[first..].iter().chain(&changes[..first]).map(|&(time, _)| time).collect();
        day.windows(2).all(|pair| pair[0] < pair[1])
    });
    let has = |of| changes.iter().any(|&(_, phase)| phase == of);
    follow
        && (!has(DayPhase::OpeningAuction) || has(DayPhase::Continuous))
        && (!has(DayPhase::ClosingAuction) || has(DayPhase::Closed))
}

impl Oracle {
    pub(super) fn set_auction_rules(
        &mut self,
        me: u32,
        instrument: u32,
        number: u64,
        to: &AuctionRules,
    ) -> Result<(), RejectReason> {
        if me != 0 {
            return Err(RejectReason::NotAuthorised);
        }
        if !are_possible(to) {
            return Err(RejectReason::InvalidDefinition);
        }
        let book = self.instruments.get_mut(&instrument).unwrap();
        let ends_by_schedule = book.auction_end.is_some() && book.auction_end == book.phase_due;
        book.definition.auctions = *to;
        self.start_schedule(instrument);
        if ends_by_schedule {
            let book = self.instruments.get_mut(&instrument).unwrap();
            book.auction_end = book.phase_due;
        }
        self.begin_phase(instrument);
        let definition = self.instruments[&instrument].definition;
        self.tell_instrument(instrument, number, &definition);
        Ok(())
    }

    /// The state or the rules have changed: when it is published next what the auction would give.
    pub(super) fn begin_phase(&mut self, instrument: u32) {
        let now = self.now;
        let book = self.instruments.get_mut(&instrument).unwrap();
        let interval = i64::from(book.definition.auctions.indicative_milliseconds) * MILLISECOND;
        book.indicative_due = if book.definition.state != InstrumentState::Auction || interval == 0 {
            None
        } else {
            let next = now.saturating_add(interval);
            Some(book.indicative_due.map_or(next, |due| due.min(next)))
        };
    }

    /// Whether participants may cancel and replace.
    pub(super) fn check_cancels(&self, instrument: u32) -> Result<(), RejectReason> {
        let book = &self.instruments[&instrument];
        let phase = i64::from(book.definition.auctions.no_cancel_milliseconds) * MILLISECOND;
        match book.auction_end {
            Some(end) if phase > 0 && end.saturating_sub(phase) <= self.now => Err(RejectReason::NoCancelPhase),
            _ => Ok(()),
        }
    }

    /// Auctions end, and it is published what they would give, in the order of their times.
    pub(super) fn sound_alarms(&mut self) {
        loop {
            let times = self.instruments.iter().flat_map(|(&id, book)| {
                [book.auction_end, book.indicative_due, book.phase_due]
                    .into_iter()
                    .flatten()
                    .map(move |time| (time, id))
            });
            let Some((_, id)) = times.min().filter(|&(time, _)| time <= self.now) else { return };
            if !self.step() {
                return;
            }
            let phase = self.last_change(id).map(|(_, phase)| phase);
            if self.instruments[&id].phase_due.is_some_and(|due| due <= self.now) {
                self.start_schedule(id);
                self.change_phase(id, phase);
            } else if self.instruments[&id].auction_end.is_some_and(|end| end <= self.now) {
                let ends_day = phase == Some(DayPhase::Closed);
                if ends_day { self.end_day(id) } else { self.go_on_trading(id) }
            }
            if self.instruments[&id].indicative_due.is_some_and(|due| due <= self.now) {
                self.steps = self.steps.saturating_sub(self.limits.steps / 64);
                let told = self.auction_indicative(id);
                self.published.push((id, told));
                self.instruments.get_mut(&id).unwrap().indicative_due = None;
                self.begin_phase(id);
            }
        }
    }

    /// The changes of three days around now, each with its time.
    fn changes_around(&self, instrument: u32) -> Vec<(i64, DayPhase)> {
        let day = 86_400_000 * MILLISECOND;
        let today = self.now.div_euclid(day) * day;
        let changes = changes(&self.instruments[&instrument].definition.auctions.schedule);
        let days = [today - day, today, today + day];
        days.iter().flat_map(|day| changes.iter().map(move |&(time, phase)| (day + time, phase))).collect()
    }

    fn last_change(&self, instrument: u32) -> Option<(i64, DayPhase)> {
        self.changes_around(instrument).into_iter().filter(|&(time, _)| time <= self.now).max()
    }

    pub(super) fn start_schedule(&mut self, instrument: u32) {
        let next = self.changes_around(instrument).into_iter().filter(|&(time, _)| time > self.now).min();
        self.instruments.get_mut(&instrument).unwrap().phase_due = next.map(|(time, _)| time);
    }

    fn change_phase(&mut self, instrument: u32, phase: Option<DayPhase>) {
        let Some(phase) = phase else { return };
        let book = self.instruments.get_mut(&instrument).unwrap();
        if book.definition.state == InstrumentState::Closed {
            if phase == DayPhase::Closed || !book.orders.is_empty() {
                return;
            }
            book.trades_of_earlier_sessions = book.trades.len();
        }
        match phase {
            DayPhase::OpeningAuction | DayPhase::ClosingAuction => {
                self.has_changed_phase = true;
                let opens = phase == DayPhase::OpeningAuction;
                let auction = if opens { AuctionType::Opening } else { AuctionType::Closing };
                let before = book.auction_type.replace(auction);
                match before {
                    Some(AuctionType::Opening) if !opens => self.expire_for(instrument, AuctionOrders::AT_THE_OPENING),
                    Some(AuctionType::Closing) if opens => self.expire_for(instrument, AuctionOrders::AT_THE_CLOSE),
                    _ => {}
                }
                let book = self.instruments.get_mut(&instrument).unwrap();
                book.definition.state = InstrumentState::Auction;
                book.auction_end = book.phase_due;
                self.begin_phase(instrument);
            }
            DayPhase::Continuous => {
                if book.definition.state != InstrumentState::Open {
                    self.go_on_trading(instrument);
                }
                if self.instruments[&instrument].definition.state == InstrumentState::Open {
                    self.expire_for(instrument, AuctionOrders::AT_THE_OPENING);
                }
            }
            DayPhase::Closed => self.end_day(instrument),
        }
    }

    /// The state changes, unless the price of the auction would be outside its collar. Returns whether it does.
    fn leaves_auction(&mut self, instrument: u32, state: InstrumentState) -> bool {
        if self.is_outside_collar(instrument, None) {
            self.halt(instrument);
            return false;
        }
        self.has_changed_phase = true;
        let book = self.instruments.get_mut(&instrument).unwrap();
        book.auction_end = None;
        book.definition.state = state;
        self.begin_phase(instrument);
        true
    }

    fn go_on_trading(&mut self, instrument: u32) {
        if self.leaves_auction(instrument, InstrumentState::Open) {
            self.open(instrument);
        }
    }

    fn end_day(&mut self, instrument: u32) {
        let closes = self.instruments[&instrument].definition.auctions.schedule.at_day_end == AtDayEnd::Close;
        let state = if closes { InstrumentState::Closed } else { InstrumentState::Halted };
        if self.leaves_auction(instrument, state) {
            self.begin_trading(instrument);
            self.uncross(instrument);
            self.end_auction(instrument);
            self.expire_for(instrument, AuctionOrders::AT_THE_CLOSE);
            if closes {
                self.instruments.get_mut(&instrument).unwrap().due = None;
                self.cancel_of_closed(instrument, 0, 0);
            }
        }
    }

    /// The auction is over for those orders that it took and that are for auctions only.
    pub(super) fn end_auction(&mut self, instrument: u32) {
        let auction = self.instruments.get_mut(&instrument).unwrap().auction_type.take();
        match auction {
            Some(AuctionType::Opening) => {
                self.expire_for(instrument, AuctionOrders::AT_THE_OPENING.and(AuctionOrders::GOOD_FOR_AUCTION))
            }
            Some(AuctionType::Closing) => {
                self.expire_for(instrument, AuctionOrders::AT_THE_CLOSE.and(AuctionOrders::GOOD_FOR_AUCTION));
            }
            Some(AuctionType::Intraday) => self.expire_for(instrument, AuctionOrders::GOOD_FOR_AUCTION),
            None => {}
        }
    }

    fn expire_for(&mut self, instrument: u32, orders: AuctionOrders) {
        let book = self.instruments.get_mut(&instrument).unwrap();
        book.expiring = book.expiring.and(orders);
        self.expire_of_auctions(instrument);
    }

    /// Ends orders whose auction is over, queue by queue.
    pub(super) fn expire_of_auctions(&mut self, instrument: u32) {
        let book = &self.instruments[&instrument];
        let is_over = |order: &&Resting| order.for_auction().is_some_and(|of| book.expiring.has(of));
        let over: Vec<u64> =
            by_priority(&book.orders).into_iter().filter(is_over).map(|order| order.order_id).collect();
        for order_id in over {
            if !self.step() {
                return;
            }
            self.end(instrument, order_id, Ending::Expired);
        }
        self.instruments.get_mut(&instrument).unwrap().expiring = AuctionOrders::NONE;
    }

    /// What the auction would give.
    fn auction_indicative(&self, instrument: u32) -> AuctionIndicative {
        let book = self.without_those_over(instrument, &self.instruments[&instrument]);
        let Some(price) = auction_price(&book) else { return AuctionIndicative::default() };
        let sum = |side, trades: &dyn Fn(i64) -> bool| -> u128 {
            let of = book.orders.iter().filter(|order| book.takes_part(order) && order.request.side == side);
            of.filter(|order| trades(order.limit())).map(|order| u128::from(order.leaves())).sum()
        };
        let (buys, sells) = (sum(Side::Buy, &|of| of >= price), sum(Side::Sell, &|of| of <= price));
        let lots = |lots: u128| Quantity(u64::try_from(lots).unwrap_or(u64::MAX));
        AuctionIndicative {
            price: Some(Price(price)),
            volume: lots(buys.min(sells)),
            imbalance: lots(buys.abs_diff(sells)),
            imbalance_side: match buys.cmp(&sells) {
                std::cmp::Ordering::Greater => Some(Side::Buy),
                std::cmp::Ordering::Less => Some(Side::Sell),
                std::cmp::Ordering::Equal => None,
            },
        }
    }
}
