//! A bundle holds what it should, and every change to it is noticed.

use iwmo_codec::Schemas;
use iwmo_toewijzing::identity::{Gemeente, ToewijzingNummer};
use jiff::Timestamp;

use super::*;
use crate::engine::tests::{Gateway, numbered, play_all};

/// The bundle of the exchange, what was sent in it, and the public key.
fn bundle() -> (Vec<u8>, Vec<Vec<u8>>, String) {
    let data = tempfile::tempdir().unwrap();
    let gateway = Gateway::in_folder(data.path());
    let story = play_all(&gateway);
    gateway.send("backoffice", numbered(1)).unwrap();
    let key = SigningKey::open(&data.path().join("keys").join(KEY_FILE)).unwrap();
    let engine = gateway.engine();
    let name = (Gemeente::new("0222").unwrap(), ToewijzingNummer::new(100_101).unwrap());
    let mut out = Vec::new();
    let (ledger, reader, schemas) = (engine.ledger(), engine.journal(), Schemas::bundled());
    let held = build(ledger, reader, &schemas, name, &key, Timestamp::UNIX_EPOCH, &mut out).unwrap();
    assert!(held >= 5, "{held}");
    let unknown = (name.0, ToewijzingNummer::new(7).unwrap());
    let none = build(ledger, reader, &schemas, unknown, &key, Timestamp::UNIX_EPOCH, &mut Vec::new());
    assert!(matches!(none, Err(EvidenceError::Unknown(_))));
    // The key is made once.
    let again = SigningKey::open(&data.path().join("keys").join(KEY_FILE)).unwrap();
    assert_eq!(again.public(), key.public());
    let public = key.public();
    gateway.stop();
    (out, story.into_iter().map(|(_, bytes)| bytes).collect(), public)
}

#[test]
fn a_bundle_holds_the_messages_and_is_right() {
    let (bundle, messages, public) = bundle();
    for key in [None, Some(public.as_str())] {
        let checked = check(&bundle, key);
        assert_eq!(checked.fouten, Vec::<String>::new());
        assert_eq!(
            (checked.toewijzing.as_deref(), checked.sleutel.as_deref()),
            (Some("0222/100101"), Some(&*public))
        );
    }
    let text = String::from_utf8(bundle.clone()).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let held: Vec<&str> = lines.iter().filter_map(|line| line["xml"].as_str()).collect();
    for message in &messages {
        assert!(held.iter().any(|xml| xml.as_bytes() == &message[..]));
    }
    assert!(!text.contains("100001"), "another's toewijzing is not in it");
    let other = "00".repeat(32);
    assert!(!check(&bundle, Some(&other)).fouten.is_empty(), "another key");
}

/// Of every byte one bit is flipped, and the bundle is cut at every line: nothing of it passes.
#[test]
fn every_flipped_byte_is_noticed() {
    let (bundle, _, public) = bundle();
    let mut changed = bundle.clone();
    // Each byte, in turn by another bit; the whole of a check is too much for every bit of every byte.
    for at in 0..bundle.len() {
        changed[at] ^= 1 << (at % 8);
        assert!(!signed_right(&changed, &public), "byte {at}");
        changed[at] = bundle[at];
    }
    for at in (0..bundle.len()).step_by(997) {
        changed[at] ^= 0x20;
        assert!(!check(&changed, Some(&public)).fouten.is_empty(), "byte {at}");
        changed[at] = bundle[at];
    }
    let ends = bundle.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    for end in ends.filter(|end| *end < bundle.len()) {
        assert!(!check(&bundle[..end], Some(&public)).fouten.is_empty(), "cut at {end}");
    }
    assert!(!check(&[&bundle[..], b"\n"].concat(), Some(&public)).fouten.is_empty());
    assert!(!check(b"", None).fouten.is_empty());
}

/// What does not fit is named.
#[test]
fn what_differs_is_named() {
    let (bundle, _, _) = bundle();
    let text = String::from_utf8(bundle).unwrap();
    let content = text.lines().nth(2).unwrap();
    let entry =
        serde_json::from_str::<serde_json::Value>(content).unwrap()["entry"].as_str().unwrap().to_owned();
    let inhoud = content.find("\"inhoud\":\"").unwrap() + 20;
    let mut forged = content.to_owned();
    let other = if &content[inhoud..=inhoud] == "A" { "B" } else { "A" };
    forged.replace_range(inhoud..=inhoud, other);
    let checked = check(text.replacen(content, &forged, 1).as_bytes(), None);
    assert!(checked.fouten.iter().any(|fault| fault.starts_with(&entry)), "{:?}", checked.fouten);
    assert!(checked.fouten.iter().any(|fault| fault.contains("signature")), "{:?}", checked.fouten);
}

/// Whether a bundle passes the first check, which covers every byte.
fn signed_right(bundle: &[u8], public: &str) -> bool {
    check_signature(bundle, public)
}
