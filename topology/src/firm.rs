//! `[[firm]]`: which participants belong together, and what holds for all of them.

use std::collections::HashMap;

use lugus_vocabulary::{MAXIMUM_FIRM_PARTICIPANTS, MAXIMUM_FIRMS, ParticipantId, Quantity, RiskLimits, SelfTradeScope};
use serde::{Deserialize, Serialize};

use crate::error::{Fault, Problem};
use crate::{AuthenticationMode, Participant};

/// `[[firm]]`: participants that belong together. What is not named stays as the clusters have it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Firm {
    /// Number of the firm's own participant, which names the firm, belongs to it, and acts for it.
    pub id: u32,
    /// Name for people to read.
    #[serde(default)]
    pub name: String,
    /// Numbers of the other participants of the firm.
    #[serde(default)]
    pub participants: Vec<u32>,
    /// Whose orders the participants' orders do not trade with, where they ask for self-trade prevention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_trade_scope: Option<SelfTradeScope>,
    /// Largest open quantity of one order, in lots; 0 for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_quantity: Option<u64>,
    /// Largest notional of one order, in ticks times lots; 0 for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_notional: Option<u64>,
    /// Largest number of live orders of all participants of the firm in a cluster; 0 for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_open_orders: Option<u32>,
    /// Largest number of new orders and replacements of all participants of the firm in any second, in a cluster; 0 for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_commands_per_second: Option<u32>,
    /// Largest number of their cancels, mass cancels and decreases in any second, in a cluster; 0 for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_cancels_per_second: Option<u32>,
}

impl Firm {
    /// The firm's own participant.
    pub fn own(&self) -> ParticipantId {
        ParticipantId(self.id)
    }

    /// All participants of the firm, its own first.
    pub fn all(&self) -> impl Iterator<Item = ParticipantId> {
        std::iter::once(self.id).chain(self.participants.iter().copied()).map(ParticipantId)
    }

    /// The limits to set: `None` leaves a limit as it is, and 0 removes it.
    pub fn limits(&self) -> RiskLimits {
        RiskLimits {
            maximum_quantity: self.maximum_quantity.map(Quantity),
            maximum_notional: self.maximum_notional,
            maximum_open_orders: self.maximum_open_orders,
            maximum_commands_per_second: self.maximum_commands_per_second,
            maximum_cancels_per_second: self.maximum_cancels_per_second,
        }
    }
}

/// Checks the firms of a deployment with these participants.
pub(crate) fn check(firms: &[Firm], mode: AuthenticationMode, participants: &[Participant]) -> Result<(), Fault> {
    let too_many = |key: String, count, maximum| Err(Fault::new(key, Problem::TooMany { count, maximum }));
    if firms.len() > MAXIMUM_FIRMS {
        return too_many("firm".into(), firms.len(), MAXIMUM_FIRMS);
    }
    let mut taken = HashMap::new();
    for (f, firm) in firms.iter().enumerate() {
        let others = firm.participants.iter().enumerate();
        let keys = others.map(|(p, &id)| (format!("firm[{f}].participants[{p}]"), id));
        for (key, id) in std::iter::once((format!("firm[{f}].id"), firm.id)).chain(keys) {
            if id == ParticipantId::OPERATOR.0 {
                let [value, minimum, maximum] = [id, 1, u32::MAX].map(|number| number.to_string());
                return Err(Fault::new(key, Problem::Range { value, minimum, maximum }));
            }
            if mode == AuthenticationMode::Keys && !participants.iter().any(|participant| participant.id == id) {
                return Err(Fault::new(key, Problem::UnknownParticipant { participant: id }));
            }
            if let Some(other) = taken.insert(id, key.clone()) {
                return Err(Fault::new(key, Problem::Duplicate { value: id.to_string(), other }));
            }
        }
        let count = firm.participants.len() + 1;
        if count > MAXIMUM_FIRM_PARTICIPANTS {
            return too_many(format!("firm[{f}].participants"), count, MAXIMUM_FIRM_PARTICIPANTS);
        }
        for (name, limit) in [("maximum_quantity", firm.maximum_quantity), ("maximum_notional", firm.maximum_notional)]
        {
            // A number of TOML has 64 bits with a sign.
            let greatest = i64::MAX as u64;
            if let Some(limit) = limit.filter(|&limit| limit > greatest) {
                let [value, minimum, maximum] = [limit, 0, greatest].map(|number| number.to_string());
                return Err(Fault::new(format!("firm[{f}].{name}"), Problem::Range { value, minimum, maximum }));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn firm(id: u32, participants: &[u32]) -> Firm {
        Firm { id, participants: participants.to_vec(), ..Firm::default() }
    }

    fn key_at_fault(firms: &[Firm]) -> Option<String> {
        check(firms, AuthenticationMode::Open, &[]).err().map(|fault| fault.key)
    }

    #[test]
    fn a_participant_belongs_to_one_firm_and_the_operator_to_none() {
        assert_eq!(key_at_fault(&[firm(9, &[1, 2]), firm(8, &[])]), None);
        for (firms, key) in [
            (vec![firm(0, &[])], "firm[0].id"),
            (vec![firm(9, &[1, 0])], "firm[0].participants[1]"),
            (vec![firm(9, &[9])], "firm[0].participants[0]"),
            (vec![firm(9, &[1]), firm(8, &[1])], "firm[1].participants[0]"),
            (vec![firm(9, &[1]), firm(1, &[])], "firm[1].id"),
            (vec![firm(100, &(1..65).collect::<Vec<_>>())], "firm[0].participants"),
            (vec![Firm { maximum_notional: Some(u64::MAX), ..firm(9, &[]) }], "firm[0].maximum_notional"),
        ] {
            assert_eq!(key_at_fault(&firms).as_deref(), Some(key));
        }
        assert_eq!(key_at_fault(&[firm(100, &(1..64).collect::<Vec<_>>())]), None);
    }

    #[test]
    fn with_keys_nobody_is_in_a_firm_who_cannot_log_in() {
        let known = [Participant { id: 9, ..Participant::default() }];
        let check = |firm| check(&[firm], AuthenticationMode::Keys, &known);
        assert_eq!(check(firm(9, &[])), Ok(()));
        let problem = Problem::UnknownParticipant { participant: 1 };
        assert_eq!(check(firm(9, &[1])), Err(Fault::new("firm[0].participants[0]", problem)));
    }
}
