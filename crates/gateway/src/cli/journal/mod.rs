//! `iwmo journal`: everything received, decided, sent and delivered.

mod evidence;
mod export;
mod filter;
mod list;
mod show;
mod tail;
mod verify;

pub(super) use evidence::KEPT_KEY;
pub(super) use filter::read_bsn;

use std::io::{self, Write};

use clap::{Args, Subcommand};

use super::output::{Failure, Format, Outcome, Terminal};
use crate::journal::Entry;
use crate::view::{self, EntryView};

/// Show, export and verify the journal: the record of everything received, decided, sent and delivered
#[derive(Debug, Args)]
pub(super) struct JournalCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(list::List),
    Show(show::Show),
    Tail(tail::Tail),
    Export(export::Export),
    Verify(verify::Verify),
}

impl JournalCommand {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        match self.verb {
            Verb::List(list) => list.run(terminal),
            Verb::Show(show) => show.run(terminal),
            Verb::Tail(tail) => tail.run(),
            Verb::Export(export) => export.run(terminal),
            Verb::Verify(verify) => verify.run(terminal),
        }
    }
}

/// Returns an entry without the message in it.
fn summary(entry: &Entry) -> Result<EntryView, Failure> {
    view::summarize(entry).map_err(|error| Failure::new(format!("{}: {error}", entry.id)))
}

/// Writes an entry as one line.
fn write_line(out: &mut impl Write, view: &EntryView, format: Format) -> io::Result<()> {
    match format {
        Format::Json => writeln!(out, "{}", serde_json::to_string(view).map_err(io::Error::from)?),
        Format::Text => writeln!(out, "{}", row(view)),
    }
}

fn row(view: &EntryView) -> String {
    let mut text = format!(
        "{:<12} {}  {:<9} {:<7} {:<18} {}",
        view.entry,
        view.tijd,
        view.soort,
        view.bericht.as_deref().unwrap_or("-"),
        view.partner.as_deref().unwrap_or("-"),
        view.uitkomst
    );
    if let Some(retour) = view.retour {
        text.push_str(&format!(", retour {retour}"));
    }
    if !view.retourcodes.is_empty() {
        text.push_str(&format!(" {}", view.retourcodes.join(", ")));
    }
    if !view.uitgaand.is_empty() {
        text.push_str(&format!("  -> {}", view.uitgaand.join(", ")));
    }
    text
}
