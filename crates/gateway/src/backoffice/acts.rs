//! What every request that changes something goes through: its key, what it comes to, and the act that is recorded.

use axum::Json;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::api::{Api, RETRY_AFTER_SECONDS};
use super::asked::without_values;
use super::{Principal, idempotency_key};
use crate::control::{Change, Plan, Summary};
use crate::engine::{Act, ActError, Acted, Refusal};
use crate::journal::{Chain, EntryId};
use crate::ledger::{self, LedgerError, Rows, keys};
use crate::listener::body::content_is;
use crate::problem::Problem;
use crate::record::{Record, Sleutel, Wie};

/// Most names in one request.
pub(super) const NAMES_MAX: usize = 1000;

/// What a request asks for.
pub(super) struct Asked {
    /// The change.
    pub(super) change: Change,
    /// Why.
    pub(super) reden: String,
    /// Only show what would be done.
    pub(super) proef: bool,
}

/// The body of a request that changes something.
pub(super) trait Asking: DeserializeOwned {
    /// Said of a request that is refused.
    const REFUSED: &'static str;

    /// Said of one that comes to more than one act.
    const TOO_MUCH: &'static str = "this comes to more than one act";

    /// Returns what is asked for, if the principal may ask for it.
    fn asked(self, principal: &Principal) -> Result<Asked, Problem>;

    /// The answer to a request that cannot be done.
    fn refused(what: &str) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "handeling-geweigerd", Self::REFUSED).detail(what)
    }
}

/// What was done, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Uitgevoerd {
    /// Whether it was done, and not only shown.
    uitgevoerd: bool,
    /// The same request was made before; this is what came of it then.
    dubbel: bool,
    /// How many messages, or statements, it changes.
    aantal: u64,
    /// How many were so already.
    ongewijzigd: u64,
    /// The journal entry that records it; none: there was nothing to do.
    handeling: Option<String>,
    /// What to know before, in Dutch.
    waarschuwingen: Vec<String>,
}

impl Uitgevoerd {
    /// What a change would do; `uitgevoerd`: it is about to be done.
    fn planned(uitgevoerd: bool, summary: Summary) -> Self {
        Self {
            uitgevoerd,
            dubbel: false,
            aantal: summary.aantal,
            ongewijzigd: summary.ongewijzigd,
            handeling: None,
            waarschuwingen: summary.waarschuwingen.into_iter().map(|words| words.nl).collect(),
        }
    }

    /// Takes over what was done.
    fn acted(&mut self, acted: &Acted) {
        self.aantal = acted.gewijzigd;
        self.handeling = acted.entry.map(|entry| entry.to_string());
    }
}

/// Does what a request asks for, once.
///
/// # Errors
///
/// The request is not what it should be, cannot be done, or reuses the key of another.
pub(super) async fn perform<T: Asking>(
    api: &Api,
    principal: &Principal,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Json<Uitgevoerd>, Problem> {
    if !content_is(headers, "application/json") {
        return Err(Problem::unsupported_media_type("application/json"));
    }
    let key = idempotency_key(headers, body)?;
    let asked: T = serde_json::from_slice(body).map_err(|error| T::refused(&shape(body, &error)))?;
    let Asked { change, reden, proef } = asked.asked(principal)?;
    let sleutel = key.map(|key| Sleutel { sleutel: key.key().to_owned(), inhoud: *key.body() });
    if let Some(entry) = bound(api, principal, sleutel.as_ref()).await? {
        return again(api, entry).await.map(Json);
    }
    let Plan { mut acts, summary } = api
        .read(move |api| Ok(change.plan(api.engine.ledger(), &api.engine.settings())))
        .await?
        .map_err(|error| T::refused(&error.to_string()))?;
    if acts.len() > 1 {
        return Err(T::refused(T::TOO_MUCH));
    }
    let mut done = Uitgevoerd::planned(!proef, summary);
    let Some((chain, wat)) = acts.pop().filter(|_| !proef) else { return Ok(Json(done)) };
    let wie = Wie::Token { naam: principal.name.clone() };
    let acted = match api.engine.act(Act { chain, wie, wat, reden, gekozen: false, sleutel }).await {
        Ok(acted) => acted,
        Err(ActError::KeyReused) => return Err(Refusal::KeyReused.into()),
        Err(ActError::Unavailable(reason)) => {
            return Err(Refusal::Unavailable { reason, retry_after_seconds: RETRY_AFTER_SECONDS }.into());
        }
        Err(error) => return Err(T::refused(&error.to_string())),
    };
    // The same request came in between.
    if let Some(entry) = acted.entry.filter(|_| acted.dubbel) {
        return again(api, entry).await.map(Json);
    }
    done.acted(&acted);
    Ok(Json(done))
}

/// The entry that the key of a request is bound to.
async fn bound(
    api: &Api,
    principal: &Principal,
    sleutel: Option<&Sleutel>,
) -> Result<Option<EntryId>, Problem> {
    let Some(sleutel) = sleutel else { return Ok(None) };
    let key = keys::sleutel(&principal.name, &sleutel.sleutel);
    let row: Option<ledger::Sleutel> = api.read(move |api| api.engine.ledger().row(&key)).await?;
    match row {
        None => Ok(None),
        Some(row) if row.inhoud == sleutel.inhoud => {
            Ok(Chain::new(row.chain).map(|chain| EntryId { chain, seq: row.seq }))
        }
        Some(_) => Err(Refusal::KeyReused.into()),
    }
}

/// The answer to a request that was made before.
async fn again(api: &Api, entry: EntryId) -> Result<Uitgevoerd, Problem> {
    let aantal = api.read(move |api| changed_by(api, entry)).await?;
    Ok(Uitgevoerd {
        uitgevoerd: true,
        dubbel: true,
        aantal,
        ongewijzigd: 0,
        handeling: Some(entry.to_string()),
        waarschuwingen: Vec::new(),
    })
}

/// How many things an act changed, by its record.
fn changed_by(api: &Api, id: EntryId) -> Result<u64, LedgerError> {
    let Some(entry) = api.engine.journal().get(id.chain, id.seq)? else { return Ok(0) };
    Ok(match Record::decode(entry.kind, entry.version, &entry.payload) {
        Ok(Record::Handeling(handeling)) => handeling.wat.aantal(),
        _ => 0,
    })
}

/// What is wrong with the JSON, without repeating it.
fn shape(body: &[u8], error: &serde_json::Error) -> String {
    let place = format!("line {}, column {}", error.line(), error.column());
    match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
        Ok(_) => format!("{}; /api/v1/openapi.json describes it", without_values(&error.to_string())),
        Err(_) => format!("this is no JSON: {place}"),
    }
}
