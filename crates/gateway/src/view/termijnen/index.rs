//! Deadlines that are not met, from the index of what waits.
//!
//! Each kind of row stands in the order of the day from which its period counts, and a later day never has an earlier last
//! day; so it stands in the order of the list too. Where a gemeente agreed on different periods with different aanbieders
//! that holds up to the difference between the longest and the shortest.

use iwmo_toewijzing::deadline::{self, Deadline, OpenStart, Subject, Timer, Wie};
use iwmo_toewijzing::dossier::Onderwerp;
use iwmo_toewijzing::identity::Gemeente;
use iwmo_toewijzing::judge::Beleid;
use jiff::ToSpan;
use jiff::civil::Date;

use super::{Begin, Listing, Shown};
use crate::ledger::keys::{self, Plaats, Soort};
use crate::ledger::{Afgehandeld, LedgerError, Rows, decode_row};
use crate::store::{Ledger, Value};
use crate::view::page::Seen;

/// One kind of row, as deadlines of one timer.
pub(in crate::view) struct Stroom<'b> {
    pub(in crate::view) soort: Soort,
    pub(in crate::view) timer: Timer,
    gemeente: Gemeente,
    beleid: &'b Beleid,
    /// The shortest and the longest period that was agreed.
    agreed: Option<(u16, u16)>,
}

/// The kinds of row whose last day follows from the day alone.
const PLAIN: [(Soort, Timer); 10] = [
    (Soort::Aanvraag, Timer::Antwoord),
    (Soort::AanvraagInOnderzoek, Timer::Antwoord),
    (Soort::Wijziging, Timer::AntwoordWijziging),
    (Soort::WijzigingInOnderzoek, Timer::AntwoordWijziging),
    (Soort::Declaratie, Timer::Declaratie),
    (Soort::Melding, Timer::RetourIn),
    (Soort::Retour, Timer::RetourIn),
    (Soort::Geparkeerd, Timer::RetourOut),
    (Soort::Intake, Timer::Aanvraag),
    (Soort::Stop, Timer::StopMissing),
];

/// The kinds of row for what was agreed (D26).
const AGREED: [(Soort, Timer); 4] = [
    (Soort::Contact, Timer::Contact),
    (Soort::Start, Timer::Contact),
    (Soort::Start, Timer::StartAfspraak),
    (Soort::Start, Timer::NoStart),
];

impl<'b> Stroom<'b> {
    /// Returns what a gemeente has.
    pub(in crate::view) fn all(gemeente: Gemeente, beleid: &'b Beleid) -> Vec<Self> {
        let plain = PLAIN.map(|(soort, timer)| Self { soort, timer, gemeente, beleid, agreed: None });
        let agreed = AGREED.into_iter().filter_map(|(soort, timer)| {
            let periods: Vec<u16> = match timer {
                Timer::Contact => beleid.afspraken.iter().filter_map(|one| one.contact_dagen).collect(),
                Timer::StartAfspraak => {
                    beleid.afspraken.iter().filter_map(|one| one.start_werkdagen).collect()
                }
                _ => beleid.geen_start_dagen.into_iter().collect(),
            };
            let agreed = periods.iter().min().copied().zip(periods.iter().max().copied())?;
            Some(Self { soort, timer, gemeente, beleid, agreed: Some(agreed) })
        });
        plain.into_iter().chain(agreed).collect()
    }

    fn in_onderzoek(&self) -> bool {
        matches!(self.soort, Soort::AanvraagInOnderzoek | Soort::WijzigingInOnderzoek)
    }

    fn due_after(&self, from: Date, days: u16) -> Date {
        match self.timer {
            Timer::StartAfspraak => self.beleid.kalender.add_working_days(from, days),
            _ => from.saturating_add(i32::from(days).days()),
        }
    }

    /// The earliest last day of what counts from this day.
    fn earliest(&self, from: Date) -> Date {
        match self.agreed {
            Some((least, _)) => self.due_after(from, least),
            None => deadline::due(self.timer, self.in_onderzoek(), from, &self.beleid.kalender),
        }
    }

    fn latest(&self, from: Date) -> Date {
        match self.agreed {
            Some((_, most)) => self.due_after(from, most),
            None => self.earliest(from),
        }
    }

    /// The last day of a row follows from its day alone.
    pub(in crate::view) fn is_exact(&self) -> bool {
        self.agreed.is_none_or(|(least, most)| least == most)
    }

    /// Returns the prefix of the rows, and the key from which they are wanted in a list that has them under a name.
    pub(in crate::view) fn range(&self, begin: &Begin, name: &str) -> (Vec<u8>, Vec<u8>) {
        let prefix = keys::wachtenden(self.gemeente, self.soort);
        let Some(due) = begin.due else { return (prefix.clone(), prefix) };
        let mut plaats = Plaats::of(self.gemeente);
        plaats.dag = Some(first_day(due, |day| self.latest(day)));
        // Within a day that the page before ended in: behind what it showed.
        let same =
            |shown: &&Shown| shown.gemeente == self.gemeente && shown.termijn == name && self.is_exact();
        if let Some(shown) = begin.shown.as_ref().filter(same)
            && let Some(from) = shown.vanaf.filter(|from| self.latest(*from) == due)
        {
            plaats.dag = Some(from);
            (plaats.aanbieder, plaats.seq, plaats.nummer) = (shown.aanbieder, shown.seq, shown.nummer);
        }
        (prefix, plaats.key(self.soort, &[]))
    }

    /// Reads a row: its place and what is due. None: no deadline follows from it.
    pub(in crate::view) fn read(
        &self,
        ledger: &Ledger,
        key: &[u8],
        value: &Value,
    ) -> Result<Option<(Plaats, Date, Option<Deadline>)>, LedgerError> {
        let Some((plaats, _)) = Plaats::read(key) else { return Ok(None) };
        let Some(start) = plaats.dag else { return Ok(None) };
        let bound = self.earliest(start);
        if self.agreed.is_some() {
            return Ok(Some((plaats, bound, self.of_start(ledger, key, value, &plaats)?)));
        }
        let subject = match plaats.nummer {
            Some(nummer) if self.soort == Soort::Stop => Subject::Onderwerp(Onderwerp::Toewijzing(nummer)),
            _ => Subject::EigenBijdrage(start),
        };
        let wie = if self.soort == Soort::Intake { Wie::Aanbieder } else { Wie::Gemeente };
        let found = Deadline { due: bound, start, timer: self.timer, subject, wie, voldaan: None };
        Ok(Some((plaats, bound, Some(found))))
    }

    fn of_start(
        &self,
        ledger: &Ledger,
        key: &[u8],
        value: &Value,
        plaats: &Plaats,
    ) -> Result<Option<Deadline>, LedgerError> {
        let open: OpenStart = decode_row(key, value)?;
        let Some(aanbieder) = plaats.aanbieder else { return Ok(None) };
        // One whose Ingangsdatum is later has a row by the day of the 301 for this.
        if self.timer == Timer::Contact && self.soort == Soort::Start && open.verzonden != open.vanaf {
            return Ok(None);
        }
        let Some(found) = open.deadline(self.timer, aanbieder, self.beleid) else { return Ok(None) };
        let said = keys::termijn(self.gemeente, open.nummer, self.timer.as_str());
        let said: Option<Afgehandeld> = ledger.row(&said)?;
        Ok(said.is_none().then_some(found))
    }
}

/// The first day whose last day is this one or later; `latest` never gives an earlier one for a later day.
pub(super) fn first_day(due: Date, latest: impl Fn(Date) -> Date) -> Date {
    // A last day is never before the day it counts from.
    let (mut low, mut step) = (due, 1_i64);
    while latest(low) >= due && low > Date::MIN {
        low = due.saturating_sub(step.days());
        step *= 2;
    }
    let mut high = due;
    // Here `latest(high) >= due`, and `latest(low) < due` unless time begins there.
    while let Ok(middle) = low.checked_add((days_between(low, high) / 2).days()) {
        if middle == low {
            break;
        }
        if latest(middle) >= due {
            high = middle;
        } else {
            low = middle;
        }
    }
    if latest(low) >= due { low } else { high }
}

fn days_between(low: Date, high: Date) -> i64 {
    i64::from((high - low).get_days())
}

/// Adds what is not met in a gemeente, as far as the index of what waits says it.
pub(super) fn of_waiting(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    let beleid = listing.beleid(gemeente).clone();
    for stroom in Stroom::all(gemeente, &beleid) {
        if !listing.asks(stroom.timer.as_str()) {
            continue;
        }
        let (prefix, from) = stroom.range(&listing.begin, stroom.timer.as_str());
        listing.follow(ledger, &prefix, &from, |listing, key, value| {
            let Some((plaats, bound, found)) = stroom.read(ledger, key, value)? else { return Ok(None) };
            if listing.is_past(bound) {
                return Ok(Some(Seen::End));
            }
            let entry = (plaats.seq > 0).then(|| format!("{gemeente}:{}", plaats.seq));
            let row = found.map(|found| listing.row(gemeente, plaats.aanbieder, entry, &found));
            // A row that no deadline follows from holds nothing up.
            Ok(Some(match row {
                Some(row) if stroom.is_exact() => listing.seen(row),
                row => listing.seen_from(bound, row),
            }))
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_first_day_is_the_first() {
        for back in [0_i64, 1, 3, 40, 365] {
            let latest = |day: Date| day.saturating_add(back.days());
            assert_eq!(first_day(date(2026, 11, 25), latest), date(2026, 11, 25).saturating_sub(back.days()));
        }
        let weekly = |day: Date| {
            let mut day = day;
            while day.weekday() != jiff::civil::Weekday::Monday {
                day = day.tomorrow().unwrap();
            }
            day
        };
        assert_eq!(first_day(date(2026, 11, 30), weekly), date(2026, 11, 24));
        assert_eq!(first_day(date(2026, 11, 26), weekly), date(2026, 11, 24), "the Monday after");
        assert_eq!(first_day(Date::MIN, |day| day), Date::MIN);
    }
}
