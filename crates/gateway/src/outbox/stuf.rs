//! The StUF route: a message in an envelope of the GGk, over SOAP, to a partner or to the hub that it is behind.
//!
//! | answer | meaning |
//! | --- | --- |
//! | Bv03 or Bv04 about our envelope | a heenbericht is handed over until its retour or a Fo01 comes; anything else is delivered |
//! | Fo03 StUF046 | retry: the other cannot store now |
//! | any other Fo03, a fault, 4xx | refused; parked for an operator |
//! | 408, 429, 5xx without a fault, no answer | retry, with the same bytes |
//! | anything else | not acknowledged: retry |

use axum::http::header;
use bytes::Bytes;
use iwmo_codec::MessageKind;
use iwmo_codec::soap;
use iwmo_codec::stuf::{Adres, Envelope, Plek, Refnummer, Systeem, Tijdstip, Versie, Vrijbericht};

use super::direct::{DirectRoute, failure, traced};
use super::reply::{body, retry_after};
use super::{Attempt, Parcel, Route};
use crate::config::Partner;
use crate::engine::{Engine, FO01};
use crate::ggk::{APPLICATIE, GGK_PATH, OPERATIONS, organisation};
use crate::ledger::envelop::Envelop;

/// Delivers in envelopes.
#[derive(Clone)]
pub struct StufRoute {
    direct: DirectRoute,
    engine: Engine,
}

impl StufRoute {
    /// Returns a route over the connections of the direct one; the engine knows the envelopes.
    #[must_use]
    pub fn new(direct: &DirectRoute, engine: Engine) -> Self {
        Self { direct: direct.clone(), engine }
    }
}

impl Route for StufRoute {
    async fn deliver(&self, parcel: &Parcel, partner: &Partner) -> Attempt {
        let Some(url) = &partner.url else {
            return Attempt::Retry { reason: "the partner has no address".to_owned(), after: None };
        };
        let envelop = match self.engine.envelope(&parcel.id) {
            Ok(Some(envelop)) => envelop,
            Ok(None) => return refused("the message was made for another route than this partner has now"),
            Err(_) => return Attempt::Retry { reason: "the store cannot be read".to_owned(), after: None },
        };
        let envelope = match envelope(parcel, partner, &envelop) {
            Ok(envelope) => envelope,
            Err(reason) => return refused(reason),
        };
        let Ok(document) = envelope.encode_to_send() else {
            return refused("the envelope is larger than 25,000,000 bytes, which is all that the GGk takes");
        };
        if !iwmo_codec::stuf::validate(&document).is_valid() {
            return refused("the envelope would not be valid; this is a mistake of the gateway");
        }
        let caller = self.direct.caller();
        let client = match caller.client_of(partner) {
            Ok(client) => client,
            Err(later) => return later,
        };
        let request = client
            .post(address(url))
            .header(header::CONTENT_TYPE, "text/xml; charset=utf-8")
            .header("soapaction", format!("\"{}\"", action(&envelope)))
            .body(soap::wrap(&document));
        match traced(request, parcel).send().await {
            Ok(response) => answered(response, &envelope).await,
            Err(error) => Attempt::Retry { reason: failure(caller.attempt, &error), after: None },
        }
    }
}

/// An address with a path is that of the adapter of a hub; without one it is that of a gateway.
pub(crate) fn address(url: &str) -> String {
    let path = url.split_once("://").map_or("", |(_, rest)| rest.trim_end_matches('/'));
    if path.contains('/') { url.to_owned() } else { format!("{}{GGK_PATH}", url.trim_end_matches('/')) }
}

fn action(envelope: &Envelope) -> &'static str {
    match envelope {
        Envelope::Du01(_) => OPERATIONS[1].1,
        Envelope::Fo01(_) => OPERATIONS[2].1,
        _ => OPERATIONS[0].1,
    }
}

fn refused(reason: &str) -> Attempt {
    Attempt::Refused { reason: reason.to_owned() }
}

/// Makes the envelope: the same at each attempt.
fn envelope(parcel: &Parcel, partner: &Partner, envelop: &Envelop) -> Result<Envelope, &'static str> {
    let unusable = "the number or time of the envelope cannot be used";
    let refnummer: Refnummer = envelop.referentienummer.parse().map_err(|_| unusable)?;
    let tijdstip: Tijdstip = envelop.tijdstip.parse().map_err(|_| unusable)?;
    if parcel.message == FO01 {
        return match Envelope::read(&parcel.bytes) {
            Ok(Envelope::Fo01(mut error)) => {
                (error.kop.refnummer, error.kop.tijdstip) = (refnummer, tijdstip);
                Ok(Envelope::Fo01(error))
            }
            _ => Err("the error that goes back cannot be read"),
        };
    }
    let kind = MessageKind::ALL.iter().copied().find(|kind| kind.name() == parcel.message);
    let kind = kind.ok_or("the kind of message is not known")?;
    let gemeente = String::from_utf8_lossy(&parcel.id.gemeente).into_owned();
    let ontvanger = organisation(partner).ok_or("the partner has no name in envelopes")?;
    // The parties of the envelope, whichever way the header of a retour names them (ggk-transport 4.2).
    let adres =
        Adres { zender: Systeem::new(&gemeente, APPLICATIE), ontvanger: Systeem::new(&ontvanger, "GGk") };
    consistent(&parcel.bytes, kind, &gemeente, partner, &ontvanger)?;
    let bericht = Vrijbericht::wrap(kind, parcel.bytes.to_vec(), adres, refnummer, tijdstip, version());
    if !kind.is_retour() {
        return Ok(Envelope::Di01(bericht));
    }
    let answers =
        envelop.antwoord_op.as_deref().ok_or("the envelope that this retour answers is not known")?;
    let answers = answers.parse().map_err(|_| unusable)?;
    Ok(Envelope::Du01(bericht.answering(answers)))
}

/// A message whose header names others than the envelope is never sent (ggk-transport 4.2, C-09).
fn consistent(
    bytes: &Bytes,
    kind: MessageKind,
    gemeente: &str,
    partner: &Partner,
    ontvanger: &str,
) -> Result<(), &'static str> {
    let message = iwmo_codec::Schemas::bundled().decode(bytes);
    let message = message.map_err(|_| "the message is not valid XML in UTF-8 by its schema")?;
    if message.kind() != kind {
        return Err("the message is of another kind than its envelope says");
    }
    let header = message.header();
    let ours =
        if kind.is_retour() { header.ontvanger == Some(gemeente) } else { header.afzender == gemeente };
    let theirs = match (partner.agb.is_some(), kind.is_retour()) {
        (false, _) => true,
        (true, true) => header.afzender == ontvanger,
        (true, false) => header.ontvanger == Some(ontvanger),
    };
    if ours && theirs { Ok(()) } else { Err("the header names other parties than the envelope would") }
}

/// Our version as two numbers (ggk-transport 2.10).
fn version() -> Versie {
    let mut parts = env!("CARGO_PKG_VERSION").split('.').map(|part| part.parse().unwrap_or(0));
    Versie::new(parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

async fn answered(response: reqwest::Response, sent: &Envelope) -> Attempt {
    let status = response.status();
    let after = retry_after(response.headers());
    let bytes = body(response).await;
    let inside = soap::open(&bytes, bytes.len()).ok();
    match status.as_u16() {
        200 => match inside.and_then(|body| Envelope::read(body.document.as_bytes()).ok()) {
            Some(Envelope::Bv03(answer) | Envelope::Bv04(answer))
                if answer.cross_refnummer == *sent.refnummer() =>
            {
                acknowledged(sent, answer.refnummer.to_string())
            }
            _ => {
                let reason = "the answer does not acknowledge this envelope".to_owned();
                Attempt::Retry { reason, after: None }
            }
        },
        500 => match inside {
            Some(body) if body.namespace == soap::SOAP_1_1 && body.name == "Fault" => faulted(&body),
            _ => Attempt::Retry { reason: format!("the partner answered {status}"), after },
        },
        408 | 425 | 429 | 501..=599 => {
            Attempt::Retry { reason: format!("the partner answered {status}"), after }
        }
        400..=499 => Attempt::Refused { reason: format!("the partner answered {status}") },
        _ => Attempt::Retry { reason: format!("the partner answered {status}, not 200"), after },
    }
}

/// A heenbericht is handed over: only its retour, or an error, says what became of it. Nothing ever follows on a retour
/// or an error unless something is wrong.
fn acknowledged(sent: &Envelope, receipt: String) -> Attempt {
    let receipt: String = receipt.chars().filter(char::is_ascii_graphic).collect();
    match sent {
        Envelope::Di01(_) => Attempt::HandedOver { receipt: Some(receipt) },
        _ => Attempt::Delivered { receipt: Some(receipt) },
    }
}

fn faulted(fault: &soap::Body) -> Attempt {
    let inside = soap::child(&fault.document, &["detail", "Fo03Bericht"]);
    match inside.and_then(|document| Envelope::read(document.as_bytes()).ok()) {
        Some(Envelope::Fo03(error)) => {
            let code: String = error.fout.code.chars().filter(char::is_ascii_alphanumeric).take(7).collect();
            // The only error that passes by itself (class A of ggk-transport 3.7.1).
            if error.fout.plek == Plek::Server && code == "StUF046" {
                return Attempt::Retry { reason: format!("the partner answered Fo03 {code}"), after: None };
            }
            Attempt::Refused { reason: format!("the partner answered Fo03 {code}") }
        }
        _ => refused("the partner answered a SOAP fault"),
    }
}
