//! `iwmo work`: what a person must do or look at, and what was done about it.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use iwmo_toewijzing::identity::{Aanbieder, Gemeente};

use super::change::{ChangeArguments, change};
use super::open::{self, PastArguments, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal};
use crate::control::{Change, WorkChange, WorkVerb};
use crate::view::{self, WerkFilter, WerkSoort, WerkView};

/// Show what a person must do or look at, and say what was done
#[derive(Debug, Args)]
pub(super) struct WorkCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    /// Let the notifications to the CAK of persons go on, after dealing with what was wrong
    ///
    /// Persons are named by their last notification, as `iwmo work list --kind cak` shows it (GEMEENTE:SEQ/N). The planner
    /// then compares again what the CAK should know with what it accepted, and sends a new message if need be.
    Release(Act),
    /// Say that what was odd about messages was dealt with, or a deadline that no message shows to be met
    ///
    /// Messages are named by their entry, as `iwmo work list --kind waarschuwing` shows it (GEMEENTE:SEQ); deadlines that were
    /// agreed with an aanbieder as `iwmo work list --kind start` shows them (GEMEENTE/NUMMER/TIMER). Filters choose messages
    /// only.
    Done(Act),
}

/// Which work, and whether to do it.
#[derive(Debug, Args)]
#[group(id = "selection", required = true, multiple = true, args = ["names", "gemeente", "aanbieder", "code", "everything"])]
struct Act {
    /// What, as `iwmo work list` names it
    #[arg(value_name = "ID")]
    names: Vec<String>,
    #[command(flatten)]
    store: StoreArguments,
    /// Only of this gemeente (CBS code)
    #[arg(long, value_name = "CODE")]
    gemeente: Option<String>,
    /// Only with this aanbieder (AGB code)
    #[arg(long, value_name = "AGB")]
    aanbieder: Option<String>,
    /// Only with this code, as TRANSPORT or START_LATE
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// All of it
    #[arg(long = "all", conflicts_with_all = ["names", "gemeente", "aanbieder", "code"])]
    everything: bool,
    #[command(flatten)]
    change: ChangeArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Act {
    fn run(self, verb: WorkVerb, terminal: &Terminal) -> Outcome {
        if !self.names.is_empty()
            && (self.gemeente.is_some() || self.aanbieder.is_some() || self.code.is_some())
        {
            return Err(Failure::new("give names or filters, not both"));
        }
        let wanted = WorkChange {
            verb,
            namen: self.names,
            gemeente: self.gemeente,
            aanbieder: self.aanbieder,
            code: self.code,
        };
        change(&self.store, &self.change, Change::Werk(wanted), self.format, terminal)
    }
}

/// List the work, what is due first in front
///
/// Requests and declarations that wait for an answer, toewijzingen that were refused, stops and starts that are overdue, records
/// that contradict each other, notifications that the CAK did not take, messages that nobody took or that came too
/// early, and what was odd about messages. Exit code 1 when there is work.
#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    past: PastArguments,
    /// Only this kind: verzoek, declaratie, afgekeurd, stop, start, anomalie, cak, uitgaand, geparkeerd or waarschuwing
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
            Verb::Release(act) => act.run(WorkVerb::Vrijgeven, terminal),
            Verb::Done(act) => act.run(WorkVerb::Afhandelen, terminal),
        }
    }
}

impl List {
    fn run(self, terminal: &Terminal) -> Outcome {
        let bad = |error: iwmo_toewijzing::identity::Malformed| Failure::new(error.to_string());
        let gemeente = self.gemeente.as_deref().map(Gemeente::new).transpose().map_err(bad)?;
        let mut filter = WerkFilter {
            gemeenten: gemeente.map(|gemeente| vec![gemeente]),
            aanbieder: self.aanbieder.as_deref().map(Aanbieder::new).transpose().map_err(bad)?,
            soort: self.kind,
            code: self.code.map(|code| code.to_uppercase()),
            verlopen: self.overdue,
            after: None,
            limit: self.limit,
        };
        let store = open::read(&self.store, &self.past, terminal)?;
        let settings = self.store.settings()?;
        // As many rows as are asked for, however many pages they take.
        let mut rows = Vec::new();
        while {
            filter.limit = self.limit - rows.len();
            let page = view::werk(&store.ledger, &settings, &filter, store.today)?;
            rows.extend(page.rows);
            filter.after = page.next;
            filter.after.is_some() && rows.len() < self.limit
        } {}
        let mut out = io::stdout().lock();
        for row in &rows {
            match self.format {
                Format::Json => writeln!(out, "{}", serde_json::to_string(row).map_err(io::Error::from)?)?,
                Format::Text => writeln!(out, "{}", line(row, terminal))?,
            }
        }
        if rows.is_empty() && self.format == Format::Text {
            writeln!(out, "{}", terminal.say("er is geen werk", "there is no work"))?;
        }
        if filter.after.is_some() {
            terminal.there_is_more()?;
        }
        Ok(if rows.is_empty() { Found::AllWell } else { Found::Something })
    }
}

fn line(row: &WerkView, terminal: &Terminal) -> String {
    let day = row.uiterlijk.as_deref().unwrap_or("-");
    let date = format!("{day:<10}");
    let date = if row.verlopen { terminal.style("1;31", &date) } else { date };
    let about = match row.toewijzing {
        Some(nummer) => format!("{}/{nummer}", row.gemeente),
        None => row.gemeente.clone(),
    };
    let name = row.entry.as_deref().unwrap_or("-");
    let with = row.aanbieder.as_deref().unwrap_or("-");
    let words = terminal.say(&row.tekst, &row.text);
    let rules = if row.regels.is_empty() { String::new() } else { format!(" ({})", row.regels.join(", ")) };
    format!("{date}  {:<12} {name:<12} {about:<14} {with:<8}  {words}{rules}", row.soort)
}
