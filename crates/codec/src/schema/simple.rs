//! Simple types: a built-in type narrowed by facets, compiled.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use super::builtin::{Builtin, Space, WhiteSpace, base64_octets, parse_float};
use super::moment::Moment;
use super::number::Decimal;
use super::pattern::Pattern;
use super::quick::Quick;
use crate::xml::is_xml_space;

/// A simple type with the facets of all it derives from.
#[derive(Clone, Debug)]
pub(crate) struct SimpleType {
    /// The name of the type; none for one that is written within its element.
    pub(crate) name: Option<Box<str>>,
    /// Namespace of the name.
    pub(crate) namespace: u16,
    /// The type this one derives from.
    pub(crate) base: Option<u32>,
    pub(crate) builtin: Builtin,
    pub(crate) white_space: WhiteSpace,
    pub(crate) length: Option<usize>,
    pub(crate) min_length: Option<usize>,
    pub(crate) max_length: Option<usize>,
    /// One per derivation step; all must hold.
    pub(crate) patterns: Vec<Arc<Pattern>>,
    /// One list per derivation step; the value must be in all. Sorted where the value is its text.
    pub(crate) enumerations: Vec<Vec<Box<str>>>,
    pub(crate) bounds: Vec<(Bound, Box<str>)>,
    pub(crate) total_digits: Option<usize>,
    pub(crate) fraction_digits: Option<usize>,
    /// Set when the schema is complete.
    pub(crate) quick: Quick,
}

/// A facet that bounds the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    MinInclusive,
    MinExclusive,
    MaxInclusive,
    MaxExclusive,
}

/// What a value breaks; the first thing, in an order that tells most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FacetFault<'s> {
    Datatype,
    Length(usize),
    MinLength(usize),
    MaxLength(usize),
    Enumeration(&'s [Box<str>]),
    Pattern(&'s str),
    Bound(Bound, &'s str),
    TotalDigits(usize),
    FractionDigits(usize),
}

impl FacetFault<'_> {
    /// Returns the XSD rule that the value breaks.
    pub(crate) const fn rule(&self) -> &'static str {
        match self {
            Self::Datatype => "cvc-datatype-valid.1.2.1",
            Self::Length(_) => "cvc-length-valid",
            Self::MinLength(_) => "cvc-minLength-valid",
            Self::MaxLength(_) => "cvc-maxLength-valid",
            Self::Enumeration(_) => "cvc-enumeration-valid",
            Self::Pattern(_) => "cvc-pattern-valid",
            Self::Bound(Bound::MinInclusive, _) => "cvc-minInclusive-valid",
            Self::Bound(Bound::MinExclusive, _) => "cvc-minExclusive-valid",
            Self::Bound(Bound::MaxInclusive, _) => "cvc-maxInclusive-valid",
            Self::Bound(Bound::MaxExclusive, _) => "cvc-maxExclusive-valid",
            Self::TotalDigits(_) => "cvc-totalDigits-valid",
            Self::FractionDigits(_) => "cvc-fractionDigits-valid",
        }
    }
}

impl SimpleType {
    /// Returns a type without facets.
    pub(crate) fn plain(builtin: Builtin) -> Self {
        Self {
            name: None,
            namespace: 0,
            base: None,
            builtin,
            white_space: builtin.white_space(),
            length: None,
            min_length: None,
            max_length: None,
            patterns: Vec::new(),
            enumerations: Vec::new(),
            bounds: Vec::new(),
            total_digits: None,
            fraction_digits: None,
            quick: Quick::None,
        }
    }

    /// Returns the most bytes a value can have, where a facet says so. A character has at most four;
    /// only where white space is kept, for otherwise any amount of it may surround the value.
    pub(crate) fn bytes_max(&self) -> Option<usize> {
        let characters = self.length.or(self.max_length)?;
        let counts = self.white_space != WhiteSpace::Collapse && self.builtin.space() == Space::Text;
        if counts { characters.checked_mul(4) } else { None }
    }

    /// Checks a value whose white space is already normalised.
    ///
    /// # Errors
    ///
    /// What it breaks.
    pub(crate) fn check(&self, value: &str) -> Result<(), FacetFault<'_>> {
        if !self.builtin.accepts(value) {
            return Err(FacetFault::Datatype);
        }
        for enumeration in &self.enumerations {
            if !self.is_listed(enumeration, value) {
                return Err(FacetFault::Enumeration(enumeration));
            }
        }
        self.check_length(value)?;
        for (bound, limit) in &self.bounds {
            let order = compare(self.builtin, value, limit);
            let holds = match bound {
                Bound::MinInclusive => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                Bound::MinExclusive => order == Some(Ordering::Greater),
                Bound::MaxInclusive => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                Bound::MaxExclusive => order == Some(Ordering::Less),
            };
            if !holds {
                return Err(FacetFault::Bound(*bound, limit));
            }
        }
        if (self.total_digits.is_some() || self.fraction_digits.is_some())
            && let Some(number) = Decimal::parse(value)
        {
            if let Some(most) = self.total_digits.filter(|most| number.total_digits() > *most) {
                return Err(FacetFault::TotalDigits(most));
            }
            if let Some(most) = self.fraction_digits.filter(|most| number.fraction_digits() > *most) {
                return Err(FacetFault::FractionDigits(most));
            }
        }
        match self.patterns.iter().find(|pattern| !pattern.matches(value)) {
            Some(pattern) => Err(FacetFault::Pattern(pattern.source())),
            None => Ok(()),
        }
    }

    /// Returns whether two normalised values are one value.
    pub(crate) fn same(&self, a: &str, b: &str) -> bool {
        compare(self.builtin, a, b) == Some(Ordering::Equal)
    }

    fn check_length(&self, value: &str) -> Result<(), FacetFault<'_>> {
        if self.length.is_none() && self.min_length.is_none() && self.max_length.is_none() {
            return Ok(());
        }
        let length = match self.builtin {
            Builtin::HexBinary => value.len() / 2,
            Builtin::Base64Binary => base64_octets(value).unwrap_or(0),
            // Lengths count characters (part 2, section 4.3.1).
            _ => value.chars().count(),
        };
        if let Some(exact) = self.length.filter(|exact| length != *exact) {
            return Err(FacetFault::Length(exact));
        }
        if let Some(least) = self.min_length.filter(|least| length < *least) {
            return Err(FacetFault::MinLength(least));
        }
        match self.max_length.filter(|most| length > *most) {
            Some(most) => Err(FacetFault::MaxLength(most)),
            None => Ok(()),
        }
    }

    fn is_listed(&self, enumeration: &[Box<str>], value: &str) -> bool {
        if matches!(self.builtin.space(), Space::Text | Space::Any) {
            return enumeration.binary_search_by(|listed| listed.as_ref().cmp(value)).is_ok();
        }
        enumeration.iter().any(|listed| compare(self.builtin, value, listed) == Some(Ordering::Equal))
    }
}

/// Compares two lexical values in the value space; none when they are not ordered or not values.
pub(crate) fn compare(builtin: Builtin, a: &str, b: &str) -> Option<Ordering> {
    match builtin {
        Builtin::Decimal | Builtin::Integer => Some(Decimal::parse(a)?.cmp(&Decimal::parse(b)?)),
        Builtin::Float | Builtin::Double => {
            let (a, b) = (parse_float(a)?, parse_float(b)?);
            // In XML Schema 1.0 NaN equals itself.
            if a.is_nan() && b.is_nan() { Some(Ordering::Equal) } else { a.partial_cmp(&b) }
        }
        Builtin::Calendar(calendar) => Moment::parse(calendar, a)?.compare(&Moment::parse(calendar, b)?),
        Builtin::Boolean => Some(matches!(a, "true" | "1").cmp(&matches!(b, "true" | "1"))),
        Builtin::HexBinary => Some(a.to_ascii_uppercase().cmp(&b.to_ascii_uppercase())),
        Builtin::Base64Binary => {
            Some(a.bytes().filter(|byte| *byte != b' ').cmp(b.bytes().filter(|byte| *byte != b' ')))
        }
        _ => Some(a.cmp(b)),
    }
}

/// Normalises white space as a type asks; copies only what changes.
pub(crate) fn normalise(white_space: WhiteSpace, text: &str) -> Cow<'_, str> {
    let is_space = |c: char| c.is_ascii() && is_xml_space(c as u8);
    match white_space {
        WhiteSpace::Preserve => Cow::Borrowed(text),
        WhiteSpace::Replace if !text.bytes().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r')) => {
            Cow::Borrowed(text)
        }
        WhiteSpace::Replace => Cow::Owned(text.chars().map(|c| if is_space(c) { ' ' } else { c }).collect()),
        WhiteSpace::Collapse => {
            let text = text.trim_matches(is_space);
            let bytes = text.as_bytes();
            let single =
                bytes.iter().zip(bytes.iter().skip(1)).all(|(a, b)| !(is_xml_space(*a) && is_xml_space(*b)));
            if single && !bytes.iter().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r')) {
                return Cow::Borrowed(text);
            }
            let words: Vec<&str> = text.split(is_space).filter(|word| !word.is_empty()).collect();
            Cow::Owned(words.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_normalised_as_the_type_asks() {
        assert_eq!(normalise(WhiteSpace::Preserve, " a\t b "), " a\t b ");
        assert_eq!(normalise(WhiteSpace::Replace, " a\t\nb "), " a  b ");
        assert_eq!(normalise(WhiteSpace::Collapse, " \n a\t\n b \r"), "a b");
        assert_eq!(normalise(WhiteSpace::Collapse, "\u{a0}a"), "\u{a0}a", "only the four characters of XML");
        assert!(matches!(normalise(WhiteSpace::Collapse, " 2025-01-01\n"), Cow::Borrowed("2025-01-01")));
    }

    #[test]
    fn enumerations_compare_values() {
        let mut number = SimpleType::plain(Builtin::Integer);
        number.enumerations = vec![vec!["1".into(), "20".into()]];
        assert_eq!(number.check("+01"), Ok(()));
        assert!(matches!(number.check("2"), Err(FacetFault::Enumeration(_))));
        let mut code = SimpleType::plain(Builtin::String);
        code.enumerations = vec![vec!["01".into(), "02".into()]];
        assert_eq!(code.check("01"), Ok(()));
        assert!(code.check(" 01").is_err(), "code lists keep white space");
        assert!(code.check("1").is_err());
    }

    #[test]
    fn lengths_count_characters() {
        let mut name = SimpleType::plain(Builtin::String);
        name.max_length = Some(3);
        assert_eq!(name.check("ééé"), Ok(()));
        assert_eq!(name.check("éééé"), Err(FacetFault::MaxLength(3)));
        let mut bytes = SimpleType::plain(Builtin::Base64Binary);
        bytes.length = Some(4);
        assert_eq!(bytes.check("AAAA AA=="), Ok(()));
        assert_eq!(bytes.check("AAAA"), Err(FacetFault::Length(4)));
    }
}
