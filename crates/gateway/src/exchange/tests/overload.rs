//! Too much at once, and certificates that stop counting while a connection is open.

use super::*;
use crate::pki::{Revocation, RevocationList, server_config_asking};

/// Part of a request that never comes whole.
const HEAD: &str = "POST /uitwisseling/v1/berichten HTTP/1.1\r\nhost: x\r\ncontent-type: application/xml\r\n";

/// When too much waits, a sender is told to come back before its message has come, and the connection serves on.
#[tokio::test]
async fn who_comes_when_too_much_waits_is_told_so_unread() {
    let house = house().await;
    house.intake.busy.store(true, Ordering::SeqCst);
    let mut stream = house.raw().await;
    // Nothing of the body is sent: the answer cannot wait for it.
    write(&mut stream, &format!("{HEAD}content-length: 60000\r\nexpect: 100-continue\r\n\r\n")).await;
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 503");
    let client = house.partner();
    let told = house.post(&client, "<message/>").await;
    assert_eq!((told.problem().as_str(), told.retry_after.as_deref()), ("503 niet-beschikbaar", Some("2")));
    assert!(house.intake.taken.lock().unwrap().is_empty());
    house.intake.busy.store(false, Ordering::SeqCst);
    assert_eq!(house.post(&client, "<message/>").await.status, 202);
}

/// An address that begins handshakes and ends none has half of the connections, and no work is done for more; as soon as
/// it lets one go there is room again.
#[tokio::test]
async fn handshakes_that_never_end_leave_room() {
    let house = house_with(Bounds { connections: 8, ..BOUNDS }, 1000).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(TcpStream::connect(house.address).await.unwrap());
    }
    // They are accepted in order, so this one comes after them.
    let mut shed = TcpStream::connect(house.address).await.unwrap();
    assert_eq!(rest(&mut shed).await, "", "closed without a word");
    drop(held.pop());
    let wanted = async {
        loop {
            let client = house.partner();
            let request = client.post(house.url()).header("content-type", "application/xml");
            if let Ok(answer) = request.body("<message/>").send().await {
                return answer.status().as_u16();
            }
        }
    };
    let status = tokio::time::timeout(PATIENCE, wanted).await.expect("there is room again");
    assert_eq!(status, 202);
    drop(held);
}

fn revoking(house: &House, revoked: &[&DemoCertificate]) -> ServerTls {
    let trust = ClientTrust {
        authorities: vec![house.authority.certificate()],
        pinned: vec![house.pinned.fingerprint],
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), house.authority.revocation_list(revoked, 30).unwrap()).unwrap();
    let lists = RevocationList::read(file.path()).unwrap();
    let revocation = Revocation { lists, ..Revocation::default() };
    server_config_asking(&house.server.identity, &trust, &revocation, true).unwrap()
}

/// A connection that was opened before its certificate was taken back: the next request on it is refused, and so is every
/// one after it, over both versions of HTTP. That of another goes on.
#[tokio::test]
async fn an_open_connection_ends_with_its_certificate() {
    let house = house().await;
    for protocol in [&b"h2"[..], b"http/1.1"] {
        let certificates = [1, 2].map(|_| house.authority.client("partner", Some(OIN)).unwrap());
        let clients = [&certificates[0], &certificates[1]].map(|certificate| {
            let mut tls = house.tls(Some(certificate));
            tls.alpn_protocols = vec![protocol.to_vec()];
            reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap()
        });
        for client in &clients {
            assert_eq!(house.post(client, "<message/>").await.status, 202);
        }
        let taken = house.intake.taken.lock().unwrap().len();
        house.tls.send_replace(revoking(&house, &[&certificates[0]]));
        let refused = house.post(&clients[0], "<message/>").await;
        assert_eq!(refused.problem(), "403 certificaat");
        assert_eq!(house.intake.taken.lock().unwrap().len(), taken);
        assert_eq!(house.post(&clients[1], "<message/>").await.status, 202);
        // Not on this list any more; but what was once refused on a connection stays so, and a new one gets in.
        house.tls.send_replace(revoking(&house, &[]));
        if protocol == b"h2" {
            assert_eq!(house.post(&clients[0], "<message/>").await.problem(), "403 certificaat");
        }
        let again = house.client(Some(&certificates[0]));
        assert_eq!(house.post(&again, "<message/>").await.status, 202);
    }
}
