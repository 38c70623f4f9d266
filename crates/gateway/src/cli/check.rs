//! `iwmo check-config`: every mistake in a configuration at once.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{Format, Found, Outcome, Terminal};
use crate::config::{self, Checked, MistakeView};

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
        let checked = config::check(&self.file)?;
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => {
                for mistake in &checked.mistakes {
                    let view = MistakeView::new(mistake, &self.file);
                    writeln!(out, "{}", serde_json::to_string(&view).map_err(io::Error::from)?)?;
                }
            }
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
        mistake_text(out, &MistakeView::new(mistake, file), terminal)?;
    }
    if checked.mistakes.is_empty() {
        writeln!(out, "{}: {}", file.display(), terminal.say("in orde", "all is well"))?;
    }
    Ok(())
}

/// Writes one mistake as text.
pub(super) fn mistake_text(
    out: &mut impl Write,
    mistake: &MistakeView,
    terminal: &Terminal,
) -> io::Result<()> {
    let (word, style) = match mistake.severity.as_str() {
        "error" => (terminal.say("fout", "error"), "31"),
        _ => (terminal.say("waarschuwing", "warning"), "33"),
    };
    let word = terminal.style(style, word);
    let MistakeView { file, line, column, key, .. } = mistake;
    let message = terminal.say(&mistake.message, &mistake.message_en);
    // What is no TOML is under no key.
    let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
    writeln!(out, "{file}:{line}:{column}: {word}: {key}{message}")?;
    writeln!(out, "    {}", terminal.say(&mistake.hint, &mistake.hint_en))
}
