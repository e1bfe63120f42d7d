//! Numbers as text. What is unknown is a dash.

const DASH: &str = "-";
const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];

/// A text of what is known, or a dash.
pub(super) fn known<T>(value: Option<T>, text: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| DASH.to_owned(), text)
}

/// A whole number with separators.
pub(super) fn count(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0 { format!("-{text}") } else { text }
}

/// A rate a second.
pub(super) fn rate(value: f64) -> String {
    if value > 0.0 && value < 10.0 { format!("{value:.1}") } else { count(value.round() as i64) }
}

/// A number of bytes, in units of 1,000.
pub(super) fn bytes(value: f64) -> String {
    let (mut number, mut unit) = (value, 0);
    while number.abs() >= 1_000.0 && unit < UNITS.len() - 1 {
        number /= 1_000.0;
        unit += 1;
    }
    let places = if unit == 0 || number.abs() >= 100.0 { 0 } else { 1 };
    format!("{number:.places$} {}", UNITS[unit])
}

/// A duration in microseconds.
pub(super) fn micros(value: f64) -> String {
    match value.abs() {
        size if size < 10.0 => format!("{value:.1} us"),
        size if size < 1e3 => format!("{value:.0} us"),
        size if size < 1e4 => format!("{:.2} ms", value / 1e3),
        size if size < 1e6 => format!("{:.0} ms", value / 1e3),
        _ => format!("{:.2} s", value / 1e6),
    }
}

/// A time span in milliseconds, roughly.
pub(super) fn age(ms: i64) -> String {
    match ms.max(0) / 1_000 {
        seconds if seconds < 100 => format!("{seconds} s"),
        seconds if seconds < 6_000 => format!("{} min", seconds / 60),
        seconds if seconds < 360_000 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// Time of day in UTC.
pub(super) fn time(epoch_ms: i64) -> String {
    let second = epoch_ms.div_euclid(1_000).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_units() {
        assert_eq!([count(0), count(1_234_567), count(-1_000)], ["0", "1,234,567", "-1,000"]);
        assert_eq!([rate(0.0), rate(2.25), rate(12_345.6)], ["0", "2.2", "12,346"]);
        assert_eq!([bytes(999.0), bytes(1_500.0), bytes(2.5e11)], ["999 B", "1.5 kB", "250 GB"]);
        assert_eq!(
            [micros(1.25), micros(181.0), micros(2_900.0), micros(3e6)],
            ["1.2 us", "181 us", "2.90 ms", "3.00 s"]
        );
        assert_eq!([age(99_999), age(600_000), age(-5)], ["99 s", "10 min", "0 s"]);
        assert_eq!(time(86_400_000 + 3_723_000), "01:02:03");
        assert_eq!((known(None, count), known(Some(7), count)), ("-".to_owned(), "7".to_owned()));
    }
}
