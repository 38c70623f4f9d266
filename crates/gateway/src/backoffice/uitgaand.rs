//! Outgoing messages: where each stands, the message itself, and what a system may change about them.

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::api::{Api, RETRY_AFTER_SECONDS, bad_query, gemeenten, limit, visible};
use super::berichten::{as_xml, entry_id};
use super::openapi::Problems;
use super::{Principal, idempotency_key};
use crate::control::{Change, OutboxChange, OutboxVerb, Plan, Summary};
use crate::engine::record::{Blik, Plek, Record, Sleutel, Wie};
use crate::engine::{Act, ActError, Acted, OutgoingId, Refusal};
use crate::journal::{Chain, EntryId};
use crate::ledger::{self, LedgerError, Rows, keys};
use crate::listener::body::content_is;
use crate::problem::Problem;
use crate::view::{self, OutgoingFilter, OutgoingView};

/// Most names in one request.
const NAMES_MAX: usize = 1000;

/// The filters of a list of outgoing messages.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only of this gemeente (CBS code).
    #[param(pattern = "^[0-9]{4}$")]
    gemeente: Option<String>,
    /// Only to this partner.
    partner: Option<String>,
    /// Only of this kind, as `WMO306`.
    bericht: Option<String>,
    /// Only those that stand so: `wacht`, `doorgegeven`, `bezorgd`, `geparkeerd`, `vastgehouden` or `geannuleerd`.
    stand: Option<String>,
    /// Those delivered too; without it and without `stand` they are left out.
    #[serde(default)]
    #[param(required = false)]
    alle: bool,
    /// The value of `volgende` of the page before.
    #[param(pattern = "^[0-9]{4}:[1-9][0-9]{0,17}/[0-9]{1,4}$")]
    na: Option<String>,
    /// At most so many rows; 50 if not given, 500 at most.
    #[param(minimum = 1, maximum = 500)]
    aantal: Option<usize>,
}

/// A page of outgoing messages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UitgaandPage {
    /// The messages, in order of gemeente and entry. A page may have fewer than asked, or none, while there is more.
    uitgaand: Vec<OutgoingView>,
    /// Where the next page begins; none: there is no more.
    volgende: Option<String>,
}

/// List outgoing messages, and why they wait.
#[utoipa::path(
    get,
    path = "/api/v1/uitgaand",
    tag = "werk",
    params(ListQuery),
    responses((status = 200, body = UitgaandPage), Problems)
)]
pub(super) async fn list(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Query(query): Query<ListQuery>,
) -> Result<Json<UitgaandPage>, Problem> {
    let after = match query.na.as_deref() {
        None => None,
        Some(text) => {
            let id = view::outgoing_id(text);
            Some(id.ok_or_else(|| bad_query("na", "give the value of `volgende` of the page before"))?)
        }
    };
    let filter = OutgoingFilter {
        gemeenten: Some(gemeenten(&principal, query.gemeente.as_deref())?),
        partner: query.partner,
        bericht: query.bericht,
        stand: query.stand,
        all: query.alle,
        after,
        limit: limit(query.aantal)?,
    };
    let page = api.read(move |api| view::outgoing_page(api.engine.ledger(), &filter)).await?;
    Ok(Json(UitgaandPage { uitgaand: page.rows, volgende: page.next.map(|next| next.to_string()) }))
}

/// Show an outgoing message as it is sent.
#[utoipa::path(
    get,
    path = "/api/v1/uitgaand/{entry}/{nummer}/xml",
    tag = "werk",
    params(
        ("entry" = String, Path, description = "The entry that made it, `GEMEENTE:SEQ`"),
        ("nummer" = u16, Path, description = "Its place among those of the entry, from 0")
    ),
    responses((status = 200, body = String, content_type = "application/xml"), Problems)
)]
pub(super) async fn xml(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Path((entry, nummer)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let entry = entry_id(&principal, &entry)?;
    let index = nummer.parse().map_err(|_| Problem::not_found())?;
    let id = OutgoingId { gemeente: entry.chain.code(), seq: entry.seq, index };
    let bytes = api.read(move |api| Ok(api.engine.outgoing_bytes(&id))).await?;
    let bytes = bytes.ok_or_else(Problem::not_found)?;
    let bericht = Plek { seq: entry.seq, index };
    api.look(&principal, entry.chain, Blik::Uitgaand { bericht }).await?;
    Ok(as_xml(bytes))
}

/// What to do with which outgoing messages.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Opdracht {
    // A description here would make `allOf` of it, with a type that no text has.
    #[schema(inline)]
    wat: Verb,
    /// Why; it is recorded with the token's name.
    #[schema(min_length = 1, max_length = 1000)]
    reden: String,
    /// Only show what would be done.
    #[serde(default)]
    proef: bool,
    /// The messages, `GEMEENTE:SEQ/N`, of one gemeente; without it the filters choose.
    #[serde(default)]
    #[schema(max_items = 1000)]
    berichten: Vec<String>,
    /// Of this gemeente (CBS code); needed without `berichten`.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{4}$")]
    gemeente: Option<String>,
    /// Only to this partner.
    #[serde(default)]
    partner: Option<String>,
    /// Only of this kind, as `WMO306`.
    #[serde(default)]
    bericht: Option<String>,
    /// Only those that stand so: `wacht`, `doorgegeven`, `geparkeerd` or `vastgehouden`.
    #[serde(default)]
    stand: Option<String>,
}

/// What becomes of outgoing messages.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Verb {
    /// Sent again at once.
    Opnieuw,
    /// Not sent until released, nor younger ones about the same person.
    Vasthouden,
    /// Sent again.
    Vrijgeven,
    /// Never sent.
    Annuleren,
}

/// What was done, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Uitgevoerd {
    /// Whether it was done, and not only shown.
    uitgevoerd: bool,
    /// The same request was made before; this is what came of it then.
    dubbel: bool,
    /// How many messages it changes.
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
    pub(super) fn planned(uitgevoerd: bool, summary: Summary) -> Self {
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
    pub(super) fn acted(&mut self, acted: &Acted) {
        self.aantal = acted.gewijzigd;
        self.handeling = acted.entry.map(|entry| entry.to_string());
    }
}

/// Send outgoing messages again, hold, release or cancel them.
///
/// Messages that are so already are left alone. One that is named and cannot be changed refuses the whole. A request with
/// an `Idempotency-Key` that is sent again with the same body changes nothing more.
#[utoipa::path(
    post,
    path = "/api/v1/uitgaand",
    tag = "werk",
    params(("Idempotency-Key" = Option<String>, Header, description = "Names the request, as a UUID")),
    request_body = Opdracht,
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
    let asked: Opdracht = serde_json::from_slice(&body).map_err(|error| refused(&shape(&error)))?;
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
        return Err(refused("more messages than one act may name; choose fewer"));
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

/// The entry that the key of a request is bound to.
pub(super) async fn bound(
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
pub(super) async fn again(api: &Api, entry: EntryId) -> Result<Uitgevoerd, Problem> {
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

impl Opdracht {
    fn change(&self, principal: &Principal) -> Result<Change, Problem> {
        let named = self.berichten.first().map(|name| name.split(':').next().unwrap_or_default().to_owned());
        if self.berichten.len() > NAMES_MAX {
            return Err(refused(&format!("berichten: at most {NAMES_MAX} names")));
        }
        let gemeente = match (&self.gemeente, named) {
            (Some(gemeente), _) => gemeente.clone(),
            (None, Some(gemeente)) => gemeente,
            (None, None) => return Err(refused("give `berichten`, or `gemeente` and filters")),
        };
        let gemeente = visible(principal, &gemeente)?.as_str().to_owned();
        let other = |name: &&String| name.split(':').next() != Some(&gemeente);
        if let Some(other) = self.berichten.iter().find(other) {
            let other = other.split(':').next().unwrap_or_default();
            visible(principal, other)?;
            return Err(refused("berichten: name messages of one gemeente"));
        }
        Ok(Change::Uitgaand(OutboxChange {
            verb: self.verb(),
            berichten: self.berichten.clone(),
            gemeenten: Some(vec![gemeente]),
            partner: self.partner.clone(),
            bericht: self.bericht.clone(),
            stand: self.stand.clone(),
        }))
    }

    fn verb(&self) -> OutboxVerb {
        match self.wat {
            Verb::Opnieuw => OutboxVerb::Opnieuw,
            Verb::Vasthouden => OutboxVerb::Vasthouden,
            Verb::Vrijgeven => OutboxVerb::Vrijgeven,
            Verb::Annuleren => OutboxVerb::Annuleren,
        }
    }
}

/// What is wrong with the JSON, without repeating it.
pub(super) fn shape(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => {
            format!("the JSON has another shape at line {}, column {}", error.line(), error.column())
        }
        _ => format!("this is no JSON: line {}, column {}", error.line(), error.column()),
    }
}

fn refused(what: &str) -> Problem {
    let title = "This cannot be done with outgoing messages";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "handeling-geweigerd", title).detail(what)
}
