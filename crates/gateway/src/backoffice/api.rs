//! The routes of the backoffice API, and what their handlers share.
//!
//! A route is registered together with its description, so that none can be without the other. Everything is
//! filtered by the gemeenten of the token; what belongs to another does not exist for it.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::routing::get;
use axum::{Router, middleware};
use bytes::Bytes;
use iwmo_toewijzing::identity::Gemeente;
use tokio::sync::{Semaphore, watch};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    Principal, afhandelen, asked, berichten, clienten, eigen_bijdrage, gebeurtenissen, openapi, statistiek,
    termijnen, toewijzingen, uitgaand, werk,
};
use crate::clock::Clock;
use crate::config::Partner;
use crate::engine::{Engine, Settings};
use crate::journal::Chain;
use crate::ledger::LedgerError;
use crate::listener::{BoundsSource, Stop};
use crate::problem::Problem;
use crate::record::{Blik, Inzage, Wie};
use crate::view::{self, HeldView, NotAChoice};

/// Rows of a page when the caller does not say.
pub(super) const PAGE_DEFAULT: usize = 50;
/// Most rows of a page.
pub(super) const PAGE_MAX: usize = 500;
/// Seconds after which another try makes sense while a look cannot be recorded.
pub(super) const RETRY_AFTER_SECONDS: u32 = 30;
/// Largest body of a question.
pub(super) const QUESTION_BYTES_MAX: usize = 4096;
/// Largest body of an act, which may name many messages.
const ACT_BYTES_MAX: usize = 64 * 1024;
/// Most callers that follow the feed at once.
const FEEDS_MAX: usize = 256;
/// Most reads that go through store and journal at once; others wait for their turn.
const READS_MAX: usize = 16;

/// What the handlers work with.
#[derive(Clone)]
pub struct Api {
    pub(super) engine: Engine,
    pub(super) clock: Arc<dyn Clock>,
    settings: watch::Receiver<Arc<Settings>>,
    partners: watch::Receiver<Arc<Vec<Partner>>>,
    pub(super) stop: Stop,
    bounds: BoundsSource,
    pub(super) feeds: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    /// The turn of a read that goes through what is on record.
    pub(super) walks: Arc<Semaphore>,
}

impl Api {
    /// Returns an API over an engine. `bounds` say how long a connection of the listener may be silent; who waits for
    /// events hears something before that. When `stop` says so, who waits is sent away.
    #[must_use]
    pub fn new(
        engine: Engine,
        clock: Arc<dyn Clock>,
        settings: watch::Receiver<Arc<Settings>>,
        partners: watch::Receiver<Arc<Vec<Partner>>>,
        stop: Stop,
        bounds: BoundsSource,
    ) -> Self {
        let (feeds, reads) = (Arc::new(Semaphore::new(FEEDS_MAX)), Arc::new(Semaphore::new(READS_MAX)));
        let walks = Arc::new(Semaphore::new(1));
        Self { engine, clock, settings, partners, stop, bounds, feeds, reads, walks }
    }

    /// Returns the settings in force.
    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.borrow())
    }

    /// Returns the partners of the configuration in force.
    pub(super) fn partners(&self) -> Arc<Vec<Partner>> {
        Arc::clone(&self.partners.borrow())
    }

    /// Returns the partners to which nothing is sent now: they are held, or there is a freeze.
    pub(super) fn still(&self) -> Result<Vec<HeldView>, LedgerError> {
        let partners = self.partners();
        let mut still = view::held(self.engine.ledger(), &partners)?;
        still.extend(view::frozen(&partners, self.clock.now()));
        Ok(still)
    }

    /// Returns how long a connection may be silent.
    pub(super) fn idle(&self) -> Duration {
        self.bounds.borrow().idle
    }

    /// Returns the routes, for [`Backoffice::router`](super::Backoffice::router).
    pub fn router(self) -> Router {
        let router = described().with_state(self).split_for_parts().0;
        router.route_layer(middleware::from_fn(asked::no_stray_parameters))
    }

    /// Records that somebody looks at what is about a person, before it is shown.
    pub(super) async fn look(&self, principal: &Principal, chain: Chain, wat: Blik) -> Result<(), Problem> {
        let inzage = Inzage { wie: Wie::Token { naam: principal.name.clone() }, wat };
        self.engine.look(chain, inzage).await.map_err(|error| {
            let what = format!("nothing is shown that cannot be recorded: {}", error.reason);
            Problem::unavailable(&what, RETRY_AFTER_SECONDS)
        })
    }

    /// Does what goes through store and journal beside the network threads.
    pub(super) async fn read<T, F>(&self, read: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T, LedgerError> + Send + 'static,
    {
        let _turn = self.reads.acquire().await;
        let api = self.clone();
        match tokio::task::spawn_blocking(move || read(&api)).await {
            Ok(done) => done.map_err(|error| broken(&error)),
            Err(error) => {
                tracing::error!(code = "BackofficeReadPanicked", %error, "A read ended by a fault of its own.");
                Err(Problem::internal("the store cannot be read now"))
            }
        }
    }
}

/// The routes with their descriptions.
fn described() -> OpenApiRouter<Api> {
    // The limit nearest to the handler counts.
    let acts = OpenApiRouter::new()
        .routes(routes!(uitgaand::list, uitgaand::act))
        .routes(routes!(eigen_bijdrage::state))
        .routes(routes!(eigen_bijdrage::traffic))
        .routes(routes!(werk::list, afhandelen::act))
        .layer(DefaultBodyLimit::max(ACT_BYTES_MAX));
    OpenApiRouter::with_openapi(openapi::Document::openapi())
        .routes(routes!(toewijzingen::list))
        .routes(routes!(toewijzingen::show))
        .routes(routes!(berichten::list))
        .routes(routes!(berichten::show))
        .routes(routes!(berichten::xml))
        .routes(routes!(clienten::search))
        .routes(routes!(eigen_bijdrage::show))
        .routes(routes!(eigen_bijdrage::known))
        .routes(routes!(termijnen::list))
        .routes(routes!(statistiek::figures))
        .routes(routes!(uitgaand::xml))
        .routes(routes!(gebeurtenissen::follow))
        .merge(acts)
        .layer(DefaultBodyLimit::max(QUESTION_BYTES_MAX))
}

/// Returns the route of the OpenAPI document. It needs no token: nothing in it is about anybody, and the tools that make
/// clients of it fetch it before there is one.
pub(super) fn description() -> Router {
    let document = Bytes::from(serde_json::to_vec(&document()).unwrap_or_default());
    let show = async move || ([(header::CONTENT_TYPE, "application/json")], document.clone());
    Router::new()
        .route(openapi::PATH, get(show))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
}

/// Returns the OpenAPI document.
#[must_use]
pub fn document() -> OpenApi {
    described().into_openapi()
}

/// Returns the gemeenten to look in: those of the token, or the one asked for if it is among them.
pub(super) fn gemeenten(principal: &Principal, asked: Option<&str>) -> Result<Vec<Gemeente>, Problem> {
    let mut gemeenten = principal.gemeenten.to_vec();
    gemeenten.sort_unstable();
    gemeenten.dedup();
    if let Some(asked) = asked {
        let asked = Gemeente::new(asked).map_err(|error| bad_query("gemeente", &error.to_string()))?;
        gemeenten.retain(|gemeente| *gemeente == asked);
    }
    Ok(gemeenten)
}

/// Returns a gemeente of a path, if the token opens it.
pub(super) fn visible(principal: &Principal, gemeente: &str) -> Result<Gemeente, Problem> {
    let nowhere = || Problem::not_found().detail("it does not exist, or not for this token");
    Gemeente::new(gemeente).ok().filter(|gemeente| principal.may_see(*gemeente)).ok_or_else(nowhere)
}

/// Returns how many rows a page has.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(PAGE_DEFAULT);
    let fits = (1..=PAGE_MAX).contains(&limit);
    fits.then_some(limit).ok_or_else(|| bad_query("aantal", &format!("give 1 to {PAGE_MAX}")))
}

/// Returns where a page begins: after the place that the page before named.
pub(super) fn after<T: FromStr>(na: Option<&str>) -> Result<Option<T>, Problem> {
    let place = na.map(str::parse).transpose();
    place.map_err(|_| bad_query("na", "give the value of `volgende` of the page before"))
}

/// Returns the word that a filter was given, as the gateway writes it.
pub(super) fn chosen(
    name: &str,
    asked: Option<&str>,
    word: fn(&str) -> Result<String, NotAChoice>,
) -> Result<Option<String>, Problem> {
    asked.map(word).transpose().map_err(|error| bad_query(name, &error.to_string()))
}

/// A parameter of the query cannot be used.
pub(super) fn bad_query(name: &str, what: &str) -> Problem {
    Problem::new(axum::http::StatusCode::BAD_REQUEST, "ongeldige-vraag", "The query cannot be answered")
        .detail(format!("{name}: {what}"))
}

fn broken(error: &LedgerError) -> Problem {
    tracing::error!(code = "LedgerReadError", %error, "The ledger could not be read.");
    Problem::internal("the store cannot be read now")
}
