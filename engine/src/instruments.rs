//! The instruments of an engine: found by place or by id, each with its state hash, and the sum of their hashes.

use lugus_vocabulary::{InstrumentId, StateHash};

use crate::index::Index;
use crate::instrument::Instrument;
use crate::migration::migration_states::Availability;
use crate::scopes::{InstrumentPlace, NO_INSTRUMENT};
use crate::state_hash;

/// An instrument in the engine's table.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) instrument: Instrument,
    /// Hash of the instrument's definition and of all that was ever told in its scopes.
    pub(crate) hash: StateHash,
    pub(crate) availability: Availability,
}

/// All instruments of an engine.
#[derive(Debug)]
pub(crate) struct Instruments {
    table: Vec<Listed>,
    /// Places in `table` by instrument id.
    index: Index,
    /// Places in `table` in the order of instrument ids.
    sorted: Vec<InstrumentPlace>,
    /// Sum of the instruments' terms of the state hash, without the term of the instrument touched last.
    hash_sum: u64,
    /// The instrument touched last, or [`NO_INSTRUMENT`]. The next command is most likely to touch it, too, so its term
    /// is left out of the sum until another one is touched.
    touched: InstrumentPlace,
}

impl Instruments {
    /// No instruments.
    pub(crate) fn new() -> Self {
        Self { table: Vec::new(), index: Index::new(), sorted: Vec::new(), hash_sum: 0, touched: NO_INSTRUMENT }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// The place of an instrument.
    #[inline]
    pub(crate) fn place(&self, instrument: InstrumentId) -> Option<InstrumentPlace> {
        self.index.get(u64::from(instrument.0))
    }

    #[inline]
    pub(crate) fn get(&self, place: InstrumentPlace) -> Option<&Listed> {
        self.table.get(place as usize)
    }

    pub(crate) fn find(&self, instrument: InstrumentId) -> Option<&Listed> {
        self.place(instrument).map(|place| &self.table[place as usize])
    }

    pub(crate) fn find_mut(&mut self, instrument: InstrumentId) -> Option<&mut Listed> {
        self.place(instrument).map(|place| &mut self.table[place as usize])
    }

    /// The instrument of this rank, by id.
    pub(crate) fn ranked(&self, rank: usize) -> Option<&Listed> {
        self.sorted.get(rank).and_then(|&place| self.get(place))
    }

    /// All instruments, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Listed> {
        self.sorted.iter().map(|&place| &self.table[place as usize])
    }

    /// The instruments with this id and higher ones, by id.
    pub(crate) fn iter_from(&self, first: InstrumentId) -> impl Iterator<Item = &Listed> {
        let id_at = |place: InstrumentPlace| self.table[place as usize].instrument.definition.instrument;
        let before = self.sorted.partition_point(|&place| id_at(place) < first);
        self.sorted[before..].iter().map(|&place| &self.table[place as usize])
    }

    /// Gives the instrument at a place, which is in the table, so that its hash can be changed. All changes of a hash go
    /// through here.
    #[inline]
    pub(crate) fn touch(&mut self, place: InstrumentPlace) -> &mut Listed {
        self.leave_out_of_sum(place);
        &mut self.table[place as usize]
    }

    /// Leaves one instrument out of the sum of terms; with [`NO_INSTRUMENT`] none.
    #[inline]
    fn leave_out_of_sum(&mut self, place: InstrumentPlace) {
        if self.touched != place {
            let term = |place: u32| self.table.get(place as usize).map_or(0, Listed::term);
            self.hash_sum = self.hash_sum.wrapping_add(term(self.touched)).wrapping_sub(term(place));
            self.touched = place;
        }
    }

    /// Takes in an instrument whose id is not in the table yet.
    pub(crate) fn insert(&mut self, listed: Listed) {
        let id = listed.instrument.definition.instrument;
        let place = self.table.len() as u32;
        self.hash_sum = self.hash_sum.wrapping_add(listed.term());
        self.index.insert(u64::from(id.0), place);
        let id_at = |place: u32| self.table[place as usize].instrument.definition.instrument;
        let before = self.sorted.partition_point(|&place| id_at(place) < id);
        self.sorted.insert(before, place);
        self.table.push(listed);
    }

    /// Removes an instrument that has no orders and scopes. The last instrument of the table takes its place: returns
    /// that instrument's id and new place, unless the last one was removed.
    pub(crate) fn remove(&mut self, instrument: InstrumentId) -> Option<(InstrumentId, InstrumentPlace)> {
        let place = self.index.remove(u64::from(instrument.0))?;
        // `touched` is a place, and places are about to change.
        self.leave_out_of_sum(NO_INSTRUMENT);
        let listed = self.table.swap_remove(place as usize);
        self.hash_sum = self.hash_sum.wrapping_sub(listed.term());
        self.sorted.retain(|&other| other != place);
        let moved = self.table.get(place as usize)?;
        let (id, last) = (moved.instrument.definition.instrument, self.table.len() as u32);
        self.index.remove(u64::from(id.0));
        self.index.insert(u64::from(id.0), place);
        self.sorted.iter_mut().filter(|other| **other == last).for_each(|other| *other = place);
        Some((id, place))
    }

    /// Sum of all terms of the state hash, as it is kept with every command.
    pub(crate) fn kept_hash_sum(&self) -> u64 {
        self.hash_sum.wrapping_add(self.get(self.touched).map_or(0, Listed::term))
    }

    /// The same sum, recalculated.
    pub(crate) fn calculated_hash_sum(&self) -> u64 {
        self.table.iter().map(Listed::term).fold(0, u64::wrapping_add)
    }
}

impl Listed {
    fn term(&self) -> u64 {
        state_hash::term(self.instrument.definition.instrument.0, self.hash)
    }
}
