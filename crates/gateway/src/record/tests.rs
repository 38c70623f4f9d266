//! Entries of before read as they were written.

use super::*;

fn bericht() -> Bericht {
    Bericht {
        partner: "backoffice".to_owned(),
        route: 1,
        sha256: [7; 32],
        bytes: b"<a/>".to_vec(),
        soort: "WMO301".to_owned(),
        vandaag: "2026-11-25".to_owned(),
        uitspraak: Uitspraak::Goedgekeurd,
        regels: Vec::new(),
        waarschuwingen: Vec::new(),
        uitgaand: Vec::new(),
        eb: None,
        heenbericht: Some(3),
        sleutel: None,
        bevestigd: None,
        retour: None,
    }
}

fn encoded(bericht: Bericht) -> Vec<u8> {
    let mut bytes = Vec::new();
    Record::Bericht(Box::new(bericht)).encode(&mut bytes);
    bytes
}

/// An entry from before there were keys reads as one without, and an entry without is written as it was then.
#[test]
fn entries_without_a_key_are_those_of_before() {
    let bytes = encoded(bericht());
    // An array of the fields 0 to 11.
    assert_eq!(bytes[0], 0x80 + 12);
    let read = Record::decode(1, RECORD_VERSION, &bytes).unwrap();
    assert_eq!(read, Record::Bericht(Box::new(bericht())));
}

#[test]
fn a_key_goes_through_the_journal() {
    let sleutel = Sleutel { sleutel: "a-1".to_owned(), inhoud: [9; 32] };
    let with = Bericht { sleutel: Some(sleutel), ..bericht() };
    let read = Record::decode(1, RECORD_VERSION, &encoded(with.clone())).unwrap();
    assert_eq!(read, Record::Bericht(Box::new(with)));
}
