//! From bytes to messages, and the whole judgement of a document.

use super::{Message, MessageKind, Reader};
use crate::report::{DIAGNOSTICS_MAX, Diagnostic, Report, Severity, Stage, Text};
use crate::rules::{RULES, Violation, check};
use crate::schema::Schemas;
use crate::validate::{Walk, locate};

impl Schemas {
    /// Reads a message that is well-formed and valid by its schema. The rules of the standard are not looked at:
    /// a message that breaks them still gets a retour (see [`crate::rules::check`]).
    ///
    /// The types of messages are those of the bundled schemas; by other schemas a document must be valid too.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the XML or by the schema.
    pub fn decode(&self, xml: &[u8]) -> Result<Message, Report> {
        if !self.is_bundled() {
            let report = self.validate_schema(xml);
            return if report.is_valid() { Self::bundled().decode(xml) } else { Err(report) };
        }
        let mut walk = Walk::new(self, xml);
        let kind = walk.root().and_then(|(namespace, _)| MessageKind::from_namespace(namespace));
        let mut reader = Reader::new(walk);
        let message = kind.and_then(|kind| Message::read(kind, &mut reader));
        let (walk, complete) = reader.into_walk();
        let mut report = walk.finish();
        match message {
            Some(message) if complete && report.is_valid() => Ok(message),
            _ => {
                if report.is_valid() {
                    report.diagnostics.push(beyond_limits());
                }
                Err(report)
            }
        }
    }

    /// Judges a document by XML, by schema and, when it is one of our messages, by the rules that need the message
    /// alone; each layer only when the one before found nothing.
    #[must_use]
    pub fn validate(&self, xml: &[u8]) -> Report {
        let mut report = self.validate_schema(xml);
        if !report.is_valid() {
            return report;
        }
        if let Ok(message) = Self::bundled().decode(xml) {
            add(&mut report, xml, &check(&message));
        } else if self.is_bundled() {
            report.diagnostics.push(beyond_limits());
        }
        report
    }
}

fn add(report: &mut Report, xml: &[u8], violations: &[Violation]) {
    let paths: Vec<String> = violations.iter().map(|violation| violation.path.clone()).collect();
    let positions = locate(xml, &paths);
    let found = violations.iter().zip(positions).map(|(violation, position)| Diagnostic {
        severity: Severity::Error,
        stage: Stage::Rule,
        rule: violation.rule,
        line: position.line,
        column: position.column,
        offset: position.offset,
        path: violation.path.clone(),
        message: violation.message.clone(),
        hint: None,
        value: None,
        personal: true,
        retourcode: RULES.iter().find(|rule| rule.id == violation.rule).map(|rule| rule.retourcode.as_str()),
    });
    report.diagnostics.extend(found);
    report.diagnostics.sort_by_key(|diagnostic| diagnostic.offset);
    report.truncated |= report.diagnostics.len() > DIAGNOSTICS_MAX;
    report.diagnostics.truncate(DIAGNOSTICS_MAX);
}

/// The one thing that a schema allows and a message cannot hold.
fn beyond_limits() -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        stage: Stage::Schema,
        rule: "cvc-datatype-valid",
        line: 1,
        column: 1,
        offset: 0,
        path: "/Bericht".to_owned(),
        message: Text::fixed(
            "Een datum heeft een jaartal dat te groot is om te verwerken.",
            "A date has a year that is too large to be handled.",
        ),
        hint: None,
        value: None,
        personal: true,
        retourcode: None,
    }
}
