//! Changes to work: persons whose notifications to the CAK go on, and messages whose oddities were dealt with.

use std::collections::BTreeMap;

use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Aanbieder, Gemeente, ToewijzingNummer};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Groep, Plan, Refused, Summary};
use crate::engine::{Settings, agreed_upon, narrow};
use crate::journal::{Chain, EntryId};
use crate::ledger::{Rows, keys};
use crate::record::{ACT_MESSAGES_MAX, Plek, TermijnPlek, Wat};
use crate::store::Ledger;
use crate::view::{self, WerkFilter, WerkSoort, WerkView, outgoing_id};

/// What becomes of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkVerb {
    /// The CAK planner goes on for the persons.
    Vrijgeven,
    /// What was odd about the messages was dealt with, or the deadlines were.
    Afhandelen,
}

/// A change to work: what is named, or all that the filters let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkChange {
    /// What becomes of it.
    pub verb: WorkVerb,
    /// Names as the work queue has them: notifications `GEMEENTE:SEQ/N`; entries `GEMEENTE:SEQ` and deadlines
    /// `GEMEENTE/NUMMER/TIMER`; none: the filters choose.
    #[serde(default)]
    pub namen: Vec<String>,
    /// Only of this gemeente.
    #[serde(default)]
    pub gemeente: Option<String>,
    /// Only with this aanbieder.
    #[serde(default)]
    pub aanbieder: Option<String>,
    /// Only with this code, as TRANSPORT or START_LATE.
    #[serde(default)]
    pub code: Option<String>,
}

/// What a name stands for.
enum Named {
    Notification(Chain, Plek),
    Entry(EntryId),
    Deadline(Chain, TermijnPlek),
}

impl WorkChange {
    pub(super) fn plan(&self, ledger: &Ledger, settings: &Settings) -> Result<Plan, Refused> {
        let rows = self.rows(ledger)?;
        let names: Vec<String> = if self.namen.is_empty() {
            rows.iter().filter_map(|row| row.entry.clone()).collect()
        } else {
            self.namen.clone()
        };
        let mut notifications: BTreeMap<Chain, Vec<Plek>> = BTreeMap::new();
        let mut entries: BTreeMap<Chain, Vec<u64>> = BTreeMap::new();
        let mut deadlines: BTreeMap<Chain, Vec<TermijnPlek>> = BTreeMap::new();
        for name in &names {
            match self.named(name) {
                Some(Named::Notification(chain, plek)) => notifications.entry(chain).or_default().push(plek),
                Some(Named::Entry(id)) => entries.entry(id.chain).or_default().push(id.seq),
                Some(Named::Deadline(chain, plek)) => deadlines.entry(chain).or_default().push(plek),
                // A person without a notification has nothing to go on with; the filters pass them over.
                None if self.namen.is_empty() => {}
                None => return Err(self.misnamed(name)),
            }
        }
        let mut acts = Vec::new();
        for (chain, places) in notifications {
            let parts =
                places.chunks(ACT_MESSAGES_MAX).map(|part| Wat::CakVrijgeven { meldingen: part.to_vec() });
            acts.extend(parts.map(|wat| (chain, wat)));
        }
        for (chain, seqs) in entries {
            let parts =
                seqs.chunks(ACT_MESSAGES_MAX).map(|part| Wat::WerkAfgehandeld { entries: part.to_vec() });
            acts.extend(parts.map(|wat| (chain, wat)));
        }
        let mut groepen = groups(&rows, &names);
        groepen.extend(groups_of_deadlines(ledger, &deadlines)?);
        for (chain, places) in deadlines {
            let parts = places
                .chunks(ACT_MESSAGES_MAX)
                .map(|part| Wat::TermijnAfgehandeld { termijnen: part.to_vec() });
            acts.extend(parts.map(|wat| (chain, wat)));
        }
        let mut summary = Summary { groepen, ..Summary::default() };
        let mut left = Vec::new();
        for (chain, wat) in acts {
            let narrowed = narrow(ledger, chain, &wat)?;
            summary.aantal += narrowed.gewijzigd;
            summary.ongewijzigd += narrowed.ongewijzigd;
            if let Some(Wat::TermijnAfgehandeld { termijnen }) = &narrowed.wat {
                agreed_upon(ledger, settings, chain, termijnen)?;
            }
            left.extend(narrowed.wat.map(|wat| (chain, wat)));
        }
        Ok(Plan { acts: left, summary })
    }

    /// The work that the filters let through.
    fn rows(&self, ledger: &Ledger) -> Result<Vec<WerkView>, Refused> {
        let bad = |error: iwmo_toewijzing::identity::Malformed| Refused::new(error.to_string());
        let gemeente = self.gemeente.as_deref().map(Gemeente::new).transpose().map_err(bad)?;
        let filter = WerkFilter {
            gemeenten: gemeente.map(|gemeente| vec![gemeente]),
            aanbieder: self.aanbieder.as_deref().map(Aanbieder::new).transpose().map_err(bad)?,
            soort: Some(match self.verb {
                WorkVerb::Vrijgeven => WerkSoort::Cak,
                WorkVerb::Afhandelen => WerkSoort::Waarschuwing,
            }),
            code: self.code.as_ref().map(|code| code.to_uppercase()),
            limit: usize::MAX,
            ..WerkFilter::default()
        };
        // Without settings and a day nothing is nearly late: who merely waits is not let go by a filter.
        Ok(view::werk(ledger, &Settings::default(), &filter, Date::MIN)?.rows)
    }

    fn named(&self, name: &str) -> Option<Named> {
        match self.verb {
            WorkVerb::Vrijgeven => {
                let id = outgoing_id(name)?;
                Some(Named::Notification(Chain::new(id.gemeente)?, Plek { seq: id.seq, index: id.index }))
            }
            WorkVerb::Afhandelen => name.parse().ok().map(Named::Entry).or_else(|| deadline(name)),
        }
    }

    fn misnamed(&self, name: &str) -> Refused {
        match self.verb {
            WorkVerb::Vrijgeven => Refused::new(format!("{name:?} names no notification to the CAK")).advice(
                "a person is named by their last notification, GEMEENTE:SEQ/N; `iwmo work list --kind cak`",
            ),
            WorkVerb::Afhandelen => Refused::new(format!("{name:?} names no entry")).advice(
                "a message is named by its entry, GEMEENTE:SEQ (`iwmo work list --kind waarschuwing`); \
                 a deadline by GEMEENTE/NUMMER/TIMER (`iwmo work list --kind start`)",
            ),
        }
    }
}

/// Reads the name of a deadline, `0222/100101/CONTACT`.
fn deadline(name: &str) -> Option<Named> {
    let mut parts = name.split('/');
    let (gemeente, nummer, termijn) = (parts.next()?, parts.next()?, parts.next()?);
    let gemeente = Gemeente::new(gemeente).ok().filter(|_| parts.next().is_none())?;
    let plek = TermijnPlek { nummer: nummer.parse().ok()?, termijn: termijn.to_uppercase() };
    Some(Named::Deadline(keys::chain(gemeente), plek))
}

/// The deadlines named, by aanbieder and timer.
fn groups_of_deadlines(
    ledger: &Ledger,
    deadlines: &BTreeMap<Chain, Vec<TermijnPlek>>,
) -> Result<Vec<Groep>, Refused> {
    let mut groups: BTreeMap<(String, String), u64> = BTreeMap::new();
    for (chain, places) in deadlines {
        for plek in places {
            let Ok(gemeente) = Gemeente::new(&chain.to_string()) else { continue };
            let Ok(nummer) = ToewijzingNummer::new(plek.nummer) else { continue };
            let owner: Option<DossierKey> = ledger.row(&keys::toewijzing(gemeente, nummer))?;
            let Some(owner) = owner else { continue };
            *groups.entry((owner.aanbieder.to_string(), plek.termijn.clone())).or_default() += 1;
        }
    }
    let group = |((partner, termijn), aantal)| Groep {
        partner,
        bericht: Some(termijn),
        stand: WerkSoort::Start.as_str().to_owned(),
        aantal,
    };
    Ok(groups.into_iter().map(group).collect())
}

fn groups(rows: &[WerkView], names: &[String]) -> Vec<Groep> {
    let mut groups: BTreeMap<(String, String, &'static str), u64> = BTreeMap::new();
    let named = |row: &&WerkView| row.entry.as_ref().is_some_and(|entry| names.contains(entry));
    for row in rows.iter().filter(named) {
        let with = row.aanbieder.clone().unwrap_or_else(|| "cak".to_owned());
        *groups.entry((with, row.code.clone(), row.soort)).or_default() += 1;
    }
    let group = |((partner, code, soort), aantal): ((String, String, &str), u64)| Groep {
        partner,
        bericht: Some(code),
        stand: soort.to_owned(),
        aantal,
    };
    groups.into_iter().map(group).collect()
}
