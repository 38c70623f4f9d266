//! The retour of the CAK, and the planner's run because a day came.

use iwmo_codec::messages::Message;
use iwmo_toewijzing::identity::{Bsn, Gemeente, Retourcode};
use jiff::Timestamp;
use jiff::civil::Date;

use super::refusal::{broken, untranslatable, wrong_sender};
use super::{Decider, Incoming};
use crate::engine::batch::Batch;
use crate::engine::plan::Hold;
use crate::engine::{PartnerKind, PartnerSettings, Receipt, Refusal};
use crate::ledger::{self, EbMelding, LedgerError, Rows, keys};
use crate::record::{Planning, Record, Uitspraak};
#[cfg(test)]
use crate::simulation::{Canary, is_broken};
use crate::translate;

impl Decider<'_> {
    /// A 402 or 404 of the CAK.
    pub(super) fn eb_retour(
        &self,
        incoming: &Incoming<'_>,
        partner: &PartnerSettings,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        let message = incoming.message;
        let gemeente = Gemeente::new(message.header().afzender).map_err(|e| untranslatable(e.into()))?;
        let settings = self.gemeente(gemeente)?;
        if partner.kind != PartnerKind::Cak || settings.cak.as_ref() != Some(&incoming.inbound.partner) {
            return Err(wrong_sender(incoming, "the CAK"));
        }
        let at = batch.next(keys::chain(gemeente), now);
        let dagtekening = translate::date(message.header().dagtekening).map_err(untranslatable)?;
        let key = keys::eb_melding(gemeente, message.header().identificatie);
        let melding = batch.overlay.row::<EbMelding>(&key).map_err(broken)?;
        let kind = message.kind().name();
        let matched =
            melding.filter(|melding| melding.dagtekening == dagtekening && melding.retour_soort() == kind);
        #[cfg(test)]
        let matched = matched.filter(|_| !is_broken(Canary::IgnoresTheCak));
        let mut record = match &matched {
            None => incoming.record(Uitspraak::ZonderGevolg, Vec::new(), vec!["RETOUR_UNMATCHED".to_owned()]),
            Some(_) => incoming.record(Uitspraak::Goedgekeurd, stops(message)?, Vec::new()),
        };
        record.heenbericht = matched.map(|melding| melding.seq);
        self.finish(incoming, record, &at, batch)
    }

    /// Runs the CAK planner for a person because a day came.
    pub(in crate::engine) fn planning(
        &self,
        gemeente: Gemeente,
        bsn: &Bsn,
        today: Date,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<(), LedgerError> {
        self.planning_held(gemeente, bsn, today, now, Hold::Over, batch)
    }

    /// Runs the CAK planner for the person who really has this BSN, if it is a wrong one: what waited for its periods to
    /// go may go on, and what aanbieders say under it is about them (P13).
    pub(in crate::engine) fn successor(
        &self,
        gemeente: Gemeente,
        bsn: &Bsn,
        today: Date,
        now: Timestamp,
        hold: Hold,
        batch: &mut Batch<'_>,
    ) -> Result<(), LedgerError> {
        match ledger::juiste_bsn(&batch.overlay, gemeente, bsn)? {
            Some(juist) => self.planning_held(gemeente, &juist, today, now, hold, batch),
            None => Ok(()),
        }
    }

    /// Runs the CAK planner for a person, who may be held back.
    pub(in crate::engine) fn planning_held(
        &self,
        gemeente: Gemeente,
        bsn: &Bsn,
        today: Date,
        now: Timestamp,
        hold: Hold,
        batch: &mut Batch<'_>,
    ) -> Result<(), LedgerError> {
        let at = batch.next(keys::chain(gemeente), now);
        let planned = self.planner().plan(gemeente, bsn, today, &at, hold, &batch.overlay)?;
        let Some((eb, uitgaand)) = planned else { return Ok(()) };
        let mut uitgaand: Vec<_> = uitgaand.into_iter().collect();
        self.envelopes(&mut uitgaand, None);
        let record = Record::Planning(Planning { vandaag: today.to_string(), eb, uitgaand });
        self.applier.apply(&mut batch.overlay, &at, &record, None)?;
        batch.outgoing = true;
        batch.push(&at, record)
    }
}

/// The rule by which a retour stops what is told about the gemeente: the CAK does not know it (S300).
fn stops(message: &Message) -> Result<Vec<String>, Refusal> {
    let codes = translate::retour_codes(message).map_err(untranslatable)?;
    let unknown = codes.contains(&Retourcode::GEMEENTE_ONBEKEND);
    Ok(unknown.then(|| ledger::GEMEENTE_ONBEKEND.to_owned()).into_iter().collect())
}
