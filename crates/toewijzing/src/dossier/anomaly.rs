//! What should not be, although every message was handled by the rules: work for people, never part of a retour.
//!
//! Anomalies are derived like states, so one that is repaired by a later message is gone.

use serde::{Deserialize, Serialize};

use super::{Dossier, Onderwerp, VersieStatus};
use crate::identity::ToewijzingNummer;

/// An open anomaly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Anomalie {
    /// Of what.
    pub onderwerp: Onderwerp,
    /// Which.
    pub soort: AnomalieSoort,
}

/// The kinds of anomaly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AnomalieSoort {
    /// The toewijzing was deleted while a start is live (D4).
    DeletedWithDelivery,
    /// The 302 refused the version on which a live start was accepted, and no later one took its place (D9).
    RejectedWithDelivery,
    /// The version in force has the date and time of another that says different things (D10).
    SameVersionOtherContent,
    /// Two starts are open, after the stop of an older one was deleted (D7).
    TwoOpenStarts,
}

impl AnomalieSoort {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::DeletedWithDelivery,
        Self::RejectedWithDelivery,
        Self::SameVersionOtherContent,
        Self::TwoOpenStarts,
    ];

    /// Returns the name that reports and interfaces use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeletedWithDelivery => "DELETED_WITH_DELIVERY",
            Self::RejectedWithDelivery => "REJECTED_WITH_DELIVERY",
            Self::SameVersionOtherContent => "SAME_VERSION_OTHER_CONTENT",
            Self::TwoOpenStarts => "TWO_OPEN_STARTS",
        }
    }
}

impl Dossier {
    /// Returns the open anomalies of the whole dossier, in a fixed order.
    #[must_use]
    pub fn anomalieen(&self) -> Vec<Anomalie> {
        let mut all: Vec<Anomalie> = Vec::new();
        for nummer in self.nummers() {
            all.extend(
                self.assignment_anomalies(nummer)
                    .into_iter()
                    .map(|soort| Anomalie { onderwerp: Onderwerp::Toewijzing(nummer), soort }),
            );
        }
        for (onderwerp, levering) in &self.leveringen {
            if levering.open_starts().count() > 1 {
                all.push(Anomalie { onderwerp: onderwerp.clone(), soort: AnomalieSoort::TwoOpenStarts });
            }
        }
        all.sort();
        all
    }

    /// Returns the open anomalies of one subject, in a fixed order.
    #[must_use]
    pub fn anomalieen_van(&self, onderwerp: &Onderwerp) -> Vec<AnomalieSoort> {
        let all = self.anomalieen();
        all.into_iter()
            .filter(|anomaly| anomaly.onderwerp == *onderwerp)
            .map(|anomaly| anomaly.soort)
            .collect()
    }

    fn assignment_anomalies(&self, nummer: ToewijzingNummer) -> Vec<AnomalieSoort> {
        let mut kinds = Vec::new();
        let versions = self.versies(nummer);
        let effective = self.effectief(nummer);
        if let Some(levering) = self.levering(&Onderwerp::Toewijzing(nummer)) {
            let void = effective.is_some_and(|version| version.inhoud.is_void());
            if void && levering.live_starts().next().is_some() {
                kinds.push(AnomalieSoort::DeletedWithDelivery);
            }
            let rejected = levering.live_starts().any(|start| {
                versions.iter().any(|version| {
                    Some(version.bericht.entry) == start.versie
                        && version.status == VersieStatus::Rejected
                        && effective.is_none_or(|now| now.inhoud.version() < version.inhoud.version())
                })
            });
            if rejected {
                kinds.push(AnomalieSoort::RejectedWithDelivery);
            }
        }
        // What was said twice before the version in force no longer matters: a new version mends it.
        let contradicted = effective.is_some_and(|now| {
            versions.iter().filter(|version| version.status != VersieStatus::Rejected).any(|version| {
                version.inhoud.version() == now.inhoud.version() && !version.inhoud.same_content(&now.inhoud)
            })
        });
        if contradicted {
            kinds.push(AnomalieSoort::SameVersionOtherContent);
        }
        kinds
    }
}
