//! What is wrong with a configuration, and what to do about it.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use iwmo_codec::{Severity, Text};

/// Returns a sentence in both languages of the program.
pub(super) fn said(nl: impl Into<Cow<'static, str>>, en: impl Into<Cow<'static, str>>) -> Text {
    Text { nl: nl.into(), en: en.into() }
}

/// The kinds of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum MistakeKind {
    /// Two settings do not go together.
    Conflict,
    /// Two things have what only one may have.
    Duplicate,
    /// A required setting is not there.
    MissingKey,
    /// The setting works, but is risky.
    Risky,
    /// The file is not TOML here.
    Syntax,
    /// The value is of the right type, but not possible.
    UnusableValue,
    /// The file that is named cannot be used.
    UnusableFile,
    /// There is no such setting.
    UnknownKey,
    /// Something is named that is not configured.
    UnknownName,
    /// The value is of another type.
    WrongType,
}

impl MistakeKind {
    /// Returns the name that stands in JSON output; it never changes meaning.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Duplicate => "duplicate",
            Self::MissingKey => "missing-key",
            Self::Risky => "risky",
            Self::Syntax => "syntax",
            Self::UnusableValue => "unusable-value",
            Self::UnusableFile => "unusable-file",
            Self::UnknownKey => "unknown-key",
            Self::UnknownName => "unknown-name",
            Self::WrongType => "wrong-type",
        }
    }

    /// Returns whether a mistake of this kind may only be there because something else was not read.
    pub(super) const fn may_follow_from_syntax(self) -> bool {
        matches!(self, Self::Conflict | Self::MissingKey | Self::UnknownName)
    }

    /// Returns how bad mistakes of this kind are: with an error the daemon does not start.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Risky => Severity::Warning,
            Self::Conflict
            | Self::Duplicate
            | Self::MissingKey
            | Self::Syntax
            | Self::UnusableValue
            | Self::UnusableFile
            | Self::UnknownKey
            | Self::UnknownName
            | Self::WrongType => Severity::Error,
        }
    }
}

/// A mistake as programs read it, on standard output and through the control socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MistakeView {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// `error` or `warning`.
    pub severity: String,
    /// The name of the kind.
    pub code: String,
    /// The setting.
    pub key: String,
    /// What is wrong, in Dutch.
    pub message: String,
    /// What is wrong, in English.
    pub message_en: String,
    /// What to do, in Dutch.
    pub hint: String,
    /// What to do, in English.
    pub hint_en: String,
}

impl MistakeView {
    /// Returns a mistake in a configuration whose own file is `own`.
    #[must_use]
    pub fn new(mistake: &Mistake, own: &Path) -> Self {
        let severity = match mistake.kind.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let (message, hint) = (&mistake.message, &mistake.hint);
        Self {
            file: mistake.file.as_deref().unwrap_or(own).display().to_string(),
            line: mistake.line,
            column: mistake.column,
            severity: severity.to_owned(),
            code: mistake.kind.code().to_owned(),
            key: mistake.key.clone(),
            message: message.nl.clone().into_owned(),
            message_en: message.en.clone().into_owned(),
            hint: hint.nl.clone().into_owned(),
            hint_en: hint.en.clone().into_owned(),
        }
    }
}

/// One mistake, with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What kind of mistake.
    pub kind: MistakeKind,
    /// The file; none: the configuration itself.
    pub file: Option<PathBuf>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The setting, as `partner[2].url`; empty for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub message: Text,
    /// What to do.
    pub hint: Text,
}
