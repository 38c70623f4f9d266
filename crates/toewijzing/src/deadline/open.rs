//! What of a dossier waits for somebody, as far as it follows from the records alone: no calendar, no agreement and no
//! today, so that an index of it can stand beside the records. What is due when follows from these.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::agreed::Expected;
use super::records::stop_missing_from;
use super::{
    Deadline, MELDING_WERKDAGEN, ONDERZOEK_DAGEN, RETOUR_WERKDAGEN, Subject, Timer, VERZOEK_WERKDAGEN, Wie,
};
use crate::calendar::Kalender;
use crate::dossier::{
    AnomalieSoort, Dossier, Onderwerp, ReactieSoort, VersieStatus, VerzoekSoort, VerzoekStatus,
};
use crate::identity::{Aanbieder, ReferentieAanbieder, ToewijzingNummer};
use crate::judge::Beleid;

/// Something that waits for somebody, on the side of the gemeente.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "who keeps an index of these must know them all")]
pub enum Open {
    /// A 301 or 319 has no retour (OP090).
    Retour {
        /// Its entry.
        entry: u64,
        /// The day it was sent.
        dag: Date,
    },
    /// A request has no final answer (OP274, OP346).
    Verzoek(Box<OpenVerzoek>),
    /// A toewijzing ends while a start is open (OP288).
    Stop {
        /// The toewijzing.
        nummer: ToewijzingNummer,
        /// The day from which the period counts.
        vanaf: Date,
    },
    /// No start of a toewijzing is on record.
    Start(OpenStart),
    /// The aanbieder refused the last version of a toewijzing (T5).
    Afgekeurd {
        /// The toewijzing.
        nummer: ToewijzingNummer,
        /// The entry of the 301.
        entry: u64,
    },
    /// Something is on record that should not be.
    Anomalie {
        /// The toewijzing; none: a taakgericht delivery.
        nummer: Option<ToewijzingNummer>,
        /// Which.
        soort: AnomalieSoort,
    },
}

/// A request that has no final answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenVerzoek {
    /// The day from which the period counts.
    pub vanaf: Date,
    /// The entry of the 315 or 317.
    pub entry: u64,
    /// What is asked.
    pub soort: VerzoekSoort,
    /// ReferentieAanbieder.
    pub referentie: ReferentieAanbieder,
    /// Where it stands.
    pub status: VerzoekStatus,
    /// There was an answer, and the final one is to come.
    pub in_onderzoek: bool,
}

impl OpenVerzoek {
    /// Returns its timer.
    #[must_use]
    pub fn timer(&self) -> Timer {
        verzoek_timer(self.soort)
    }
}

pub(super) fn verzoek_timer(soort: VerzoekSoort) -> Timer {
    match soort {
        VerzoekSoort::Toewijzing => Timer::Antwoord,
        VerzoekSoort::Wijziging => Timer::AntwoordWijziging,
    }
}

/// A toewijzing of which no start is on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenStart {
    /// The toewijzing.
    pub nummer: ToewijzingNummer,
    /// The day of its first 301.
    pub verzonden: Date,
    /// That, or Ingangsdatum if it is later.
    pub vanaf: Date,
    /// Einddatum.
    pub eind: Option<Date>,
}

/// Returns what of a dossier waits for somebody, in a fixed order.
#[must_use]
pub fn open(dossier: &Dossier) -> Vec<Open> {
    let mut found = Vec::new();
    let retour = |found: &mut Vec<Open>, status, bericht: &crate::event::Bericht| {
        if status == VersieStatus::Pending {
            let one = Open::Retour { entry: bericht.entry, dag: bericht.dag };
            // One 301 may bring several versions; they wait for one retour.
            if !found.contains(&one) {
                found.push(one);
            }
        }
    };
    for verzoek in dossier.verzoeken() {
        for reactie in &verzoek.reacties {
            retour(&mut found, reactie.status, &reactie.bericht);
        }
        // A refused answer counts as never sent (OP286).
        let mut counting = verzoek.reacties.iter().filter(|reactie| reactie.status != VersieStatus::Rejected);
        let answered = counting.clone().next().is_some();
        let looked_into = counting.clone().any(|reactie| reactie.soort == ReactieSoort::InOnderzoek);
        let is_final = counting.any(|reactie| reactie.soort != ReactieSoort::InOnderzoek);
        if !answered || (looked_into && !is_final) {
            found.push(Open::Verzoek(Box::new(OpenVerzoek {
                vanaf: if answered { verzoek.bericht.dagtekening } else { verzoek.bericht.dag },
                entry: verzoek.bericht.entry,
                soort: verzoek.soort,
                referentie: verzoek.referentie.clone(),
                status: verzoek.status(),
                in_onderzoek: answered,
            })));
        }
    }
    for nummer in dossier.nummers() {
        let versions = dossier.versies(nummer);
        for version in versions {
            retour(&mut found, version.status, &version.bericht);
        }
        if let Some(version) = versions.last().filter(|version| version.status == VersieStatus::Rejected) {
            found.push(Open::Afgekeurd { nummer, entry: version.bericht.entry });
        }
        if let Some((vanaf, None)) = stop_missing_from(dossier, nummer) {
            found.push(Open::Stop { nummer, vanaf });
        }
        found.extend(Expected::of(dossier, nummer).and_then(|expected| expected.open()).map(Open::Start));
    }
    found.extend(dossier.anomalieen().into_iter().map(|anomaly| Open::Anomalie {
        nummer: match anomaly.onderwerp {
            Onderwerp::Toewijzing(nummer) => Some(nummer),
            Onderwerp::Taakgericht(_) => None,
        },
        soort: anomaly.soort,
    }));
    found
}

/// Returns the last day for a period that began on `vanaf`, of a timer that needs no more than that; it never comes earlier
/// for a later day. `in_onderzoek`: of a request that is looked into.
#[must_use]
pub fn due(timer: Timer, in_onderzoek: bool, vanaf: Date, kalender: &Kalender) -> Date {
    match timer {
        Timer::Antwoord | Timer::AntwoordWijziging if in_onderzoek => {
            vanaf.saturating_add(ONDERZOEK_DAGEN.days())
        }
        Timer::Antwoord | Timer::AntwoordWijziging | Timer::Aanvraag => {
            kalender.add_working_days(vanaf, VERZOEK_WERKDAGEN)
        }
        Timer::StartDue | Timer::StopDue | Timer::StopMissing => {
            kalender.add_working_days(vanaf, MELDING_WERKDAGEN)
        }
        Timer::Declaratie => kalender.add_working_days(vanaf, super::DECLARATIE_WERKDAGEN),
        _ => kalender.add_working_days(vanaf, RETOUR_WERKDAGEN),
    }
}

impl OpenStart {
    /// Returns the deadline of this timer, if the gemeente agreed on one or wants it reported.
    #[must_use]
    pub fn deadline(&self, timer: Timer, aanbieder: Aanbieder, beleid: &Beleid) -> Option<Deadline> {
        let afspraak = || beleid.afspraak(aanbieder, self.verzonden);
        let (start, due) = match timer {
            Timer::Contact => {
                let days = afspraak()?.contact_dagen?;
                (self.verzonden, self.verzonden.saturating_add(i32::from(days).days()))
            }
            Timer::StartAfspraak => {
                let days = afspraak()?.start_werkdagen?;
                (self.vanaf, beleid.kalender.add_working_days(self.vanaf, days))
            }
            Timer::NoStart => {
                let days = beleid.geen_start_dagen?;
                (self.vanaf, self.vanaf.saturating_add(i32::from(days).days()))
            }
            _ => return None,
        };
        if self.eind.is_some_and(|end| end < due) {
            return None;
        }
        let subject = Subject::Onderwerp(Onderwerp::Toewijzing(self.nummer));
        Some(Deadline { due, start, timer, subject, wie: Wie::Aanbieder, voldaan: None })
    }
}
