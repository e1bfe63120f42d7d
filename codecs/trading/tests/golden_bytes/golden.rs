//! The lines of `golden/version-*.txt`, and what is compared with each.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// The files of the versions that are served, the oldest first. A later one has the messages that are written otherwise than
/// before, and those that are new.
const VERSIONS: [&str; 7] = [
    include_str!("../golden/version-1.txt"),
    include_str!("../golden/version-2.txt"),
    include_str!("../golden/version-3.txt"),
    include_str!("../golden/version-4.txt"),
    include_str!("../golden/version-5.txt"),
    include_str!("../golden/version-6.txt"),
    include_str!("../golden/version-7.txt"),
];

/// The golden bytes of a protocol, by message and from the oldest version to the newest, and the lines that the tests found
/// missing.
pub(crate) struct Golden {
    lines: RefCell<BTreeMap<&'static str, Vec<&'static str>>>,
    missing: RefCell<Vec<String>>,
}

impl Golden {
    /// The lines of the files whose names begin with `protocol`.
    pub(crate) fn of(protocol: &str) -> Self {
        let lines = VERSIONS.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#'));
        let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, bytes) in lines.filter_map(|line| line.split_once(' ')) {
            if name.starts_with(protocol) {
                all.entry(name).or_default().push(bytes);
            }
        }
        Self { lines: RefCell::new(all), missing: RefCell::default() }
    }

    /// Checks that a value is written as the newest golden bytes, and that the bytes of all versions are read as the value.
    pub(crate) fn check<T: Debug + PartialEq>(&self, name: &str, value: &T, written: &[u8], read: impl Fn(&[u8]) -> T) {
        let written = hexadecimal(written);
        let lines = self.lines.borrow_mut().remove(name).unwrap_or_default();
        for line in &lines {
            assert_eq!(&read(&bytes(line)), value, "{name} is not read from {line}");
        }
        if lines.last().is_none_or(|newest| *newest != written) {
            self.missing.borrow_mut().push(format!("{name} {written}"));
        }
    }

    /// Checks that no line was missing or superfluous.
    pub(crate) fn finish(self) {
        let missing = self.missing.into_inner();
        assert!(missing.is_empty(), "not written as in the newest golden/version-*.txt:\n{}", missing.join("\n"));
        let left = self.lines.into_inner();
        assert!(left.is_empty(), "lines without a message: {:?}", left.keys());
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("digits")).collect()
}
