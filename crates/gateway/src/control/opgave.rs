//! What the backoffice states about a person, and whether the CAK is told about a gemeente.

use std::collections::BTreeMap;

use iwmo_toewijzing::cak::{self, EbBeleid, EbStartNummer, Opgave};
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Groep, Plan, Refused, Summary};
use crate::clock::dutch_date;
use crate::engine::{Settings, choices, narrow, wanted};
use crate::journal::Chain;
use crate::ledger::{EbKeuzes, Gegevens, LedgerError, Persoon, Rows, decode_row, gegevens, keys};
use crate::record::{Verklaring, Wat};
use crate::store::Ledger;

/// A statement about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpgaveChange {
    /// The gemeente that states it.
    pub gemeente: String,
    /// The person.
    pub bsn: Bsn,
    /// What is stated.
    pub opgave: Opgave,
}

impl OpgaveChange {
    pub(super) fn plan(&self, ledger: &Ledger, settings: &Settings) -> Result<Plan, Refused> {
        let gemeente = here(&self.gemeente, ledger, settings)?;
        let chain = keys::chain(gemeente);
        // Here and not in the loop: what is on record stays so, whatever the clock says later.
        self.opgave
            .check_on(dutch_date(Timestamp::now()))
            .map_err(|error| Refused::new(error.to_string()))?;
        let verklaring = Verklaring::new(self.bsn.expose(), &self.opgave)
            .map_err(|_| Refused::new("the statement cannot be kept"))?;
        let narrowed = narrow(ledger, chain, &Wat::Opgave { verklaring })?;
        let group = |_: &Wat| Groep {
            partner: gemeente.to_string(),
            bericht: None,
            stand: self.opgave.word().to_owned(),
            aantal: 1,
        };
        let groepen = narrowed.wat.iter().map(group).collect();
        let acts: Vec<(Chain, Wat)> = narrowed.wat.into_iter().map(|wat| (chain, wat)).collect();
        Ok(Plan {
            acts,
            summary: Summary {
                aantal: narrowed.gewijzigd,
                ongewijzigd: narrowed.ongewijzigd,
                groepen,
                waarschuwingen: Vec::new(),
            },
        })
    }
}

/// What becomes of telling the CAK about a gemeente.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CakVerb {
    /// Nothing is told about anybody in it until it is resumed.
    Stilleggen,
    /// It goes on, and what was not told meanwhile is told.
    Hervatten,
    /// The choices that the configuration has come into force, and everybody is planned for under them.
    BeleidInvoeren,
}

/// A change to telling the CAK about a gemeente.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CakChange {
    /// What becomes of it.
    pub verb: CakVerb,
    /// The gemeente.
    pub gemeente: String,
}

/// Returns a gemeente that this store knows or whose configuration it has: what is said about another would come to nothing,
/// and who mistyped its code believes otherwise.
fn here(code: &str, ledger: &Ledger, settings: &Settings) -> Result<Gemeente, Refused> {
    let gemeente = Gemeente::new(code).map_err(|error| Refused::new(error.to_string()))?;
    if settings.gemeenten.contains_key(&gemeente) || ledger.tips().contains_key(&keys::chain(gemeente)) {
        return Ok(gemeente);
    }
    Err(Refused::new(format!("nothing is known here about a gemeente {gemeente}"))
        .advice("check its code; that of a gemeente which is new must stand in the configuration of the running gateway"))
}

impl CakChange {
    pub(super) fn plan(&self, ledger: &Ledger, settings: &Settings) -> Result<Plan, Refused> {
        let gemeente = here(&self.gemeente, ledger, settings)?;
        let chain = keys::chain(gemeente);
        let (wat, stand) = match self.verb {
            CakVerb::BeleidInvoeren => return review(ledger, gemeente),
            CakVerb::Stilleggen => (Wat::CakStilleggen, "loopt"),
            CakVerb::Hervatten => (Wat::CakHervatten, "stil"),
        };
        let narrowed = narrow(ledger, chain, &wat)?;
        let group = |_: &Wat| Groep {
            partner: gemeente.to_string(),
            bericht: None,
            stand: stand.to_owned(),
            aantal: 1,
        };
        Ok(Plan {
            summary: Summary {
                aantal: narrowed.gewijzigd,
                ongewijzigd: narrowed.ongewijzigd,
                groepen: narrowed.wat.iter().map(group).collect(),
                waarschuwingen: Vec::new(),
            },
            acts: narrowed.wat.into_iter().map(|wat| (chain, wat)).collect(),
        })
    }
}

/// What the CAK would be told otherwise under the choices that wait (E13): for each client what comes next under both, counted.
fn review(ledger: &Ledger, gemeente: Gemeente) -> Result<Plan, Refused> {
    let chain = keys::chain(gemeente);
    let narrowed = narrow(ledger, chain, &Wat::CakBeleid)?;
    let row: Option<EbKeuzes> = ledger.row(&keys::eb_beleid(gemeente))?;
    let mut found: BTreeMap<(String, String), u64> = BTreeMap::new();
    let both = row.and_then(|row| Some((choices(&row.in_kracht)?, choices(&row.voorgesteld?)?)));
    if let Some((before, after)) = both {
        let today = dutch_date(Timestamp::now());
        for row in ledger.scan(&keys::personen_van(gemeente)) {
            let (key, value) = row.map_err(LedgerError::from)?;
            let Some((_, bsn)) = keys::persoon_delen(&key) else { continue };
            let persoon: Persoon = decode_row(&key, &value)?;
            let gegevens = gegevens(ledger, gemeente, &bsn, &persoon)?;
            let next = |beleid: &EbBeleid| next_words(&persoon, &gegevens, beleid, today);
            let (was, becomes) = (next(&before), next(&after));
            if was != becomes {
                *found.entry((was, becomes)).or_default() += 1;
            }
        }
    }
    let groep = |((was, becomes), aantal): ((String, String), u64)| Groep {
        partner: gemeente.to_string(),
        bericht: Some(becomes),
        stand: was,
        aantal,
    };
    Ok(Plan {
        summary: Summary {
            aantal: narrowed.gewijzigd,
            ongewijzigd: narrowed.ongewijzigd,
            groepen: found.into_iter().map(groep).collect(),
            waarschuwingen: Vec::new(),
        },
        acts: narrowed.wat.into_iter().map(|wat| (chain, wat)).collect(),
    })
}

/// What the CAK is told next of a person, without days and numbers.
fn next_words(persoon: &Persoon, gegevens: &Gegevens, beleid: &EbBeleid, today: Date) -> String {
    let gewenst = wanted(gegevens, beleid, today);
    let Ok(first) = EbStartNummer::new(1) else { return String::new() };
    // Any number above those that the person has: which one it is makes no difference here.
    let used = persoon.eb.perioden().iter().map(|period| period.nummer).max();
    let next = used.and_then(EbStartNummer::next).unwrap_or(first);
    match cak::plan(&persoon.eb, &gewenst.perioden, beleid, today, next) {
        cak::Plan::Niets => "-".to_owned(),
        cak::Plan::Wachten(_) => "wacht".to_owned(),
        cak::Plan::Handmatig(_) => "taak".to_owned(),
        cak::Plan::Sturen { stappen, .. } => match stappen.first() {
            None => "-".to_owned(),
            Some(stap) => {
                let kind =
                    if stap.opdracht.onderdeel() == cak::Onderdeel::Start { "WMO401" } else { "WMO403" };
                format!("{kind}/{}", stap.opdracht.status_aanlevering())
            }
        },
    }
}
