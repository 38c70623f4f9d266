//! The checks before the acknowledgement, in the order of the table of StUF (ggk-transport 3.7.1): only the first that
//! applies is answered.

use iwmo_codec::MessageKind;
use iwmo_codec::soap::Body;
use iwmo_codec::stuf::{Envelope, Peek};
use sha2::{Digest, Sha256};

use super::answer::{self, Fo03};
use crate::config::{Gemeentecode, Partner, PartnerKind};
use crate::engine::{Engine, IdempotencyKey, OutgoingId, PartnerId};
use crate::ledger::{self, Rows, Uitgaand, keys};

const GGK: &str = "http://www.stufstandaarden.nl/koppelvlak/ggk0210";
const STUF_0301: &str = "http://www.egem.nl/StUF/StUF0301";
/// Chain parties that may answer in the place of the one a message was for.
pub(super) const VECOZO: &str = "VECOZO";
/// The code for a sender that is not one of those behind the certificate.
pub(super) const SENDER_UNKNOWN: &str = "StUF013";

/// The codes of StUF 03.01, without the two digits for the kinds of question and answer.
const BERICHTCODES: [&str; 10] = ["Bv", "Di", "Du", "Fo", "La", "Lk", "Lv", "Sa", "Sh", "Tr"];

/// Why an envelope is not taken in.
#[derive(Debug)]
pub(super) enum Objection {
    /// A fault without a code of StUF.
    Fault(String),
    /// A code of StUF.
    Fo03(Fo03),
}

impl From<Fo03> for Objection {
    fn from(error: Fo03) -> Self {
        Self::Fo03(error)
    }
}

/// What is known of an envelope that passed.
#[derive(Debug)]
pub(super) struct Passed {
    /// From whom it is: the asker, or a partner behind it.
    pub(super) partner: Partner,
    /// For which gemeente it is.
    pub(super) gemeente: Gemeentecode,
    /// The message of ours that it is about.
    pub(super) about: Option<(OutgoingId, Uitgaand)>,
    /// Who says it is not who was asked: for a person to look at (ggk-transport 4.3, step 2).
    pub(super) stranger: bool,
}

pub(super) struct Checker<'a> {
    pub(super) engine: &'a Engine,
    pub(super) partners: &'a [Partner],
    pub(super) asker: &'a PartnerId,
}

/// The three kinds that come in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Di01,
    Du01,
    Fo01,
}

impl Checker<'_> {
    pub(super) fn check(
        &self,
        body: &Body,
        peek: &Peek,
        envelope: Option<&Envelope>,
    ) -> Result<Passed, Objection> {
        let kind = kind(body, peek)?;
        let gemeente = self.receiver(kind, peek)?;
        let about = self.about(peek)?;
        let (partner, stranger) = self.sender(kind, peek, gemeente, about.as_ref())?;
        self.repeated(&partner, peek, envelope)?;
        berichtcode(kind, peek)?;
        if kind != Kind::Fo01 {
            functie(kind, &partner, peek, about.as_ref())?;
        }
        if kind != Kind::Di01 && about.is_none() {
            return Err(Fo03::client("StUF043", "Crossreferentienummer niet bekend").into());
        }
        Ok(Passed { partner, gemeente, about, stranger })
    }

    /// StUF010: the gemeente is served here.
    fn receiver(&self, kind: Kind, peek: &Peek) -> Result<Gemeentecode, Objection> {
        let code = peek.ontvanger.as_ref().and_then(|party| party.organisatie.as_deref());
        let code = code.and_then(|code| code.parse::<Gemeentecode>().ok());
        let served = code.filter(|code| self.partners.iter().any(|partner| partner.gemeenten.contains(code)));
        // An error names its receiver only if it pleases; the message that it is about has a gemeente.
        let about = || match self.about(peek) {
            Ok(Some((id, _))) if kind == Kind::Fo01 => {
                std::str::from_utf8(&id.gemeente).ok().and_then(|code| code.parse().ok())
            }
            _ => None,
        };
        let unknown = || Fo03::client("StUF010", "Ontvangende organisatie niet bekend").into();
        served.or_else(about).ok_or_else(unknown)
    }

    /// StUF013: the sender may be spoken for by who shows this certificate, and deals with the gemeente.
    fn sender(
        &self,
        kind: Kind,
        peek: &Peek,
        gemeente: Gemeentecode,
        about: Option<&(OutgoingId, Uitgaand)>,
    ) -> Result<(Partner, bool), Objection> {
        let organisatie = peek.zender.as_ref().and_then(|party| party.organisatie.as_deref());
        let asked = about.and_then(|(_, row)| self.spoken_for().find(|partner| partner.id.0 == row.partner));
        let unknown = || Objection::from(Fo03::client(SENDER_UNKNOWN, "Zendende organisatie niet bekend"));
        if kind == Kind::Fo01 {
            // Any party of the chain may refuse; what counts is whose message it was.
            let unsent = || Fo03::client("StUF043", "Crossreferentienummer niet bekend").into();
            return asked.cloned().map(|partner| (partner, false)).ok_or_else(unsent);
        }
        let known = self.spoken_for().find(|partner| names(partner, organisatie));
        let instead = || asked.filter(|_| kind == Kind::Du01 && organisatie == Some(VECOZO));
        let partner = known.or_else(instead).filter(|partner| partner.gemeenten.contains(&gemeente));
        let partner = partner.ok_or_else(unknown)?;
        let stranger = kind == Kind::Du01 && about.is_some_and(|(_, row)| row.partner != partner.id.0);
        Ok((partner.clone(), stranger))
    }

    /// The partners that who shows this certificate may speak for.
    fn spoken_for(&self) -> impl Iterator<Item = &Partner> {
        self.partners.iter().filter(|partner| {
            (partner.id == *self.asker && partner.kind != PartnerKind::Ggk)
                || partner.via.as_ref() == Some(self.asker)
        })
    }

    /// StUF016: the number was not used for something else.
    fn repeated(&self, partner: &Partner, peek: &Peek, envelope: Option<&Envelope>) -> Result<(), Objection> {
        let Some(envelope) = envelope else { return Ok(()) };
        let key = key(envelope, &answer::sender(peek));
        let Some(key) = key else { return Ok(()) };
        let row: Option<ledger::Sleutel> = self
            .engine
            .ledger()
            .row(&keys::sleutel(&partner.id.0, key.key()))
            .map_err(|_| Fo03::server("StUF046", "Bericht kan niet worden opgeslagen"))?;
        match row {
            Some(row) if row.inhoud != *key.body() => {
                Err(Fo03::client("StUF016", "Referentienummer is niet uniek").into())
            }
            _ => Ok(()),
        }
    }

    fn about(&self, peek: &Peek) -> Result<Option<(OutgoingId, Uitgaand)>, Objection> {
        let Some(number) = peek.cross_refnummer.as_deref() else { return Ok(None) };
        let unread = |_| Objection::from(Fo03::server("StUF046", "Bericht kan niet worden opgeslagen"));
        let Some(id) = self.engine.in_envelope(number).map_err(unread)? else { return Ok(None) };
        let row: Option<Uitgaand> = self.engine.ledger().row(&keys::uitgaand(&id)).map_err(unread)?;
        // Another's message is one that does not exist.
        let row = row.filter(|row| self.spoken_for().any(|partner| partner.id.0 == row.partner));
        Ok(row.map(|row| (id, row)))
    }
}

/// StUF001, 004, 007, and roots that are no operation.
fn kind(body: &Body, peek: &Peek) -> Result<Kind, Objection> {
    let namespace = body.namespace.as_str();
    if namespace.starts_with("http://www.egem.nl/StUF/StUF") && namespace != STUF_0301 || peek.other_stuf {
        return Err(Fo03::server("StUF001", "Versie van StUF wordt niet ondersteund").details("0301").into());
    }
    let is_ggk = namespace.contains("/ggk");
    let sector = namespace.starts_with("http://www.egem.nl/StUF/sector/")
        || namespace.starts_with("http://www.stufstandaarden.nl/koppelvlak/");
    match (namespace, body.name.as_str()) {
        (GGK, "envelopHeenbericht-ggk_Di01") => Ok(Kind::Di01),
        (GGK, "envelopRetourbericht-ggk_Du01") => Ok(Kind::Du01),
        (STUF_0301, "Fo01Bericht") => Ok(Kind::Fo01),
        (GGK | STUF_0301, _) => Err(Objection::Fault("this operation is not known".to_owned())),
        _ if sector && is_ggk => {
            Err(Fo03::server("StUF007", "Versie van het koppelvlak wordt niet ondersteund")
                .details("ggk0210")
                .into())
        }
        _ if sector => Err(Fo03::server("StUF004", "Koppelvlak wordt niet ondersteund").into()),
        _ => Err(Objection::Fault("this operation is not known".to_owned())),
    }
}

/// StUF022, 025.
fn berichtcode(kind: Kind, peek: &Peek) -> Result<(), Objection> {
    let expected = match kind {
        Kind::Di01 => "Di01",
        Kind::Du01 => "Du01",
        Kind::Fo01 => "Fo01",
    };
    let code = peek.berichtcode.as_deref().unwrap_or_default();
    // An empty code of an error is filled in by the schema (ggk-transport 2.13).
    if code == expected || (kind == Kind::Fo01 && code.is_empty()) {
        return Ok(());
    }
    let known = code.len() == 4
        && BERICHTCODES.iter().any(|family| code.starts_with(family))
        && code[2..].bytes().all(|byte| byte.is_ascii_digit());
    if known {
        Err(Fo03::server("StUF025", "Berichtcode wordt niet ondersteund").into())
    } else {
        Err(Fo03::client("StUF022", "Berichtcode niet bekend").into())
    }
}

/// StUF034, 040, 037.
fn functie(
    envelope: Kind,
    partner: &Partner,
    peek: &Peek,
    about: Option<&(OutgoingId, Uitgaand)>,
) -> Result<(), Objection> {
    let name = peek.functie.as_deref().unwrap_or_default();
    let kind = MessageKind::ALL.iter().copied().find(|kind| kind.name() == name);
    let Some(kind) = kind else { return Err(Fo03::client("StUF034", "Functie niet bekend").into()) };
    let wrong =
        || Fo03::server("StUF040", "Combinatie van berichtcode en functie wordt niet ondersteund").into();
    // What nobody may send is said before what this sender may not.
    if kind.is_retour() != (envelope == Kind::Du01) {
        return Err(wrong());
    }
    use MessageKind as M;
    let theirs: &[MessageKind] = match partner.kind {
        PartnerKind::Aanbieder => {
            &[M::Wmo302, M::Wmo305, M::Wmo307, M::Wmo315, M::Wmo317, M::Wmo320, M::Wmo323]
        }
        PartnerKind::Cak => &[M::Wmo402, M::Wmo404],
        PartnerKind::Ggk | PartnerKind::Backoffice => &[],
    };
    if !theirs.contains(&kind) {
        return Err(Fo03::server("StUF037", "Functie wordt niet ondersteund").into());
    }
    let answers = kind.heenbericht().map(MessageKind::name);
    match about {
        Some((_, row)) if envelope == Kind::Du01 && answers != Some(row.soort.as_str()) => Err(wrong()),
        _ => Ok(()),
    }
}

fn names(partner: &Partner, organisatie: Option<&str>) -> bool {
    organisation(partner).is_some_and(|name| organisatie == Some(name.as_str()))
}

/// The name of a partner in envelopes.
pub(crate) fn organisation(partner: &Partner) -> Option<String> {
    match partner.kind {
        PartnerKind::Aanbieder => partner.agb.map(|agb| agb.to_string()),
        PartnerKind::Cak => Some("CAK".to_owned()),
        PartnerKind::Ggk | PartnerKind::Backoffice => None,
    }
}

/// The key under which an envelope is known when it comes again: same number, sender and content. The content is
/// compared as it reads, not as it is spelled.
pub(super) fn key(envelope: &Envelope, sender: &[u8; 32]) -> Option<IdempotencyKey> {
    let content = Sha256::digest(envelope.encode()).into();
    IdempotencyKey::of_envelope(envelope.refnummer().as_str(), sender, content)
}
