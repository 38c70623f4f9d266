//! Declarations, kept for one question: was support on this toewijzing paid for and not credited (TR385)?

use serde::{Deserialize, Serialize};

use super::Dossier;
use crate::event::{Afgewezen, Bericht, DeclaratieUitkomst, Event, Prestatie};
use crate::identity::ToewijzingNummer;

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

impl Dossier {
    /// Returns every declaration on record, in order of processing.
    #[must_use]
    pub fn declaraties(&self) -> &[Declaratie] {
        &self.declaraties
    }

    /// True when a Prestatie on this toewijzing was approved and no approved credit took it back (TR385, IV091).
    #[must_use]
    pub fn is_gedeclareerd(&self, nummer: ToewijzingNummer) -> bool {
        let approved = || self.declaraties.iter().flat_map(Declaratie::goedgekeurd);
        approved().filter(|prestatie| !prestatie.credit && prestatie.nummer == nummer).any(|debit| {
            !approved().any(|credit| credit.credit && credit.vorige.as_ref() == Some(&debit.referentie))
        })
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
