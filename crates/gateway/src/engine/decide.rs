//! From a message to a journal record: who may send it, what the machine says, what is answered.

use iwmo_codec::messages::Message;
use iwmo_codec::rules;
use iwmo_toewijzing::Verdict;
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use iwmo_toewijzing::judge::{Context, Ernst, Judgement, Rol, judge};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::clock::dutch_date;
use crate::engine::batch::{Batch, unavailable};
use crate::engine::judged::{Bench, dossier, heenbericht, order, regels};
use crate::engine::plan::{Hold, Planner};
use crate::engine::record::{Bericht, Record, Sleutel, Uitgaand, Uitspraak};
use crate::engine::{
    GemeenteSettings, Inbound, PartnerKind, PartnerSettings, Receipt, Refusal, Settings, answer,
};
use crate::ledger::{self, Applier, At, EbMelding, Gevolg, LedgerError, Rows, keys};
use crate::store::StoreError;
use crate::translate::{self, Untranslatable};

/// The largest message that surely fits into an entry: a 301 stands in it twice, as received and as sent.
const RECORDED_BYTES_MAX: usize = 30 << 20;

/// Decides about messages, one after the other.
pub(super) struct Decider<'a> {
    pub(super) settings: &'a Settings,
    pub(super) applier: &'a Applier,
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
    pub(super) fn message(
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
        let seen = keys::ontvangst(&inbound.partner.0, &sha256);
        if let Some((chain, seq)) = batch.overlay.row::<([u8; 4], u64)>(&seen).map_err(broken)? {
            let id = format!("{}:{seq}", String::from_utf8_lossy(&chain));
            return Ok(Receipt { id, sha256, dubbel: true });
        }
        let incoming = Incoming { inbound, message, sha256, today: dutch_date(now) };
        match message {
            Message::Wmo301(_) => self.toewijzing(&incoming, partner, now, batch),
            Message::Wmo305(_) | Message::Wmo307(_) => self.levering(&incoming, partner, now, batch),
            Message::Wmo302(_) => self.toewijzing_retour(&incoming, partner, now, batch),
            Message::Wmo402(_) | Message::Wmo404(_) => self.eb_retour(&incoming, partner, now, batch),
            other => Err(unacceptable(
                "The message does not belong here",
                format!("a {} is not processed by this gateway", other.kind().name()),
            )),
        }
    }

    /// A 301 that the gemeente sends: the guards are a pre-flight, so that what leaves will be approved.
    fn toewijzing(
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
        let violations = rules::check(incoming.message);
        if !violations.is_empty() {
            let rules = violations.iter().map(|violation| violation.rule.to_owned()).collect();
            return Err(Refusal::Unacceptable {
                title: "The message breaks rules of the standard".to_owned(),
                detail: "the message breaks rules of the standard and would be refused with 0001".to_owned(),
                rules,
                retourcodes: vec!["0001".to_owned()],
            });
        }
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

    /// A 305 or 307 of an aanbieder.
    fn levering(
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

    /// A 302 of an aanbieder on a 301 of ours.
    fn toewijzing_retour(
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

    /// A 402 or 404 of the CAK.
    fn eb_retour(
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
        let mut record = match &matched {
            None => incoming.record(Uitspraak::ZonderGevolg, Vec::new(), vec!["RETOUR_UNMATCHED".to_owned()]),
            Some(_) => incoming.record(Uitspraak::Goedgekeurd, Vec::new(), Vec::new()),
        };
        record.heenbericht = matched.map(|melding| melding.seq);
        self.finish(incoming, record, &at, batch)
    }

    /// Runs the CAK planner for a person because a day came.
    pub(super) fn planning(
        &self,
        gemeente: Gemeente,
        bsn: &Bsn,
        today: Date,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<(), LedgerError> {
        let at = batch.next(keys::chain(gemeente), now);
        let planned = self.planner().plan(gemeente, bsn, today, &at, Hold::Over, &batch.overlay)?;
        let Some((eb, uitgaand)) = planned else { return Ok(()) };
        let record = Record::Planning(crate::engine::record::Planning {
            vandaag: today.to_string(),
            eb,
            uitgaand: uitgaand.into_iter().collect(),
        });
        self.applier.apply(&mut batch.overlay, &at, &record, None)?;
        batch.outgoing = true;
        batch.push(&at, &record)
    }

    pub(super) fn planner(&self) -> Planner<'_> {
        Planner { settings: self.settings }
    }

    fn bench<'b>(&'b self, incoming: &Incoming<'_>, gemeente: &'b GemeenteSettings, rol: Rol) -> Bench<'b> {
        Bench { settings: self.settings, gemeente, today: incoming.today, rol }
    }

    fn record(&self, incoming: &Incoming<'_>, judgement: &Judgement) -> Bericht {
        let regels = regels(judgement);
        let mut waarschuwingen: Vec<String> =
            judgement.waarschuwingen.iter().map(|warning| warning.soort.as_str().to_owned()).collect();
        waarschuwingen.extend(judgement.anomalieen.iter().map(|anomaly| anomaly.soort.as_str().to_owned()));
        waarschuwingen.dedup();
        incoming.record(Uitspraak::from(&judgement.verdict), regels, waarschuwingen)
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
        if let Some(Gevolg { gemeente, bsn }) = gevolg {
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
        let vervolg = self.applier.vervolg(&mut batch.overlay, at, &record.uitgaand, record.eb.as_ref());
        vervolg.map_err(broken)?;
        batch.outgoing |= !record.uitgaand.is_empty();
        batch.push(at, &Record::Bericht(Box::new(record))).map_err(|error| match error {
            LedgerError::Store(StoreError::TooLarge { .. }) => {
                Refusal::TooLarge { bytes_max: RECORDED_BYTES_MAX }
            }
            other => broken(other),
        })?;
        Ok(Receipt { id: at.name(), sha256: incoming.sha256, dubbel: false })
    }

    pub(super) fn gemeente(&self, gemeente: Gemeente) -> Result<&GemeenteSettings, Refusal> {
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
        }
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

fn preflight(judgement: &Judgement) -> Refusal {
    let codes = judgement.verdict.kop().into_iter().chain(judgement.verdict.klassen().into_iter().flatten());
    let mut retourcodes: Vec<String> =
        codes.map(|code| code.to_string()).filter(|code| code != "0200").collect();
    retourcodes.sort_unstable();
    retourcodes.dedup();
    let mut rules: Vec<String> =
        judgement.bevindingen.iter().map(|finding| finding.regel.id().to_owned()).collect();
    let blocking = judgement.waarschuwingen.iter().filter(|warning| warning.ernst == Ernst::Blokkeert);
    rules.extend(blocking.map(|warning| warning.soort.as_str().to_owned()));
    rules.sort_unstable();
    rules.dedup();
    let detail = format!("the message is not sent, because the receiver would find: {}", rules.join(", "));
    Refusal::Unacceptable { title: "The message would be refused".to_owned(), detail, rules, retourcodes }
}

fn unacceptable(title: &str, detail: String) -> Refusal {
    Refusal::Unacceptable { title: title.to_owned(), detail, rules: Vec::new(), retourcodes: Vec::new() }
}

fn untranslatable(error: Untranslatable) -> Refusal {
    unacceptable("The message does not belong here", error.to_string())
}

fn wrong_sender(incoming: &Incoming<'_>, named: &str) -> Refusal {
    let kind = incoming.message.kind().name();
    Refusal::WrongSender(format!(
        "partner {} may not send this {kind}: it comes from {named}",
        incoming.inbound.partner
    ))
}

/// The ledger could not be read: the sender must come back, an operator must look.
fn broken(error: LedgerError) -> Refusal {
    tracing::error!(code = "LedgerReadError", %error, "The ledger could not be read.");
    unavailable(&error.to_string())
}
