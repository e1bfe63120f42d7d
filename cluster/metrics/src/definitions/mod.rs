//! The definitions of Aeron's counters. Source: `io.aeron.AeronCounters`, `SystemCounterDescriptor`, and where each counter is
//! added in Aeron's archive and cluster. Counters of Aeron's premium products are served like unknown ones.

mod archive;
mod cluster;
mod driver;

use crate::definition::Definition;

/// Definitions of the counters of media driver, archive, consensus module, service containers and cluster backup.
pub const AERON: &[&[Definition]] = &[driver::SYSTEM, driver::OTHERS, archive::ALL, cluster::ALL];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_counter_is_defined_once() {
        let mut seen = HashSet::new();
        for definition in AERON.iter().copied().flatten() {
            assert!(seen.insert(definition.counter), "{:?} is defined twice", definition.counter);
        }
    }
}
