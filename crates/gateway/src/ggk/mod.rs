//! The StUF endpoint: `POST /uitwisseling/v1/ggk`, SOAP 1.1 over mutual TLS, for a partner or for a hub that speaks for
//! the partners behind it.
//!
//! A Di01 or Du01 is taken out of its envelope and handed to the engine; the Bv03 goes back when that is durable. What
//! is wrong with the stuurgegevens is answered at once with the Fo03 that comes first in the table of StUF; what is
//! wrong with the message in it is answered later with a Fo01, which waits in the outbox as everything else. A Fo01
//! parks the message that it is about.
//!
//! | file | what |
//! | --- | --- |
//! | `check.rs` | the checks before the acknowledgement, in the order of the table |
//! | `take.rs` | what happens to an envelope that passed them |
//! | `answer.rs` | Bv03, Fo03 and faults as HTTP answers |

mod answer;
mod check;
mod take;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use iwmo_codec::soap;
use iwmo_codec::stuf::{Envelope, Peek, RECEIVED_BYTES_MAX, Refnummer, peek};
use tokio::sync::watch;

use crate::config::Partner;
use crate::engine::{Engine, Intake, PartnerId};
use crate::exchange::{Asker, DirectorySource, Pacer, asking, log_access};
use crate::listener::Peer;
use crate::listener::body::{BodyReader, content_is, shed};
use crate::problem::Problem;
use answer::{Answer, Fo03};
pub(crate) use check::organisation;

/// The path that takes envelopes, here and at partners.
pub const GGK_PATH: &str = "/uitwisseling/v1/ggk";
/// The one content type of SOAP 1.1.
pub(crate) const TEXT_XML: &str = "text/xml";
/// The content type of SOAP 1.2, which is not spoken here.
const SOAP_1_2: &str = "application/soap+xml";
/// Bytes that SOAP may add to an envelope.
const SOAP_BYTES_MAX: usize = 64 * 1024;
/// Senders whose last time is remembered.
const SENDERS_MAX: usize = 1024;

/// As which program we are known in envelopes.
pub(crate) const APPLICATIE: &str = "iwmo-gateway";

/// The operations: the element in the body, and the SOAPAction that belongs to it.
pub(crate) const OPERATIONS: [(&str, &str); 3] = [
    ("envelopHeenbericht-ggk_Di01", "http://www.stufstandaarden.nl/koppelvlak/ggk0210/ggk_Di01"),
    ("envelopRetourbericht-ggk_Du01", "http://www.stufstandaarden.nl/koppelvlak/ggk0210/ggk_Du01"),
    ("Fo01Bericht", "http://www.egem.nl/StUF/StUF0301/Fo01"),
];

/// Where the endpoint finds who is behind whom; a new value counts from the next request on.
pub type PartnersSource = watch::Receiver<Arc<Vec<Partner>>>;

/// What the endpoint works with.
#[derive(Clone)]
pub struct Ggk {
    engine: Engine,
    directory: DirectorySource,
    partners: PartnersSource,
    bodies: BodyReader,
    pacer: Arc<Pacer>,
    /// The last time in an envelope of each sender, to notice one that goes back.
    times: Arc<Mutex<HashMap<[u8; 32], String>>>,
}

impl Ggk {
    /// Returns an endpoint for the partners in the directory.
    #[must_use]
    pub fn new(
        engine: Engine,
        directory: DirectorySource,
        partners: PartnersSource,
        bodies: BodyReader,
        pacer: Arc<Pacer>,
    ) -> Self {
        Self { engine, directory, partners, bodies, pacer, times: Arc::default() }
    }

    /// Returns the route, to be merged with those of the [`crate::exchange::Exchange`].
    pub fn router(self) -> Router {
        Router::new()
            .route(GGK_PATH, post(receive))
            .layer(axum::middleware::from_fn(log_access))
            .with_state(self)
    }

    /// Returns whether an envelope is older than the one before it of the same sender (StUF019, which is a warning
    /// only: it conflicts with sending again).
    fn goes_back(&self, sender: [u8; 32], time: &str) -> bool {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() >= SENDERS_MAX {
            times.clear();
        }
        let last = times.insert(sender, time.to_owned());
        last.is_some_and(|last| last.as_str() >= time)
    }
}

async fn receive(State(ggk): State<Ggk>, request: Request) -> Response {
    let partner = match asking(&ggk.directory, &request) {
        Ok(partner) => partner,
        Err(problem) => return problem.into_response(),
    };
    let mut response = match read(&ggk, &partner, request).await {
        Ok(answer) => answer.into_response(),
        Err(problem) => problem.into_response(),
    };
    response.extensions_mut().insert(Asker(partner));
    response
}

/// Limits first: pace, content type, size; then the XML.
async fn read(ggk: &Ggk, partner: &PartnerId, request: Request) -> Result<Answer, Problem> {
    let admitted = ggk.pacer.admit(partner);
    let (head, body): (_, Body) = request.into_parts();
    if content_is(&head.headers, SOAP_1_2) {
        let version = soap::SoapProblem::Version;
        return Ok(Answer::fault(version.fault_code(), version.words()));
    }
    if !content_is(&head.headers, TEXT_XML) {
        return Err(Problem::unsupported_media_type(TEXT_XML));
    }
    if let Err(problem) = shed(ggk.engine.is_busy(), "exchange") {
        return Ok(Answer::unread(&problem));
    }
    let received = match ggk.pacer.read(partner, &ggk.bodies, &head.headers, body).await {
        Ok(received) if received.bytes.len() > RECEIVED_BYTES_MAX + SOAP_BYTES_MAX => {
            return Ok(Answer::unread(&Problem::too_large(RECEIVED_BYTES_MAX)));
        }
        Ok(received) => received,
        Err(problem) => return Ok(Answer::unread(&problem)),
    };
    let body = match soap::open(&received.bytes, RECEIVED_BYTES_MAX + SOAP_BYTES_MAX) {
        Ok(body) => body,
        Err(problem) => return Ok(Answer::fault(problem.fault_code(), problem.words())),
    };
    if body.document.len() > RECEIVED_BYTES_MAX {
        return Ok(Answer::unread(&Problem::too_large(RECEIVED_BYTES_MAX)));
    }
    // Who sends too much hears it as StUF says it, and sends the same again later; no further work is done for it.
    if let Err(problem) = admitted {
        let peek = peek(&body.document).map_err(|_| problem.clone())?;
        return Ok(Answer::refusal(&peek, &Fo03::server("StUF046", "Bericht kan niet worden opgeslagen")));
    }
    let action = head.headers.get("soapaction").map(|value| value.to_str().unwrap_or("?").trim_matches('"'));
    let origin = head.extensions.get::<Peer>().map(|peer| peer.address.ip());
    Ok(judge(ggk, partner, origin, body, action.unwrap_or_default()).await)
}

async fn judge(
    ggk: &Ggk,
    asker: &PartnerId,
    origin: Option<IpAddr>,
    body: soap::Body,
    action: &str,
) -> Answer {
    let known = OPERATIONS.iter().find(|(name, _)| *name == body.name);
    if !action.is_empty() && known.is_some_and(|(_, expected)| *expected != action) {
        return Answer::fault("Client", "the SOAPAction is not that of the body");
    }
    let Ok(peek) = peek(&body.document) else {
        return Answer::fault("Client", "the envelope is not well-formed");
    };
    // It is read before it is judged, since what was seen before is recognised by its content; that it is not valid is
    // said only when nothing before it in the table is wrong.
    let envelope = Envelope::read(body.document.as_bytes());
    let partners = ggk.partners.borrow().clone();
    let checked = check::Checker { engine: &ggk.engine, partners: &partners, asker };
    let passed = match checked.check(&body, &peek, envelope.as_ref().ok()) {
        Ok(passed) => passed,
        Err(check::Objection::Fault(text)) => return Answer::fault("Client", &text),
        Err(check::Objection::Fo03(error)) => {
            if error.code == check::SENDER_UNKNOWN {
                tracing::warn!(code = "SenderNotAllowed", partner = %asker, peer = origin.map(tracing::field::display), refnummer = number(&peek).map(tracing::field::display), "An envelope was refused: the certificate does not speak for its sender.");
            }
            return Answer::refusal(&peek, &error);
        }
    };
    match envelope {
        Ok(envelope) => {
            let sender = answer::sender(&peek);
            let time = peek.tijdstip.as_deref().unwrap_or_default();
            let exists = time.parse::<iwmo_codec::stuf::Tijdstip>().is_ok_and(|time| time.exists());
            if ggk.goes_back(sender, time) || !exists {
                tracing::warn!(partner = %asker, refnummer = %envelope.refnummer(), "The time in an envelope does not go forward, or does not exist.");
            }
            take::take(ggk, asker, passed, envelope, sender).await
        }
        Err(report) => {
            let first = report.diagnostics.first();
            let place =
                first.map_or_else(String::new, |found| format!(": {} on line {}", found.rule, found.line));
            Answer::fault("Client", &format!("the envelope does not follow its schema{place}"))
        }
    }
}

/// The number of an envelope, if it is one of the kind that says nothing about anybody.
fn number(peek: &Peek) -> Option<Refnummer> {
    peek.referentienummer.as_deref()?.parse().ok().filter(Refnummer::is_uuid4)
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let content_type = [(header::CONTENT_TYPE, "text/xml; charset=utf-8")];
        let mut response = (self.status, content_type, self.body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
