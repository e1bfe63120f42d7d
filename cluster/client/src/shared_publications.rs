//! Which sessions share an ingress publication: those with the same cluster that want the same channel, unless the publication is
//! in doubt. This knows nothing of Aeron.

use crate::session::Now;

/// A publication of a cluster's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PublicationId(u64);

/// Publications, or what stands for them, with their users.
#[derive(Debug)]
pub(crate) struct SharedPublications<T> {
    entries: Vec<Entry<T>>,
    last_id: u64,
    /// Nobody joins a publication that was opened before this time.
    trusted_since: Now,
}

#[derive(Debug)]
struct Entry<T> {
    id: PublicationId,
    channel: String,
    users: usize,
    /// When it was opened, or later when it was last known to be read.
    good_at: Now,
    /// Nobody joins it any more: it was not connected any more, is at its end, or could not be added.
    is_lost: bool,
    item: T,
}

impl<T> Default for SharedPublications<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), last_id: 0, trusted_since: Now::ZERO }
    }
}

impl<T> SharedPublications<T> {
    /// Joins the publication to `channel` that was opened after `opened_after`; without one, adds what `add` makes.
    ///
    /// # Errors
    /// Those of `add`.
    pub(crate) fn open<E>(
        &mut self,
        channel: &str,
        opened_after: Now,
        now: Now,
        add: impl FnOnce() -> Result<T, E>,
    ) -> Result<PublicationId, E> {
        let opened_after = opened_after.max(self.trusted_since);
        let joins = |entry: &&mut Entry<T>| !entry.is_lost && entry.good_at >= opened_after && entry.channel == channel;
        if let Some(entry) = self.entries.iter_mut().rev().find(joins) {
            entry.users += 1;
            return Ok(entry.id);
        }
        let item = add()?;
        self.last_id += 1;
        let id = PublicationId(self.last_id);
        self.entries.push(Entry { id, channel: channel.to_owned(), users: 1, good_at: now, is_lost: false, item });
        Ok(id)
    }

    /// One user fewer. Nothing stays of a publication without users.
    pub(crate) fn close(&mut self, id: PublicationId) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.users -= 1;
        }
        self.entries.retain(|entry| entry.users > 0);
    }

    /// What was opened until now is joined by nobody any more, because the cluster has another leader: a member does not receive
    /// a publication again that it received before it was elected.
    pub(crate) fn distrust(&mut self, now: Now) {
        // A publication that is opened in this moment is a new one.
        self.entries
            .iter_mut()
            .for_each(|entry| entry.good_at = entry.good_at.min(now.saturating_sub(Now::from_nanos(1))));
        self.trusted_since = now;
    }

    /// The leader has just answered what was sent by this publication.
    pub(crate) fn trust(&mut self, id: PublicationId, now: Now) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.good_at = now;
        }
    }

    /// Nobody is to join this publication any more.
    pub(crate) fn lose(&mut self, id: PublicationId) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.is_lost = true;
        }
    }

    /// The publication, while it has users.
    pub(crate) fn get(&self, id: PublicationId) -> Option<&T> {
        self.entries.iter().find(|entry| entry.id == id).map(|entry| &entry.item)
    }

    /// The publication, while it has users.
    pub(crate) fn get_mut(&mut self, id: PublicationId) -> Option<&mut T> {
        self.entries.iter_mut().find(|entry| entry.id == id).map(|entry| &mut entry.item)
    }

    /// All publications, each to be marked as lost by a `false`.
    pub(crate) fn for_each(&mut self, mut is_sound: impl FnMut(&mut T) -> bool) {
        for entry in &mut self.entries {
            entry.is_lost |= !is_sound(&mut entry.item);
        }
    }

    /// Forgets all publications, because the media driver has gone.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ms(milliseconds: u64) -> Now {
        Duration::from_millis(milliseconds)
    }

    fn open(shared: &mut SharedPublications<()>, channel: &str, opened_after: u64, now: u64) -> PublicationId {
        shared.open(channel, ms(opened_after), ms(now), || Ok::<(), ()>(())).unwrap()
    }

    #[test]
    fn sessions_share_a_publication_to_the_same_channel_until_the_last_closes_it() {
        let mut shared = SharedPublications::default();
        let first = open(&mut shared, "a", 0, 1);
        assert_eq!(open(&mut shared, "a", 0, 500), first);
        let other = open(&mut shared, "b", 0, 500);
        assert_ne!(other, first);
        shared.close(first);
        assert!(shared.get(first).is_some(), "a session that closes leaves it to the other one");
        shared.close(first);
        assert!(shared.get(first).is_none() && shared.get(other).is_some());
        assert_ne!(open(&mut shared, "a", 0, 501), first);
    }

    #[test]
    fn a_publication_in_doubt_is_replaced_by_one_that_all_share() {
        let mut shared = SharedPublications::default();
        let old = open(&mut shared, "a", 0, 1);
        // Two sessions were heard last at 1,000 and 1,400 ms, and look for the leader at 2,500 and 2,900 ms.
        let new = open(&mut shared, "a", 1000, 2500);
        assert_ne!(new, old);
        assert_eq!(open(&mut shared, "a", 1400, 2900), new);
        assert_eq!(open(&mut shared, "a", 0, 2901), new, "who doubts nothing joins the newest");
        assert!(shared.get(old).is_some());
    }

    #[test]
    fn a_lost_publication_is_kept_by_its_users_and_joined_by_nobody() {
        let mut shared = SharedPublications::default();
        let lost = open(&mut shared, "a", 0, 1);
        shared.lose(lost);
        let next = open(&mut shared, "a", 0, 2);
        assert_ne!(next, lost);
        shared.for_each(|()| false);
        assert_ne!(open(&mut shared, "a", 0, 3), next);
        assert!(shared.get(lost).is_some() && shared.get(next).is_some());
    }

    #[test]
    fn nobody_joins_what_was_opened_before_an_election_but_what_its_leader_has_answered_by() {
        let mut shared = SharedPublications::default();
        let (leader, follower) = (open(&mut shared, "leader", 0, 1), open(&mut shared, "follower", 0, 1));
        shared.distrust(ms(100));
        shared.trust(leader, ms(100));
        assert_eq!(open(&mut shared, "leader", 0, 100), leader);
        let new = open(&mut shared, "follower", 0, 100);
        assert_ne!(new, follower);
        assert_eq!(open(&mut shared, "follower", 0, 101), new);
        // Two elections in one moment.
        shared.distrust(ms(100));
        assert_ne!(open(&mut shared, "follower", 0, 100), new);
    }

    #[test]
    fn what_cannot_be_added_leaves_nothing() {
        let mut shared = SharedPublications::<()>::default();
        assert_eq!(shared.open("a", Now::ZERO, Now::ZERO, || Err("no")), Err("no"));
        assert_eq!(shared.open("a", Now::ZERO, Now::ZERO, || Ok::<(), &str>(())), Ok(PublicationId(1)));
    }
}
