//! What goes back in the same connection.

use axum::http::{HeaderValue, StatusCode, header};
use iwmo_codec::Private;
use iwmo_codec::soap;
use iwmo_codec::stuf::{
    Adres, Bevestiging, Envelope, Fout, Foutbericht, Peek, PeekedSysteem, Plek, Refnummer, Systeem, Tijdstip,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::clock::dutch_clock;
use crate::problem::Problem;

/// An answer: always SOAP.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    /// When to come back, if later helps.
    pub(super) retry_after: Option<HeaderValue>,
}

/// An error of StUF, to be answered with a Fo03.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fo03 {
    pub(super) code: &'static str,
    pub(super) plek: Plek,
    pub(super) words: &'static str,
    pub(super) details: Option<&'static str>,
}

impl Fo03 {
    pub(super) const fn client(code: &'static str, words: &'static str) -> Self {
        Self { code, plek: Plek::Client, words, details: None }
    }

    pub(super) const fn server(code: &'static str, words: &'static str) -> Self {
        Self { code, plek: Plek::Server, words, details: None }
    }

    pub(super) const fn details(mut self, details: &'static str) -> Self {
        self.details = Some(details);
        self
    }
}

impl Answer {
    /// A fault without detail: there is no code of StUF for what is wrong.
    pub(super) fn fault(code: &str, text: &str) -> Self {
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, soap::fault(code, text, None))
    }

    /// An envelope that could not be read whole: too large, too slow, broken off, or no room. The status is that of
    /// HTTP; who speaks SOAP finds a fault in it.
    pub(super) fn unread(problem: &Problem) -> Self {
        let status = problem.status();
        let code = if status.is_server_error() { "Server" } else { "Client" };
        let answer = Self::of(status, soap::fault(code, problem.title(), None));
        Self { retry_after: problem.named(&header::RETRY_AFTER).cloned(), ..answer }
    }

    fn of(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, body, retry_after: None }
    }

    /// The envelope is stored.
    pub(super) fn taken(envelope: &Envelope) -> Self {
        // The same envelope gets an acknowledgement with the same number.
        let refnummer = derived(b"Bv03", envelope.refnummer().as_str());
        let answer = envelope.acknowledge(refnummer, now());
        Self::of(StatusCode::OK, soap::wrap(&answer.encode()))
    }

    /// A fault with the Fo03 in it, if enough can be read to address one (ggk-transport 2.7).
    pub(super) fn refusal(peek: &Peek, error: &Fo03) -> Self {
        let code = match error.plek {
            Plek::Client => "Client",
            Plek::Server => "Server",
        };
        let detail = fo03(peek, error).map(|answer| answer.encode());
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, soap::fault(code, error.words, detail.as_deref()))
    }
}

fn fo03(peek: &Peek, error: &Fo03) -> Option<Envelope> {
    let number = peek.referentienummer.as_deref().filter(|number| !number.trim().is_empty())?;
    let adres =
        Adres { zender: systeem(peek.ontvanger.as_ref()?)?, ontvanger: systeem(peek.zender.as_ref()?)? };
    let kop = Bevestiging {
        adres,
        refnummer: Refnummer::from_random(rand::random()),
        tijdstip: now(),
        cross_refnummer: number.parse().ok()?,
    };
    let fout = Fout {
        code: error.code.to_owned(),
        plek: error.plek,
        omschrijving: Private::new(error.words.to_owned()),
        details: error.details.map(|details| Private::new(details.to_owned())),
        details_xml: false,
    };
    let answer = Envelope::Fo03(Foutbericht { kop, fout });
    // What was read of the other's envelope may be anything; what cannot stand in an answer is no answer.
    iwmo_codec::stuf::validate(&answer.encode()).is_valid().then_some(answer)
}

fn systeem(peeked: &PeekedSysteem) -> Option<Systeem> {
    Some(Systeem {
        organisatie: peeked.organisatie.clone(),
        applicatie: peeked.applicatie.clone()?,
        administratie: peeked.administratie.clone(),
        gebruiker: peeked.gebruiker.clone().map(Private::new),
    })
}

/// The digest of a sender, under which its numbers are unique (ggk-transport 3.4).
pub(super) fn sender(peek: &Peek) -> [u8; 32] {
    let mut digest = Sha256::new();
    let zender = peek.zender.clone().unwrap_or_default();
    for part in [zender.organisatie, zender.applicatie, zender.administratie, zender.gebruiker] {
        let part = part.unwrap_or_default();
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().into()
}

fn derived(kind: &[u8], refnummer: &str) -> Refnummer {
    let digest: [u8; 32] = Sha256::new().chain_update(kind).chain_update(refnummer).finalize().into();
    let mut bits = [0; 16];
    bits.copy_from_slice(&digest[..16]);
    Refnummer::from_random(u128::from_be_bytes(bits))
}

/// This moment as StUF writes it.
pub(super) fn now() -> Tijdstip {
    let text = dutch_clock(Timestamp::now()).strftime("%Y%m%d%H%M%S%3f").to_string();
    // Seventeen digits are always a time to StUF.
    text.parse().unwrap_or_else(|_| unreachable!("{text} is a time"))
}
