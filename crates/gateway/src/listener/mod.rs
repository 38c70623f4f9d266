//! Accepts connections, within bounds: what every listener of the gateway has in common.
//!
//! Limits first. A connection costs a permit from before it is accepted until it is gone
//! ([`Bounds::connections`]); beyond that the kernel's queue holds newcomers. The handshake, the head of a
//! request and silence in the middle of anything each have a deadline; the body's is the business of
//! the handler that reads it ([`body`]). HTTP/1.1 and HTTP/2.
//!
//! Who showed a certificate is asked about again at each request once the TLS side changed: one that was taken back, or
//! has run out, gets no further on a connection that was opened before (`standing.rs`).
//!
//! A handshake costs much and asks for nothing. One address may have half of the connections in handshakes; what comes
//! beyond is closed before any work is done for it (`handshakes.rs`).
//!
//! Stopping: no new connections, no new requests on open ones, time to finish what is in flight
//! ([`Bounds::drain`]), then the rest is cut off. A cut-off sender has no answer and sends again.

pub mod body;
mod gate;
mod handshakes;
mod host;
mod leftover;
mod paced;
mod standing;
mod stop;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Version, header};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::metrics::LISTENER_SHED_CONNECTIONS;
use crate::pki::{PeerCertificate, ServerTls};
use handshakes::Handshakes;
use leftover::Leftover;
use paced::Paced;
use standing::{Standing, Standings};

pub use gate::{Entry, Gate, Place};
pub use stop::{Stop, Stopper};

/// Head of an HTTP/1.1 request, and the decoded headers of an HTTP/2 one, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Header fields of one request.
const HEADERS_MAX: usize = 64;
/// Requests at the same time on one HTTP/2 connection.
const STREAMS_MAX: u32 = 64;
/// How long a connection too many lasts: long enough to be told.
const TELL_TIME: Duration = Duration::from_secs(5);
/// Wait after the system refuses to accept (out of file descriptors, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What one listener allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Connections at the same time.
    pub connections: usize,
    /// For the TLS handshake as a whole.
    pub handshake: Duration,
    /// For the head of a request, counted from when the connection waits for one (HTTP/1.1).
    pub head: Duration,
    /// Without a byte in either direction, whatever the connection is doing.
    pub idle: Duration,
    /// For what waits to be written, once it does not go out at once: a peer that reads slowly.
    pub answer: Duration,
    /// For what is in flight when the listener stops.
    pub drain: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 1024,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            answer: Duration::from_secs(60),
            drain: Duration::from_secs(20),
        }
    }
}

/// Where the TLS side of a listener comes from; a new value counts for connections from then on.
pub type TlsSource = watch::Receiver<ServerTls>;

/// Where the bounds of a listener come from; a new value counts for connections from then on.
pub type BoundsSource = watch::Receiver<Bounds>;

/// Who is at the other end of a connection; an extension of every request.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The address it comes from.
    pub address: SocketAddr,
    /// Its certificate, if the listener asked for one.
    pub certificate: Option<Arc<PeerCertificate>>,
}

/// Why a listener could not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} ({name}): {source}")]
pub struct ListenError {
    /// The listener's name in the configuration.
    pub name: &'static str,
    /// The address asked for.
    pub address: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

/// A bound address that does not serve yet.
pub struct Listener {
    name: &'static str,
    socket: TcpListener,
    tls: Option<TlsSource>,
    bounds: BoundsSource,
    gate: Option<Arc<dyn Gate>>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Listener {
    /// Binds an address. `name` stands in logs and errors; without `tls` the listener speaks plain HTTP.
    ///
    /// # Errors
    ///
    /// [`ListenError`] when the address is in use or not ours.
    pub async fn bind(
        name: &'static str,
        address: SocketAddr,
        tls: Option<TlsSource>,
        bounds: Bounds,
    ) -> Result<Self, ListenError> {
        let socket = TcpListener::bind(address).await;
        let socket = socket.map_err(|source| ListenError { name, address, source })?;
        Ok(Self { name, socket, tls, bounds: watch::channel(bounds).1, gate: None })
    }

    /// Has each connection with a certificate pass a gate.
    #[must_use]
    pub fn gated(mut self, gate: Arc<dyn Gate>) -> Self {
        self.gate = Some(gate);
        self
    }

    /// Follows bounds that may change while it serves.
    #[must_use]
    pub fn following(mut self, bounds: BoundsSource) -> Self {
        self.bounds = bounds;
        self
    }

    /// Returns the address, with the port the system chose if 0 was asked for.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until told to stop, then finishes what is in flight and returns.
    pub async fn serve(self, router: Router, mut stop: Stop) {
        let router = router.layer(axum::middleware::from_fn(host::named));
        let mut source = self.bounds;
        let mut bounds = *source.borrow_and_update();
        let mut following = true;
        let permits = Arc::new(Semaphore::new(bounds.connections));
        let handshakes = Handshakes::default();
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = stop.stopped() => break,
                accepted = accept(&self.socket, &permits) => accepted,
                changed = source.changed(), if following => {
                    following = changed.is_ok();
                    let before = std::mem::replace(&mut bounds, *source.borrow_and_update());
                    resize(&permits, before.connections, bounds.connections);
                    continue;
                }
                Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            };
            let (stream, address, permit) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(listener = self.name, %error, "A connection could not be accepted.");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let handshake = match &self.tls {
                None => None,
                Some(tls) => {
                    let Some(place) = handshakes.enter(address.ip(), bounds.connections) else {
                        LISTENER_SHED_CONNECTIONS.count(&[self.name]);
                        continue;
                    };
                    Some((tls.clone(), place))
                }
            };
            let connection = Connection {
                name: self.name,
                handshake,
                bounds,
                gate: self.gate.clone(),
                router: router.clone(),
                watcher: graceful.watcher(),
                stop: stop.clone(),
            };
            connections.spawn(async move {
                connection.run(stream, address).await;
                drop(permit);
            });
        }
        drop(self.socket);
        let drained = async {
            graceful.shutdown().await;
            while connections.join_next().await.is_some() {}
        };
        if tokio::time::timeout(bounds.drain, drained).await.is_err() {
            tracing::warn!(listener = self.name, "Connections were cut off: they did not finish in time.");
        }
    }
}

/// Makes the permits as many as may be given now; those that are given and too many are kept when they come back.
fn resize(permits: &Arc<Semaphore>, before: usize, now: usize) {
    if now >= before {
        return permits.add_permits(now - before);
    }
    let missing = before - now - permits.forget_permits(before - now);
    let (permits, missing) = (Arc::clone(permits), u32::try_from(missing).unwrap_or(u32::MAX));
    if missing > 0 {
        tokio::spawn(async move {
            // A listener that is gone needs nothing more.
            if let Ok(late) = permits.acquire_many_owned(missing).await {
                late.forget();
            }
        });
    }
}

async fn accept(
    socket: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = socket.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, address, permit))
}

/// What serving one connection takes.
struct Connection {
    name: &'static str,
    handshake: Option<(TlsSource, handshakes::Place)>,
    bounds: Bounds,
    gate: Option<Arc<dyn Gate>>,
    router: Router,
    watcher: Watcher,
    stop: Stop,
}

impl Connection {
    async fn run(mut self, stream: TcpStream, address: SocketAddr) {
        let name = self.name;
        let Some((source, place)) = self.handshake.take() else {
            return self.http(stream, Peer { address, certificate: None }, None).await;
        };
        let tls = source.borrow().clone();
        let acceptor = TlsAcceptor::from(Arc::clone(tls.config()));
        let handshake = tokio::time::timeout(self.bounds.handshake, acceptor.accept(stream));
        let mut stop = self.stop.clone();
        let handshake = tokio::select! {
            handshake = handshake => handshake,
            () = stop.stopped() => return,
        };
        // Anyone can fail a handshake, so none of this is worth more than a debug line.
        let stream = match handshake {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::debug!(listener = name, peer = %address.ip(), %error, "A TLS handshake failed.");
                return;
            }
            Err(_) => {
                tracing::debug!(listener = name, peer = %address.ip(), "A TLS handshake took too long.");
                return;
            }
        };
        drop(place);
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let certificate = match chain.first().map(PeerCertificate::from_der).transpose() {
            Ok(certificate) => certificate.map(Arc::new),
            Err(error) => {
                tracing::debug!(listener = name, %error, "A client certificate could not be read.");
                return;
            }
        };
        let entry = match (&self.gate, &certificate) {
            (Some(gate), Some(certificate)) => gate.enter(certificate),
            _ => Entry::Welcome(Box::new(())),
        };
        let shown = certificate.as_ref().map(Arc::clone);
        let standing = shown.map(|shown| Standing::new(name, shown, chain.to_vec(), tls, source));
        let peer = Peer { address, certificate };
        match entry {
            Entry::Welcome(_place) => self.http(stream, peer, standing).await,
            Entry::TooMany(_place) => {
                self.router = gate::too_many();
                // It is over by then for who went on asking.
                let _over = tokio::time::timeout(TELL_TIME, self.http(stream, peer, standing)).await;
            }
            Entry::Closed => {
                tracing::debug!(listener = name, peer = %address.ip(), "A connection too many was closed.");
            }
        }
    }

    async fn http<S>(self, stream: S, peer: Peer, standing: Option<Standing>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.bounds.head)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX));
        let router = Standings::new(self.router, standing).map_request(
            move |mut request: axum::http::Request<Incoming>| {
                request.extensions_mut().insert(peer.clone());
                // A sender that waits for "100 Continue" sends nothing unasked, and closing its connection costs it no answer.
                // Over HTTP/2 a reset of the stream would.
                if request.version() < Version::HTTP_2 && request.headers().contains_key(header::EXPECT) {
                    request.map(Body::new)
                } else {
                    request.map(|body| Body::new(Leftover::new(body)))
                }
            },
        );
        let io = TokioIo::new(Paced::new(stream, self.bounds.idle, self.bounds.answer));
        let connection = http.serve_connection(io, TowerToHyperService::new(router)).into_owned();
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(listener = self.name, %error, "A connection ended early.");
        }
    }
}

#[cfg(test)]
mod tests;
