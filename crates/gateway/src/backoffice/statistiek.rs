//! Figures: volumes, refusals, lead times, costs.

use axum::Json;
use axum::extract::{Extension, State};
use serde::Deserialize;

use super::Principal;
use super::api::{Api, bad_query, gemeenten};
use super::asked::Filters;
use super::openapi::Problems;
use crate::problem::Problem;
use crate::view::{self, Statistiek, StatistiekFilter};

/// Which figures.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FigureQuery {
    /// Only of this gemeente (CBS code).
    #[param(pattern = "^[0-9]{4}$")]
    gemeente: Option<String>,
    /// From this month on, `2026-11`.
    #[param(pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$")]
    van: Option<String>,
    /// Up to and including this month, `2026-11`.
    #[param(pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$")]
    tot: Option<String>,
}

/// Show figures: messages, refusals, lead times, products and costs, by gemeente and month.
#[utoipa::path(
    get,
    path = "/api/v1/statistiek",
    tag = "statistiek",
    params(FigureQuery),
    responses((status = 200, body = Statistiek), Problems)
)]
pub(super) async fn figures(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Filters(query): Filters<FigureQuery>,
) -> Result<Json<Statistiek>, Problem> {
    let month = |name: &str, text: &Option<String>| {
        let month = |text: &str| view::month(text).ok_or_else(|| bad_query(name, "give a month, as 2026-11"));
        text.as_deref().map(month).transpose()
    };
    let filter = StatistiekFilter {
        gemeenten: gemeenten(&principal, query.gemeente.as_deref())?,
        van: month("van", &query.van)?,
        tot: month("tot", &query.tot)?,
    };
    api.read(move |api| view::statistiek(api.engine.ledger(), &filter)).await.map(Json)
}
