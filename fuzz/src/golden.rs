//! Messages of all versions that are served: the golden bytes of the codecs.

const VERSIONS: [&str; 5] = [
    include_str!("../../codecs/trading/tests/golden/version-1.txt"),
    include_str!("../../codecs/trading/tests/golden/version-2.txt"),
    include_str!("../../codecs/trading/tests/golden/version-3.txt"),
    include_str!("../../codecs/trading/tests/golden/version-4.txt"),
    include_str!("../../codecs/trading/tests/golden/version-5.txt"),
];

/// Messages whose names begin with any of `prefixes`.
pub(crate) fn messages(prefixes: &[&str]) -> Vec<Vec<u8>> {
    let lines = VERSIONS.iter().flat_map(|file| file.lines()).filter_map(|line| line.split_once(' '));
    let wanted = lines.filter(|(name, _)| prefixes.iter().any(|prefix| name.starts_with(prefix)));
    wanted.map(|(_, digits)| bytes(digits)).collect()
}

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    let pairs = pairs.map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()));
    pairs.map(|byte| byte.expect("hexadecimal digits")).collect()
}
