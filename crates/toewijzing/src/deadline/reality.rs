//! What an aanbieder owes, given what really happened: its own administration says that, no message does.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::records::received;
use super::{Deadline, MELDING_WERKDAGEN, Subject, Timer, VERZOEK_WERKDAGEN, Wie};
use crate::calendar::Kalender;
use crate::dossier::{Dossier, Onderwerp, VerzoekSoort};

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
pub fn of_reality(dossier: &Dossier, facts: &[Werkelijk], kalender: &Kalender) -> Vec<Deadline> {
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
                voldaan: None,
            });
        };
        let Some(start) = reported else {
            // OP271: a toewijzing with retroactive effect counts from its receipt.
            let assigned = received(dossier, &fact.onderwerp);
            add(Timer::StartDue, assigned.map_or(fact.begin, |day| day.max(fact.begin)));
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

/// Returns by when an aanbieder is to send the 315 after an intake (FAQ on reaction times); the first 315 since then meets it.
#[must_use]
pub fn intake(dossier: &Dossier, gehouden_op: Date, kalender: &Kalender) -> Deadline {
    let since = dossier
        .verzoeken()
        .iter()
        .filter(|verzoek| verzoek.soort == VerzoekSoort::Toewijzing && verzoek.bericht.dag >= gehouden_op);
    Deadline {
        due: kalender.add_working_days(gehouden_op, VERZOEK_WERKDAGEN),
        start: gehouden_op,
        timer: Timer::Aanvraag,
        subject: Subject::EigenBijdrage(gehouden_op),
        wie: Wie::Aanbieder,
        voldaan: since.map(|verzoek| verzoek.bericht.dag).min(),
    }
}
