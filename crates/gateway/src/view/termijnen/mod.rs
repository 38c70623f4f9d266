//! What is due from whom, as a work queue.
//!
//! Deadlines are not stored: they follow from the records, the calendar and today. A page goes through everything on
//! record and keeps the rows that are due first, so its memory is bounded by its size.

mod intakes;
mod removals;
mod sources;
mod words;

pub(super) use self::sources::agreed;

use std::collections::BTreeMap;

use iwmo_toewijzing::deadline::{Deadline, Stand, Subject, Wie};
use iwmo_toewijzing::dossier::Onderwerp;
use iwmo_toewijzing::identity::{Aanbieder, Gemeente};
use iwmo_toewijzing::judge::Beleid;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use self::words::words;
use super::PlaceCursor;
use super::berichten::Page;
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
    /// Only those whose last day has passed without being met.
    pub verlopen: bool,
    /// Only those that stand so; none: what is not met.
    pub standen: Vec<Stand>,
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

    fn wants(&self, stand: Stand) -> bool {
        if self.verlopen && stand != Stand::Verlopen {
            return false;
        }
        if self.standen.is_empty() { !stand.is_met() } else { self.standen.contains(&stand) }
    }
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
    let mut queue =
        Queue { filter, settings, standard: Beleid::default(), today, rows: BTreeMap::new(), more: false };
    let gemeenten: Vec<Option<Gemeente>> = match &filter.gemeenten {
        Some(gemeenten) => gemeenten.iter().copied().map(Some).collect(),
        None => vec![None],
    };
    for gemeente in gemeenten {
        sources::of_dossiers(ledger, gemeente, &mut queue)?;
        sources::of_persons(ledger, gemeente, &mut queue)?;
        sources::of_notifications(ledger, gemeente, &mut queue)?;
        sources::of_retours(ledger, gemeente, &mut queue)?;
        sources::of_declarations(ledger, gemeente, &mut queue)?;
        sources::of_parked(ledger, gemeente, &mut queue)?;
        sources::of_comparisons(gemeente, &mut queue);
        intakes::of_intakes(ledger, gemeente, &mut queue)?;
        removals::of_removals(ledger, gemeente, &mut queue)?;
    }
    let next =
        queue.rows.last_key_value().filter(|_| queue.more).map(|(place, _)| PlaceCursor::new(place.clone()));
    Ok(Page { rows: queue.rows.into_values().collect(), next })
}

/// The rows that are due first.
struct Queue<'f> {
    filter: &'f TermijnFilter,
    settings: &'f Settings,
    /// Of gemeenten that are not configured.
    standard: Beleid,
    today: Date,
    rows: BTreeMap<String, TermijnView>,
    more: bool,
}

impl Queue<'_> {
    /// The choices of a gemeente: its working days and what it agreed.
    fn beleid(&self, gemeente: Gemeente) -> &Beleid {
        self.settings.gemeenten.get(&gemeente).map_or(&self.standard, |own| &own.beleid)
    }

    fn add(
        &mut self,
        gemeente: Gemeente,
        aanbieder: Option<Aanbieder>,
        entry: Option<String>,
        found: &Deadline,
    ) {
        let stand = found.stand(self.today);
        let filter = self.filter;
        if !filter.wants(stand)
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
