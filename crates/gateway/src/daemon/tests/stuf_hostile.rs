//! C-58: what wants to use up memory or time at the StUF endpoint.

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::stuf::{Answered, Chain, di01, wrapped};
use super::*;

/// Bytes of one chunk that is sent on and on.
const CHUNK_BYTES: usize = 1 << 20;

async fn raw(chain: &Chain, headers: &str) -> TlsStream<TcpStream> {
    let identity = Some(&chain.world.linde.identity);
    let tls = pki::client_config(identity, &[chain.world.authority.certificate()]).unwrap();
    let stream = TcpStream::connect(chain.daemon.exchange()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await.unwrap();
    let head = format!(
        "POST /uitwisseling/v1/ggk HTTP/1.1\r\nhost: x\r\ncontent-type: text/xml; charset=utf-8\r\n{headers}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    stream
}

/// Reads one answer: the head, and as much body as it says.
async fn answer(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Answered {
    let mut text = Vec::new();
    let read = async {
        loop {
            let whole = String::from_utf8_lossy(&text).into_owned();
            if let Some((head, body)) = whole.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.expect("the answer has a length").parse().unwrap();
                if body.len() >= length {
                    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                    return Answered { status, body: body.as_bytes()[..length].to_vec() };
                }
            }
            assert!(stream.read_buf(&mut text).await.unwrap() > 0, "no whole answer: {whole}");
        }
    };
    tokio::time::timeout(Duration::from_secs(60), read).await.expect("an answer")
}

/// Entities, depth and a content coding are refused before anything grows; a gigabyte is refused by its length before a
/// byte of it comes, and without a length where the limit is; a body that stops is given up. Each time whoever speaks
/// SOAP gets a fault, and the next envelope is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c_58_what_would_use_up_memory_or_time() {
    let world = Chain::new().await;
    let chain = world.restarted("[limits]\nbody = \"1s\"\n").await;
    let good = String::from_utf8(wrapped(&di01(LINDE, 1))).unwrap();
    let post = async |text: String| chain.post(&chain.world.linde, text).await.short();

    let mut entities = "<!DOCTYPE x [<!ENTITY a0 \"aaaaaaaaaa\">".to_owned();
    for level in 1..12 {
        let before = format!("&a{};", level - 1).repeat(10);
        entities.push_str(&format!("<!ENTITY a{level} \"{before}\">"));
    }
    assert_eq!(post(format!("{entities}]>{good}")).await, "500 Client");
    let depth = 100_000;
    let nested = format!("{}{}", "<x>".repeat(depth), "</x>".repeat(depth));
    assert_eq!(
        post(good.replace("</soapenv:Body>", &format!("{nested}</soapenv:Body>"))).await,
        "500 Client"
    );
    assert_eq!(
        post(good.replace("</GGK:parameters>", &format!("{nested}</GGK:parameters>"))).await,
        "500 Client"
    );

    let mut coded = raw(&chain, "content-encoding: gzip\r\ncontent-length: 10").await;
    assert_eq!(answer(&mut coded).await.status, 415);
    let mut declared = raw(&chain, "content-length: 1073741824").await;
    assert_eq!(answer(&mut declared).await.short(), "413 Client");

    let (mut reader, mut writer) = tokio::io::split(raw(&chain, "transfer-encoding: chunked").await);
    let endless = tokio::spawn(async move {
        let chunk = format!("{CHUNK_BYTES:x}\r\n{}\r\n", " ".repeat(CHUNK_BYTES));
        while writer.write_all(chunk.as_bytes()).await.is_ok() {}
    });
    assert_eq!(answer(&mut reader).await.short(), "413 Client");
    endless.abort();

    let mut slow = raw(&chain, "content-length: 1000").await;
    slow.write_all(b"<soapenv:Envelope").await.unwrap();
    slow.flush().await.unwrap();
    assert_eq!(answer(&mut slow).await.short(), "408 Client");

    assert_eq!(chain.entries().len(), 0);
    assert_eq!(post(good).await, "200 Bv03");
    chain.daemon.stop().await;
}
