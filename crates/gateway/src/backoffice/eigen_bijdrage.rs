//! The eigen bijdrage: what the backoffice states about a person, and what the CAK holds of a gemeente. BSNs stand in
//! bodies alone.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use iwmo_toewijzing::cak::Opgave;
use iwmo_toewijzing::identity::Bsn;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Principal;
use super::acts::{Asked, Asking, Uitgevoerd, perform};
use super::api::{Api, limit, visible};
use super::asked::{Filters, Question};
use super::openapi::{BodyProblems, Problems};
use super::opgave::OpgaveVorm;
use crate::control::{CakChange, CakVerb, Change, OpgaveChange};
use crate::ledger::{Persoon, Rows, keys};
use crate::problem::Problem;
use crate::record::Blik;
use crate::view::{self, BekendView, EigenBijdrageView};

/// A statement about a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Verzoek {
    /// The gemeente that states it (CBS code).
    #[schema(pattern = "^[0-9]{4}$")]
    gemeente: String,
    /// The BSN of the person.
    #[schema(pattern = "^[0-9]{9}$")]
    bsn: String,
    /// Why; it is recorded with the token's name. No personal data.
    #[schema(min_length = 1, max_length = 1000)]
    reden: String,
    /// Only show what would be done.
    #[serde(default)]
    proef: bool,
    /// What is stated.
    #[schema(value_type = OpgaveVorm, example = json!({"voorziening": {"naam": "PGB-2026-17", "leveringsvorm": "pgb", "categorie": "02", "ingangsdatum": "2026-12-01"}}))]
    opgave: Opgave,
}

/// State something about a person from which the eigen bijdrage follows: support without a 305, facts, decisions, prices,
/// what the CAK holds.
///
/// It replaces what was stated before about the same thing; the same again changes nothing. What the CAK must hear because
/// of it is planned at once, and told after the bedenktijd of the gemeente. A request with an `Idempotency-Key` that is sent
/// again with the same body changes nothing more.
#[utoipa::path(
    post,
    path = "/api/v1/eigen-bijdrage/opgaven",
    tag = "clienten",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "Names the request, as a UUID")),
    request_body = Verzoek,
    responses(
        (status = 200, body = Uitgevoerd),
        BodyProblems,
        Problems
    )
)]
pub(super) async fn state(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Uitgevoerd>, Problem> {
    perform::<Verzoek>(&api, &principal, &headers, &body).await
}

impl Asking for Verzoek {
    const REFUSED: &'static str = "This cannot be stated";

    fn asked(self, principal: &Principal) -> Result<Asked, Problem> {
        let gemeente = visible(principal, &self.gemeente)?;
        let bsn = Bsn::new(&self.bsn).map_err(|_| Self::refused("bsn: nine digits"))?;
        let change = OpgaveChange { gemeente: gemeente.to_string(), bsn, opgave: self.opgave };
        Ok(Asked { change: Change::Opgave(Box::new(change)), reden: self.reden, proef: self.proef })
    }
}

/// Whether the CAK is told about a gemeente.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Verkeer {
    /// The gemeente (CBS code).
    #[schema(pattern = "^[0-9]{4}$")]
    gemeente: String,
    /// What becomes of it.
    handeling: CakVerb,
    /// Why; it is recorded with the token's name. No personal data.
    #[schema(min_length = 1, max_length = 1000)]
    reden: String,
    /// Only show what would be done.
    #[serde(default)]
    proef: bool,
}

/// Stop telling the CAK about a gemeente, resume it, or put new choices about the eigen bijdrage in force.
///
/// After the CAK said that it does not know the gemeente (S300), nothing is told about anybody in it until it is resumed
/// here.
#[utoipa::path(
    post,
    path = "/api/v1/eigen-bijdrage/verkeer",
    tag = "clienten",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "Names the request, as a UUID")),
    request_body = Verkeer,
    responses(
        (status = 200, body = Uitgevoerd),
        BodyProblems,
        Problems
    )
)]
pub(super) async fn traffic(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Uitgevoerd>, Problem> {
    perform::<Verkeer>(&api, &principal, &headers, &body).await
}

impl Asking for Verkeer {
    const REFUSED: &'static str = "This cannot be changed";

    fn asked(self, principal: &Principal) -> Result<Asked, Problem> {
        let gemeente = visible(principal, &self.gemeente)?.to_string();
        let change = Change::Cak(CakChange { verb: self.handeling, gemeente });
        Ok(Asked { change, reden: self.reden, proef: self.proef })
    }
}

/// Whose eigen bijdrage.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Vraag {
    /// The gemeente (CBS code).
    #[schema(pattern = "^[0-9]{4}$")]
    gemeente: String,
    /// The BSN of the person.
    #[schema(pattern = "^[0-9]{9}$")]
    bsn: String,
}

/// Show the eigen bijdrage of a person: what should stand at the CAK beside what it accepted, why they differ and from what
/// support that follows, what is under way, what would be told next, and every message before with its answer.
#[utoipa::path(
    post,
    path = "/api/v1/eigen-bijdrage/zoek",
    tag = "clienten",
    request_body = Vraag,
    responses(
        (status = 200, body = EigenBijdrageView),
        (status = 404, description = "The gemeente does not know the person."),
        BodyProblems,
        Problems
    )
)]
pub(super) async fn show(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Question(vraag): Question<Vraag>,
) -> Result<Json<EigenBijdrageView>, Problem> {
    let gemeente = visible(&principal, &vraag.gemeente)?;
    let bsn = Bsn::new(&vraag.bsn).map_err(|_| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "ongeldig-bsn", "The BSN is not one")
            .detail("bsn: nine digits")
    })?;
    let (settings, today) = (api.settings(), api.clock.today());
    let (sinds, found) = api
        .read(move |api| {
            let ledger = api.engine.ledger();
            let persoon: Option<Persoon> = ledger.row(&keys::persoon(gemeente, &bsn))?;
            let found = view::eigen_bijdrage(ledger, &settings, gemeente, &bsn, today)?;
            Ok((persoon.map(|persoon| persoon.sinds), found))
        })
        .await?;
    api.look(&principal, keys::chain(gemeente), Blik::Persoon { sinds }).await?;
    found.map(Json).ok_or_else(|| Problem::not_found().detail("the gemeente does not know the person"))
}

/// Which periods.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PeriodenQuery {
    /// Of this gemeente (CBS code).
    #[param(pattern = "^[0-9]{4}$")]
    gemeente: String,
    /// The value of `volgende` of the page before: an EbStartNummer.
    #[param(minimum = 1, maximum = 999_999_999)]
    na: Option<u32>,
    /// At most so many rows; 50 if not given, 500 at most.
    #[param(minimum = 1, maximum = 500)]
    aantal: Option<usize>,
}

/// A page of periods.
#[derive(Serialize, ToSchema)]
pub(super) struct PeriodenPage {
    /// The periods, by EbStartNummer.
    perioden: Vec<BekendView>,
    /// Where the next page begins; none: there is no more.
    volgende: Option<u32>,
}

/// List the periods that the CAK accepted and that stand there, with BSN, to compare them with its own administration.
#[utoipa::path(
    get,
    path = "/api/v1/eigen-bijdrage/perioden",
    tag = "clienten",
    params(PeriodenQuery),
    responses((status = 200, body = PeriodenPage), Problems)
)]
pub(super) async fn known(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    Filters(query): Filters<PeriodenQuery>,
) -> Result<Json<PeriodenPage>, Problem> {
    let gemeente = visible(&principal, &query.gemeente)?;
    let limit = limit(query.aantal)?;
    let (perioden, more) = api
        .read(move |api| view::known_periods(api.engine.ledger(), gemeente, query.na.unwrap_or(0), limit))
        .await?;
    let entries = perioden.len() as u64;
    api.look(&principal, keys::chain(gemeente), Blik::Uitvoer { entries }).await?;
    let volgende = perioden.last().map(|last| last.nummer).filter(|_| more);
    Ok(Json(PeriodenPage { perioden, volgende }))
}
