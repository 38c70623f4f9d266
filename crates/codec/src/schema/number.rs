//! Decimal numbers of any size, compared as they are written.

use std::cmp::Ordering;

/// A decimal number: sign, digits before and after the point, no needless zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
}

impl<'t> Decimal<'t> {
    /// Reads a lexical xs:decimal (part 2, section 3.2.3).
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        if !all_digits || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        // Zero has no sign.
        let negative = negative && !(whole.is_empty() && fraction.is_empty());
        Some(Self { negative, whole, fraction })
    }

    /// Returns the digits that count towards totalDigits.
    pub(crate) fn total_digits(&self) -> usize {
        if self.whole.is_empty() {
            self.fraction.trim_start_matches('0').len().max(1)
        } else {
            self.whole.len() + self.fraction.len()
        }
    }

    /// Returns the digits behind the point.
    pub(crate) fn fraction_digits(&self) -> usize {
        self.fraction.len()
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let whole = self.whole.len().cmp(&other.whole.len()).then_with(|| self.whole.cmp(other.whole));
        whole.then_with(|| self.fraction.cmp(other.fraction))
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_by_the_standard() {
        for text in ["0", "-0", "+7", "007", ".5", "5.", "-1.20", "99999999999999999999999999"] {
            assert!(Decimal::parse(text).is_some(), "{text}");
        }
        for text in ["", "-", "+", ".", "1e3", "1,5", "0x1", "--1", "1.2.3", " 1"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn decimals_compare_by_value() {
        let order = ["-10", "-9.5", "-0.01", "0", "0.009", "0.01", "9", "10", "99999999999999999999"];
        for pair in order.windows(2) {
            assert!(Decimal::parse(pair[0]) < Decimal::parse(pair[1]), "{pair:?}");
        }
        for (a, b) in [("1", "1.0"), ("007", "7"), ("-0", "0"), ("+1.50", "1.5")] {
            assert_eq!(Decimal::parse(a), Decimal::parse(b));
        }
    }

    #[test]
    fn digits_count_without_needless_zeros() {
        let digits =
            |text| Decimal::parse(text).map(|number| (number.total_digits(), number.fraction_digits()));
        assert_eq!(digits("00120.500"), Some((4, 1)));
        assert_eq!(digits("0"), Some((1, 0)));
        assert_eq!(digits("0.05"), Some((1, 2)));
    }
}
