//! Outgoing messages: where each stands, the message itself, and what a system may change about them.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Principal;
use super::acts::{Asked, Asking, NAMES_MAX, Uitgevoerd, perform};
use super::api::{Api, bad_query, chosen, gemeenten, limit, visible};
use super::asked::Filters;
use super::berichten::{as_xml, entry_id};
use super::openapi::{BodyProblems, Problems};
use crate::control::{Change, OutboxChange, OutboxVerb};
use crate::engine::OutgoingId;
use crate::problem::Problem;
use crate::record::{Blik, Plek};
use crate::view::{self, HeldView, OutgoingFilter, OutgoingView};

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
    #[param(
        pattern = "^(WMO301|WMO302|WMO305|WMO306|WMO307|WMO308|WMO315|WMO316|WMO317|WMO318|WMO319|WMO320|WMO323|WMO325|WMO401|WMO402|WMO403|WMO404|FO01)$"
    )]
    bericht: Option<String>,
    /// Only those that stand so: `wacht`, `doorgegeven`, `bezorgd`, `geparkeerd`, `vastgehouden` or `geannuleerd`.
    #[param(pattern = "^(wacht|doorgegeven|bezorgd|geparkeerd|vastgehouden|geannuleerd)$")]
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
    /// The partners of these messages to which nothing is sent now, for a freeze that was announced.
    stil: Vec<HeldView>,
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
    Filters(query): Filters<ListQuery>,
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
        bericht: chosen("bericht", query.bericht.as_deref(), view::soort_bericht)?,
        stand: chosen("stand", query.stand.as_deref(), view::stand)?,
        all: query.alle,
        after,
        limit: limit(query.aantal)?,
    };
    let partners = api.partners();
    let (page, mut stil) =
        api.read(move |api| Ok((view::outgoing_page(api.engine.ledger(), &filter)?, api.still()?))).await?;
    let mut uitgaand = page.rows;
    view::say_still(&mut uitgaand, &stil, Some(&partners));
    // A token knows no more partners than those it may see messages to.
    stil.retain(|held| uitgaand.iter().any(|row| row.partner == held.partner));
    Ok(Json(UitgaandPage { uitgaand, stil, volgende: page.next.map(|next| next.to_string()) }))
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

/// Send outgoing messages again, hold, release or cancel them.
///
/// Messages that are so already are left alone. One that is named and cannot be changed refuses the whole. A request with
/// an `Idempotency-Key` that is sent again with the same body changes nothing more.
#[utoipa::path(
    post,
    path = "/api/v1/uitgaand",
    tag = "werk",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "Names the request, as a UUID")),
    request_body = Opdracht,
    responses(
        (status = 200, body = Uitgevoerd),
        BodyProblems,
        Problems
    )
)]
pub(super) async fn act(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Uitgevoerd>, Problem> {
    perform::<Opdracht>(&api, &principal, &headers, &body).await
}

impl Asking for Opdracht {
    const REFUSED: &'static str = "This cannot be done with outgoing messages";
    const TOO_MUCH: &'static str = "more messages than one act may name; choose fewer";

    fn asked(self, principal: &Principal) -> Result<Asked, Problem> {
        Ok(Asked { change: self.change(principal)?, reden: self.reden, proef: self.proef })
    }
}

impl Opdracht {
    fn change(&self, principal: &Principal) -> Result<Change, Problem> {
        let named = self.berichten.first().map(|name| name.split(':').next().unwrap_or_default().to_owned());
        if self.berichten.len() > NAMES_MAX {
            return Err(Self::refused(&format!("berichten: at most {NAMES_MAX} names")));
        }
        let gemeente = match (&self.gemeente, named) {
            (Some(gemeente), _) => gemeente.clone(),
            (None, Some(gemeente)) => gemeente,
            (None, None) => return Err(Self::refused("give `berichten`, or `gemeente` and filters")),
        };
        let gemeente = visible(principal, &gemeente)?.as_str().to_owned();
        let other = |name: &&String| name.split(':').next() != Some(&gemeente);
        if let Some(other) = self.berichten.iter().find(other) {
            let other = other.split(':').next().unwrap_or_default();
            visible(principal, other)?;
            return Err(Self::refused("berichten: name messages of one gemeente"));
        }
        let stand = self.stand.as_deref().map(view::stand).transpose();
        let stand = stand.map_err(|error| Self::refused(&format!("stand: {error}")))?;
        let bericht = self.bericht.as_deref().map(view::soort_bericht).transpose();
        let bericht = bericht.map_err(|error| Self::refused(&format!("bericht: {error}")))?;
        Ok(Change::Uitgaand(OutboxChange {
            verb: self.verb(),
            berichten: self.berichten.clone(),
            gemeenten: Some(vec![gemeente]),
            partner: self.partner.clone(),
            bericht,
            stand,
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
