//! Connections by hand: callers that do not behave.

use std::sync::Arc;

use iwmo_gateway::pki::{DemoCertificate, client_config};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::caller::UITWISSELING;
use super::{PATIENCE, Site};

/// A connection with the certificate of a partner, to write to as one likes.
pub(crate) struct Raw {
    stream: TlsStream<TcpStream>,
}

/// The head of a request that sends a message of so many bytes.
pub(crate) fn head(bytes: usize) -> String {
    head_to(UITWISSELING, "application/xml", bytes)
}

/// The head of a request that sends so many bytes of something to a path.
pub(crate) fn head_to(path: &str, content_type: &str, bytes: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: gateway\r\ncontent-type: {content_type}\r\ncontent-length: {bytes}\r\n\r\n"
    )
}

/// A connection without TLS, with a receive buffer as small as the system allows.
pub(crate) async fn plain(address: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1).unwrap();
    socket.connect(address.parse().unwrap()).await.unwrap()
}

/// Reads until the other side ends the connection, which it must.
pub(crate) async fn rest(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    // An abrupt end is an end too.
    drop(tokio::time::timeout(PATIENCE, read).await.expect("the connection is never ended"));
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Raw {
    /// Connects to the exchange.
    pub(crate) async fn connect(site: &Site, address: &str, certificate: &DemoCertificate) -> Self {
        let tls = client_config(Some(&certificate.identity), &[site.authority.certificate()]).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(tls)).connect(name, plain(address).await).await.unwrap();
        Self { stream }
    }

    /// Writes something, all of it.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_write(bytes).await.unwrap();
    }

    /// Writes something, unless the other side has gone.
    pub(crate) async fn try_write(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await?;
        self.stream.flush().await
    }

    /// Reads until the other side ends the connection, which it must.
    pub(crate) async fn rest(&mut self) -> String {
        rest(&mut self.stream).await
    }

    /// Ends the connection in the middle, without a word (RST).
    pub(crate) fn reset(self) {
        let (stream, _) = self.stream.into_inner();
        stream.set_zero_linger().unwrap();
    }

    /// Says that nothing more will be written, and goes on reading.
    pub(crate) async fn half_close(&mut self) {
        self.stream.get_mut().0.shutdown().await.unwrap();
    }
}
