//! When a system is warm: the p99 of consecutive windows agrees. A number of commands says nothing about it, as what makes a system
//! slow at first is the time that the JVMs' compilers take.

/// Number of consecutive windows whose p99 has to agree.
pub const WINDOWS: usize = 3;

/// Greatest ratio of the largest p99 of these windows to the smallest.
pub const AGREEMENT: f64 = 1.3;

/// The p99 of each window so far, in microseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WarmUp {
    p99_us: Vec<f64>,
}

impl WarmUp {
    /// Adds the next window's p99; returns whether the system is warm.
    pub fn add(&mut self, p99_us: f64) -> bool {
        self.p99_us.push(p99_us);
        self.is_warm()
    }

    /// Whether the last windows agree.
    pub fn is_warm(&self) -> bool {
        let Some(last) = self.p99_us.len().checked_sub(WINDOWS).map(|first| &self.p99_us[first..]) else {
            return false;
        };
        let (least, greatest) =
            last.iter().fold((f64::MAX, 0_f64), |(least, greatest), &p99| (least.min(p99), greatest.max(p99)));
        greatest <= least * AGREEMENT
    }

    /// The p99 of each window, in microseconds.
    pub fn p99_us(&self) -> &[f64] {
        &self.p99_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_windows_that_agree_are_enough() {
        let mut warm_up = WarmUp::default();
        let warm: Vec<bool> =
            [9_000.0, 4_000.0, 2_000.0, 2_100.0, 3_000.0, 2_400.0, 2_500.0].map(|p99| warm_up.add(p99)).to_vec();
        assert_eq!(warm, [false, false, false, false, false, false, true]);
        assert_eq!(warm_up.p99_us().len(), 7);
    }
}
