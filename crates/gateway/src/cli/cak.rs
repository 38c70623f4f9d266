//! `iwmo cak`: what the CAK must hear besides what messages say, and what it holds.

mod show;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use iwmo_toewijzing::cak::Opgave;
use iwmo_toewijzing::identity::{Bsn, Gemeente};

use super::change::{ChangeArguments, change};
use super::journal::read_bsn;
use super::look::look;
use super::open::{self, PastArguments, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal, unwritable};
use super::replay::read_text;
use crate::control::{CakChange, CakVerb, Change, OpgaveChange};
use crate::ledger::keys;
use crate::record::Blik;
use crate::view::{self, BekendView};

/// What the CAK is told about persons and gemeenten: show it, and state what no message says
#[derive(Debug, Args)]
pub(super) struct CakCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Show(show::Show),
    State(State),
    Periods(Periods),
    Hold(Hold),
    Resume(Resume),
    Review(Review),
}

/// Look at what new choices about the eigen bijdrage do before they come into force, and put them in force
///
/// When the configuration of a gemeente with clients has new choices about the eigen bijdrage, the CAK is told by those before
/// until somebody has looked. This counts the clients of whom the CAK would be told something else: what comes next now, and what
/// would. With --yes the new choices are in force, and everybody is planned for at once; a partner's pace holds for what
/// follows. A configuration that says again what is in force ends the wait as well.
#[derive(Debug, Args)]
struct Review {
    #[command(flatten)]
    traffic: Traffic,
}

/// Tell the CAK nothing about anybody in a gemeente, until it is resumed
///
/// What waits to be sent waits on, and what comes meanwhile is planned but not sent. Deadlines run on. Without --yes it is only
/// judged: nothing changes.
#[derive(Debug, Args)]
struct Hold {
    #[command(flatten)]
    traffic: Traffic,
}

/// Tell the CAK about a gemeente again
///
/// Use it once the cause is mended: after the CAK said that it does not know the gemeente (S300), or after `iwmo cak hold`. What
/// was not told meanwhile is told now. Without --yes it is only judged: nothing changes.
#[derive(Debug, Args)]
struct Resume {
    #[command(flatten)]
    traffic: Traffic,
}

#[derive(Debug, Args)]
struct Traffic {
    #[command(flatten)]
    store: StoreArguments,
    /// The gemeente (CBS code)
    #[arg(long, value_name = "CODE")]
    gemeente: String,
    #[command(flatten)]
    change: ChangeArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Traffic {
    fn run(self, verb: CakVerb, terminal: &Terminal) -> Outcome {
        let gemeente = gemeente(&self.gemeente)?.to_string();
        change(&self.store, &self.change, Change::Cak(CakChange { verb, gemeente }), self.format, terminal)
    }
}

/// State something about a person from which the eigen bijdrage follows
///
/// The statement is JSON: an object with one member that says what is stated.
///   {"voorziening": {"naam": "PGB-17", "leveringsvorm": "pgb", "categorie": "02",
///                    "ingangsdatum": "2026-12-01"}}
///   {"client": {"overleden_op": "2026-11-20"}}
///   {"kostprijs": {"waarover": {"toewijzing": 100}, "bedrag_cent": 180000}}
///   {"bekend_bij_cak": [{"nummer": 4711, "start": "2025-03-10"}]}
///   {"vasthouden": {}}
/// docs/eigen-bijdrage.md has them all. It replaces what was stated before about the same thing.
/// Without --yes it is only judged: nothing changes.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct State {
    #[command(flatten)]
    store: StoreArguments,
    /// The gemeente that states it (CBS code)
    #[arg(long, value_name = "CODE")]
    gemeente: String,
    /// File with the BSN and nothing else; -: standard input
    #[arg(long, value_name = "FILE")]
    bsn_from: PathBuf,
    /// File with the statement
    #[arg(long, value_name = "FILE")]
    statement: PathBuf,
    #[command(flatten)]
    change: ChangeArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Write the periods that stand at the CAK, with BSN, into a file, to compare them with another administration
///
/// The file is made anew, readable by its owner alone, and holds a line a period: tab-separated under a header, or JSON.
/// Who did it is recorded when a gateway runs.
#[derive(Debug, Args)]
struct Periods {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    past: PastArguments,
    /// The gemeente (CBS code)
    #[arg(long, value_name = "CODE")]
    gemeente: String,
    /// The file; one that is there is not replaced
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Form of the file
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl CakCommand {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        match self.verb {
            Verb::Show(verb) => verb.run(terminal),
            Verb::State(verb) => verb.run(terminal),
            Verb::Periods(verb) => verb.run(terminal),
            Verb::Hold(verb) => verb.traffic.run(CakVerb::Stilleggen, terminal),
            Verb::Review(verb) => verb.traffic.run(CakVerb::BeleidInvoeren, terminal),
            Verb::Resume(verb) => verb.traffic.run(CakVerb::Hervatten, terminal),
        }
    }
}

fn gemeente(code: &str) -> Result<Gemeente, Failure> {
    Gemeente::new(code).map_err(|error| Failure::new(format!("--gemeente: {error}")))
}

impl State {
    fn run(self, terminal: &Terminal) -> Outcome {
        let gemeente = gemeente(&self.gemeente)?;
        let bsn: Bsn = read_bsn(&self.bsn_from, terminal)?;
        let text = read_text(&self.statement)?;
        let opgave: Opgave = serde_json::from_str(&text).map_err(|error| {
            // The words of the reader may repeat what stands in the file.
            let place = format!("line {}, column {}", error.line(), error.column());
            Failure::new(format!("{}: no statement, {place}", self.statement.display()))
                .hint("see `iwmo cak state --help` and docs/eigen-bijdrage.md for their forms")
        })?;
        opgave.check().map_err(|error| Failure::new(format!("{}: {error}", self.statement.display())))?;
        let opgave = OpgaveChange { gemeente: gemeente.to_string(), bsn, opgave };
        change(&self.store, &self.change, Change::Opgave(Box::new(opgave)), self.format, terminal)
    }
}

impl Periods {
    fn run(self, terminal: &Terminal) -> Outcome {
        let gemeente = gemeente(&self.gemeente)?;
        let store = open::read(&self.store, &self.past, terminal)?;
        let (found, _) = view::known_periods(&store.ledger, gemeente, 0, usize::MAX)?;
        let entries = found.len() as u64;
        look(&self.store.folder()?, vec![(keys::chain(gemeente), Blik::Uitvoer { entries })], terminal);
        let named = |error: io::Error| unwritable(&self.output, &error);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.output);
        let mut out = io::BufWriter::new(file.map_err(named)?);
        lines(&mut out, &found, self.format).and_then(|()| out.flush()).map_err(named)?;
        let file = self.output.display();
        let said = terminal
            .say(&format!("{entries} perioden in {file}"), &format!("{entries} periods in {file}"))
            .to_owned();
        writeln!(io::stdout().lock(), "{said}")?;
        Ok(Found::AllWell)
    }
}

fn lines(out: &mut impl Write, found: &[BekendView], format: Format) -> io::Result<()> {
    if format == Format::Text {
        writeln!(out, "bsn\tnummer\tstart\tstop\tkostprijs_cent\tkostprijs_vanaf\tonderweg")?;
    }
    for period in found {
        match format {
            Format::Json => writeln!(out, "{}", serde_json::to_string(period)?)?,
            Format::Text => {
                let BekendView { bsn, nummer, start, stop, kostprijs_cent, kostprijs_vanaf, onderweg } =
                    period;
                let price = kostprijs_cent.map(|cents| cents.to_string()).unwrap_or_default();
                let (stop, from) = (stop.as_deref().unwrap_or(""), kostprijs_vanaf.as_deref().unwrap_or(""));
                let onderweg = if *onderweg { "ja" } else { "nee" };
                writeln!(out, "{bsn}\t{nummer}\t{start}\t{stop}\t{price}\t{from}\t{onderweg}")?;
            }
        }
    }
    Ok(())
}
