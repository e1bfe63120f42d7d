//! Values that are numbered from 1, and may be learned in any order.

/// Values that are numbered from 1, each of which is learned once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Numbered(Vec<Option<u64>>);

impl Numbered {
    /// Puts the value with this number in its place; returns whether that was free.
    pub(crate) fn put(&mut self, number: u64, value: u64) -> bool {
        let Some(at) = number.checked_sub(1).and_then(|at| usize::try_from(at).ok()) else { return false };
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        self.0[at].replace(value).is_none()
    }

    /// The value with this number.
    pub(crate) fn get(&self, number: u64) -> Option<u64> {
        self.0.get(usize::try_from(number.checked_sub(1)?).ok()?).copied().flatten()
    }

    /// The greatest number.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The values with their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().zip(1..).filter_map(|(value, number)| Some((number, (*value)?)))
    }

    /// The first number up to the greatest that has no value.
    pub(crate) fn hole(&self) -> Option<u64> {
        self.0.iter().zip(1..).find(|(value, _)| value.is_none()).map(|(_, number)| number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_in_any_order_and_once() {
        let mut numbered = Numbered::default();
        assert!(numbered.put(2, 20) && !numbered.put(2, 21) && !numbered.put(0, 1));
        assert_eq!((numbered.hole(), numbered.len(), numbered.get(1), numbered.get(3)), (Some(1), 2, None, None));
        assert!(numbered.put(1, 10));
        assert_eq!((numbered.hole(), numbered.iter().collect::<Vec<_>>()), (None, vec![(1, 10), (2, 21)]));
    }
}
