//! Decimal numbers of text files as whole numbers.

/// The number in a text times ten to the power of `places`; `None` if it is no decimal number, or has more places. An exponent
/// such as `e-06` is read too.
pub(crate) fn scaled(text: &str, places: i32) -> Option<i64> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, digits),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let is_digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let mantissa: i64 = format!("{whole}{fraction}").parse().ok()?;
    if mantissa == 0 {
        return Some(0);
    }
    let shift = exponent.checked_add(places)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let power = 10_i64.checked_pow(shift.unsigned_abs())?;
    let scaled = match shift {
        0.. => mantissa.checked_mul(power)?,
        _ if mantissa % power == 0 => mantissa / power,
        _ => return None,
    };
    Some(sign * scaled)
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn decimals_are_whole_numbers_of_the_smallest_place() {
        for (text, places, expected) in [
            ("78318.0", 9, Some(78_318_000_000_000)),
            ("1.53453667", 8, Some(153_453_667)),
            ("7.18e-06", 8, Some(718)),
            ("0", 8, Some(0)),
            ("0.0", 2, Some(0)),
            (".5", 1, Some(5)),
            ("-5.25", 2, Some(-525)),
            ("1200", -2, Some(12)),
            ("1.234", 2, None),
            ("", 2, None),
            (".", 2, None),
            ("x", 2, None),
            ("1e", 2, None),
            ("1e99", 2, None),
            ("99999999999999999999", 0, None),
        ] {
            assert_eq!(scaled(text, places), expected, "{text}");
        }
    }
}
