//! The policy that messages are judged under, as text: what a start of the gateway keeps in the journal, and what
//! `iwmo replay --what-if` reads.

use std::collections::BTreeMap;
use std::time::Duration;

use iwmo_toewijzing::cak::{EbBeleid, Laag, Lagen};
use iwmo_toewijzing::identity::Gemeente;
use iwmo_toewijzing::judge::Beleid;
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::config;
use crate::engine::{GemeenteSettings, PartnerId, Settings};

/// A policy to judge by: the choices that the standard leaves open, for all gemeenten and for some.
///
/// As TOML: `[beleid]` and `[eigen_bijdrage]` for all, `[gemeente.0222.beleid]` and
/// `[gemeente.0222.eigen_bijdrage]` for one gemeente, each in place of that for all. What is not named has its
/// default. The keys of `eigen_bijdrage` are those of `[gemeente.policy]` in the configuration, and read by the same code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// How messages are judged.
    pub beleid: Beleid,
    /// What the CAK is told.
    pub eigen_bijdrage: EbBeleid,
    /// Gemeenten with choices of their own, by CBS code.
    pub gemeente: BTreeMap<String, GemeentePolicy>,
}

/// The choices of one gemeente.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GemeentePolicy {
    /// How messages are judged, if not as for all.
    pub beleid: Option<Beleid>,
    /// What the CAK is told, if not as for all.
    pub eigen_bijdrage: Option<EbBeleid>,
}

/// A policy as a file has it; what the CAK is told has a reader of its own.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    beleid: Beleid,
    #[serde(rename = "eigen_bijdrage")]
    _eigen_bijdrage: Table,
    gemeente: BTreeMap<String, WrittenOwn>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenOwn {
    beleid: Option<Beleid>,
    #[serde(rename = "eigen_bijdrage")]
    _eigen_bijdrage: Table,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    ///
    /// What is wrong with the text, with its line.
    pub fn read(text: &str) -> Result<Self, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
        if let Some(code) = written.gemeente.keys().find(|code| Gemeente::new(code).is_err()) {
            return Err(format!("gemeente.{code}: a gemeente is named by four digits"));
        }
        let own = written.gemeente.into_iter();
        let own = own.map(|(code, own)| (code, GemeentePolicy { beleid: own.beleid, eigen_bijdrage: None }));
        let mut policy =
            Self { beleid: written.beleid, eigen_bijdrage: EbBeleid::default(), gemeente: own.collect() };
        let mistakes = |mistakes: Vec<config::Mistake>| {
            let line = |mistake: &config::Mistake| {
                format!("line {}, {}: {}; {}", mistake.line, mistake.key, mistake.message.en, mistake.hint.en)
            };
            mistakes.iter().map(line).collect::<Vec<_>>().join("\n")
        };
        for (code, lagen) in config::of_policy(text).map_err(mistakes)? {
            match code {
                None => policy.eigen_bijdrage = EbBeleid::new(lagen),
                Some(code) => {
                    policy.gemeente.entry(code).or_default().eigen_bijdrage = Some(EbBeleid::new(lagen));
                }
            }
        }
        Ok(policy)
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

/// The layers of a policy, as the reader of the configuration has them.
#[derive(Serialize)]
struct Layers<'a> {
    #[serde(flatten)]
    basis: &'a Laag,
    wijziging: &'a [Laag],
    landelijke_regel: &'a [Laag],
}

/// The choices of one gemeente about the eigen bijdrage as text, by which they are compared.
pub(crate) fn choices_text(beleid: &EbBeleid) -> String {
    let Lagen { basis, wijziging, landelijke_regel } = beleid.lagen();
    // Every field of a policy has a form in TOML; a test keeps it so.
    toml::to_string(&Layers { basis, wijziging, landelijke_regel })
        .unwrap_or_else(|error| format!("# {error}\n"))
}

/// Reads such a text.
pub(crate) fn choices(text: &str) -> Option<EbBeleid> {
    let mut root = Table::new();
    root.insert("eigen_bijdrage".to_owned(), toml::Value::Table(toml::from_str(text).ok()?));
    Policy::read(&toml::to_string(&root).ok()?).ok().map(|policy| policy.eigen_bijdrage)
}

#[derive(Serialize)]
struct Own<'a> {
    beleid: &'a Beleid,
    eigen_bijdrage: Layers<'a>,
}

impl<'a> Own<'a> {
    fn of(settings: &'a GemeenteSettings) -> Self {
        let Lagen { basis, wijziging, landelijke_regel } = settings.eb.lagen();
        let eigen_bijdrage = Layers { basis, wijziging, landelijke_regel };
        Self { beleid: &settings.beleid, eigen_bijdrage }
    }
}

#[derive(Serialize)]
struct Whole<'a> {
    gemeente: BTreeMap<String, Own<'a>>,
}

impl Settings {
    /// Returns the policy as the journal keeps it: TOML that [`Policy::read`] reads back.
    #[must_use]
    pub fn policy_text(&self) -> String {
        let gemeente =
            self.gemeenten.iter().map(|(code, settings)| (code.to_string(), Own::of(settings))).collect();
        // Every field of a policy has a form in TOML; a test keeps it so.
        toml::to_string(&Whole { gemeente }).unwrap_or_else(|error| format!("# {error}\n"))
    }
}

#[cfg(test)]
mod tests {
    use iwmo_toewijzing::cak::{
        Bedenktijd, Belasting, Brug, Limiet, Melding, RetroMaanden, Standaard, Termijn, Termijnen, Trigger,
        Uitzondering,
    };
    use iwmo_toewijzing::identity::{Aanbieder, Categorie, ProductCode};
    use iwmo_toewijzing::judge::Taakgericht;
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_the_journal_keeps_reads_back() {
        let categorie = Categorie::new("02").unwrap();
        let mut special = GemeenteSettings::default();
        special.beleid.strikt_product = true;
        special.beleid.taakgericht =
            vec![Taakgericht { aanbieder: Aanbieder::new("98000001").unwrap(), categorie }];
        let exception = Uitzondering {
            categorie: Some(categorie),
            geldig_vanaf: Some(date(2026, 1, 1)),
            belasting: Some(Belasting::Vrij),
            ..Uitzondering::default()
        };
        let of_product = Uitzondering {
            code: Some(ProductCode::new("02A01").unwrap()),
            geldig_tot: Some(date(2027, 1, 1)),
            start_trigger: Some(Trigger::Toewijzing),
            ..exception.clone()
        };
        let basis = Laag {
            standaard: Some(Standaard::Ieb10),
            brug_regel: Some(Brug::Dagen(3)),
            nulmaanden_melden: Some(true),
            wachttijd_305: Some(42),
            declaratie_stilte: Some(0),
            bedenktijd: Some(Bedenktijd::Seconden(90)),
            eb_startnummer_vanaf: Some(5000),
            tarief: [(2026, 2150)].into(),
            retro_maanden: Some(RetroMaanden {
                start_eerste: Some(Limiet(Some(6))),
                stop_eerste: Some(Limiet(None)),
                ..RetroMaanden::default()
            }),
            melding_termijn: Some(Termijnen {
                zin: Some(Termijn::Werkdagen(10)),
                pgb: Some(Termijn::Maanden(3)),
                algemeen: Some(Termijn::Dagen(30)),
            }),
            categorie: vec![exception],
            product: vec![of_product],
            ..Laag::default()
        };
        let later = Laag {
            geldig_vanaf: Some(date(2027, 1, 1)),
            wlz_beleid: Some(Melding::Stop),
            bedenktijd: Some(Bedenktijd::DagelijkseRun),
            einde_bij_toewijzing: Some(false),
            ..Laag::default()
        };
        let national = Laag { stop_trigger: Some(Trigger::Declaratie), ..later.clone() };
        special.eb = EbBeleid::new(Lagen {
            basis,
            wijziging: vec![later.clone(), Laag { geldig_vanaf: Some(date(2028, 1, 1)), ..later }],
            landelijke_regel: vec![national],
        });
        let mut settings = Settings::default();
        settings.gemeenten.insert(Gemeente::new("0222").unwrap(), special.clone());
        settings.gemeenten.insert(Gemeente::new("1586").unwrap(), GemeenteSettings::default());
        let read = Policy::read(&settings.policy_text()).unwrap();
        let own = &read.gemeente["0222"];
        assert_eq!(own.beleid.as_ref(), Some(&special.beleid));
        assert_eq!(own.eigen_bijdrage.as_ref(), Some(&special.eb), "{}", settings.policy_text());
        assert_eq!(choices(&choices_text(&special.eb)), Some(special.eb.clone()));
        assert_eq!(read.gemeente["1586"].beleid, Some(Beleid::default()));
        assert_eq!(read.gemeente["1586"].eigen_bijdrage, Some(EbBeleid::default()));
        assert_eq!(read.gemeente.len(), 2);
    }

    /// Every mistake is told, each with its line.
    #[test]
    fn a_policy_with_mistakes() {
        let text = "[eigen_bijdrage]\nbrug_regel = \"dagen\"\n\n[gemeente.0222.eigen_bijdrage]\npauze_belied = \"direct\"\n";
        let told = Policy::read(text).unwrap_err();
        assert!(told.contains("line 2, eigen_bijdrage.brug_regel: "), "{told}");
        assert!(told.contains("line 5, gemeente.0222.eigen_bijdrage.pauze_belied: "), "{told}");
        assert!(told.contains("do you mean `pauze_beleid`?"), "{told}");
    }
}
