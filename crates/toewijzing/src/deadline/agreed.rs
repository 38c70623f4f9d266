//! What a gemeente agreed with its aanbieders, or wants reported (D26). The standard gives no period for these.
//!
//! An agreement holds for the toewijzingen whose first 301 was sent while it was in force; that of the aanbieder itself
//! goes before that of all, and of those the one that began last.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Deadline, OpenStart, Subject, Timer, Wie};
use crate::dossier::{Dossier, Onderwerp, Start};
use crate::identity::{Aanbieder, ToewijzingNummer};
use crate::judge::Beleid;

/// What was agreed with one aanbieder, or with all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Afspraak {
    /// With whom; absent: with every aanbieder that has no agreement of its own.
    pub aanbieder: Option<Aanbieder>,
    /// The first day of a 301 that it holds for; absent: always held.
    pub vanaf: Option<Date>,
    /// The last such day; absent: holds on.
    pub tot: Option<Date>,
    /// The aanbieder speaks with the client within so many days after the 301.
    pub contact_dagen: Option<u16>,
    /// Support begins within so many working days after the 301, or after Ingangsdatum if that comes later.
    pub start_werkdagen: Option<u16>,
}

impl Afspraak {
    fn holds(&self, aanbieder: Aanbieder, day: Date) -> bool {
        self.aanbieder.is_none_or(|own| own == aanbieder)
            && self.vanaf.is_none_or(|from| from <= day)
            && self.tot.is_none_or(|until| day <= until)
    }
}

impl Beleid {
    /// Returns the agreement with an aanbieder for a toewijzing that was sent on this day.
    #[must_use]
    pub fn afspraak(&self, aanbieder: Aanbieder, day: Date) -> Option<&Afspraak> {
        let holding = self.afspraken.iter().filter(|one| one.holds(aanbieder, day));
        holding.max_by_key(|one| (one.aanbieder.is_some(), one.vanaf))
    }
}

/// Returns what an aanbieder is to do by agreement and what the gemeente wants reported, met or not, by last day.
///
/// A deleted toewijzing has none, nor one that ends before the last day: no start is expected of it.
#[must_use]
pub fn agreed(dossier: &Dossier, beleid: &Beleid) -> Vec<Deadline> {
    let mut found = Vec::new();
    for nummer in dossier.nummers() {
        let Some(expected) = Expected::of(dossier, nummer) else { continue };
        let sent = expected.sent;
        if let Some(afspraak) = beleid.afspraak(dossier.key().aanbieder, sent) {
            if let Some(days) = afspraak.contact_dagen {
                // No message tells of the contact itself: a start proves it, on the day that support began or was
                // reported, whichever came first.
                let proof = expected.start.map(|start| start.key.begindatum.min(start.bericht.dag));
                let due = sent.saturating_add(i32::from(days).days());
                found.extend(expected.due(Timer::Contact, sent, due, proof));
            }
            if let Some(days) = afspraak.start_werkdagen {
                let due = beleid.kalender.add_working_days(expected.from, days);
                let began = expected.start.map(|start| start.key.begindatum);
                found.extend(expected.due(Timer::StartAfspraak, expected.from, due, began));
            }
        }
        if let Some(days) = beleid.geen_start_dagen {
            found.extend(expected.no_start(days));
        }
    }
    found.sort();
    found
}

/// A toewijzing of which a start is expected, or came.
pub(super) struct Expected<'a> {
    nummer: ToewijzingNummer,
    /// The day of its first 301.
    sent: Date,
    /// That, or Ingangsdatum if it is later.
    from: Date,
    end: Option<Date>,
    /// The live start with the earliest Begindatum.
    start: Option<&'a Start>,
    /// The day on which a live start was first reported.
    reported: Option<Date>,
}

impl<'a> Expected<'a> {
    pub(super) fn of(dossier: &'a Dossier, nummer: ToewijzingNummer) -> Option<Self> {
        let version = dossier.bestaand(nummer)?;
        let sent = dossier.versies(nummer).first()?.bericht.dag;
        let levering = dossier.levering(&Onderwerp::Toewijzing(nummer));
        let starts = || levering.into_iter().flat_map(|levering| levering.live_starts());
        Some(Self {
            nummer,
            sent,
            from: sent.max(version.inhoud.ingangsdatum),
            end: version.inhoud.einddatum,
            start: starts().min_by_key(|start| start.key.begindatum),
            reported: starts().map(|start| start.bericht.dag).min(),
        })
    }

    /// What waits while no start came.
    pub(super) fn open(&self) -> Option<OpenStart> {
        let open = OpenStart { nummer: self.nummer, verzonden: self.sent, vanaf: self.from, eind: self.end };
        self.start.is_none().then_some(open)
    }

    /// By when a start is to be reported (D26). The rules name no period, so `dagen` is what the gemeente allows: calendar
    /// days, counted from the receipt of the first 301 or from Ingangsdatum, whichever is later.
    fn no_start(&self, dagen: u16) -> Option<Deadline> {
        let due = self.from.saturating_add(i32::from(dagen).days());
        self.due(Timer::NoStart, self.from, due, self.reported)
    }

    fn due(&self, timer: Timer, start: Date, due: Date, voldaan: Option<Date>) -> Option<Deadline> {
        if voldaan.is_none() && self.end.is_some_and(|end| end < due) {
            return None;
        }
        let subject = Subject::Onderwerp(Onderwerp::Toewijzing(self.nummer));
        Some(Deadline { due, start, timer, subject, wie: Wie::Aanbieder, voldaan })
    }
}
