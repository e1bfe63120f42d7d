//! Axes: where a value lies between the two ends, and which values have a tick.

/// Marks of an axis between its ends, at most.
const MAXIMUM_TICKS: f64 = 8.0;

/// Number of factors of ten of a logarithmic axis from which only powers of ten have labels.
const MANY_DECADES: f64 = 3.0;

/// Smallest and largest value that an axis shows; they bound the number of its marks. Nothing that is measured is beyond them.
const SMALLEST: f64 = 1e-6;
const LARGEST: f64 = 1e15;

/// An axis of a picture.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What it measures, with the unit.
    pub(crate) label: String,
    scale: Scale,
    low: f64,
    high: f64,
    ticks: Vec<Tick>,
}

/// A mark of an axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy)]
enum Scale {
    Linear,
    Logarithmic,
    /// Shares from 0 on, of which each nine takes the same room.
    Percentiles,
}

impl Scale {
    fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Logarithmic => value.max(f64::MIN_POSITIVE).log10(),
            Self::Percentiles => -(1.0 - value).max(f64::EPSILON).log10(),
        }
    }
}

impl Axis {
    /// An axis from 0 to at least `most`.
    #[must_use]
    pub fn linear(label: &str, most: f64) -> Self {
        let most = if most > 0.0 { most.clamp(SMALLEST, LARGEST) } else { 1.0 };
        let step = nice_step(most / MAXIMUM_TICKS);
        let count = (most / step).ceil();
        let tick = |index: u32| {
            let value = f64::from(index) * step;
            Tick { value, text: number(value) }
        };
        let ticks = (0..=count as u32).map(tick).collect();
        Self { label: label.to_owned(), scale: Scale::Linear, low: 0.0, high: count * step, ticks }
    }

    /// An axis whose steps are factors, from at most `least` to at least `most`; both must be positive.
    #[must_use]
    pub fn logarithmic(label: &str, least: f64, most: f64) -> Self {
        // Without a positive value there is no least one.
        let least = if least <= most { least.clamp(SMALLEST, LARGEST) } else { 1.0 };
        let most = most.clamp(least * 2.0, LARGEST * 2.0);
        let decades = least.log10().floor() as i32..=most.log10().ceil() as i32;
        let values: Vec<f64> =
            decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(decade))).collect();
        let low = values.iter().rev().find(|value| **value <= least * 1.000_001).copied().unwrap_or(least);
        let high = values.iter().find(|value| **value >= most * 0.999_999).copied().unwrap_or(most);
        let are_many = (high / low).log10() > MANY_DECADES - 1e-9;
        let is_power = |value: f64| (value.log10() - value.log10().round()).abs() < 1e-9;
        let ticks = values
            .into_iter()
            .filter(|value| (low..=high).contains(value) && (!are_many || is_power(*value)))
            .map(|value| Tick { value, text: number(value) })
            .collect();
        Self { label: label.to_owned(), scale: Scale::Logarithmic, low, high, ticks }
    }

    /// An axis of percentiles, from 0 to the share `most`, which is below 1.
    pub(crate) fn percentiles(label: &str, most: f64) -> Self {
        let most = most.clamp(0.9, 1.0 - 1e-12);
        let mut ticks = vec![Tick { value: 0.0, text: "0 %".to_owned() }, Tick { value: 0.5, text: "50 %".to_owned() }];
        for nines in 1..=12_usize {
            let value = 1.0 - 10_f64.powi(-(nines as i32));
            if value > most {
                break;
            }
            let text = if nines == 1 { "90 %".to_owned() } else { format!("{:.*} %", nines - 2, value * 100.0) };
            ticks.push(Tick { value, text });
        }
        Self { label: label.to_owned(), scale: Scale::Percentiles, low: 0.0, high: most, ticks }
    }

    /// The part of the axis below `value`, from 0 to 1.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let [low, high, value] = [self.low, self.high, value].map(|value| self.scale.place(value));
        ((value - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// The marks, from the lowest one on.
    pub(crate) fn ticks(&self) -> &[Tick] {
        &self.ticks
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is at least `least`.
fn nice_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|step| *step >= least * 0.999_999)
        .unwrap_or(least)
}

/// A number for people: three digits that matter, or all digits before the point with commas between thousands.
#[must_use]
pub fn number(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        0.0 => 0,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let (whole, rest) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    let digits = whole.trim_start_matches('-');
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if whole.starts_with('-') { "-" } else { "" };
    rest.map_or_else(|| format!("{sign}{grouped}"), |rest| format!("{sign}{grouped}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks().iter().map(|tick| tick.text.as_str()).collect()
    }

    #[test]
    fn a_linear_axis_ends_with_a_round_number() {
        let axis = Axis::linear("us", 73.0);
        assert_eq!(texts(&axis), ["0", "10", "20", "30", "40", "50", "60", "70", "80"]);
        assert_eq!([0.0, 40.0, 80.0, 500.0].map(|value| axis.place(value)), [0.0, 0.5, 1.0, 1.0]);
        assert_eq!(texts(&Axis::linear("us", 0.0)).first(), Some(&"0"));
    }

    #[test]
    fn a_logarithmic_axis_gives_each_factor_the_same_room() {
        let axis = Axis::logarithmic("us", 130.0, 4_500.0);
        assert_eq!(texts(&axis), ["100", "200", "500", "1,000", "2,000", "5,000"]);
        let [one, two, three] = [500.0, 1_000.0, 2_000.0].map(|value| axis.place(value));
        assert!((two - one - (three - two)).abs() < 1e-9);
        assert_eq!(texts(&Axis::logarithmic("us", 1.0, 100_000.0)), ["1", "10", "100", "1,000", "10,000", "100,000"]);
        assert_eq!(texts(&Axis::logarithmic("orders", 1_000.0, 1_000.0)), ["1,000", "2,000"]);
        assert_eq!(texts(&Axis::logarithmic("us", f64::MAX, 0.0)), ["1", "2"], "no value");
        assert!(Axis::logarithmic("us", 0.0, f64::MAX).ticks().len() < 40);
    }

    #[test]
    fn an_axis_of_percentiles_gives_each_nine_the_same_room() {
        let axis = Axis::percentiles("percentile", 0.9999);
        assert_eq!(texts(&axis), ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
        for (share, place) in [(0.0, 0.0), (0.9, 0.25), (0.99, 0.5), (0.999, 0.75)] {
            assert!((axis.place(share) - place).abs() < 1e-9, "{share}");
        }
    }

    #[test]
    fn numbers_are_short() {
        let numbers = [0.0, 0.0123, 1.5, 12.34, 123.4, 1_234.5, 1_234_567.0, -1_000.0, 100.0, 20.0];
        assert_eq!(
            numbers.map(number),
            ["0", "0.012", "1.5", "12.3", "123", "1,234", "1,234,567", "-1,000", "100", "20"]
        );
    }
}
