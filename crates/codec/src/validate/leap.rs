//! The short way over what is as expected.
//!
//! The schema says which tags may come next, and the document element says by which prefixes. So the bytes are
//! compared with those tags before anything else is done with them: a whole element with its value is taken in
//! one leap, the start or the end of one with children in another. Whatever is not exactly as expected (an
//! attribute, a reference, a comment, a value that is not at once seen to be right, another order) leaves
//! everything as it was, and the long way is taken from the same place. So a leap finds no faults and the
//! verdict does not depend on it.

use super::content::Collected;
use super::frame::{Body, Frame};
use super::walk::{Step, Walk};
use crate::schema::{Expected, Kind, SimpleType, UNKNOWN_NAMESPACE, Word, normalise};
use crate::xml::{count_work, plain_length};

/// Known namespaces whose prefixes are remembered; a message has two, an envelope three.
const LEADS_MAX: usize = 4;

/// A namespace and how the names in it begin in this document.
#[derive(Clone, Copy, Debug, Default)]
struct Lead {
    namespace: u16,
    /// Prefix and colon, or nothing.
    word: Word,
    length: usize,
}

/// How names begin in this document.
#[derive(Debug, Default)]
pub(super) struct Leads {
    leads: [Lead; LEADS_MAX],
    count: usize,
    /// The height of the stack of namespaces for which this holds.
    mark: Option<usize>,
}

impl Leads {
    fn get(&self, namespace: u16) -> Option<&Lead> {
        self.leads[..self.count].iter().find(|lead| lead.namespace == namespace)
    }
}

impl<'x> Walk<'x, '_> {
    /// Notes the prefixes that are bound when the document element has opened.
    pub(super) fn note_leads(&mut self) {
        let mut leads = Leads { mark: Some(self.namespaces.mark()), ..Leads::default() };
        for (prefix, namespace) in self.namespaces.in_force() {
            let length = if prefix.is_empty() { 0 } else { prefix.len() + 1 };
            if namespace == UNKNOWN_NAMESPACE
                || length > Word::LENGTH
                || leads.count == LEADS_MAX
                || leads.get(namespace).is_some()
            {
                continue;
            }
            let mut text = [b':'; Word::LENGTH];
            text[..prefix.len()].copy_from_slice(prefix.as_bytes());
            leads.leads[leads.count] = Lead { namespace, word: Word::new(&text[..length]), length };
            leads.count += 1;
        }
        self.leads = leads;
    }

    /// Takes what comes next in one leap, if it is as expected.
    #[inline]
    pub(super) fn leap(&mut self) -> Option<Step> {
        if self.ended || self.leads.mark != Some(self.namespaces.mark()) || self.findings.is_full() {
            return None;
        }
        let frame = self.frames.last()?;
        let model = self.model(frame.body)?;
        if frame.nil {
            return None;
        }
        let rest = self.scanner.rest()?;
        let start = rest.len() - skip_space(rest).len();
        let tag = rest[start..].strip_prefix(b"<")?;
        let state = &model.states[usize::from(frame.state)];
        count_work(start + state.expected.len());
        if let Some(name) = tag.strip_prefix(b"/") {
            // The document element ends the long way, and so does what is not complete.
            if state.distance > 0 || self.frames.len() < 2 {
                return None;
            }
            let name = name.strip_prefix(frame.name.as_bytes())?;
            if name.first() != Some(&b'>') {
                return None;
            }
            let (counts, length) = (frame.counts, start + "</>".len() + frame.name.len());
            self.scanner.shut(length);
            self.frames.pop();
            self.counts.truncate(counts);
            return Some(Step::Closed);
        }
        let mut lead = Lead::default();
        let mut at: Option<&[u8]> = None;
        for expected in &state.expected {
            if at.is_none() || lead.namespace != expected.namespace {
                lead = *self.leads.get(expected.namespace)?;
                at = Some(if lead.word.starts(tag) { &tag[lead.length..] } else { &[] });
            }
            if !at.is_some_and(|name| expected.is_at(name)) {
                continue;
            }
            return match expected.kind {
                Kind::Leaf(simple) => {
                    let simple = self.tables.simple(simple);
                    self.leap_over(expected, simple, &lead, start)
                }
                Kind::Class(complex) => self.leap_into(expected, complex, &lead, start),
                Kind::Other => None,
            };
        }
        None
    }

    /// An element with a value, start tag to end tag.
    #[inline]
    fn leap_over(
        &mut self,
        expected: &Expected,
        simple: &SimpleType,
        lead: &Lead,
        start: usize,
    ) -> Option<Step> {
        if self.scanner.is_at_depth_limit() {
            return None;
        }
        let rest = self.scanner.rest()?;
        let from = start + "<".len() + lead.length + expected.length;
        let length = plain_length(&rest[from..]);
        count_work(length);
        let end = rest[from + length..].strip_prefix(b"</")?;
        if !(lead.word.starts(end) && expected.is_at(&end[lead.length..])) {
            return None;
        }
        let raw = self.scanner.text(from, length);
        if simple.quick.accepts(raw) {
            self.text = Collected::Slice(raw);
        } else {
            // What must be changed before it is a value goes the long way.
            let std::borrow::Cow::Borrowed(value) = normalise(simple.white_space, raw) else { return None };
            if simple.check(value).is_err() {
                return None;
            }
            self.text = Collected::Slice(value);
        }
        self.scanner.leap(from + length + "</".len() + lead.length + expected.length);
        self.take(expected);
        self.at_leaf = true;
        Some(Step::Opened(Some(expected.index)))
    }

    /// The start tag of an element with children.
    fn leap_into(&mut self, expected: &Expected, complex: u32, lead: &Lead, start: usize) -> Option<Step> {
        if self.scanner.is_at_depth_limit() {
            return None;
        }
        let model = self.model(Body::Elements(complex))?;
        let name = self.scanner.text(start + 1, lead.length + expected.length - 1);
        let offset = self.scanner.offset() + start;
        self.scanner.open(name, start + "<".len() + lead.length + expected.length);
        let ordinal = self.take(expected);
        let mut frame = Frame::new(name, offset, self.namespaces.mark(), self.counts.len());
        frame.declaration = Some(expected.declaration);
        frame.body = Body::Elements(complex);
        frame.ordinal = ordinal;
        self.counts.resize(frame.counts + model.declarations.len(), 0);
        self.frames.push(frame);
        self.text = Collected::Slice("");
        Some(Step::Opened(Some(expected.index)))
    }

    /// Notes in the open element that a child came; how many of its name there are now.
    fn take(&mut self, expected: &Expected) -> u32 {
        let Some(parent) = self.frames.last_mut() else { return 1 };
        parent.state = expected.target;
        parent.last = expected.index;
        let count = &mut self.counts[parent.counts + usize::from(expected.index)];
        *count = count.saturating_add(1);
        *count
    }
}

fn skip_space(bytes: &[u8]) -> &[u8] {
    let length = bytes.iter().position(|byte| !crate::xml::is_xml_space(*byte)).unwrap_or(bytes.len());
    &bytes[length..]
}
