//! The built-in types of XML Schema 1.0 part 2, section 3: what they look like.

use super::moment::{Calendar, Moment};
use super::number::Decimal;
use crate::xml::{is_name, is_name_char, is_ncname};

/// How white space is normalised before anything else (part 2, section 4.3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WhiteSpace {
    Preserve,
    Replace,
    Collapse,
}

/// A built-in type, or the one a simple type is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Builtin {
    AnySimple,
    String,
    NormalizedString,
    Token,
    Language,
    NmToken,
    Name,
    NcName,
    Boolean,
    Decimal,
    Integer,
    Float,
    Double,
    Calendar(Calendar),
    Base64Binary,
    HexBinary,
    AnyUri,
}

/// What facets apply to a type: those of its value space (part 2, section 4.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    Any,
    Text,
    Boolean,
    Decimal,
    Float,
    Calendar,
    Binary,
}

impl Builtin {
    /// Returns a built-in type by name, with the bounds that the integer types add.
    pub(crate) fn by_name(name: &str) -> Option<(Self, Option<&'static str>, Option<&'static str>)> {
        let plain = |builtin| Some((builtin, None, None));
        let integer = |low, high| Some((Self::Integer, low, high));
        match name {
            "anySimpleType" => plain(Self::AnySimple),
            "string" => plain(Self::String),
            "normalizedString" => plain(Self::NormalizedString),
            "token" => plain(Self::Token),
            "language" => plain(Self::Language),
            "NMTOKEN" => plain(Self::NmToken),
            "Name" => plain(Self::Name),
            "NCName" => plain(Self::NcName),
            "boolean" => plain(Self::Boolean),
            "decimal" => plain(Self::Decimal),
            "float" => plain(Self::Float),
            "double" => plain(Self::Double),
            "date" => plain(Self::Calendar(Calendar::Date)),
            "time" => plain(Self::Calendar(Calendar::Time)),
            "dateTime" => plain(Self::Calendar(Calendar::DateTime)),
            "gYear" => plain(Self::Calendar(Calendar::Year)),
            "gYearMonth" => plain(Self::Calendar(Calendar::YearMonth)),
            "gMonth" => plain(Self::Calendar(Calendar::Month)),
            "gMonthDay" => plain(Self::Calendar(Calendar::MonthDay)),
            "gDay" => plain(Self::Calendar(Calendar::Day)),
            "base64Binary" => plain(Self::Base64Binary),
            "hexBinary" => plain(Self::HexBinary),
            "anyURI" => plain(Self::AnyUri),
            "integer" => plain(Self::Integer),
            "nonPositiveInteger" => integer(None, Some("0")),
            "negativeInteger" => integer(None, Some("-1")),
            "nonNegativeInteger" => integer(Some("0"), None),
            "positiveInteger" => integer(Some("1"), None),
            "long" => integer(Some("-9223372036854775808"), Some("9223372036854775807")),
            "int" => integer(Some("-2147483648"), Some("2147483647")),
            "short" => integer(Some("-32768"), Some("32767")),
            "byte" => integer(Some("-128"), Some("127")),
            "unsignedLong" => integer(Some("0"), Some("18446744073709551615")),
            "unsignedInt" => integer(Some("0"), Some("4294967295")),
            "unsignedShort" => integer(Some("0"), Some("65535")),
            "unsignedByte" => integer(Some("0"), Some("255")),
            _ => None,
        }
    }

    /// Every built-in type by name, and the one it derives from (part 2, section 3).
    pub(crate) const HIERARCHY: &[(&'static str, &'static str)] = &[
        ("string", "anySimpleType"),
        ("normalizedString", "string"),
        ("token", "normalizedString"),
        ("language", "token"),
        ("NMTOKEN", "token"),
        ("Name", "token"),
        ("NCName", "Name"),
        ("boolean", "anySimpleType"),
        ("decimal", "anySimpleType"),
        ("integer", "decimal"),
        ("nonPositiveInteger", "integer"),
        ("negativeInteger", "nonPositiveInteger"),
        ("nonNegativeInteger", "integer"),
        ("positiveInteger", "nonNegativeInteger"),
        ("long", "integer"),
        ("int", "long"),
        ("short", "int"),
        ("byte", "short"),
        ("unsignedLong", "nonNegativeInteger"),
        ("unsignedInt", "unsignedLong"),
        ("unsignedShort", "unsignedInt"),
        ("unsignedByte", "unsignedShort"),
        ("float", "anySimpleType"),
        ("double", "anySimpleType"),
        ("date", "anySimpleType"),
        ("time", "anySimpleType"),
        ("dateTime", "anySimpleType"),
        ("gYear", "anySimpleType"),
        ("gYearMonth", "anySimpleType"),
        ("gMonth", "anySimpleType"),
        ("gMonthDay", "anySimpleType"),
        ("gDay", "anySimpleType"),
        ("base64Binary", "anySimpleType"),
        ("hexBinary", "anySimpleType"),
        ("anyURI", "anySimpleType"),
    ];

    /// Returns how white space is normalised unless a derived type says more.
    pub(crate) const fn white_space(self) -> WhiteSpace {
        match self {
            Self::AnySimple | Self::String => WhiteSpace::Preserve,
            Self::NormalizedString => WhiteSpace::Replace,
            _ => WhiteSpace::Collapse,
        }
    }

    /// Returns which facets apply.
    pub(crate) const fn space(self) -> Space {
        match self {
            Self::AnySimple => Space::Any,
            Self::String | Self::NormalizedString | Self::Token | Self::Language => Space::Text,
            Self::NmToken | Self::Name | Self::NcName | Self::AnyUri => Space::Text,
            Self::Boolean => Space::Boolean,
            Self::Decimal | Self::Integer => Space::Decimal,
            Self::Float | Self::Double => Space::Float,
            Self::Calendar(_) => Space::Calendar,
            Self::Base64Binary | Self::HexBinary => Space::Binary,
        }
    }

    /// Returns whether a normalised text is in the lexical space.
    pub(crate) fn accepts(self, text: &str) -> bool {
        match self {
            Self::AnySimple | Self::String | Self::NormalizedString | Self::Token => true,
            Self::Language => is_language(text),
            Self::NmToken => !text.is_empty() && text.chars().all(is_name_char),
            Self::Name => is_name(text),
            Self::NcName => is_ncname(text),
            Self::Boolean => matches!(text, "true" | "false" | "1" | "0"),
            Self::Decimal => Decimal::parse(text).is_some(),
            Self::Integer => !text.contains('.') && Decimal::parse(text).is_some(),
            Self::Float | Self::Double => parse_float(text).is_some(),
            Self::Calendar(calendar) => Moment::parse(calendar, text).is_some(),
            Self::Base64Binary => base64_octets(text).is_some(),
            Self::HexBinary => {
                text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            Self::AnyUri => is_uri_reference(text),
        }
    }
}

/// Returns a floating point number; XML Schema knows `INF` and `NaN`, but not Rust's words for them.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    match text {
        "INF" => return Some(f64::INFINITY),
        "-INF" => return Some(f64::NEG_INFINITY),
        "NaN" => return Some(f64::NAN),
        _ => {}
    }
    let ordinary =
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    if ordinary { text.parse().ok() } else { None }
}

/// Returns how many octets a base64 text stands for, or none when it is not base64 (RFC 2045, with the
/// restrictions of part 2, section 3.2.16).
pub(crate) fn base64_octets(text: &str) -> Option<usize> {
    let (mut count, mut padding, mut last, mut before) = (0_usize, 0_usize, b'A', b' ');
    for byte in text.bytes() {
        match byte {
            // Collapsed: spaces are single and not at either end.
            b' ' if before != b' ' => {}
            b'=' if padding < 2 => {
                padding += 1;
                count += 1;
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {
                last = byte;
                count += 1;
            }
            _ => return None,
        }
        before = byte;
    }
    let canonical = match padding {
        0 => true,
        1 => b"AEIMQUYcgkosw048".contains(&last),
        _ => b"AQgw".contains(&last),
    };
    (count % 4 == 0 && canonical && (padding == 0 || count >= 4)).then(|| count / 4 * 3 - padding)
}

fn is_language(text: &str) -> bool {
    text.split('-').enumerate().all(|(index, part)| {
        (1..=8).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphabetic() || (index > 0 && byte.is_ascii_digit()))
    })
}

/// Nearly every text is an anyURI once escaped (XLink 5.4); what remains wrong is refused.
fn is_uri_reference(text: &str) -> bool {
    let bytes = text.as_bytes();
    let escapes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(at, _)| {
        bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    escapes && text.matches('#').count() <= 1 && !text.starts_with(':')
}
