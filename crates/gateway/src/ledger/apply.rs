//! How a journal entry changes the rows.
//!
//! Nothing here decides: the record says what was decided, the message says what it is about. No clock, no
//! configuration, no randomness, so that the same journal gives the same ledger on any machine.

use std::sync::Arc;

use iwmo_codec::Schemas;
use iwmo_codec::messages::Message;
use iwmo_toewijzing::cak::EbDossier;
use iwmo_toewijzing::deadline;
use iwmo_toewijzing::event::{DossierKey, Event};
use iwmo_toewijzing::identity::{Aanbieder, Bsn, Gemeente};
use iwmo_toewijzing::{Dossier, Verdict};
use jiff::civil::Date;

use super::{
    At, Heenbericht, LedgerError, Persoon, Rows, Sleutel, Stand, Tellers, Uitgaand, acts, cak, eb_beleid,
    envelop, geparkeerd, heen, keep_row, keys, ontvangst, opmerking, outgoing, put_row, statistiek, take_row,
    te_doen, verwijderd,
};
use crate::clock::dutch_date;
use crate::journal::EntryId;
use crate::record::OutgoingId;
use crate::record::{
    self, Bericht, BezorgUitkomst, Bezorging, EbBesluit, EbUitkomst, Handeling, Oordeel, Record,
};
use crate::store::Overlay;
use crate::translate::{self, Untranslatable};
use crate::vault::is_gone;

/// The person for whom something changed that the CAK may have to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gevolg {
    /// The gemeente.
    pub gemeente: Gemeente,
    /// The person.
    pub bsn: Bsn,
    /// The aanbieder whose dossier it is; none: the CAK said something.
    pub aanbieder: Option<Aanbieder>,
}

impl Gevolg {
    /// Something changed in a dossier.
    pub(super) fn of(dossier: &DossierKey) -> Self {
        Self { gemeente: dossier.gemeente, bsn: dossier.bsn, aanbieder: Some(dossier.aanbieder) }
    }
}

/// Applies journal entries to the ledger.
#[derive(Clone)]
pub struct Applier {
    schemas: Schemas,
}

impl Applier {
    /// An applier that reads recorded messages with these schemas.
    #[must_use]
    pub fn new(schemas: Schemas) -> Self {
        Self { schemas }
    }

    /// Reads the message of a record, if it is one that can be read.
    pub(crate) fn message(&self, bericht: &Bericht) -> Option<Message> {
        self.schemas.decode(&bericht.bytes).ok()
    }

    /// Applies a whole record; `message` is the record's message when the caller has it decoded.
    ///
    /// # Errors
    ///
    /// The store failed, or the entry does not fit what came before it.
    pub fn apply(
        &self,
        overlay: &mut Overlay<'_>,
        at: &At,
        record: &Record,
        message: Option<&Message>,
    ) -> Result<(), LedgerError> {
        match record {
            Record::Bericht(bericht) => {
                let decoded;
                let message = if let Some(message) = message {
                    message
                } else {
                    decoded = self
                        .schemas
                        .decode(&bericht.bytes)
                        .map_err(|_| inconsistent(at, "the recorded message is not valid"))?;
                    &decoded
                };
                self.bericht(overlay, at, bericht, message)?;
                self.vervolg(overlay, at, &bericht.uitgaand, bericht.eb.as_ref())
            }
            Record::Bezorging(bezorging) => self.bezorging(overlay, at, bezorging).map(|_| ()),
            Record::Planning(planning) => self.vervolg(overlay, at, &planning.uitgaand, Some(&planning.eb)),
            Record::Start(start) => {
                eb_beleid::stated(overlay, at, &start.beleid, start.voorgesteld.as_deref())
            }
            Record::Instelling(new) => {
                eb_beleid::stated(overlay, at, &new.beleid, new.voorgesteld.as_deref())
            }
            Record::Inzage(_) => Ok(()),
            Record::Verwijdering(one) => verwijderd::verwijdering(overlay, at, one),
            Record::Verwijderverzoek(one) => verwijderd::verzoek(overlay, at, one),
            Record::Terzijde(terzijde) => {
                if let Some(sleutel) = &terzijde.sleutel {
                    bind(overlay, at, (&terzijde.partner, &terzijde.sha256), sleutel)?;
                }
                opmerking::of_envelope(overlay, at, terzijde)?;
                self.vervolg(overlay, at, &terzijde.uitgaand, None)
            }
            Record::Handeling(handeling) => self.handeling(overlay, at, handeling).map(drop),
            Record::Oordeel(oordeel) => {
                self.oordeel(overlay, at, oordeel)?;
                self.vervolg(overlay, at, &oordeel.uitgaand, oordeel.eb.as_ref())
            }
        }
    }

    /// Applies the message of a record, without what follows from it. Returns the person for whom something
    /// changed.
    ///
    /// # Errors
    ///
    /// As [`Applier::apply`].
    pub fn bericht(
        &self,
        overlay: &mut Overlay<'_>,
        at: &At,
        bericht: &Bericht,
        message: &Message,
    ) -> Result<Option<Gevolg>, LedgerError> {
        if !ontvangst::is_heenbericht(message) {
            ontvangst::own(overlay, at, bericht)?;
        }
        if let Some(sleutel) = &bericht.sleutel {
            bind(overlay, at, (&bericht.partner, &bericht.sha256), sleutel)?;
        }
        let dag = parse_date(at, &bericht.vandaag)?;
        outgoing::answered(overlay, at, bericht)?;
        opmerking::of_message(overlay, at, gemeente(at)?, bericht, message)?;
        statistiek::bericht(overlay, at, bericht, message, dag)?;
        match message {
            heen if ontvangst::is_heenbericht(heen) => {
                if let Message::Wmo323(_) = message {
                    self.answered(overlay, at, bericht)?;
                }
                heen::apply(overlay, at, bericht, message, dag)
            }
            Message::Wmo302(_) | Message::Wmo320(_) => retour(overlay, at, bericht, message, dag),
            Message::Wmo402(_) | Message::Wmo404(_) => {
                cak::stilgelegd(overlay, at, bericht)?;
                cak::retour(overlay, at, bericht, message)
            }
            other => Err(inconsistent(at, &format!("a {} has no effect that is known", other.kind().name()))),
        }
    }

    /// Applies the judgement on a message that waited, without what follows from it. Returns the person for whom
    /// something changed.
    ///
    /// # Errors
    ///
    /// As [`Applier::apply`].
    pub fn oordeel(
        &self,
        overlay: &mut Overlay<'_>,
        at: &At,
        oordeel: &Oordeel,
    ) -> Result<Option<Gevolg>, LedgerError> {
        if verwijderd::is_verwijderd(overlay, at, oordeel.seq)? {
            return verwijderd::zonder_oordeel(overlay, at, oordeel).map(|()| None);
        }
        statistiek::oordeel(overlay, at, oordeel, parse_date(at, &oordeel.vandaag)?)?;
        geparkeerd::judge(overlay, at, oordeel)
    }

    /// Applies the end of an attempt to deliver. Returns the person of a notification that the CAK did not take.
    ///
    /// # Errors
    ///
    /// As [`Applier::apply`].
    pub fn bezorging(
        &self,
        overlay: &mut Overlay<'_>,
        at: &At,
        bezorging: &Bezorging,
    ) -> Result<Option<Gevolg>, LedgerError> {
        match (delivery(overlay, at, bezorging)?, &bezorging.uitkomst) {
            (Some(melding), BezorgUitkomst::Geweigerd { .. }) => cak::niet_aangenomen(overlay, at, &melding),
            _ => Ok(None),
        }
    }

    /// Applies an act. Returns the persons for whom something changed that the CAK may have to hear.
    ///
    /// # Errors
    ///
    /// As [`Applier::apply`].
    pub fn handeling(
        &self,
        overlay: &mut Overlay<'_>,
        at: &At,
        handeling: &Handeling,
    ) -> Result<Vec<Gevolg>, LedgerError> {
        acts::apply(overlay, at, handeling)
    }

    /// A declaration that was not taken had a 325 of ours in answer, which has an Identificatie of its own (IV087).
    fn answered(&self, overlay: &mut Overlay<'_>, at: &At, bericht: &Bericht) -> Result<(), LedgerError> {
        for answer in &bericht.uitgaand {
            if is_gone(&answer.bytes) && verwijderd::is_verwijderd(overlay, at, at.seq)? {
                continue;
            }
            let answer = self.schemas.decode(&answer.bytes);
            let answer = answer.map_err(|_| inconsistent(at, "a message of ours is not valid"))?;
            heen::use_up(overlay, at, &answer, &[], None)?;
        }
        Ok(())
    }

    /// Applies what follows from a record: outgoing messages and the CAK planner's decision.
    ///
    /// # Errors
    ///
    /// As [`Applier::apply`].
    pub fn vervolg(
        &self,
        overlay: &mut Overlay<'_>,
        at: &At,
        uitgaand: &[record::Uitgaand],
        eb: Option<&EbBesluit>,
    ) -> Result<(), LedgerError> {
        let melding = eb.and_then(|besluit| match &besluit.uitkomst {
            EbUitkomst::Melding { identificatie, .. } => Some(identificatie),
            _ => None,
        });
        let moment = at.time.as_microsecond();
        let plaats_us = if uitgaand.is_empty() { moment } else { plaats(overlay, at)? };
        for (index, message) in uitgaand.iter().enumerate() {
            let id = at.outgoing(index);
            let row = Uitgaand {
                partner: message.partner.clone(),
                volgorde: message.volgorde.clone(),
                soort: message.soort.clone(),
                gemaakt_us: moment,
                plaats_us,
                pogingen: 0,
                niet_voor_us: moment,
                stand: Stand::Wacht,
                reden: None,
                ontvangst: None,
                sinds_us: moment,
                // The notification is the last of them.
                melding: melding.filter(|_| index + 1 == uitgaand.len()).cloned(),
                geduld_us: moment,
                herhaald: false,
            };
            outgoing::put(overlay, &id, None, &row)?;
            if let Some(envelop) = &message.envelop {
                envelop::made(overlay, at, &id, message, envelop)?;
            }
        }
        match eb {
            // A notification is the last of the outgoing messages, of which an entry has 64 at most.
            Some(besluit) => {
                let plaats = u16::try_from(uitgaand.len().saturating_sub(1)).unwrap_or(u16::MAX);
                cak::besluit(overlay, at, besluit, plaats)
            }
            None => Ok(()),
        }
    }
}

/// Binds the key of a request to it.
pub(super) fn bind(
    overlay: &mut Overlay<'_>,
    at: &At,
    (partner, sha256): (&str, &[u8; 32]),
    sleutel: &record::Sleutel,
) -> Result<(), LedgerError> {
    let row = Sleutel { chain: at.chain.code(), seq: at.seq, inhoud: sleutel.inhoud, bericht: *sha256 };
    put_row(overlay, keys::sleutel(partner, &sleutel.sleutel), &row)?;
    match crate::engine::envelope_of(&sleutel.sleutel) {
        Some(nummer) => put_row(overlay, keys::envelop_van(&at.chain.code(), at.seq), &nummer),
        None => Ok(()),
    }
}

/// Gives out the place in the queues for what an entry sends, and notes where the messages of another day begin.
fn plaats(overlay: &mut Overlay<'_>, at: &At) -> Result<i64, LedgerError> {
    let gemeente = gemeente(at)?;
    let key = keys::tellers(gemeente);
    let mut tellers: Tellers = overlay.row(&key)?.unwrap_or_default();
    tellers.plaats_us = tellers.plaats_us.max(at.time.as_microsecond());
    let today = dutch_date(at.time);
    let number = keys::day_number(today);
    if tellers.gemaakt_op != number {
        tellers.gemaakt_op = number;
        overlay.put(keys::gemaakt(gemeente, today, at.seq), Vec::new());
    }
    put_row(overlay, key, &tellers)?;
    Ok(tellers.plaats_us)
}

/// A 302 or 320 on a 301 or 319 of ours.
fn retour(
    overlay: &mut Overlay<'_>,
    at: &At,
    bericht: &Bericht,
    message: &Message,
    dag: Date,
) -> Result<Option<Gevolg>, LedgerError> {
    if bericht.heenbericht.is_none() {
        return Ok(None);
    }
    let gemeente = gemeente(at)?;
    let code = message.kind().heenbericht().map_or(0, |kind| kind.bericht_code());
    let key = keys::heenbericht(gemeente, message.header().afzender, code, message.header().identificatie);
    let Some(mut heen) = overlay.row::<Heenbericht>(&key)? else {
        return verwijderd::or_inconsistent(overlay, at, bericht.heenbericht);
    };
    heen.antwoord = Some(at.seq);
    put_row(overlay, key, &heen)?;
    statistiek::retour(overlay, at, bericht, &heen, dag)?;
    let bsn = heen.bsn.ok_or_else(|| inconsistent(at, "the message it answers is about nobody"))?;
    overlay.put(keys::persoon_entry(gemeente, &bsn, at.seq), Vec::new());
    let dossier = DossierKey { gemeente, aanbieder: heen.aanbieder, bsn };
    let event =
        translate::retour(message, dossier, at.seq, dag).map_err(|error| untranslatable(at, &error))?;
    record_event(overlay, at, &event)?;
    Ok(Some(Gevolg::of(&event.dossier)))
}

pub(super) fn record_event(
    overlay: &mut Overlay<'_>,
    at: &At,
    event: &Event,
) -> Result<Arc<Dossier>, LedgerError> {
    let key = keys::dossier(event.dossier.gemeente, event.dossier.aanbieder, &event.dossier.bsn);
    let row: Option<Dossier> = take_row(overlay, &key)?;
    let mut dossier = row.unwrap_or_else(|| Dossier::new(event.dossier.clone()));
    let before = deadline::open(&dossier);
    let intakes = te_doen::intakes_of(overlay, event)?;
    dossier.apply(event, &Verdict::Goedgekeurd).map_err(|error| inconsistent(at, &error.to_string()))?;
    let dossier = keep_row(overlay, key, dossier)?;
    te_doen::dossier(overlay, &event.dossier, &before, &deadline::open(&dossier))?;
    if !intakes.is_empty() {
        let after = te_doen::intakes_of(overlay, event)?;
        te_doen::bring(overlay, &intakes, after);
    }
    Ok(dossier)
}

/// Returns a person to be written again, or a new one.
pub(super) fn persoon(
    overlay: &Overlay<'_>,
    at: &At,
    gemeente: Gemeente,
    bsn: &Bsn,
) -> Result<Persoon, LedgerError> {
    let row = take_row(overlay, &keys::persoon(gemeente, bsn))?;
    Ok(row.unwrap_or_else(|| Persoon {
        sinds: at.seq,
        aanbieders: Vec::<Aanbieder>::new(),
        geboortedatum: None,
        eb: EbDossier::default(),
        opgaven: false,
        plan_op_us: None,
        eb_reden: None,
    }))
}

/// The end of an attempt to deliver. Returns the Identificatie of a notification to the CAK.
fn delivery(
    overlay: &mut Overlay<'_>,
    at: &At,
    bezorging: &Bezorging,
) -> Result<Option<String>, LedgerError> {
    let id = OutgoingId { gemeente: at.chain.code(), seq: bezorging.seq, index: bezorging.index };
    let key = keys::uitgaand(&id);
    let mut row: Uitgaand = overlay
        .row(&key)?
        .ok_or_else(|| inconsistent(at, &format!("outgoing message {id} is not on record")))?;
    let was = row.stand;
    outgoing::attempted(&mut row, at, &bezorging.uitkomst);
    outgoing::put(overlay, &id, Some(was), &row)?;
    if !row.herhaald {
        statistiek::delivered(overlay, at, &row, &bezorging.uitkomst)?;
    }
    if matches!(bezorging.uitkomst, BezorgUitkomst::Geweigerd { .. }) {
        envelop::spent(overlay, at, &id)?;
    }
    Ok(row.melding)
}

pub(super) fn gemeente(at: &At) -> Result<Gemeente, LedgerError> {
    let code = at.chain.code();
    std::str::from_utf8(&code)
        .ok()
        .and_then(|code| Gemeente::new(code).ok())
        .ok_or_else(|| inconsistent(at, "the chain is not that of a gemeente"))
}

pub(super) fn parse_date(at: &At, text: &str) -> Result<Date, LedgerError> {
    text.parse().map_err(|_| inconsistent(at, "a date in the entry cannot be read"))
}

pub(super) fn untranslatable(at: &At, error: &Untranslatable) -> LedgerError {
    inconsistent(at, &error.to_string())
}

pub(super) fn inconsistent(at: &At, what: &str) -> LedgerError {
    LedgerError::Inconsistent {
        entry: EntryId { chain: at.chain, seq: at.seq }.to_string(),
        what: what.to_owned(),
    }
}
