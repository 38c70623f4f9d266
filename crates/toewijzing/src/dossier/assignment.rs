//! The assignment machine: what the gemeente ordered, derived from versions (section 4 of the lifecycle).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Dossier, Onderwerp, Versie, VersieStatus};
use crate::event::ToegewezenProduct;
use crate::identity::{Omvang, RedenWijziging, ToewijzingNummer};

/// State of a toewijzing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToewijzingStatus {
    /// No version known, or only rejected ones. Not final.
    Onbekend,
    /// The effective version has no 302 yet. Not final.
    Aangeboden,
    /// The effective version was approved. Not final: it may be changed or deleted.
    Bevestigd,
    /// Deleted with RedenWijziging 13; counts as never sent (OP033x1). Not final: a later version revives it (D10).
    Verwijderd,
}

impl ToewijzingStatus {
    /// Returns the name that reports and interfaces use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Onbekend => "ONBEKEND",
            Self::Aangeboden => "AANGEBODEN",
            Self::Bevestigd => "BEVESTIGD",
            Self::Verwijderd => "VERWIJDERD",
        }
    }
}

/// Where today lies in the period of a toewijzing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fase {
    /// Before Ingangsdatum.
    Toekomstig,
    /// Within the period, or it has no end.
    Lopend,
    /// After Einddatum.
    Verlopen,
}

impl Fase {
    /// Returns the name that reports and interfaces use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Toekomstig => "TOEKOMSTIG",
            Self::Lopend => "LOPEND",
            Self::Verlopen => "VERLOPEN",
        }
    }
}

/// What a ToegewezenProduct does to the toewijzing it names (section 4.2).
///
/// Several changes in one product are named after the first that applies: a change that is not allowed
/// under one number, then the period, the volume, the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Mutatie {
    /// The number is not known, or only from rejected versions.
    New,
    /// The same version again.
    Resend,
    /// A later version with the same content.
    Unchanged,
    /// The end moves later or goes away.
    Oprekken,
    /// The end moves earlier or is added.
    Intrekken,
    /// The volume within the whole period changes.
    Volume,
    /// The budget changes.
    Budget,
    /// RedenWijziging 13.
    Delete,
    /// A later version of a deleted toewijzing.
    Revive,
    /// A change that OP257 and IV066 want under a new number.
    OtherChange,
    /// Product or Ingangsdatum differ: another toewijzing under a used number.
    DifferentProduct,
    /// A version before the effective one.
    Older,
}

impl ToegewezenProduct {
    /// True when this version says that the toewijzing counts as never sent.
    ///
    /// Versions of earlier releases said so with code 01.
    #[must_use]
    pub fn is_void(&self) -> bool {
        let reden = self.reden_wijziging;
        self.einddatum == Some(self.ingangsdatum)
            && (reden == Some(RedenWijziging::VERWIJDERD)
                || reden == Some(RedenWijziging::ADMINISTRATIEVE_CORRECTIE_OUD))
    }

    /// Compares what is assigned. ReferentieAanbieder, RedenWijziging and the version are left out (IV093, IV097).
    #[must_use]
    pub fn same_content(&self, other: &Self) -> bool {
        self.product == other.product
            && self.ingangsdatum == other.ingangsdatum
            && self.einddatum == other.einddatum
            && self.omvang == other.omvang
            && self.budget == other.budget
            && self.is_void() == other.is_void()
    }

    /// Returns where `today` lies in the period.
    #[must_use]
    pub fn fase(&self, today: Date) -> Fase {
        if self.ingangsdatum > today {
            Fase::Toekomstig
        } else if self.einddatum.is_some_and(|end| end < today) {
            Fase::Verlopen
        } else {
            Fase::Lopend
        }
    }
}

impl Dossier {
    /// Returns the version that counts: the latest that was not rejected.
    #[must_use]
    pub fn effectief(&self, nummer: ToewijzingNummer) -> Option<&Versie> {
        effective(self.versies(nummer))
    }

    /// Returns the version that counts, if the toewijzing exists: not when it was deleted.
    #[must_use]
    pub fn bestaand(&self, nummer: ToewijzingNummer) -> Option<&Versie> {
        self.effectief(nummer).filter(|version| !version.inhoud.is_void())
    }

    /// Returns the version that a 302 approved last, deleted ones included.
    #[must_use]
    pub fn aanvaard(&self, nummer: ToewijzingNummer) -> Option<&Versie> {
        latest(self.versies(nummer).iter().filter(|version| version.status == VersieStatus::Accepted))
    }

    /// Returns the state of a toewijzing.
    #[must_use]
    pub fn status(&self, nummer: ToewijzingNummer) -> ToewijzingStatus {
        let versions = self.versies(nummer);
        let Some(effective) = effective(versions) else { return ToewijzingStatus::Onbekend };
        if effective.inhoud.is_void() {
            return ToewijzingStatus::Verwijderd;
        }
        if is_approved(versions, effective) {
            ToewijzingStatus::Bevestigd
        } else {
            ToewijzingStatus::Aangeboden
        }
    }

    /// Returns the phase of a toewijzing that is offered or confirmed.
    #[must_use]
    pub fn fase(&self, nummer: ToewijzingNummer, today: Date) -> Option<Fase> {
        self.bestaand(nummer).map(|version| version.inhoud.fase(today))
    }

    /// True for an "actual toewijzing" in the sense of the rules: to come or running, and not deleted (TR349).
    #[must_use]
    pub fn is_actueel(&self, nummer: ToewijzingNummer, today: Date) -> bool {
        matches!(self.fase(nummer, today), Some(Fase::Toekomstig | Fase::Lopend))
    }

    /// True when the 302 is still out, but the aanbieder has acted on the version (D9).
    #[must_use]
    pub fn is_impliciet_bevestigd(&self, nummer: ToewijzingNummer) -> bool {
        if self.status(nummer) != ToewijzingStatus::Aangeboden {
            return false;
        }
        let Some(entry) = self.effectief(nummer).map(|version| version.bericht.entry) else { return false };
        self.levering(&Onderwerp::Toewijzing(nummer)).is_some_and(|levering| {
            levering.live_starts().any(|start| start.versie == Some(entry))
                || levering.live_stops().any(|stop| stop.versie == Some(entry))
        })
    }

    /// Tells what a ToegewezenProduct would do to the toewijzing it names.
    #[must_use]
    pub fn mutatie(&self, new: &ToegewezenProduct) -> Mutatie {
        let Some(known) = self.effectief(new.nummer).map(|version| &version.inhoud) else {
            return Mutatie::New;
        };
        let delete = new.reden_wijziging == Some(RedenWijziging::VERWIJDERD);
        if known.product != new.product || known.ingangsdatum != new.ingangsdatum {
            Mutatie::DifferentProduct
        } else if new.version() < known.version() {
            Mutatie::Older
        } else if new.version() == known.version() && new.same_content(known) {
            Mutatie::Resend
        } else if known.is_void() && !delete {
            Mutatie::Revive
        } else if delete {
            Mutatie::Delete
        } else if new.same_content(known) {
            Mutatie::Unchanged
        } else if needs_new_number(known.omvang, new.omvang) {
            Mutatie::OtherChange
        } else if known.einddatum != new.einddatum {
            match (known.einddatum, new.einddatum) {
                (Some(_), None) => Mutatie::Oprekken,
                (Some(before), Some(after)) if after > before => Mutatie::Oprekken,
                _ => Mutatie::Intrekken,
            }
        } else if known.omvang != new.omvang {
            Mutatie::Volume
        } else {
            Mutatie::Budget
        }
    }
}

fn latest<'a>(versions: impl Iterator<Item = &'a Versie>) -> Option<&'a Versie> {
    // Of equal versions the one received later wins (D10); max_by_key returns the last of equals.
    versions.max_by_key(|version| version.inhoud.version())
}

fn effective(versions: &[Versie]) -> Option<&Versie> {
    latest(versions.iter().filter(|version| version.status != VersieStatus::Rejected))
}

/// A version is approved by its own 302, or by that of an unbroken row of versions before it that say the same (T10).
fn is_approved(versions: &[Versie], effective: &Versie) -> bool {
    let mut row: Vec<&Versie> =
        versions.iter().filter(|version| version.status != VersieStatus::Rejected).collect();
    row.sort_by_key(|version| version.inhoud.version());
    row.iter()
        .rev()
        .take_while(|version| version.inhoud.same_content(&effective.inhoud))
        .any(|version| version.status == VersieStatus::Accepted)
}

/// OP257, IV066: only the volume of the whole period may change under one number.
fn needs_new_number(before: Option<Omvang>, after: Option<Omvang>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => {
            before.eenheid != after.eenheid
                || before.frequentie != after.frequentie
                || (before.volume != after.volume
                    && after.frequentie != Omvang::TOTAAL_BINNEN_GELDIGHEIDSDUUR)
        }
        (None, None) => false,
        _ => true,
    }
}
