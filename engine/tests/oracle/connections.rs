//! Cancel on disconnect in the oracle.

use lugus_vocabulary::*;

use super::book::Resting;
use super::state::{Away, Oracle};
use super::unfinished::Ending;
use crate::venue::Told;

impl Oracle {
    pub fn is_away(&self, participant: u32) -> bool {
        self.away.contains_key(&participant)
    }

    pub fn disconnect(&mut self, now: i64, participant: u32, grace: GraceTime) -> Vec<Told> {
        self.told.clear();
        if self.is_away(participant) || self.has_no_place_for(participant) {
            return Vec::new();
        }
        self.now = now;
        self.go_on(0);
        (self.steps, self.elections) = (self.limits.steps, self.limits.steps);
        self.participants.entry(participant).or_default();
        let deadline = now.saturating_add(i64::from(grace.milliseconds()) * 1_000_000);
        self.away.insert(participant, Away { grace, deadline, is_done: false });
        self.cancel_of_away();
        self.told.clone()
    }

    /// Returns what is told, and the grace time if it was still running.
    pub fn connect(&mut self, now: i64, participant: u32) -> (Vec<Told>, Option<GraceTime>) {
        self.told.clear();
        let Some(&Away { grace, deadline, .. }) = self.away.get(&participant) else { return (Vec::new(), None) };
        self.now = now;
        self.go_on(0);
        (self.steps, self.elections) = (self.limits.steps, self.limits.steps);
        self.away.remove(&participant);
        let in_time = deadline > now;
        if !in_time {
            for (&id, book) in &self.instruments {
                self.left.insert((id, participant), book.order_ids);
            }
        }
        (self.told.clone(), in_time.then_some(grace))
    }

    /// Whether the order is canceled because its participant was disconnected: now, or before it came back.
    pub(super) fn is_disconnected(&self, instrument: u32, order: &Resting) -> bool {
        let is_over = self.away.get(&order.participant).is_some_and(|away| away.deadline <= self.now);
        order.request.on_disconnect == OnDisconnect::Cancel && (is_over || self.is_left(instrument, order))
    }

    /// Whether the order was to be canceled when its participant came back.
    pub(super) fn is_left(&self, instrument: u32, order: &Resting) -> bool {
        let left = self.left.get(&(instrument, order.participant));
        order.request.on_disconnect == OnDisconnect::Cancel && left.is_some_and(|&last| order.order_id <= last)
    }

    /// Cancels orders of participants whose grace time is over: by the end of that, participant, instrument, order.
    pub(super) fn cancel_of_away(&mut self) {
        let mut over: Vec<(i64, u32)> = Vec::new();
        for (&participant, away) in &self.away {
            if !away.is_done && away.deadline <= self.now {
                over.push((away.deadline, participant));
            }
        }
        over.sort_unstable();
        for (_, participant) in over {
            let mut orders: Vec<(u32, u64)> = Vec::new();
            for (&id, book) in &self.instruments {
                let hit = book.orders.iter().filter(|order| order.participant == participant);
                let hit = hit.filter(|order| order.request.on_disconnect == OnDisconnect::Cancel);
                orders.extend(hit.map(|order| (id, order.order_id)));
            }
            orders.sort_unstable();
            if !orders.is_empty() {
                self.steps = self.steps.saturating_sub(self.limits.steps / 64);
            }
            for (instrument, order_id) in orders {
                if !self.step() {
                    return;
                }
                self.end(instrument, order_id, Ending::Canceled(RejectReason::CancelOnDisconnect));
            }
            self.away.get_mut(&participant).unwrap().is_done = true;
        }
    }

    /// Whether orders are left that were to be canceled when their participant came back.
    pub(super) fn has_orders_left(&self) -> bool {
        self.instruments.iter().any(|(&id, book)| book.orders.iter().any(|order| self.is_left(id, order)))
    }
}
