//! What is due from whom and when (section 11 of the lifecycle), as data.
//!
//! Nothing sleeps here: deadlines follow from records and the calendar, and the caller compares them with today.
//! A message that comes late is judged like any other; no rule refuses it.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::cak::{EbDossier, Gewenst};
use crate::calendar::Kalender;
use crate::dossier::{Dossier, Onderwerp, VersieStatus, Verzoek, VerzoekSoort, VerzoekStatus};
use crate::event::Bericht;
use crate::identity::{Identificatie, ReferentieAanbieder};

/// Working days in which a retour is to be sent (OP090).
pub const RETOUR_WERKDAGEN: u16 = 3;

/// Working days in which a start or stop is to be reported (OP271, OP272, OP288).
pub const MELDING_WERKDAGEN: u16 = 5;

/// Working days in which a request is to be answered (OP274, OP346).
pub const VERZOEK_WERKDAGEN: u16 = 5;

/// Days after Dagtekening of a request in which it is to be answered once it is looked into: eight weeks (OP274, OP346).
pub const ONDERZOEK_DAGEN: i32 = 56;

/// Working days in which a declaration is to be answered (OP090x4).
pub const DECLARATIE_WERKDAGEN: u16 = 10;

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Deadline {
    /// The last day.
    pub due: Date,
    /// The day from which the period counts; it is not counted itself.
    pub start: Date,
    /// Which timer.
    pub timer: Timer,
    /// What it is about.
    pub subject: Subject,
    /// Who must act, or is told that another did not.
    pub wie: Wie,
}

impl Deadline {
    /// True when the last day has passed.
    #[must_use]
    pub fn is_expired(&self, today: Date) -> bool {
        today > self.due
    }
}

/// The timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Timer {
    /// A message was received and its retour not yet sent: our own obligation.
    RetourOut,
    /// A message was sent and its retour has not come.
    RetourIn,
    /// Support began and the 305 was not sent.
    StartDue,
    /// Support ended, or a pause proved to be the end, and the 307 was not sent.
    StopDue,
    /// The toewijzing ends while a start is open.
    StopMissing,
    /// A toewijzing has no start on record in the days that were agreed (D26).
    NoStart,
    /// Support began and the CAK does not know of it (Uitvoeringsregeling Wmo 2015 art. 2f).
    CakData,
    /// A 315 waits for its answer (OP274).
    Antwoord,
    /// A 317 waits for its answer (OP346).
    AntwoordWijziging,
    /// A 323 waits for its 325 (OP090x4).
    Declaratie,
}

impl Timer {
    /// Returns the name that reports and interfaces use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RetourOut => "RETOUR_OUT",
            Self::RetourIn => "RETOUR_IN",
            Self::StartDue => "START_DUE",
            Self::StopDue => "STOP_DUE",
            Self::StopMissing => "STOP_MISSING",
            Self::NoStart => "NO_START",
            Self::CakData => "CAK_DATA",
            Self::Antwoord => "OP274",
            Self::AntwoordWijziging => "OP346",
            Self::Declaratie => "OP090x4",
        }
    }
}

/// What a deadline is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// A message, by its Identificatie.
    Bericht(Identificatie),
    /// A toewijzing or taakgericht delivery.
    Onderwerp(Onderwerp),
    /// The own contribution of the person, from this day on.
    EigenBijdrage(Date),
    /// A request, by its ReferentieAanbieder.
    Verzoek(ReferentieAanbieder),
}

/// One of the two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Wie {
    /// The gemeente.
    Gemeente,
    /// The aanbieder.
    Aanbieder,
}

/// A message that waits for its retour; RETOUR_OUT at its receiver, RETOUR_IN at its sender.
#[must_use]
pub fn retour(
    timer: Timer,
    identificatie: &Identificatie,
    dag: Date,
    wie: Wie,
    kalender: Kalender,
) -> Deadline {
    Deadline {
        due: kalender.add_working_days(dag, RETOUR_WERKDAGEN),
        start: dag,
        timer,
        subject: Subject::Bericht(identificatie.clone()),
        wie,
    }
}

/// A declaration of many clients that waits for its 325; `dag` is the day it was received (OP090x4).
#[must_use]
pub fn declaratie(identificatie: &Identificatie, dag: Date, kalender: Kalender) -> Deadline {
    Deadline {
        due: kalender.add_working_days(dag, DECLARATIE_WERKDAGEN),
        start: dag,
        timer: Timer::Declaratie,
        subject: Subject::Bericht(identificatie.clone()),
        wie: Wie::Gemeente,
    }
}

/// Returns what follows from a dossier for the side that keeps it, by last day.
#[must_use]
pub fn of_dossier(dossier: &Dossier, zijde: Wie, kalender: Kalender) -> Vec<Deadline> {
    let mut found = Vec::new();
    // OP090: the gemeente waits for the 302 or 320, the aanbieder owes it.
    let timer = match zijde {
        Wie::Gemeente => Timer::RetourIn,
        Wie::Aanbieder => Timer::RetourOut,
    };
    let unanswered = |bericht: &Bericht| retour(timer, &bericht.identificatie, bericht.dag, zijde, kalender);
    for verzoek in dossier.verzoeken() {
        let waiting = verzoek.reacties.iter().filter(|reactie| reactie.status == VersieStatus::Pending);
        found.extend(waiting.map(|reactie| unanswered(&reactie.bericht)));
    }
    for nummer in dossier.nummers() {
        let waiting = dossier.versies(nummer).iter().filter(|v| v.status == VersieStatus::Pending);
        found.extend(waiting.map(|version| unanswered(&version.bericht)));
        let onderwerp = Onderwerp::Toewijzing(nummer);
        let open =
            dossier.levering(&onderwerp).is_some_and(|levering| levering.open_starts().next().is_some());
        let end = dossier.bestaand(nummer).and_then(|version| version.inhoud.einddatum);
        if let (Wie::Gemeente, true, Some(end)) = (zijde, open, end) {
            // OP288: a stop is due even when delivery ends as planned.
            found.push(Deadline {
                due: kalender.add_working_days(end, MELDING_WERKDAGEN),
                start: end,
                timer: Timer::StopMissing,
                subject: Subject::Onderwerp(onderwerp),
                wie: Wie::Gemeente,
            });
        }
    }
    found.extend(dossier.open_verzoeken().filter_map(|verzoek| answer(verzoek, zijde, kalender)));
    found.sort();
    found.dedup();
    found
}

/// OP274, OP346: five working days after receipt, or eight weeks after Dagtekening once it is looked into.
fn answer(verzoek: &Verzoek, zijde: Wie, kalender: Kalender) -> Option<Deadline> {
    let bericht = &verzoek.bericht;
    let (start, due) = match verzoek.status() {
        VerzoekStatus::Pending => (bericht.dag, kalender.add_working_days(bericht.dag, VERZOEK_WERKDAGEN)),
        VerzoekStatus::UnderInvestigation => {
            let start = bericht.dagtekening;
            (start, start.saturating_add(ONDERZOEK_DAGEN.days()))
        }
        VerzoekStatus::Answered => return None,
    };
    let timer = match verzoek.soort {
        VerzoekSoort::Toewijzing => Timer::Antwoord,
        VerzoekSoort::Wijziging => Timer::AntwoordWijziging,
    };
    Some(Deadline { due, start, timer, subject: Subject::Verzoek(verzoek.referentie.clone()), wie: zijde })
}

/// Returns by when the aanbieder is to report a start, for each toewijzing without one (D26).
///
/// The rules name no period, so `dagen` is what gemeente and aanbieder agreed: calendar days, counted from the
/// receipt of the first 301 or from Ingangsdatum, whichever is later.
#[must_use]
pub fn no_start(dossier: &Dossier, dagen: u16) -> Vec<Deadline> {
    let without_start = dossier.nummers().filter_map(|nummer| {
        let onderwerp = Onderwerp::Toewijzing(nummer);
        let started =
            dossier.levering(&onderwerp).is_some_and(|levering| levering.live_starts().next().is_some());
        let version = dossier.bestaand(nummer).filter(|_| !started)?;
        let received = dossier.versies(nummer).first()?.bericht.dag;
        let start = received.max(version.inhoud.ingangsdatum);
        Some(Deadline {
            due: start.saturating_add(i32::from(dagen).days()),
            start,
            timer: Timer::NoStart,
            subject: Subject::Onderwerp(onderwerp),
            wie: Wie::Aanbieder,
        })
    });
    let mut found: Vec<Deadline> = without_start.collect();
    found.sort();
    found
}

/// What really happened, as the aanbieder's own administration says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Werkelijk {
    /// Of what.
    pub onderwerp: Onderwerp,
    /// The day support began.
    pub begin: Date,
    /// The day support ended, and the day on which that was known.
    pub eind: Option<(Date, Date)>,
}

/// Returns what an aanbieder owes, given what really happened.
#[must_use]
pub fn of_reality(dossier: &Dossier, facts: &[Werkelijk], kalender: Kalender) -> Vec<Deadline> {
    let mut found = Vec::new();
    for fact in facts {
        let levering = dossier.levering(&fact.onderwerp);
        let reported = levering
            .and_then(|levering| levering.live_starts().find(|start| start.key.begindatum == fact.begin));
        let mut add = |timer, start| {
            found.push(Deadline {
                due: kalender.add_working_days(start, MELDING_WERKDAGEN),
                start,
                timer,
                subject: Subject::Onderwerp(fact.onderwerp.clone()),
                wie: Wie::Aanbieder,
            });
        };
        let Some(start) = reported else {
            // OP271: a toewijzing with retroactive effect counts from its receipt.
            let received = match &fact.onderwerp {
                Onderwerp::Toewijzing(nummer) => dossier.versies(*nummer).first().map(|v| v.bericht.dag),
                Onderwerp::Taakgericht(_) => None,
            };
            add(Timer::StartDue, received.map_or(fact.begin, |day| day.max(fact.begin)));
            continue;
        };
        let stop = levering.and_then(|levering| levering.deciding_stop(&start.key));
        match (fact.eind, stop) {
            (Some((end, _)), None) => add(Timer::StopDue, end),
            // OP272: a pause that proves to be the end counts from when that was known.
            (Some((_, known)), Some(stop)) if stop.key.reden.is_tijdelijk() => add(Timer::StopDue, known),
            _ => {}
        }
    }
    found.sort();
    found
}

/// Returns by when the CAK must know of periods it has not accepted yet.
#[must_use]
pub fn cak_data(wanted: &Gewenst, dossier: &EbDossier) -> Vec<Deadline> {
    let standing = dossier.aanvaard();
    wanted
        .perioden
        .iter()
        .zip(&wanted.melden_voor)
        .filter(|(period, _)| {
            !standing.iter().any(|known| {
                period.eind.is_none_or(|end| known.start.datum <= end)
                    && known.stop.is_none_or(|stop| period.start <= stop)
            })
        })
        .map(|(period, due)| Deadline {
            due: *due,
            start: period.start,
            timer: Timer::CakData,
            subject: Subject::EigenBijdrage(period.start),
            wie: Wie::Gemeente,
        })
        .collect()
}
