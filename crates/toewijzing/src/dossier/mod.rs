//! What is on record between one gemeente and one aanbieder about one client.
//!
//! Only records are kept: versions of toewijzingen, starts, stops, requests and declarations, each with the message
//! that made it and the one that deleted or answered it. Every state is derived from them (`assignment`, `delivery`), so a
//! delete takes back exactly what it deletes. [`Dossier::apply`] is the only code that changes a record.

pub(crate) mod anomaly;
mod apply;
mod assignment;
mod declaratie;
mod delivery;
mod verzoek;

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

pub use anomaly::{Anomalie, AnomalieSoort};
pub use apply::OtherDossier;
pub(crate) use apply::processing_order;
pub use assignment::{Fase, Mutatie, ToewijzingStatus};
pub use declaratie::{Declaratie, Gedeclareerd};
pub use delivery::{LeveringStaat, LeveringStatus};
pub use verzoek::{Reactie, ReactieSoort, Verzoek, VerzoekSoort, VerzoekStatus};

use crate::event::{Bericht, DossierKey, StartKey, StopKey, ToegewezenProduct};
use crate::identity::{Product, ToewijzingNummer};

/// Everything on record between one gemeente and one aanbieder about one client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dossier {
    key: DossierKey,
    toewijzingen: BTreeMap<ToewijzingNummer, Vec<Versie>>,
    leveringen: BTreeMap<Onderwerp, Levering>,
    verzoeken: Vec<Verzoek>,
    declaraties: Vec<Declaratie>,
}

/// What is delivered: a toewijzing, or a product without one (taakgericht, D17).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Onderwerp {
    /// A toewijzing of the gemeente.
    Toewijzing(ToewijzingNummer),
    /// A product under a taakgericht contract.
    Taakgericht(Option<Product>),
}

/// One version of a toewijzing, as a 301 gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versie {
    /// What the 301 says.
    pub inhoud: ToegewezenProduct,
    /// The 301.
    pub bericht: Bericht,
    /// What became of it.
    pub status: VersieStatus,
    /// The 302 that decided the status.
    pub antwoord: Option<Bericht>,
}

/// What became of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersieStatus {
    /// No 302 yet. Not final.
    Pending,
    /// The 302 approved it. Final.
    Accepted,
    /// The 302 refused it: it counts as never sent. Final.
    Rejected,
}

/// The starts and stops of one subject, in order of processing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Levering {
    pub(crate) starts: Vec<Start>,
    pub(crate) stops: Vec<Stop>,
}

/// A start that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Its logical key.
    pub key: StartKey,
    /// ToewijzingIngangsdatum.
    #[serde(with = "crate::compact::optional_date")]
    pub toewijzing_ingangsdatum: Option<Date>,
    /// The 305 that brought it.
    pub bericht: Bericht,
    /// The [`Bericht::entry`] of the version that was effective then (D9).
    pub versie: Option<u64>,
    /// The 305 that deleted it.
    pub verwijderd_door: Option<Bericht>,
}

/// A stop that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Its logical key.
    pub key: StopKey,
    /// ToewijzingIngangsdatum.
    #[serde(with = "crate::compact::optional_date")]
    pub toewijzing_ingangsdatum: Option<Date>,
    /// The 307 that brought it.
    pub bericht: Bericht,
    /// The [`Bericht::entry`] of the version that was effective then (D9).
    pub versie: Option<u64>,
    /// The 307 that deleted it.
    pub verwijderd_door: Option<Bericht>,
}

impl Dossier {
    /// Starts an empty dossier.
    #[must_use]
    pub fn new(key: DossierKey) -> Self {
        Self {
            key,
            toewijzingen: BTreeMap::new(),
            leveringen: BTreeMap::new(),
            verzoeken: Vec::new(),
            declaraties: Vec::new(),
        }
    }

    /// Returns whose dossier this is.
    #[must_use]
    pub fn key(&self) -> &DossierKey {
        &self.key
    }

    /// True when nothing is on record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.toewijzingen.is_empty()
            && self.leveringen.is_empty()
            && self.verzoeken.is_empty()
            && self.declaraties.is_empty()
    }

    /// Returns the numbers of all toewijzingen on record, rejected ones included.
    pub fn nummers(&self) -> impl Iterator<Item = ToewijzingNummer> + '_ {
        self.toewijzingen.keys().copied()
    }

    /// Returns everything that has a delivery on record, deleted ones included.
    pub fn onderwerpen(&self) -> impl Iterator<Item = &Onderwerp> + '_ {
        self.leveringen.keys()
    }

    /// Returns the versions of a toewijzing in order of receipt.
    #[must_use]
    pub fn versies(&self, nummer: ToewijzingNummer) -> &[Versie] {
        self.toewijzingen.get(&nummer).map_or(&[], Vec::as_slice)
    }

    /// Returns the starts and stops of a subject.
    #[must_use]
    pub fn levering(&self, onderwerp: &Onderwerp) -> Option<&Levering> {
        self.leveringen.get(onderwerp)
    }
}

impl StartKey {
    /// Returns what is delivered.
    #[must_use]
    pub fn onderwerp(&self) -> Onderwerp {
        match self.nummer {
            Some(nummer) => Onderwerp::Toewijzing(nummer),
            None => Onderwerp::Taakgericht(self.product.clone()),
        }
    }
}

impl ToegewezenProduct {
    /// Returns what orders the versions of one toewijzing (IV013, D10).
    #[must_use]
    pub fn version(&self) -> (Date, Time) {
        (self.toewijzingsdatum, self.toewijzingstijd)
    }
}
