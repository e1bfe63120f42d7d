//! The participants that have ever sent a command or been given limits, each with a dense index, its risk limits, and
//! whether it is disconnected.

use lugus_vocabulary::{DisconnectionRecord, ParticipantId};

use crate::firms::Firms;
use crate::index::Index;
use crate::risk::Risk;

/// All participants. The operator is one of them from the start.
#[derive(Debug)]
pub(crate) struct Participants {
    /// By dense index.
    ids: Vec<ParticipantId>,
    /// By dense index.
    pub(crate) risk: Vec<Risk>,
    /// By dense index: present while the participant is disconnected and had asked for cancel on disconnect.
    pub(crate) disconnections: Vec<Option<DisconnectionRecord>>,
    /// Which of them belong together.
    pub(crate) firms: Firms,
    /// Dense indices by participant id.
    index: Index,
}

impl Participants {
    pub(crate) fn new() -> Self {
        let mut participants = Self {
            ids: Vec::new(),
            risk: Vec::new(),
            disconnections: Vec::new(),
            firms: Firms::default(),
            index: Index::new(),
        };
        participants.take_in(ParticipantId::OPERATOR);
        participants
    }

    /// Number of participants, the operator included.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn contains(&self, participant: ParticipantId) -> bool {
        self.place(participant).is_some()
    }

    /// The dense index of a participant.
    pub(crate) fn place(&self, participant: ParticipantId) -> Option<u32> {
        self.index.get(u64::from(participant.0))
    }

    /// The dense index of a participant, which is taken in if it is not there yet.
    pub(crate) fn take_in(&mut self, participant: ParticipantId) -> u32 {
        self.index.get(u64::from(participant.0)).unwrap_or_else(|| {
            let place = self.ids.len() as u32;
            self.index.insert(u64::from(participant.0), place);
            self.ids.push(participant);
            self.risk.push(Risk::default());
            self.disconnections.push(None);
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
    pub(crate) fn sorted(&self) -> Vec<(ParticipantId, &Risk, Option<DisconnectionRecord>)> {
        let all = self.ids.iter().zip(&self.risk).zip(&self.disconnections);
        let mut sorted: Vec<_> = all.map(|((&id, risk), &disconnection)| (id, risk, disconnection)).collect();
        sorted.sort_unstable_by_key(|&(id, ..)| id);
        sorted
    }
}
