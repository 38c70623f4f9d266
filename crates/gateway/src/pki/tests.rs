//! Certificates that are let in, and those that are not.

mod pkioverheid;

use std::process::{Command, Stdio};

use super::*;

#[test]
fn fingerprints_are_read_and_written() {
    let text = "5e8f0c1b2a394857667584930a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
    let fingerprint: Fingerprint = text.parse().unwrap();
    assert_eq!(fingerprint.to_string(), text);
    assert_eq!(text.to_uppercase().parse(), Ok(fingerprint));
    let pairs: Vec<&str> = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
    assert_eq!(pairs.join(":").parse(), Ok(fingerprint));
    let long = format!("{text}0");
    for bad in ["", "5e8f", &text[1..], &long, &text.replace('e', "g"), &text.replacen('5', "é", 1)] {
        assert_eq!(bad.parse::<Fingerprint>(), Err(NotAFingerprint), "{bad}");
    }
}

#[test]
fn a_certificate_tells_who_has_it() {
    let authority = DemoAuthority::new("Test CA").unwrap();
    let client = authority.client("partner", Some("00000001234567890000")).unwrap();
    let certificate = client.identity.certificate().unwrap();
    assert_eq!(certificate.serial_number.as_deref(), Some("00000001234567890000"));
    assert_eq!(certificate.fingerprint, client.fingerprint);
    assert!(certificate.client_authentication && !certificate.authority);
    assert!(certificate.valid_at(jiff::Timestamp::now()));
    let server = authority.server("gateway").unwrap().identity.certificate().unwrap();
    assert_eq!(server.serial_number, None);
    assert!(!server.client_authentication);
    assert!(PeerCertificate::from_der(&authority.certificate()).unwrap().authority);
    assert_ne!(server.fingerprint, certificate.fingerprint);
}

/// The fingerprint is what the example configuration tells people to compute.
#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn openssl_computes_the_same_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let client = DemoAuthority::new("Test CA").unwrap().client("partner", None).unwrap();
    let path = folder.path().join("partner.pem");
    std::fs::write(&path, &client.certificate_pem).unwrap();
    let script = "openssl x509 -in \"$0\" -noout -pubkey | openssl pkey -pubin -outform der | sha256sum";
    let known = Command::new("openssl").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !known.is_ok_and(|status| status.success()) {
        println!("skipped: there is no openssl here");
        return;
    }
    let output = Command::new("sh").arg("-c").arg(script).arg(&path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.split_whitespace().next(), Some(client.fingerprint.to_string().as_str()));
}

#[test]
fn garbage_is_an_error_and_no_panic() {
    let authority = DemoAuthority::new("Test CA").unwrap();
    let good = authority.client("partner", Some("00000001234567890000")).unwrap();
    let der = CertificateDer::pem_slice_iter(good.certificate_pem.as_bytes()).next().unwrap().unwrap();
    for length in 0..der.len() {
        assert!(PeerCertificate::from_der(&CertificateDer::from(der[..length].to_vec())).is_err());
    }
    let mut longer = der.to_vec();
    longer.push(0);
    assert!(PeerCertificate::from_der(&CertificateDer::from(longer)).is_err());
    for place in 0..der.len() {
        let mut broken = der.to_vec();
        broken[place] ^= 0x55;
        // Whatever it says, it says so without a panic.
        let _any = PeerCertificate::from_der(&CertificateDer::from(broken));
    }
}

#[test]
fn another_key_does_not_fit() {
    let authority = DemoAuthority::new("Test CA").unwrap();
    let (one, other) = (authority.server("one").unwrap(), authority.server("other").unwrap());
    assert!(matches!(Identity::new(one.identity.chain, other.identity.key), Err(PkiError::Tls(_))));
}

#[test]
fn private_keys_are_not_in_debug_output() {
    let identity = DemoAuthority::new("Test CA").unwrap().server("one").unwrap();
    let shown = format!("{identity:?}");
    assert!(!shown.contains("PRIVATE KEY"), "{shown}");
}
