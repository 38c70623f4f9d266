//! The only code that changes a dossier: puts the effect of an approved message on record.
//!
//! It takes nothing but the dossier, the message and the verdict, so a replay of recorded verdicts ends in the
//! same records without judging anything again, whatever the policy is by then.

use jiff::civil::Date;

use super::{Dossier, Mutatie, Start, Stop, Versie, VersieStatus, VerzoekSoort};
use crate::event::{
    Event, Inhoud, StartProduct, StatusAanlevering, StopProduct, ToegewezenProduct, ToewijzingRetour,
};
use crate::identity::ToewijzingNummer;
use crate::judge::Verdict;

/// The event belongs to another dossier. The caller loaded the wrong one; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message belongs to another dossier than the one it was held against")]
pub struct OtherDossier;

impl Dossier {
    /// Puts the effect of a message on record, as far as the verdict lets it have one.
    ///
    /// # Errors
    ///
    /// The event belongs to another dossier.
    pub fn apply(&mut self, event: &Event, verdict: &Verdict) -> Result<(), OtherDossier> {
        if event.dossier != self.key {
            return Err(OtherDossier);
        }
        // IV028, IV032, OP286: a message that is not fully approved has no effect at all.
        if !verdict.is_goedgekeurd() {
            return Ok(());
        }
        match &event.inhoud {
            Inhoud::Toewijzen(products) => {
                for product in products {
                    self.add_version(event, product);
                }
                self.grant(event, products);
            }
            Inhoud::ToewijzingRetour(retour) => self.answer(event, retour),
            Inhoud::Starten(starts) => {
                for class in processing_order(starts) {
                    self.apply_start(event, &starts[class]);
                }
            }
            Inhoud::Stoppen(stops) => {
                for class in processing_order(stops) {
                    self.apply_stop(event, &stops[class]);
                }
            }
            Inhoud::Aanvragen(products) => {
                for product in products {
                    self.add_verzoek(event, &product.referentie, VerzoekSoort::Toewijzing);
                }
            }
            Inhoud::Wijzigen(verzoek) => {
                self.add_verzoek(event, &verzoek.referentie, VerzoekSoort::Wijziging);
            }
            Inhoud::Beantwoorden(antwoord) => self.react(event, &antwoord.referentie, antwoord.antwoord),
            Inhoud::AntwoordRetour(retour) => self.settle(event, retour, false),
            Inhoud::Declareren(prestaties) => self.declare(event, prestaties),
            Inhoud::DeclaratieAntwoord(uitkomst) => self.settle_declaration(event, uitkomst),
        }
        Ok(())
    }

    pub(crate) fn add_version(&mut self, event: &Event, product: &ToegewezenProduct) {
        // T10: what a 302 has approved needs no second record. One without an answer gets it, so that the
        // answer to either sending counts.
        let answered = self.effectief(product.nummer).is_some_and(|v| v.status == VersieStatus::Accepted);
        if self.mutatie(product) == Mutatie::Resend && answered {
            return;
        }
        self.toewijzingen.entry(product.nummer).or_default().push(Versie {
            inhoud: product.clone(),
            bericht: event.bericht.clone(),
            status: VersieStatus::Pending,
            antwoord: None,
        });
    }

    /// T4, T5: a 302 decides the versions and the granted requests that wait for it.
    fn answer(&mut self, event: &Event, retour: &ToewijzingRetour) {
        let status = if retour.is_goedgekeurd() { VersieStatus::Accepted } else { VersieStatus::Rejected };
        let versions = self.toewijzingen.values_mut().flatten();
        for version in versions.filter(|version| version.waits_for(retour)) {
            version.status = status;
            version.antwoord = Some(event.bericht.clone());
        }
        self.settle(event, retour, true);
    }

    /// True when a version or a granted request waits for this 302.
    pub(crate) fn awaits(&self, retour: &ToewijzingRetour) -> bool {
        self.toewijzingen.values().flatten().any(|version| version.waits_for(retour))
            || self.settles(retour, true)
    }

    pub(crate) fn apply_start(&mut self, event: &Event, class: &StartProduct) {
        let versie = self.effective_entry(class.key.nummer);
        let levering = self.leveringen.entry(class.key.onderwerp()).or_default();
        if class.status == StatusAanlevering::Verwijderen {
            let live = levering.starts.iter_mut().filter(|start| start.verwijderd_door.is_none());
            for start in live.filter(|start| start.key == class.key) {
                start.verwijderd_door = Some(event.bericht.clone());
            }
        } else {
            levering.starts.push(Start {
                key: class.key.clone(),
                toewijzing_ingangsdatum: class.toewijzing_ingangsdatum,
                bericht: event.bericht.clone(),
                versie,
                verwijderd_door: None,
            });
        }
    }

    pub(crate) fn apply_stop(&mut self, event: &Event, class: &StopProduct) {
        let versie = self.effective_entry(class.key.start.nummer);
        let levering = self.leveringen.entry(class.key.start.onderwerp()).or_default();
        if class.status == StatusAanlevering::Verwijderen {
            let live = levering.stops.iter_mut().filter(|stop| stop.verwijderd_door.is_none());
            for stop in live.filter(|stop| stop.key == class.key) {
                stop.verwijderd_door = Some(event.bericht.clone());
            }
        } else {
            levering.stops.push(Stop {
                key: class.key.clone(),
                toewijzing_ingangsdatum: class.toewijzing_ingangsdatum,
                bericht: event.bericht.clone(),
                versie,
                verwijderd_door: None,
            });
        }
    }

    fn effective_entry(&self, nummer: Option<ToewijzingNummer>) -> Option<u64> {
        self.effectief(nummer?).map(|version| version.bericht.entry)
    }
}

impl Versie {
    fn waits_for(&self, retour: &ToewijzingRetour) -> bool {
        self.status == VersieStatus::Pending && self.bericht.identificatie == retour.op
    }
}

/// What [`processing_order`] needs to know of a class.
pub(crate) trait DeliveryClass {
    fn status(&self) -> StatusAanlevering;
    /// Sorts the deliveries of a message that are not deletes.
    fn order(&self) -> (Date, bool);
}

impl DeliveryClass for StartProduct {
    fn status(&self) -> StatusAanlevering {
        self.status
    }

    fn order(&self) -> (Date, bool) {
        (self.key.begindatum, false)
    }
}

impl DeliveryClass for StopProduct {
    fn status(&self) -> StatusAanlevering {
        self.status
    }

    fn order(&self) -> (Date, bool) {
        (self.key.start.begindatum, !self.key.reden.is_tijdelijk())
    }
}

/// D5, IV008: deletes first, then the others by Begindatum, temporary stops before definitive ones; equals stay
/// in the order of the message. Returns positions in the message.
pub(crate) fn processing_order<C: DeliveryClass>(classes: &[C]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by_key(|&class| {
        let class = &classes[class];
        let delete = class.status() == StatusAanlevering::Verwijderen;
        (!delete, if delete { (Date::MIN, false) } else { class.order() })
    });
    order
}
