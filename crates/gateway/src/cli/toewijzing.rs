//! `iwmo toewijzing`: state and timeline.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use iwmo_toewijzing::identity::{Aanbieder, Gemeente, ToewijzingNummer};

use super::look::look;
use super::open::{self, PastArguments, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal};
use crate::ledger::keys;
use crate::record::Blik;
use crate::view::{self, LeveringView, Line, ToewijzingFilter, ToewijzingView};

/// Show toewijzingen: their state, and what happened to them
#[derive(Debug, Args)]
pub(super) struct ToewijzingCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    Show(Show),
}

/// List toewijzingen with their state
#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    past: PastArguments,
    /// Only of this gemeente (CBS code)
    #[arg(long, value_name = "CODE")]
    gemeente: Option<String>,
    /// Only of this aanbieder (AGB code)
    #[arg(long, value_name = "AGB")]
    aanbieder: Option<String>,
    /// Only in this state of delivery: NIET_GESTART, GESTART, TIJDELIJK_GESTOPT or BEEINDIGD
    #[arg(long, value_name = "STATE", value_parser = view::levering)]
    levering: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Show one toewijzing with its timeline
#[derive(Debug, Args)]
struct Show {
    /// The toewijzing: GEMEENTE/NUMMER, as 0222/100101; the number alone when one gemeente has it
    toewijzing: String,
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    past: PastArguments,
    /// Say under which rule each thing happened, and what was odd about it
    #[arg(long)]
    why: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl ToewijzingCommand {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        match self.verb {
            Verb::List(list) => list.run(terminal),
            Verb::Show(show) => show.run(terminal),
        }
    }
}

impl List {
    fn run(self, terminal: &Terminal) -> Outcome {
        let bad = |error: iwmo_toewijzing::identity::Malformed| Failure::new(error.to_string());
        let gemeente = self.gemeente.as_deref().map(Gemeente::new).transpose().map_err(bad)?;
        let aanbieder = self.aanbieder.as_deref().map(Aanbieder::new).transpose().map_err(bad)?;
        let store = open::read(&self.store, &self.past, terminal)?;
        let filter = ToewijzingFilter {
            gemeenten: gemeente.map(|gemeente| vec![gemeente]),
            aanbieder,
            levering: self.levering,
            after: None,
            limit: self.limit.saturating_add(1),
        };
        let mut found = view::toewijzingen(&store.ledger, &filter, store.today)?;
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let mut out = io::stdout().lock();
        for toewijzing in &found {
            match self.format {
                Format::Json => {
                    writeln!(out, "{}", serde_json::to_string(toewijzing).map_err(io::Error::from)?)?
                }
                Format::Text => writeln!(out, "{}", row(toewijzing))?,
            }
        }
        if more {
            terminal.there_is_more()?;
        } else if found.is_empty() {
            terminal.nothing_found()?;
        }
        Ok(Found::AllWell)
    }
}

impl Show {
    fn run(self, terminal: &Terminal) -> Outcome {
        let store = open::read(&self.store, &self.past, terminal)?;
        let (gemeente, nummer) = name(&self.toewijzing, &store)?;
        let (ledger, reader, schemas) = (&store.ledger, &store.reader, &store.schemas);
        let found = view::toewijzing(ledger, reader, schemas, gemeente, nummer, store.today)?;
        let Some(toewijzing) = found else {
            let mut stderr = io::stderr().lock();
            writeln!(
                stderr,
                "{}",
                terminal.say("geen toewijzing met dit nummer", "no toewijzing with this number")
            )?;
            return Ok(Found::Something);
        };
        let seen = (keys::chain(gemeente), Blik::Toewijzing { nummer: nummer.value() });
        look(&self.store.folder()?, vec![seen], terminal);
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => {
                writeln!(out, "{}", serde_json::to_string(&toewijzing).map_err(io::Error::from)?)?
            }
            Format::Text => text(&mut out, &toewijzing, self.why, terminal)?,
        }
        Ok(Found::AllWell)
    }
}

/// Reads the name of a toewijzing.
pub(super) fn name(text: &str, store: &open::ReadStore) -> Result<(Gemeente, ToewijzingNummer), Failure> {
    let bad = || {
        Failure::new(format!("{text:?} does not name a toewijzing"))
            .hint("write GEMEENTE/NUMMER, as 0222/100101")
    };
    let nummer =
        |text: &str| text.parse().ok().and_then(|number| ToewijzingNummer::new(number).ok()).ok_or_else(bad);
    if let Some((gemeente, number)) = text.split_once(['/', ':']) {
        return Ok((Gemeente::new(gemeente).map_err(|_| bad())?, nummer(number)?));
    }
    let wanted = nummer(text)?;
    let filter = ToewijzingFilter { limit: usize::MAX, ..ToewijzingFilter::default() };
    let all = view::toewijzingen(&store.ledger, &filter, store.today)?;
    let mut with: Vec<&str> =
        all.iter().filter(|one| one.nummer == wanted.value()).map(|one| one.gemeente.as_str()).collect();
    match (with.pop(), with.is_empty()) {
        (Some(gemeente), true) => Ok((Gemeente::new(gemeente).map_err(|_| bad())?, wanted)),
        (Some(_), false) => Err(Failure::new(format!("several gemeenten have a toewijzing {wanted}"))
            .hint("write GEMEENTE/NUMMER, as 0222/100101")),
        // Nobody has it: any gemeente will do for the answer that it is not there.
        (None, _) => Ok((Gemeente::new("0000").map_err(|_| bad())?, wanted)),
    }
}

/// A toewijzing as one line.
pub(super) fn row(toewijzing: &ToewijzingView) -> String {
    format!(
        "{}/{:<9}  {}  {:<9}  {:<10}  {:<10}  {}{}",
        toewijzing.gemeente,
        toewijzing.nummer,
        toewijzing.aanbieder,
        product(toewijzing),
        toewijzing.status,
        toewijzing.fase.unwrap_or("-"),
        delivery(&toewijzing.levering),
        if toewijzing.anomalieen.is_empty() {
            String::new()
        } else {
            format!("  ! {}", toewijzing.anomalieen.join(", "))
        },
    )
}

/// The product; one without any is generic, unless no version counts that could have one.
fn product(toewijzing: &ToewijzingView) -> &str {
    let none = if toewijzing.ingangsdatum.is_none() { "-" } else { "generiek" };
    toewijzing.product.as_deref().unwrap_or(none)
}

fn delivery(levering: &LeveringView) -> String {
    let mut text = levering.status.to_owned();
    if let Some(begin) = &levering.begindatum {
        text.push_str(&format!(" {begin}"));
    }
    if let Some(end) = &levering.einddatum {
        text.push_str(&format!("..{end}"));
    }
    if let Some(reason) = &levering.reden {
        text.push_str(&format!(" ({reason})"));
    }
    text
}

fn text(out: &mut impl Write, toewijzing: &ToewijzingView, why: bool, terminal: &Terminal) -> io::Result<()> {
    let title = format!("toewijzing {}/{}", toewijzing.gemeente, toewijzing.nummer);
    writeln!(out, "{}", terminal.style("1", &title))?;
    let label = |nl, en| format!("{:<16}", terminal.say(nl, en));
    writeln!(out, "  {}{}", label("aanbieder", "aanbieder"), toewijzing.aanbieder)?;
    writeln!(out, "  {}{}", label("product", "product"), product(toewijzing))?;
    let until = toewijzing.einddatum.as_deref().unwrap_or("...");
    let valid =
        toewijzing.ingangsdatum.as_ref().map_or_else(|| "-".to_owned(), |from| format!("{from} .. {until}"));
    writeln!(out, "  {}{valid}", label("geldig", "valid"))?;
    let phase = toewijzing.fase.unwrap_or("-");
    let implied = if toewijzing.impliciet_bevestigd {
        terminal.say(", door de aanbieder gevolgd", ", acted on by the aanbieder")
    } else {
        ""
    };
    writeln!(out, "  {}{} ({phase}){implied}", label("toewijzing", "toewijzing"), toewijzing.status)?;
    writeln!(out, "  {}{}", label("levering", "delivery"), delivery(&toewijzing.levering))?;
    for anomaly in &toewijzing.anomalieen {
        writeln!(out, "  {}{}", label("let op", "look at"), terminal.style("33", anomaly))?;
    }
    for period in &toewijzing.eigen_bijdrage {
        let stop = period.stop.as_deref().unwrap_or("...");
        writeln!(
            out,
            "  {}{} .. {stop} (EbStartNummer {})",
            label("eigen bijdrage", "eigen bijdrage"),
            period.start,
            period.nummer
        )?;
    }
    if let Some(codes) = &toewijzing.eigen_bijdrage_wacht {
        let words = view::reason(codes);
        let reason = terminal.say(&words.nl, &words.en);
        writeln!(out, "  {}{}", label("CAK wacht", "CAK waits"), terminal.style("33", reason))?;
    }
    writeln!(out)?;
    timeline(out, &toewijzing.tijdlijn, why, terminal)
}

/// Writes what happened, a line each; with `why` under which rule, and what was odd.
pub(super) fn timeline(
    out: &mut impl Write,
    lines: &[Line],
    why: bool,
    terminal: &Terminal,
) -> io::Result<()> {
    for line in lines {
        let text = terminal.say(&line.tekst, &line.text);
        let kind = line.bericht.trim_start_matches("WMO");
        writeln!(out, "  {}  {:<10} {kind:<4} {text}", line.tijd, line.entry)?;
        if !why {
            continue;
        }
        if !line.regels.is_empty() {
            let kept = line.oordeel == Some("goedgekeurd");
            let words = if kept { ("voldoet aan", "keeps") } else { ("volgens", "under") };
            let rules = line.regels.join(", ");
            writeln!(out, "  {:>37} {} {rules}", "", terminal.say(words.0, words.1))?;
        }
        for code in &line.waarschuwingen {
            let (words, rules) = (view::finding(code), view::finding_rules(code).join(", "));
            let words = terminal.say(&words.nl, &words.en);
            writeln!(out, "  {:>37} {} {words} ({rules})", "", terminal.say("let op:", "look at:"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(toewijzing: &ToewijzingView) -> String {
        let terminal = Terminal::new(Default::default(), Default::default());
        let mut out = Vec::new();
        text(&mut out, toewijzing, false, &terminal).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// A toewijzing whose one version was refused or deleted has no product and no period; one in force without a product is
    /// generic.
    #[test]
    fn without_a_version_in_force_there_is_no_product() {
        let levering =
            LeveringView { status: "NIET_GESTART", begindatum: None, einddatum: None, reden: None };
        let mut toewijzing = ToewijzingView {
            gemeente: "0222".to_owned(),
            nummer: 100_101,
            aanbieder: "98000001".to_owned(),
            status: "ONBEKEND",
            impliciet_bevestigd: false,
            fase: None,
            product: None,
            ingangsdatum: None,
            einddatum: None,
            levering,
            anomalieen: Vec::new(),
            eigen_bijdrage: Vec::new(),
            eigen_bijdrage_wacht: None,
            tijdlijn: Vec::new(),
        };
        assert_eq!(
            row(&toewijzing),
            "0222/100101     98000001  -          ONBEKEND    -           NIET_GESTART"
        );
        let whole = shown(&toewijzing);
        for line in ["  product         -\n", "  geldig          -\n", "  toewijzing      ONBEKEND (-)\n"] {
            assert!(whole.contains(line), "{whole}");
        }

        (toewijzing.status, toewijzing.fase) = ("BEVESTIGD", Some("LOPEND"));
        toewijzing.ingangsdatum = Some("2026-11-01".to_owned());
        assert!(row(&toewijzing).contains("  generiek   BEVESTIGD   LOPEND "), "{}", row(&toewijzing));
        assert!(shown(&toewijzing).contains("  geldig          2026-11-01 .. ...\n"));
    }
}
