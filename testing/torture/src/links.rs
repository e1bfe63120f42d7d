//! What the network does to packets from one place to another.

use std::time::Duration;

use lugus_simulator::Random;

/// What happens to packets on their way from one place to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Link {
    /// Number of faults that let nothing through.
    pub(crate) blocked: u32,
    /// Packets of 10,000 that are lost.
    pub(crate) lost: u32,
    /// Packets of 10,000 that come twice.
    pub(crate) repeated: u32,
    /// How late packets come at least.
    pub(crate) delay: Duration,
    /// How much later than that they may come, each for itself, so that they overtake one another.
    pub(crate) jitter: Duration,
}

/// When the copies of a packet arrive, from now on.
pub(crate) type Arrivals = [Option<Duration>; 2];

impl Link {
    /// What becomes of a packet.
    pub(crate) fn pass(&self, random: &mut Random) -> Arrivals {
        if self.blocked > 0 || random.happens(self.lost) {
            return [None, None];
        }
        let late = |random: &mut Random| {
            let jitter = u64::try_from(self.jitter.as_micros()).unwrap_or(u64::MAX);
            self.delay + Duration::from_micros(random.below(jitter))
        };
        let first = late(random);
        let second = random.happens(self.repeated).then(|| late(random));
        [Some(first), second]
    }
}

/// The links between all places, both ways.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    places: usize,
    links: Vec<Link>,
}

impl Links {
    /// Links that let everything through at once.
    pub(crate) fn new(places: usize) -> Self {
        Self { places, links: vec![Link::default(); places * places] }
    }

    /// What happens to packets from one place to another.
    pub(crate) fn of(&self, from: usize, to: usize) -> &Link {
        &self.links[from * self.places + to]
    }

    /// Changes the links from one place to another, for all pairs for which `is_it` holds.
    pub(crate) fn change(&mut self, is_it: impl Fn(usize, usize) -> bool, mut change: impl FnMut(&mut Link)) {
        for from in 0..self.places {
            for to in 0..self.places {
                if from != to && is_it(from, to) {
                    change(&mut self.links[from * self.places + to]);
                }
            }
        }
    }

    /// Lets everything through at once again.
    pub(crate) fn heal(&mut self) {
        self.links.fill(Link::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_loses_repeats_and_delays_as_it_is_told() {
        let mut random = Random::new(1, 1);
        let perfect = Link::default();
        assert_eq!(perfect.pass(&mut random), [Some(Duration::ZERO), None]);
        let blocked = Link { blocked: 1, ..perfect };
        assert_eq!(blocked.pass(&mut random), [None, None]);
        let bad = Link {
            lost: 5_000,
            repeated: 5_000,
            delay: Duration::from_millis(3),
            jitter: Duration::from_millis(2),
            ..perfect
        };
        let passed: Vec<Arrivals> = (0..1_000).map(|_| bad.pass(&mut random)).collect();
        let lost = passed.iter().filter(|arrivals| arrivals[0].is_none()).count();
        let twice = passed.iter().filter(|arrivals| arrivals[1].is_some()).count();
        assert!((400..600).contains(&lost) && (150..350).contains(&twice), "{lost} {twice}");
        let late = passed.iter().flatten().flatten();
        assert!(late.clone().all(|late| (3_000..5_000).contains(&late.as_micros())));
        assert!(late.clone().max() > late.min());
    }

    #[test]
    fn links_have_a_direction() {
        let mut links = Links::new(3);
        links.change(|from, to| from == 0 && to != 2, |link| link.blocked += 1);
        assert_eq!((links.of(0, 1).blocked, links.of(1, 0).blocked, links.of(0, 2).blocked), (1, 0, 0));
        links.heal();
        assert_eq!(links.of(0, 1).blocked, 0);
    }
}
