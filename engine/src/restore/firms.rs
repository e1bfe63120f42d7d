//! Takes the records of firms and of their kept events into an engine.

use lugus_vocabulary::{
    EpochNanos, EventSequence, FirmEvent, FirmRecord, MAXIMUM_FIRM_PARTICIPANTS, MAXIMUM_FIRMS, ParticipantId,
};

use super::checks::{Checked, count, none_missing, require, within};
use super::fault::SnapshotFault;
use super::loading::MAXIMUM_NUMBER;
use crate::engine::Engine;
use crate::firms::FirmParticipant;
use crate::kill_switch::KillSwitches;

/// How far the firms are loaded.
#[derive(Debug, Default)]
pub(super) struct LoadedFirms {
    /// The firm that came last.
    last: Option<ParticipantId>,
    /// Number of kept events of it still to come.
    awaited: u64,
    /// Number of firms that have come.
    firms: usize,
}

/// Puts a participant into the firm that its record names. The firm's own record follows all participants.
pub(super) fn put_in(engine: &mut Engine, id: ParticipantId, place: u32, firm: Option<ParticipantId>) -> Checked {
    let Some(firm) = firm else { return Ok(()) };
    let is_operators = id == ParticipantId::OPERATOR || firm == ParticipantId::OPERATOR;
    require(!is_operators, "a firm of the operator")?;
    engine.participants.firms.put_in(FirmParticipant { id, place }, firm);
    Ok(())
}

impl LoadedFirms {
    /// The firm that came last.
    pub(super) fn last(&self) -> Option<ParticipantId> {
        self.last
    }

    pub(super) fn firm(&mut self, record: &FirmRecord, engine: &mut Engine) -> Checked {
        none_missing("kept events of a firm", self.awaited)?;
        let FirmRecord { firm, limits, last_event_sequence, retained, lost_through, .. } = *record;
        require(self.last < Some(firm), "firms are not in the order of their ids")?;
        within("kept events of a firm", retained.into(), engine.limits.retained_firm_events as u64)?;
        require(engine.participants.firms.of(firm) == Some(firm), "a firm without its own participant")?;
        let Some(own) = engine.participants.firms.get_mut(firm) else {
            return Err(SnapshotFault::Invalid { what: "a firm without participants" });
        };
        own.change_limits(limits);
        require(own.limits == limits, "a limit of 0")?;
        let FirmRecord { kill_switch: engaged, kill_switch_keeps: keeping, self_trade_scope, .. } = *record;
        let keeps_more = keeping.bits() & !engaged.bits() != 0;
        require(!keeps_more, "a kill switch that keeps orders and is not engaged")?;
        (own.kill_switch, own.self_trade_scope) = (KillSwitches { engaged, keeping }, self_trade_scope);
        let (told, kept) = (last_event_sequence.0, u64::from(retained));
        require(told <= MAXIMUM_NUMBER && kept <= told, "a firm with impossible numbers")?;
        require(kept < told || lost_through == EpochNanos(0), "a firm has lost events and has all")?;
        // Each kept event that comes in adds one.
        engine.scopes.firms.begin(firm, EventSequence(told - kept), lost_through);
        (self.last, self.awaited, self.firms) = (Some(firm), kept, self.firms + 1);
        Ok(())
    }

    pub(super) fn event(&mut self, event: &FirmEvent, engine: &mut Engine) -> Checked {
        count("kept events of the firm", &mut self.awaited)?;
        require(self.last == Some(event.firm), "an event of another firm")?;
        let participant = event.report.participant;
        require(engine.participants.contains(participant), "an event of an unknown participant")?;
        require(engine.scopes.firms.restore(event), "kept events of a firm have a gap")
    }

    /// Checks that the firms are whole, and lets the engine know what holds for their participants.
    pub(super) fn end(&self, engine: &mut Engine) -> Checked {
        none_missing("kept events of a firm", self.awaited)?;
        let firms = &engine.participants.firms;
        within("firms", firms.len() as u64, MAXIMUM_FIRMS as u64)?;
        none_missing("firms", firms.len().saturating_sub(self.firms) as u64)?;
        let mut all = Vec::new();
        for (_, firm) in firms.iter() {
            within("participants of a firm", firm.participants().len() as u64, MAXIMUM_FIRM_PARTICIPANTS as u64)?;
            all.extend_from_slice(firm.participants());
        }
        for FirmParticipant { id, place } in all {
            engine.set_self_trade_group(id);
            engine.set_judged_limits(place, id);
        }
        Ok(())
    }
}
