//! `iwmo cak show`: the eigen bijdrage of one person.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::super::journal::read_bsn;
use super::super::look::look;
use super::super::open::{self, PastArguments, StoreArguments};
use super::super::output::{Failure, Format, Found, Outcome, Terminal};
use super::gemeente;
use crate::ledger::{Persoon, Rows, keys};
use crate::record::Blik;
use crate::view::{self, EigenBijdrageView, GrondslagView, MeldingView, StapView, VergelijkingView};

/// Show the eigen bijdrage of a person: what should stand at the CAK beside what it accepted, and why
///
/// For each period what should be and what is, how they differ, and from what support and which messages that follows; what
/// is under way and what would be told next; and every message before with the answer of the CAK. The BSN is read from a file
/// or from standard input, and nothing in the output says who the person is. Exit code 1 when the gemeente does not know
/// them.
#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    past: PastArguments,
    /// The gemeente (CBS code)
    #[arg(long, value_name = "CODE")]
    gemeente: String,
    /// File with the BSN and nothing else; -: standard input
    #[arg(long, value_name = "FILE")]
    bsn_from: PathBuf,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Show {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let failed = |error: crate::ledger::LedgerError| Failure::from(error);
        let gemeente = gemeente(&self.gemeente)?;
        let bsn = read_bsn(&self.bsn_from, terminal)?;
        let settings = self.store.settings()?;
        let store = open::read(&self.store, &self.past, terminal)?;
        let found =
            view::eigen_bijdrage(&store.ledger, &settings, gemeente, &bsn, store.today).map_err(failed)?;
        let persoon: Option<Persoon> = store.ledger.row(&keys::persoon(gemeente, &bsn)).map_err(failed)?;
        let sinds = persoon.map(|persoon| persoon.sinds);
        look(&self.store.folder()?, vec![(keys::chain(gemeente), Blik::Persoon { sinds })], terminal);
        let Some(found) = found else {
            let nobody =
                terminal.say("de gemeente kent deze persoon niet", "the gemeente does not know this person");
            writeln!(io::stderr().lock(), "{nobody}")?;
            return Ok(Found::Something);
        };
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => writeln!(out, "{}", serde_json::to_string(&found).map_err(io::Error::from)?)?,
            Format::Text => text(&mut out, &found, terminal)?,
        }
        Ok(Found::AllWell)
    }
}

fn text(out: &mut impl Write, found: &EigenBijdrageView, terminal: &Terminal) -> io::Result<()> {
    let title = format!("eigen bijdrage, gemeente {}", found.gemeente);
    writeln!(out, "{}", terminal.style("1", &title))?;
    if found.perioden.is_empty() {
        let none = terminal.say(
            "er is niets verschuldigd, en bij het CAK staat niets",
            "nothing is due, and nothing stands at the CAK",
        );
        writeln!(out, "  {none}")?;
    }
    for period in &found.perioden {
        pair(out, period, terminal)?;
    }
    for ground in &found.niet_belast {
        let why = match ground.belasting {
            "vrij" => terminal.say("geen eigen bijdrage", "no contribution"),
            "ander_regime" => terminal.say("een andere eigen bijdrage", "another contribution"),
            _ => terminal.say("nog te beslissen", "still to be decided"),
        };
        writeln!(out, "  {}: {why}", support(&ground.hulp, terminal))?;
    }
    if let Some(melding) = &found.onderweg {
        let label = terminal.say("onderweg", "under way");
        writeln!(out, "  {label}: {} ({})", step(&melding.stap, terminal), melding.dagtekening)?;
    }
    for (index, next) in found.stappen.iter().enumerate() {
        let label = match index {
            0 => terminal.say("volgende", "next"),
            _ => terminal.say("daarna", "then"),
        };
        writeln!(out, "  {label}: {}", step(next, terminal))?;
    }
    if let (Some(nl), Some(en)) = (&found.wacht_tekst, &found.wacht_text) {
        let label = terminal.say("wacht", "waits");
        let until = match &found.wacht_tot {
            Some(until) => format!(" {} {until}", terminal.say("tot", "until")),
            None => String::new(),
        };
        writeln!(out, "  {label}{until}: {}", terminal.style("33", terminal.say(nl, en)))?;
    }
    if !found.meldingen.is_empty() {
        writeln!(out, "\n{}", terminal.style("1", terminal.say("meldingen", "messages")))?;
    }
    for melding in &found.meldingen {
        writeln!(out, "  {}", told(melding, terminal))?;
    }
    Ok(())
}

fn pair(out: &mut impl Write, period: &VergelijkingView, terminal: &Terminal) -> io::Result<()> {
    let days = |start: &str, last: Option<&str>| format!("{start} .. {}", last.unwrap_or("..."));
    let nothing = || terminal.say("niets", "nothing").to_owned();
    let wanted = period.gewenst.as_ref();
    let should = wanted.map_or_else(nothing, |wanted| days(&wanted.start, wanted.eind.as_deref()));
    let accepted = period.aanvaard.as_ref();
    let is = accepted.map_or_else(nothing, |accepted| {
        let number = format!("EbStartNummer {}, {}", accepted.nummer, accepted.staat.replace('_', " "));
        format!("{} ({number})", days(&accepted.start, accepted.stop.as_deref()))
    });
    let (label_should, label_is) =
        (terminal.say("moet zijn", "should be"), terminal.say("CAK heeft", "CAK has"));
    writeln!(out, "  {label_should:<10} {should}")?;
    writeln!(out, "  {label_is:<10} {is}")?;
    let words = terminal.say(&period.tekst, &period.text);
    let words =
        if period.verschil.is_empty() { words.to_owned() } else { terminal.style("33", words).to_string() };
    writeln!(out, "    {words}")?;
    if let Some(code) = accepted.and_then(|accepted| accepted.afgekeurd.as_ref()) {
        let refused = terminal.say("laatste melding geweigerd", "last message refused");
        writeln!(out, "    {refused}: {code}")?;
    }
    if let Some(due) = wanted.and_then(|wanted| wanted.melden_voor.as_ref()).filter(|_| accepted.is_none()) {
        writeln!(
            out,
            "    {} {due}",
            terminal.say("uiterlijk bij het CAK op", "with the CAK at the latest on")
        )?;
    }
    for ground in &period.waarom {
        writeln!(out, "    {} {}", terminal.say("door", "by"), support(ground, terminal))?;
    }
    Ok(())
}

fn support(ground: &GrondslagView, terminal: &Terminal) -> String {
    let until = ground.tot_en_met.as_deref().unwrap_or("...");
    let triggers = if ground.start_trigger == ground.stop_trigger {
        ground.start_trigger.to_owned()
    } else {
        format!("{}/{}", ground.start_trigger, ground.stop_trigger)
    };
    let from = match &ground.entries[..] {
        [] => terminal.say("opgegeven", "stated").to_owned(),
        entries => entries.join(", "),
    };
    format!("{} ({}) {} .. {until}, {triggers}: {from}", ground.waarover, ground.leveringsvorm, ground.vanaf)
}

fn step(step: &StapView, terminal: &Terminal) -> String {
    let (what, day) = match (step.bericht, step.status) {
        ("WMO401", 1) => (terminal.say("start melden", "report start"), &step.datum),
        ("WMO401", 2) => (terminal.say("start wijzigen", "change start"), &step.datum),
        ("WMO401", _) => (terminal.say("start verwijderen", "delete start"), &step.datum),
        (_, 1) => (terminal.say("stop melden", "report stop"), &step.datum),
        (_, 2) => (terminal.say("stop wijzigen", "change stop"), &step.datum),
        (..) => (terminal.say("stop verwijderen", "delete stop"), &step.datum),
    };
    let price = match step.kostprijs_cent {
        Some(cents) => format!(", € {},{:02}", cents / 100, cents % 100),
        None => String::new(),
    };
    format!("{what} {day} (EbStartNummer {}, {}/{}{price})", step.nummer, step.bericht, step.status)
}

fn told(melding: &MeldingView, terminal: &Terminal) -> String {
    let outcome = match melding.uitkomst {
        "onderweg" => terminal.say("onderweg", "under way"),
        "aanvaard" => terminal.say("aanvaard", "accepted"),
        "niet_aangenomen" => terminal.say("niet aangenomen", "not taken"),
        _ => terminal.say("geweigerd", "refused"),
    };
    let codes: Vec<&str> = melding.codes.iter().map(String::as_str).filter(|code| *code != "0200").collect();
    let codes = if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) };
    let day = melding.beantwoord_op.as_ref().map(|day| format!(" {day}")).unwrap_or_default();
    let entry = melding.entry.as_deref().unwrap_or("-");
    format!("{entry:<12} {}  {}: {outcome}{codes}{day}", melding.dagtekening, step(&melding.stap, terminal))
}
