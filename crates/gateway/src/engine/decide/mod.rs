//! From a message to a journal record: who may send it, what the machine says, what is answered.
//!
//! | file | what |
//! | --- | --- |
//! | `verzenden.rs` | the 301 and 319 that the gemeente sends, and the retours on them |
//! | `ontvangen.rs` | the 305, 307, 315 and 317 of an aanbieder |
//! | `parkeren.rs` | those of them that come too early, and wait |
//! | `declaratie.rs`, `antwoord.rs` | the 323 of an aanbieder, and the 325 on it |
//! | `cak.rs` | the retour of the CAK, and the planner's daily run |
//! | `terzijde.rs` | envelopes of the GGk whose message cannot be processed |
//! | `refusal.rs` | why nothing was recorded |

mod antwoord;
mod cak;
mod declaratie;
mod ontvangen;
mod parkeren;
mod refusal;
pub(in crate::engine) mod terzijde;
mod verzenden;

use iwmo_codec::messages::Message;
use iwmo_codec::retour::RetourView;
use iwmo_toewijzing::Verdict;
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::Gemeente;
use iwmo_toewijzing::judge::{Judgement, Rol};
use jiff::Timestamp;
use jiff::civil::Date;

#[cfg(test)]
pub(super) use self::parkeren::GEPARKEERD_MAX;
use self::refusal::{broken, unacceptable};
use crate::clock::dutch_date;
use crate::engine::batch::Batch;
use crate::engine::judged::{Bench, opmerkingen, regels};
use crate::engine::plan::{Hold, Planner};
use crate::engine::xsd_versie;
use crate::engine::{GemeenteSettings, IdempotencyKey, Inbound, Receipt, Refusal, Settings};
use crate::journal::Reader;
use crate::ledger::{self, Applier, At, Gevolg, LedgerError, Rows, keys};
use crate::record::{Bericht, Record, Retour, Sleutel, Uitspraak};
#[cfg(test)]
use crate::simulation::{Canary, is_broken};
use crate::store::StoreError;

/// The largest message that fits into an entry whatever goes out because of it: as large as the interface promises. What
/// goes out as it came in, as a 301 does, is kept once.
const RECORDED_BYTES_MAX: usize = 32 << 20;

/// Decides about messages, one after the other.
pub(in crate::engine) struct Decider<'a> {
    pub(in crate::engine) settings: &'a Settings,
    pub(in crate::engine) applier: &'a Applier,
    /// Where earlier messages are read; none: what needs them is not looked at.
    pub(in crate::engine) journal: Option<&'a Reader>,
}

/// A message on its way to becoming a record.
struct Incoming<'m> {
    inbound: &'m Inbound,
    message: &'m Message,
    sha256: [u8; 32],
    today: Date,
}

/// What a key is bound to.
enum Bound {
    /// Nothing yet.
    Free,
    /// This request, which had this answer.
    Answered(Receipt),
    /// Another request.
    Other,
}

impl Decider<'_> {
    /// Decides about a message; its record and its effect are in the batch afterwards.
    pub(in crate::engine) fn message(
        &self,
        inbound: &Inbound,
        message: &Message,
        sha256: [u8; 32],
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        let partner = self.settings.partners.get(&inbound.partner).ok_or_else(|| {
            Refusal::WrongSender(format!("the configuration has no partner {}", inbound.partner))
        })?;
        match bound(inbound, batch).map_err(broken)? {
            Bound::Free => {}
            Bound::Answered(receipt) => return Ok(receipt),
            Bound::Other => return Err(Refusal::KeyReused),
        }
        let known = ledger::bekend(&batch.overlay, message, &inbound.partner.0, &sha256).map_err(broken)?;
        #[cfg(test)]
        let known = known.filter(|_| !is_broken(Canary::ForgetsReceipts));
        if let Some((chain, seq)) = known {
            let id = format!("{}:{seq}", String::from_utf8_lossy(&chain));
            return Ok(Receipt { id, sha256, dubbel: true });
        }
        let incoming = Incoming { inbound, message, sha256, today: dutch_date(now) };
        match message {
            Message::Wmo301(_) | Message::Wmo319(_) => self.verzenden(&incoming, partner, now, batch),
            Message::Wmo302(_) | Message::Wmo320(_) => self.retour(&incoming, partner, now, batch),
            Message::Wmo305(_) | Message::Wmo307(_) | Message::Wmo315(_) | Message::Wmo317(_) => {
                self.ontvangen(&incoming, partner, now, batch)
            }
            Message::Wmo323(_) => self.declaratie(&incoming, partner, now, batch),
            Message::Wmo325(_) => self.declaratie_antwoord(&incoming, partner, now, batch),
            Message::Wmo402(_) | Message::Wmo404(_) => self.eb_retour(&incoming, partner, now, batch),
            other => Err(unacceptable(
                "The message does not belong here",
                format!("a {} is not processed by this gateway", other.kind().name()),
            )),
        }
    }

    pub(in crate::engine) fn planner(&self) -> Planner<'_> {
        Planner { settings: self.settings }
    }

    fn bench<'b>(&'b self, incoming: &Incoming<'_>, gemeente: &'b GemeenteSettings, rol: Rol) -> Bench<'b> {
        Bench { settings: self.settings, gemeente, today: incoming.today, rol }
    }

    fn record(&self, incoming: &Incoming<'_>, judgements: &[Judgement]) -> Bericht {
        let mut odd = opmerkingen(judgements);
        if xsd_versie::is_odd(incoming.message) {
            odd.push(xsd_versie::XSD_VERSION.to_owned());
        }
        incoming.record(Uitspraak::of(judgements), regels(judgements), odd)
    }

    /// Applies a record, lets the CAK planner follow, and adds it to the batch.
    fn finish(
        &self,
        incoming: &Incoming<'_>,
        mut record: Bericht,
        at: &At,
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        let gevolg =
            self.applier.bericht(&mut batch.overlay, at, &record, incoming.message).map_err(broken)?;
        if let Some(Gevolg { gemeente, bsn, aanbieder }) = gevolg {
            if let Some(aanbieder) = aanbieder {
                batch.wake(DossierKey { gemeente, aanbieder, bsn });
            }
            // What follows on an answer of the CAK was held already.
            let hold = match incoming.message {
                Message::Wmo402(_) | Message::Wmo404(_) => Hold::Over,
                _ => Hold::Begin,
            };
            let planned = self
                .planner()
                .plan(gemeente, &bsn, incoming.today, at, hold, &batch.overlay)
                .map_err(broken)?;
            if let Some((besluit, uitgaand)) = planned {
                record.eb = Some(besluit);
                record.uitgaand.extend(uitgaand);
            }
        }
        let envelop = incoming.inbound.key.as_ref().and_then(IdempotencyKey::envelope);
        self.envelopes(&mut record.uitgaand, envelop);
        let vervolg = self.applier.vervolg(&mut batch.overlay, at, &record.uitgaand, record.eb.as_ref());
        vervolg.map_err(broken)?;
        batch.outgoing |= !record.uitgaand.is_empty();
        batch.push(at, Record::Bericht(Box::new(record))).map_err(|error| match error {
            LedgerError::Store(StoreError::TooLarge { .. }) => {
                Refusal::TooLarge { bytes_max: RECORDED_BYTES_MAX }
            }
            other => broken(other),
        })?;
        if let Some(Gevolg { gemeente, bsn, .. }) = gevolg {
            let hold = match incoming.message {
                Message::Wmo402(_) | Message::Wmo404(_) => Hold::Freed,
                _ => Hold::Begin,
            };
            self.successor(gemeente, &bsn, incoming.today, at.time, hold, batch).map_err(broken)?;
        }
        Ok(Receipt { id: at.name(), sha256: incoming.sha256, dubbel: false })
    }

    pub(in crate::engine) fn gemeente(&self, gemeente: Gemeente) -> Result<&GemeenteSettings, Refusal> {
        self.settings.gemeenten.get(&gemeente).ok_or_else(|| {
            unacceptable(
                "The gemeente is not served here",
                format!("this gateway does not serve gemeente {gemeente}"),
            )
        })
    }
}

impl Incoming<'_> {
    fn record(&self, uitspraak: Uitspraak, regels: Vec<String>, waarschuwingen: Vec<String>) -> Bericht {
        Bericht {
            partner: self.inbound.partner.0.clone(),
            route: self.inbound.route.code(),
            sha256: self.sha256,
            bytes: self.inbound.bytes.to_vec(),
            soort: self.message.kind().name().to_owned(),
            vandaag: self.today.to_string(),
            uitspraak,
            regels,
            waarschuwingen,
            uitgaand: Vec::new(),
            eb: None,
            heenbericht: None,
            sleutel: self
                .inbound
                .key
                .as_ref()
                .map(|key| Sleutel { sleutel: key.key().to_owned(), inhoud: *key.body() }),
            bevestigd: None,
            retour: RetourView::of(self.message).as_ref().map(Retour::from),
        }
    }
}

impl Uitspraak {
    /// Returns what is said of a message as a whole: approved when one dossier approves it, since several are only
    /// judged by the header, where one date that passes suffices (D22).
    #[must_use]
    pub fn of(judgements: &[Judgement]) -> Self {
        let approved = judgements.iter().find(|judgement| judgement.verdict.is_goedgekeurd());
        let judgement = approved.or(judgements.first());
        judgement.map_or(Uitspraak::ZonderGevolg, |judgement| Uitspraak::from(&judgement.verdict))
    }
}

impl From<&Verdict> for Uitspraak {
    fn from(verdict: &Verdict) -> Self {
        let texts = |codes: &Vec<_>| codes.iter().map(ToString::to_string).collect();
        match verdict {
            Verdict::Goedgekeurd => Uitspraak::Goedgekeurd,
            Verdict::AfgekeurdInKop(codes) => Uitspraak::Kop { codes: texts(codes) },
            Verdict::Afgekeurd(classes) => Uitspraak::Klassen { codes: classes.iter().map(texts).collect() },
        }
    }
}

/// Looks what the key of a request is bound to.
fn bound(inbound: &Inbound, batch: &Batch<'_>) -> Result<Bound, LedgerError> {
    let Some(key) = &inbound.key else { return Ok(Bound::Free) };
    let row: Option<ledger::Sleutel> = batch.overlay.row(&keys::sleutel(&inbound.partner.0, key.key()))?;
    Ok(match row {
        None => Bound::Free,
        Some(row) if row.inhoud == *key.body() => {
            let id = format!("{}:{}", String::from_utf8_lossy(&row.chain), row.seq);
            Bound::Answered(Receipt { id, sha256: row.bericht, dubbel: false })
        }
        Some(_) => Bound::Other,
    })
}
