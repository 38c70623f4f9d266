//! An envelope of the GGk that was taken in and whose message cannot be processed.
//!
//! Its sender has, or will get, the acknowledgement that it is stored; what is wrong with it is answered afterwards
//! with a Fo01, or is for a person to look at (ggk-transport 3.2).

use iwmo_toewijzing::identity::Gemeente;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::refusal::broken;
use super::{Bound, Decider, bound};
use crate::engine::batch::Batch;
use crate::engine::{Aside, Inbound, PartnerId, Receipt, Refusal};
use crate::ledger::keys;
use crate::record::{Envelop, Record, Sleutel, Terzijde, Uitgaand};

/// The name under which an error about an envelope waits to be sent.
pub(crate) const FO01: &str = "FO01";

impl Decider<'_> {
    /// Records an envelope that is set aside, and the error that goes back, if one does.
    pub(in crate::engine) fn terzijde(
        &self,
        inbound: &Inbound,
        gemeente: Gemeente,
        aside: &Aside,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        match bound(inbound, batch).map_err(broken)? {
            Bound::Free => {}
            Bound::Answered(receipt) => return Ok(Receipt { dubbel: true, ..receipt }),
            Bound::Other => return Err(Refusal::KeyReused),
        }
        let at = batch.next(keys::chain(gemeente), now);
        let key = inbound.key.as_ref();
        let uitgaand = aside.answer.iter().map(|bytes| Uitgaand {
            partner: inbound.partner.0.clone(),
            // Errors wait for nothing and nothing waits for them.
            volgorde: at.name(),
            soort: FO01.to_owned(),
            bytes: bytes.clone(),
            envelop: Some(Envelop { antwoord_op: key.and_then(|key| key.envelope()).map(str::to_owned) }),
        });
        let sha256 = Sha256::digest(&inbound.bytes).into();
        let record = Terzijde {
            partner: inbound.partner.0.clone(),
            sleutel: key.map(|key| Sleutel { sleutel: key.key().to_owned(), inhoud: *key.body() }),
            reden: aside.reason.clone(),
            sha256,
            // Who hears that it was refused still has it; nobody else has what waits for a person.
            bytes: if aside.answer.is_some() { Vec::new() } else { inbound.bytes.to_vec() },
            uitgaand: uitgaand.collect(),
        };
        let record = Record::Terzijde(Box::new(record));
        self.applier.apply(&mut batch.overlay, &at, &record, None).map_err(broken)?;
        batch.outgoing |= aside.answer.is_some();
        batch.push(&at, record).map_err(broken)?;
        Ok(Receipt { id: at.name(), sha256, dubbel: false })
    }

    /// Says of which outgoing messages that they leave in an envelope; `antwoord_op` is the number of the envelope that
    /// a retour among them answers.
    pub(in crate::engine) fn envelopes(&self, uitgaand: &mut [Uitgaand], antwoord_op: Option<&str>) {
        for message in uitgaand {
            if !self.settings.stuf.contains(&PartnerId(message.partner.clone())) {
                continue;
            }
            let kind = iwmo_codec::MessageKind::ALL.iter().find(|kind| kind.name() == message.soort);
            let retour = kind.is_some_and(|kind| kind.is_retour());
            let antwoord_op = antwoord_op.filter(|_| retour).map(str::to_owned);
            message.envelop = Some(Envelop { antwoord_op });
        }
    }
}
