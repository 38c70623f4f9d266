//! The figures that a gemeente steers on: volumes, refusals, lead times, costs. Nothing in them names a person.
//!
//! They are added up from the counts that the ledger keeps ([`crate::ledger::statistiek`]), so the work is that of the
//! months asked for, however long the journal is.

use std::collections::BTreeMap;

use iwmo_toewijzing::identity::Gemeente;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::statistiek::{DAGEN, MINUTEN, Soort, Telling, telling_delen, tellingen_van};
use crate::ledger::{LedgerError, decode_row, keys};
use crate::store::Ledger;

/// Which figures.
#[derive(Clone, Debug, Default)]
pub struct StatistiekFilter {
    /// Of these gemeenten.
    pub gemeenten: Vec<Gemeente>,
    /// From this month on, as `202611`.
    pub van: Option<String>,
    /// Up to and including this month, as `202611`.
    pub tot: Option<String>,
}

/// Figures over a period, the gemeenten and months apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Statistiek {
    /// Messages by partner, kind and verdict.
    pub berichten: Vec<Aantal>,
    /// Refusals by retourcode or rule.
    pub afkeuringen: Vec<Afkeuring>,
    /// Lead times.
    pub doorlooptijden: Vec<Doorlooptijd>,
    /// What became of products, and what they cost.
    pub producten: Vec<ProductCijfers>,
}

/// Messages of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Aantal {
    /// Gemeentecode.
    pub gemeente: String,
    /// The month, `2026-11`.
    pub maand: String,
    /// From which partner or token.
    pub partner: String,
    /// The kind, as `WMO305`.
    pub bericht: String,
    /// `goedgekeurd`, `afgekeurd`, `zonder_gevolg` or `geparkeerd`.
    pub uitspraak: String,
    /// How many.
    pub aantal: u64,
}

/// Refusals under one code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Afkeuring {
    /// Gemeentecode.
    pub gemeente: String,
    /// The month, `2026-11`.
    pub maand: String,
    /// Of which partner.
    pub partner: String,
    /// The kind, as `WMO305`.
    pub bericht: String,
    /// The retourcode or the rule.
    pub code: String,
    /// How many messages.
    pub aantal: u64,
}

/// How long something took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Doorlooptijd {
    /// Gemeentecode.
    pub gemeente: String,
    /// The month in which it ended, `2026-11`.
    pub maand: String,
    /// `toewijzing_start` (301 to 305), `heen_retour` (ours to the retour on it) or `retour_bezorgd` (a message to the
    /// delivery of our retour).
    pub soort: &'static str,
    /// The aanbieder (AGB code) or partner.
    pub wie: String,
    /// Of `toewijzing_start` the product, as `02/02A05`; else the kind of the retour.
    pub waarvan: String,
    /// `dagen` or `minuten`.
    pub eenheid: &'static str,
    /// How many.
    pub aantal: u64,
    /// What they took together, in `eenheid`.
    pub totaal: i64,
    /// The average, rounded.
    pub gemiddeld: i64,
    /// How many took how long.
    pub verdeling: Vec<Klasse>,
}

/// A class of lead times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Klasse {
    /// At most so long and longer than the class before; none: longer than all others.
    pub tot: Option<u32>,
    /// How many.
    pub aantal: u32,
}

/// What became of one product with one aanbieder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProductCijfers {
    /// Gemeentecode.
    pub gemeente: String,
    /// The month, `2026-11`.
    pub maand: String,
    /// AGB code.
    pub aanbieder: String,
    /// Product category; empty: all, or not told.
    pub categorie: String,
    /// Product code; empty: the whole category.
    pub code: String,
    /// Toewijzingen made.
    pub toegewezen: u64,
    /// Toewijzingen changed.
    pub gewijzigd: u64,
    /// Toewijzingen deleted.
    pub verwijderd: u64,
    /// Starts.
    pub gestart: u64,
    /// Stops.
    pub beeindigd: u64,
    /// Prestaties declared, credits included.
    pub prestaties: u64,
    /// The volume declared, credits taken off, by unit of the standard.
    pub volume: BTreeMap<String, i64>,
    /// What was declared, credits taken off, in eurocents.
    pub gedeclareerd_cent: i64,
    /// What was granted, in eurocents; only in the row of the aanbieder without product, for a 325 does not say it of
    /// products.
    pub toegekend_cent: i64,
}

/// Returns the figures.
///
/// # Errors
///
/// The store cannot be read.
pub fn statistiek(ledger: &Ledger, filter: &StatistiekFilter) -> Result<Statistiek, LedgerError> {
    let mut found = Statistiek::default();
    let mut products: BTreeMap<[String; 5], ProductCijfers> = BTreeMap::new();
    for gemeente in &filter.gemeenten {
        for row in ledger.scan(&tellingen_van(*gemeente)) {
            let (key, value) = row?;
            let Some((maand, soort, parts)) = keys::telling_rest(&key).and_then(telling_delen) else {
                continue;
            };
            let before = filter.van.as_deref().is_some_and(|van| maand < van);
            if before || filter.tot.as_deref().is_some_and(|tot| maand > tot) {
                continue;
            }
            let telling: Telling = decode_row(&key, &value)?;
            let at = Place { gemeente: gemeente.as_str().to_owned(), maand: dashed(maand) };
            found.add(at, &soort, &parts, telling, &mut products);
        }
    }
    found.producten = products.into_values().collect();
    Ok(found)
}

struct Place {
    gemeente: String,
    maand: String,
}

/// Reads a month as people write it, `2026-11`; returns it as keys have it, `202611`.
#[must_use]
pub fn month(text: &str) -> Option<String> {
    let (year, month) = text.split_once('-')?;
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let real = digits(year, 4) && digits(month, 2) && (1..=12).contains(&month.parse::<u8>().ok()?);
    real.then(|| format!("{year}{month}"))
}

/// `202611` as people write it.
fn dashed(text: &str) -> String {
    let (year, month) = text.split_at_checked(4).unwrap_or((text, ""));
    format!("{year}-{month}")
}

impl Statistiek {
    fn add(
        &mut self,
        at: Place,
        soort: &Soort,
        parts: &[&str],
        telling: Telling,
        products: &mut BTreeMap<[String; 5], ProductCijfers>,
    ) {
        let part = |index: usize| parts.get(index).copied().unwrap_or_default().to_owned();
        let Place { gemeente, maand } = at;
        let place = [gemeente.clone(), maand.clone()];
        match soort {
            Soort::Bericht => self.berichten.push(Aantal {
                partner: part(0),
                bericht: part(1),
                uitspraak: part(2),
                aantal: telling.aantal,
                gemeente,
                maand,
            }),
            Soort::Afkeuring => self.afkeuringen.push(Afkeuring {
                partner: part(0),
                bericht: part(1),
                code: part(2),
                aantal: telling.aantal,
                gemeente,
                maand,
            }),
            Soort::Startduur => {
                let waarvan = if part(2).is_empty() { part(1) } else { format!("{}/{}", part(1), part(2)) };
                let time = ("toewijzing_start", "dagen", &DAGEN[..]);
                self.doorlooptijden.push(took(gemeente, maand, time, part(0), waarvan, telling));
            }
            Soort::Antwoordduur => {
                let time = ("heen_retour", "dagen", &DAGEN[..]);
                self.doorlooptijden.push(took(gemeente, maand, time, part(0), part(1), telling));
            }
            Soort::Retourduur => {
                let time = ("retour_bezorgd", "minuten", &MINUTEN[..]);
                self.doorlooptijden.push(took(gemeente, maand, time, part(0), part(1), telling));
            }
            Soort::Product => {
                let row = product(products, place, [part(0), part(1), part(2)]);
                let count = match parts.get(3).copied() {
                    Some("toegewezen") => &mut row.toegewezen,
                    Some("gewijzigd") => &mut row.gewijzigd,
                    Some("verwijderd") => &mut row.verwijderd,
                    Some("gestart") => &mut row.gestart,
                    _ => &mut row.beeindigd,
                };
                *count += telling.aantal;
            }
            Soort::Prestatie => {
                let row = product(products, place, [part(0), part(1), part(2)]);
                row.prestaties += telling.aantal;
                row.gedeclareerd_cent = row.gedeclareerd_cent.saturating_add(telling.som);
                let volume = row.volume.entry(part(3)).or_default();
                *volume = volume.saturating_add(telling.volume);
            }
            Soort::Toegekend => {
                let row = product(products, place, [part(0), String::new(), String::new()]);
                row.toegekend_cent = row.toegekend_cent.saturating_add(telling.som);
            }
        }
    }
}

/// Returns the row of a product, new if there is none.
fn product(
    products: &mut BTreeMap<[String; 5], ProductCijfers>,
    [gemeente, maand]: [String; 2],
    [aanbieder, categorie, code]: [String; 3],
) -> &mut ProductCijfers {
    let key = [gemeente.clone(), maand.clone(), aanbieder.clone(), categorie.clone(), code.clone()];
    let new = || ProductCijfers { gemeente, maand, aanbieder, categorie, code, ..ProductCijfers::default() };
    products.entry(key).or_insert_with(new)
}

fn took(
    gemeente: String,
    maand: String,
    (soort, eenheid, classes): (&'static str, &'static str, &[u32]),
    wie: String,
    waarvan: String,
    telling: Telling,
) -> Doorlooptijd {
    let bounds = classes.iter().copied().map(Some).chain([None]);
    let verdeling = bounds.zip(telling.verdeling).map(|(tot, aantal)| Klasse { tot, aantal }).collect();
    let aantal = i64::try_from(telling.aantal).unwrap_or(i64::MAX).max(1);
    Doorlooptijd {
        gemeente,
        maand,
        soort,
        wie,
        waarvan,
        eenheid,
        aantal: telling.aantal,
        totaal: telling.som,
        gemiddeld: telling.som.saturating_add(aantal / 2) / aantal,
        verdeling,
    }
}
