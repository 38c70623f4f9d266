//! Reads the body of a request, within bounds.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::metrics::LISTENER_SHED_REQUESTS;
use crate::problem::Problem;

/// Memory is counted in pieces of this size.
const PIECE_BYTES: usize = 4096;
/// What a sender is told when memory is short; bodies are read within seconds.
const RETRY_AFTER_SECONDS: u32 = 2;

/// Reads bodies: each within a size and a time, all of them together within an amount of memory.
#[derive(Clone, Debug)]
pub struct BodyReader {
    room: watch::Receiver<Arc<BodyRoom>>,
}

/// What bodies may take.
#[derive(Clone, Debug)]
pub struct BodyRoom {
    bytes_max: usize,
    time: Duration,
    memory_bytes: usize,
    memory: Arc<Semaphore>,
}

impl BodyRoom {
    /// Returns room for bodies of at most `bytes_max` bytes in at most `time`, holding at most `memory_bytes` (and never
    /// less than one message) at the same time.
    #[must_use]
    pub fn new(bytes_max: usize, time: Duration, memory_bytes: usize) -> Self {
        let memory_bytes = memory_bytes.max(bytes_max);
        let pieces = memory_bytes.div_ceil(PIECE_BYTES).min(Semaphore::MAX_PERMITS);
        Self { bytes_max, time, memory_bytes, memory: Arc::new(Semaphore::new(pieces)) }
    }

    /// Returns this room after another: the same memory, with what is held of it, unless there is to be more or less.
    #[must_use]
    pub fn after(mut self, before: &Self) -> Self {
        if self.memory_bytes == before.memory_bytes {
            self.memory = Arc::clone(&before.memory);
        }
        self
    }
}

/// A body as received, with the memory it was granted; give it back by dropping.
#[derive(Debug)]
pub struct Received {
    /// The body.
    pub bytes: Bytes,
    _memory: Option<OwnedSemaphorePermit>,
}

impl BodyReader {
    /// Returns a reader of bodies of at most `bytes_max` bytes in at most `time`, holding at most
    /// `memory_bytes` (and never less than one message) at the same time over all its clones.
    #[must_use]
    pub fn new(bytes_max: usize, time: Duration, memory_bytes: usize) -> Self {
        Self::following(watch::channel(Arc::new(BodyRoom::new(bytes_max, time, memory_bytes))).1)
    }

    /// Returns a reader within bounds that may change; a new value counts for bodies from then on.
    #[must_use]
    pub fn following(room: watch::Receiver<Arc<BodyRoom>>) -> Self {
        Self { room }
    }

    /// Reads a body to its end.
    ///
    /// # Errors
    ///
    /// 413 past the size (without reading the rest), 408 past the time, 503 when the memory is in use, 400
    /// when the peer goes away or breaks HTTP.
    pub async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Received, Problem> {
        self.read_at_most(usize::MAX, headers, body).await
    }

    /// Reads a body to its end that may have fewer bytes than others.
    ///
    /// # Errors
    ///
    /// As [`BodyReader::read`].
    pub async fn read_at_most(
        &self,
        bytes_max: usize,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Received, Problem> {
        let mut room = BodyRoom::clone(&self.room.borrow());
        room.bytes_max = room.bytes_max.min(bytes_max);
        room.read(headers, body).await
    }
}

impl BodyRoom {
    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Received, Problem> {
        let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let declared = declared.and_then(|value| value.parse::<u64>().ok());
        if declared.is_some_and(|declared| u64::try_from(self.bytes_max).is_ok_and(|max| declared > max)) {
            return Err(Problem::too_large(self.bytes_max));
        }
        // What will not fit is refused before it comes. Nothing is granted yet: a length is a promise, not memory.
        let wanted = declared.and_then(|declared| usize::try_from(declared).ok()).unwrap_or_default();
        if wanted.div_ceil(PIECE_BYTES) > self.memory.available_permits() {
            return Err(no_room());
        }
        tokio::time::timeout(self.time, self.collect(body)).await.unwrap_or_else(|_| {
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "te-traag", "The message did not arrive in time"))
        })
    }

    async fn collect(&self, mut body: Body) -> Result<Received, Problem> {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        let mut memory: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = body.frame().await {
            let frame = frame
                .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "afgebroken", "The message broke off"))?;
            let Ok(data) = frame.into_data() else { continue };
            let length = first.len() + rest.len() + data.len();
            if length > self.bytes_max {
                return Err(Problem::too_large(self.bytes_max));
            }
            self.grant(&mut memory, length)?;
            // Most messages are one frame and are never copied.
            if first.is_empty() && rest.is_empty() {
                first = data;
                continue;
            }
            rest.extend_from_slice(&std::mem::take(&mut first));
            rest.extend_from_slice(&data);
        }
        let bytes = if rest.is_empty() { first } else { rest.freeze() };
        Ok(Received { bytes, _memory: memory })
    }

    fn grant(&self, held: &mut Option<OwnedSemaphorePermit>, length: usize) -> Result<(), Problem> {
        let wanted = length.div_ceil(PIECE_BYTES);
        let missing = wanted.saturating_sub(held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).map_err(|_| Problem::too_large(self.bytes_max))?;
        let more = Arc::clone(&self.memory).try_acquire_many_owned(missing).map_err(|_| no_room())?;
        match held {
            Some(held) => held.merge(more),
            None => *held = Some(more),
        }
        Ok(())
    }
}

fn no_room() -> Problem {
    Problem::unavailable("too much is being received at once", RETRY_AFTER_SECONDS)
}

/// Returns why a message is not even read, when `busy`; counted for the listener.
///
/// # Errors
///
/// 503, and when to come back.
pub fn shed(busy: bool, listener: &'static str) -> Result<(), Problem> {
    if !busy {
        return Ok(());
    }
    LISTENER_SHED_REQUESTS.count(&[listener]);
    Err(Problem::unavailable("too many messages are waiting to be processed", RETRY_AFTER_SECONDS))
}

/// Returns whether the headers say `essence` in UTF-8 without a content coding, and say it once: of two that differ nobody
/// knows which is meant.
#[must_use]
pub fn content_is(headers: &HeaderMap, essence: &str) -> bool {
    let twice = |name| headers.get_all(name).iter().nth(1).is_some();
    if twice(header::CONTENT_TYPE) || twice(header::CONTENT_ENCODING) {
        return false;
    }
    let coding = headers.get(header::CONTENT_ENCODING);
    if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return false;
    }
    let Some(Ok(value)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else { return false };
    let mut parts = value.split(';').map(str::trim);
    if !parts.next().is_some_and(|found| found.eq_ignore_ascii_case(essence)) {
        return false;
    }
    parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
        !name.trim().eq_ignore_ascii_case("charset")
            || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    })
}
