//! Work that a system deals with: what was odd about messages, deadlines that no message shows to be met, and persons
//! whose notifications to the CAK go on. The same acts as `iwmo work done` and `iwmo work release`.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use serde::Deserialize;
use utoipa::ToSchema;

use super::api::{Api, RETRY_AFTER_SECONDS, visible};
use super::openapi::Problems;
use super::uitgaand::{Uitgevoerd, again, bound, shape};
use super::{Principal, idempotency_key};
use crate::control::{Change, Plan, WorkChange, WorkVerb};
use crate::engine::record::{Sleutel, Wie};
use crate::engine::{Act, ActError, Refusal};
use crate::listener::body::content_is;
use crate::problem::Problem;

/// Most names in one request.
const NAMES_MAX: usize = 1000;

/// What to do with which work.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Afhandeling {
    #[schema(inline)]
    wat: Verb,
    /// Why; it is recorded with the token's name.
    #[schema(min_length = 1, max_length = 1000)]
    reden: String,
    /// Only show what would be done.
    #[serde(default)]
    proef: bool,
    /// The work by its `entry` in the queue, of one gemeente; without it the filters choose.
    #[serde(default)]
    #[schema(max_items = 1000)]
    werk: Vec<String>,
    /// Of this gemeente (CBS code); needed without `werk`.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{4}$")]
    gemeente: Option<String>,
    /// Only with this aanbieder (AGB code).
    #[serde(default)]
    #[schema(pattern = "^[0-9]{8}$")]
    aanbieder: Option<String>,
    /// Only with this code, as TRANSPORT or START_LATE.
    #[serde(default)]
    code: Option<String>,
}

/// What becomes of work.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Verb {
    /// What was odd about messages (`waarschuwing`) or overdue by agreement (`start`) is dealt with.
    Afhandelen,
    /// The notifications to the CAK of persons (`cak`) go on.
    Vrijgeven,
}

/// Say that work was dealt with, or let the notifications of persons go on.
///
/// What is so already is left alone. One that is named and cannot be changed refuses the whole. A request with an
/// `Idempotency-Key` that is sent again with the same body changes nothing more.
#[utoipa::path(
    post,
    path = "/api/v1/werk",
    tag = "werk",
    params(("Idempotency-Key" = Option<String>, Header, description = "Names the request, as a UUID")),
    request_body = Afhandeling,
    responses(
        (status = 200, body = Uitgevoerd),
        (status = 413, description = "The request is too large."),
        (status = 415, description = "The request is not `application/json`."),
        (status = 422, description = "The request is not what it should be, or cannot be done."),
        Problems
    )
)]
pub(super) async fn act(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Uitgevoerd>, Problem> {
    if !content_is(&headers, "application/json") {
        return Err(Problem::unsupported_media_type("application/json"));
    }
    let key = idempotency_key(&headers, &body)?;
    let asked: Afhandeling = serde_json::from_slice(&body).map_err(|error| refused(&shape(&error)))?;
    if asked.reden.trim().is_empty() {
        return Err(refused(&ActError::NoReason.to_string()));
    }
    let change = asked.change(&principal)?;
    let sleutel = key.map(|key| Sleutel { sleutel: key.key().to_owned(), inhoud: *key.body() });
    if let Some(entry) = bound(&api, &principal, sleutel.as_ref()).await? {
        return again(&api, entry).await.map(Json);
    }
    let Plan { mut acts, summary } = api
        .read(move |api| Ok(change.plan(api.engine.ledger())))
        .await?
        .map_err(|error| refused(&error.to_string()))?;
    if acts.len() > 1 {
        return Err(refused("this comes to more than one act: name work of one sort, or less of it"));
    }
    let mut done = Uitgevoerd::planned(!asked.proef, summary);
    let Some((chain, wat)) = acts.pop().filter(|_| !asked.proef) else { return Ok(Json(done)) };
    let wie = Wie::Token { naam: principal.name.clone() };
    let acted = match api.engine.act(Act { chain, wie, wat, reden: asked.reden, sleutel }).await {
        Ok(acted) => acted,
        Err(ActError::KeyReused) => return Err(Refusal::KeyReused.into()),
        Err(ActError::Unavailable(reason)) => {
            return Err(Refusal::Unavailable { reason, retry_after_seconds: RETRY_AFTER_SECONDS }.into());
        }
        Err(error) => return Err(refused(&error.to_string())),
    };
    // The same request came in between.
    if let Some(entry) = acted.entry.filter(|_| acted.dubbel) {
        return again(&api, entry).await.map(Json);
    }
    done.acted(&acted);
    Ok(Json(done))
}

impl Afhandeling {
    fn change(&self, principal: &Principal) -> Result<Change, Problem> {
        if self.werk.len() > NAMES_MAX {
            return Err(refused(&format!("werk: at most {NAMES_MAX} names")));
        }
        if !self.werk.is_empty() && (self.aanbieder.is_some() || self.code.is_some()) {
            return Err(refused("give `werk` or filters, not both"));
        }
        let of = |name: &str| name.split([':', '/']).next().unwrap_or_default().to_owned();
        let gemeente = match (&self.gemeente, self.werk.first()) {
            (Some(gemeente), _) => gemeente.clone(),
            (None, Some(name)) => of(name),
            (None, None) => return Err(refused("give `werk`, or `gemeente` and filters")),
        };
        let gemeente = visible(principal, &gemeente)?.as_str().to_owned();
        if let Some(other) = self.werk.iter().map(|name| of(name)).find(|other| *other != gemeente) {
            visible(principal, &other)?;
            return Err(refused("werk: name work of one gemeente"));
        }
        Ok(Change::Werk(WorkChange {
            verb: match self.wat {
                Verb::Afhandelen => WorkVerb::Afhandelen,
                Verb::Vrijgeven => WorkVerb::Vrijgeven,
            },
            namen: self.werk.clone(),
            gemeente: Some(gemeente),
            aanbieder: self.aanbieder.clone(),
            code: self.code.clone(),
        }))
    }
}

fn refused(what: &str) -> Problem {
    let title = "This cannot be done with work";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "handeling-geweigerd", title).detail(what)
}
