//! From bytes to messages, and the whole judgement of a document.

use super::{Message, MessageKind, Reader};
use crate::report::{DIAGNOSTICS_MAX, Diagnostic, Report, Severity, Stage, Text};
use crate::rules::outside::Outside;
use crate::rules::{Violation, all, check, check_outside};
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
            let ours = Self::bundled().with_bytes_max(self.limits().bytes);
            return if report.is_valid() { ours.decode(xml) } else { Err(report) };
        }
        match self.read(xml) {
            (Some(message), _) => Ok(message),
            (None, mut report) => {
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
        self.validate_with(xml, &Outside::default())
    }

    /// As [`Schemas::validate`], and by the rules that the date or a list of codes is enough for, as far as these are
    /// there.
    #[must_use]
    pub fn validate_with(&self, xml: &[u8], outside: &Outside) -> Report {
        let judge = |message: &Message| {
            let mut violations = check(message);
            violations.extend(check_outside(message, outside));
            violations
        };
        if !self.is_bundled() {
            let mut report = self.validate_schema(xml);
            if report.is_valid()
                && let Ok(message) = Self::bundled().with_bytes_max(self.limits().bytes).decode(xml)
            {
                add(&mut report, xml, &judge(&message));
            }
            return report;
        }
        let (message, mut report) = self.read(xml);
        match message {
            Some(message) => add(&mut report, xml, &judge(&message)),
            None if report.is_valid() => report.diagnostics.push(beyond_limits()),
            None => {}
        }
        report
    }

    /// Reads a message by the bundled schemas, with what is wrong with it; there is none when something is, or
    /// when it holds a value that a message cannot.
    fn read(&self, xml: &[u8]) -> (Option<Message>, Report) {
        let mut walk = Walk::new(self, xml);
        let kind = walk.root().and_then(|(namespace, _)| MessageKind::from_namespace(namespace));
        let mut reader = Reader::new(walk);
        let message = kind.and_then(|kind| Message::read(kind, &mut reader));
        let (walk, complete) = reader.into_walk();
        let report = walk.finish();
        (message.filter(|_| complete && report.is_valid()), report)
    }
}

impl Report {
    /// Returns what a valid message is told when it breaks rules: each violation with its place in the document.
    #[must_use]
    pub fn of_rules(message: &Message, xml: &[u8], violations: &[Violation]) -> Self {
        let kind = message.kind();
        let mut report =
            Self { message: Some(kind.name()), release: Some(kind.release().as_str()), ..Self::default() };
        add(&mut report, xml, violations);
        report
    }
}

fn add(report: &mut Report, xml: &[u8], violations: &[Violation]) {
    if violations.is_empty() {
        return;
    }
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
        retourcode: all().find(|rule| rule.id == violation.rule).map(|rule| rule.retourcode.as_str()),
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
