//! `iwmo work`: what a person must do or look at.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use iwmo_toewijzing::identity::{Aanbieder, Gemeente};

use super::open::{self, PastArguments, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal};
use crate::view::{self, WerkFilter, WerkSoort, WerkView};

/// Show what a person must do or look at
#[derive(Debug, Args)]
pub(super) struct WorkCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
}

/// List the work, what is due first in front
///
/// Requests and declarations that wait for an answer, toewijzingen that were refused, stops that are overdue, records
/// that contradict each other, notifications that the CAK did not take, messages that nobody took or that came too
/// early, and what was odd about messages. Exit code 1 when there is work.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct List {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    past: PastArguments,
    /// Only this kind: verzoek, declaratie, afgekeurd, stop, anomalie, cak, uitgaand, geparkeerd or waarschuwing
    #[arg(long, value_name = "KIND")]
    kind: Option<WerkSoort>,
    /// Only with this code, as TWO_OPEN_STARTS
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Only what is overdue
    #[arg(long)]
    overdue: bool,
    /// Only of this gemeente (CBS code)
    #[arg(long, value_name = "CODE")]
    gemeente: Option<String>,
    /// Only with this aanbieder (AGB code)
    #[arg(long, value_name = "AGB")]
    aanbieder: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl WorkCommand {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        match self.verb {
            Verb::List(list) => list.run(terminal),
        }
    }
}

impl List {
    fn run(self, terminal: &Terminal) -> Outcome {
        let bad = |error: iwmo_toewijzing::identity::Malformed| Failure::new(error.to_string());
        let gemeente = self.gemeente.as_deref().map(Gemeente::new).transpose().map_err(bad)?;
        let filter = WerkFilter {
            gemeenten: gemeente.map(|gemeente| vec![gemeente]),
            aanbieder: self.aanbieder.as_deref().map(Aanbieder::new).transpose().map_err(bad)?,
            soort: self.kind,
            code: self.code.map(|code| code.to_uppercase()),
            verlopen: self.overdue,
            after: None,
            limit: self.limit,
        };
        let store = open::read(&self.store, &self.past)?;
        let page = view::werk(&store.ledger, &filter, store.today)
            .map_err(|error| Failure::new(error.to_string()))?;
        let mut out = io::stdout().lock();
        for row in &page.rows {
            match self.format {
                Format::Json => writeln!(out, "{}", serde_json::to_string(row).map_err(io::Error::from)?)?,
                Format::Text => writeln!(out, "{}", line(row, terminal))?,
            }
        }
        if page.rows.is_empty() && self.format == Format::Text {
            writeln!(out, "{}", terminal.say("er is geen werk", "there is no work"))?;
        }
        if page.next.is_some() {
            let more = terminal.say("er is meer; zie --limit", "there is more; see --limit");
            writeln!(io::stderr().lock(), "{more}")?;
        }
        Ok(if page.rows.is_empty() { Found::AllWell } else { Found::Something })
    }
}

fn line(row: &WerkView, terminal: &Terminal) -> String {
    let day = row.uiterlijk.as_deref().unwrap_or("-");
    let date = format!("{day:<10}");
    let date = if row.verlopen { terminal.style("1;31", &date) } else { date };
    let about = match (row.toewijzing, &row.entry) {
        (Some(nummer), _) => format!("{}/{nummer}", row.gemeente),
        (None, Some(entry)) => entry.clone(),
        (None, None) => row.gemeente.clone(),
    };
    let with = row.aanbieder.as_deref().unwrap_or("-");
    let words = terminal.say(&row.tekst, &row.text);
    let rules = if row.regels.is_empty() { String::new() } else { format!(" ({})", row.regels.join(", ")) };
    format!("{date}  {:<12} {about:<16} {with:<8}  {words}{rules}", row.soort)
}
