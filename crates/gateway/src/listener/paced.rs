//! A stream that ends when it is silent for too long.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Fails reads and writes once no byte has moved in either direction for a while: an idle keep-alive
/// connection, a sender that stops in the middle, a reader that does not read its answer. It fails them too when what is
/// to be written has not gone out for long, however many bytes moved: a reader that takes a byte a second.
pub(super) struct Paced<S> {
    stream: S,
    idle: Duration,
    answer: Duration,
    moved: Instant,
    /// Since when there is something that could not be written at once; until all of it has gone out.
    held_up: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    pub(super) fn new(stream: S, idle: Duration, answer: Duration) -> Self {
        let timer = Box::pin(tokio::time::sleep(idle.min(answer)));
        Self { stream, idle, answer, moved: Instant::now(), held_up: None, timer }
    }

    /// Passes on an outcome, notes movement, and ends the silence when it has lasted.
    ///
    /// The timer is only moved when it fires: moving it for every byte would cost more than the byte.
    fn judge<T>(&mut self, outcome: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.moved = Instant::now();
            return outcome;
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let idle = self.moved + self.idle;
            let until = self.held_up.map_or(idle, |since| idle.min(since + self.answer));
            if until <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.timer.as_mut().reset(until);
        }
        Poll::Pending
    }
}

impl<S> Paced<S> {
    /// Passes on the outcome of a write, and notes when it could not be made.
    fn written(&mut self, outcome: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let overdue = self.held_up.is_some_and(|since| since + self.answer <= Instant::now());
        if overdue {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if outcome.is_pending() {
            self.held_up.get_or_insert_with(Instant::now);
        }
        self.judge(outcome, cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_read(cx, buf);
        this.judge(outcome, cx)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.written(outcome, cx)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_flush(cx) {
            // An empty flush moves nothing.
            Poll::Ready(outcome) => {
                this.held_up = None;
                Poll::Ready(outcome)
            }
            Poll::Pending => this.judge(Poll::Pending, cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match Pin::new(&mut this.stream).poll_shutdown(cx) {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => this.judge(Poll::Pending, cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.written(outcome, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
