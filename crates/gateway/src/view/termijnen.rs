//! What is due from whom, as a work queue.
//!
//! Deadlines are not stored: they follow from the records, the calendar and today. A page goes through everything on
//! record and keeps the rows that are due first, so its memory is bounded by its size.

use std::collections::BTreeMap;

use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::cak::{self, EbBeleid};
use iwmo_toewijzing::calendar::Kalender;
use iwmo_toewijzing::deadline::{self, Deadline, RETOUR_WERKDAGEN, Subject, Timer, Wie};
use iwmo_toewijzing::dossier::{Onderwerp, VersieStatus};
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Aanbieder, Gemeente};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::PlaceCursor;
use super::berichten::Page;
use super::toewijzing::dossier;
use crate::clock::dutch_date;
use crate::engine::{GemeenteSettings, Settings};
use crate::ledger::{
    Declaratie, EbMelding, Geparkeerd, LedgerError, Persoon, Rows, Uitgaand, decode_row, keys,
};
use crate::removal;
use crate::store::Ledger;

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TermijnView {
    /// The last day, `2026-11-25`.
    pub uiterlijk: String,
    /// The day from which the period counts; it is not counted itself.
    pub vanaf: String,
    /// Whether the last day has passed.
    pub verlopen: bool,
    /// Which timer: RETOUR_OUT, RETOUR_IN, STOP_MISSING, CAK_DATA, OP274, OP346, OP090x4 or VERWIJDERING.
    pub termijn: &'static str,
    /// Who must act, or is told that another did not: `gemeente` or `aanbieder`.
    pub wie: &'static str,
    /// Gemeentecode.
    pub gemeente: String,
    /// AGB code of the aanbieder on the other side.
    pub aanbieder: Option<String>,
    /// ToewijzingNummer.
    pub toewijzing: Option<u32>,
    /// What waits: the outgoing message, `GEMEENTE:SEQ/N`, or the entry of the message without retour, `GEMEENTE:SEQ`.
    pub entry: Option<String>,
    /// What is due, in Dutch.
    pub tekst: String,
    /// What is due, in English.
    pub text: String,
}

impl TermijnView {
    /// The place of a row: earliest first, then what makes it unique. No personal data is in it.
    fn place(&self) -> String {
        let number = self.toewijzing.map(|nummer| nummer.to_string()).unwrap_or_default();
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        let (aanbieder, entry) = (optional(&self.aanbieder), optional(&self.entry));
        [&self.uiterlijk, &self.gemeente, self.termijn, &aanbieder, &number, &entry, &self.vanaf]
            .map(|part| part as &str)
            .join("|")
    }
}

/// Which deadlines to show.
#[derive(Clone, Debug, Default)]
pub struct TermijnFilter {
    /// Of these gemeenten; none: all.
    pub gemeenten: Option<Vec<Gemeente>>,
    /// With this aanbieder.
    pub aanbieder: Option<Aanbieder>,
    /// This timer.
    pub termijn: Option<String>,
    /// Only those whose last day has passed.
    pub verlopen: bool,
    /// Only those whose last day is this one or before.
    pub tot: Option<Date>,
    /// After the place of this cursor.
    pub after: Option<PlaceCursor>,
    /// At most so many.
    pub limit: usize,
}

/// Returns deadlines, the earliest first.
///
/// # Errors
///
/// The store cannot be read.
pub fn termijnen(
    ledger: &Ledger,
    settings: &Settings,
    filter: &TermijnFilter,
    today: Date,
) -> Result<Page<TermijnView, PlaceCursor>, LedgerError> {
    let mut queue = Queue { filter, today, rows: BTreeMap::new(), more: false };
    let gemeenten: Vec<Option<Gemeente>> = match &filter.gemeenten {
        Some(gemeenten) => gemeenten.iter().copied().map(Some).collect(),
        None => vec![None],
    };
    for gemeente in gemeenten {
        of_dossiers(ledger, gemeente, &mut queue)?;
        of_persons(ledger, settings, gemeente, &mut queue)?;
        of_notifications(ledger, gemeente, &mut queue)?;
        of_retours(ledger, gemeente, &mut queue)?;
        of_declarations(ledger, gemeente, &mut queue)?;
        of_parked(ledger, gemeente, &mut queue)?;
        of_removals(ledger, gemeente, &mut queue)?;
    }
    let next =
        queue.rows.last_key_value().filter(|_| queue.more).map(|(place, _)| PlaceCursor::new(place.clone()));
    Ok(Page { rows: queue.rows.into_values().collect(), next })
}

/// The rows that are due first.
struct Queue<'f> {
    filter: &'f TermijnFilter,
    today: Date,
    rows: BTreeMap<String, TermijnView>,
    more: bool,
}

impl Queue<'_> {
    fn add(
        &mut self,
        gemeente: Gemeente,
        aanbieder: Option<Aanbieder>,
        entry: Option<String>,
        found: &Deadline,
    ) {
        let verlopen = found.is_expired(self.today);
        let filter = self.filter;
        if (filter.verlopen && !verlopen)
            || filter.tot.is_some_and(|tot| found.due > tot)
            || (filter.aanbieder.is_some() && filter.aanbieder != aanbieder)
            || filter.termijn.as_ref().is_some_and(|termijn| termijn != found.timer.as_str())
        {
            return;
        }
        let toewijzing = match &found.subject {
            Subject::Onderwerp(Onderwerp::Toewijzing(nummer)) => Some(nummer.value()),
            _ => None,
        };
        let (tekst, text) = words(found, aanbieder.is_none());
        let view = TermijnView {
            uiterlijk: found.due.to_string(),
            vanaf: found.start.to_string(),
            verlopen,
            termijn: found.timer.as_str(),
            wie: match found.wie {
                Wie::Gemeente => "gemeente",
                Wie::Aanbieder => "aanbieder",
            },
            gemeente: gemeente.to_string(),
            aanbieder: aanbieder.map(|aanbieder| aanbieder.to_string()),
            toewijzing,
            entry,
            tekst: tekst.to_owned(),
            text: text.to_owned(),
        };
        self.keep(view);
    }

    /// Keeps a row that is asked for.
    fn keep(&mut self, view: TermijnView) {
        let (filter, place) = (self.filter, view.place());
        if filter.after.as_ref().is_some_and(|after| place.as_str() <= after.place()) {
            return;
        }
        self.rows.insert(place, view);
        if self.rows.len() > filter.limit {
            self.rows.pop_last();
            self.more = true;
        }
    }
}

fn words(found: &Deadline, cak: bool) -> (&'static str, &'static str) {
    match found.timer {
        Timer::RetourOut => ("de retour is nog niet bezorgd", "the retour is not delivered yet"),
        Timer::RetourIn if cak => ("het CAK heeft nog niet geantwoord", "the CAK has not answered yet"),
        Timer::RetourIn => {
            ("de aanbieder heeft nog geen retour gegeven", "the aanbieder has not given a retour yet")
        }
        Timer::StartDue => ("de start is nog niet gemeld", "the start is not reported yet"),
        Timer::StopDue => ("de stop is nog niet gemeld", "the stop is not reported yet"),
        Timer::StopMissing => (
            "de toewijzing eindigt terwijl de levering loopt: een stop wordt verwacht",
            "the toewijzing ends while support goes on: a stop is expected",
        ),
        Timer::NoStart => (
            "er is nog geen start gemeld binnen de afgesproken termijn",
            "no start is reported yet in the days that were agreed",
        ),
        Timer::CakData => (
            "het CAK kent deze periode van eigen bijdrage nog niet",
            "the CAK does not know of this period of eigen bijdrage yet",
        ),
        Timer::Antwoord => (
            "een aanvraag wacht op een toewijzing (301) of een antwoord (319)",
            "a request waits for a toewijzing (301) or an answer (319)",
        ),
        Timer::AntwoordWijziging => (
            "een verzoek om wijziging wacht op een toewijzing (301) of een antwoord (319)",
            "a request for a change waits for a toewijzing (301) or an answer (319)",
        ),
        Timer::Declaratie => {
            ("een declaratie (323) wacht op antwoord (325)", "a declaration (323) waits for its answer (325)")
        }
        _ => ("er moet iets gebeuren", "something is due"),
    }
}

/// OP090 and OP288, from what one gemeente and one aanbieder have on record.
fn of_dossiers(
    ledger: &Ledger,
    gemeente: Option<Gemeente>,
    queue: &mut Queue<'_>,
) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::dossiers(gemeente)) {
        let (key, value) = row?;
        let dossier: Dossier = decode_row(&key, &value)?;
        let owner = dossier.key();
        for found in deadline::of_dossier(&dossier, Wie::Gemeente, Kalender::default()) {
            let entry = match &found.subject {
                Subject::Bericht(identificatie) => pending_entry(&dossier, identificatie),
                Subject::Verzoek(referentie) => dossier
                    .verzoek(referentie)
                    .map(|verzoek| format!("{}:{}", owner.gemeente, verzoek.bericht.entry)),
                _ => None,
            };
            queue.add(owner.gemeente, Some(owner.aanbieder), entry, &found);
        }
    }
    Ok(())
}

/// The entry of the 301 or 319 that waits for its retour.
fn pending_entry(
    dossier: &Dossier,
    identificatie: &iwmo_toewijzing::identity::Identificatie,
) -> Option<String> {
    let versions = dossier.nummers().flat_map(|nummer| dossier.versies(nummer));
    let reactions = dossier.verzoeken().iter().flat_map(|verzoek| &verzoek.reacties);
    let mut sent = versions
        .map(|version| (&version.bericht, version.status))
        .chain(reactions.map(|reactie| (&reactie.bericht, reactie.status)));
    let (found, _) = sent.find(|(bericht, status)| {
        bericht.identificatie == *identificatie && *status == VersieStatus::Pending
    })?;
    Some(format!("{}:{}", dossier.key().gemeente, found.entry))
}

/// Uitvoeringsregeling Wmo 2015 art. 2f, for the gemeenten that tell the CAK through this gateway.
fn of_persons(
    ledger: &Ledger,
    settings: &Settings,
    gemeente: Option<Gemeente>,
    queue: &mut Queue<'_>,
) -> Result<(), LedgerError> {
    let standard = EbBeleid::default();
    for row in ledger.scan(&keys::personen_van(gemeente)) {
        let (key, value) = row?;
        let Some((gemeente, bsn)) = keys::persoon_delen(&key) else { continue };
        let beleid = match settings.gemeenten.get(&gemeente) {
            Some(GemeenteSettings { cak: None, .. }) => continue,
            Some(settings) => &settings.eb,
            None => &standard,
        };
        let persoon: Persoon = decode_row(&key, &value)?;
        let mut dossiers = Vec::new();
        for aanbieder in &persoon.aanbieders {
            let key = DossierKey { gemeente, aanbieder: *aanbieder, bsn };
            dossiers.extend(dossier(ledger, &key)?);
        }
        let dossiers: Vec<&Dossier> = dossiers.iter().collect();
        let wanted = cak::wanted(&dossiers, persoon.geboortedatum, beleid, queue.today);
        for found in deadline::cak_data(&wanted, &persoon.eb, beleid) {
            // The entry that brought the person tells apart whose periods begin on one day.
            queue.add(gemeente, None, Some(format!("{gemeente}:{}", persoon.sinds)), &found);
        }
    }
    Ok(())
}

/// Notifications that the CAK has not answered: OP090 as a threshold (ieb-cak 6), since iEb gives none.
fn of_notifications(
    ledger: &Ledger,
    gemeente: Option<Gemeente>,
    queue: &mut Queue<'_>,
) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::eb_meldingen(gemeente)) {
        let (key, value) = row?;
        let Some(gemeente) = keys::eb_melding_gemeente(&key) else { continue };
        let melding: EbMelding = decode_row(&key, &value)?;
        if melding.antwoord.is_some() {
            continue;
        }
        let found = Deadline {
            due: Kalender::default().add_working_days(melding.dagtekening, RETOUR_WERKDAGEN),
            start: melding.dagtekening,
            timer: Timer::RetourIn,
            subject: Subject::EigenBijdrage(melding.dagtekening),
            wie: Wie::Gemeente,
        };
        queue.add(gemeente, None, Some(format!("{gemeente}:{}", melding.seq)), &found);
    }
    Ok(())
}

/// The timer of a request to remove what is kept about a person.
const VERWIJDERING: &str = "VERWIJDERING";

/// The retours that the gemeente owes.
const RETOUREN: [&str; 4] = ["WMO306", "WMO308", "WMO316", "WMO318"];

/// OP090x4: declarations without answer.
fn of_declarations(
    ledger: &Ledger,
    gemeente: Option<Gemeente>,
    queue: &mut Queue<'_>,
) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::declaraties(gemeente)) {
        let (key, value) = row?;
        let Some((gemeente, aanbieder, identificatie)) = keys::declaratie_delen(&key) else { continue };
        let declaratie: Declaratie = decode_row(&key, &value)?;
        if declaratie.antwoord.is_none() {
            let found = deadline::declaratie(&identificatie, declaratie.dag, Kalender::default());
            queue.add(gemeente, Some(aanbieder), Some(format!("{gemeente}:{}", declaratie.seq)), &found);
        }
    }
    Ok(())
}

/// Wmo-5.3.5: requests of persons to remove what is kept about them.
fn of_removals(
    ledger: &Ledger,
    gemeente: Option<Gemeente>,
    queue: &mut Queue<'_>,
) -> Result<(), LedgerError> {
    for request in removal::requests(ledger, queue.today, false)? {
        let filter = queue.filter;
        let other = gemeente.is_some_and(|gemeente| gemeente != request.gemeente)
            || filter.verlopen && !request.verlopen
            || filter.tot.is_some_and(|tot| request.uiterlijk > tot)
            || filter.aanbieder.is_some()
            || filter.termijn.as_ref().is_some_and(|termijn| termijn != VERWIJDERING);
        if !other {
            queue.keep(TermijnView {
                uiterlijk: request.uiterlijk.to_string(),
                vanaf: request.ontvangen.to_string(),
                verlopen: request.verlopen,
                termijn: VERWIJDERING,
                wie: "gemeente",
                gemeente: request.gemeente.to_string(),
                aanbieder: None,
                toewijzing: None,
                entry: request.entry,
                tekst: "een persoon vroeg om verwijdering van de gegevens".to_owned(),
                text: "a person asked for removal of the data".to_owned(),
            });
        }
    }
    Ok(())
}

/// OP090: messages that wait to be judged have no retour yet (D8).
fn of_parked(ledger: &Ledger, gemeente: Option<Gemeente>, queue: &mut Queue<'_>) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::alle_geparkeerd(gemeente)) {
        let (key, value) = row?;
        let Geparkeerd { event, .. } = decode_row(&key, &value)?;
        let DossierKey { gemeente, aanbieder, .. } = event.dossier;
        let bericht = event.bericht;
        let found = deadline::retour(
            Timer::RetourOut,
            &bericht.identificatie,
            bericht.dag,
            Wie::Gemeente,
            Kalender::default(),
        );
        queue.add(gemeente, Some(aanbieder), Some(format!("{gemeente}:{}", bericht.entry)), &found);
    }
    Ok(())
}

/// OP090: retours of ours that are not delivered.
fn of_retours(ledger: &Ledger, gemeente: Option<Gemeente>, queue: &mut Queue<'_>) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::uitgaand_open_van(gemeente)) {
        let (key, _) = row?;
        let Some(id) = keys::uitgaand_open_id(&key) else { continue };
        // Delivered between the scan and the read.
        let Some(row) = ledger.row::<Uitgaand>(&keys::uitgaand(&id))? else { continue };
        if row.stand.is_final() || !RETOUREN.contains(&row.soort.as_str()) {
            continue;
        }
        let code = String::from_utf8_lossy(&id.gemeente).into_owned();
        let Ok(gemeente) = Gemeente::new(&code) else { continue };
        let start = dutch_date(Timestamp::from_microsecond(row.gemaakt_us).unwrap_or(Timestamp::UNIX_EPOCH));
        let found = Deadline {
            due: Kalender::default().add_working_days(start, RETOUR_WERKDAGEN),
            start,
            timer: Timer::RetourOut,
            subject: Subject::EigenBijdrage(start),
            wie: Wie::Gemeente,
        };
        queue.add(gemeente, None, Some(id.to_string()), &found);
    }
    Ok(())
}
