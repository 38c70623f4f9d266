//! `iwmo erase`: what is kept about a person, and removing it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::civil::Date;

use super::change::{self, ChangeArguments};
use super::journal::read_bsn;
use super::look::{self, look};
use super::open::{self, PastArguments, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal, day};
use crate::clock::{Clock, SystemClock};
use crate::control::{Client, Request, operator};
use crate::removal::{self, Gehouden, Hindernis, Opdracht, TERM_YEARS, Verlopen, Verslag, VerzoekView};

/// Remove what is kept about a person, show what that is, and keep the requests for it
///
/// Everything in the journal that names a person stands under a key of that person. To remove it the key is destroyed:
/// then nobody can read it any more, here or in any backup of the journal, and the chain stays whole. What stays is that
/// there were messages: partner, kind, time and codes. Copies of the folder `keys` must be replaced afterwards; one that
/// is put back has the key destroyed again at the next start.
///
/// Without --yes it shows what is held and what stands against it, and changes nothing. What is about a person is kept
/// for fifteen years after the last change (Wmo 2015 art. 5.3.4), unless the person asks (art. 5.3.5): record that with
/// --request, then erase within three months. The daily run of the gateway erases by itself when the term is over.
///
/// The BSN is read from a file or from standard input, never from the command line, which others can see. Exit code 1
/// when nothing is held, or when something stands against it.
#[derive(Debug, Args)]
pub(super) struct Erase {
    #[command(flatten)]
    store: StoreArguments,
    /// File with the BSN and nothing else; -: standard input
    #[arg(long, value_name = "FILE", required_unless_present_any = ["expired", "list", "refuse"], conflicts_with_all = ["expired", "list", "refuse"])]
    bsn_from: Option<PathBuf>,
    /// Record that the person asked, and do not erase yet
    #[arg(long, requires_all = ["bsn_from", "received"])]
    request: bool,
    /// The day on which the request was received (2026-11-25)
    #[arg(long, value_name = "DAY", requires = "request", value_parser = day)]
    received: Option<Date>,
    /// Record that a request is not met (GEMEENTE:SEQ, as --list shows it)
    #[arg(long, value_name = "REQUEST")]
    refuse: Option<String>,
    /// Everybody of whom the term is over
    #[arg(long, conflicts_with_all = ["list", "refuse"])]
    expired: bool,
    /// Show the requests, the most urgent first; exit code 1 when one is overdue
    #[arg(long, conflicts_with_all = ["refuse", "yes", "reason"])]
    list: bool,
    /// With --list: also those that were met or refused
    #[arg(long, requires = "list")]
    all: bool,
    /// Only at this gemeente (CBS code); may be given more than once
    #[arg(long, value_name = "CODE")]
    gemeente: Vec<String>,
    /// Erase although this stands against it; may be given more than once
    #[arg(long, value_name = "WHAT", value_enum, conflicts_with_all = ["expired", "list", "refuse", "request"])]
    despite: Vec<Hindernis>,
    #[command(flatten)]
    change: ChangeArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Erase {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        if self.list {
            return self.requests(terminal);
        }
        let order = self.order(terminal)?;
        let folder = self.store.folder()?;
        let reason = self.change.wanted();
        if reason.is_none() {
            self.look(&folder, &order, terminal)?;
        }
        let report = self.report(&folder, order.clone(), reason, terminal);
        // What is done leaves its own entry. What was asked with --yes and not done has told as much as a preview does.
        let done = report.as_ref().is_ok_and(|report| !report.handelingen.is_empty());
        let looked = match reason {
            Some(_) if !done => self.look(&folder, &order, terminal),
            _ => Ok(()),
        };
        let report = report?;
        looked?;
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => writeln!(out, "{}", serde_json::to_string(&report).map_err(io::Error::from)?)?,
            Format::Text => text(&mut out, &report, &self, terminal)?,
        }
        let hindered = report.gehouden.iter().any(|one| !self.waived(one));
        let nothing = report.gehouden.is_empty() && report.verlopen.is_empty() && report.verzoeken.is_empty();
        let found = nothing && !self.expired || hindered && !report.uitgevoerd && !self.request;
        Ok(if found { Found::Something } else { Found::AllWell })
    }

    /// What is held and what was done, from the gateway that runs or from the store itself.
    fn report(
        &self,
        folder: &Path,
        order: Opdracht,
        reason: Option<&str>,
        terminal: &Terminal,
    ) -> Result<Verslag, Failure> {
        if let Some(client) = Client::connect(folder).map_err(change::unanswered)? {
            return through(client, order, reason);
        }
        if let Some(reason) = reason {
            return self.alone(folder, &order, reason);
        }
        let store = open::read(&self.store, &PastArguments::default(), terminal)?;
        let (ledger, reader) = (&store.ledger, &store.reader);
        removal::plan(ledger, reader, &order, store.today, self.years()?).map_err(change::refused)
    }

    fn order(&self, terminal: &Terminal) -> Result<Opdracht, Failure> {
        let gemeenten: Result<Vec<Gemeente>, _> =
            self.gemeente.iter().map(|code| Gemeente::new(code)).collect();
        let gemeenten = gemeenten.map_err(|error| Failure::new(error.to_string()))?;
        let gemeenten = (!gemeenten.is_empty()).then_some(gemeenten);
        Ok(match (&self.bsn_from, &self.refuse, self.received) {
            (Some(file), _, Some(ontvangen)) => {
                Opdracht::Verzoek { bsn: read_bsn(file, terminal)?, gemeenten, ontvangen }
            }
            (Some(file), _, None) => Opdracht::Verwijder {
                bsn: read_bsn(file, terminal)?,
                gemeenten,
                ondanks: self.despite.clone(),
            },
            (None, Some(verzoek), _) => Opdracht::Afwijzen { verzoek: verzoek.clone() },
            (None, None, _) => Opdracht::Verlopen { gemeenten },
        })
    }

    /// Records that somebody is about to see what is kept about a person, as `iwmo client` does.
    fn look(&self, folder: &Path, order: &Opdracht, terminal: &Terminal) -> Result<(), Failure> {
        let (Opdracht::Verwijder { bsn, gemeenten, .. } | Opdracht::Verzoek { bsn, gemeenten, .. }) = order
        else {
            return Ok(());
        };
        let store = open::read(&self.store, &PastArguments::default(), terminal)?;
        let all =
            || store.reader.tips().into_keys().filter_map(|chain| Gemeente::new(&chain.to_string()).ok());
        let asked = gemeenten.clone().unwrap_or_else(|| all().collect());
        let persons: Vec<(Gemeente, Bsn)> = asked.into_iter().map(|code| (code, *bsn)).collect();
        look(folder, look::persons(&store.ledger, &persons)?, terminal);
        Ok(())
    }

    /// How long what is about a person is kept here.
    fn years(&self) -> Result<u16, Failure> {
        Ok(self.store.configuration()?.map_or(TERM_YEARS, |config| config.retention.years))
    }

    /// Does it on a store that no daemon holds.
    fn alone(&self, folder: &Path, order: &Opdracht, reason: &str) -> Result<Verslag, Failure> {
        let wie = operator()?;
        let engine = change::attend(folder)?;
        engine.set_term_years(self.years()?);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let today = SystemClock.today();
        let report = runtime.block_on(removal::perform(&engine, &wie, reason, order, today));
        engine.stop();
        report.map_err(change::refused)
    }

    /// Whether nothing stands against it that was not waived.
    fn waived(&self, one: &Gehouden) -> bool {
        one.hindernissen.iter().all(|found| found.is_te_negeren() && self.despite.contains(found))
    }

    fn requests(&self, terminal: &Terminal) -> Outcome {
        let store = open::read(&self.store, &PastArguments::default(), terminal)?;
        let found = removal::requests(&store.ledger, store.today, self.all)
            .map_err(|error| Failure::new(error.to_string()))?;
        let only = |view: &&VerzoekView| {
            self.gemeente.is_empty() || self.gemeente.iter().any(|code| code == view.gemeente.as_str())
        };
        let found: Vec<&VerzoekView> = found.iter().filter(only).collect();
        let mut out = io::stdout().lock();
        for view in &found {
            match self.format {
                Format::Json => writeln!(out, "{}", serde_json::to_string(view).map_err(io::Error::from)?)?,
                Format::Text => request(&mut out, view, terminal)?,
            }
        }
        if found.is_empty() && self.format == Format::Text {
            writeln!(out, "{}", terminal.say("er staat geen verzoek open", "no request is open"))?;
        }
        Ok(if found.iter().any(|view| view.verlopen) { Found::Something } else { Found::AllWell })
    }
}

fn through(mut client: Client, order: Opdracht, reason: Option<&str>) -> Result<Verslag, Failure> {
    let request = match reason {
        None => Request::PlanRemoval { opdracht: order },
        Some(reason) => Request::PerformRemoval {
            opdracht: order,
            reden: reason.to_owned(),
            namens: std::env::var("SUDO_USER").ok(),
        },
    };
    client.ask(&request, &mut |_| {}).map_err(change::unanswered)
}

fn text(out: &mut impl Write, report: &Verslag, asked: &Erase, terminal: &Terminal) -> io::Result<()> {
    for one in &report.gehouden {
        held(out, one, asked, terminal)?;
    }
    for one in &report.verlopen {
        expired(out, one, terminal)?;
    }
    for one in &report.verzoeken {
        request(out, one, terminal)?;
    }
    let nothing = report.gehouden.is_empty() && report.verlopen.is_empty() && report.verzoeken.is_empty();
    let line = if nothing && asked.expired {
        terminal.say("van niemand is de termijn voorbij", "of nobody the term is over").to_owned()
    } else if nothing {
        terminal.say("hier staat niets over deze persoon", "nothing is held about this person").to_owned()
    } else if report.uitgevoerd && report.handelingen.is_empty() {
        terminal.say("niets te doen", "nothing to do").to_owned()
    } else if report.uitgevoerd {
        let done = terminal.say("gedaan, vastgelegd als", "done, recorded as");
        format!("{done} {}", report.handelingen.join(", "))
    } else {
        terminal
            .say(
                "niets gewijzigd; doe het met --yes --reason TEKST",
                "nothing was changed; do it with --yes --reason TEXT",
            )
            .to_owned()
    };
    writeln!(out, "{line}")?;
    if report.uitgevoerd && !report.handelingen.is_empty() && report.verzoeken.is_empty() {
        let copies = terminal.say(
            "vervang nu ook elke kopie van de map met sleutels: die heeft de vernietigde sleutel nog",
            "now replace every copy of the folder of keys: it has the destroyed key still",
        );
        writeln!(out, "{copies}")?;
    }
    Ok(())
}

fn held(out: &mut impl Write, one: &Gehouden, asked: &Erase, terminal: &Terminal) -> io::Result<()> {
    let under = if one.eerdere_bsn {
        terminal.say(", onder een eerdere, onjuiste BSN", ", under an earlier, wrong BSN")
    } else {
        ""
    };
    let title = format!("gemeente {}{under}", one.gemeente);
    writeln!(out, "{}", terminal.style("1", &title))?;
    let mut count = |number: u64, nl: &str, en: &str| match number {
        0 => Ok(()),
        _ => writeln!(out, "{number:>7}  {}", terminal.say(nl, en)),
    };
    count(one.entries, "regels in het journaal", "journal entries")?;
    count(one.berichten, "berichten, ontvangen en verzonden", "messages, received and sent")?;
    count(
        one.met_anderen,
        "berichten ook over anderen; alleen dit deel wordt verwijderd",
        "messages about others too; only this part is removed",
    )?;
    count(one.toewijzingen, "toewijzingen", "toewijzingen")?;
    count(one.perioden, "perioden eigen bijdrage", "periods of eigen bijdrage")?;
    count(
        one.niet_verzonden,
        "uitgaande berichten niet afgerond; die gaan dan nooit meer weg",
        "outgoing messages not final; they then never leave",
    )?;
    if let (Some(last), Some(until)) = (one.laatste, one.bewaren_tot) {
        let dutch = format!("         laatste wijziging {last}, te bewaren tot en met {until}");
        let english = format!("         last change {last}, to be kept up to and including {until}");
        writeln!(out, "{}", terminal.say(&dutch, &english))?;
    }
    if let Some(entry) = &one.verzoek {
        let dutch = format!("         verzoek om verwijdering {entry} staat open");
        let english = format!("         request for removal {entry} is open");
        writeln!(out, "{}", terminal.say(&dutch, &english))?;
    }
    // What is about to be recorded does not stand against itself.
    let stands = |found: &&Hindernis| !asked.request || **found != Hindernis::Termijn;
    for found in one.hindernissen.iter().filter(stands) {
        let label = terminal.style("33", terminal.say("let op", "note"));
        let (nl, en) = words(*found);
        let despite = if !found.is_te_negeren() {
            String::new()
        } else if asked.despite.contains(found) {
            terminal.say(" (genegeerd)", " (waived)").to_owned()
        } else {
            format!(" (--despite {})", found.word())
        };
        writeln!(out, "{label}: {}{despite}", terminal.say(nl, en))?;
    }
    Ok(())
}

fn words(found: Hindernis) -> (&'static str, &'static str) {
    match found {
        Hindernis::Lopend => {
            ("er loopt een toewijzing, of er moet er een beginnen", "a toewijzing runs or is to begin")
        }
        Hindernis::Cak => (
            "bij het CAK loopt een periode of staat een antwoord open",
            "the CAK holds a period or owes an answer",
        ),
        Hindernis::Uitgaand => ("een uitgaand bericht is niet afgerond", "an outgoing message is not final"),
        Hindernis::Wachtend => ("een bericht wacht op beoordeling", "a message waits to be judged"),
        Hindernis::Termijn => (
            "de bewaartermijn is niet voorbij en er is geen verzoek; leg dat vast met --request",
            "the term is not over and there is no request; record that with --request",
        ),
        Hindernis::KlareTekst => (
            "er staan regels van voor er sleutels waren; die zijn zo niet te verwijderen",
            "there are entries from before there were keys; they cannot be removed in this way",
        ),
    }
}

fn expired(out: &mut impl Write, one: &Verlopen, terminal: &Terminal) -> io::Result<()> {
    let Verlopen { gemeente, personen, entries, tegengehouden, meer } = one;
    let dutch = format!(
        "gemeente {gemeente}: {personen} personen in {entries} regels, {tegengehouden} tegengehouden"
    );
    let english =
        format!("gemeente {gemeente}: {personen} persons in {entries} entries, {tegengehouden} held back");
    writeln!(out, "{}", terminal.say(&dutch, &english))?;
    if *meer {
        writeln!(
            out,
            "  {}",
            terminal
                .say("er zijn er meer: doe het daarna nog eens", "there are more: do it again after this")
        )?;
    }
    Ok(())
}

fn request(out: &mut impl Write, view: &VerzoekView, terminal: &Terminal) -> io::Result<()> {
    let entry = view.entry.as_deref().unwrap_or("-");
    let due = view.uiterlijk.to_string();
    let due = if view.verlopen { terminal.style("1;31", &due) } else { due };
    let dutch = format!("{due}  {entry:<12} ontvangen {}  {}", view.ontvangen, view.stand);
    let english = format!("{due}  {entry:<12} received {}  {}", view.ontvangen, view.stand);
    writeln!(out, "{}", terminal.say(&dutch, &english))
}
