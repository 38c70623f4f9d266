//! Messages received: what was decided about each, and the message itself.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Principal;
use super::api::{Api, bad_query, chosen, gemeenten, limit, visible};
use super::asked::Filters;
use super::openapi::Problems;
use super::toewijzingen::number;
use crate::clock::{dutch_midnight, dutch_moment};
use crate::journal::EntryId;
use crate::problem::Problem;
use crate::record::Blik;
use crate::view::{self, BerichtFilter, BerichtView, EntryView, Order};

/// The filters of a list of messages.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only of this gemeente (CBS code).
    #[param(pattern = "^[0-9]{4}$")]
    gemeente: Option<String>,
    /// Only of this kind, as `WMO305`.
    #[param(
        pattern = "^(WMO301|WMO302|WMO305|WMO306|WMO307|WMO308|WMO315|WMO316|WMO317|WMO318|WMO319|WMO320|WMO323|WMO325|WMO401|WMO402|WMO403|WMO404|FO01)$"
    )]
    bericht: Option<String>,
    /// Only from this partner or token.
    partner: Option<String>,
    /// Only about this toewijzing: `GEMEENTE/NUMMER`.
    #[param(pattern = "^[0-9]{4}/[1-9][0-9]{0,8}$")]
    toewijzing: Option<String>,
    /// Only retours that say this of the message that they answer: `goedgekeurd` or `afgekeurd`.
    #[param(inline)]
    retour: Option<Zegt>,
    /// Only those that were given this retourcode, or retours that give it.
    retourcode: Option<String>,
    /// From this day or moment on: `2026-11-25`, `2026-11-25T09:00` (on a Dutch clock), or `2026-11-25T09:00:00+01:00`
    /// as answers have it.
    #[param(format = Date)]
    van: Option<String>,
    /// Up to and including this day, or before this moment.
    #[param(format = Date)]
    tot: Option<String>,
    /// What comes first: `nieuwste` (as if not given) or `oudste`.
    #[param(inline)]
    volgorde: Option<Volgorde>,
    /// The value of `volgende` of the page before.
    #[param(pattern = "^(begin|[0-9]{4}[.][0-9]{1,18}(-[0-9]{4}[.][0-9]{1,18})*)$")]
    na: Option<String>,
    /// At most so many rows; 50 if not given, 500 at most.
    #[param(minimum = 1, maximum = 500)]
    aantal: Option<usize>,
}

/// What comes first.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Volgorde {
    /// The latest.
    Nieuwste,
    /// The earliest.
    Oudste,
}

/// What a retour says.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Zegt {
    /// The message is approved.
    Goedgekeurd,
    /// The message is refused.
    Afgekeurd,
}

/// A page of messages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BerichtenPage {
    /// The messages. A page may have fewer than asked, or none, while there is more.
    berichten: Vec<EntryView>,
    /// Where the next page begins; none: there is no more.
    volgende: Option<String>,
}

/// List the messages received.
#[utoipa::path(
    get,
    path = "/api/v1/berichten",
    tag = "berichten",
    params(ListQuery),
    responses((status = 200, body = BerichtenPage), Problems)
)]
pub(super) async fn list(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Filters(query): Filters<ListQuery>,
) -> Result<Json<BerichtenPage>, Problem> {
    let mut looked_in = gemeenten(&principal, query.gemeente.as_deref())?;
    let toewijzing = match query.toewijzing.as_deref() {
        None => None,
        Some(text) => {
            let parts = text.split_once('/').and_then(|(gemeente, nummer)| Some((gemeente, number(nummer)?)));
            let (gemeente, nummer) = parts.ok_or_else(|| bad_query("toewijzing", "give GEMEENTE/NUMMER"))?;
            let gemeente = gemeenten(&principal, Some(gemeente))?;
            looked_in.retain(|looked_in| gemeente.contains(looked_in));
            Some(nummer)
        }
    };
    let filter = BerichtFilter {
        gemeenten: looked_in,
        bericht: chosen("bericht", query.bericht.as_deref(), view::soort_bericht)?,
        partner: query.partner,
        retour: query.retour.map(|zegt| match zegt {
            Zegt::Goedgekeurd => "goedgekeurd",
            Zegt::Afgekeurd => "afgekeurd",
        }),
        retourcode: query.retourcode,
        toewijzing,
        van: query.van.as_deref().map(|text| moment("van", text, false)).transpose()?,
        tot: query.tot.as_deref().map(|text| moment("tot", text, true)).transpose()?,
    };
    if filter.van.zip(filter.tot).is_some_and(|(van, tot)| van >= tot) {
        return Err(bad_query("tot", "this lies before `van`"));
    }
    let order = match query.volgorde {
        None | Some(Volgorde::Nieuwste) => Order::Newest,
        Some(Volgorde::Oudste) => Order::Oldest,
    };
    let from = query.na.as_deref().map(str::parse).transpose();
    let from = from.map_err(|error: view::NotACursor| bad_query("na", &error.to_string()))?;
    let limit = limit(query.aantal)?;
    let page = api
        .read(move |api| {
            let engine = &api.engine;
            let (ledger, journal) = (engine.ledger(), engine.journal());
            view::berichten(ledger, journal, engine.schemas(), &filter, order, from.as_ref(), limit)
        })
        .await?;
    Ok(Json(BerichtenPage { berichten: page.rows, volgende: page.next.map(|next| next.to_string()) }))
}

/// Show one journal entry: what was decided about a message, what it means in words, and what was sent.
#[utoipa::path(
    get,
    path = "/api/v1/berichten/{id}",
    tag = "berichten",
    params(("id" = String, Path, description = "The entry, `GEMEENTE:SEQ`, as a receipt gives it")),
    responses((status = 200, body = BerichtView), Problems)
)]
pub(super) async fn show(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Json<BerichtView>, Problem> {
    let id = entry_id(&principal, &id)?;
    let found = api
        .read(move |api| {
            let engine = &api.engine;
            let Some(entry) = engine.journal().get(id.chain, id.seq)? else { return Ok(None) };
            view::bericht(engine.ledger(), engine.journal(), engine.schemas(), &entry).map(Some)
        })
        .await?;
    let found = found.ok_or_else(Problem::not_found)?;
    api.look(&principal, id.chain, Blik::Bericht { seq: id.seq, inhoud: false }).await?;
    Ok(Json(found))
}

/// Show a message as it was received.
#[utoipa::path(
    get,
    path = "/api/v1/berichten/{id}/xml",
    tag = "berichten",
    params(("id" = String, Path, description = "The entry, `GEMEENTE:SEQ`")),
    responses(
        (status = 200, body = String, content_type = "application/xml"),
        (status = 410, description = "What is about the person was removed."),
        Problems
    )
)]
pub(super) async fn xml(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = entry_id(&principal, &id)?;
    let found = api
        .read(move |api| match api.engine.journal().get(id.chain, id.seq)? {
            Some(entry) => view::xml(&entry),
            None => Ok(view::Inhoud::Geen),
        })
        .await?;
    let bytes = match found {
        view::Inhoud::Xml(bytes) => bytes,
        view::Inhoud::Geen => return Err(Problem::not_found()),
        view::Inhoud::Verwijderd(_) => {
            let title = "This message, or a part of it, was removed";
            return Err(Problem::new(StatusCode::GONE, "verwijderd", title));
        }
    };
    api.look(&principal, id.chain, Blik::Bericht { seq: id.seq, inhoud: true }).await?;
    Ok(as_xml(bytes))
}

/// The answer that is a message.
pub(super) fn as_xml(bytes: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, "application/xml")], bytes).into_response()
}

/// Reads the name of an entry that the token may see.
pub(super) fn entry_id(principal: &Principal, text: &str) -> Result<EntryId, Problem> {
    let id: EntryId = text.parse().map_err(|_| Problem::not_found())?;
    visible(principal, &id.chain.to_string())?;
    Ok(id)
}

/// Reads a day or a moment; a day that ends a period counts as a whole.
fn moment(name: &str, text: &str, end: bool) -> Result<Timestamp, Problem> {
    if let Ok(day) = text.parse::<Date>()
        && text.len() == "2026-11-25".len()
    {
        // 9999-12-31 stands for no end in many systems, and lies beyond what a moment can be.
        let moment = match end {
            true => day.tomorrow().ok().and_then(dutch_midnight).or(Some(Timestamp::MAX)),
            false => dutch_midnight(day),
        };
        return moment.ok_or_else(|| bad_query(name, "no such day"));
    }
    let hint =
        "give a day (2026-11-25) or a moment (2026-11-25T09:00 on a Dutch clock, 2026-11-25T09:00:00+01:00)";
    // A `+` that is not escaped in an address is a space.
    let text = match text.rsplit_once(' ') {
        Some((moment, zone)) if moment.contains(['T', ' ']) => format!("{moment}+{zone}"),
        _ => text.to_owned(),
    };
    dutch_moment(&text).ok_or_else(|| bad_query(name, hint))
}
