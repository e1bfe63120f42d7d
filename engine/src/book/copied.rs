//! Orders that are copied to another engine ahead of a move, and what has become of them since.
//!
//! Only the engine that answers the migrator keeps this, and only while it copies: it is no part of the state that engines
//! agree on. Orders are copied by priority, so those copied are always the first of their level, and what joins a queue
//! later needs no note.

use super::cells::Slot;

/// Largest number of notes about orders that were copied. With more, a copy of the whole instrument would be as quick.
const MAXIMUM_NOTES: usize = 1 << 18;

/// Bit of an order's entry that says that its change is noted.
const CHANGED: u32 = 1 << 31;

/// The orders copied so far.
#[derive(Debug)]
pub(crate) struct CopiedOrders {
    /// By slot: number of the order among those copied, plus one; 0 if the order is not copied.
    entries: Vec<u32>,
    /// Number of orders copied, including those that have ended.
    copied: u32,
    /// Numbers of the orders that have ended, or have lost their place.
    ended: Vec<u32>,
    /// Numbers and slots of the orders that have changed in their place; some may have ended since.
    changed: Vec<(u32, Slot)>,
}

impl CopiedOrders {
    /// No orders, of a pool with room for `limit`.
    pub(super) fn new(limit: usize) -> Self {
        let notes = MAXIMUM_NOTES.min(limit);
        Self {
            entries: vec![0; limit],
            copied: 0,
            ended: Vec::with_capacity(notes),
            changed: Vec::with_capacity(notes),
        }
    }

    /// Number of orders copied, including those that have ended.
    pub(crate) fn copied(&self) -> u32 {
        self.copied
    }

    /// Number of a live order among those copied, if it is one and has its place still.
    #[inline]
    pub(crate) fn number(&self, slot: Slot) -> Option<u32> {
        (self.entries[slot as usize] & !CHANGED).checked_sub(1)
    }

    /// Notes that an order is copied.
    pub(crate) fn copy(&mut self, slot: Slot) {
        self.copied += 1;
        self.entries[slot as usize] = self.copied;
    }

    /// Numbers of the orders that have ended or lost their place, in the order in which they did.
    pub(crate) fn ended(&self) -> &[u32] {
        &self.ended
    }

    /// The number and the slot of the note of a change at this place; the outer `None` after the last note, the inner one if
    /// the order has ended or lost its place since.
    pub(crate) fn changed(&self, place: usize) -> Option<Option<(u32, Slot)>> {
        let &(number, slot) = self.changed.get(place)?;
        let is_there = self.entries[slot as usize] == (number + 1) | CHANGED;
        Some(is_there.then_some((number, slot)))
    }

    /// Notes that an order has ended, or lost its place in its queue. Returns whether there is room for further notes.
    pub(super) fn end(&mut self, slot: Slot) -> bool {
        let entry = std::mem::take(&mut self.entries[slot as usize]);
        if let Some(number) = (entry & !CHANGED).checked_sub(1) {
            self.ended.push(number);
        }
        self.has_room()
    }

    /// Notes that an order has changed in its place. Returns whether there is room for further notes.
    pub(super) fn change(&mut self, slot: Slot) -> bool {
        let entry = &mut self.entries[slot as usize];
        if *entry != 0 && *entry & CHANGED == 0 {
            self.changed.push((*entry - 1, slot));
            *entry |= CHANGED;
        }
        self.has_room()
    }

    fn has_room(&self) -> bool {
        self.ended.len() + self.changed.len() < self.ended.capacity().min(MAXIMUM_NOTES)
    }
}
