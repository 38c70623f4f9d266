//! How commands speak: where output goes, in which language and form, and with which exit code.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use jiff::civil::Date;

use crate::config;

/// The language of what people read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Dutch.
    #[default]
    Nl,
    /// English.
    En,
}

impl Lang {
    /// Returns the text in this language.
    #[must_use]
    pub fn pick<'t>(self, nl: &'t str, en: &'t str) -> &'t str {
        match self {
            Lang::Nl => nl,
            Lang::En => en,
        }
    }
}

impl From<Lang> for iwmo_codec::Lang {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Nl => Self::Nl,
            Lang::En => Self::En,
        }
    }
}

/// When to colour what people read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// When standard output is a terminal and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The form of a reading command's output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people; may change.
    #[default]
    Text,
    /// One JSON object a line; stable names.
    Json,
}

/// What a command found, as its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Done, and all is well: exit code 0.
    AllWell,
    /// Done, and something was found: exit code 1.
    Something,
}

/// Why a command could not run: exit code 2.
#[derive(Debug)]
pub struct Failure {
    /// One line: what could not be done, naming the file or id.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    closed_pipe: bool,
}

impl Failure {
    /// A failure with its first line.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, closed_pipe: false }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Refuses a period that ends before it begins: an empty list would say that nothing happened.
pub(super) fn period<T: PartialOrd>(
    from: Option<&T>,
    to: Option<&T>,
    (begin, end): (&str, &str),
) -> Result<(), Failure> {
    match (from, to) {
        (Some(from), Some(to)) if from > to => {
            Err(Failure::new(format!("{begin} lies after {end}")).hint("exchange them"))
        }
        _ => Ok(()),
    }
}

/// A file or folder that cannot be read, with what to do about it.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => {
            "check the name; one that does not begin with / is looked for in this folder"
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not read it: run this as its owner, or give the right to"
        }
        io::ErrorKind::IsADirectory => "this is a folder: name a file in it",
        io::ErrorKind::InvalidData => "it must be a text in UTF-8",
        _ => "check that the disk is there and that this user may read it",
    };
    Failure::new(format!("cannot read {}: {error}", path.display())).hint(hint)
}

/// A file or folder that cannot be written, with what to do about it.
pub(super) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "name a file in a folder that is there",
        io::ErrorKind::AlreadyExists => {
            "nothing is overwritten: give another name, or move away what is there"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "this user may not write there"
        }
        _ => "check that the disk is there and has room",
    };
    Failure::new(format!("cannot write {}: {error}", path.display())).hint(hint)
}

/// A day on a command line.
pub(super) fn day(text: &str) -> Result<Date, &'static str> {
    text.parse().map_err(|_| "no day; write one as 2026-11-25")
}

impl From<config::Unreadable> for Failure {
    fn from(error: config::Unreadable) -> Self {
        unreadable(&error.path, &error.source)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<crate::lists::ListsError> for Failure {
    fn from(error: crate::lists::ListsError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let closed_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self { message: error.to_string(), hint: None, closed_pipe }
    }
}

/// What a command returns.
pub type Outcome = Result<Found, Failure>;

/// The terminal as a command sees it.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// The language of what people read.
    pub lang: Lang,
    /// Whether to colour.
    pub color: bool,
}

impl Terminal {
    /// Decides on colour once, from the flag and the environment.
    #[must_use]
    pub fn new(lang: Lang, color: Color) -> Self {
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::env::var_os("NO_COLOR").is_none() && io::stdout().is_terminal(),
        };
        Self { lang, color }
    }

    /// Returns the text in the chosen language.
    #[must_use]
    pub fn say<'t>(&self, nl: &'t str, en: &'t str) -> &'t str {
        self.lang.pick(nl, en)
    }

    /// Tells a person that a list is empty, where no program takes it for a row. An empty list is no fault.
    ///
    /// # Errors
    ///
    /// Standard error is closed.
    pub fn nothing_found(&self) -> io::Result<()> {
        writeln!(io::stderr().lock(), "{}", self.say("niets gevonden", "nothing found"))
    }

    /// Says on standard error that a list has more than it was to show.
    ///
    /// # Errors
    ///
    /// Standard error is closed.
    pub fn there_is_more(&self) -> io::Result<()> {
        writeln!(io::stderr().lock(), "{}", self.say("er is meer; zie --limit", "there is more; see --limit"))
    }

    /// Wraps a text in an ANSI style when colour is on.
    #[must_use]
    pub fn style(&self, ansi: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{ansi}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Turns what a command returned into the exit code, the reason on standard error.
pub(super) fn finish(outcome: Outcome, terminal: &Terminal) -> ExitCode {
    match outcome {
        Ok(Found::AllWell) => ExitCode::SUCCESS,
        Ok(Found::Something) => ExitCode::from(1),
        // Somebody closed the pipe: they have seen enough.
        Err(failure) if failure.closed_pipe => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure, terminal);
            ExitCode::from(2)
        }
    }
}

/// Says on standard error what went wrong, and what to do.
pub(super) fn complain(failure: &Failure, terminal: &Terminal) {
    let mut stderr = io::stderr().lock();
    // Standard error may be closed; there is nowhere left to say so.
    let _ = writeln!(stderr, "iwmo: {}", failure.message);
    if let Some(hint) = &failure.hint {
        let _ = writeln!(stderr, "  {}: {hint}", terminal.say("wat te doen", "what to do"));
    }
}
