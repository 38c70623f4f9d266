//! How a journal entry changes the rows.
//!
//! Nothing here decides: the record says what was decided, the message says what it is about. No clock, no
//! configuration, no randomness, so that the same journal gives the same ledger on any machine.

use iwmo_codec::Schemas;
use iwmo_codec::messages::Message;
use iwmo_toewijzing::cak::{EbDossier, EbStartNummer, Kostprijs, Opdracht};
use iwmo_toewijzing::event::{DossierKey, Event, Inhoud};
use iwmo_toewijzing::identity::{Aanbieder, Bsn, Gemeente, Identificatie};
use iwmo_toewijzing::{Dossier, Verdict};
use jiff::civil::Date;

use super::{
    At, EbMelding, Heenbericht, LedgerError, Persoon, Rows, Sleutel, Stand, Tellers, Uitgaand, acts, keys,
    outgoing, put_row,
};
use crate::engine::OutgoingId;
use crate::engine::record::{self, Bericht, Bezorging, EbBesluit, EbUitkomst, Record, Uitspraak};
use crate::journal::EntryId;
use crate::store::Overlay;
use crate::translate::{self, Untranslatable};

/// The person for whom something changed that the CAK may have to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gevolg {
    /// The gemeente.
    pub gemeente: Gemeente,
    /// The person.
    pub bsn: Bsn,
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
    pub(super) fn message(&self, bericht: &Bericht) -> Option<Message> {
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
            Record::Bezorging(bezorging) => delivery(overlay, at, bezorging),
            Record::Planning(planning) => self.vervolg(overlay, at, &planning.uitgaand, Some(&planning.eb)),
            Record::Start(_) => Ok(()),
            Record::Handeling(handeling) => acts::apply(overlay, at, handeling),
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
        let receipt = keys::ontvangst(&bericht.partner, &bericht.sha256);
        put_row(overlay, receipt, &(at.chain.code(), at.seq))?;
        if let Some(sleutel) = &bericht.sleutel {
            let row = Sleutel {
                chain: at.chain.code(),
                seq: at.seq,
                inhoud: sleutel.inhoud,
                bericht: bericht.sha256,
            };
            put_row(overlay, keys::sleutel(&bericht.partner, &sleutel.sleutel), &row)?;
        }
        let dag = parse_date(at, &bericht.vandaag)?;
        match message {
            Message::Wmo301(_) | Message::Wmo305(_) | Message::Wmo307(_) => {
                heenbericht(overlay, at, bericht, message, dag)
            }
            Message::Wmo302(_) => toewijzing_retour(overlay, at, bericht, message, dag),
            Message::Wmo402(_) | Message::Wmo404(_) => eb_retour(overlay, at, bericht, message),
            other => Err(inconsistent(at, &format!("a {} has no effect that is known", other.kind().name()))),
        }
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
        for (index, message) in uitgaand.iter().enumerate() {
            let id = at.outgoing(index);
            let moment = at.time.as_microsecond();
            let row = Uitgaand {
                partner: message.partner.clone(),
                volgorde: message.volgorde.clone(),
                soort: message.soort.clone(),
                gemaakt_us: moment,
                pogingen: 0,
                niet_voor_us: moment,
                stand: Stand::Wacht,
                reden: None,
                ontvangst: None,
                sinds_us: moment,
                geduld_us: moment,
            };
            outgoing::put(overlay, &id, None, &row)?;
        }
        match eb {
            Some(besluit) => eigen_bijdrage(overlay, at, besluit),
            None => Ok(()),
        }
    }
}

/// A 301, 305 or 307: its Identificatie is used up whatever became of it (D19); the rest only when approved.
fn heenbericht(
    overlay: &mut Overlay<'_>,
    at: &At,
    bericht: &Bericht,
    message: &Message,
    dag: Date,
) -> Result<Option<Gevolg>, LedgerError> {
    let parties = translate::parties(message).map_err(|error| untranslatable(at, &error))?;
    let key = keys::heenbericht(
        parties.gemeente,
        message.header().afzender,
        message.kind().bericht_code(),
        message.header().identificatie,
    );
    // The first message with an Identificatie keeps it: a later one with the same was refused (9056).
    if overlay.bytes(&key)?.is_none() {
        let row = Heenbericht {
            seq: at.seq,
            aanbieder: parties.aanbieder,
            bsn: parties.bsn,
            dagtekening: translate::date(message.header().dagtekening).ok(),
            nummers: translate::nummers(message),
            antwoord: None,
        };
        put_row(overlay, key, &row)?;
    }
    overlay.put(keys::persoon_entry(parties.gemeente, &parties.bsn, at.seq), Vec::new());
    if bericht.uitspraak != Uitspraak::Goedgekeurd {
        return Ok(None);
    }
    let event = translate::event(message, at.seq, dag).map_err(|error| untranslatable(at, &error))?;
    record_event(overlay, at, &event)?;
    if let Inhoud::Toewijzen(products) = &event.inhoud {
        for product in products {
            put_row(overlay, keys::toewijzing(parties.gemeente, product.nummer), &event.dossier)?;
        }
    }
    let mut persoon = persoon(overlay, at, parties.gemeente, &parties.bsn)?;
    if let Err(place) = persoon.aanbieders.binary_search(&parties.aanbieder) {
        persoon.aanbieders.insert(place, parties.aanbieder);
    }
    persoon.geboortedatum = translate::geboortedatum(message).or(persoon.geboortedatum);
    put_row(overlay, keys::persoon(parties.gemeente, &parties.bsn), &persoon)?;
    Ok(Some(Gevolg { gemeente: parties.gemeente, bsn: parties.bsn }))
}

/// A 302 on a 301 of ours.
fn toewijzing_retour(
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
    let mut heen: Heenbericht =
        overlay.row(&key)?.ok_or_else(|| inconsistent(at, "the message it answers is not on record"))?;
    heen.antwoord = Some(at.seq);
    put_row(overlay, key, &heen)?;
    overlay.put(keys::persoon_entry(gemeente, &heen.bsn, at.seq), Vec::new());
    let dossier = DossierKey { gemeente, aanbieder: heen.aanbieder, bsn: heen.bsn };
    let event = translate::toewijzing_retour(message, dossier, at.seq, dag)
        .map_err(|error| untranslatable(at, &error))?;
    record_event(overlay, at, &event)?;
    Ok(Some(Gevolg { gemeente, bsn: heen.bsn }))
}

/// A 402 or 404 on a notification of ours.
fn eb_retour(
    overlay: &mut Overlay<'_>,
    at: &At,
    bericht: &Bericht,
    message: &Message,
) -> Result<Option<Gevolg>, LedgerError> {
    if bericht.heenbericht.is_none() {
        return Ok(None);
    }
    let gemeente = gemeente(at)?;
    let key = keys::eb_melding(gemeente, message.header().identificatie);
    let mut melding: EbMelding =
        overlay.row(&key)?.ok_or_else(|| inconsistent(at, "the notification it answers is not on record"))?;
    // A second retour on the same message is ignored when it says the same, else it is for a person (ieb-cak 6.1).
    melding.antwoord.get_or_insert(at.seq);
    put_row(overlay, key, &melding)?;
    overlay.put(keys::persoon_entry(gemeente, &melding.bsn, at.seq), Vec::new());
    let mut persoon = persoon(overlay, at, gemeente, &melding.bsn)?;
    let identificatie = Identificatie::new(message.header().identificatie)
        .map_err(|error| inconsistent(at, &error.to_string()))?;
    let codes = translate::retour_codes(message).map_err(|error| untranslatable(at, &error))?;
    // What the retour led to stands in the record itself; the plan that follows reads it there.
    let _ = persoon.eb.retour(&identificatie, &codes);
    put_row(overlay, keys::persoon(gemeente, &melding.bsn), &persoon)?;
    Ok(Some(Gevolg { gemeente, bsn: melding.bsn }))
}

fn record_event(overlay: &mut Overlay<'_>, at: &At, event: &Event) -> Result<(), LedgerError> {
    let key = keys::dossier(event.dossier.gemeente, event.dossier.aanbieder, &event.dossier.bsn);
    let row: Option<Dossier> = overlay.row(&key)?;
    let mut dossier = row.unwrap_or_else(|| Dossier::new(event.dossier.clone()));
    dossier.apply(event, &Verdict::Goedgekeurd).map_err(|error| inconsistent(at, &error.to_string()))?;
    put_row(overlay, key, &dossier)
}

fn persoon(overlay: &Overlay<'_>, at: &At, gemeente: Gemeente, bsn: &Bsn) -> Result<Persoon, LedgerError> {
    let row = overlay.row(&keys::persoon(gemeente, bsn))?;
    Ok(row.unwrap_or_else(|| Persoon {
        sinds: at.seq,
        aanbieders: Vec::<Aanbieder>::new(),
        geboortedatum: None,
        eb: EbDossier::new(gemeente, *bsn),
        plan_op_us: None,
        eb_reden: None,
    }))
}

/// What the CAK planner decided.
fn eigen_bijdrage(overlay: &mut Overlay<'_>, at: &At, besluit: &EbBesluit) -> Result<(), LedgerError> {
    let gemeente = gemeente(at)?;
    let bsn = Bsn::new(&besluit.bsn).map_err(|error| inconsistent(at, &error.to_string()))?;
    let mut persoon = persoon(overlay, at, gemeente, &bsn)?;
    if let Some(moment) = persoon.plan_op_us.take() {
        overlay.delete(keys::planning(moment, gemeente, &bsn));
    }
    persoon.eb_reden = None;
    match &besluit.uitkomst {
        EbUitkomst::Niets => {}
        EbUitkomst::Melding { identificatie, dagtekening, .. } => {
            let opdracht = opdracht(at, &besluit.uitkomst)?;
            let dagtekening = parse_date(at, dagtekening)?;
            let naam =
                Identificatie::new(identificatie).map_err(|error| inconsistent(at, &error.to_string()))?;
            persoon
                .eb
                .sent(opdracht, naam, dagtekening)
                .map_err(|error| inconsistent(at, &error.to_string()))?;
            let melding = EbMelding {
                seq: at.seq,
                bsn,
                stop: opdracht.onderdeel() == iwmo_toewijzing::cak::Onderdeel::Stop,
                dagtekening,
                antwoord: None,
            };
            put_row(overlay, keys::eb_melding(gemeente, identificatie), &melding)?;
            // OP290: a number given out is never given out again, whatever becomes of it.
            let mut tellers: Tellers = overlay.row(&keys::tellers(gemeente))?.unwrap_or_default();
            tellers.eb_start_nummer = tellers.eb_start_nummer.max(opdracht.nummer().value());
            put_row(overlay, keys::tellers(gemeente), &tellers)?;
        }
        EbUitkomst::Wacht { tot, reden } => {
            overlay.put(keys::planning(*tot, gemeente, &bsn), Vec::new());
            persoon.plan_op_us = Some(*tot);
            persoon.eb_reden = Some(reden.clone());
        }
        EbUitkomst::Handmatig { reden } => persoon.eb_reden = Some(reden.clone()),
    }
    overlay.put(keys::persoon_entry(gemeente, &bsn, at.seq), Vec::new());
    put_row(overlay, keys::persoon(gemeente, &bsn), &persoon)
}

/// Reads back the command of a notification.
fn opdracht(at: &At, uitkomst: &EbUitkomst) -> Result<Opdracht, LedgerError> {
    let EbUitkomst::Melding { soort, status, nummer, datum, kostprijs_cent, kostprijs_vanaf, .. } = uitkomst
    else {
        return Err(inconsistent(at, "the decision is no notification"));
    };
    let nummer = EbStartNummer::new(*nummer).map_err(|error| inconsistent(at, &error.to_string()))?;
    let datum = parse_date(at, datum)?;
    let kostprijs = match (kostprijs_cent, kostprijs_vanaf) {
        (Some(bedrag_cent), Some(vanaf)) => {
            Some(Kostprijs { bedrag_cent: *bedrag_cent, startdatum: parse_date(at, vanaf)? })
        }
        _ => None,
    };
    match (soort, status) {
        (0, 1) => Ok(Opdracht::MeldStart { nummer, datum, kostprijs }),
        (0, 2) => Ok(Opdracht::WijzigStart { nummer, datum, kostprijs }),
        (0, 3) => Ok(Opdracht::VerwijderStart { nummer, datum, kostprijs }),
        (1, 1) => Ok(Opdracht::MeldStop { nummer, datum }),
        (1, 2) => Ok(Opdracht::WijzigStop { nummer, datum }),
        (1, 3) => Ok(Opdracht::VerwijderStop { nummer, datum }),
        _ => Err(inconsistent(at, "the notification has a kind or status that is not known")),
    }
}

/// The end of an attempt to deliver.
fn delivery(overlay: &mut Overlay<'_>, at: &At, bezorging: &Bezorging) -> Result<(), LedgerError> {
    let id = OutgoingId { gemeente: at.chain.code(), seq: bezorging.seq, index: bezorging.index };
    let key = keys::uitgaand(&id);
    let mut row: Uitgaand = overlay
        .row(&key)?
        .ok_or_else(|| inconsistent(at, &format!("outgoing message {id} is not on record")))?;
    let was = row.stand;
    outgoing::attempted(&mut row, at, &bezorging.uitkomst);
    outgoing::put(overlay, &id, Some(was), &row)
}

fn gemeente(at: &At) -> Result<Gemeente, LedgerError> {
    let code = at.chain.code();
    std::str::from_utf8(&code)
        .ok()
        .and_then(|code| Gemeente::new(code).ok())
        .ok_or_else(|| inconsistent(at, "the chain is not that of a gemeente"))
}

fn parse_date(at: &At, text: &str) -> Result<Date, LedgerError> {
    text.parse().map_err(|_| inconsistent(at, "a date in the entry cannot be read"))
}

fn untranslatable(at: &At, error: &Untranslatable) -> LedgerError {
    inconsistent(at, &error.to_string())
}

pub(super) fn inconsistent(at: &At, what: &str) -> LedgerError {
    LedgerError::Inconsistent {
        entry: EntryId { chain: at.chain, seq: at.seq }.to_string(),
        what: what.to_owned(),
    }
}
