//! A partner that takes envelopes, and answers as it is told.

use std::sync::Mutex;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use iwmo_codec::soap;
use iwmo_codec::stuf::{Envelope, Refnummer};

use super::*;
use crate::pki::ClientTrust;

type Reply = dyn Fn(&Envelope) -> (u16, Vec<u8>) + Send + Sync;

/// What a partner got: the SOAPAction and the envelope.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    got: Arc<Mutex<Vec<(String, Bytes)>>>,
    traces: Arc<Mutex<Vec<Option<String>>>>,
    reply: Arc<Mutex<Arc<Reply>>>,
    _stopper: Arc<Stopper>,
}

impl Peer {
    pub(crate) async fn open(world: &World) -> Self {
        let server = world.authority.server("peer").unwrap();
        let trust =
            ClientTrust { authorities: vec![world.authority.certificate()], ..ClientTrust::default() };
        let (tls, source) = watch::channel(pki::server_config_mutual(&server.identity, &trust).unwrap());
        let bounds = Bounds::default();
        let listener =
            Listener::bind("peer", ([127, 0, 0, 1], 0).into(), Some(source), bounds).await.unwrap();
        let address = listener.address().unwrap();
        let (stopper, stop) = Stopper::new();
        let reply: Arc<Reply> = Arc::new(bv03);
        let peer = Self {
            address,
            got: Arc::default(),
            traces: Arc::default(),
            reply: Arc::new(Mutex::new(reply)),
            _stopper: Arc::new(stopper),
        };
        let router = Router::new().fallback(answer).with_state(peer.clone());
        tokio::spawn(async move {
            listener.serve(router, stop).await;
            drop(tls);
        });
        peer
    }

    /// How it answers from now on.
    pub(crate) fn answers(&self, reply: impl Fn(&Envelope) -> (u16, Vec<u8>) + Send + Sync + 'static) {
        *self.reply.lock().unwrap() = Arc::new(reply);
    }

    /// Everything it got.
    pub(crate) fn got(&self) -> Vec<(String, Bytes)> {
        self.got.lock().unwrap().clone()
    }

    /// The `traceparent` of each.
    pub(crate) fn traces(&self) -> Vec<Option<String>> {
        self.traces.lock().unwrap().clone()
    }

    /// Waits until it got so many, and returns the last as an envelope.
    pub(crate) async fn wait(&self, count: usize) -> Envelope {
        for _ in 0..2000 {
            if let Some((_, bytes)) = self.got().get(count - 1) {
                let body = soap::open(bytes, bytes.len()).unwrap();
                return Envelope::read(body.document.as_bytes()).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the partner got {} envelopes, not {count}", self.got().len());
    }
}

async fn answer(State(peer): State<Peer>, request: Request) -> Response {
    let trace = request.headers().get("traceparent").map(|trace| trace.to_str().unwrap().to_owned());
    let action = request.headers().get("soapaction").unwrap().to_str().unwrap().to_owned();
    assert_eq!(request.headers()["content-type"], "text/xml; charset=utf-8", "C-17");
    let bytes = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let body = soap::open(&bytes, bytes.len()).unwrap();
    assert!(iwmo_codec::stuf::validate(body.document.as_bytes()).is_valid(), "C-01: {}", body.document);
    let envelope = Envelope::read(body.document.as_bytes()).unwrap();
    let reply = Arc::clone(&peer.reply.lock().unwrap());
    let (status, answer) = reply(&envelope);
    peer.traces.lock().unwrap().push(trace);
    peer.got.lock().unwrap().push((action, bytes));
    (StatusCode::from_u16(status).unwrap(), [("content-type", "text/xml")], answer).into_response()
}

/// The acknowledgement.
pub(crate) fn bv03(envelope: &Envelope) -> (u16, Vec<u8>) {
    let answer = envelope.acknowledge(Refnummer::from_random(7), "20260101120000000".parse().unwrap());
    (200, soap::wrap(&answer.encode()))
}
