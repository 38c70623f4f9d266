//! `iwmo check-config`: every mistake in a configuration at once.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::output::{Failure, Format, Found, Outcome, Terminal};
use crate::config::{self, Checked, Severity};

/// Check a configuration file and everything it names
#[derive(Debug, Args)]
pub(super) struct CheckConfig {
    /// The configuration
    file: PathBuf,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl CheckConfig {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let checked = config::check(&self.file).map_err(|error| Failure::new(error.to_string()))?;
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => json_lines(&mut out, &self.file, &checked)?,
            Format::Text => text(&mut out, &self.file, &checked, terminal)?,
        }
        Ok(if checked.mistakes.is_empty() { Found::AllWell } else { Found::Something })
    }
}

/// Writes every mistake as text.
pub(super) fn text(
    out: &mut impl Write,
    file: &Path,
    checked: &Checked,
    terminal: &Terminal,
) -> io::Result<()> {
    for mistake in &checked.mistakes {
        let (word, style) = match mistake.kind.severity() {
            Severity::Error => (terminal.say("fout", "error"), "31"),
            Severity::Warning => (terminal.say("waarschuwing", "warning"), "33"),
        };
        let message = terminal.say(&mistake.message.nl, &mistake.message.en);
        let hint = terminal.say(&mistake.hint.nl, &mistake.hint.en);
        let file = mistake.file.as_deref().unwrap_or(file);
        let place = format!("{}:{}:{}", file.display(), mistake.line, mistake.column);
        let word = terminal.style(style, word);
        writeln!(out, "{place}: {word}: {}: {message}", mistake.key)?;
        writeln!(out, "    {hint}")?;
    }
    if checked.mistakes.is_empty() {
        writeln!(out, "{}: {}", file.display(), terminal.say("in orde", "all is well"))?;
    }
    Ok(())
}

fn json_lines(out: &mut impl Write, file: &Path, checked: &Checked) -> io::Result<()> {
    for mistake in &checked.mistakes {
        let severity = match mistake.kind.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let line = json!({
            "file": mistake.file.as_deref().unwrap_or(file).display().to_string(),
            "line": mistake.line,
            "column": mistake.column,
            "severity": severity,
            "code": mistake.kind.code(),
            "key": mistake.key,
            "message": mistake.message.nl,
            "message_en": mistake.message.en,
            "hint": mistake.hint.nl,
            "hint_en": mistake.hint.en,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}
