//! Cuts a document into tags and text, and checks that it is well-formed.

use std::borrow::Cow;

use super::chars::{is_name_char, is_name_start, is_xml_char, is_xml_space, split_qname};
use super::{Limits, XmlFault, XmlFaultKind};
use crate::report::DIAGNOSTICS_MAX;

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

/// An attribute as it stands in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawAttribute<'x> {
    pub(crate) name: &'x str,
    /// Between the quotes, references not yet resolved.
    pub(crate) value: &'x str,
    pub(crate) offset: usize,
}

/// A piece of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'x> {
    /// A start tag; its attributes are in [`Scanner::attributes`]. An empty element is followed by `End`.
    Start(&'x str),
    /// An end tag.
    End,
    /// Text within an element. `plain`: there is nothing to resolve in it.
    Text { raw: &'x str, plain: bool },
    /// A CDATA section within an element; only line ends are to be normalised in it.
    Cdata(&'x str),
    /// The end of a complete document.
    Eof,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Prolog,
    Element,
    Epilog,
}

/// A pull parser over a whole document.
///
/// A fault that leaves no doubt about what follows is put into [`Scanner::faults`], and reading goes on;
/// any other ends it.
#[derive(Debug)]
pub(crate) struct Scanner<'x> {
    text: &'x str,
    position: usize,
    /// Where the token returned last begins.
    token: usize,
    place: Place,
    /// An empty element's end is still to be returned.
    empty: bool,
    open: Vec<&'x str>,
    attributes: Vec<RawAttribute<'x>>,
    limits: Limits,
    faults: Vec<XmlFault>,
}

type Scan<T> = Result<T, XmlFault>;

const BOM: &str = "\u{FEFF}";

impl<'x> Scanner<'x> {
    /// Starts at the beginning of a document.
    pub(crate) fn new(text: &'x str, limits: Limits) -> Self {
        Self {
            text,
            position: if text.starts_with(BOM) { BOM.len() } else { 0 },
            token: 0,
            place: Place::Prolog,
            empty: false,
            open: Vec::with_capacity(16),
            attributes: Vec::with_capacity(8),
            limits,
            faults: Vec::new(),
        }
    }

    /// Returns the attributes of the start tag returned last, in document order.
    pub(crate) fn attributes(&self) -> &[RawAttribute<'x>] {
        &self.attributes
    }

    /// Returns where the token returned last begins.
    pub(crate) fn token_offset(&self) -> usize {
        self.token
    }

    /// Returns the faults found so far that did not end the reading.
    pub(crate) fn faults(&self) -> &[XmlFault] {
        &self.faults
    }

    /// Records a fault after which reading can go on.
    pub(crate) fn record(&mut self, fault: XmlFault) {
        if self.faults.len() <= DIAGNOSTICS_MAX {
            self.faults.push(fault);
        }
    }

    /// Returns the next piece.
    ///
    /// # Errors
    ///
    /// A fault after which reading cannot go on.
    pub(crate) fn next(&mut self) -> Scan<Token<'x>> {
        if self.empty {
            self.empty = false;
            self.close();
            return Ok(Token::End);
        }
        loop {
            self.token = self.position;
            if self.position == 0 || (self.position == BOM.len() && self.text.starts_with(BOM)) {
                self.declaration()?;
            }
            let rest = &self.bytes()[self.position..];
            match (self.place, rest) {
                (Place::Element, []) => return Err(self.fault(XmlFaultKind::Truncated)),
                (Place::Prolog, []) => return Err(self.fault(XmlFaultKind::Empty)),
                (Place::Epilog, []) => return Ok(Token::Eof),
                (_, [b'<', b'!', b'-', b'-', ..]) => self.comment()?,
                (_, [b'<', b'?', ..]) => self.instruction()?,
                (Place::Element, [b'<', b'!', ..]) if self.text[self.position..].starts_with("<![CDATA[") => {
                    return self.cdata();
                }
                (_, [b'<', b'!', ..]) if self.text[self.position..].starts_with("<!DOCTYPE") => {
                    return Err(self.fault(XmlFaultKind::Doctype));
                }
                (_, [b'<', b'!', ..]) => return Err(self.fault(XmlFaultKind::Tag)),
                (Place::Element, [b'<', b'/', ..]) => return self.end_tag(),
                (Place::Epilog, [b'<', ..]) => return Err(self.fault(XmlFaultKind::SecondRoot)),
                (_, [b'<', ..]) => return self.start_tag(),
                (Place::Element, _) => return Ok(self.characters()),
                (_, [byte, ..]) if is_xml_space(*byte) => self.skip_space(),
                _ => return Err(self.fault(XmlFaultKind::OutsideRoot)),
            }
        }
    }

    fn bytes(&self) -> &'x [u8] {
        self.text.as_bytes()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.position).copied()
    }

    fn fault(&self, kind: XmlFaultKind) -> XmlFault {
        XmlFault { kind, offset: self.position }
    }

    /// The text ends where more was needed, or holds something else.
    fn broken(&self, kind: XmlFaultKind) -> XmlFault {
        self.fault(if self.position >= self.text.len() { XmlFaultKind::Truncated } else { kind })
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_xml_space) {
            self.position += 1;
        }
    }

    fn name(&mut self, kind: XmlFaultKind) -> Scan<&'x str> {
        let start = self.position;
        let bytes = self.bytes();
        while let Some(&byte) = bytes.get(self.position) {
            if byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-' | b'.') {
                self.position += 1;
            } else if byte >= 0x80 {
                match self.text[self.position..].chars().next() {
                    Some(c) if is_name_char(c) => self.position += c.len_utf8(),
                    _ => break,
                }
            } else {
                break;
            }
        }
        let name = &self.text[start..self.position];
        match name.chars().next() {
            Some(first) if is_name_start(first) => Ok(name),
            Some(_) => Err(XmlFault { kind, offset: start }),
            None => Err(self.broken(kind)),
        }
    }

    fn expect(&mut self, literal: &str, kind: XmlFaultKind) -> Scan<()> {
        if self.text[self.position..].starts_with(literal) {
            self.position += literal.len();
            Ok(())
        } else {
            Err(self.broken(kind))
        }
    }

    /// Moves behind the next `end`; the text before it is returned.
    fn until(&mut self, end: &str) -> Scan<&'x str> {
        let start = self.position;
        match self.text[start..].find(end) {
            Some(length) => {
                self.position = start + length + end.len();
                Ok(&self.text[start..start + length])
            }
            None => {
                self.position = self.text.len();
                Err(self.fault(XmlFaultKind::Truncated))
            }
        }
    }

    fn declaration(&mut self) -> Scan<()> {
        let rest = &self.text[self.position..];
        let Some(after) = rest.strip_prefix("<?xml") else { return Ok(()) };
        if !after.as_bytes().first().is_some_and(|byte| is_xml_space(*byte)) {
            return Ok(());
        }
        self.position += "<?xml".len();
        let version =
            self.pseudo_attribute("version")?.ok_or_else(|| self.broken(XmlFaultKind::Declaration))?;
        let digits = version.strip_prefix("1.").unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.fault(XmlFaultKind::Declaration));
        }
        let at = self.position;
        if let Some(encoding) = self.pseudo_attribute("encoding")?
            && !encoding.eq_ignore_ascii_case("UTF-8")
        {
            return Err(XmlFault { kind: XmlFaultKind::Encoding, offset: at });
        }
        if let Some(standalone) = self.pseudo_attribute("standalone")?
            && !matches!(standalone, "yes" | "no")
        {
            return Err(self.fault(XmlFaultKind::Declaration));
        }
        self.skip_space();
        self.expect("?>", XmlFaultKind::Declaration)
    }

    /// White space, a name, `=` and a quoted value; none when another name or the end follows.
    fn pseudo_attribute(&mut self, name: &str) -> Scan<Option<&'x str>> {
        let start = self.position;
        self.skip_space();
        if self.position == start || !self.text[self.position..].starts_with(name) {
            self.position = start;
            return Ok(None);
        }
        self.position += name.len();
        self.quoted(XmlFaultKind::Declaration).map(Some)
    }

    /// `=` and a quoted value.
    fn quoted(&mut self, kind: XmlFaultKind) -> Scan<&'x str> {
        self.skip_space();
        self.expect("=", kind)?;
        self.skip_space();
        match self.peek() {
            Some(b'"') => {
                self.position += 1;
                self.until("\"")
            }
            Some(b'\'') => {
                self.position += 1;
                self.until("'")
            }
            _ => Err(self.broken(kind)),
        }
    }

    fn comment(&mut self) -> Scan<()> {
        self.position += "<!--".len();
        let start = self.position;
        self.until("--")?;
        let body = start..self.position - "--".len();
        self.check_characters(body.start, body.end);
        if self.peek() != Some(b'>') {
            // `--` within a comment: go on at its real end.
            self.position -= "--".len();
            let fault = self.broken(XmlFaultKind::Comment);
            self.record(fault);
            self.until("-->")?;
            return Ok(());
        }
        self.position += 1;
        Ok(())
    }

    fn instruction(&mut self) -> Scan<()> {
        self.position += "<?".len();
        let target = self.name(XmlFaultKind::Instruction)?;
        if target.eq_ignore_ascii_case("xml") {
            return Err(XmlFault { kind: XmlFaultKind::Declaration, offset: self.token });
        }
        if target.contains(':') {
            self.record(XmlFault { kind: XmlFaultKind::Instruction, offset: self.token });
        }
        let start = self.position;
        if !self.text[start..].starts_with("?>") && !self.peek().is_some_and(is_xml_space) {
            return Err(self.broken(XmlFaultKind::Instruction));
        }
        self.until("?>")?;
        self.check_characters(start, self.position);
        Ok(())
    }

    fn cdata(&mut self) -> Scan<Token<'x>> {
        self.position += "<![CDATA[".len();
        let start = self.position;
        let raw = self.until("]]>")?;
        self.check_characters(start, start + raw.len());
        Ok(Token::Cdata(raw))
    }

    /// Records the first character in a stretch that XML does not allow.
    fn check_characters(&mut self, start: usize, end: usize) {
        let found = self.text[start..end].char_indices().find(|(_, c)| !is_xml_char(*c));
        if let Some((at, _)) = found {
            self.record(XmlFault { kind: XmlFaultKind::Character, offset: start + at });
        }
    }

    fn start_tag(&mut self) -> Scan<Token<'x>> {
        if self.open.len() >= self.limits.depth {
            return Err(self.fault(XmlFaultKind::LimitDepth));
        }
        self.position += 1;
        let name = self.name(XmlFaultKind::Name)?;
        if split_qname(name).is_none() {
            self.record(XmlFault { kind: XmlFaultKind::Name, offset: self.token });
        }
        self.attributes.clear();
        loop {
            let before = self.position;
            self.skip_space();
            match self.peek() {
                Some(b'>') => {
                    self.position += 1;
                    break;
                }
                Some(b'/') => {
                    self.position += 1;
                    self.expect(">", XmlFaultKind::Tag)?;
                    self.empty = true;
                    break;
                }
                None => return Err(self.fault(XmlFaultKind::Truncated)),
                Some(_) if before == self.position => return Err(self.fault(XmlFaultKind::Tag)),
                Some(_) => self.attribute()?,
            }
        }
        self.open.push(name);
        self.place = Place::Element;
        Ok(Token::Start(name))
    }

    fn attribute(&mut self) -> Scan<()> {
        let offset = self.position;
        if self.attributes.len() >= self.limits.attributes {
            return Err(self.fault(XmlFaultKind::LimitAttributes));
        }
        let name = self.name(XmlFaultKind::Attribute)?;
        let value = self.quoted(XmlFaultKind::Attribute)?;
        if split_qname(name).is_none() {
            self.record(XmlFault { kind: XmlFaultKind::Name, offset });
        }
        // At most `limits.attributes` to compare with: constant per attribute.
        if self.attributes.iter().any(|attribute| attribute.name == name) {
            self.record(XmlFault { kind: XmlFaultKind::AttributeTwice, offset });
        }
        let end = self.position - 1;
        let start = end - value.len();
        if let Some(at) = value.find('<') {
            self.record(XmlFault { kind: XmlFaultKind::AttributeLessThan, offset: start + at });
        }
        self.check_characters(start, end);
        let mut from = 0;
        while let Some(at) = value[from..].find('&') {
            match reference(&value[from + at..]) {
                Ok((_, length)) => from += at + length,
                Err(kind) => {
                    self.record(XmlFault { kind, offset: start + from + at });
                    from += at + 1;
                }
            }
        }
        self.attributes.push(RawAttribute { name, value, offset });
        Ok(())
    }

    fn end_tag(&mut self) -> Scan<Token<'x>> {
        self.position += "</".len();
        let name = self.name(XmlFaultKind::Tag)?;
        if self.open.last() != Some(&name) {
            return Err(XmlFault { kind: XmlFaultKind::TagMismatch, offset: self.token });
        }
        self.skip_space();
        self.expect(">", XmlFaultKind::Tag)?;
        self.close();
        Ok(Token::End)
    }

    fn close(&mut self) {
        self.open.pop();
        if self.open.is_empty() {
            self.place = Place::Epilog;
        }
    }

    fn characters(&mut self) -> Token<'x> {
        let bytes = self.bytes();
        let start = self.position;
        let mut plain = true;
        while let Some(&byte) = bytes.get(self.position) {
            match CLASSES[usize::from(byte)] {
                Class::Plain => self.position += 1,
                Class::LessThan => break,
                Class::Return => {
                    plain = false;
                    self.position += 1;
                }
                Class::Ampersand => {
                    plain = false;
                    match reference(&self.text[self.position..]) {
                        Ok((_, length)) => self.position += length,
                        Err(kind) => {
                            self.record(XmlFault { kind, offset: self.position });
                            self.position += 1;
                        }
                    }
                }
                Class::Bracket => {
                    if bytes[self.position..].starts_with(b"]]>") {
                        self.record(XmlFault { kind: XmlFaultKind::CdataEnd, offset: self.position });
                    }
                    self.position += 1;
                }
                Class::Control => {
                    self.record(XmlFault { kind: XmlFaultKind::Character, offset: self.position });
                    self.position += 1;
                }
                // U+FFFE and U+FFFF.
                Class::Lead => {
                    if bytes[self.position..].starts_with(&[0xEF, 0xBF])
                        && bytes.get(self.position + 2).is_some_and(|third| *third >= 0xBE)
                    {
                        self.record(XmlFault { kind: XmlFaultKind::Character, offset: self.position });
                    }
                    self.position += 1;
                }
            }
        }
        Token::Text { raw: &self.text[start..self.position], plain }
    }
}

#[derive(Clone, Copy)]
enum Class {
    Plain,
    LessThan,
    Ampersand,
    Return,
    Bracket,
    Control,
    Lead,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Plain; 256];
    let mut byte = 0;
    while byte < 0x20 {
        classes[byte] = Class::Control;
        byte += 1;
    }
    classes[b'\t' as usize] = Class::Plain;
    classes[b'\n' as usize] = Class::Plain;
    classes[b'\r' as usize] = Class::Return;
    classes[b'<' as usize] = Class::LessThan;
    classes[b'&' as usize] = Class::Ampersand;
    classes[b']' as usize] = Class::Bracket;
    classes[0xEF] = Class::Lead;
    classes
};

/// The longest reference looked at: leading zeros are allowed, but not without end.
const REFERENCE_MAX: usize = 32;

/// The character a reference at the start of a text stands for, and the length of the reference.
fn reference(text: &str) -> Result<(char, usize), XmlFaultKind> {
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
