//! What a validation found.

use std::borrow::Cow;

use crate::Private;

/// The most findings a [`Report`] holds; the rest is counted as [`Report::truncated`].
pub const DIAGNOSTICS_MAX: usize = 200;

/// A language people read findings in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Dutch.
    #[default]
    Nl,
    /// English.
    En,
}

/// A sentence in the two languages, never with a personal value in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Dutch.
    pub nl: Cow<'static, str>,
    /// English.
    pub en: Cow<'static, str>,
}

impl Text {
    /// Returns a text that is known beforehand.
    #[must_use]
    pub const fn fixed(nl: &'static str, en: &'static str) -> Self {
        Self { nl: Cow::Borrowed(nl), en: Cow::Borrowed(en) }
    }

    /// Returns a text made of parts.
    #[must_use]
    pub fn owned(nl: String, en: String) -> Self {
        Self { nl: Cow::Owned(nl), en: Cow::Owned(en) }
    }

    /// Returns the text in one language.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Nl => &self.nl,
            Lang::En => &self.en,
        }
    }
}

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

/// A place in a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Bytes from the start of the document.
    pub offset: usize,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
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
    /// Bytes from the start of the document.
    pub offset: usize,
    /// The element, as `/Bericht/Client/Bsn`; elements that may repeat have `[n]`, from 1.
    pub path: String,
    /// What is wrong, in terms of the standard; never the value itself.
    pub message: Text,
    /// What to do about it, for common mistakes.
    pub hint: Option<Text>,
    /// The offending value, where there is one.
    pub value: Option<Private<String>>,
    /// Whether [`Diagnostic::value`] may be personal: false only for types known to be harmless, as
    /// code lists and numbers of toewijzingen.
    pub personal: bool,
    /// The retourcode of the rule; none outside [`Stage::Rule`] (IV032).
    pub retourcode: Option<&'static str>,
}

impl Diagnostic {
    /// Returns the offending value if it may be shown: always with `personal_data`, otherwise only when
    /// its type is known not to be personal.
    #[must_use]
    pub fn shown_value(&self, personal_data: bool) -> Option<&str> {
        let value = self.value.as_ref()?;
        (personal_data || !self.personal).then(|| value.expose().as_str())
    }
}

/// Everything a validation found, in document order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The kind of message, as `WMO305`; none when the document element is not one of ours.
    pub message: Option<&'static str>,
    /// The release it belongs to, as `iWmo 3.2`.
    pub release: Option<&'static str>,
    /// The findings, at most [`DIAGNOSTICS_MAX`].
    pub diagnostics: Vec<Diagnostic>,
    /// Whether there were more findings than [`DIAGNOSTICS_MAX`].
    pub truncated: bool,
}

impl Report {
    /// Returns whether nothing that makes the message invalid was found.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Error)
    }

    /// Returns the layer that stopped the message: that of the first error.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        self.diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .map(|diagnostic| diagnostic.stage)
            .min()
    }
}
