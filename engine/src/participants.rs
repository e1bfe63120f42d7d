//! The participants that have ever sent a command or been given limits, each with a dense index and its risk limits.

use lugus_vocabulary::ParticipantId;

use crate::index::Index;
use crate::risk::Risk;

/// All participants. The operator is one of them from the start.
#[derive(Debug)]
pub(crate) struct Participants {
    /// By dense index.
    ids: Vec<ParticipantId>,
    /// By dense index.
    pub(crate) risk: Vec<Risk>,
    /// Dense indices by participant id.
    index: Index,
}

impl Participants {
    pub(crate) fn new() -> Self {
        let mut participants = Self { ids: Vec::new(), risk: Vec::new(), index: Index::new() };
        participants.take_in(ParticipantId::OPERATOR);
        participants
    }

    /// Number of participants, the operator included.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn contains(&self, participant: ParticipantId) -> bool {
        self.index.get(u64::from(participant.0)).is_some()
    }

    /// The dense index of a participant, which is taken in if it is not there yet.
    pub(crate) fn take_in(&mut self, participant: ParticipantId) -> u32 {
        self.index.get(u64::from(participant.0)).unwrap_or_else(|| {
            let place = self.ids.len() as u32;
            self.index.insert(u64::from(participant.0), place);
            self.ids.push(participant);
            self.risk.push(Risk::default());
            place
        })
    }

    /// The participant with this dense index.
    pub(crate) fn id(&self, index: usize) -> Option<ParticipantId> {
        self.ids.get(index).copied()
    }

    /// All participants, in the order in which they came.
    pub(crate) fn ids(&self) -> impl Iterator<Item = ParticipantId> + '_ {
        self.ids.iter().copied()
    }

    /// All participants, by id.
    pub(crate) fn sorted(&self) -> Vec<(ParticipantId, &Risk)> {
        let mut sorted: Vec<_> = self.ids.iter().copied().zip(&self.risk).collect();
        sorted.sort_unstable_by_key(|&(id, _)| id);
        sorted
    }
}
