//! Shortcuts for the values that messages are full of: digits, codes, dates, short texts.
//!
//! A shortcut only ever says yes, and only where [`SimpleType::check`] would. Where it does not say yes the
//! value is looked at again in full, so that it may be narrower than the type: a date with a time zone, a
//! number with a sign. The tests compare the two on values at every edge.

use super::builtin::{Builtin, WhiteSpace};
use super::moment::{Calendar, days_in};
use super::simple::{Bound, SimpleType};

/// A shortcut to "yes".
#[derive(Clone, Debug, Default)]
pub(crate) enum Quick {
    /// There is none.
    #[default]
    None,
    /// Text of so many characters.
    Text { least: usize, most: usize, nonblank: bool, one_line: bool },
    /// ASCII digits, so many.
    Digits { least: usize, most: usize },
    /// ASCII digits that make a number between two.
    Number { least: u64, most: u64 },
    /// One of some short codes, packed and sorted.
    Codes(Box<[u64]>),
    /// `yyyy-mm-dd`.
    Date,
    /// `hh:mm:ss`.
    Time,
}

/// Digits that fit in 64 bits whatever they are.
const NUMBER_DIGITS_MAX: usize = 18;
/// Bytes of a code that can be packed with its length into 64 bits.
const CODE_BYTES_MAX: usize = 7;
/// Codes that are compared one by one; more are searched by halves.
const CODES_IN_LINE_MAX: usize = 8;

impl Quick {
    /// Finds the shortcut of a type.
    pub(crate) fn of(simple: &SimpleType) -> Self {
        let patterns: Vec<&str> = simple.patterns.iter().map(|pattern| pattern.source()).collect();
        let literal = patterns
            .iter()
            .find(|pattern| !pattern.is_empty() && pattern.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        if let Some(literal) = literal {
            return Self::codes(simple, std::iter::once(*literal));
        }
        if let Some(listed) = simple.enumerations.first() {
            return Self::codes(simple, listed.iter().map(AsRef::as_ref));
        }
        let bare = simple.length.is_none() && simple.min_length.is_none() && simple.max_length.is_none();
        let digits = simple.total_digits.is_none() && simple.fraction_digits.is_none();
        match simple.builtin {
            Builtin::Integer if bare && digits && patterns.is_empty() => Self::number(&simple.bounds),
            Builtin::Calendar(Calendar::Date)
                if bare
                    && simple.bounds.is_empty()
                    && patterns.iter().all(|pattern| *pattern == "[^:Z]*") =>
            {
                Self::Date
            }
            Builtin::Calendar(Calendar::Time)
                if bare
                    && simple.bounds.is_empty()
                    && patterns.iter().all(|pattern| *pattern == "[^Z+-]+") =>
            {
                Self::Time
            }
            Builtin::String if simple.white_space == WhiteSpace::Preserve => Self::text(simple, &patterns),
            _ => Self::None,
        }
    }

    fn codes<'c>(simple: &SimpleType, codes: impl Iterator<Item = &'c str>) -> Self {
        let mut packed = Vec::new();
        for code in codes {
            // White space at its ends is taken off before a value is compared, in types that collapse it.
            if code.trim() != code || simple.check(code).is_err() {
                continue;
            }
            match pack(code.as_bytes()) {
                Some(code) => packed.push(code),
                None => return Self::None,
            }
        }
        packed.sort_unstable();
        Self::Codes(packed.into())
    }

    fn number(bounds: &[(Bound, Box<str>)]) -> Self {
        let (mut least, mut most) = (0_u64, u64::MAX);
        for (bound, limit) in bounds {
            let Ok(limit) = limit.parse::<u64>() else { return Self::None };
            match bound {
                Bound::MinInclusive => least = limit.max(least),
                Bound::MaxInclusive => most = limit.min(most),
                Bound::MinExclusive | Bound::MaxExclusive => return Self::None,
            }
        }
        Self::Number { least, most }
    }

    fn text(simple: &SimpleType, patterns: &[&str]) -> Self {
        let least = simple.length.or(simple.min_length).unwrap_or(0);
        let most = simple.length.or(simple.max_length).unwrap_or(usize::MAX);
        match patterns {
            [] => Self::Text { least, most, nonblank: false, one_line: false },
            // `.` is anything but a line end, `[^\s]` anything but white space.
            [r".*[^\s].*"] => Self::Text { least, most, nonblank: true, one_line: true },
            // Within brackets a point is a point: runs of white space and anything else, with one of the latter.
            [r"([.\s]*\S+[.\s]*)+"] => Self::Text { least, most, nonblank: true, one_line: false },
            ["[0-9]*"] => Self::Digits { least, most },
            [pattern] => {
                let count = pattern.strip_prefix("[0-9]{").and_then(|rest| rest.strip_suffix('}'));
                match count.and_then(|count| count.parse().ok()) {
                    Some(count) if (least..=most).contains(&count) => {
                        Self::Digits { least: count, most: count }
                    }
                    _ => Self::None,
                }
            }
            _ => Self::None,
        }
    }

    /// Returns whether a value is certainly right, as it stands in the document.
    pub(crate) fn accepts(&self, value: &str) -> bool {
        let bytes = value.as_bytes();
        match self {
            Self::None => false,
            Self::Text { least, most, nonblank, one_line } => {
                has_length(value, *least, *most)
                    && (!nonblank || bytes.iter().any(|byte| !is_space(*byte)))
                    && (!one_line || !bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r')))
            }
            Self::Digits { least, most } => {
                (*least..=*most).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit)
            }
            Self::Number { least, most } => {
                (1..=NUMBER_DIGITS_MAX).contains(&bytes.len())
                    && number(bytes).is_some_and(|number| (*least..=*most).contains(&number))
            }
            Self::Codes(codes) => pack(bytes).is_some_and(|code| {
                if codes.len() <= CODES_IN_LINE_MAX {
                    codes.contains(&code)
                } else {
                    codes.binary_search(&code).is_ok()
                }
            }),
            Self::Date => is_date(bytes),
            Self::Time => is_time(bytes),
        }
    }
}

const fn is_space(byte: u8) -> bool {
    crate::xml::is_xml_space(byte)
}

/// Counts characters only where the bytes leave doubt: there are at most as many, and at least a quarter.
fn has_length(value: &str, least: usize, most: usize) -> bool {
    let bytes = value.len();
    if bytes <= most && bytes.div_ceil(4) >= least {
        return true;
    }
    bytes >= least && (least..=most).contains(&value.chars().count())
}

fn pack(code: &[u8]) -> Option<u64> {
    if code.len() > CODE_BYTES_MAX {
        return None;
    }
    Some(code.iter().fold(code.len() as u64, |packed, byte| packed << 8 | u64::from(*byte)))
}

/// Digits alone; the caller sees to it that there are few enough.
fn number(digits: &[u8]) -> Option<u64> {
    let mut number = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number)
}

fn is_date(bytes: &[u8]) -> bool {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = bytes else { return false };
    let (Some(year), Some(month), Some(day)) =
        (number(&[*y0, *y1, *y2, *y3]), number(&[*m0, *m1]), number(&[*d0, *d1]))
    else {
        return false;
    };
    // Most days exist in every month.
    year > 0
        && (1..=12).contains(&month)
        && day >= 1
        && (day <= 28 || day.cast_signed() <= days_in(year.cast_signed(), month.cast_signed()))
}

fn is_time(bytes: &[u8]) -> bool {
    let [h0, h1, b':', m0, m1, b':', s0, s1] = bytes else { return false };
    let part = |tens: u8, ones: u8, limit: u64| number(&[tens, ones]).is_some_and(|part| part < limit);
    part(*h0, *h1, 24) && part(*m0, *m1, 60) && part(*s0, *s1, 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{SchemaSource, Schemas, normalise};

    /// Texts over a few characters that matter to a pattern, all of them up to a length.
    fn short_texts() -> Vec<String> {
        let alphabet = ['0', '9', '.', ' ', '\n', '\t', '\r', 'a', 'é', '-', ':', 'Z', '+', '\u{a0}', '𝄞'];
        let mut texts = vec![String::new()];
        let mut from = 0;
        for _ in 0..4 {
            let until = texts.len();
            for at in from..until {
                for c in alphabet {
                    let text = format!("{}{c}", texts[at]);
                    texts.push(text);
                }
            }
            from = until;
        }
        texts
    }

    fn longer_texts() -> Vec<String> {
        let mut texts = Vec::new();
        for year in ["0000", "0001", "1900", "2000", "2023", "2024", "9999", "12024", "-2024", "+202", "202x"]
        {
            for month in 0..=13 {
                for day in 0..=32 {
                    texts.push(format!("{year}-{month:02}-{day:02}"));
                }
            }
        }
        for hour in 0..=25 {
            for (minute, second) in [(0, 0), (0, 1), (59, 59), (60, 0), (0, 60), (99, 99)] {
                texts.push(format!("{hour:02}:{minute:02}:{second:02}"));
            }
        }
        for count in 0..=40 {
            for c in ["0", "9", "1", "x", " ", "é", ".", "\n", "𝄞"] {
                texts.push(c.repeat(count));
                texts.push(format!("{}1", c.repeat(count)));
                texts.push(format!("1{}", c.repeat(count)));
            }
        }
        for number in ["99999999", "100000000", "18446744073709551615", "18446744073709551616", "99", "100"] {
            texts.extend([
                number.to_owned(),
                format!("00{number}"),
                format!("-{number}"),
                format!("+{number}"),
            ]);
        }
        for text in ["2025-01-01Z", " 2025-01-01", "2025-01-01 ", "2025/01/01", "24:00:00", "12:00:00.5"] {
            texts.push(text.to_owned());
        }
        texts
    }

    /// Compares on every text; returns how often the shortcut said yes, and how often the type does.
    fn compare(simple: &SimpleType, texts: &[String]) -> (usize, usize) {
        let (mut quick, mut all) = (0, 0);
        for text in texts {
            let value = normalise(simple.white_space, text);
            let right = simple.check(&value).is_ok();
            if simple.quick.accepts(text) {
                assert!(right && value == text.as_str(), "{:?} {:?} {text:?}", simple.name, simple.quick);
                quick += 1;
            }
            all += usize::from(right);
        }
        (quick, all)
    }

    /// No shortcut of a bundled type says yes where the whole check does not.
    #[test]
    fn shortcuts_only_say_yes_where_the_whole_check_does() {
        let schemas = Schemas::bundled();
        let tables = schemas.tables();
        let mut texts = short_texts();
        texts.extend(longer_texts());
        let codes = tables.simples.iter().flat_map(|simple| simple.enumerations.iter().flatten());
        texts.extend(codes.flat_map(|code| [code.to_string(), format!("{code} "), code.to_lowercase()]));
        texts.extend((400..500).map(|code| code.to_string()));
        texts.sort();
        texts.dedup();
        let mut without = 0;
        for simple in &tables.simples {
            if matches!(simple.quick, Quick::None) {
                without += 1;
                continue;
            }
            let (quick, all) = compare(simple, &texts);
            assert!(quick > 0, "{:?} {:?} never says yes", simple.name, simple.quick);
            // Codes, texts and digits are decided wholly; numbers and dates but for signs and zones.
            let whole = matches!(simple.quick, Quick::Codes(_) | Quick::Text { .. } | Quick::Digits { .. });
            let strings = simple.builtin == Builtin::String;
            assert!(
                !(whole && strings) || quick == all,
                "{:?} {:?}: {quick} of {all}",
                simple.name,
                simple.quick
            );
        }
        assert!(without * 4 < tables.simples.len(), "{without} of {} have none", tables.simples.len());
    }

    /// The same for facets that the bundled schemas do not have together.
    #[test]
    fn shortcuts_of_other_schemas_hold_too() {
        let facets = [
            ("string", r#"<xs:length value="3"/>"#),
            (
                "string",
                r#"<xs:minLength value="2"/><xs:maxLength value="3"/><xs:pattern value=".*[^\s].*"/>"#,
            ),
            ("string", r#"<xs:maxLength value="3"/><xs:pattern value="[0-9]*"/>"#),
            ("string", r#"<xs:maxLength value="3"/><xs:pattern value="[0-9]{4}"/>"#),
            ("string", r#"<xs:pattern value="[0-9]{4}|a"/>"#),
            ("string", r#"<xs:whiteSpace value="collapse"/><xs:pattern value="[0-9]{2}"/>"#),
            (
                "string",
                r#"<xs:enumeration value="a "/><xs:enumeration value="a"/><xs:enumeration value="12345678"/>"#,
            ),
            ("token", r#"<xs:enumeration value="a"/><xs:enumeration value="9"/>"#),
            ("integer", r#"<xs:minExclusive value="0"/>"#),
            ("integer", r#"<xs:minInclusive value="-5"/><xs:maxInclusive value="9"/>"#),
            ("integer", r#"<xs:pattern value="9"/><xs:maxInclusive value="5"/>"#),
            ("integer", r#"<xs:enumeration value="9"/><xs:enumeration value="+0"/>"#),
            ("integer", r#"<xs:totalDigits value="1"/>"#),
            ("unsignedLong", ""),
            ("date", r#"<xs:minInclusive value="2024-01-01"/>"#),
            ("date", r#"<xs:enumeration value="2024-02-29"/>"#),
            ("date", r#"<xs:pattern value=".*Z"/>"#),
            ("time", ""),
            ("decimal", ""),
        ];
        let types: String = facets
            .iter()
            .enumerate()
            .map(|(number, (base, facets))| {
                format!(r#"<xs:simpleType name="T{number}"><xs:restriction base="xs:{base}">{facets}</xs:restriction></xs:simpleType>"#)
            })
            .collect();
        let text = format!(r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{types}</xs:schema>"#);
        let schemas = Schemas::load(&[SchemaSource { name: "x.xsd", text: &text }]).unwrap();
        let mut texts = short_texts();
        texts.extend(longer_texts());
        let mut counted = 0;
        for simple in &schemas.tables().simples {
            counted += usize::from(compare(simple, &texts).1 > 0);
        }
        assert!(counted >= facets.len() - 2);
    }
}
