//! Changes to sending to a partner as a whole.

use serde::{Deserialize, Serialize};

use super::{Groep, Plan, Refused, Summary};
use crate::engine::{PartnerId, narrow};
use crate::journal::Chain;
use crate::ledger::{Rows, Verzending, keys};
use crate::record::Wat;
use crate::store::Ledger;

/// What becomes of sending to a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartnerVerb {
    /// Nothing is sent until it is released.
    Vasthouden,
    /// It goes on, at once.
    Vrijgeven,
}

/// A change to sending to a partner. That there is such a partner is for the caller to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartnerChange {
    /// What becomes of it.
    pub verb: PartnerVerb,
    /// The partner.
    pub partner: String,
    /// Who is behind it, when it is a hub: nothing is sent to them either.
    #[serde(default)]
    pub achter: Vec<String>,
}

impl PartnerChange {
    pub(super) fn plan(&self, ledger: &Ledger) -> Result<Plan, Refused> {
        let partner = self.partner.clone();
        let wat = match self.verb {
            PartnerVerb::Vasthouden => Wat::PartnerVasthouden { partner },
            PartnerVerb::Vrijgeven => Wat::PartnerVrijgeven { partner },
        };
        let narrowed = narrow(ledger, Chain::NONE, &wat)?;
        let row: Verzending = ledger.row(&keys::verzending(&self.partner))?.unwrap_or_default();
        let mut groepen = Vec::new();
        for partner in [&self.partner].into_iter().chain(&self.achter).filter(|_| narrowed.wat.is_some()) {
            let mut waiting = 0;
            for row in ledger.scan(&keys::wachtrij_van(&PartnerId(partner.clone()))) {
                row.map_err(|error| Refused::new(error.to_string()))?;
                waiting += 1;
            }
            groepen.push(Groep {
                partner: partner.clone(),
                bericht: None,
                stand: if row.vastgehouden.is_some() { "vastgehouden" } else { "wacht" }.to_owned(),
                aantal: waiting,
            });
        }
        Ok(Plan {
            acts: narrowed.wat.into_iter().map(|wat| (Chain::NONE, wat)).collect(),
            summary: Summary {
                aantal: narrowed.gewijzigd,
                ongewijzigd: narrowed.ongewijzigd,
                groepen,
                waarschuwingen: Vec::new(),
            },
        })
    }
}
