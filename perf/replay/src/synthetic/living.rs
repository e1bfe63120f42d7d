//! The resting orders of a market, from which one can be drawn at random.

use std::collections::HashMap;

use lugus_vocabulary::{ClientOrderId, ParticipantId, PostOnly};

use crate::prng::SplitMix64;

/// Size of the group of the youngest orders, from which every second draw takes one: most cancels affect young orders.
const YOUNG: u64 = 64;

/// A resting order, as its owner knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct LivingOrder {
    pub(super) owner: ParticipantId,
    pub(super) id: ClientOrderId,
    pub(super) post_only: PostOnly,
}

#[derive(Debug, Default)]
pub(super) struct LivingOrders {
    orders: Vec<LivingOrder>,
    places: HashMap<ClientOrderId, usize>,
}

impl LivingOrders {
    pub(super) fn len(&self) -> u64 {
        self.orders.len() as u64
    }

    pub(super) fn get(&self, id: ClientOrderId) -> Option<LivingOrder> {
        self.places.get(&id).map(|&place| self.orders[place])
    }

    pub(super) fn insert(&mut self, order: LivingOrder) {
        self.places.insert(order.id, self.orders.len());
        self.orders.push(order);
    }

    pub(super) fn remove(&mut self, id: ClientOrderId) -> Option<LivingOrder> {
        let place = self.places.remove(&id)?;
        let order = self.orders.swap_remove(place);
        if let Some(moved) = self.orders.get(place) {
            self.places.insert(moved.id, place);
        }
        Some(order)
    }

    /// Draws an order: from all orders, or from about the youngest ones.
    pub(super) fn any(&self, prng: &mut SplitMix64) -> Option<LivingOrder> {
        let among = if prng.one_in(2) { self.len() } else { self.len().min(YOUNG) };
        let back = prng.below(among) as usize;
        self.orders.iter().rev().nth(back).copied()
    }
}
