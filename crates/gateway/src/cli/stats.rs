//! `iwmo stats`: the figures that a gemeente steers on.

use std::collections::BTreeMap;
use std::io::{self, Write};

use clap::{Args, ValueEnum};
use iwmo_toewijzing::identity::Gemeente;
use serde::Serialize;

use super::open::{self, PastArguments, StoreArguments};
use super::output::{Failure, Found, Outcome, Terminal, period};
use crate::view::{self, Statistiek, StatistiekFilter};

/// Widest bar of a chart.
const BAR: u64 = 40;

/// Show volumes, refusals, lead times and costs
///
/// By gemeente and month: messages by partner, kind and verdict; refusals by retourcode and rule; how long it took from
/// a toewijzing to its start (301 to 305), from our messages to their retour, and until our retours were delivered;
/// toewijzingen, starts, stops, Prestaties, volumes and costs per product and aanbieder. Amounts in JSON and CSV are in
/// eurocents. Nothing in it names a person.
#[derive(Debug, Args)]
pub(super) struct Stats {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    past: PastArguments,
    /// Only of this gemeente (CBS code)
    #[arg(long, value_name = "CODE")]
    gemeente: Option<String>,
    /// From this month on, as 2026-11
    #[arg(long, value_name = "MONTH", value_parser = month)]
    from: Option<String>,
    /// Up to and including this month
    #[arg(long, value_name = "MONTH", value_parser = month)]
    to: Option<String>,
    /// Only this table; CSV needs one
    #[arg(long, value_enum, value_name = "TABLE", required_if_eq("format", "csv"))]
    table: Option<Table>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Table {
    /// Messages
    Berichten,
    /// Refusals
    Afkeuringen,
    /// Lead times
    Doorlooptijden,
    /// Products and costs
    Producten,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Charts for people; may change
    #[default]
    Text,
    /// One JSON object a line; stable names
    Json,
    /// Comma-separated values with a header
    Csv,
}

fn month(text: &str) -> Result<String, String> {
    view::month(text).ok_or_else(|| format!("{text:?} is not a month; write 2026-11"))
}

impl Stats {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        period(self.from.as_ref(), self.to.as_ref(), ("--from", "--to"))?;
        let bad = |error: iwmo_toewijzing::identity::Malformed| Failure::new(error.to_string());
        let gemeente = self.gemeente.as_deref().map(Gemeente::new).transpose().map_err(bad)?;
        let store = open::read(&self.store, &self.past, terminal)?;
        let known =
            store.reader.tips().into_keys().filter_map(|chain| Gemeente::new(&chain.to_string()).ok());
        let gemeenten: Vec<Gemeente> = known
            .filter(|one| one.as_str() != "0000" && gemeente.is_none_or(|wanted| wanted == *one))
            .collect();
        let filter = StatistiekFilter { gemeenten, van: self.from, tot: self.to };
        let found = view::statistiek(&store.ledger, &filter)?;
        let tables = match self.table {
            Some(table) => vec![table],
            None => Table::value_variants().to_vec(),
        };
        let mut out = io::BufWriter::new(io::stdout().lock());
        for table in tables {
            match self.format {
                Form::Json => json(&mut out, &found, table)?,
                Form::Csv => csv(&mut out, &found, table)?,
                Form::Text => text(&mut out, &found, table, terminal)?,
            }
        }
        out.flush()?;
        if found == Statistiek::default() {
            terminal.nothing_found()?;
        }
        Ok(Found::AllWell)
    }
}

fn json(out: &mut impl Write, found: &Statistiek, table: Table) -> io::Result<()> {
    fn rows<T: Serialize>(out: &mut impl Write, table: &str, rows: &[T]) -> io::Result<()> {
        for row in rows {
            let mut value = serde_json::to_value(row)?;
            value["tabel"] = table.into();
            writeln!(out, "{value}")?;
        }
        Ok(())
    }
    match table {
        Table::Berichten => rows(out, "berichten", &found.berichten),
        Table::Afkeuringen => rows(out, "afkeuringen", &found.afkeuringen),
        Table::Doorlooptijden => rows(out, "doorlooptijden", &found.doorlooptijden),
        Table::Producten => rows(out, "producten", &found.producten),
    }
}

/// Writes a line of CSV (RFC 4180).
fn line(out: &mut impl Write, cells: &[String]) -> io::Result<()> {
    let cell = |cell: &String| match cell.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.clone(),
    };
    write!(out, "{}\r\n", cells.iter().map(cell).collect::<Vec<_>>().join(","))
}

fn csv(out: &mut impl Write, found: &Statistiek, table: Table) -> io::Result<()> {
    let head = |out: &mut dyn Write, names: &str| write!(out, "{names}\r\n");
    match table {
        Table::Berichten => {
            head(out, "gemeente,maand,partner,bericht,uitspraak,aantal")?;
            for row in &found.berichten {
                let cells = [&row.gemeente, &row.maand, &row.partner, &row.bericht, &row.uitspraak];
                let mut cells: Vec<String> = cells.into_iter().cloned().collect();
                cells.push(row.aantal.to_string());
                line(out, &cells)?;
            }
        }
        Table::Afkeuringen => {
            head(out, "gemeente,maand,partner,bericht,code,aantal")?;
            for row in &found.afkeuringen {
                let cells = [&row.gemeente, &row.maand, &row.partner, &row.bericht, &row.code];
                let mut cells: Vec<String> = cells.into_iter().cloned().collect();
                cells.push(row.aantal.to_string());
                line(out, &cells)?;
            }
        }
        Table::Doorlooptijden => {
            head(out, "gemeente,maand,soort,wie,waarvan,eenheid,tot,aantal")?;
            for row in &found.doorlooptijden {
                for class in row.verdeling.iter().filter(|class| class.aantal > 0) {
                    let cells = [&row.gemeente, &row.maand, row.soort, &row.wie, &row.waarvan, row.eenheid];
                    let mut cells = cells.map(str::to_owned).to_vec();
                    cells.push(class.tot.map(|tot| tot.to_string()).unwrap_or_default());
                    cells.push(class.aantal.to_string());
                    line(out, &cells)?;
                }
            }
        }
        Table::Producten => {
            head(
                out,
                "gemeente,maand,aanbieder,categorie,code,toegewezen,gewijzigd,verwijderd,gestart,beeindigd,prestaties,\
                 volume,gedeclareerd_cent,toegekend_cent",
            )?;
            for row in &found.producten {
                let cells = [&row.gemeente, &row.maand, &row.aanbieder, &row.categorie, &row.code];
                let mut cells: Vec<String> = cells.into_iter().cloned().collect();
                let counts = [
                    row.toegewezen,
                    row.gewijzigd,
                    row.verwijderd,
                    row.gestart,
                    row.beeindigd,
                    row.prestaties,
                ];
                cells.extend(counts.map(|count| count.to_string()));
                let volumes = row.volume.iter().map(|(unit, volume)| format!("{unit}:{volume}"));
                cells.push(volumes.collect::<Vec<_>>().join(" "));
                cells.extend([row.gedeclareerd_cent, row.toegekend_cent].map(|cents| cents.to_string()));
                line(out, &cells)?;
            }
        }
    }
    Ok(())
}

fn text(out: &mut impl Write, found: &Statistiek, table: Table, terminal: &Terminal) -> io::Result<()> {
    let title = |out: &mut dyn Write, nl: &str, en: &str| {
        writeln!(out, "{}", terminal.style("1", terminal.say(nl, en)))
    };
    match table {
        Table::Berichten => {
            title(out, "Berichten", "Messages")?;
            let rows = found.berichten.iter();
            bars(
                out,
                rows.map(|row| (format!("{} {} {}", row.maand, row.bericht, row.uitspraak), row.aantal)),
            )
        }
        Table::Afkeuringen => {
            title(out, "Afkeuringen", "Refusals")?;
            let rows = found.afkeuringen.iter();
            bars(out, rows.map(|row| (format!("{} {} {}", row.bericht, row.code, row.partner), row.aantal)))
        }
        Table::Doorlooptijden => {
            title(out, "Doorlooptijden", "Lead times")?;
            let mut all: BTreeMap<(&str, &str), BTreeMap<Option<u32>, u64>> = BTreeMap::new();
            for row in &found.doorlooptijden {
                let classes = all.entry((row.soort, row.eenheid)).or_default();
                for class in &row.verdeling {
                    // `None` sorts first, and is the last class.
                    *classes.entry(Some(class.tot.unwrap_or(u32::MAX))).or_default() +=
                        u64::from(class.aantal);
                }
            }
            for ((soort, eenheid), classes) in all {
                let what = match soort {
                    "toewijzing_start" => {
                        terminal.say("van toewijzing tot start", "from toewijzing to start")
                    }
                    "heen_retour" => terminal.say("tot het retourbericht", "until the retour"),
                    _ => terminal.say("tot ons retourbericht bezorgd is", "until our retour is delivered"),
                };
                let unit = match eenheid {
                    "dagen" => terminal.say("dagen", "days"),
                    _ => terminal.say("minuten", "minutes"),
                };
                writeln!(out, "  {what}, {unit}")?;
                let label = |bound: Option<u32>| match bound {
                    Some(u32::MAX) | None => terminal.say("langer", "longer").to_owned(),
                    Some(bound) => format!("≤ {bound}"),
                };
                bars(out, classes.into_iter().map(|(bound, count)| (label(bound), count)))?;
            }
            Ok(())
        }
        Table::Producten => {
            title(out, "Producten", "Products")?;
            let names = terminal.say(
                "maand    aanbieder  product     toegewezen  gestart  beëindigd  prestaties  gedeclareerd €",
                "month    aanbieder  product       assigned  started      ended  prestaties      declared €",
            );
            writeln!(out, "  {names}")?;
            for row in &found.producten {
                let product = if row.code.is_empty() {
                    row.categorie.clone()
                } else {
                    format!("{}/{}", row.categorie, row.code)
                };
                let declared = euros(row.gedeclareerd_cent);
                writeln!(
                    out,
                    "  {:<8} {:<10} {product:<11} {:>10} {:>8} {:>10} {:>11} {declared:>15}",
                    row.maand, row.aanbieder, row.toegewezen, row.gestart, row.beeindigd, row.prestaties
                )?;
            }
            let granted: i64 = found.producten.iter().map(|row| row.toegekend_cent).sum();
            let declared: i64 = found.producten.iter().map(|row| row.gedeclareerd_cent).sum();
            let label = terminal.say("gedeclareerd, toegekend", "declared, granted");
            writeln!(out, "  {label}: € {}, € {}", euros(declared), euros(granted))
        }
    }
}

fn euros(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{},{:02}", cents.unsigned_abs() / 100, cents.unsigned_abs() % 100)
}

/// Draws a bar for each label, equal labels together, the longest as wide as the chart.
fn bars(out: &mut impl Write, rows: impl Iterator<Item = (String, u64)>) -> io::Result<()> {
    let mut all: Vec<(String, u64)> = Vec::new();
    for (label, count) in rows {
        match all.iter_mut().find(|(known, _)| *known == label) {
            Some((_, total)) => *total += count,
            None => all.push((label, count)),
        }
    }
    let most = all.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let wide = all.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    for (label, count) in all {
        let length = usize::try_from((count * BAR).div_ceil(most)).unwrap_or(0);
        writeln!(out, "  {label:<wide$} {count:>7} {}", "█".repeat(length))?;
    }
    Ok(())
}
