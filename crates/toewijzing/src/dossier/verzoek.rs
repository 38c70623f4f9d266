//! Requests of the aanbieder: what was asked, and what came of it, derived from the reactions on record.

use serde::{Deserialize, Serialize};

use super::{Dossier, VersieStatus};
use crate::event::{Bericht, Event, ToegewezenProduct, ToewijzingRetour, VerzoekAntwoord};
use crate::identity::ReferentieAanbieder;

/// A request that was accepted: an AangevraagdProduct of a 315, or the Verzoek of a 317.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verzoek {
    /// ReferentieAanbieder.
    pub referentie: ReferentieAanbieder,
    /// What is asked.
    pub soort: VerzoekSoort,
    /// The 315 or 317.
    pub bericht: Bericht,
    /// What the gemeente sent in answer, in order.
    pub reacties: Vec<Reactie>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VerzoekSoort {
    /// 315: a toewijzing.
    Toewijzing,
    /// 317: a change.
    Wijziging,
}

/// A message of the gemeente that answers a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reactie {
    /// What it says.
    pub soort: ReactieSoort,
    /// The 301 or 319.
    pub bericht: Bericht,
    /// What became of it: one that was refused counts as never sent (OP286).
    pub status: VersieStatus,
    /// The 302 or 320 that decided the status.
    pub antwoord: Option<Bericht>,
}

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReactieSoort {
    /// 301: granted, perhaps otherwise than asked (IV094).
    Toegewezen,
    /// 319 with VerzoekAntwoord 1.
    Afgewezen,
    /// 319 with VerzoekAntwoord 2.
    InOnderzoek,
}

/// State of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VerzoekStatus {
    /// No answer. Not final.
    Pending,
    /// The gemeente looks into it. Not final: another answer follows.
    UnderInvestigation,
    /// Granted by a 301 or refused by a 319. Not final: the aanbieder may refuse that message.
    Answered,
}

impl VerzoekStatus {
    /// Returns the name that reports and interfaces use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::UnderInvestigation => "UNDER_INVESTIGATION",
            Self::Answered => "ANSWERED",
        }
    }
}

impl Verzoek {
    /// Returns the answers that count: those not refused.
    pub fn geldige_reacties(&self) -> impl Iterator<Item = ReactieSoort> + '_ {
        let counting = self.reacties.iter().filter(|reactie| reactie.status != VersieStatus::Rejected);
        counting.map(|reactie| reactie.soort)
    }

    /// Returns the state.
    #[must_use]
    pub fn status(&self) -> VerzoekStatus {
        if self.geldige_reacties().any(|soort| soort != ReactieSoort::InOnderzoek) {
            VerzoekStatus::Answered
        } else if self.geldige_reacties().next().is_some() {
            VerzoekStatus::UnderInvestigation
        } else {
            VerzoekStatus::Pending
        }
    }
}

impl Dossier {
    /// Returns every request on record, in order of processing.
    #[must_use]
    pub fn verzoeken(&self) -> &[Verzoek] {
        &self.verzoeken
    }

    /// Returns the request with this reference.
    #[must_use]
    pub fn verzoek(&self, referentie: &ReferentieAanbieder) -> Option<&Verzoek> {
        self.verzoeken.iter().find(|verzoek| verzoek.referentie == *referentie)
    }

    /// Returns the requests that wait for a final answer (TR374).
    pub fn open_verzoeken(&self) -> impl Iterator<Item = &Verzoek> + '_ {
        self.verzoeken.iter().filter(|verzoek| verzoek.status() != VerzoekStatus::Answered)
    }

    pub(super) fn add_verzoek(
        &mut self,
        event: &Event,
        referentie: &ReferentieAanbieder,
        soort: VerzoekSoort,
    ) {
        self.verzoeken.push(Verzoek {
            referentie: referentie.clone(),
            soort,
            bericht: event.bericht.clone(),
            reacties: Vec::new(),
        });
    }

    /// T1: a 301 with the reference grants the request; once, however many of its products carry it (IV093).
    pub(super) fn grant(&mut self, event: &Event, products: &[ToegewezenProduct]) {
        let named = |verzoek: &Verzoek| {
            products.iter().any(|product| product.referentie_aanbieder.as_ref() == Some(&verzoek.referentie))
        };
        for verzoek in self.verzoeken.iter_mut().filter(|verzoek| named(verzoek)) {
            verzoek.react(event, ReactieSoort::Toegewezen);
        }
    }

    pub(super) fn react(
        &mut self,
        event: &Event,
        referentie: &ReferentieAanbieder,
        antwoord: VerzoekAntwoord,
    ) {
        let soort = match antwoord {
            VerzoekAntwoord::Afgewezen => ReactieSoort::Afgewezen,
            VerzoekAntwoord::InOnderzoek => ReactieSoort::InOnderzoek,
        };
        for verzoek in self.verzoeken.iter_mut().filter(|verzoek| verzoek.referentie == *referentie) {
            verzoek.react(event, soort);
        }
    }

    /// A retour decides the reactions of its message. 301 and 319 are numbered apart,
    /// so the kind of the message tells equal numbers apart.
    pub(crate) fn settle(&mut self, event: &Event, retour: &ToewijzingRetour, of_301: bool) {
        let status = if retour.is_goedgekeurd() { VersieStatus::Accepted } else { VersieStatus::Rejected };
        let reactions = self.verzoeken.iter_mut().flat_map(|verzoek| &mut verzoek.reacties);
        for reactie in reactions.filter(|reactie| reactie.waits_for(retour, of_301)) {
            reactie.status = status;
            reactie.antwoord = Some(event.bericht.clone());
        }
    }

    /// True when a reaction waits for this retour.
    pub(crate) fn settles(&self, retour: &ToewijzingRetour, of_301: bool) -> bool {
        let mut reactions = self.verzoeken.iter().flat_map(|verzoek| &verzoek.reacties);
        reactions.any(|reactie| reactie.waits_for(retour, of_301))
    }
}

impl Verzoek {
    fn react(&mut self, event: &Event, soort: ReactieSoort) {
        self.reacties.push(Reactie {
            soort,
            bericht: event.bericht.clone(),
            status: VersieStatus::Pending,
            antwoord: None,
        });
    }
}

impl Reactie {
    fn waits_for(&self, retour: &ToewijzingRetour, of_301: bool) -> bool {
        self.status == VersieStatus::Pending
            && self.bericht.identificatie == retour.op
            && (self.soort == ReactieSoort::Toegewezen) == of_301
    }
}
