//! What a municipal system may read: toewijzingen with their timeline, and messages.
//!
//! Everything is filtered by the gemeenten of the token; what belongs to another does not exist for it.

use std::sync::Arc;

use axum::extract::{Extension, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use iwmo_toewijzing::identity::{Aanbieder, Gemeente, ToewijzingNummer};
use serde::Deserialize;
use serde_json::json;

use super::{BERICHTEN_PATH, Principal};
use crate::clock::Clock;
use crate::engine::Engine;
use crate::engine::record::Record;
use crate::journal::EntryId;
use crate::ledger::LedgerError;
use crate::problem::Problem;
use crate::view::{self, ToewijzingFilter};

/// Rows of a page when the caller does not say.
const PAGE_DEFAULT: usize = 50;
/// Most rows of a page.
const PAGE_MAX: usize = 500;

#[derive(Clone)]
struct Reads {
    engine: Engine,
    clock: Arc<dyn Clock>,
}

/// Returns the routes that read.
pub fn router(engine: Engine, clock: Arc<dyn Clock>) -> Router {
    Router::new()
        .route("/api/v1/toewijzingen", get(list))
        .route("/api/v1/toewijzingen/{gemeente}/{nummer}", get(show))
        .route(&format!("{BERICHTEN_PATH}/{{id}}"), get(bericht))
        .route(&format!("{BERICHTEN_PATH}/{{id}}/xml"), get(xml))
        .with_state(Reads { engine, clock })
}

/// The filters of a list of toewijzingen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    gemeente: Option<String>,
    aanbieder: Option<String>,
    levering: Option<String>,
    na: Option<String>,
    aantal: Option<usize>,
}

async fn list(
    State(reads): State<Reads>,
    Extension(principal): Extension<Principal>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let mut gemeenten: Vec<Gemeente> = principal.gemeenten.to_vec();
    if let Some(asked) = &query.gemeente {
        let asked = Gemeente::new(asked).map_err(|error| bad_query("gemeente", &error.to_string()))?;
        gemeenten.retain(|gemeente| *gemeente == asked);
    }
    let aanbieder = query.aanbieder.as_deref().map(Aanbieder::new).transpose();
    let limit = query.aantal.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
    let filter = ToewijzingFilter {
        gemeenten: Some(gemeenten),
        aanbieder: aanbieder.map_err(|error| bad_query("aanbieder", &error.to_string()))?,
        levering: query.levering,
        after: query.na.as_deref().map(cursor).transpose()?,
        limit,
    };
    let found = view::toewijzingen(reads.engine.ledger(), &filter, reads.clock.today()).map_err(broken)?;
    let full = found.len() == limit;
    let next = found.last().filter(|_| full).map(|last| format!("{}:{}", last.gemeente, last.nummer));
    Ok(Json(json!({ "toewijzingen": found, "volgende": next })).into_response())
}

async fn show(
    State(reads): State<Reads>,
    Extension(principal): Extension<Principal>,
    Path((gemeente, nummer)): Path<(String, u32)>,
) -> Result<Response, Problem> {
    let gemeente = Gemeente::new(&gemeente).map_err(|_| Problem::not_found())?;
    let nummer = ToewijzingNummer::new(nummer).map_err(|_| Problem::not_found())?;
    if !principal.may_see(gemeente) {
        return Err(Problem::not_found());
    }
    let engine = &reads.engine;
    let today = reads.clock.today();
    let found =
        view::toewijzing(engine.ledger(), engine.journal(), engine.schemas(), gemeente, nummer, today);
    match found.map_err(broken)? {
        Some(toewijzing) => Ok(Json(toewijzing).into_response()),
        None => Err(Problem::not_found()),
    }
}

async fn bericht(
    State(reads): State<Reads>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let entry = entry(&reads, &principal, &id)?;
    let view = view::summarize(&entry).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(Json(view).into_response())
}

async fn xml(
    State(reads): State<Reads>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let entry = entry(&reads, &principal, &id)?;
    match Record::decode(entry.kind, entry.version, &entry.payload) {
        Ok(Record::Bericht(bericht)) => {
            Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/xml")], bericht.bytes).into_response())
        }
        _ => Err(Problem::not_found()),
    }
}

fn entry(reads: &Reads, principal: &Principal, id: &str) -> Result<crate::journal::Entry, Problem> {
    let id: EntryId = id.parse().map_err(|_| Problem::not_found())?;
    let gemeente = Gemeente::new(&id.chain.to_string()).map_err(|_| Problem::not_found())?;
    if !principal.may_see(gemeente) {
        return Err(Problem::not_found());
    }
    let entry = reads.engine.journal().get(id.chain, id.seq).map_err(|error| broken(error.into()))?;
    entry.ok_or_else(Problem::not_found)
}

fn cursor(text: &str) -> Result<(Gemeente, ToewijzingNummer), Problem> {
    let parts = text.split_once(':').and_then(|(gemeente, nummer)| {
        let nummer = ToewijzingNummer::new(nummer.parse().ok()?).ok()?;
        Some((Gemeente::new(gemeente).ok()?, nummer))
    });
    parts.ok_or_else(|| bad_query("na", "give the value of `volgende` of the page before"))
}

fn bad_query(name: &str, what: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "ongeldige-vraag", "The query cannot be answered")
        .detail(format!("{name}: {what}"))
}

fn broken(error: LedgerError) -> Problem {
    tracing::error!(code = "LedgerReadError", %error, "The ledger could not be read.");
    Problem::internal("the store cannot be read now")
}
