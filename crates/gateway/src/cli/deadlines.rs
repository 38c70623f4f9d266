//! `iwmo deadlines`: what is due from whom.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use iwmo_toewijzing::deadline::Stand;
use iwmo_toewijzing::identity::{Aanbieder, Gemeente};
use jiff::civil::Date;

use super::open::{self, PastArguments, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal, day, period};
use crate::engine::Settings;
use crate::store::Ledger;
use crate::view::{self, TermijnFilter, TermijnView};

/// Show what is due from whom, the earliest first
///
/// Retours to send and to receive, requests and declarations to answer, starts and stops that were reported or are
/// expected, what was agreed with an aanbieder, and periods of eigen bijdrage that the CAK must hear of. `--status met-late`
/// shows what came too late, of the last 92 days unless --from says otherwise. Working days are those of the gemeente. Exit code 1 when something is overdue.
#[derive(Debug, Args)]
pub(super) struct Deadlines {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    past: PastArguments,
    /// Only what is overdue
    #[arg(long, conflicts_with = "status")]
    overdue: bool,
    /// Only what stands so; may be given more than once. Without it: what is not met
    #[arg(long, value_enum, value_name = "STATUS")]
    status: Vec<Status>,
    /// Only of this gemeente (CBS code)
    #[arg(long, value_name = "CODE")]
    gemeente: Option<String>,
    /// Only with this aanbieder (AGB code)
    #[arg(long, value_name = "AGB")]
    aanbieder: Option<String>,
    /// Only this timer: RETOUR_OUT, RETOUR_IN, START_DUE, STOP_DUE, STOP_MISSING, NO_START, CONTACT, START_AGREED, CAK_DATA,
    /// CAK_PGB, CAK_COMPARE, OP274, OP346, OP090x4, FAQ-315, VERWIJDERING, or TR335, which is shown only when it is asked
    /// for
    #[arg(long, value_name = "TIMER", value_parser = view::termijn)]
    timer: Option<String>,
    /// Only those whose last day is this one or later
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Date>,
    /// Only those whose last day is this one or before
    #[arg(long, value_name = "DATE", value_parser = day)]
    to: Option<Date>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How a deadline stands.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Status {
    /// Not met, and there is time
    Due,
    /// Not met, and the last day has passed
    Overdue,
    /// Met in time
    Met,
    /// Met after the last day
    MetLate,
}

impl Status {
    fn stand(self) -> Stand {
        match self {
            Self::Due => Stand::Loopt,
            Self::Overdue => Stand::Verlopen,
            Self::Met => Stand::Gehaald,
            Self::MetLate => Stand::TeLaat,
        }
    }
}

impl Deadlines {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        period(self.from.as_ref(), self.to.as_ref(), ("--from", "--to"))?;
        let bad = |error: iwmo_toewijzing::identity::Malformed| Failure::new(error.to_string());
        let gemeente = self.gemeente.as_deref().map(Gemeente::new).transpose().map_err(bad)?;
        let filter = TermijnFilter {
            gemeenten: gemeente.map(|gemeente| vec![gemeente]),
            aanbieder: self.aanbieder.as_deref().map(Aanbieder::new).transpose().map_err(bad)?,
            termijn: self.timer,
            verlopen: self.overdue,
            standen: self.status.into_iter().map(Status::stand).collect(),
            vanaf: self.from,
            tot: self.to,
            limit: self.limit.saturating_add(1),
            ..TermijnFilter::default()
        };
        let settings = self.store.settings()?;
        let store = open::read(&self.store, &self.past, terminal)?;
        let mut rows = rows(&store.ledger, &settings, filter, store.today)?;
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let mut out = io::stdout().lock();
        for row in &rows {
            match self.format {
                Format::Json => writeln!(out, "{}", serde_json::to_string(row).map_err(io::Error::from)?)?,
                Format::Text => writeln!(out, "{}", line(row, terminal))?,
            }
        }
        if more {
            terminal.there_is_more()?;
        } else if rows.is_empty() && self.format == Format::Text {
            writeln!(out, "{}", terminal.say("er loopt geen termijn", "nothing is due"))?;
        }
        Ok(if rows.iter().any(|row| row.verlopen) { Found::Something } else { Found::AllWell })
    }
}

/// As many rows as are asked for, however many pages they take.
pub(super) fn rows(
    ledger: &Ledger,
    settings: &Settings,
    mut filter: TermijnFilter,
    today: Date,
) -> Result<Vec<TermijnView>, Failure> {
    let (wanted, mut rows) = (filter.limit, Vec::new());
    loop {
        filter.limit = wanted - rows.len();
        let page = view::termijnen(ledger, settings, &filter, today)?;
        rows.extend(page.rows);
        filter.after = page.next;
        if filter.after.is_none() || rows.len() >= wanted {
            return Ok(rows);
        }
    }
}

fn line(row: &TermijnView, terminal: &Terminal) -> String {
    let about = match (row.toewijzing, &row.entry) {
        (Some(nummer), _) => format!("{}/{nummer}", row.gemeente),
        (None, Some(entry)) => entry.clone(),
        (None, None) => row.gemeente.clone(),
    };
    let date = if row.verlopen { terminal.style("1;31", &row.uiterlijk) } else { row.uiterlijk.clone() };
    let with = row.aanbieder.as_deref().unwrap_or("-");
    let words = terminal.say(&row.tekst, &row.text);
    let day = row.gehaald_op.as_deref().unwrap_or_default();
    let stand = match row.stand {
        "verlopen" => terminal.say(" (verlopen)", " (overdue)").to_owned(),
        "gehaald" => format!(" ({} {day})", terminal.say("gehaald op", "met on")),
        "te_laat" => format!(" ({} {day})", terminal.say("te laat, op", "met late, on")),
        _ => String::new(),
    };
    format!("{date}  {:<12} {about:<16} {with:<8}  {words}{stand}", row.termijn)
}
