//! Who gets through the handshake, and who is known after it.

use rustls::client::Resumption;

use super::*;

/// Sends a message and says how it ended: the status, or that there was no connection.
async fn outcome(house: &House, certificate: Option<&DemoCertificate>) -> Result<u16, reqwest::Error> {
    let client = house.client(certificate);
    let request = client.post(house.url()).header("content-type", "application/xml").body("<message/>");
    Ok(request.send().await?.status().as_u16())
}

#[tokio::test]
async fn a_certificate_that_names_no_partner_gets_a_403() {
    let house = house().await;
    for oin in [None, Some("00000009999999990000")] {
        let stranger = house.authority.client("stranger", oin).unwrap();
        let answer = house.post(&house.client(Some(&stranger)), "<message/>").await;
        assert_eq!(answer.problem(), "403 onbekende-partner");
    }
    assert!(house.intake.taken.lock().unwrap().is_empty());
}

#[tokio::test]
async fn without_a_good_certificate_there_is_no_connection() {
    let house = house().await;
    let other = DemoAuthority::new("Another CA").unwrap();
    // The name of the authority decides nothing, its key does.
    let twin = DemoAuthority::new("Test CA").unwrap();
    let refused = [
        ("none", None),
        ("of another authority", Some(other.client("partner", Some(OIN)).unwrap())),
        ("of an authority with the same name", Some(twin.client("partner", Some(OIN)).unwrap())),
        ("expired", Some(house.authority.client_expired("partner", Some(OIN)).unwrap())),
        ("of a server", Some(house.authority.server("partner").unwrap())),
    ];
    for (what, certificate) in &refused {
        assert!(outcome(&house, certificate.as_ref()).await.is_err(), "a certificate {what} got in");
    }
    assert!(house.intake.taken.lock().unwrap().is_empty());
    let good = house.authority.client("partner", Some(OIN)).unwrap();
    assert_eq!(outcome(&house, Some(&good)).await.unwrap(), 202);
}

/// A pin does not make an expired certificate good.
#[tokio::test]
async fn a_pinned_certificate_expires_too() {
    let authority = DemoAuthority::new("Own CA").unwrap();
    let expired = authority.client_expired("pinned", None).unwrap();
    let server = authority.server("gateway").unwrap();
    let trust =
        ClientTrust { authorities: Vec::new(), pinned: vec![expired.fingerprint, server.fingerprint] };
    let (_, tls) = watch::channel(server_config_mutual(&server.identity, &trust).unwrap());
    let listener = Listener::bind("test", ([127, 0, 0, 1], 0).into(), Some(tls), BOUNDS).await.unwrap();
    let url = format!("https://{}/", listener.address().unwrap());
    let (_stopper, stop) = Stopper::new();
    tokio::spawn(listener.serve(Router::new(), stop));
    // Nor does it make a server's certificate a client's.
    for certificate in [&expired, &server] {
        let tls = client_config(Some(&certificate.identity), &[authority.certificate()]).unwrap();
        let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap();
        assert!(client.get(&url).send().await.is_err());
    }
}

#[tokio::test]
async fn tls_below_1_2_and_plain_text_are_refused() {
    let house = house().await;
    // A ClientHello of TLS 1.1, which rustls cannot send: version 3.2, one suite, no extensions.
    let mut hello = vec![22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0, 0x2f, 1, 0]);
    for bytes in [&hello[..], b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", &[0xff; 512]] {
        let mut stream = TcpStream::connect(house.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "the connection was closed");
        // A TLS alert, or nothing at all; never HTTP.
        assert!(answer.is_empty() || answer[0] == 21, "{answer:?}");
    }
    assert_eq!(house.post(&house.partner(), "<message/>").await.status, 202, "others are not troubled");
}

/// Resuming a session does not lose who the peer is.
#[tokio::test]
async fn a_resumed_session_still_names_the_partner() {
    let house = house().await;
    let certificate = house.authority.client("partner", Some(OIN)).unwrap();
    let mut tls = house.tls(Some(&certificate));
    tls.resumption = Resumption::in_memory_sessions(8);
    let builder = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
    let client = builder.tls_backend_preconfigured(tls).build().unwrap();
    for _ in 0..3 {
        assert_eq!(house.post(&client, "<message/>").await.status, 202);
    }
}

#[tokio::test]
async fn both_versions_of_http_are_spoken() {
    let house = house().await;
    let certificate = house.authority.client("partner", Some(OIN)).unwrap();
    for (protocol, version) in [(&b"h2"[..], "HTTP/2.0"), (b"http/1.1", "HTTP/1.1")] {
        let mut tls = house.tls(Some(&certificate));
        tls.alpn_protocols = vec![protocol.to_vec()];
        let mut builder = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls);
        builder = if version == "HTTP/2.0" { builder.http2_prior_knowledge() } else { builder.http1_only() };
        let request = builder.build().unwrap().post(house.url()).header("content-type", "application/xml");
        let response = request.body("<message/>").send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), format!("{:?}", response.version()).as_str()),
            (202, version)
        );
    }
}
