//! The feed: everything that happens in the gemeenten of a token, in the order of the journal.
//!
//! The cursor is made of journal positions, so a reader goes on where it was after any restart, and sees each event
//! at least once and in order. A question is answered at once when there is something, else when something happens
//! or the time is up; with `Accept: text/event-stream` the answer is a stream of server-sent events whose ids are
//! cursors.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast};
use tokio::time::Instant;
use utoipa::ToSchema;

use super::Principal;
use super::api::{Api, bad_query, gemeenten, limit};
use super::asked::Filters;
use super::openapi::Problems;
use crate::journal::{Chain, EntryId};
use crate::ledger::keys;
use crate::listener::Stop;
use crate::problem::Problem;
use crate::record::KIND_INZAGE;
use crate::view::{self, BerichtView, Cursor, NotACursor};

/// Longest time a question waits for something to happen.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// A stream ends after this time, so that a token that was withdrawn does not go on; readers come back by themselves.
const STREAM_TIME_MAX: Duration = Duration::from_secs(15 * 60);
/// Events that a stream reads at once.
const STREAM_PAGE: usize = 100;
/// How often a silent stream shows that it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Seconds after which a reader that was sent away may come back.
const RETRY_AFTER_SECONDS: u32 = 5;
/// The cursor of who wants only what is to come.
const NOW: &str = "nu";
/// The header with which a browser goes on after a stream broke off.
const LAST_EVENT_ID: &str = "last-event-id";

/// Where to go on, and how long to wait.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FollowQuery {
    /// The cursor of the last event seen; `nu`: only what is to come; not given: from the beginning.
    #[param(pattern = "^(nu|begin|[0-9]{4}[.][0-9]{1,18}(-[0-9]{4}[.][0-9]{1,18})*)$")]
    na: Option<String>,
    /// Only of this gemeente (CBS code).
    #[param(pattern = "^[0-9]{4}$")]
    gemeente: Option<String>,
    /// Seconds to wait for something to happen; 0 if not given, 60 at most, less when the listener is configured to
    /// end silent connections sooner.
    #[param(maximum = 60)]
    wacht: Option<u64>,
    /// At most so many events; 50 if not given, 500 at most.
    #[param(minimum = 1, maximum = 500)]
    aantal: Option<usize>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Gebeurtenis {
    /// Where to go on after this event.
    cursor: String,
    /// What happened.
    #[serde(flatten)]
    bericht: BerichtView,
}

/// Events, the earliest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Gebeurtenissen {
    /// The events; none when nothing happened in time.
    gebeurtenissen: Vec<Gebeurtenis>,
    /// Where to go on. Always given.
    cursor: String,
}

/// Follow what happens.
///
/// With `Accept: text/event-stream` the answer is a stream of server-sent events: the id is the cursor, the data one
/// event as in the list. `Last-Event-ID` goes before `na`.
#[utoipa::path(
    get,
    path = "/api/v1/gebeurtenissen",
    tag = "gebeurtenissen",
    params(FollowQuery),
    responses(
        (status = 200, content((Gebeurtenissen = "application/json"), (String = "text/event-stream"))),
        (status = 409, description = "The cursor has seen more than the journal has."),
        Problems
    )
)]
pub(super) async fn follow(
    State(api): State<Api>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    Filters(query): Filters<FollowQuery>,
) -> Result<Response, Problem> {
    let chains: Vec<Chain> =
        gemeenten(&principal, query.gemeente.as_deref())?.into_iter().map(keys::chain).collect();
    let limit = limit(query.aantal)?;
    if query.wacht.is_some_and(|wacht| wacht > WAIT_MAX.as_secs()) {
        return Err(bad_query("wacht", &format!("give at most {} seconds", WAIT_MAX.as_secs())));
    }
    let last = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()).filter(|id| !id.is_empty());
    let cursor = position(&api, &chains, last.or(query.na.as_deref()))?;
    let permit = api.feeds.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Problem::unavailable("too many follow the feed", RETRY_AFTER_SECONDS))?;
    let reader =
        Follower { feed: api.engine.feed(), stop: api.stop.clone(), api, chains, cursor, _permit: permit };
    if wants_stream(&headers) {
        return Ok(reader.stream().into_response());
    }
    let wait = Duration::from_secs(query.wacht.unwrap_or(0)).min(WAIT_MAX);
    let until = Instant::now() + wait.min(reader.api.idle().mul_f32(0.75));
    reader.page(limit, until).await.map(|page| Json(page).into_response())
}

/// One reader of the feed.
struct Follower {
    api: Api,
    chains: Vec<Chain>,
    cursor: Cursor,
    feed: broadcast::Receiver<EntryId>,
    stop: Stop,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    /// Waits until there is something or the time is up.
    async fn page(mut self, limit: usize, until: Instant) -> Result<Gebeurtenissen, Problem> {
        loop {
            let gebeurtenissen = self.read(limit).await?;
            if !gebeurtenissen.is_empty() || !self.happened(until).await {
                return Ok(Gebeurtenissen { gebeurtenissen, cursor: self.cursor.to_string() });
            }
        }
    }

    fn stream(self) -> Sse<impl stream::Stream<Item = Result<Event, Infallible>>> {
        let keep_alive = KeepAlive::new().interval(KEEP_ALIVE.min(self.api.idle() / 3));
        let until = Instant::now() + STREAM_TIME_MAX;
        let start = (self, std::collections::VecDeque::<Gebeurtenis>::new());
        let events = stream::unfold(start, move |(mut reader, mut waiting)| async move {
            while waiting.is_empty() {
                // A reader that cannot be served is sent away; it comes back with its cursor.
                waiting.extend(reader.read(STREAM_PAGE).await.ok()?);
                if waiting.is_empty() && !reader.happened(until).await {
                    return None;
                }
            }
            let next = waiting.pop_front()?;
            let event = Event::default().id(next.cursor.clone()).json_data(&next).ok()?;
            Some((Ok(event), (reader, waiting)))
        });
        Sse::new(events).keep_alive(keep_alive)
    }

    /// Reads what happened since, and moves the cursor.
    async fn read(&mut self, limit: usize) -> Result<Vec<Gebeurtenis>, Problem> {
        let (chains, mut cursor) = (self.chains.clone(), self.cursor.clone());
        let read = self.api.read(move |api| {
            let engine = &api.engine;
            let (ledger, journal, schemas) = (engine.ledger(), engine.journal(), engine.schemas());
            let mut found = Vec::new();
            loop {
                let entries = view::entries_after(journal, &chains, &cursor, limit)?;
                let more = !entries.is_empty();
                for entry in entries {
                    cursor.see(entry.id.chain, entry.id.seq);
                    // Looking is no event: a reader that looks at what it is told of would never come to the end.
                    if entry.kind == KIND_INZAGE {
                        continue;
                    }
                    let bericht = view::bericht(ledger, journal, schemas, &entry)?;
                    found.push(Gebeurtenis { cursor: cursor.to_string(), bericht });
                }
                if !found.is_empty() || !more {
                    return Ok((found, cursor));
                }
            }
        });
        let (found, cursor) = read.await?;
        self.cursor = cursor;
        Ok(found)
    }

    /// Waits until something happens in the chains; false: the time is up, or the gateway stops.
    async fn happened(&mut self, until: Instant) -> bool {
        loop {
            let told = tokio::select! {
                told = self.feed.recv() => told,
                () = tokio::time::sleep_until(until) => return false,
                () = self.stop.stopped() => return false,
            };
            match told {
                Ok(id) if self.chains.contains(&id.chain) => return true,
                Ok(_) => {}
                // The journal has what was missed.
                Err(RecvError::Lagged(_)) => return true,
                Err(RecvError::Closed) => return false,
            }
        }
    }
}

fn position(api: &Api, chains: &[Chain], text: Option<&str>) -> Result<Cursor, Problem> {
    let tips = api.engine.journal().tips();
    let cursor = match text {
        None => return Ok(Cursor::default()),
        Some(NOW) => return Ok(Cursor::at_end(&tips, chains)),
        Some(text) => {
            text.parse::<Cursor>().map_err(|error: NotACursor| bad_query("na", &error.to_string()))?
        }
    };
    let cursor = cursor.only(chains);
    match cursor.ahead_of(&tips) {
        None => Ok(cursor),
        Some(chain) => {
            let title = "The cursor is from beyond the end of the journal";
            let what =
                format!("it has seen more of gemeente {chain} than there is; was an older backup put back?");
            Err(Problem::new(StatusCode::CONFLICT, "cursor-voorbij-einde", title).detail(what))
        }
    }
}

/// Whether a stream is asked for, and not as less welcome than a page.
fn wants_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let weight = |wanted: &str| {
        let mut parts = accept.split(',').map(|part| part.split(';').map(str::trim));
        let found = parts.find_map(|mut part| {
            let essence = part.next().unwrap_or_default();
            essence.eq_ignore_ascii_case(wanted).then_some(part)
        });
        let mut parameters = found?;
        let weight = parameters.find_map(|parameter| parameter.strip_prefix("q=")?.parse::<f32>().ok());
        Some(weight.unwrap_or(1.0))
    };
    let stream = weight("text/event-stream").unwrap_or(0.0);
    stream > 0.0 && stream >= weight("application/json").unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_given_to_who_wants_it() {
        for (accept, stream) in [
            ("text/event-stream", true),
            ("application/json, Text/Event-Stream", true),
            ("text/event-stream;q=0.8, application/json;q=0.5", true),
            ("application/json, text/event-stream;q=0.5", false),
            ("text/event-stream; q=0", false),
            ("application/json", false),
            ("*/*", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(wants_stream(&headers), stream, "{accept}");
        }
    }
}
