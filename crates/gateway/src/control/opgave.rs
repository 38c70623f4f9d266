//! What the backoffice states about a person, and whether the CAK is told about a gemeente.

use serde::{Deserialize, Serialize};

use super::{Groep, Plan, Refused, Summary};
use crate::engine::narrow;
use crate::engine::record::{Verklaring, Wat};
use crate::journal::Chain;
use crate::store::Ledger;
use iwmo_toewijzing::cak::Opgave;
use iwmo_toewijzing::identity::{Bsn, Gemeente};

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
    pub(super) fn plan(&self, ledger: &Ledger) -> Result<Plan, Refused> {
        let gemeente = Gemeente::new(&self.gemeente).map_err(|error| Refused::new(error.to_string()))?;
        let chain = crate::ledger::keys::chain(gemeente);
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

impl CakChange {
    pub(super) fn plan(&self, ledger: &Ledger) -> Result<Plan, Refused> {
        let gemeente = Gemeente::new(&self.gemeente).map_err(|error| Refused::new(error.to_string()))?;
        let chain = crate::ledger::keys::chain(gemeente);
        let (wat, stand) = match self.verb {
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
