//! Toewijzingen: state, delivery, timeline and why.

use axum::Json;
use axum::extract::{Extension, Path, State};
use iwmo_toewijzing::identity::{Aanbieder, Gemeente, ToewijzingNummer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Principal;
use super::api::{Api, bad_query, chosen, gemeenten, limit, visible};
use super::asked::Filters;
use super::openapi::Problems;
use crate::ledger::keys;
use crate::problem::Problem;
use crate::record::Blik;
use crate::view::{self, ToewijzingFilter, ToewijzingView};

/// The filters of a list of toewijzingen.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only of this gemeente (CBS code).
    #[param(pattern = "^[0-9]{4}$")]
    gemeente: Option<String>,
    /// Only of this aanbieder (AGB code).
    #[param(pattern = "^[0-9]{8}$")]
    aanbieder: Option<String>,
    /// Only in this state of delivery: NIET_GESTART, GESTART, TIJDELIJK_GESTOPT or BEEINDIGD.
    #[param(pattern = "^(NIET_GESTART|GESTART|TIJDELIJK_GESTOPT|BEEINDIGD)$")]
    levering: Option<String>,
    /// The value of `volgende` of the page before.
    #[param(pattern = "^[0-9]{4}:[1-9][0-9]{0,8}$")]
    na: Option<String>,
    /// At most so many rows; 50 if not given, 500 at most.
    #[param(minimum = 1, maximum = 500)]
    aantal: Option<usize>,
}

/// A page of toewijzingen.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ToewijzingenPage {
    /// The toewijzingen, without timeline, in order of gemeente and number.
    toewijzingen: Vec<ToewijzingView>,
    /// Where the next page begins; none: there is no more.
    volgende: Option<String>,
}

/// List toewijzingen.
#[utoipa::path(
    get,
    path = "/api/v1/toewijzingen",
    tag = "toewijzingen",
    params(ListQuery),
    responses((status = 200, body = ToewijzingenPage), Problems)
)]
pub(super) async fn list(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Filters(query): Filters<ListQuery>,
) -> Result<Json<ToewijzingenPage>, Problem> {
    let aanbieder = query.aanbieder.as_deref().map(Aanbieder::new).transpose();
    let limit = limit(query.aantal)?;
    let filter = ToewijzingFilter {
        gemeenten: Some(gemeenten(&principal, query.gemeente.as_deref())?),
        aanbieder: aanbieder.map_err(|error| bad_query("aanbieder", &error.to_string()))?,
        levering: chosen("levering", query.levering.as_deref(), view::levering)?,
        after: query.na.as_deref().map(cursor).transpose()?,
        limit,
    };
    let today = api.clock.today();
    let found = api.read(move |api| view::toewijzingen(api.engine.ledger(), &filter, today)).await?;
    let full = found.len() == limit;
    let volgende = found.last().filter(|_| full).map(|last| format!("{}:{}", last.gemeente, last.nummer));
    Ok(Json(ToewijzingenPage { toewijzingen: found, volgende }))
}

/// Show one toewijzing with its timeline.
#[utoipa::path(
    get,
    path = "/api/v1/toewijzingen/{gemeente}/{nummer}",
    tag = "toewijzingen",
    params(
        ("gemeente" = String, Path, description = "CBS code", pattern = "^[0-9]{4}$"),
        ("nummer" = u32, Path, description = "ToewijzingNummer")
    ),
    responses((status = 200, body = ToewijzingView), Problems)
)]
pub(super) async fn show(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Path((gemeente, nummer)): Path<(String, String)>,
) -> Result<Json<ToewijzingView>, Problem> {
    let gemeente = visible(&principal, &gemeente)?;
    let nummer = number(&nummer).ok_or_else(Problem::not_found)?;
    let today = api.clock.today();
    let found = api
        .read(move |api| {
            let engine = &api.engine;
            view::toewijzing(engine.ledger(), engine.journal(), engine.schemas(), gemeente, nummer, today)
        })
        .await?;
    let found = found.ok_or_else(Problem::not_found)?;
    api.look(&principal, keys::chain(gemeente), Blik::Toewijzing { nummer: nummer.value() }).await?;
    Ok(Json(found))
}

/// Reads a ToewijzingNummer.
pub(super) fn number(text: &str) -> Option<ToewijzingNummer> {
    ToewijzingNummer::new(text.parse().ok()?).ok()
}

fn cursor(text: &str) -> Result<(Gemeente, ToewijzingNummer), Problem> {
    let parts = text
        .split_once(':')
        .and_then(|(gemeente, nummer)| Some((Gemeente::new(gemeente).ok()?, number(nummer)?)));
    parts.ok_or_else(|| bad_query("na", "give the value of `volgende` of the page before"))
}
