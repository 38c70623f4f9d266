//! What a validation found.

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The message is invalid.
    Error,
    /// The message is valid, but something is odd.
    Warning,
}

/// The layer that found it; each layer is only entered when the one before found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Not well-formed, or refused before parsing.
    Xml,
    /// Breaks the schema.
    Schema,
    /// Breaks a rule of the standard that can be judged from the message alone.
    Rule,
}

/// One finding, with its place in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The layer that found it.
    pub stage: Stage,
    /// The XSD rule name (`cvc-…`), an XML class (`xml-…`) or the standard's rule id.
    pub rule: &'static str,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The element, as `/Bericht/Client/Bsn`; repeated elements have `[n]`, from 1.
    pub path: String,
    /// The retourcode of the rule; none outside [`Stage::Rule`] (IV032).
    pub retourcode: Option<&'static str>,
}

/// Everything a validation found, in document order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings, at most 200.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Returns whether nothing that makes the message invalid was found.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error)
    }
}
