//! What is due from whom, as a work queue.
//!
//! Deadlines are not stored: they follow from the records, the calendar and today. What they follow from has an index,
//! so that a page costs what it shows. `index.rs` and `retours.rs` read that, `sources.rs` and `intakes.rs` go through what is on
//! record.

mod index;
mod intakes;
mod removals;
mod retours;
mod sources;
mod words;

pub(super) use self::index::Stroom;
pub(super) use self::removals::VERWIJDERING;
#[cfg(test)]
pub(super) use self::sources::agreed;

use iwmo_toewijzing::deadline::{Deadline, Stand, Subject, Timer, Wie};
use iwmo_toewijzing::dossier::Onderwerp;
use iwmo_toewijzing::identity::{Aanbieder, Gemeente, ToewijzingNummer};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use self::words::words;
use super::PlaceCursor;
use super::listing::Asked;
use super::page::Page;
use super::place::{SEPARATOR, entry_place};
use crate::engine::Settings;
use crate::ledger::LedgerError;
use crate::store::Ledger;

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TermijnView {
    /// The last day, `2026-11-25`.
    pub uiterlijk: String,
    /// The day from which the period counts; it is not counted itself.
    pub vanaf: String,
    /// Whether the last day has passed without it being met.
    pub verlopen: bool,
    /// How it stands: `loopt`, `verlopen`, `gehaald` or `te_laat`.
    pub stand: &'static str,
    /// The day on which it was met, as far as the records show.
    pub gehaald_op: Option<String>,
    /// Which timer: RETOUR_OUT, RETOUR_IN, START_DUE, STOP_DUE, STOP_MISSING, NO_START, CONTACT, START_AGREED, CAK_DATA,
    /// CAK_PGB, CAK_COMPARE, OP274, OP346, OP090x4, FAQ-315, VERWIJDERING or TR335.
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
    /// The rules, laws and decisions that it rests on; `afspraak`: what gemeente and aanbieder agreed.
    pub regels: Vec<&'static str>,
}

/// The timers that follow from what one gemeente and one aanbieder have on record.
const OF_DOSSIERS: [Timer; 10] = [
    Timer::RetourIn,
    Timer::StartDue,
    Timer::StopDue,
    Timer::StopMissing,
    Timer::Antwoord,
    Timer::AntwoordWijziging,
    Timer::Contact,
    Timer::StartAfspraak,
    Timer::NoStart,
    Timer::Declarabel,
];

/// Of deadlines that were met those are shown whose last day is in so many days before today or later, unless somebody asks for
/// earlier ones.
const MET_DAYS: i64 = 92;

/// Which deadlines to show.
#[derive(Clone, Debug, Default)]
pub struct TermijnFilter {
    /// Of these gemeenten; none: all.
    pub gemeenten: Option<Vec<Gemeente>>,
    /// With this aanbieder.
    pub aanbieder: Option<Aanbieder>,
    /// This timer.
    pub termijn: Option<String>,
    /// Only those whose last day has passed without being met.
    pub verlopen: bool,
    /// Only those that stand so; none: what is not met.
    pub standen: Vec<Stand>,
    /// Only those whose last day is this one or later; none: of what was met, those of the last 92 days.
    pub vanaf: Option<Date>,
    /// Only those whose last day is this one or before.
    pub tot: Option<Date>,
    /// After the place of this cursor.
    pub after: Option<PlaceCursor>,
    /// At most so many.
    pub limit: usize,
}

impl TermijnFilter {
    /// True when deadlines that were met are asked for.
    fn wants_met(&self) -> bool {
        self.standen.iter().any(|stand| stand.is_met())
    }

    /// The first last day that is asked for.
    fn first_day(&self, met: bool, today: Date) -> Option<Date> {
        self.vanaf.or_else(|| met.then(|| today.saturating_sub(MET_DAYS.days())))
    }

    /// True when the indexes do not have all that is asked for.
    #[must_use]
    pub fn walks(&self) -> bool {
        self.wants_met() || self.termijn.as_deref() == Some(Timer::Declarabel.as_str())
    }

    fn wants(&self, stand: Stand) -> bool {
        if self.verlopen && stand != Stand::Verlopen {
            return false;
        }
        if self.standen.is_empty() { !stand.is_met() } else { self.standen.contains(&stand) }
    }
}

/// Returns deadlines, the earliest first.
///
/// What is not met comes from the index of what waits, and what the CAK does not know from the persons about whom it waits.
/// What was met, and what can be declared (TR335), has no index, which would make each message dearer: such a page goes
/// through every arrangement and person of the gemeente, and through the retours that were sent from the first day that is
/// asked for until the page is full; with an aanbieder, through the arrangements with that one.
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
    let mut listing = Listing::new(settings, filter, today);
    if filter.walks() {
        walk(ledger, &mut listing)?;
    } else {
        indexed(ledger, &mut listing)?;
    }
    Ok(listing.page())
}

/// The same from everything on record, without the index, and how many rows of indexes a page looked at.
#[cfg(test)]
pub(crate) mod walk {
    use super::*;

    /// Returns all that the filters let through.
    pub(crate) fn walk(
        ledger: &Ledger,
        settings: &Settings,
        filter: &TermijnFilter,
        today: Date,
    ) -> Result<Vec<TermijnView>, LedgerError> {
        let all = TermijnFilter { aanbieder: None, after: None, limit: usize::MAX, ..filter.clone() };
        let mut listing = Listing::new(settings, &all, today);
        super::walk(ledger, &mut listing)?;
        for gemeente in gemeenten(ledger, settings, filter.gemeenten.as_deref()) {
            retours::of_all(ledger, gemeente, &mut listing)?;
        }
        let mut rows = listing.page().rows;
        rows.retain(|row| filter.takes(row, today));
        Ok(rows)
    }

    /// Returns how many rows a page looks at.
    pub(crate) fn looks(ledger: &Ledger, settings: &Settings, filter: &TermijnFilter, today: Date) -> usize {
        let mut listing = Listing::new(settings, filter, today);
        if filter.walks() {
            super::walk(ledger, &mut listing).expect("a store");
        } else {
            indexed(ledger, &mut listing).expect("a store");
        }
        listing.looks()
    }
}

fn indexed(ledger: &Ledger, listing: &mut Listing<'_>) -> Result<(), LedgerError> {
    for gemeente in gemeenten(ledger, listing.settings, listing.filter.gemeenten.as_deref()) {
        index::of_waiting(ledger, gemeente, listing)?;
        if listing.filter.aanbieder.is_some() {
            continue;
        }
        retours::of_waiting(ledger, gemeente, listing)?;
        removals::of_removals(ledger, gemeente, listing)?;
        if listing.asks_any(&[Timer::CakData, Timer::CakPgb]) {
            sources::of_waiting_persons(ledger, gemeente, listing)?;
        }
        sources::of_comparison(gemeente, listing);
    }
    Ok(())
}

/// Goes through what is on record of a gemeente, for the timers that are asked for.
fn walk(ledger: &Ledger, listing: &mut Listing<'_>) -> Result<(), LedgerError> {
    for gemeente in gemeenten(ledger, listing.settings, listing.filter.gemeenten.as_deref()) {
        if listing.asks_any(&OF_DOSSIERS) {
            sources::of_dossiers(ledger, gemeente, listing)?;
        }
        if listing.asks_any(&[Timer::Declaratie]) {
            sources::of_declarations(ledger, gemeente, listing)?;
        }
        if listing.asks_any(&[Timer::RetourOut]) {
            sources::of_parked(ledger, gemeente, listing)?;
        }
        if listing.asks_any(&[Timer::Aanvraag]) {
            intakes::of_intakes(ledger, gemeente, listing)?;
        }
        // No aanbieder is on the other side of what follows.
        if listing.filter.aanbieder.is_some() {
            continue;
        }
        if listing.asks_any(&[Timer::CakData, Timer::CakPgb]) {
            sources::of_persons(ledger, gemeente, listing)?;
        }
        if listing.asks_any(&[Timer::RetourIn]) {
            sources::of_notifications(ledger, gemeente, listing)?;
        }
        retours::of_waiting(ledger, gemeente, listing)?;
        if listing.asks_any(&[Timer::RetourOut]) {
            retours::of_met(ledger, gemeente, listing)?;
        }
        sources::of_comparison(gemeente, listing);
        removals::of_removals(ledger, gemeente, listing)?;
    }
    Ok(())
}

/// The gemeenten that are asked for; else those on record and those that are configured.
pub(super) fn gemeenten(ledger: &Ledger, settings: &Settings, asked: Option<&[Gemeente]>) -> Vec<Gemeente> {
    let mut found: Vec<Gemeente> = match asked {
        Some(asked) => asked.to_vec(),
        None => {
            let codes = ledger.tips().into_keys().map(|chain| chain.to_string());
            let on_record = codes.filter_map(|code| Gemeente::new(&code).ok());
            on_record.chain(settings.gemeenten.keys().copied()).collect()
        }
    };
    found.sort_unstable();
    found.dedup();
    found
}

/// Where a page begins.
#[derive(Clone, Debug, Default)]
pub(in crate::view) struct Begin {
    /// No row before this last day is wanted.
    pub(super) due: Option<Date>,
    /// The row with which the page before ended.
    pub(super) shown: Option<Shown>,
}

/// A row, as far as its place tells.
#[derive(Clone, Debug)]
pub(in crate::view) struct Shown {
    pub(super) gemeente: Gemeente,
    /// The timer, or the kind of work.
    pub(super) termijn: String,
    /// The day from which it counts; none in a list of work that has no last day.
    pub(super) vanaf: Option<Date>,
    pub(super) aanbieder: Option<Aanbieder>,
    pub(super) seq: u64,
    pub(super) nummer: Option<ToewijzingNummer>,
}

impl Begin {
    /// After the place of a cursor, and not before a last day.
    pub(in crate::view) fn new(after: Option<&PlaceCursor>, not_before: Option<Date>) -> Self {
        let mut parts = after.map(PlaceCursor::place).unwrap_or_default().split(SEPARATOR);
        let mut next = || parts.next().unwrap_or_default();
        let due: Option<Date> = next().parse().ok();
        let (gemeente, termijn, vanaf) = (Gemeente::new(next()), next().to_owned(), next().parse().ok());
        let (aanbieder, entry) = (Aanbieder::new(next()).ok(), next());
        let nummer = next().parse().ok().and_then(|nummer| ToewijzingNummer::new(nummer).ok());
        let seq = entry.split('/').next().and_then(|seq| seq.parse().ok()).unwrap_or_default();
        let shown = gemeente.ok().map(|gemeente| Shown { gemeente, termijn, vanaf, aanbieder, seq, nummer });
        match (due, not_before) {
            (Some(due), Some(first)) if first > due => Self { due: Some(first), shown: None },
            (Some(due), _) => Self { due: Some(due), shown },
            (None, first) => Self { due: first, shown: None },
        }
    }
}

/// The rows that are due first.
type Listing<'f> = super::listing::Listing<'f, TermijnFilter>;

impl Asked for TermijnFilter {
    type Row = TermijnView;

    fn page(&self) -> (Option<&PlaceCursor>, usize) {
        (self.after.as_ref(), self.limit)
    }

    fn takes(&self, row: &TermijnView, today: Date) -> bool {
        let stand = Stand::ALL.into_iter().find(|stand| stand.as_str() == row.stand);
        let first = |stand: Stand| self.first_day(stand.is_met(), today);
        stand.is_some_and(|stand| {
            self.wants(stand) && first(stand).is_none_or(|day| row.uiterlijk >= day.to_string())
        }) && self.tot.is_none_or(|tot| row.uiterlijk <= tot.to_string())
            && self.aanbieder.is_none_or(|wanted| row.aanbieder.as_deref() == Some(wanted.as_str()))
            && self.termijn.as_deref().is_none_or(|asked| asked == row.termijn)
    }

    /// Earliest first, then as the index has them.
    fn place(row: &TermijnView) -> String {
        let nummer = row.toewijzing.map(|nummer| format!("{nummer:0>10}")).unwrap_or_default();
        let (aanbieder, entry) =
            (row.aanbieder.as_deref().unwrap_or_default(), entry_place(row.entry.as_deref()));
        [&row.uiterlijk, &row.gemeente, row.termijn, &row.vanaf, aanbieder, &entry, &nummer].join(SEPARATOR)
    }
}

impl<'f> Listing<'f> {
    fn new(settings: &'f Settings, filter: &'f TermijnFilter, today: Date) -> Self {
        let only_later = !filter.verlopen && filter.standen == [Stand::Loopt];
        let first = filter.vanaf.max(only_later.then_some(today));
        Self::begin(settings, filter, today, first)
    }

    /// Whether deadlines of this timer are asked for.
    fn asks(&self, timer: &str) -> bool {
        self.filter.termijn.as_deref().is_none_or(|asked| asked == timer)
    }

    fn asks_any(&self, timers: &[Timer]) -> bool {
        timers.iter().any(|timer| self.asks(timer.as_str()))
    }

    /// Whether no last day from this one on is asked for.
    fn is_past(&self, due: Date) -> bool {
        let filter = self.filter;
        let only_expired = filter.verlopen || filter.standen == [Stand::Verlopen];
        (only_expired && due >= self.today) || filter.tot.is_some_and(|tot| due > tot)
    }

    fn row(
        &self,
        gemeente: Gemeente,
        aanbieder: Option<Aanbieder>,
        entry: Option<String>,
        found: &Deadline,
    ) -> TermijnView {
        let stand = found.stand(self.today);
        let toewijzing = match &found.subject {
            Subject::Onderwerp(Onderwerp::Toewijzing(nummer)) => Some(nummer.value()),
            _ => None,
        };
        let (tekst, text) = words(found, aanbieder.is_none());
        TermijnView {
            uiterlijk: found.due.to_string(),
            vanaf: found.start.to_string(),
            verlopen: stand == Stand::Verlopen,
            stand: stand.as_str(),
            gehaald_op: found.voldaan.map(|day| day.to_string()),
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
            regels: found.timer.regels().to_vec(),
        }
    }

    fn add(
        &mut self,
        gemeente: Gemeente,
        aanbieder: Option<Aanbieder>,
        entry: Option<String>,
        found: &Deadline,
    ) {
        let row = self.row(gemeente, aanbieder, entry, found);
        self.keep(row);
    }
}
