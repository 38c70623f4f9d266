//! Cuts a document into tags and text, and checks that it is well-formed.

use super::chars::{is_name_char, is_name_start, is_xml_char, is_xml_space, split_qname};
use super::classes::{CLASSES, Class, plain_length};
use super::escape::reference;
use super::{Limits, XmlFault, XmlFaultKind, count_work};
use crate::report::DIAGNOSTICS_MAX;

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
    pub(super) text: &'x str,
    pub(super) position: usize,
    /// Where the token returned last begins.
    pub(super) token: usize,
    place: Place,
    /// An empty element's end is still to be returned.
    empty: bool,
    open: Vec<&'x str>,
    attributes: Vec<RawAttribute<'x>>,
    limits: Limits,
    faults: Vec<XmlFault>,
}

pub(super) type Scan<T> = Result<T, XmlFault>;

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
            count_work(1);
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

    /// Returns what is still to be read; none where an empty element's end comes first.
    pub(crate) fn rest(&self) -> Option<&'x [u8]> {
        if self.empty { None } else { self.bytes().get(self.position..) }
    }

    /// Returns how far the reading has come.
    pub(crate) fn offset(&self) -> usize {
        self.position
    }

    /// Returns so many bytes of what is still to be read, after some others.
    pub(crate) fn text(&self, from: usize, length: usize) -> &'x str {
        &self.text[self.position + from..self.position + from + length]
    }

    /// Returns whether no more elements may be opened.
    pub(crate) fn is_at_depth_limit(&self) -> bool {
        self.open.len() >= self.limits.depth
    }

    /// Goes on after so many bytes, which the caller has seen to be whole elements.
    pub(crate) fn leap(&mut self, length: usize) {
        self.position += length;
    }

    /// Goes on after so many bytes, which end with a start tag without attributes.
    pub(crate) fn open(&mut self, name: &'x str, length: usize) {
        self.open.push(name);
        self.position += length;
    }

    /// Goes on after so many bytes, which end with the end tag of the innermost element, not the outermost.
    pub(crate) fn shut(&mut self, length: usize) {
        self.open.pop();
        self.position += length;
    }

    fn bytes(&self) -> &'x [u8] {
        self.text.as_bytes()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes().get(self.position).copied()
    }

    pub(super) fn fault(&self, kind: XmlFaultKind) -> XmlFault {
        XmlFault { kind, offset: self.position }
    }

    /// The text ends where more was needed, or holds something else.
    pub(super) fn broken(&self, kind: XmlFaultKind) -> XmlFault {
        self.fault(if self.position >= self.text.len() { XmlFaultKind::Truncated } else { kind })
    }

    pub(super) fn skip_space(&mut self) {
        while self.peek().is_some_and(is_xml_space) {
            self.position += 1;
        }
    }

    pub(super) fn name(&mut self, kind: XmlFaultKind) -> Scan<&'x str> {
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
        count_work(name.len());
        match name.chars().next() {
            Some(first) if is_name_start(first) => Ok(name),
            Some(_) => Err(XmlFault { kind, offset: start }),
            None => Err(self.broken(kind)),
        }
    }

    pub(super) fn expect(&mut self, literal: &str, kind: XmlFaultKind) -> Scan<()> {
        if self.text[self.position..].starts_with(literal) {
            self.position += literal.len();
            Ok(())
        } else {
            Err(self.broken(kind))
        }
    }

    /// Moves behind the next `end`; the text before it is returned.
    pub(super) fn until(&mut self, end: &str) -> Scan<&'x str> {
        let start = self.position;
        let found = self.text[start..].find(end);
        count_work(found.unwrap_or(self.text.len() - start));
        match found {
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

    /// `=` and a quoted value.
    pub(super) fn quoted(&mut self, kind: XmlFaultKind) -> Scan<&'x str> {
        self.skip_space();
        self.expect("=", kind)?;
        self.skip_space();
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => {
                self.position += 1;
                let start = self.position;
                let length = self.bytes()[start..].iter().position(|byte| *byte == quote);
                self.position = length.map_or(self.text.len(), |length| start + length + 1);
                count_work(self.position - start);
                match length {
                    Some(length) => Ok(&self.text[start..start + length]),
                    None => Err(self.fault(XmlFaultKind::Truncated)),
                }
            }
            _ => Err(self.broken(kind)),
        }
    }

    fn cdata(&mut self) -> Scan<Token<'x>> {
        self.position += "<![CDATA[".len();
        let start = self.position;
        let raw = self.until("]]>")?;
        self.check_characters(start, start + raw.len());
        Ok(Token::Cdata(raw))
    }

    /// Records the first character in a stretch that XML does not allow.
    pub(super) fn check_characters(&mut self, start: usize, end: usize) {
        count_work(end - start);
        if plain_length(&self.bytes()[start..end]) == end - start {
            return;
        }
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
        count_work(self.position - self.token);
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
        count_work(self.attributes.len());
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
        count_work(self.position - self.token);
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
        count_work(self.position - start);
        Token::Text { raw: &self.text[start..self.position], plain }
    }
}
