//! `/metrics`: what was counted, and what the store says now.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use iwmo_toewijzing::identity::Gemeente;
use jiff::Timestamp;
use tokio::sync::watch;

use super::registry::{head, sample};
use super::{
    CAK_START_NUMBERS, COUNTED, ENGINE_READY_STATE, GATEWAY_BUILD_INFO, Gauge, JOURNAL_STORED_ENTRIES,
    OUTBOX_HELD_STATE, OUTBOX_OLDEST_WAIT, OUTBOX_PARKED_MESSAGES, OUTBOX_WAITING_MESSAGES,
    REMOVAL_OPEN_REQUESTS, STORE_FREE_BYTES, STORE_SIZE_BYTES, TLS_AUTHORITY_LEFT, TLS_CERTIFICATE_LEFT,
    TLS_PARTNER_CERTIFICATE_LEFT, TLS_REVOCATION_LEFT,
};
use crate::clock::Clock;
use crate::config::{Config, Partner, Stilte, stilte_at};
use crate::daemon::{Seen, ends};
use crate::engine::{Engine, Outgoing, PartnerId};
use crate::ledger::{Rows, Stand, Tellers, Uitgaand, keys};
use crate::pki::EndKind;
use crate::problem::Problem;
use crate::removal;

/// Waiting messages of one partner that are counted.
const WAITING_MAX: usize = 10_000;

/// The content type of the text format.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is looked at when somebody scrapes.
#[derive(Clone)]
pub struct Scrape {
    /// The store.
    pub engine: Engine,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The folder of the store.
    pub data: PathBuf,
    /// The configuration in force: to whom messages may wait, and which certificates there are.
    pub config: watch::Receiver<Arc<Config>>,
    /// What was seen of partners.
    pub seen: Arc<Seen>,
}

/// Returns the route, for the ops listener.
pub fn router(scrape: Scrape) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(scrape)
}

async fn metrics(State(scrape): State<Scrape>) -> Response {
    match tokio::task::spawn_blocking(move || scrape.text()).await {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(code = "MetricsScrapePanicked", %error, "A scrape ended by a fault of its own.");
            Problem::internal("the metrics cannot be read now").into_response()
        }
    }
}

/// Whether anything is sent to a partner, as a number; what an operator does goes before what the configuration says.
pub(super) fn held_state(held: bool, stilte: &[Stilte], now: Timestamp) -> i64 {
    match (held, stilte_at(stilte, now)) {
        (true, _) => 1,
        (false, Some(_)) => 2,
        (false, None) => 0,
    }
}

impl Scrape {
    /// Returns everything in the text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for metric in COUNTED {
            metric.render(&mut out);
        }
        gauge(&mut out, GATEWAY_BUILD_INFO, &[(env!("CARGO_PKG_VERSION").to_owned(), 1)]);
        let ready = i64::from(self.engine.health().reason().is_none());
        gauge(&mut out, ENGINE_READY_STATE, &[(String::new(), ready)]);
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let tips = self.engine.journal().tips();
        let entries: Vec<_> = tips.values().map(|tip| (tip.chain.to_string(), count(tip.seq))).collect();
        gauge(&mut out, JOURNAL_STORED_ENTRIES, &entries);
        let now = self.clock.now();
        let config = Arc::clone(&self.config.borrow());
        let partners: Vec<PartnerId> = config.partners.iter().map(|partner| partner.id.clone()).collect();
        let (waiting, oldest): (Vec<_>, Vec<_>) =
            partners.iter().map(|partner| self.waiting(partner, now)).unzip();
        gauge(&mut out, OUTBOX_WAITING_MESSAGES, &waiting);
        gauge(&mut out, OUTBOX_OLDEST_WAIT, &oldest);
        gauge(&mut out, OUTBOX_PARKED_MESSAGES, &self.parked(&partners));
        let held = |partner: &Partner| {
            // Who is behind a hub is held with it.
            let held = [Some(&partner.id), partner.via.as_ref()];
            let held = held.into_iter().flatten().any(|id| self.engine.standing(id).held);
            (partner.id.0.clone(), held_state(held, &partner.stilte, now))
        };
        gauge(&mut out, OUTBOX_HELD_STATE, &config.partners.iter().map(held).collect::<Vec<_>>());
        // A disk that does not tell is left out.
        if let Ok(space) = fs4::statvfs(&self.data) {
            gauge(&mut out, STORE_FREE_BYTES, &[(String::new(), count(space.available_space()))]);
            gauge(&mut out, STORE_SIZE_BYTES, &[(String::new(), count(space.total_space()))]);
        }
        // A store that cannot be read is told by the engine's readiness.
        let requests = removal::requests(self.engine.ledger(), self.clock.today(), false).unwrap_or_default();
        let overdue = requests.iter().filter(|request| request.verlopen).count();
        let requests = [
            ("no".to_owned(), count((requests.len() - overdue) as u64)),
            ("yes".to_owned(), count(overdue as u64)),
        ];
        gauge(&mut out, REMOVAL_OPEN_REQUESTS, &requests);
        let numbers = config.gemeenten.iter().filter_map(|own| {
            let gemeente = Gemeente::new(own.code.as_str()).ok()?;
            let row = self.engine.ledger().row::<Tellers>(&keys::tellers(gemeente)).ok().flatten()?;
            Some((gemeente.to_string(), i64::from(row.eb_start_nummer)))
        });
        gauge(&mut out, CAK_START_NUMBERS, &numbers.collect::<Vec<_>>());
        let ends = ends(&config, &self.seen.all());
        for (kind, metric) in [
            (EndKind::Own, TLS_CERTIFICATE_LEFT),
            (EndKind::Authority, TLS_AUTHORITY_LEFT),
            (EndKind::List, TLS_REVOCATION_LEFT),
            (EndKind::Partner, TLS_PARTNER_CERTIFICATE_LEFT),
        ] {
            let of = ends.iter().filter(|end| end.kind == kind);
            let left = of.map(|end| (end.name.clone(), end.until.duration_since(now).as_secs()));
            gauge(&mut out, metric, &left.collect::<Vec<_>>());
        }
        out
    }

    /// How many messages to each partner wait for an operator.
    fn parked(&self, partners: &[PartnerId]) -> Vec<(String, i64)> {
        let mut parked: BTreeMap<String, i64> =
            partners.iter().map(|partner| (partner.0.clone(), 0)).collect();
        for row in self.engine.ledger().queue(&keys::uitgaand_open_van(None)).take(WAITING_MAX) {
            // A store that cannot be read is told by the engine's readiness.
            let Ok((key, _)) = row else { break };
            let Some(id) = keys::uitgaand_open_id(&key) else { continue };
            let Ok(Some(row)) = self.engine.ledger().row::<Uitgaand>(&keys::uitgaand(&id)) else { continue };
            if row.stand == Stand::Geparkeerd {
                *parked.entry(row.partner).or_default() += 1;
            }
        }
        parked.into_iter().collect()
    }

    /// How many messages wait for a partner, and for how long the oldest does.
    fn waiting(&self, partner: &PartnerId, now: Timestamp) -> ((String, i64), (String, i64)) {
        let mut waiting = 0;
        let mut oldest = 0;
        for row in self.engine.ledger().queue(&keys::wachtrij_van(partner)).take(WAITING_MAX) {
            // A store that cannot be read is told by the engine's readiness.
            let Ok((key, _)) = row else { break };
            if waiting == 0 {
                let since = keys::wachtrij_moment(&key).and_then(|us| Timestamp::from_microsecond(us).ok());
                oldest = since.map_or(0, |since| now.duration_since(since).as_secs().max(0));
            }
            waiting += 1;
        }
        ((partner.0.clone(), waiting), (partner.0.clone(), oldest))
    }
}

fn gauge(out: &mut String, gauge: Gauge, samples: &[(String, i64)]) {
    head(out, gauge.name, gauge.help, "gauge");
    for (label, value) in samples {
        let labels: Vec<(&str, &str)> = gauge.labels.iter().map(|name| (*name, label.as_str())).collect();
        sample(out, gauge.name, &labels, value);
    }
}
