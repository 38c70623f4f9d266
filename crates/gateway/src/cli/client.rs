//! `iwmo client`: everything arranged for one person.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use iwmo_toewijzing::identity::{Bsn, Gemeente};

use super::journal::read_bsn;
use super::look::{self, look};
use super::open::{self, PastArguments, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal};
use super::toewijzing;
use crate::view::{self, ArrangementView};

/// Show what was arranged for a person: toewijzingen over all aanbieders, requests, eigen bijdrage, and what happened
///
/// The BSN is read from a file or from standard input, never from the command line, which others can see. Nothing in
/// the output says who the person is. Exit code 1 when nobody knows them.
#[derive(Debug, Args)]
pub(super) struct Client {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    past: PastArguments,
    /// File with the BSN and nothing else; -: standard input
    #[arg(long, value_name = "FILE")]
    bsn_from: PathBuf,
    /// Only at this gemeente (CBS code)
    #[arg(long, value_name = "CODE")]
    gemeente: Option<String>,
    /// Say under which rule each thing happened, and what was odd about it
    #[arg(long)]
    why: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Client {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let failed = |error: crate::ledger::LedgerError| Failure::from(error);
        let only = self.gemeente.as_deref().map(Gemeente::new).transpose();
        let only = only.map_err(|error| Failure::new(error.to_string()))?;
        let bsn = read_bsn(&self.bsn_from, terminal)?;
        let store = open::read(&self.store, &self.past, terminal)?;
        let codes = store.reader.tips().into_keys().map(|chain| chain.to_string());
        let gemeenten = codes.filter_map(|code| Gemeente::new(&code).ok());
        let asked: Vec<(Gemeente, Bsn)> =
            gemeenten.filter(|code| only.is_none_or(|only| only == *code)).map(|code| (code, bsn)).collect();
        look(&self.store.folder()?, look::persons(&store.ledger, &asked).map_err(failed)?, terminal);
        let mut found = Vec::new();
        for (gemeente, bsn) in asked {
            let (ledger, reader, schemas) = (&store.ledger, &store.reader, &store.schemas);
            found.extend(
                view::arrangement(ledger, reader, schemas, gemeente, &bsn, store.today).map_err(failed)?,
            );
        }
        let mut out = io::stdout().lock();
        for arrangement in &found {
            match self.format {
                Format::Json => {
                    writeln!(out, "{}", serde_json::to_string(arrangement).map_err(io::Error::from)?)?
                }
                Format::Text => text(&mut out, arrangement, self.why, terminal)?,
            }
        }
        if found.is_empty() {
            let nobody = terminal.say("geen gemeente kent deze persoon", "no gemeente knows this person");
            writeln!(io::stderr().lock(), "{nobody}")?;
            return Ok(Found::Something);
        }
        Ok(Found::AllWell)
    }
}

fn text(
    out: &mut impl Write,
    arrangement: &ArrangementView,
    why: bool,
    terminal: &Terminal,
) -> io::Result<()> {
    let title = format!("gemeente {}", arrangement.gemeente);
    writeln!(out, "{}", terminal.style("1", &title))?;
    for toewijzing in &arrangement.toewijzingen {
        writeln!(out, "  {}", toewijzing::row(toewijzing))?;
    }
    for verzoek in &arrangement.verzoeken {
        let what = match verzoek.soort {
            "toewijzing" => terminal.say("aanvraag", "request"),
            _ => terminal.say("wijzigingsverzoek", "request for a change"),
        };
        let (aanbieder, reference) = (&verzoek.aanbieder, &verzoek.referentie);
        writeln!(out, "  {what} {reference}  {aanbieder}  {}  {}", verzoek.status, verzoek.ontvangen)?;
    }
    for period in &arrangement.eigen_bijdrage {
        let stop = period.stop.as_deref().unwrap_or("...");
        writeln!(out, "  eigen bijdrage {} .. {stop} (EbStartNummer {})", period.start, period.nummer)?;
    }
    if let Some(codes) = &arrangement.eigen_bijdrage_wacht {
        let words = view::reason(codes);
        let (label, reason) = (terminal.say("CAK wacht", "CAK waits"), terminal.say(&words.nl, &words.en));
        writeln!(out, "  {label}: {}", terminal.style("33", reason))?;
    }
    writeln!(out)?;
    toewijzing::timeline(out, &arrangement.tijdlijn, why, terminal)
}
