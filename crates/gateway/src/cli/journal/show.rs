//! `iwmo journal show`.

use std::io::{self, Write};

use clap::Args;

use super::row;
use crate::cli::look::look;
use crate::cli::open::{self, PastArguments, StoreArguments};
use crate::cli::output::{Failure, Format, Found, Outcome, Terminal};
use crate::journal::EntryId;
use crate::ledger::LedgerError;
use crate::record::{Blik, Record};
use crate::view::{self, Inhoud};

/// Show one entry
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The entry: GEMEENTE:SEQ, as 0222:17
    entry: EntryId,
    #[command(flatten)]
    store: StoreArguments,
    /// Write the message as it was received, and nothing else
    #[arg(long)]
    xml: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t, conflicts_with = "xml")]
    format: Format,
}

impl Show {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let store = open::read(&self.store, &PastArguments::default(), terminal)?;
        let entry = store.reader.get(self.entry.chain, self.entry.seq);
        let Some(entry) = entry.map_err(LedgerError::from)? else {
            let mut stderr = io::stderr().lock();
            writeln!(
                stderr,
                "{}: {}",
                self.entry,
                terminal.say("geen regel met dit nummer", "no such entry")
            )?;
            return Ok(Found::Something);
        };
        if !Record::is_audit(entry.kind) {
            let seen = Blik::Bericht { seq: self.entry.seq, inhoud: self.xml };
            look(&self.store.folder()?, vec![(self.entry.chain, seen)], terminal);
        }
        let mut out = io::stdout().lock();
        if self.xml {
            let named = |what: &dyn std::fmt::Display| Failure::new(format!("{}: {what}", self.entry));
            return match view::xml(&entry).map_err(|error| named(&error))? {
                Inhoud::Xml(bytes) => {
                    out.write_all(&bytes)?;
                    Ok(Found::AllWell)
                }
                Inhoud::Verwijderd(left) => {
                    out.write_all(&left)?;
                    let gone = terminal.say(
                        "verwijderd: dit bericht, of wat erin over een persoon stond",
                        "removed: this message, or what stood in it about a person",
                    );
                    writeln!(io::stderr().lock(), "{}: {gone}", self.entry)?;
                    Ok(Found::AllWell)
                }
                Inhoud::Geen => Err(named(&"this entry holds no received message")
                    .hint("`iwmo journal list` shows which entries do; what was sent: `iwmo journal export --xml FOLDER`")),
            };
        }
        let view =
            view::summarize(&entry).map_err(|error| Failure::new(format!("{}: {error}", self.entry)))?;
        let lines = view::lines(&store.ledger, &store.reader, &store.schemas, &entry)?;
        match self.format {
            Format::Json => {
                let mut value = serde_json::to_value(&view).map_err(io::Error::from)?;
                value["regels_in_woorden"] = serde_json::to_value(&lines).map_err(io::Error::from)?;
                writeln!(out, "{value}")?;
            }
            Format::Text => {
                writeln!(out, "{}", row(&view))?;
                if view.verwijderd {
                    let gone = terminal.say(
                        "verwijderd: wat hier over een persoon stond",
                        "removed: what stood here about a person",
                    );
                    writeln!(out, "  {gone}")?;
                }
                for line in &lines {
                    writeln!(out, "  {}", terminal.say(&line.tekst, &line.text))?;
                }
                for (label, list) in [
                    (terminal.say("regels", "rules"), &view.regels),
                    (terminal.say("waarschuwingen", "warnings"), &view.waarschuwingen),
                    (terminal.say("uitgaand", "outgoing"), &view.uitgaand),
                ] {
                    if !list.is_empty() {
                        writeln!(out, "  {label}: {}", list.join(", "))?;
                    }
                }
                writeln!(out, "  hash {}", view.hash)?;
            }
        }
        Ok(Found::AllWell)
    }
}
