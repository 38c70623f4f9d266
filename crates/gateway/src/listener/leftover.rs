//! Reads on what a handler left unread, so that its answer arrives.
//!
//! A refusal often comes before the message has been read: too large, a wrong token, another content type. Over
//! HTTP/1.1 the connection would then be closed in the middle of the sender's writing, the sender would see a broken
//! pipe, and the answer would be lost with it. Over HTTP/2 the stream would be reset behind the answer, which a sender may
//! take for the answer (curl 7.88 does). What is read here is thrown away at once, within bounds.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// Bytes of one body that are thrown away: about what a large message may have.
const LEFTOVER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long the sender may take for them.
const LEFTOVER_TIME: Duration = Duration::from_secs(5);

/// A request body that is read to its end even if nobody wants it.
#[derive(Debug)]
pub(super) struct Leftover(Option<Incoming>);

impl Leftover {
    pub(super) fn new(body: Incoming) -> Self {
        Self(Some(body))
    }
}

impl Body for Leftover {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.0 else { return Poll::Ready(None) };
        let outcome = Pin::new(body).poll_frame(cx);
        if matches!(outcome, Poll::Ready(None | Some(Err(_)))) {
            this.0 = None;
        }
        outcome
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        let Some(body) = self.0.take().filter(|body| !body.is_end_stream()) else { return };
        // Outside a runtime there is no connection to read from either.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(LEFTOVER_TIME, discard(body)));
        }
    }
}

async fn discard(mut body: Incoming) {
    let mut bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        bytes += frame.data_ref().map_or(0, Bytes::len);
        if bytes > LEFTOVER_BYTES_MAX {
            return;
        }
    }
}
