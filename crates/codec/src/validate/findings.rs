//! Collects findings, and gives them their places at the end.

use super::words;
use crate::Private;
use crate::report::{DIAGNOSTICS_MAX, Diagnostic, Position, Report, Severity, Stage, Text};
use crate::xml::XmlFault;

/// Characters of an offending value that are kept.
const VALUE_CHARS_MAX: usize = 200;

/// The findings so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    schema: Vec<Diagnostic>,
    xml: Vec<Diagnostic>,
    truncated: bool,
}

/// A fault against the schema, before it has a place.
pub(super) struct Finding {
    pub(super) rule: &'static str,
    pub(super) message: Text,
    pub(super) hint: Option<Text>,
    pub(super) value: Option<(String, bool)>,
}

impl Finding {
    pub(super) fn new(rule: &'static str, message: Text) -> Self {
        Self { rule, message, hint: None, value: None }
    }

    pub(super) fn with_hint(mut self, hint: Option<Text>) -> Self {
        self.hint = hint;
        self
    }
}

impl Findings {
    /// Returns whether no more findings of the schema are wanted.
    pub(super) fn is_full(&self) -> bool {
        self.truncated
    }

    /// Adds a fault against the schema and returns its number.
    pub(super) fn schema(&mut self, offset: usize, path: String, finding: Finding) -> usize {
        if self.schema.len() >= DIAGNOSTICS_MAX {
            self.truncated = true;
            return self.schema.len();
        }
        let personal = finding.value.as_ref().is_none_or(|(_, personal)| *personal);
        self.schema.push(Diagnostic {
            severity: Severity::Error,
            stage: Stage::Schema,
            rule: finding.rule,
            line: 0,
            column: 0,
            offset,
            path,
            message: finding.message,
            hint: finding.hint,
            value: finding
                .value
                .map(|(value, _)| Private::new(value.chars().take(VALUE_CHARS_MAX).collect())),
            personal,
            retourcode: None,
        });
        self.schema.len() - 1
    }

    /// Says better what an earlier fault was.
    pub(super) fn reword(&mut self, number: usize, message: Text) {
        if let Some(diagnostic) = self.schema.get_mut(number) {
            diagnostic.message = message;
        }
    }

    /// Adds a fault of the XML.
    pub(super) fn xml(&mut self, fault: XmlFault, path: String) {
        if self.xml.len() >= DIAGNOSTICS_MAX {
            self.truncated = true;
            return;
        }
        self.xml.push(Diagnostic {
            severity: Severity::Error,
            stage: Stage::Xml,
            rule: fault.kind.rule(),
            line: 0,
            column: 0,
            offset: fault.offset,
            path,
            message: fault.kind.text(),
            hint: words::xml_hint(fault.kind),
            value: None,
            personal: true,
            retourcode: None,
        });
    }

    /// Returns the report. The schema is only judged where the XML is well-formed.
    pub(super) fn finish(self, xml: &[u8]) -> Report {
        let mut diagnostics = if self.xml.is_empty() { self.schema } else { self.xml };
        // Faults of one element may be found after those of its children.
        diagnostics.sort_by_key(|diagnostic| diagnostic.offset);
        let offsets: Vec<usize> = diagnostics.iter().map(|diagnostic| diagnostic.offset).collect();
        for (diagnostic, position) in diagnostics.iter_mut().zip(positions(xml, &offsets)) {
            diagnostic.line = position.line;
            diagnostic.column = position.column;
        }
        Report { diagnostics, truncated: self.truncated, ..Report::default() }
    }
}

/// Returns lines and columns for offsets in ascending order, in one pass.
pub(super) fn positions(xml: &[u8], offsets: &[usize]) -> Vec<Position> {
    let (mut line, mut column, mut at) = (1_u32, 1_u32, 0_usize);
    // The byte order mark is no character of the document.
    if xml.starts_with(&[0xEF, 0xBB, 0xBF]) {
        at = 3;
    }
    let mut positions = Vec::with_capacity(offsets.len());
    for &offset in offsets {
        while at < offset.min(xml.len()) {
            match xml[at] {
                b'\n' => {
                    line = line.saturating_add(1);
                    column = 1;
                }
                // CR LF is one line end (XML 1.0 section 2.11).
                b'\r' if xml.get(at + 1) != Some(&b'\n') => {
                    line = line.saturating_add(1);
                    column = 1;
                }
                // Bytes within a character count for nothing.
                0x80..=0xBF => {}
                _ => column = column.saturating_add(1),
            }
            at += 1;
        }
        positions.push(Position { offset, line, column });
    }
    positions
}
