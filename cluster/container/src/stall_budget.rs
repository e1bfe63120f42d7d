//! For how long all sessions of one client may hold up the log, whatever they take meanwhile.
//!
//! A session that takes [enough](crate::sessions::STALL_ALLOWANCE) keeps its session, however often the log waits for it, and a new session
//! has held up nothing yet. So a client that reads as slowly as it may, or one that comes again and again, could make the log wait all the
//! time, and with a long answer to one command longer than a watchdog lets a service stand still. Its budget is that of a bucket that leaks: a burst
//! for which an honest client may need to be waited for, and a small part of all time after that.

/// A client may hold up the log for this many stall limits at once.
const BURST_LIMITS: i64 = 2;

/// And for one part in this number of all time.
const SHARE: i64 = 20;

/// Greatest number of clients that are remembered; the one that has held up the log for least makes room.
const CLIENTS: usize = 64;

/// What clients have held up.
#[derive(Debug)]
pub(crate) struct StallBudget {
    burst_ns: i64,
    clients: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    client: Box<[u8]>,
    /// Time for which the log has waited, less what has leaked since, in nanoseconds.
    level_ns: i64,
    at_ns: i64,
}

impl Held {
    fn level_ns(&self, now_ns: i64) -> i64 {
        (self.level_ns - (now_ns - self.at_ns).max(0) / SHARE).max(0)
    }
}

impl StallBudget {
    /// Nobody has held up anything. A client that takes nothing may hold up the log for `limit_ns`.
    pub(crate) fn new(limit_ns: i64) -> Self {
        Self { burst_ns: limit_ns.saturating_mul(BURST_LIMITS), clients: Vec::new() }
    }

    /// Time for which this client may hold up the log now, in nanoseconds.
    pub(crate) fn left_ns(&self, client: &[u8], now_ns: i64) -> i64 {
        let held = self.clients.iter().find(|held| *held.client == *client);
        self.burst_ns - held.map_or(0, |held| held.level_ns(now_ns)).min(self.burst_ns)
    }

    /// The log has waited for this client.
    pub(crate) fn add(&mut self, client: &[u8], waited_ns: i64, now_ns: i64) {
        let held = match self.clients.iter().position(|held| *held.client == *client) {
            Some(at) => self.clients.get_mut(at),
            None => {
                if self.clients.len() == CLIENTS {
                    let levels = self.clients.iter().map(|held| held.level_ns(now_ns)).enumerate();
                    if let Some((least, _)) = levels.min_by_key(|(_, level_ns)| *level_ns) {
                        self.clients.swap_remove(least);
                    }
                }
                self.clients.push(Held { client: client.into(), level_ns: 0, at_ns: now_ns });
                self.clients.last_mut()
            }
        };
        if let Some(held) = held {
            held.level_ns = held.level_ns(now_ns).saturating_add(waited_ns);
            held.at_ns = now_ns;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn a_client_holds_up_the_log_for_a_burst_and_a_share_of_all_time() {
        let mut budget = StallBudget::new(100 * MS);
        // As long as it is let, for ten seconds.
        let (mut now_ns, mut held_ns) = (0, 0);
        while now_ns < 10_000 * MS {
            let waited_ns = budget.left_ns(b"one", now_ns).min(MS);
            now_ns += waited_ns.max(MS / 10);
            budget.add(b"one", waited_ns, now_ns);
            held_ns += waited_ns;
        }
        assert!((680 * MS..=710 * MS).contains(&held_ns), "{held_ns}");
        assert_eq!(budget.left_ns(b"another", now_ns), 200 * MS);
        assert_eq!(budget.left_ns(b"one", now_ns + 10_000 * MS), 200 * MS, "all has leaked");
    }

    #[test]
    fn those_that_held_up_most_are_remembered() {
        let mut budget = StallBudget::new(100 * MS);
        budget.add(b"one", 200 * MS, 0);
        for number in 0..1_000_u32 {
            budget.add(&number.to_le_bytes(), MS, 0);
        }
        assert_eq!((budget.left_ns(b"one", 0), budget.clients.len()), (0, CLIENTS));
    }
}
