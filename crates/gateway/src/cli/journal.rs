//! `iwmo journal`: everything received, decided, sent and delivered.

use std::io::{self, Write};
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;

use super::open::{self, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal};
use super::progress;
use crate::engine::record::Record;
use crate::journal::{Chain, Damage, Entry, EntryId, Position, Tip, Tips, verify};
use crate::ledger::FORMAT;
use crate::store::{Ledger, Opening};
use crate::view::{self, EntryView};

/// Show and verify the journal: the record of everything received, decided, sent and delivered
#[derive(Debug, Args)]
pub(super) struct JournalCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    Show(Show),
    Verify(Verify),
}

/// List entries, oldest first
#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    store: StoreArguments,
    /// Only of this gemeente (CBS code; 0000: of none)
    #[arg(long, value_name = "CODE")]
    gemeente: Option<Chain>,
    /// Only this kind of message, as WMO305
    #[arg(long, value_name = "KIND")]
    message: Option<String>,
    /// Only from this partner
    #[arg(long, value_name = "PARTNER")]
    partner: Option<String>,
    /// Only decided with this retourcode or under this rule
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Only from this moment on, as 2026-11-25 or 2026-11-25T14:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only before this moment
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Show one entry
#[derive(Debug, Args)]
struct Show {
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

/// Verify every checksum and the hash chain of every gemeente
#[derive(Debug, Args)]
struct Verify {
    #[command(flatten)]
    store: StoreArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl JournalCommand {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        match self.verb {
            Verb::List(list) => list.run(terminal),
            Verb::Show(show) => show.run(terminal),
            Verb::Verify(verify) => verify.run(terminal),
        }
    }
}

impl List {
    fn run(self, _terminal: &Terminal) -> Outcome {
        let from = self.from.as_deref().map(moment).transpose()?;
        let until = self.until.as_deref().map(moment).transpose()?;
        let journal = open::journal(&self.store)?;
        let reader = journal.reader();
        let mut out = io::stdout().lock();
        let mut shown = 0;
        let entries: Box<dyn Iterator<Item = Result<Entry, _>>> = match self.gemeente {
            Some(chain) => Box::new(reader.read(chain, 1)),
            None => Box::new(reader.read_all(Position::START)),
        };
        for entry in entries {
            if shown == self.limit {
                break;
            }
            let entry = entry.map_err(|error| Failure::new(error.to_string()))?;
            if from.is_some_and(|from| entry.time < from) || until.is_some_and(|until| entry.time >= until) {
                continue;
            }
            let view =
                view::summarize(&entry).map_err(|error| Failure::new(format!("{}: {error}", entry.id)))?;
            if !self.wants(&view) {
                continue;
            }
            match self.format {
                Format::Json => writeln!(out, "{}", serde_json::to_string(&view).map_err(io::Error::from)?)?,
                Format::Text => writeln!(out, "{}", row(&view))?,
            }
            shown += 1;
        }
        Ok(if shown == 0 { Found::Something } else { Found::AllWell })
    }

    fn wants(&self, view: &EntryView) -> bool {
        let same = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
        let message = self.message.as_ref().map(|kind| kind.to_uppercase());
        let code = self.code.as_ref().is_none_or(|code| {
            [&view.retourcodes, &view.regels, &view.waarschuwingen]
                .into_iter()
                .any(|list| list.contains(code))
        });
        same(&message, &view.bericht) && same(&self.partner, &view.partner) && code
    }
}

impl Show {
    fn run(self, terminal: &Terminal) -> Outcome {
        let store = open::read(&self.store, terminal)?;
        let entry = store.reader.get(self.entry.chain, self.entry.seq);
        let Some(entry) = entry.map_err(|error| Failure::new(error.to_string()))? else {
            let mut stderr = io::stderr().lock();
            writeln!(
                stderr,
                "{}: {}",
                self.entry,
                terminal.say("geen regel met dit nummer", "no such entry")
            )?;
            return Ok(Found::Something);
        };
        let mut out = io::stdout().lock();
        if self.xml {
            return match Record::decode(entry.kind, entry.version, &entry.payload) {
                Ok(Record::Bericht(bericht)) => {
                    out.write_all(&bericht.bytes)?;
                    Ok(Found::AllWell)
                }
                Ok(_) => Err(Failure::new(format!("{}: this entry holds no received message", self.entry))),
                Err(error) => Err(Failure::new(format!("{}: {error}", self.entry))),
            };
        }
        let view =
            view::summarize(&entry).map_err(|error| Failure::new(format!("{}: {error}", self.entry)))?;
        let lines = view::lines(&store.ledger, &store.reader, &store.schemas, &entry)
            .map_err(|error| Failure::new(error.to_string()))?;
        match self.format {
            Format::Json => {
                let mut value = serde_json::to_value(&view).map_err(io::Error::from)?;
                value["regels_in_woorden"] = serde_json::to_value(&lines).map_err(io::Error::from)?;
                writeln!(out, "{value}")?;
            }
            Format::Text => {
                writeln!(out, "{}", row(&view))?;
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

impl Verify {
    fn run(self, terminal: &Terminal) -> Outcome {
        let folder = self.store.folder()?;
        let bar = progress::bar("journal");
        let report = verify(&folder.join("journal"), &mut |progress| {
            bar.set_length(progress.bytes_total);
            bar.set_position(progress.bytes);
        });
        bar.finish_and_clear();
        let report = report.map_err(|error| {
            let advice = error.advice().to_owned();
            Failure::new(error.to_string()).hint(advice)
        })?;
        let mut faults: Vec<&Damage> = report.faults.iter().collect();
        let mut unfinished = report.torn_tail.as_ref();
        if let Some(torn) = unfinished.filter(|_| lost(&folder, &report.tips)) {
            faults.push(torn);
            unfinished = None;
        }
        let valid = faults.is_empty();
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => {
                let faults: Vec<_> = faults
                    .iter()
                    .map(|fault| {
                        json!({
                            "file": fault.file.display().to_string(),
                            "offset": fault.offset,
                            "entry": fault.entry.map(|entry| entry.to_string()),
                            "fault": fault.to_string(),
                            "advice": fault.kind.advice(),
                        })
                    })
                    .collect();
                let tips: Vec<_> = report
                    .tips
                    .values()
                    .map(|tip| json!({ "gemeente": tip.chain.to_string(), "seq": tip.seq, "hash": tip.hash.to_string() }))
                    .collect();
                let value = json!({
                    "valid": valid, "entries": report.entries, "bytes": report.bytes,
                    "tips": tips, "faults": faults, "truncated": report.truncated,
                    "unfinished": unfinished.map(ToString::to_string),
                });
                writeln!(out, "{value}")?;
            }
            Format::Text => {
                for fault in &faults {
                    writeln!(out, "{}: {fault}", terminal.style("31", terminal.say("fout", "fault")))?;
                    writeln!(out, "    {}", fault.kind.advice())?;
                }
                let (entries, bytes) = (report.entries, report.bytes);
                writeln!(
                    out,
                    "{}",
                    terminal.say(
                        &format!("{entries} regels, {bytes} bytes, {} ketens", report.tips.len()),
                        &format!("{entries} entries, {bytes} bytes, {} chains", report.tips.len()),
                    )
                )?;
                for tip in report.tips.values() {
                    writeln!(out, "  {}:{}  {}", tip.chain, tip.seq, tip.hash)?;
                }
                if let Some(torn) = unfinished {
                    let words = terminal.say(
                        "de laatste schrijfactie is niet af en nooit bevestigd; de volgende start ruimt haar op",
                        "the last write is incomplete and was never acknowledged; the next start removes it",
                    );
                    writeln!(out, "{words}: {torn}")?;
                }
                if valid {
                    writeln!(out, "{}", terminal.say("de keten is heel", "the chain is whole"))?;
                }
            }
        }
        Ok(if valid { Found::AllWell } else { Found::Something })
    }
}

/// Returns whether the ledger stands for entries after the readable end of the journal. Rows are written after their
/// entry is durable, so what is unreadable there was acknowledged once. Otherwise the end is a write that a crash
/// cut short, or one that a running daemon, which holds the ledger, is making now.
fn lost(folder: &Path, tips: &Tips) -> bool {
    let path = folder.join("ledger");
    // Opening a ledger makes one.
    if !path.is_dir() {
        return false;
    }
    match Ledger::open(&path, FORMAT) {
        Ok(Opening::Opened(ledger)) => {
            let known = |tip: &Tip| tips.get(&tip.chain).is_some_and(|has| has.seq >= tip.seq);
            !ledger.tips().values().all(known)
        }
        Ok(_) | Err(_) => false,
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
    if !view.retourcodes.is_empty() {
        text.push_str(&format!(" {}", view.retourcodes.join(", ")));
    }
    if !view.uitgaand.is_empty() {
        text.push_str(&format!("  -> {}", view.uitgaand.join(", ")));
    }
    text
}

/// Reads a moment: a date (midnight in the Netherlands) or a timestamp.
pub(super) fn moment(text: &str) -> Result<jiff::Timestamp, Failure> {
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    text.parse().ok().and_then(crate::clock::dutch_midnight).ok_or_else(|| {
        Failure::new(format!("{text:?} is not a moment")).hint("write 2026-11-25 or 2026-11-25T14:00:00Z")
    })
}
