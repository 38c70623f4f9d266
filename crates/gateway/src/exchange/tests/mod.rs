//! The exchange over real TLS on loopback, with an intake that does as it is told.

mod answers;
mod bounds;
mod handshake;
mod limits;
mod logs;
mod overload;

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::config::{Partner, PartnerKind};
use crate::engine::Refusal;
use crate::listener::{Bounds, Listener, Stopper};
use crate::pki::{
    ClientTrust, DemoAuthority, DemoCertificate, ServerTls, client_config, server_config_mutual,
};

pub(crate) const OIN: &str = "00000001234567890000";
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// An intake that answers by what the message says, and remembers what it took.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) taken: Mutex<Vec<(PartnerId, bytes::Bytes)>>,
    pub(crate) entered: Notify,
    pub(crate) proceed: Notify,
    pub(crate) busy: std::sync::atomic::AtomicBool,
    count: AtomicUsize,
}

impl Intake for Script {
    async fn receive(&self, inbound: Inbound) -> Result<Receipt, Refusal> {
        let bytes = inbound.bytes;
        match &*bytes {
            b"<invalid/>" => return Err(Refusal::Invalid(Box::default())),
            b"<wrong-sender/>" => return Err(Refusal::WrongSender("another AGB code".into())),
            b"<large/>" => return Err(Refusal::TooLarge { bytes_max: 7 }),
            b"<unacceptable/>" => {
                return Err(Refusal::Unacceptable {
                    title: "Not for this listener".into(),
                    detail: "a WMO301 goes the other way".into(),
                    rules: vec!["TR001".into()],
                    retourcodes: vec!["0001".into()],
                });
            }
            b"<full/>" => {
                let reason = "disk full on /secret".into();
                return Err(Refusal::Unavailable { reason, retry_after_seconds: 7 });
            }
            b"<slow/>" => {
                self.entered.notify_one();
                self.proceed.notified().await;
            }
            _ => {}
        }
        let mut taken = self.taken.lock().unwrap();
        let dubbel = taken.iter().any(|(_, before)| *before == bytes);
        taken.push((inbound.partner, bytes));
        let seq = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Receipt { id: format!("0222:{seq}"), sha256: [0xab; 32], dubbel })
    }

    fn is_busy(&self) -> bool {
        self.busy.load(Ordering::SeqCst)
    }
}

/// A running exchange.
pub(crate) struct House {
    pub(crate) authority: DemoAuthority,
    pub(crate) pinned: DemoCertificate,
    pub(crate) intake: Arc<Script>,
    pub(crate) address: SocketAddr,
    /// The TLS side; another one may be put in its place.
    pub(crate) tls: watch::Sender<ServerTls>,
    pub(crate) server: DemoCertificate,
    pub(crate) stopper: Stopper,
    pub(crate) served: JoinHandle<()>,
}

/// Bounds that a busy machine keeps.
pub(crate) const BOUNDS: Bounds = Bounds {
    connections: 64,
    handshake: Duration::from_secs(10),
    head: Duration::from_secs(10),
    idle: Duration::from_secs(20),
    answer: Duration::from_secs(20),
    drain: Duration::from_secs(5),
};

pub(crate) async fn house() -> House {
    house_with(BOUNDS, 1000).await
}

pub(crate) async fn house_with(bounds: Bounds, messages_per_second: u32) -> House {
    house_allowing(bounds, Allowances::new(Rate { messages_per_second })).await
}

/// An exchange with two partners: one pinned, whose certificate is of no authority we trust, and one known by
/// its OIN.
async fn house_allowing(bounds: Bounds, allowances: Allowances) -> House {
    let authority = DemoAuthority::new("Test CA").unwrap();
    let pinned = DemoAuthority::new("Own CA").unwrap().client("pinned", Some(OIN)).unwrap();
    let partner = |id: &str| Partner::new(id, PartnerKind::Aanbieder);
    let partners = [
        Partner { fingerprints: vec![pinned.fingerprint], ..partner("by-pin") },
        Partner { oin: Some(OIN.parse().unwrap()), ..partner("by-oin") },
    ];
    let server = authority.server("gateway").unwrap();
    let trust = ClientTrust { authorities: vec![authority.certificate()], pinned: vec![pinned.fingerprint] };
    let (tls_sender, tls) = watch::channel(server_config_mutual(&server.identity, &trust).unwrap());
    let (_, directory) = watch::channel(Arc::new(Directory::new(&partners)));
    let listener = Listener::bind("exchange", ([127, 0, 0, 1], 0).into(), Some(tls), bounds).await.unwrap();
    let address = listener.address().unwrap();
    let intake = Arc::new(Script::default());
    let bodies = BodyReader::new(MESSAGE_BYTES_MAX, Duration::from_secs(2), 0);
    let (_, allowances) = watch::channel(Arc::new(allowances));
    let gate = PartnerGate::new(directory.clone(), allowances.clone());
    let rate = Rate { messages_per_second: 1 };
    let exchange = Exchange::new(Arc::clone(&intake), directory, bodies, rate);
    let exchange = exchange.paced(Arc::new(Pacer::following(allowances)));
    let listener = listener.gated(Arc::new(gate));
    let (stopper, stop) = Stopper::new();
    let served = tokio::spawn(listener.serve(exchange.router(), stop));
    House { authority, pinned, intake, address, tls: tls_sender, server, stopper, served }
}

impl House {
    /// A client that shows this certificate.
    pub(crate) fn tls(&self, certificate: Option<&DemoCertificate>) -> ClientConfig {
        let identity = certificate.map(|certificate| &certificate.identity);
        client_config(identity, &[self.authority.certificate()]).unwrap()
    }

    pub(crate) fn client(&self, certificate: Option<&DemoCertificate>) -> reqwest::Client {
        let builder = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(self.tls(certificate));
        builder.build().unwrap()
    }

    /// A client that is the partner known by its OIN.
    pub(crate) fn partner(&self) -> reqwest::Client {
        self.client(Some(&self.authority.client("partner", Some(OIN)).unwrap()))
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}{BERICHTEN_PATH}", self.address)
    }

    pub(crate) async fn post(&self, client: &reqwest::Client, body: impl Into<reqwest::Body>) -> Answer {
        let request = client.post(self.url()).header("content-type", "application/xml").body(body);
        Answer::of(request.send().await.unwrap()).await
    }

    /// A TLS connection as the partner known by its OIN, to write to by hand.
    pub(crate) async fn raw(&self) -> TlsStream<TcpStream> {
        let certificate = self.authority.client("partner", Some(OIN)).unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(self.tls(Some(&certificate))));
        let stream = TcpStream::connect(self.address).await.unwrap();
        connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: serde_json::Value,
}

impl Answer {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (content_type, retry_after) = (header("content-type").unwrap_or_default(), header("retry-after"));
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        Self { status, content_type, retry_after, body: serde_json::from_str(&text).unwrap_or_default() }
    }

    /// Status and kind of problem, as `422 ongeldig-bericht`.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.content_type, "application/problem+json", "{self:?}");
        assert_eq!(self.body["status"], self.status, "{self:?}");
        assert!(self.body["title"].is_string(), "{self:?}");
        let kind = self.body["type"].as_str().unwrap().strip_prefix("urn:iwmo:probleem:").unwrap();
        format!("{} {kind}", self.status)
    }
}

/// How long anything may take that must come about.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Reads the head of an answer: what comes after it, and when the connection ends, is another matter.
pub(crate) async fn head_of<S: tokio::io::AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut bytes = Vec::new();
    let read = async {
        while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
            if stream.read_buf(&mut bytes).await.unwrap_or_default() == 0 {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads until the other side closes, which it must.
pub(crate) async fn rest<S: tokio::io::AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    // An abrupt end is an end too.
    let _ended = tokio::time::timeout(PATIENCE, read).await.expect("the connection was cut");
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(crate) async fn write<S: tokio::io::AsyncWrite + Unpin>(stream: &mut S, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}
