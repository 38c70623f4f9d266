//! A partner that receives and does not behave.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iwmo_gateway::pki::{ClientTrust, server_config_mutual};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::site::PartnerOf;
use super::{PARTNERS, Site, store};

/// How a partner behaves towards the next request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Odd {
    /// 202 with a receipt.
    Well,
    /// Takes the message, and answers when nobody waits any more.
    Late,
    /// Takes the message, and answers twice in a row.
    Twice,
    /// Takes the message, and gives half the head of an answer.
    HalfHead,
    /// Takes the message, and gives a whole head and half a receipt.
    HalfReceipt,
    /// Takes the message, and answers a byte now and then: it would take a minute.
    Trickle,
    /// Takes the message, and resets the connection.
    ResetAfterBody,
    /// Resets the connection in the middle of the message.
    ResetInBody,
    /// Resets the connection when the handshake is done.
    ResetAtOnce,
    /// Leaves the connection as it is, in the middle of the handshake.
    NoHandshake,
    /// Answers with something that is not HTTP.
    Gibberish,
}

/// What one partner was sent: each whole message that it took, with the name of the delivery.
pub(crate) struct OddPeer {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
}

struct Seen {
    odd: Mutex<Odd>,
    taken: Mutex<Vec<(String, Vec<u8>)>>,
    /// Connections that came while it was as it is now.
    met: Mutex<usize>,
}

/// The time between two bytes of an answer that trickles.
const TRICKLE: Duration = Duration::from_millis(500);

impl OddPeer {
    /// Opens the endpoint of a partner.
    pub(crate) async fn open(site: &Site, partner: PartnerOf) -> Self {
        let identity = site.authority.server(partner.0).unwrap().identity;
        let trust = ClientTrust { authorities: Vec::new(), pinned: vec![site.gateway.fingerprint] };
        let mut tls = Arc::clone(server_config_mutual(&identity, &trust).unwrap().config());
        // It writes HTTP/1.1 by hand.
        Arc::make_mut(&mut tls).alpn_protocols.clear();
        let listener = PARTNERS.spawn(TcpListener::bind(("127.0.0.1", 0))).await.unwrap().unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen { odd: Mutex::new(Odd::Well), taken: Mutex::default(), met: Mutex::new(0) });
        let all = Arc::clone(&seen);
        PARTNERS.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, TlsAcceptor::from(Arc::clone(&tls)), Arc::clone(&all)));
            }
        });
        Self { address, seen }
    }

    /// How it behaves from now on.
    pub(crate) fn is(&self, odd: Odd) {
        *self.seen.odd.lock().unwrap() = odd;
        *self.seen.met.lock().unwrap() = 0;
    }

    /// Requests, or connections that came to none, since it last changed.
    pub(crate) fn met(&self) -> usize {
        *self.seen.met.lock().unwrap()
    }

    /// Every message that it took whole, with the name of the delivery, in order.
    pub(crate) fn taken(&self) -> Vec<(String, Vec<u8>)> {
        self.seen.taken.lock().unwrap().clone()
    }
}

impl Seen {
    fn odd(&self) -> Odd {
        *self.odd.lock().unwrap()
    }

    fn met(&self) {
        *self.met.lock().unwrap() += 1;
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, seen: Arc<Seen>) {
    if seen.odd() == Odd::NoHandshake {
        seen.met();
        while seen.odd() == Odd::NoHandshake {
            tokio::time::sleep(TRICKLE).await;
        }
        return;
    }
    // Who gives up in the handshake is not this test's business.
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    if seen.odd() == Odd::ResetAtOnce {
        seen.met();
        return reset(stream);
    }
    let mut rest = Vec::new();
    while let Some((name, length)) = head(&mut stream, &mut rest).await {
        let odd = seen.odd();
        seen.met();
        let wanted = if odd == Odd::ResetInBody { length / 2 } else { length };
        if fill(&mut stream, &mut rest, wanted).await.is_none() {
            return;
        }
        if odd == Odd::ResetInBody {
            return reset(stream);
        }
        let message: Vec<u8> = rest.drain(..length).collect();
        let receipt = receipt(&message);
        seen.taken.lock().unwrap().push((name, message));
        let half = receipt.len() / 2;
        let head_end = receipt.find("\r\n\r\n").unwrap();
        let written = match odd {
            Odd::Well => stream.write_all(receipt.as_bytes()).await,
            Odd::Twice => stream.write_all(receipt.repeat(2).as_bytes()).await,
            Odd::Late => {
                while seen.odd() == Odd::Late {
                    tokio::time::sleep(TRICKLE).await;
                }
                stream.write_all(receipt.as_bytes()).await
            }
            Odd::HalfHead => {
                drop(stream.write_all(&receipt.as_bytes()[..head_end / 2]).await);
                return;
            }
            Odd::HalfReceipt => {
                drop(stream.write_all(&receipt.as_bytes()[..head_end.max(half) + 10]).await);
                return;
            }
            Odd::Trickle => {
                for byte in receipt.as_bytes() {
                    if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
                        return;
                    }
                    tokio::time::sleep(TRICKLE).await;
                }
                Ok(())
            }
            Odd::Gibberish => stream.write_all(b"OK, thank you\n\n").await,
            Odd::ResetAfterBody | Odd::ResetInBody | Odd::ResetAtOnce | Odd::NoHandshake => {
                return reset(stream);
            }
        };
        // The gateway may have hung up; then there is nothing more to read either.
        if written.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

fn reset(stream: TlsStream<TcpStream>) {
    let (stream, _) = stream.into_inner();
    stream.set_zero_linger().unwrap();
}

/// Reads until there are so many bytes.
async fn fill(stream: &mut TlsStream<TcpStream>, rest: &mut Vec<u8>, length: usize) -> Option<()> {
    while rest.len() < length {
        if stream.read_buf(rest).await.ok()? == 0 {
            return None;
        }
    }
    Some(())
}

/// Reads the head of a request: the name of the delivery, and how long the message is.
async fn head(stream: &mut TlsStream<TcpStream>, rest: &mut Vec<u8>) -> Option<(String, usize)> {
    let end = loop {
        if let Some(at) = rest.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        let wanted = rest.len() + 1;
        fill(stream, rest, wanted).await?;
    };
    let text: String = String::from_utf8(rest.drain(..end).collect()).unwrap();
    let field = |wanted: &str| {
        let lines = text.lines().filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.to_owned())
    };
    Some((field("iwmo-levering").unwrap(), field("content-length").unwrap().parse().unwrap()))
}

fn receipt(message: &[u8]) -> String {
    let digest: String = store::sha256(message).iter().map(|byte| format!("{byte:02x}")).collect();
    let body = format!("{{\"ontvangst\":\"{}\",\"sha256\":\"{digest}\",\"dubbel\":false}}", &digest[..12]);
    let length = body.len();
    format!(
        "HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}
