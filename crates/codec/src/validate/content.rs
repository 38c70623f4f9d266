//! Text between tags, and the values that it makes.

use std::borrow::Cow;

use super::findings::Finding;
use super::frame::{Body, Frame};
use super::walk::Walk;
use super::{personal, value, words};
use crate::schema::{ValueConstraint, normalise};
use crate::xml::{count_work, is_xml_space, unescape_text};

/// The text of the simple element that is open or has just closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collected<'x> {
    /// A stretch of the document, as it stands there.
    Slice(&'x str),
    /// In the buffer.
    Buffer,
    /// Longer than any value of its type, and no longer collected.
    TooLong,
}

/// What must be done to text before it is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escaping {
    None,
    References,
    LineEnds,
}

impl<'x> Walk<'x, '_> {
    pub(super) fn characters(&mut self, raw: &'x str, escaping: Escaping) {
        let Some(frame) = self.frames.last_mut() else { return };
        match frame.body {
            Body::Simple(simple) => {
                let most = self.tables.simple(simple).bytes_max();
                self.gather(raw, escaping, most);
            }
            Body::Elements(_) | Body::Empty
                if !frame.spoiled
                    && (!is_blank(raw, escaping) || (frame.body == Body::Empty && !raw.is_empty())) =>
            {
                // cvc-complex-type.2.1 forbids even white space, 2.3 allows it.
                frame.spoiled = true;
                let rule =
                    if frame.body == Body::Empty { "cvc-complex-type.2.1" } else { "cvc-complex-type.2.3" };
                let message = words::no_text(frame.local());
                let blank = raw.bytes().take_while(|byte| is_xml_space(*byte)).count();
                let offset =
                    self.scanner.token_offset() + if escaping == Escaping::LineEnds { 0 } else { blank };
                self.report(offset, Finding::new(rule, message));
            }
            _ => {}
        }
    }

    /// Adds to the text of a simple element; copies only when it is not one plain stretch.
    fn gather(&mut self, raw: &'x str, escaping: Escaping, most: Option<usize>) {
        match self.text {
            Collected::TooLong => return,
            Collected::Slice("") if escaping == Escaping::None => self.text = Collected::Slice(raw),
            _ => {
                if let Collected::Slice(before) = self.text {
                    self.buffer.clear();
                    self.buffer.push_str(before);
                    self.text = Collected::Buffer;
                }
                count_work(raw.len());
                match escaping {
                    Escaping::None => self.buffer.push_str(raw),
                    Escaping::References => unescape_text(raw, &mut self.buffer),
                    Escaping::LineEnds => push_cdata(raw, &mut self.buffer),
                }
            }
        }
        let length = match self.text {
            Collected::Slice(slice) => slice.len(),
            _ => self.buffer.len(),
        };
        if most.is_some_and(|most| length > most) {
            self.text = Collected::TooLong;
        }
    }

    pub(super) fn check_nil(&mut self, frame: &Frame<'x>) {
        let empty = match self.text {
            Collected::Slice(slice) => slice.is_empty(),
            Collected::Buffer => self.buffer.is_empty(),
            Collected::TooLong => false,
        };
        if !empty {
            self.report(frame.offset, Finding::new("cvc-elt.3.2.1", words::nil_not_empty(frame.local())));
        }
    }

    /// Normalises the value of the element that closes, and checks it.
    pub(super) fn check_value(&mut self, number: u32, frame: &Frame<'x>) {
        let simple = self.tables.simple(number);
        count_work(match self.text {
            Collected::Slice(slice) => slice.len(),
            Collected::Buffer => self.buffer.len(),
            Collected::TooLong => 0,
        });
        match self.text {
            Collected::Slice(slice) => match normalise(simple.white_space, slice) {
                Cow::Borrowed(value) => self.text = Collected::Slice(value),
                Cow::Owned(value) => {
                    self.buffer = value;
                    self.text = Collected::Buffer;
                }
            },
            Collected::Buffer => {
                let changed = match normalise(simple.white_space, &self.buffer) {
                    Cow::Borrowed(value) if value.len() == self.buffer.len() => None,
                    value => Some(value.into_owned()),
                };
                self.buffer = changed.unwrap_or_else(|| std::mem::take(&mut self.buffer));
            }
            Collected::TooLong => {}
        }
        if let Some(constraint) =
            frame.declaration.and_then(|number| self.tables.element(number).constraint.as_ref())
            && self.constrain(constraint, number, frame)
        {
            return;
        }
        let value = match self.text {
            Collected::Slice(slice) => Some(slice),
            Collected::Buffer => Some(self.buffer.as_str()),
            Collected::TooLong => None,
        };
        let parent = self.frames.iter().rev().nth(1).map_or("", Frame::local);
        let Some(mut finding) = value::finding(simple, value, parent, frame.local()) else { return };
        if let Some(value) = value {
            let personal = personal::is_personal(self.tables, number, frame.local(), parent, value);
            finding.value = Some((value.to_owned(), personal));
        }
        self.report(frame.offset, finding);
    }

    /// Gives an empty element its default or fixed value (part 1, section 3.3.4), and refuses any other than
    /// the fixed one. Returns whether it was refused.
    fn constrain(&mut self, constraint: &ValueConstraint, simple: u32, frame: &Frame<'x>) -> bool {
        let value = match self.text {
            Collected::Slice(slice) => slice,
            Collected::Buffer => &self.buffer,
            Collected::TooLong => return false,
        };
        if value.is_empty() {
            // It must also fit a type that the document itself names.
            self.buffer = constraint.value.to_string();
            self.text = Collected::Buffer;
            return false;
        }
        if !constraint.fixed || self.tables.simple(simple).same(value, &constraint.value) {
            return false;
        }
        let message = words::not_fixed(frame.local(), &constraint.value);
        self.report(frame.offset, Finding::new("cvc-elt.5.2.2.2", message));
        true
    }
}

fn push_cdata(raw: &str, into: &mut String) {
    if raw.contains('\r') {
        into.push_str(&raw.replace("\r\n", "\n").replace('\r', "\n"));
    } else {
        into.push_str(raw);
    }
}

/// Whether text is white space alone, also when written as references.
fn is_blank(raw: &str, escaping: Escaping) -> bool {
    if raw.bytes().all(is_xml_space) {
        return true;
    }
    if escaping != Escaping::References {
        return false;
    }
    let mut text = String::new();
    unescape_text(raw, &mut text);
    text.bytes().all(is_xml_space)
}
