//! The 301 and 319 that the gemeente sends, and the 302 and 320 of the aanbieder on them.

use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Aanbieder, Gemeente};
use iwmo_toewijzing::judge::{Context, Rol, judge};
use jiff::Timestamp;

use super::refusal::{
    broken, pass_level_2, preflight, unacceptable, unconfirmed, untranslatable, wrong_sender,
};
use super::{Decider, Incoming};
use crate::engine::batch::{Batch, unavailable};
use crate::engine::judged::{dossier, heenbericht, order};
use crate::engine::{PartnerId, PartnerKind, PartnerSettings, Receipt, Refusal};
use crate::ledger::{LedgerError, keys};
use crate::record::{Uitgaand, Uitspraak};
use crate::translate;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

impl Decider<'_> {
    /// A 301 or 319 that the gemeente sends: the guards are a pre-flight, so that what leaves will be approved.
    pub(super) fn verzenden(
        &self,
        incoming: &Incoming<'_>,
        partner: &PartnerSettings,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        let (gemeente, to) = self.verzender(incoming, partner)?;
        pass_level_2(incoming)?;
        let at = batch.next(keys::chain(gemeente), now);
        let bench = self.bench(incoming, self.gemeente(gemeente)?, Rol::Verzender);
        let judgements = bench.judge(incoming.message, &at, &batch.overlay).map_err(broken)?;
        let [judgement] = &judgements[..] else {
            // Both are about one client.
            return Err(broken(LedgerError::Inconsistent {
                entry: at.name(),
                what: format!("the message concerns {} dossiers", judgements.len()),
            }));
        };
        if !judgement.mag_verzonden() {
            return Err(preflight(&judgements));
        }
        // D4: it may be sent, once somebody has said that it is meant.
        let asked: Vec<String> =
            judgement.te_bevestigen().map(|warning| warning.soort.as_str().to_owned()).collect();
        if asked.iter().any(|code| !incoming.inbound.bevestigd.contains(code)) {
            return Err(unconfirmed(asked));
        }
        let bsn = judgement.dossier.key().bsn;
        let mut record = self.record(incoming, &judgements);
        record.bevestigd = (!asked.is_empty()).then_some(asked);
        record.uitgaand.push(Uitgaand {
            partner: to.0,
            volgorde: order(&batch.overlay, &at, gemeente, &bsn).map_err(broken)?,
            soort: incoming.message.kind().name().to_owned(),
            bytes: incoming.inbound.bytes.to_vec(),
            envelop: None,
        });
        self.finish(incoming, record, &at, batch)
    }

    /// Returns for which gemeente a backoffice system sends a message, and to which partner it goes.
    pub(super) fn verzender(
        &self,
        incoming: &Incoming<'_>,
        partner: &PartnerSettings,
    ) -> Result<(Gemeente, PartnerId), Refusal> {
        let (gemeente, aanbieder) = translate::sides(incoming.message).map_err(untranslatable)?;
        if partner.kind != PartnerKind::Backoffice || !partner.gemeenten.contains(&gemeente) {
            return Err(wrong_sender(incoming, &format!("gemeente {gemeente}")));
        }
        self.gemeente(gemeente)?;
        let to = self.partner_of(aanbieder, gemeente)?;
        // ggk-transport 2.9: an envelope carries UTF-8 without the mark, and the bytes are never written anew.
        if self.settings.stuf.contains(&to) && incoming.inbound.bytes.starts_with(BYTE_ORDER_MARK) {
            return Err(unacceptable(
                "The message begins with a byte order mark",
                "the GGk takes UTF-8 without a byte order mark: leave out the first three bytes".to_owned(),
            ));
        }
        Ok((gemeente, to))
    }

    fn partner_of(&self, aanbieder: Aanbieder, gemeente: Gemeente) -> Result<PartnerId, Refusal> {
        self.settings.aanbieder(aanbieder, gemeente).cloned().ok_or_else(|| {
            unacceptable(
                "The aanbieder is not known",
                format!("no partner with AGB code {aanbieder} is configured for gemeente {gemeente}"),
            )
        })
    }

    /// A 302 or 320 of an aanbieder on a 301 or 319 of ours.
    pub(super) fn retour(
        &self,
        incoming: &Incoming<'_>,
        partner: &PartnerSettings,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        let message = incoming.message;
        const OF: &str = "the aanbieder that the message it answers was sent to";
        let PartnerKind::Aanbieder(aanbieder) = partner.kind else {
            return Err(wrong_sender(incoming, OF));
        };
        // The header still names the parties of the message it answers, unswapped.
        if message.header().ontvanger != Some(aanbieder.as_str()) {
            return Err(wrong_sender(incoming, OF));
        }
        let gemeente = Gemeente::new(message.header().afzender).map_err(|e| untranslatable(e.into()))?;
        let settings = self.gemeente(gemeente)?;
        if !partner.gemeenten.contains(&gemeente) {
            return Err(wrong_sender(incoming, &format!("gemeente {gemeente}")));
        }
        let at = batch.next(keys::chain(gemeente), now);
        let matched = heenbericht(&batch.overlay, gemeente, message)
            .map_err(broken)?
            .filter(|heen| heen.aanbieder == aanbieder && heen.antwoord.is_none())
            .and_then(|heen| heen.bsn.map(|bsn| (heen.seq, bsn)));
        let mut record = match &matched {
            None => incoming.record(Uitspraak::ZonderGevolg, Vec::new(), vec!["RETOUR_UNMATCHED".to_owned()]),
            Some((_, bsn)) => {
                let key = DossierKey { gemeente, aanbieder, bsn: *bsn };
                let event = translate::retour(message, key.clone(), at.seq, incoming.today)
                    .map_err(untranslatable)?;
                let dossier = dossier(&batch.overlay, &key).map_err(broken)?;
                let context = Context::new(incoming.today, &settings.beleid);
                let judgement = judge(&dossier, &event, &context).map_err(|e| unavailable(&e.to_string()))?;
                self.record(incoming, &[judgement])
            }
        };
        record.heenbericht = matched.map(|(seq, _)| seq);
        self.finish(incoming, record, &at, batch)
    }
}
