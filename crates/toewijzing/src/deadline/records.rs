//! What follows from the records of a dossier: retours, answers to requests, starts and stops.

use jiff::ToSpan;
use jiff::civil::Date;

use super::open::verzoek_timer;
use super::{
    DECLARABEL_MAANDEN, DECLARATIE_WERKDAGEN, Deadline, MELDING_WERKDAGEN, ONDERZOEK_DAGEN, RETOUR_WERKDAGEN,
    Subject, Timer, VERZOEK_WERKDAGEN, Wie,
};
use crate::cak::shift_months;
use crate::calendar::Kalender;
use crate::dossier::{Dossier, Levering, Onderwerp, Reactie, ReactieSoort, VersieStatus, Verzoek};
use crate::event::Bericht;
use crate::identity::{Identificatie, ToewijzingNummer};

/// A message that waits for its retour; RETOUR_OUT at its receiver, RETOUR_IN at its sender.
#[must_use]
pub fn retour(
    timer: Timer,
    identificatie: &Identificatie,
    dag: Date,
    wie: Wie,
    kalender: &Kalender,
) -> Deadline {
    Deadline {
        due: kalender.add_working_days(dag, RETOUR_WERKDAGEN),
        start: dag,
        timer,
        subject: Subject::Bericht(identificatie.clone()),
        wie,
        voldaan: None,
    }
}

/// A declaration of many clients that waits for its 325; `dag` is the day it was received (OP090x4).
#[must_use]
pub fn declaratie(identificatie: &Identificatie, dag: Date, kalender: &Kalender) -> Deadline {
    Deadline {
        due: kalender.add_working_days(dag, DECLARATIE_WERKDAGEN),
        start: dag,
        timer: Timer::Declaratie,
        subject: Subject::Bericht(identificatie.clone()),
        wie: Wie::Gemeente,
        voldaan: None,
    }
}

/// Returns what is not met, as it follows from a dossier for the side that keeps it, by last day.
#[must_use]
pub fn of_dossier(dossier: &Dossier, zijde: Wie, kalender: &Kalender) -> Vec<Deadline> {
    let mut found = all_of_dossier(dossier, zijde, kalender);
    found.retain(|deadline| deadline.voldaan.is_none());
    found
}

/// Returns what follows from a dossier for the side that keeps it, met or not, by last day.
#[must_use]
pub fn all_of_dossier(dossier: &Dossier, zijde: Wie, kalender: &Kalender) -> Vec<Deadline> {
    let mut found = Vec::new();
    // OP090: the gemeente waits for the 302 or 320, the aanbieder owes it.
    let timer = match zijde {
        Wie::Gemeente => Timer::RetourIn,
        Wie::Aanbieder => Timer::RetourOut,
    };
    let answered = |bericht: &Bericht, status: VersieStatus, antwoord: Option<&Bericht>| Deadline {
        voldaan: match status {
            VersieStatus::Pending => None,
            VersieStatus::Accepted | VersieStatus::Rejected => antwoord.map(|antwoord| antwoord.dag),
        },
        ..retour(timer, &bericht.identificatie, bericht.dag, zijde, kalender)
    };
    for verzoek in dossier.verzoeken() {
        found.extend(
            verzoek
                .reacties
                .iter()
                .map(|reactie| answered(&reactie.bericht, reactie.status, reactie.antwoord.as_ref())),
        );
        answers(verzoek, zijde, kalender, &mut found);
    }
    for nummer in dossier.nummers() {
        let versions = dossier.versies(nummer).iter();
        found.extend(
            versions.map(|version| answered(&version.bericht, version.status, version.antwoord.as_ref())),
        );
        found.extend(stop_missing(dossier, nummer, kalender).filter(|_| zijde == Wie::Gemeente));
    }
    if zijde == Wie::Gemeente {
        for onderwerp in dossier.onderwerpen() {
            reported(dossier, onderwerp, kalender, &mut found);
        }
    }
    found.sort();
    // One 301 may bring several versions; they wait for one retour.
    found.dedup();
    found
}

/// OP288: a stop is due even when delivery ends as planned. A shorter period counts from when the aanbieder heard of it.
fn stop_missing(dossier: &Dossier, nummer: ToewijzingNummer, kalender: &Kalender) -> Option<Deadline> {
    let (start, voldaan) = stop_missing_from(dossier, nummer)?;
    Some(Deadline {
        due: kalender.add_working_days(start, MELDING_WERKDAGEN),
        start,
        timer: Timer::StopMissing,
        subject: Subject::Onderwerp(Onderwerp::Toewijzing(nummer)),
        wie: Wie::Gemeente,
        voldaan,
    })
}

/// The day from which the period for a stop counts, and the day on which the stop was reported.
pub(super) fn stop_missing_from(dossier: &Dossier, nummer: ToewijzingNummer) -> Option<(Date, Option<Date>)> {
    let version = dossier.bestaand(nummer)?;
    let end = version.inhoud.einddatum?;
    let levering = dossier.levering(&Onderwerp::Toewijzing(nummer))?;
    let voldaan = match levering.open_starts().next() {
        Some(_) => None,
        // It was open when the toewijzing ended: the stop came afterwards.
        None => {
            let latest = levering.latest_start()?;
            let stopped = levering.deciding_stop(&latest.key)?.bericht.dag;
            Some(stopped).filter(|day| *day > end)?.into()
        }
    };
    Some((end.max(shortened(dossier, nummer, end).unwrap_or(end)), voldaan))
}

/// The day of the first version that stands and gave the toewijzing this end, when others had given it another.
fn shortened(dossier: &Dossier, nummer: ToewijzingNummer, end: Date) -> Option<Date> {
    let standing = dossier.versies(nummer).iter().filter(|version| version.status != VersieStatus::Rejected);
    let mut row: Vec<_> = standing.collect();
    row.sort_by_key(|version| version.inhoud.version());
    let since = row.iter().rev().take_while(|version| version.inhoud.einddatum == Some(end)).last()?;
    let first = row.first().is_some_and(|first| first.bericht.entry == since.bericht.entry);
    (!first).then_some(since.bericht.dag)
}

/// OP271, OP272: whether starts and stops were reported in time. The gemeente learns of them by the report itself, so
/// these are met when they are known.
fn reported(dossier: &Dossier, onderwerp: &Onderwerp, kalender: &Kalender, found: &mut Vec<Deadline>) {
    let Some(levering) = dossier.levering(onderwerp) else { return };
    let mut add = |timer, start: Date, voldaan| {
        found.push(Deadline {
            due: kalender.add_working_days(start, MELDING_WERKDAGEN),
            start,
            timer,
            subject: Subject::Onderwerp(onderwerp.clone()),
            wie: Wie::Aanbieder,
            voldaan: Some(voldaan),
        });
    };
    for start in levering.live_starts() {
        let assigned = received(dossier, onderwerp);
        let begin = start.key.begindatum;
        add(Timer::StartDue, assigned.map_or(begin, |day| day.max(begin)), start.bericht.dag);
    }
    for stop in levering.live_stops() {
        // A definitive stop after a temporary one counts from when the aanbieder learned of it, unknown here.
        let after_pause = !stop.key.reden.is_tijdelijk() && paused(levering, &stop.key.start);
        if !after_pause {
            add(Timer::StopDue, stop.key.einddatum, stop.bericht.dag);
        }
    }
}

fn paused(levering: &Levering, start: &crate::event::StartKey) -> bool {
    levering.stops_of(start).any(|stop| stop.key.reden.is_tijdelijk())
}

/// OP271: a toewijzing with retroactive effect counts from the receipt of its first 301.
pub(super) fn received(dossier: &Dossier, onderwerp: &Onderwerp) -> Option<Date> {
    match onderwerp {
        Onderwerp::Toewijzing(nummer) => dossier.versies(*nummer).first().map(|version| version.bericht.dag),
        Onderwerp::Taakgericht(_) => None,
    }
}

/// OP274, OP346: five working days after receipt for an answer, and eight weeks after Dagtekening for the final one
/// once it is looked into.
fn answers(verzoek: &Verzoek, zijde: Wie, kalender: &Kalender, found: &mut Vec<Deadline>) {
    let bericht = &verzoek.bericht;
    // A refused answer counts as never sent (OP286).
    let counting = || verzoek.reacties.iter().filter(|reactie| reactie.status != VersieStatus::Rejected);
    let timer = verzoek_timer(verzoek.soort);
    let mut add = |start, due, by: Option<&Reactie>| {
        found.push(Deadline {
            due,
            start,
            timer,
            subject: Subject::Verzoek(verzoek.referentie.clone()),
            wie: zijde,
            voldaan: by.map(|reactie| reactie.bericht.dag),
        });
    };
    add(bericht.dag, kalender.add_working_days(bericht.dag, VERZOEK_WERKDAGEN), counting().next());
    if counting().any(|reactie| reactie.soort == ReactieSoort::InOnderzoek) {
        let start = bericht.dagtekening;
        let last = counting().find(|reactie| reactie.soort != ReactieSoort::InOnderzoek);
        add(start, start.saturating_add(ONDERZOEK_DAGEN.days()), last);
    }
}

/// Returns until when what was delivered can be declared, for each toewijzing with a delivery and an end (TR335).
///
/// The last ProductPeriode ends with the delivery, or with the toewijzing while a start is open. No record says that
/// everything was declared, so these are never met.
#[must_use]
pub fn declarable(dossier: &Dossier) -> Vec<Deadline> {
    let of = |nummer: ToewijzingNummer| {
        let onderwerp = Onderwerp::Toewijzing(nummer);
        let end = dossier.bestaand(nummer).and_then(|version| version.inhoud.einddatum);
        let levering = dossier.levering(&onderwerp)?;
        levering.live_starts().next()?;
        let start = match levering.open_starts().next() {
            Some(_) => end?,
            None => levering.live_stops().map(|stop| stop.key.einddatum).max()?,
        };
        Some(Deadline {
            due: shift_months(start, DECLARABEL_MAANDEN),
            start,
            timer: Timer::Declarabel,
            subject: Subject::Onderwerp(onderwerp),
            wie: Wie::Aanbieder,
            voldaan: None,
        })
    };
    let mut found: Vec<Deadline> = dossier.nummers().filter_map(of).collect();
    found.sort();
    found
}
