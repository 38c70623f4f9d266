//! The 301 that the gemeente sends, and the 302 of the aanbieder on it.

use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::Gemeente;
use iwmo_toewijzing::judge::{Context, Rol, judge};
use jiff::Timestamp;

use super::refusal::{broken, pass_level_2, preflight, unacceptable, untranslatable, wrong_sender};
use super::{Decider, Incoming};
use crate::engine::batch::{Batch, unavailable};
use crate::engine::judged::{dossier, heenbericht, order};
use crate::engine::record::{Uitgaand, Uitspraak};
use crate::engine::{PartnerKind, PartnerSettings, Receipt, Refusal};
use crate::ledger::keys;
use crate::translate;

impl Decider<'_> {
    /// A 301 that the gemeente sends: the guards are a pre-flight, so that what leaves will be approved.
    pub(super) fn toewijzing(
        &self,
        incoming: &Incoming<'_>,
        partner: &PartnerSettings,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        let parties = translate::parties(incoming.message).map_err(untranslatable)?;
        if partner.kind != PartnerKind::Backoffice || !partner.gemeenten.contains(&parties.gemeente) {
            return Err(wrong_sender(incoming, &format!("gemeente {}", parties.gemeente)));
        }
        let gemeente = self.gemeente(parties.gemeente)?;
        let to = self.settings.aanbieder(parties.aanbieder, parties.gemeente).cloned().ok_or_else(|| {
            unacceptable(
                "The aanbieder is not known",
                format!(
                    "no partner with AGB code {} is configured for gemeente {}",
                    parties.aanbieder, parties.gemeente
                ),
            )
        })?;
        pass_level_2(incoming.message)?;
        let at = batch.next(keys::chain(parties.gemeente), now);
        let judgement = self.bench(incoming, gemeente, Rol::Verzender).judge(
            incoming.message,
            &parties,
            &at,
            &batch.overlay,
        );
        let judgement = judgement.map_err(broken)?;
        if !judgement.mag_verzonden() {
            return Err(preflight(&judgement));
        }
        let mut record = self.record(incoming, &judgement);
        record.uitgaand.push(Uitgaand {
            partner: to.0,
            volgorde: order(&batch.overlay, &at, parties.gemeente, &parties.bsn).map_err(broken)?,
            soort: incoming.message.kind().name().to_owned(),
            bytes: incoming.inbound.bytes.to_vec(),
        });
        self.finish(incoming, record, &at, batch)
    }

    /// A 302 of an aanbieder on a 301 of ours.
    pub(super) fn toewijzing_retour(
        &self,
        incoming: &Incoming<'_>,
        partner: &PartnerSettings,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        let message = incoming.message;
        let PartnerKind::Aanbieder(aanbieder) = partner.kind else {
            return Err(wrong_sender(incoming, "the aanbieder that the 301 was sent to"));
        };
        // The header still names the parties of the 301, unswapped.
        if message.header().ontvanger != Some(aanbieder.as_str()) {
            return Err(wrong_sender(incoming, "the aanbieder that the 301 was sent to"));
        }
        let gemeente = Gemeente::new(message.header().afzender).map_err(|e| untranslatable(e.into()))?;
        self.gemeente(gemeente)?;
        if !partner.gemeenten.contains(&gemeente) {
            return Err(wrong_sender(incoming, &format!("gemeente {gemeente}")));
        }
        let at = batch.next(keys::chain(gemeente), now);
        let matched = heenbericht(&batch.overlay, gemeente, message)
            .map_err(broken)?
            .filter(|heen| heen.aanbieder == aanbieder && heen.antwoord.is_none());
        let mut record = match &matched {
            None => incoming.record(Uitspraak::ZonderGevolg, Vec::new(), vec!["RETOUR_UNMATCHED".to_owned()]),
            Some(heen) => {
                let key = DossierKey { gemeente, aanbieder, bsn: heen.bsn };
                let event = translate::toewijzing_retour(message, key.clone(), at.seq, incoming.today)
                    .map_err(untranslatable)?;
                let dossier = dossier(&batch.overlay, &key).map_err(broken)?;
                let settings = self.gemeente(gemeente)?;
                let context = Context::new(incoming.today, &settings.beleid);
                let judgement = judge(&dossier, &event, &context).map_err(|e| unavailable(&e.to_string()))?;
                self.record(incoming, &judgement)
            }
        };
        record.heenbericht = matched.map(|heen| heen.seq);
        self.finish(incoming, record, &at, batch)
    }
}
