//! The 305, 307, 315 and 317 of an aanbieder, and our retour on them.

use iwmo_toewijzing::identity::{Aanbieder, Gemeente};
use iwmo_toewijzing::judge::{Judgement, Rol};
use jiff::Timestamp;

use super::refusal::{broken, untranslatable, wrong_sender};
use super::{Decider, Incoming};
use crate::engine::batch::{Batch, unavailable};
use crate::engine::judged::{level_2, order};
use crate::engine::{GemeenteSettings, PartnerKind, PartnerSettings, Receipt, Refusal, answer};
use crate::ledger::{At, keys};
use crate::record::{Bericht, Uitgaand, Uitspraak};
use crate::translate;

impl Decider<'_> {
    /// A 305, 307, 315 or 317 of an aanbieder.
    pub(super) fn ontvangen(
        &self,
        incoming: &Incoming<'_>,
        partner: &PartnerSettings,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        let parties = translate::parties(incoming.message).map_err(untranslatable)?;
        let (_, settings) = self.ontvanger(incoming, partner)?;
        let at = batch.next(keys::chain(parties.gemeente), now);
        let (mut record, judgements) = self.judged(incoming, settings, &at, batch)?;
        if let [judgement] = &judgements[..] {
            let bytes = incoming.inbound.bytes.len();
            let tot = self.parkeren(judgement, settings, bytes, &at, batch).map_err(broken)?;
            if let Some(tot) = tot {
                record.uitspraak = Uitspraak::Geparkeerd { tot };
                return self.finish(incoming, record, &at, batch);
            }
        }
        let retour = answer::retour(incoming.message, &record.uitspraak, &at, incoming.today)
            .map_err(|error| unavailable(&error.to_string()))?;
        record.uitgaand.push(Uitgaand {
            partner: incoming.inbound.partner.0.clone(),
            volgorde: order(&batch.overlay, &at, parties.gemeente, &parties.bsn).map_err(broken)?,
            soort: retour.kind().name().to_owned(),
            bytes: retour.encode(),
            envelop: None,
        });
        self.finish(incoming, record, &at, batch)
    }

    /// Returns the aanbieder that sends a message, and the gemeente that it is for.
    pub(super) fn ontvanger(
        &self,
        incoming: &Incoming<'_>,
        partner: &PartnerSettings,
    ) -> Result<((Gemeente, Aanbieder), &GemeenteSettings), Refusal> {
        let (gemeente, aanbieder) = translate::sides(incoming.message).map_err(untranslatable)?;
        if partner.kind != PartnerKind::Aanbieder(aanbieder) {
            return Err(wrong_sender(incoming, &format!("aanbieder {aanbieder}")));
        }
        let settings = self.gemeente(gemeente)?;
        if !partner.gemeenten.contains(&gemeente) {
            return Err(wrong_sender(incoming, &format!("gemeente {gemeente}")));
        }
        Ok(((gemeente, aanbieder), settings))
    }

    /// Judges a message that was received, level by level (header-and-identification 3).
    pub(super) fn judged(
        &self,
        incoming: &Incoming<'_>,
        settings: &GemeenteSettings,
        at: &At,
        batch: &Batch<'_>,
    ) -> Result<(Bericht, Vec<Judgement>), Refusal> {
        if let Some((uitspraak, regels)) = level_2(incoming.message) {
            return Ok((incoming.record(uitspraak, regels, Vec::new()), Vec::new()));
        }
        let bench = self.bench(incoming, settings, Rol::Ontvanger);
        let judgements = bench.judge(incoming.message, at, &batch.overlay).map_err(broken)?;
        Ok((self.record(incoming, &judgements), judgements))
    }
}
