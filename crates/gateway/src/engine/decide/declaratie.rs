//! The declaration (323) of an aanbieder, and the answer (325) of the gemeente on it.
//!
//! Prestaties are settled by the system that pays. Here a 323 is kept, because the guards ask what was declared
//! (TR385), and its answer is held against it before it leaves. Only what the header or the rules within the message
//! refuse is answered at once: with a 325 of a header alone (IV087).

use iwmo_codec::messages::Message;
use iwmo_toewijzing::judge::{Judgement, Rol};
use jiff::Timestamp;

use super::refusal::{broken, pass_level_2, preflight, unacceptable, untranslatable};
use super::{Decider, Incoming, antwoord};
use crate::engine::batch::Batch;
use crate::engine::{PartnerSettings, Receipt, Refusal, answer};
use crate::ledger::{self, At, Declaratie, LedgerError, keys};
use crate::record::{Record, Uitgaand, Uitspraak};
use crate::translate::{self, Beantwoord};

impl Decider<'_> {
    /// A 323 of an aanbieder.
    pub(super) fn declaratie(
        &self,
        incoming: &Incoming<'_>,
        partner: &PartnerSettings,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        let ((gemeente, _), settings) = self.ontvanger(incoming, partner)?;
        let at = batch.next(keys::chain(gemeente), now);
        let (mut record, _) = self.judged(incoming, settings, &at, batch)?;
        if let Uitspraak::Kop { codes } = &record.uitspraak {
            let antwoord =
                answer::declaratie_geweigerd(incoming.message, codes, &at, incoming.today, &batch.overlay)?;
            record.uitgaand.push(Uitgaand {
                partner: incoming.inbound.partner.0.clone(),
                volgorde: order(&at.name()),
                soort: antwoord.kind().name().to_owned(),
                bytes: antwoord.encode(),
                envelop: None,
            });
        }
        self.finish(incoming, record, &at, batch)
    }

    /// A 325 that the gemeente sends.
    pub(super) fn declaratie_antwoord(
        &self,
        incoming: &Incoming<'_>,
        partner: &PartnerSettings,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<Receipt, Refusal> {
        let (gemeente, to) = self.verzender(incoming, partner)?;
        pass_level_2(incoming)?;
        let at = batch.next(keys::chain(gemeente), now);
        let declared = ledger::declared(&batch.overlay, incoming.message, &at).map_err(broken)?;
        let Some((_, declaratie)) = declared else {
            return Err(unacceptable(
                "The message answers no declaration",
                "no 323 of this aanbieder was taken under DeclaratieIdentificatie".to_owned(),
            ));
        };
        fits(incoming, &declaratie)?;
        let declared = self.declared(&at, &declaratie).map_err(broken)?;
        if let Some(misfit) = declared.and_then(|declared| antwoord::misfit(incoming.message, &declared)) {
            return Err(refused(misfit.rule, misfit.code.as_slice(), misfit.words));
        }
        let bench = self.bench(incoming, self.gemeente(gemeente)?, Rol::Verzender);
        let judgements = bench.judge(incoming.message, &at, &batch.overlay).map_err(broken)?;
        if !judgements.iter().any(Judgement::mag_verzonden) {
            return Err(preflight(&judgements));
        }
        let mut record = self.record(incoming, &judgements);
        record.heenbericht = Some(declaratie.seq);
        record.uitgaand.push(Uitgaand {
            partner: to.0,
            volgorde: order(&format!("{gemeente}:{}", declaratie.seq)),
            soort: incoming.message.kind().name().to_owned(),
            bytes: incoming.inbound.bytes.to_vec(),
            envelop: None,
        });
        self.finish(incoming, record, &at, batch)
    }

    /// The 323 of a declaration, as it was received; none when it cannot be read any more, because it was removed.
    fn declared(&self, at: &At, declaratie: &Declaratie) -> Result<Option<Message>, LedgerError> {
        let Some(journal) = self.journal else { return Ok(None) };
        let Some(entry) = journal.get(at.chain, declaratie.seq)? else { return Ok(None) };
        match Record::decode(entry.kind, entry.version, &entry.payload) {
            Ok(Record::Bericht(bericht)) => Ok(self.applier.message(&bericht)),
            _ => Ok(None),
        }
    }
}

/// The key under which the answers on a declaration leave in order: it is about many persons, so not that of one.
fn order(declaratie: &str) -> String {
    format!("{declaratie}/declaratie")
}

/// Holds an answer against the declaration it answers.
fn fits(incoming: &Incoming<'_>, declaratie: &Declaratie) -> Result<(), Refusal> {
    if let Some(antwoord) = declaratie.antwoord {
        let detail = format!("entry {antwoord} answered the declaration; there is one answer on each");
        return Err(unacceptable("The declaration was answered before", detail));
    }
    let op = Beantwoord::of(incoming.message).map_err(untranslatable)?;
    let (basis, bericht) = &declaratie.xsd_versie;
    // TR371
    if op.xsd_versie != (basis.as_str(), bericht.as_str()) {
        return Err(refused("TR371", &[], "XsdVersieDeclaratie is not the XsdVersie of the 323"));
    }
    // TR304
    let named = translate::clienten(incoming.message);
    if named.iter().any(|bsn| declaratie.clienten.binary_search(bsn).is_err()) {
        return Err(refused("TR304", &["8187"], "it names a client whom the 323 does not name"));
    }
    Ok(())
}

fn refused(rule: &str, codes: &[&str], what: &str) -> Refusal {
    Refusal::Unacceptable {
        title: "The message would be refused".to_owned(),
        detail: format!("the message is not sent: {what}"),
        rules: vec![rule.to_owned()],
        retourcodes: codes.iter().map(|code| (*code).to_owned()).collect(),
    }
}
