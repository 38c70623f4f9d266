//! Declarations, kept for one question: was support on this toewijzing paid for and not credited (TR385)?

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Dossier;
use crate::event::{Afgewezen, Bericht, DeclaratieUitkomst, Event, Prestatie};
use crate::identity::{ReferentieNummer, ToewijzingNummer};

/// The Prestaties of this client in one 323.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declaratie {
    /// The 323.
    pub bericht: Bericht,
    /// Its Prestaties for this client.
    pub prestaties: Vec<Prestatie>,
    /// The 325, and which Prestaties it refuses.
    pub uitkomst: Option<(Bericht, Afgewezen)>,
}

impl Declaratie {
    /// Returns the Prestaties that the gemeente approved; none before the 325.
    pub fn goedgekeurd(&self) -> impl Iterator<Item = &Prestatie> + '_ {
        self.prestaties.iter().filter(|prestatie| match &self.uitkomst {
            None | Some((_, Afgewezen::Alle)) => false,
            Some((_, Afgewezen::Enkele(refused))) => !refused.contains(&prestatie.referentie),
        })
    }
}

/// What was declared on a toewijzing and granted, as a whole (E7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gedeclareerd {
    /// The first day declared.
    pub begin: Date,
    /// The last day declared.
    pub eind: Date,
    /// The day on which a declaration came last, granted or not.
    pub laatste: Date,
}

impl Dossier {
    /// Returns every declaration on record, in order of processing.
    #[must_use]
    pub fn declaraties(&self) -> &[Declaratie] {
        &self.declaraties
    }

    /// True when a Prestatie on this toewijzing was approved and no approved credit took it back (TR385, IV091).
    #[must_use]
    pub fn is_gedeclareerd(&self, nummer: ToewijzingNummer) -> bool {
        self.betaald(nummer).next().is_some()
    }

    /// Returns the days that were declared on this toewijzing, as far as the gemeente granted them and no approved credit
    /// took them back.
    #[must_use]
    pub fn gedeclareerd(&self, nummer: ToewijzingNummer) -> Option<Gedeclareerd> {
        let begin = self.betaald(nummer).map(|prestatie| prestatie.begin).min()?;
        let eind = self.betaald(nummer).map(|prestatie| prestatie.eind).max()?;
        let about = |declaratie: &&Declaratie| declaratie.prestaties.iter().any(|one| one.nummer == nummer);
        let laatste = self.declaraties.iter().filter(about).map(|declaratie| declaratie.bericht.dag).max()?;
        Some(Gedeclareerd { begin, eind, laatste })
    }

    /// The approved debits on a toewijzing that no approved credit took back.
    fn betaald(&self, nummer: ToewijzingNummer) -> impl Iterator<Item = &Prestatie> + '_ {
        let approved = || self.declaraties.iter().flat_map(Declaratie::goedgekeurd);
        let credited: BTreeSet<&ReferentieNummer> =
            approved().filter(|one| one.credit).filter_map(|one| one.vorige.as_ref()).collect();
        approved()
            .filter(move |one| !one.credit && one.nummer == nummer && !credited.contains(&one.referentie))
    }

    pub(super) fn declare(&mut self, event: &Event, prestaties: &[Prestatie]) {
        self.declaraties.push(Declaratie {
            bericht: event.bericht.clone(),
            prestaties: prestaties.to_vec(),
            uitkomst: None,
        });
    }

    pub(super) fn settle_declaration(&mut self, event: &Event, uitkomst: &DeclaratieUitkomst) {
        let waiting = self.declaraties.iter_mut().filter(|declaratie| {
            declaratie.uitkomst.is_none() && declaratie.bericht.identificatie == uitkomst.op
        });
        for declaratie in waiting {
            declaratie.uitkomst = Some((event.bericht.clone(), uitkomst.afgewezen.clone()));
        }
    }
}
