//! Orders that rest on the exchange but would trade in the engine's book. They are held back until they no longer
//! would, and enter by age.

use std::collections::{BTreeMap, HashMap};

use lugus_vocabulary::ClientOrderId;

use super::order::Order;

#[derive(Debug, Default)]
pub(super) struct HeldOrders {
    orders: BTreeMap<u64, Order>,
    places: HashMap<ClientOrderId, u64>,
    last_place: u64,
}

impl HeldOrders {
    pub(super) fn insert(&mut self, order: Order) {
        self.remove(order.id);
        self.last_place += 1;
        self.orders.insert(self.last_place, order);
        self.places.insert(order.id, self.last_place);
    }

    pub(super) fn remove(&mut self, id: ClientOrderId) {
        if let Some(place) = self.places.remove(&id) {
            self.orders.remove(&place);
        }
    }

    /// Removes and returns the oldest order for which `is_free` holds.
    pub(super) fn take_first(&mut self, is_free: impl Fn(&Order) -> bool) -> Option<Order> {
        let (&place, _) = self.orders.iter().find(|(_, order)| is_free(order))?;
        let order = self.orders.remove(&place)?;
        self.places.remove(&order.id);
        Some(order)
    }

    pub(super) fn clear(&mut self) {
        self.orders.clear();
        self.places.clear();
    }
}
