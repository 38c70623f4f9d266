//! The choices a gemeente makes about the own contribution (section 10 of the iEb description).

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use crate::identity::{Categorie, Product, ProductCode};

/// The choices of one gemeente.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EbBeleid {
    /// From when the abonnementstarief applies.
    pub regime_vanaf: Date,
    /// What starts the contribution.
    pub trigger: Trigger,
    /// Categories with another trigger than the rest.
    pub trigger_per_categorie: Vec<(Categorie, Trigger)>,
    /// Which products are chargeable, where that differs from the defaults.
    pub belasting: Vec<Chargeable>,
    /// When a gap between two periods is no gap.
    pub brug: Brug,
    /// What a temporary stop does.
    pub pauze: Pauze,
    /// Whether a death is reported.
    pub overlijden: Overlijden,
    /// What to do about clients under 18.
    pub minderjarig: Minderjarig,
    /// A delivery without a stop ends with its toewijzing, once that is over.
    pub einde_bij_toewijzing: bool,
    /// How far back and ahead a message may reach.
    pub vensters: Vensters,
    /// What to do about a start that lies too far back.
    pub retro: RetroBeleid,
    /// In how many months after the start the CAK must know (UVR 2f).
    pub melding_termijn_maanden: u8,
    /// The first EbStartNummer of this gateway; above every number an earlier system used.
    pub eb_startnummer_vanaf: u32,
}

impl Default for EbBeleid {
    fn default() -> Self {
        Self {
            regime_vanaf: date(2020, 1, 1),
            trigger: Trigger::Levering,
            trigger_per_categorie: Vec::new(),
            belasting: Vec::new(),
            brug: Brug::VolleKalendermaand,
            pauze: Pauze::NaVolleMaand,
            overlijden: Overlijden::Stop,
            minderjarig: Minderjarig::KnipOp18,
            einde_bij_toewijzing: true,
            vensters: Vensters::default(),
            retro: RetroBeleid::Handmatig,
            melding_termijn_maanden: 1,
            eb_startnummer_vanaf: 1,
        }
    }
}

/// What starts the contribution (section 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The toewijzing: Ingangsdatum and Einddatum of the 301 that was approved.
    Toewijzing,
    /// Support itself: Begindatum of the 305, Einddatum of the 307.
    Levering,
}

/// Whether a product is chargeable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Belasting {
    /// The abonnementstarief is due.
    Belast,
    /// Nothing is due.
    Vrij,
    /// Another contribution is due: beschermd wonen.
    AnderRegime,
    /// Nobody decided yet: a person must.
    Handmatig,
}

/// An exception to the defaults of section 2.4. The most specific wins: a code before its category, of equals the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chargeable {
    /// The category; absent for toewijzingen without a product.
    #[serde(default)]
    pub categorie: Option<Categorie>,
    /// The product; absent for the whole category.
    #[serde(default)]
    pub code: Option<ProductCode>,
    /// From this day.
    #[serde(default)]
    pub vanaf: Option<Date>,
    /// Until the day before this one.
    #[serde(default)]
    pub tot: Option<Date>,
    /// What holds.
    pub belasting: Belasting,
}

/// When two periods count as one (section 8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Brug {
    /// Unless a whole calendar month lies between them.
    VolleKalendermaand,
    /// When at most this many days lie between them.
    Dagen(u16),
    /// Only when they touch.
    Geen,
}

/// What a temporary stop does (section 8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pauze {
    /// It ends the period once a whole calendar month without support has passed.
    NaVolleMaand,
    /// It ends the period at once.
    Direct,
    /// Nothing.
    Nooit,
}

/// Whether a stop because of death is reported (OP035x1: allowed, not required).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlijden {
    /// It is.
    Stop,
    /// It is not: the CAK hears it from the BRP.
    Niets,
}

/// What to do about clients under 18 (UVB 3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Minderjarig {
    /// Periods begin at the 18th birthday.
    KnipOp18,
    /// Periods are reported as they are.
    Melden,
}

/// What to do about a start that lies further back than a first delivery may (P17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetroBeleid {
    /// A person decides.
    Handmatig,
    /// The start is moved to the limit.
    Knip,
}

/// How many months back and ahead of Dagtekening a date may lie; `None`: no limit. TR112 to TR117.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vensters {
    /// First delivery of a start.
    pub start_eerste: Option<u8>,
    /// First delivery of a stop.
    pub stop_eerste: Option<u8>,
    /// Change of a start.
    pub start_wijziging: Option<u8>,
    /// Change of a stop.
    pub stop_wijziging: Option<u8>,
    /// How far ahead any date may lie.
    pub toekomst: u8,
}

impl Vensters {
    /// Release 1.0.3, in force since 19 July 2021.
    pub const IEB_1_0_3: Self = Self {
        start_eerste: Some(12),
        stop_eerste: None,
        start_wijziging: Some(36),
        stop_wijziging: Some(36),
        toekomst: 1,
    };
    /// Release 1.0.2.
    pub const IEB_1_0_2: Self = Self {
        start_eerste: Some(12),
        stop_eerste: Some(12),
        start_wijziging: Some(12),
        stop_wijziging: Some(12),
        toekomst: 1,
    };
}

impl Default for Vensters {
    fn default() -> Self {
        Self::IEB_1_0_3
    }
}

impl EbBeleid {
    /// Returns what starts the contribution for a product.
    #[must_use]
    pub fn trigger_for(&self, product: Option<&Product>) -> Trigger {
        product
            .and_then(|product| {
                self.trigger_per_categorie.iter().rev().find(|(categorie, _)| *categorie == product.categorie)
            })
            .map_or(self.trigger, |(_, trigger)| *trigger)
    }

    /// Returns whether a product is chargeable on a day.
    #[must_use]
    pub fn belasting_on(&self, product: Option<&Product>, day: Date) -> Belasting {
        let on_day = |rule: &&Chargeable| {
            rule.vanaf.is_none_or(|from| from <= day) && rule.tot.is_none_or(|until| day < until)
        };
        let rules = || self.belasting.iter().rev().filter(on_day);
        let categorie = product.map(|product| product.categorie);
        let by_code = product.and_then(|product| product.code.as_ref()).and_then(|code| {
            rules().find(|rule| rule.categorie == categorie && rule.code.as_ref() == Some(code))
        });
        by_code
            .or_else(|| rules().find(|rule| rule.categorie == categorie && rule.code.is_none()))
            .map_or_else(|| default_belasting(categorie), |rule| rule.belasting)
    }
}

/// Section 2.4.
fn default_belasting(categorie: Option<Categorie>) -> Belasting {
    match categorie.as_ref().map_or("", Categorie::as_str) {
        "01" | "02" | "03" | "04" | "05" | "06" | "07" | "08" | "09" | "10" | "12" | "13" | "14" => {
            Belasting::Belast
        }
        // Wheelchairs by law (UVB 3.8), shelter by UVB 3.1.
        "11" | "16" | "17" => Belasting::Vrij,
        "15" => Belasting::AnderRegime,
        _ => Belasting::Handmatig,
    }
}
