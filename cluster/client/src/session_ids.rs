//! Which session has which cluster session id: a sorted table, as the ids of one cluster are dense and few.

/// The open sessions with one cluster, by the cluster's ids.
#[derive(Debug, Default)]
pub(crate) struct SessionIds {
    /// Cluster session ids, in order, and the places of their sessions.
    entries: Vec<(i64, usize)>,
}

impl SessionIds {
    /// The place of the session that the cluster knows by this id.
    #[inline]
    pub(crate) fn get(&self, cluster_session_id: i64) -> Option<usize> {
        let index = self.entries.binary_search_by_key(&cluster_session_id, |entry| entry.0).ok()?;
        Some(self.entries[index].1)
    }

    /// A session was opened. If another one has the same id, the cluster has begun anew and knows nothing of that one.
    pub(crate) fn insert(&mut self, cluster_session_id: i64, place: usize) {
        match self.entries.binary_search_by_key(&cluster_session_id, |entry| entry.0) {
            Ok(index) => self.entries[index].1 = place,
            Err(index) => self.entries.insert(index, (cluster_session_id, place)),
        }
    }

    /// The session at this place no longer has this id.
    pub(crate) fn remove(&mut self, cluster_session_id: i64, place: usize) {
        if let Ok(index) = self.entries.binary_search(&(cluster_session_id, place)) {
            self.entries.remove(index);
        }
    }

    /// Number of open sessions.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
