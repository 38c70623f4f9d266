//! Encoding, references and line ends: from bytes to characters.

use std::borrow::Cow;

use super::chars::is_xml_char;
use super::{Limits, XmlFault, XmlFaultKind, count_work};

/// Returns the text of a document, without byte order mark, and the bytes before it.
///
/// # Errors
///
/// When it is larger than allowed or not UTF-8.
pub(crate) fn decode(xml: &[u8], limits: Limits) -> Result<&str, XmlFault> {
    let fault = |kind, offset| XmlFault { kind, offset };
    if xml.len() > limits.bytes {
        return Err(fault(XmlFaultKind::LimitBytes, 0));
    }
    // UTF-16 and UTF-32, with byte order mark or (XML 1.0 appendix F) as seen from `<` in either order.
    if xml.starts_with(&[0xFE, 0xFF])
        || xml.starts_with(&[0xFF, 0xFE])
        || xml.starts_with(&[0, b'<'])
        || xml.starts_with(&[b'<', 0])
        || xml.starts_with(&[0, 0])
    {
        return Err(fault(XmlFaultKind::Encoding, 0));
    }
    std::str::from_utf8(xml).map_err(|error| fault(XmlFaultKind::Utf8, error.valid_up_to()))
}

/// The longest reference looked at: leading zeros are allowed, but not without end.
const REFERENCE_MAX: usize = 32;

/// The character a reference at the start of a text stands for, and the length of the reference.
pub(super) fn reference(text: &str) -> Result<(char, usize), XmlFaultKind> {
    let window = &text.as_bytes()[1..text.len().min(REFERENCE_MAX)];
    let stop = window.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'#'));
    let Some(length) = stop.filter(|at| window[*at] == b';') else { return Err(XmlFaultKind::Ampersand) };
    let body = &text[1..=length];
    let character = match body {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "apos" => '\'',
        "quot" => '"',
        _ => match body.strip_prefix('#') {
            None if body.is_empty() => return Err(XmlFaultKind::Ampersand),
            None => return Err(XmlFaultKind::Entity),
            Some(number) => {
                let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |hex| (hex, 16));
                // `from_str_radix` would take a sign; the window let only letters, digits and `#` through.
                u32::from_str_radix(digits, radix)
                    .ok()
                    .and_then(char::from_u32)
                    .filter(|c| is_xml_char(*c))
                    .ok_or(XmlFaultKind::CharacterReference)?
            }
        },
    };
    Ok((character, length + 2))
}

/// Appends text with references resolved and line ends normalised (XML 1.0 section 2.11).
pub(crate) fn unescape_text(raw: &str, into: &mut String) {
    unescape(raw, into, |c, into| into.push(c));
}

/// Returns an attribute value, normalised by XML 1.0 section 3.3.3.
pub(crate) fn unescape_attribute(raw: &str) -> Cow<'_, str> {
    if !raw.bytes().any(|byte| matches!(byte, b'&' | b'\t' | b'\n' | b'\r')) {
        return Cow::Borrowed(raw);
    }
    let mut value = String::with_capacity(raw.len());
    unescape(raw, &mut value, |c, into| into.push(if c == '\n' || c == '\t' { ' ' } else { c }));
    Cow::Owned(value)
}

fn unescape(raw: &str, into: &mut String, literal: impl Fn(char, &mut String)) {
    count_work(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '&' => match reference(rest) {
                Ok((resolved, whole)) => {
                    into.push(resolved);
                    length = whole;
                }
                Err(_) => into.push(c),
            },
            '\r' => {
                literal('\n', into);
                length = if rest.as_bytes().get(1) == Some(&b'\n') { 2 } else { 1 };
            }
            _ => literal(c, into),
        }
        rest = &rest[length..];
    }
}
