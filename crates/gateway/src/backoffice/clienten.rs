//! Finding a person: the BSN stands in the body, so that none gets into a URL or a log.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use iwmo_toewijzing::identity::Bsn;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Principal;
use super::api::{Api, gemeenten};
use super::openapi::Problems;
use crate::problem::Problem;
use crate::view::{self, ArrangementView};

/// Whom to find.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    /// The BSN.
    #[schema(pattern = "^[0-9]{9}$")]
    bsn: String,
    /// Only at this gemeente (CBS code).
    #[serde(default)]
    #[schema(pattern = "^[0-9]{4}$")]
    gemeente: Option<String>,
}

/// What was arranged for the person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SearchResult {
    /// Per gemeente of the token that knows the person.
    arrangementen: Vec<ArrangementView>,
}

/// Find what was arranged for a person, over all aanbieders, with a timeline that says what happened and under which
/// rule.
#[utoipa::path(
    post,
    path = "/api/v1/clienten/zoek",
    tag = "clienten",
    request_body = Search,
    responses(
        (status = 200, body = SearchResult, description = "Empty when no gemeente of the token knows the person."),
        (status = 413, description = "The question is too large."),
        (status = 415, description = "The question is not `application/json`."),
        (status = 422, description = "The question is not what it should be."),
        Problems
    )
)]
pub(super) async fn search(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Json(search): Json<Search>,
) -> Result<Json<SearchResult>, Problem> {
    let bsn = Bsn::new(&search.bsn).map_err(|_| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "ongeldig-bsn", "The BSN is not one")
            .detail("bsn: nine digits")
    })?;
    let looked_in = gemeenten(&principal, search.gemeente.as_deref())?;
    let today = api.clock.today();
    let arrangementen: Vec<ArrangementView> = api
        .read(move |api| {
            let engine = &api.engine;
            let (ledger, journal, schemas) = (engine.ledger(), engine.journal(), engine.schemas());
            let find = |gemeente| view::arrangement(ledger, journal, schemas, gemeente, &bsn, today);
            looked_in.into_iter().filter_map(|gemeente| find(gemeente).transpose()).collect()
        })
        .await?;
    let found = arrangementen.len();
    tracing::info!(code = "BackofficePersonViewed", token = principal.name, found, "A person was looked up.");
    Ok(Json(SearchResult { arrangementen }))
}
