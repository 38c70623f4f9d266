//! An envelope judged together with the message in it.

use super::envelope::{Envelope, Vrijbericht, code_of};
use super::payload::PayloadProblem;
use crate::messages::MessageKind;
use crate::report::{Diagnostic, Report, Severity, Stage, Text};
use crate::validate::{Walk, locate};

/// An envelope that was opened.
#[derive(Debug)]
pub struct Unpacked {
    /// The envelope itself; none when it is not valid by its schema.
    pub envelope: Option<Envelope>,
    /// What is wrong with the envelope: XML, schema, and a functie that does not go with it or with the message.
    pub report: Report,
    /// The kind of the message in it, as the functie names it; [`crate::Schemas`] judges the message itself.
    pub carried: Option<MessageKind>,
}

impl Unpacked {
    /// Returns the bytes of the message in it.
    #[must_use]
    pub fn message(&self) -> Option<&[u8]> {
        let (Some(Envelope::Di01(bericht) | Envelope::Du01(bericht)), Some(_)) =
            (&self.envelope, &self.carried)
        else {
            return None;
        };
        let retour = matches!(self.envelope, Some(Envelope::Du01(_)));
        bericht.payload(retour).ok().map(|(_, xml)| xml)
    }
}

/// Returns whether the document element is that of an envelope.
#[must_use]
pub fn is_envelope(xml: &[u8]) -> bool {
    let schemas = super::schemas();
    Walk::new(&schemas, xml).root().is_some_and(|(_, name)| code_of(name).is_some())
}

/// Reads an envelope, judges it, and takes the message out. What is wrong with the message itself is not looked at,
/// but for its document element, which the functie names.
#[must_use]
pub fn unpack(xml: &[u8]) -> Unpacked {
    let envelope = match Envelope::read(xml) {
        Ok(envelope) => envelope,
        Err(report) => return Unpacked { envelope: None, report, carried: None },
    };
    let mut report = super::validate(xml);
    let carried = match &envelope {
        Envelope::Di01(bericht) => carried(bericht, false),
        Envelope::Du01(bericht) => carried(bericht, true),
        Envelope::Bv03(_) | Envelope::Bv04(_) | Envelope::Fo01(_) | Envelope::Fo03(_) => Ok(None),
    };
    let carried = match carried {
        Ok(carried) => carried,
        Err(fault) => {
            report.diagnostics.push(fault.diagnostic(xml, &envelope));
            None
        }
    };
    Unpacked { envelope: Some(envelope), report, carried }
}

/// What is wrong between an envelope and its message.
enum Fault {
    Payload(PayloadProblem),
    /// The message is of another kind than the functie says.
    OtherKind(MessageKind),
}

fn carried(bericht: &Vrijbericht, retour: bool) -> Result<Option<MessageKind>, Fault> {
    let (kind, xml) = bericht.payload(retour).map_err(Fault::Payload)?;
    let schemas = crate::Schemas::bundled();
    let root =
        Walk::new(&schemas, xml).root().and_then(|(namespace, _)| MessageKind::from_namespace(namespace));
    match root {
        // What is no message at all is for its own report to say.
        Some(found) if found != kind => Err(Fault::OtherKind(kind)),
        _ => Ok(Some(kind)),
    }
}

impl Fault {
    fn diagnostic(&self, xml: &[u8], envelope: &Envelope) -> Diagnostic {
        let (code, at, message) = match self {
            Self::Payload(problem) => (problem.stuf_code(), problem.element(), problem.text()),
            Self::OtherKind(kind) => (
                "StUF055",
                "parameters/bericht/xmlBestand",
                Text::owned(
                    format!("Het bericht in de envelop is geen {}, zoals functie zegt.", kind.name()),
                    format!("The message in the envelope is no {}, as functie says.", kind.name()),
                ),
            ),
        };
        let root = match envelope {
            Envelope::Du01(_) => "envelopRetourbericht-ggk_Du01",
            _ => "envelopHeenbericht-ggk_Di01",
        };
        let path = format!("/{root}/{at}");
        let position = locate(xml, std::slice::from_ref(&path)).pop().unwrap_or_default();
        Diagnostic {
            severity: Severity::Error,
            stage: Stage::Rule,
            rule: code,
            line: position.line,
            column: position.column,
            offset: position.offset,
            path,
            message,
            hint: None,
            value: None,
            // A functie is free text.
            personal: true,
            retourcode: None,
        }
    }
}

impl PayloadProblem {
    const fn element(self) -> &'static str {
        match self {
            Self::FunctieUnknown | Self::FunctieMisplaced => "stuurgegevens/functie",
            Self::NotXml => "parameters/bericht/tekstBestand",
            Self::Empty => "parameters/bericht/xmlBestand",
        }
    }

    const fn text(self) -> Text {
        match self {
            Self::FunctieUnknown => Text::fixed(
                "functie is geen bericht van de standaard, zoals WMO301: hoofdletters, zonder versie.",
                "functie is no message of the standard, as WMO301: capitals, without version.",
            ),
            Self::FunctieMisplaced => Text::fixed(
                "Een heenbericht gaat in een Di01, een retourbericht in een Du01.",
                "A heenbericht goes in a Di01, a retourbericht in a Du01.",
            ),
            Self::NotXml => Text::fixed(
                "Het bestand in de envelop is geen XML-bericht.",
                "The file in the envelope is no XML message.",
            ),
            Self::Empty => Text::fixed("De envelop is leeg.", "The envelope is empty."),
        }
    }
}
