//! The walk over a document: tokens in, declared children and faults out.

use std::borrow::Cow;

use super::findings::{Finding, Findings};
use super::frame::{Body, Frame, NONE, body, path};
use super::{personal, value, words};
use crate::report::Report;
use crate::schema::{
    Allowed, Content, Label, Model, Process, Schemas, Tables, TypeRef, UNKNOWN_NAMESPACE, known_message,
    normalise,
};
use crate::xml::{
    Namespaces, Scanner, Token, XmlFault, XmlFaultKind, decode, is_xml_space, split_qname, unescape_text,
};

/// A walk over one document.
pub(crate) struct Walk<'x, 's> {
    pub(super) tables: &'s Tables,
    xml: &'x [u8],
    pub(super) scanner: Scanner<'x>,
    pub(super) namespaces: Namespaces<'x, u16>,
    pub(super) frames: Vec<Frame<'x>>,
    /// For each open element, how often each of its declared children stood in it.
    pub(super) counts: Vec<u32>,
    pub(super) findings: Findings,
    /// Faults of the scanner that are findings already.
    faults_seen: usize,
    text: Collected<'x>,
    buffer: String,
    /// Nothing more can be read, or all is read.
    ended: bool,
    message: Option<(&'static str, &'static str)>,
}

/// The text of the simple element that is open or has just closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Collected<'x> {
    /// A stretch of the document, as it stands there.
    Slice(&'x str),
    /// In the buffer.
    Buffer,
    /// Longer than any value of its type, and no longer collected.
    TooLong,
}

/// What a token meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An element opened; its index among the declarations of its parent's type, if it has one.
    Opened(Option<u16>),
    Closed,
    Nothing,
    Ended,
}

impl<'x, 's> Walk<'x, 's> {
    /// Starts at the beginning of a document.
    pub(crate) fn new(schemas: &'s Schemas, xml: &'x [u8]) -> Self {
        let tables = schemas.tables();
        let limits = schemas.limits();
        let mut findings = Findings::default();
        let (text, ended) = match decode(xml, limits) {
            Ok(text) => (text, false),
            Err(fault) => {
                findings.xml(fault, "/".into());
                ("", true)
            }
        };
        Self {
            tables,
            xml,
            scanner: Scanner::new(text, limits),
            namespaces: Namespaces::new(limits.namespaces, |uri| tables.namespace(uri)),
            frames: Vec::with_capacity(16),
            counts: Vec::with_capacity(128),
            findings,
            faults_seen: 0,
            text: Collected::Slice(""),
            buffer: String::new(),
            ended,
            message: None,
        }
    }

    /// Opens the document element; its namespace and local name. None: not well-formed or not a known
    /// root (fault recorded).
    pub(crate) fn root(&mut self) -> Option<(&'s str, &'s str)> {
        loop {
            match self.step() {
                Step::Opened(_) => break,
                Step::Ended => return None,
                Step::Closed | Step::Nothing => {}
            }
        }
        let tables = self.tables;
        let element = tables.element(self.frames.last()?.declaration?);
        Some((&tables.namespaces[usize::from(element.namespace)], &element.name))
    }

    /// Next declared child of the open element: its index among the element declarations of that element's
    /// type (flattened, in schema order, from 0). None when the open element has ended. Undeclared or
    /// misplaced children are reported and skipped inside and never returned.
    pub(crate) fn child(&mut self) -> Option<u16> {
        let depth = self.frames.len();
        loop {
            match self.step() {
                Step::Opened(Some(index)) => return Some(index),
                Step::Opened(None) => self.close_to(depth),
                Step::Closed | Step::Ended => return None,
                Step::Nothing => {}
            }
        }
    }

    /// The value of the simple-typed element that [`Self::child`] just opened, its white space normalised by
    /// its type; closes it. After a fault the value may be anything.
    pub(crate) fn text(&mut self) -> &str {
        let depth = self.frames.len().saturating_sub(1);
        self.close_to(depth);
        match self.text {
            Collected::Slice(slice) => slice,
            Collected::Buffer => &self.buffer,
            Collected::TooLong => "",
        }
    }

    /// Reads what is left and returns what was found.
    pub(crate) fn finish(mut self) -> Report {
        while self.step() != Step::Ended {}
        let mut report = self.findings.finish(self.xml);
        (report.message, report.release) = self.message.unzip();
        report
    }

    /// Reads on until as many elements are open as before.
    fn close_to(&mut self, depth: usize) {
        while self.frames.len() > depth && self.step() != Step::Ended {}
    }

    /// Reads one token and judges it.
    fn step(&mut self) -> Step {
        if self.ended {
            return Step::Ended;
        }
        let token = self.scanner.next();
        self.collect_faults();
        match token {
            Ok(Token::Start(name)) => self.start(name),
            Ok(Token::End) => {
                self.end();
                Step::Closed
            }
            Ok(Token::Text { raw, plain }) => {
                self.characters(raw, if plain { Escaping::None } else { Escaping::References });
                Step::Nothing
            }
            Ok(Token::Cdata(raw)) => {
                self.characters(raw, Escaping::LineEnds);
                Step::Nothing
            }
            Ok(Token::Eof) => {
                self.ended = true;
                Step::Ended
            }
            Err(fault) => self.stop(fault),
        }
    }

    /// Turns new faults of the scanner into findings.
    fn collect_faults(&mut self) {
        while let Some(fault) = self.scanner.faults().get(self.faults_seen).copied() {
            self.faults_seen += 1;
            let path = path(self.tables, &self.frames);
            self.findings.xml(fault, path);
        }
    }

    fn stop(&mut self, fault: XmlFault) -> Step {
        let path = path(self.tables, &self.frames);
        self.findings.xml(fault, path);
        self.ended = true;
        Step::Ended
    }

    /// Reports a fault of the schema at the innermost open element.
    pub(super) fn report(&mut self, offset: usize, finding: Finding) -> usize {
        let path = path(self.tables, &self.frames);
        self.findings.schema(offset, path, finding)
    }

    fn start(&mut self, name: &'x str) -> Step {
        let tables = self.tables;
        let offset = self.scanner.token_offset();
        let mark = self.namespaces.mark();
        for index in 0..self.scanner.attributes().len() {
            let attribute = self.scanner.attributes()[index];
            if let Err(fault) = self.namespaces.declare(&attribute, |uri| tables.namespace(uri)) {
                if fault.kind == XmlFaultKind::LimitNamespaces {
                    return self.stop(fault);
                }
                self.scanner.record(fault);
            }
        }
        let (prefix, local) = split_qname(name).unwrap_or(("", name));
        let namespace = match self.namespaces.resolve(prefix) {
            Some((_, namespace)) => namespace,
            None => {
                self.scanner.record(XmlFault { kind: XmlFaultKind::Prefix, offset });
                UNKNOWN_NAMESPACE
            }
        };
        self.check_attribute_names();
        let mut frame = Frame::new(name, offset, mark, self.counts.len());
        let (declaration, index, bare) = if self.findings.is_full() {
            // Enough faults are known: what follows is only read for being well-formed.
            (None, None, Body::Skip)
        } else {
            self.place(prefix, namespace, local, &mut frame)
        };
        frame.declaration = declaration;
        let type_ref = declaration.map(|number| tables.element(number).type_ref);
        frame.body = type_ref.map_or(bare, |type_ref| body(tables, type_ref));
        self.frames.push(frame);
        if let Some(type_ref) = type_ref {
            self.check_attributes(type_ref);
        }
        if let Some(frame) = self.frames.last()
            && let Some(model) = self.model(frame.body)
        {
            self.counts.resize(frame.counts + model.declarations.len(), 0);
        }
        self.text = Collected::Slice("");
        self.collect_faults();
        Step::Opened(index)
    }

    /// Decides what an element is in the place where it stands: its declaration, its index for a decoder,
    /// and what it is if it has no declaration.
    fn place(
        &mut self,
        prefix: &str,
        namespace: u16,
        local: &'x str,
        frame: &mut Frame<'x>,
    ) -> (Option<u32>, Option<u16>, Body) {
        let Some(parent) = self.frames.last() else {
            let root = self.root_declaration(prefix, namespace, local, frame.offset);
            return (root, None, Body::Skip);
        };
        match parent.body {
            Body::Elements(_) | Body::Simple(_) if parent.nil => {
                let message = words::nil_not_empty(parent.local());
                self.report(frame.offset, Finding::new("cvc-elt.3.2.1", message));
                (None, None, Body::Skip)
            }
            Body::Elements(complex) => match self.expected(complex, parent.state, prefix, namespace, local) {
                Some((Label::Element(index), target)) => {
                    let (declaration, ordinal) = self.advance(complex, index, target);
                    frame.ordinal = ordinal;
                    (Some(declaration), Some(index), Body::Skip)
                }
                Some((Label::Any(index), target)) => {
                    self.advance_wild(target);
                    let process = self.wildcard(complex, index).1;
                    self.wild(process, namespace, local, frame)
                }
                None => match self.misfit(complex, prefix, namespace, local, frame.offset) {
                    Some((index, target)) => {
                        let (declaration, ordinal) = self.advance(complex, index, target);
                        frame.ordinal = ordinal;
                        (Some(declaration), Some(index), Body::Skip)
                    }
                    None => (None, None, Body::Skip),
                },
            },
            Body::Any => self.wild(Process::Lax, namespace, local, frame),
            Body::Skip => (None, None, Body::Skip),
            Body::Simple(_) | Body::Empty => {
                // The value is spoiled, and said to be once.
                if parent.spoiled {
                    return (None, None, Body::Skip);
                }
                let rule = if parent.body == Body::Empty { "cvc-complex-type.2.1" } else { "cvc-type.3.1.2" };
                let message = words::no_children(parent.local(), local);
                self.report(frame.offset, Finding::new(rule, message));
                if let Some(parent) = self.frames.last_mut() {
                    parent.spoiled = true;
                }
                (None, None, Body::Skip)
            }
        }
    }

    fn root_declaration(&mut self, prefix: &str, namespace: u16, local: &str, offset: usize) -> Option<u32> {
        let uri = self.namespaces.resolve(prefix).map_or_else(String::new, |(uri, _)| uri.to_owned());
        self.message = known_message(&uri);
        let declaration = self.tables.global(namespace, local);
        if declaration.is_none() {
            self.message = None;
            let finding = Finding::new("cvc-elt.1", words::unknown_root(local))
                .with_hint(words::root_hint(&uri, local));
            self.findings.schema(offset, format!("/{}", words::short(local)), finding);
        }
        declaration
    }

    /// What a wildcard lets in.
    fn wild(
        &mut self,
        process: Process,
        namespace: u16,
        local: &str,
        frame: &Frame<'x>,
    ) -> (Option<u32>, Option<u16>, Body) {
        if process == Process::Skip {
            return (None, None, Body::Skip);
        }
        let declaration = self.tables.global(namespace, local);
        if declaration.is_none() && process == Process::Strict {
            self.report(frame.offset, Finding::new("cvc-complex-type.2.4.c", words::undeclared(local)));
            return (None, None, Body::Skip);
        }
        (declaration, None, Body::Any)
    }

    /// The transition that an element takes where it is expected.
    fn expected(
        &self,
        complex: u32,
        state: u16,
        prefix: &str,
        namespace: u16,
        local: &str,
    ) -> Option<(Label, u16)> {
        let tables = self.tables;
        let model = self.model(Body::Elements(complex))?;
        let state = &model.states[usize::from(state)];
        state.edges.iter().find_map(|edge| match edge.label {
            Label::Element(index) => {
                let element = tables.element(model.declarations[usize::from(index)]);
                (element.namespace == namespace && element.name.as_ref() == local)
                    .then_some((edge.label, edge.target))
            }
            Label::Any(index) => {
                let uri = self.namespaces.resolve(prefix).map_or("", |(uri, _)| uri);
                self.wildcard(complex, index).0.contains(uri).then_some((edge.label, edge.target))
            }
        })
    }

    fn wildcard(&self, complex: u32, index: u16) -> (&'s Allowed, Process) {
        match &self.tables.complex(complex).content {
            Content::Elements(model) => {
                let wildcard = &model.wildcards[usize::from(index)];
                (&wildcard.allowed, wildcard.process)
            }
            _ => (&Allowed::Any, Process::Skip),
        }
    }

    pub(super) fn model(&self, body: Body) -> Option<&'s Model> {
        let Body::Elements(complex) = body else { return None };
        match &self.tables.complex(complex).content {
            Content::Elements(model) => Some(model),
            _ => None,
        }
    }

    /// Takes a transition of the open element for a declared child: its declaration and its ordinal.
    fn advance(&mut self, complex: u32, index: u16, target: u16) -> (u32, u32) {
        let declaration =
            self.model(Body::Elements(complex)).map_or(0, |model| model.declarations[usize::from(index)]);
        let Some(parent) = self.frames.last_mut() else { return (declaration, 1) };
        parent.state = target;
        parent.last = index;
        let count = &mut self.counts[parent.counts + usize::from(index)];
        *count = count.saturating_add(1);
        (declaration, *count)
    }

    fn advance_wild(&mut self, target: u16) {
        if let Some(parent) = self.frames.last_mut() {
            parent.state = target;
            parent.last = NONE;
        }
    }

    fn characters(&mut self, raw: &'x str, escaping: Escaping) {
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

    fn end(&mut self) {
        let Some(frame) = self.frames.last().copied() else { return };
        if !self.findings.is_full() {
            match frame.body {
                Body::Simple(_) if frame.nil => self.check_nil(&frame),
                Body::Simple(simple) if !frame.spoiled => self.check_value(simple, &frame),
                Body::Elements(complex) if !frame.nil => self.check_complete(complex, &frame),
                _ => {}
            }
        }
        self.frames.pop();
        self.counts.truncate(frame.counts);
        self.namespaces.restore(frame.namespaces);
    }

    fn check_nil(&mut self, frame: &Frame<'x>) {
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
    fn check_value(&mut self, number: u32, frame: &Frame<'x>) {
        let simple = self.tables.simple(number);
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
        let value = match self.text {
            Collected::Slice(slice) => Some(slice),
            Collected::Buffer => Some(self.buffer.as_str()),
            Collected::TooLong => None,
        };
        let Some(mut finding) = value::finding(simple, value, frame.local()) else { return };
        if let Some(value) = value {
            let parent = self.frames.iter().rev().nth(1).map_or("", Frame::local);
            let personal = personal::is_personal(self.tables, number, frame.local(), parent, value);
            finding.value = Some((value.to_owned(), personal));
        }
        self.report(frame.offset, finding);
    }

    /// Returns whether an element is declared to have a type, or one that it derives from.
    pub(super) fn derives(&self, from: TypeRef, to: TypeRef) -> bool {
        match (from, to) {
            (TypeRef::Simple(from), TypeRef::Simple(to)) => {
                // A chain of bases is at most as long as the schema reader allowed.
                let mut at = Some(from);
                while let Some(number) = at {
                    if number == to {
                        return true;
                    }
                    at = self.tables.simple(number).base;
                }
                false
            }
            (from, to) => from == to || to == TypeRef::Any,
        }
    }
}

/// What must be done to text before it is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escaping {
    None,
    References,
    LineEnds,
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
