//! Deadlines: what is due from whom.

use axum::Json;
use axum::extract::{Extension, State};
use iwmo_toewijzing::deadline::Stand;
use iwmo_toewijzing::identity::Aanbieder;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Principal;
use super::api::{Api, after, bad_query, chosen, gemeenten, limit};
use super::asked::Filters;
use super::openapi::Problems;
use crate::problem::Problem;
use crate::view::{self, TermijnFilter, TermijnView};

/// The filters of a list of deadlines.
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
    /// Only this timer: RETOUR_OUT, RETOUR_IN, START_DUE, STOP_DUE, STOP_MISSING, NO_START, CONTACT, START_AGREED,
    /// CAK_DATA, CAK_PGB, CAK_COMPARE, OP274, OP346, OP090x4, FAQ-315, VERWIJDERING, or TR335, which is shown only when it is
    /// asked for.
    #[param(
        pattern = "^(RETOUR_OUT|RETOUR_IN|START_DUE|STOP_DUE|STOP_MISSING|NO_START|CAK_DATA|OP274|OP346|OP090x4|FAQ-315|CONTACT|START_AGREED|TR335|CAK_PGB|CAK_COMPARE|VERWIJDERING)$"
    )]
    termijn: Option<String>,
    /// Only those that stand so: `loopt`, `verlopen`, `gehaald` or `te_laat`, or several with commas between. As if not
    /// given: what is not met.
    #[param(pattern = "^(loopt|verlopen|gehaald|te_laat)(,(loopt|verlopen|gehaald|te_laat))*$")]
    stand: Option<String>,
    /// Only those whose last day has passed.
    #[serde(default)]
    #[param(required = false)]
    verlopen: bool,
    /// Only those whose last day is this one or later, as `2026-11-01`. Without it, of what was met, those of the last 92
    /// days.
    #[param(format = Date)]
    vanaf: Option<String>,
    /// Only those whose last day is this one or before, as `2026-11-25`.
    #[param(format = Date)]
    tot: Option<String>,
    /// The value of `volgende` of the page before.
    #[param(pattern = "^([0-9a-f]{2}){1,512}$")]
    na: Option<String>,
    /// At most so many rows; 50 if not given, 500 at most.
    #[param(minimum = 1, maximum = 500)]
    aantal: Option<usize>,
}

/// A page of deadlines.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TermijnenPage {
    /// The deadlines, the earliest first; where the filters leave out much, fewer than asked for, or none.
    termijnen: Vec<TermijnView>,
    /// Where the next page begins; none: there is no more.
    volgende: Option<String>,
}

/// List what is due from whom.
#[utoipa::path(
    get,
    path = "/api/v1/termijnen",
    tag = "werk",
    params(ListQuery),
    responses((status = 200, body = TermijnenPage), Problems)
)]
pub(super) async fn list(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Filters(query): Filters<ListQuery>,
) -> Result<Json<TermijnenPage>, Problem> {
    let aanbieder = query.aanbieder.as_deref().map(Aanbieder::new).transpose();
    let day = |name, day: Option<&str>| {
        let day = day.map(str::parse).transpose();
        day.map_err(|_: jiff::Error| bad_query(name, "give a day, as 2026-11-25"))
    };
    let filter = TermijnFilter {
        gemeenten: Some(gemeenten(&principal, query.gemeente.as_deref())?),
        aanbieder: aanbieder.map_err(|error| bad_query("aanbieder", &error.to_string()))?,
        termijn: chosen("termijn", query.termijn.as_deref(), view::termijn)?,
        verlopen: query.verlopen,
        standen: standen(query.stand.as_deref())?,
        vanaf: day("vanaf", query.vanaf.as_deref())?,
        tot: day("tot", query.tot.as_deref())?,
        after: after(query.na.as_deref())?,
        limit: limit(query.aantal)?,
    };
    let today = api.clock.today();
    // Of those that go through what is on record one does at a time: they would take the turns of all others.
    let _walk = if filter.walks() { Some(api.walks.acquire().await) } else { None };
    let page =
        api.read(move |api| view::termijnen(api.engine.ledger(), &api.settings(), &filter, today)).await?;
    Ok(Json(TermijnenPage { termijnen: page.rows, volgende: page.next.map(|next| next.to_string()) }))
}

fn standen(asked: Option<&str>) -> Result<Vec<Stand>, Problem> {
    let Some(asked) = asked else { return Ok(Vec::new()) };
    let one = |word: &str| Stand::ALL.into_iter().find(|stand| stand.as_str() == word);
    let found: Option<Vec<Stand>> = asked.split(',').map(one).collect();
    found.ok_or_else(|| bad_query("stand", "give loopt, verlopen, gehaald or te_laat"))
}
