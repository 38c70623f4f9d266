//! The walk over a document: tokens in, declared children and faults out.

use super::content::{Collected, Escaping};
use super::findings::{Finding, Findings};
use super::frame::{Body, Frame, body, path};
use super::leap::Leads;
use crate::report::Report;
use crate::schema::{Schemas, Tables, UNKNOWN_NAMESPACE};
use crate::xml::{
    Namespaces, Scanner, Token, XmlFault, XmlFaultKind, decode, split_qname, unescape_attribute,
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
    /// Namespaces of no schema that were reported.
    pub(super) wrong_namespaces: Vec<String>,
    /// Faults of the scanner that are findings already.
    faults_seen: usize,
    pub(super) text: Collected<'x>,
    pub(super) buffer: String,
    pub(super) leads: Leads,
    /// The element that opened last was taken whole: its value is in `text`, and it is closed.
    pub(super) at_leaf: bool,
    /// Nothing more can be read, or all is read.
    pub(super) ended: bool,
    pub(super) message: Option<(&'static str, &'static str)>,
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
            wrong_namespaces: Vec::new(),
            faults_seen: 0,
            text: Collected::Slice(""),
            buffer: String::new(),
            leads: Leads::default(),
            at_leaf: false,
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
        self.note_leads();
        let tables = self.tables;
        let element = tables.element(self.frames.last()?.declaration?);
        Some((&tables.namespaces[usize::from(element.namespace)], &element.name))
    }

    /// Next declared child of the open element: its index among the element declarations of that element's
    /// type (flattened, in schema order, from 0). None when the open element has ended. Undeclared or
    /// misplaced children are reported and skipped inside and never returned.
    pub(crate) fn child(&mut self) -> Option<u16> {
        if std::mem::take(&mut self.at_leaf) {
            return None;
        }
        let depth = self.frames.len();
        loop {
            match self.proceed() {
                Step::Opened(Some(index)) => return Some(index),
                Step::Opened(None) => self.close_to(depth),
                Step::Closed | Step::Ended => return None,
                Step::Nothing => {}
            }
        }
    }

    /// An attribute without namespace of the element that [`Self::child`] just opened.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        // An element that was taken whole has none.
        let attributes = if self.at_leaf { &[] } else { self.scanner.attributes() };
        let found = attributes.iter().find(|attribute| attribute.name == name)?;
        Some(unescape_attribute(found.value).into_owned())
    }

    /// The value of the simple-typed element that [`Self::child`] just opened, its white space normalised by
    /// its type; closes it. After a fault the value may be anything.
    pub(crate) fn text(&mut self) -> &str {
        if !std::mem::take(&mut self.at_leaf) {
            let depth = self.frames.len().saturating_sub(1);
            self.close_to(depth);
        }
        match self.text {
            Collected::Slice(slice) => slice,
            Collected::Buffer => &self.buffer,
            Collected::TooLong => "",
        }
    }

    /// Reads what is left and returns what was found.
    pub(crate) fn finish(mut self) -> Report {
        if self.frames.is_empty() && !self.ended {
            self.root();
        }
        while self.proceed() != Step::Ended {}
        let mut report = self.findings.finish(self.xml);
        (report.message, report.release) = self.message.unzip();
        report
    }

    /// Reads on until as many elements are open as before.
    fn close_to(&mut self, depth: usize) {
        while self.frames.len() > depth && self.proceed() != Step::Ended {}
        self.at_leaf = false;
    }

    /// Goes on, the short way where it can.
    fn proceed(&mut self) -> Step {
        match self.leap() {
            Some(step) => step,
            None => self.step(),
        }
    }

    /// Reads one token and judges it: the long way.
    pub(super) fn step(&mut self) -> Step {
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
}
