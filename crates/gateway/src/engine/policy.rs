//! The policy that messages are judged under, as text: what a start of the gateway keeps in the journal, and what
//! `iwmo replay --what-if` reads.

use std::collections::BTreeMap;
use std::time::Duration;

use iwmo_toewijzing::cak::EbBeleid;
use iwmo_toewijzing::identity::Gemeente;
use iwmo_toewijzing::judge::Beleid;
use serde::{Deserialize, Serialize};

use crate::engine::{GemeenteSettings, PartnerId, Settings};

/// A policy to judge by: the choices that the standard leaves open, for all gemeenten and for some.
///
/// As TOML: `[beleid]` and `[eigen_bijdrage]` for all, `[gemeente.0222.beleid]` and
/// `[gemeente.0222.eigen_bijdrage]` for one gemeente, each in place of that for all. What is not named has its
/// default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// How messages are judged.
    pub beleid: Beleid,
    /// What the CAK is told.
    pub eigen_bijdrage: EbBeleid,
    /// Gemeenten with choices of their own, by CBS code.
    pub gemeente: BTreeMap<String, GemeentePolicy>,
}

/// The choices of one gemeente.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GemeentePolicy {
    /// How messages are judged, if not as for all.
    pub beleid: Option<Beleid>,
    /// What the CAK is told, if not as for all.
    pub eigen_bijdrage: Option<EbBeleid>,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, with its line.
    pub fn read(text: &str) -> Result<Self, String> {
        let policy: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        match policy.gemeente.keys().find(|code| Gemeente::new(code).is_err()) {
            Some(code) => Err(format!("gemeente.{code}: a gemeente is named by four digits")),
            None => Ok(policy),
        }
    }

    pub(super) fn of(&self, gemeente: Gemeente, cak: bool) -> GemeenteSettings {
        let own = self.gemeente.get(gemeente.as_str());
        GemeenteSettings {
            beleid: own.and_then(|own| own.beleid.as_ref()).unwrap_or(&self.beleid).clone(),
            eb: own.and_then(|own| own.eigen_bijdrage.as_ref()).unwrap_or(&self.eigen_bijdrage).clone(),
            cak: cak.then(|| PartnerId("cak".to_owned())),
            bedenktijd: Some(Duration::ZERO),
            ..GemeenteSettings::default()
        }
    }
}

impl Settings {
    /// Returns the policy as the journal keeps it: TOML that [`Policy::read`] reads back.
    #[must_use]
    pub fn policy_text(&self) -> String {
        let own = |settings: &GemeenteSettings| GemeentePolicy {
            beleid: Some(settings.beleid.clone()),
            eigen_bijdrage: Some(settings.eb.clone()),
        };
        let gemeente =
            self.gemeenten.iter().map(|(code, settings)| (code.to_string(), own(settings))).collect();
        let policy = Policy { gemeente, ..Policy::default() };
        // Every field of a policy has a form in TOML; a test keeps it so.
        toml::to_string(&policy).unwrap_or_else(|error| format!("# {error}\n"))
    }
}

#[cfg(test)]
mod tests {
    use iwmo_toewijzing::cak::{Belasting, Brug, Chargeable, Trigger};
    use iwmo_toewijzing::identity::{Aanbieder, Categorie};
    use iwmo_toewijzing::judge::Taakgericht;

    use super::*;

    #[test]
    fn what_the_journal_keeps_reads_back() {
        let categorie = Categorie::new("02").unwrap();
        let mut special = GemeenteSettings::default();
        special.beleid.strikt_product = true;
        special.beleid.taakgericht =
            vec![Taakgericht { aanbieder: Aanbieder::new("98000001").unwrap(), categorie }];
        special.eb.brug = Brug::Dagen(3);
        special.eb.trigger_per_categorie = vec![(categorie, Trigger::Toewijzing)];
        special.eb.belasting = vec![Chargeable {
            categorie: Some(categorie),
            code: None,
            vanaf: Some(jiff::civil::date(2026, 1, 1)),
            tot: None,
            belasting: Belasting::Vrij,
        }];
        let mut settings = Settings::default();
        settings.gemeenten.insert(Gemeente::new("0222").unwrap(), special.clone());
        settings.gemeenten.insert(Gemeente::new("1586").unwrap(), GemeenteSettings::default());
        let read = Policy::read(&settings.policy_text()).unwrap();
        let own = &read.gemeente["0222"];
        assert_eq!(own.beleid.as_ref(), Some(&special.beleid));
        assert_eq!(own.eigen_bijdrage.as_ref(), Some(&special.eb));
        assert_eq!(read.gemeente["1586"].beleid, Some(Beleid::default()));
        assert_eq!(read.gemeente.len(), 2);
    }
}
