//! Whether members' states agree. Members compare hashes at equal log positions all the time, and tell what they find; a look at
//! their newest hashes alone would find no equal positions while they trade.

use lugus_node::deployment_status::Member;

use super::view::Agreement;

/// Whether the states of a cluster's members agree.
pub(super) fn agreement<'m>(members: impl Iterator<Item = &'m Member>) -> Agreement {
    let mut comparing = 0;
    let mut hashes: Vec<(i64, &str)> = Vec::new();
    for member in members {
        match agreement_of(member) {
            Agreement::Differ => return Agreement::Differ,
            Agreement::Equal => comparing += 1,
            Agreement::Unknown => continue,
        }
        let (Some(position), Some(hash)) = (member.state_hash_position, member.state_hash.as_deref()) else { continue };
        // Sooner than the members themselves, if they happen to stand at one position.
        if hashes.iter().any(|(other, known)| *other == position && *known != hash) {
            return Agreement::Differ;
        }
        hashes.push((position, hash));
    }
    if comparing < 2 { Agreement::Unknown } else { Agreement::Equal }
}

/// What a member finds of its own state.
pub(super) fn agreement_of(member: &Member) -> Agreement {
    match member.differing_members {
        _ if member.fenced.is_some() => Agreement::Differ,
        Some(1..) => Agreement::Differ,
        Some(_) if member.has_started() => Agreement::Equal,
        _ => Agreement::Unknown,
    }
}
