//! Work that a system deals with: what was odd about messages, deadlines that no message shows to be met, and persons
//! whose notifications to the CAK go on. The same acts as `iwmo work done` and `iwmo work release`.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use bytes::Bytes;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Principal;
use super::acts::{Asked, Asking, NAMES_MAX, Uitgevoerd, perform};
use super::api::{Api, visible};
use super::openapi::{BodyProblems, Problems};
use crate::control::{Change, WorkChange, WorkVerb};
use crate::engine::ActError;
use crate::problem::Problem;

/// What to do with which work.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Afhandeling {
    #[schema(inline)]
    wat: Verb,
    /// Why; it is recorded with the token's name.
    #[schema(min_length = 1, max_length = 1000)]
    reden: String,
    /// Only show what would be done.
    #[serde(default)]
    proef: bool,
    /// The work by its `entry` in the queue, of one gemeente; without it the filters choose.
    #[serde(default)]
    #[schema(max_items = 1000)]
    werk: Vec<String>,
    /// Of this gemeente (CBS code); needed without `werk`.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{4}$")]
    gemeente: Option<String>,
    /// Only with this aanbieder (AGB code).
    #[serde(default)]
    #[schema(pattern = "^[0-9]{8}$")]
    aanbieder: Option<String>,
    /// Only with this code, as TRANSPORT or START_LATE.
    #[serde(default)]
    code: Option<String>,
}

/// What becomes of work.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Verb {
    /// What was odd about messages (`waarschuwing`) or overdue by agreement (`start`) is dealt with.
    Afhandelen,
    /// The notifications to the CAK of persons (`cak`) go on.
    Vrijgeven,
}

/// Say that work was dealt with, or let the notifications of persons go on.
///
/// What is so already is left alone. One that is named and cannot be changed refuses the whole. A request with an
/// `Idempotency-Key` that is sent again with the same body changes nothing more.
#[utoipa::path(
    post,
    path = "/api/v1/werk",
    tag = "werk",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]+$", description = "Names the request, as a UUID")),
    request_body = Afhandeling,
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
    perform::<Afhandeling>(&api, &principal, &headers, &body).await
}

impl Asking for Afhandeling {
    const REFUSED: &'static str = "This cannot be done with work";
    const TOO_MUCH: &'static str = "this comes to more than one act: name work of one sort, or less of it";

    fn asked(self, principal: &Principal) -> Result<Asked, Problem> {
        if self.reden.trim().is_empty() {
            return Err(Self::refused(&ActError::NoReason.to_string()));
        }
        Ok(Asked { change: self.change(principal)?, reden: self.reden, proef: self.proef })
    }
}

impl Afhandeling {
    fn change(&self, principal: &Principal) -> Result<Change, Problem> {
        if self.werk.len() > NAMES_MAX {
            return Err(Self::refused(&format!("werk: at most {NAMES_MAX} names")));
        }
        if !self.werk.is_empty() && (self.aanbieder.is_some() || self.code.is_some()) {
            return Err(Self::refused("give `werk` or filters, not both"));
        }
        let of = |name: &str| name.split([':', '/']).next().unwrap_or_default().to_owned();
        let gemeente = match (&self.gemeente, self.werk.first()) {
            (Some(gemeente), _) => gemeente.clone(),
            (None, Some(name)) => of(name),
            (None, None) => return Err(Self::refused("give `werk`, or `gemeente` and filters")),
        };
        let gemeente = visible(principal, &gemeente)?.as_str().to_owned();
        if let Some(other) = self.werk.iter().map(|name| of(name)).find(|other| *other != gemeente) {
            visible(principal, &other)?;
            return Err(Self::refused("werk: name work of one gemeente"));
        }
        Ok(Change::Werk(WorkChange {
            verb: match self.wat {
                Verb::Afhandelen => WorkVerb::Afhandelen,
                Verb::Vrijgeven => WorkVerb::Vrijgeven,
            },
            namen: self.werk.clone(),
            gemeente: Some(gemeente),
            aanbieder: self.aanbieder.clone(),
            code: self.code.clone(),
        }))
    }
}
