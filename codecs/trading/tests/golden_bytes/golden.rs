//! The lines of `golden/version-1.txt`, and what is compared with each.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// The golden bytes of a protocol, and the lines that the tests found wrong or missing.
pub(crate) struct Golden {
    lines: RefCell<BTreeMap<&'static str, &'static str>>,
    wrong: RefCell<Vec<String>>,
}

impl Golden {
    /// The lines of the file whose names begin with `protocol`.
    pub(crate) fn of(protocol: &str) -> Self {
        let lines = include_str!("../golden/version-1.txt").lines().filter(|line| !line.starts_with('#'));
        let lines = lines.filter_map(|line| line.split_once(' ')).filter(|(name, _)| name.starts_with(protocol));
        Self { lines: RefCell::new(lines.collect()), wrong: RefCell::default() }
    }

    /// Checks that a value is written as the golden bytes, and that these are read as the value.
    pub(crate) fn check<T: Debug + PartialEq>(
        &self,
        name: &str,
        value: &T,
        written: &[u8],
        read: impl FnOnce(&[u8]) -> T,
    ) {
        let written = hexadecimal(written);
        let Some(golden) = self.lines.borrow_mut().remove(name) else {
            self.wrong.borrow_mut().push(format!("{name} {written}"));
            return;
        };
        assert_eq!(written, golden, "{name} is not written as in version 1");
        assert_eq!(&read(&bytes(golden)), value, "{name} is not read as in version 1");
    }

    /// Checks that no line was missing or superfluous.
    pub(crate) fn finish(self) {
        let wrong = self.wrong.into_inner();
        assert!(wrong.is_empty(), "missing in golden/version-1.txt:\n{}", wrong.join("\n"));
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
