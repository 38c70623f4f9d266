//! Outgoing messages: where each stands, and the message itself.

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Principal;
use super::api::{Api, bad_query, gemeenten, limit};
use super::berichten::{as_xml, entry_id};
use super::openapi::Problems;
use crate::engine::OutgoingId;
use crate::engine::record::{Blik, Plek};
use crate::problem::Problem;
use crate::view::{self, OutgoingFilter, OutgoingView};

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
        limit: limit(query.aantal),
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
