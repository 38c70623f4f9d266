//! The 305 or 307 of an aanbieder, and our retour on it.

use iwmo_toewijzing::judge::Rol;
use jiff::Timestamp;

use super::refusal::{broken, untranslatable, wrong_sender};
use super::{Decider, Incoming};
use crate::engine::batch::{Batch, unavailable};
use crate::engine::judged::order;
use crate::engine::record::{Uitgaand, Uitspraak};
use crate::engine::{PartnerKind, PartnerSettings, Receipt, Refusal, answer};
use crate::ledger::keys;
use crate::translate;
use iwmo_codec::rules;

impl Decider<'_> {
    /// A 305 or 307 of an aanbieder.
    pub(super) fn levering(
        &self,
        incoming: &Incoming<'_>,
        partner: &PartnerSettings,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        let parties = translate::parties(incoming.message).map_err(untranslatable)?;
        if partner.kind != PartnerKind::Aanbieder(parties.aanbieder) {
            return Err(wrong_sender(incoming, &format!("aanbieder {}", parties.aanbieder)));
        }
        let gemeente = self.gemeente(parties.gemeente)?;
        if !partner.gemeenten.contains(&parties.gemeente) {
            return Err(wrong_sender(incoming, &format!("gemeente {}", parties.gemeente)));
        }
        let at = batch.next(keys::chain(parties.gemeente), now);
        let violations = rules::check(incoming.message);
        let mut record = if violations.is_empty() {
            let bench = self.bench(incoming, gemeente, Rol::Ontvanger);
            let judged = bench.judge(incoming.message, &parties, &at, &batch.overlay);
            let judgement = judged.map_err(broken)?;
            self.record(incoming, &judgement)
        } else {
            // Level 2: the whole message is refused with 0001 and nothing else is judged.
            let mut regels: Vec<String> = violations.iter().map(|v| v.rule.to_owned()).collect();
            regels.sort_unstable();
            regels.dedup();
            let uitspraak = Uitspraak::Kop { codes: vec!["0001".to_owned()] };
            incoming.record(uitspraak, regels, Vec::new())
        };
        let retour = answer::retour(incoming.message, &record.uitspraak, &at, incoming.today)
            .map_err(|error| unavailable(&error.to_string()))?;
        record.uitgaand.push(Uitgaand {
            partner: incoming.inbound.partner.0.clone(),
            volgorde: order(&batch.overlay, &at, parties.gemeente, &parties.bsn).map_err(broken)?,
            soort: retour.kind().name().to_owned(),
            bytes: retour.encode(),
        });
        self.finish(incoming, record, &at, batch)
    }
}
