//! Finding a person: the BSN stands in the body, so that none gets into a URL or a log.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use futures_util::future::try_join_all;
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Principal;
use super::api::{Api, gemeenten};
use super::asked::Question;
use super::openapi::{BodyProblems, Problems};
use crate::ledger::{Persoon, Rows, keys};
use crate::problem::Problem;
use crate::record::Blik;
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
        BodyProblems,
        Problems
    )
)]
pub(super) async fn search(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Question(search): Question<Search>,
) -> Result<Json<SearchResult>, Problem> {
    let bsn = Bsn::new(&search.bsn).map_err(|_| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "ongeldig-bsn", "The BSN is not one")
            .detail("bsn: nine digits")
    })?;
    let looked_in = gemeenten(&principal, search.gemeente.as_deref())?;
    let today = api.clock.today();
    let found: Vec<(Gemeente, Option<u64>, Option<ArrangementView>)> = api
        .read(move |api| {
            let engine = &api.engine;
            let (ledger, journal, schemas) = (engine.ledger(), engine.journal(), engine.schemas());
            let find = |gemeente| {
                let persoon: Option<Persoon> = ledger.row(&keys::persoon(gemeente, &bsn))?;
                let arrangement = view::arrangement(ledger, journal, schemas, gemeente, &bsn, today)?;
                Ok((gemeente, persoon.map(|persoon| persoon.sinds), arrangement))
            };
            looked_in.into_iter().map(find).collect()
        })
        .await?;
    let looks = found.iter().map(|(gemeente, sinds, _)| {
        api.look(&principal, keys::chain(*gemeente), Blik::Persoon { sinds: *sinds })
    });
    try_join_all(looks).await?;
    let arrangementen = found.into_iter().filter_map(|(_, _, arrangement)| arrangement).collect();
    Ok(Json(SearchResult { arrangementen }))
}
