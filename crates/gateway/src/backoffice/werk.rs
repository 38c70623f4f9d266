//! The work queue: what a person of the gemeente must do or look at.

use axum::Json;
use axum::extract::{Extension, State};
use iwmo_toewijzing::identity::Aanbieder;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Principal;
use super::api::{Api, after, bad_query, gemeenten, limit};
use super::asked::Filters;
use super::openapi::Problems;
use crate::problem::Problem;
use crate::view::{self, NotAKind, WerkFilter, WerkView};

/// The filters of the work queue.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only of this gemeente (CBS code).
    #[param(pattern = "^[0-9]{4}$")]
    gemeente: Option<String>,
    /// Only with this aanbieder (AGB code).
    #[param(pattern = "^[0-9]{8}$")]
    aanbieder: Option<String>,
    /// Only this kind: verzoek, declaratie, afgekeurd, stop, start, anomalie, cak, uitgaand, geparkeerd or waarschuwing.
    #[param(
        pattern = "^(verzoek|declaratie|afgekeurd|stop|start|anomalie|cak|uitgaand|geparkeerd|waarschuwing)$"
    )]
    soort: Option<String>,
    /// Only with this code, as TWO_OPEN_STARTS.
    code: Option<String>,
    /// Only what is overdue.
    #[serde(default)]
    #[param(required = false)]
    verlopen: bool,
    /// The value of `volgende` of the page before.
    #[param(pattern = "^([0-9a-f]{2}){1,512}$")]
    na: Option<String>,
    /// At most so many rows; 50 if not given, 500 at most.
    #[param(minimum = 1, maximum = 500)]
    aantal: Option<usize>,
}

/// A page of the work queue.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WerkPage {
    /// The work, what is due first in front; where the filters leave out much, fewer than asked for, or none.
    werk: Vec<WerkView>,
    /// Where the next page begins; none: there is no more.
    volgende: Option<String>,
}

/// List what a person must do or look at.
#[utoipa::path(
    get,
    path = "/api/v1/werk",
    tag = "werk",
    params(ListQuery),
    responses((status = 200, body = WerkPage), Problems)
)]
pub(super) async fn list(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Filters(query): Filters<ListQuery>,
) -> Result<Json<WerkPage>, Problem> {
    let aanbieder = query.aanbieder.as_deref().map(Aanbieder::new).transpose();
    let soort = query.soort.as_deref().map(str::parse).transpose();
    let filter = WerkFilter {
        gemeenten: Some(gemeenten(&principal, query.gemeente.as_deref())?),
        aanbieder: aanbieder.map_err(|error| bad_query("aanbieder", &error.to_string()))?,
        soort: soort.map_err(|error: NotAKind| bad_query("soort", &error.to_string()))?,
        code: query.code.map(|code| code.to_uppercase()),
        verlopen: query.verlopen,
        after: after(query.na.as_deref())?,
        limit: limit(query.aantal)?,
    };
    let today = api.clock.today();
    let page = api.read(move |api| view::werk(api.engine.ledger(), &api.settings(), &filter, today)).await?;
    Ok(Json(WerkPage { werk: page.rows, volgende: page.next.map(|next| next.to_string()) }))
}
