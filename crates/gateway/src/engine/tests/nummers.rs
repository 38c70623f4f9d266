//! Whose a ToewijzingNummer is (TR332).

use super::*;

/// The client that the gemeente meant.
const MEANT: Person = Person { bsn: "999900018", achternaam: "Bos", ..PERSON };

/// Hands in a 301 and says what keeps it here.
fn order_for(gateway: &Gateway, identificatie: &str, person: &Person) -> Result<Message, Vec<String>> {
    let message = wmo301(envelope(identificatie), person, &order(100_101)).unwrap();
    match gateway.send("backoffice", message.encode()) {
        Ok(_) => Ok(message),
        Err(Refusal::Unacceptable { rules, .. }) => Err(rules),
        Err(other) => panic!("{other:?}"),
    }
}

fn refuse(gateway: &Gateway, message: &Message, identificatie: &str) {
    let level_2 = retour::Uitspraak::Header(vec!["0001".parse().unwrap()]);
    gateway.send("hvb", answer(message, identificatie, level_2)).unwrap();
}

fn start(gateway: &Gateway, identificatie: &str, person: &Person) {
    let begin = date("2026-11-02");
    let message = wmo305(envelope(identificatie), person, &order(100_101), &[(begin, "1")]).unwrap();
    gateway.send("hvb", message.encode()).unwrap();
}

fn toewijzing(gateway: &Gateway) -> (String, String) {
    let row: serde_json::Value = serde_json::from_str(&gateway.toewijzingen()[0]).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&row["status"]), text(&row["levering"]["status"]))
}

/// T5, OP286: what the aanbieder refused was never sent, so the number may go to whom it was meant for. Until the refusal it is
/// taken.
#[test]
fn the_number_of_a_refused_toewijzing_is_free() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    let wrong = order_for(&gateway, "T1", &PERSON).unwrap();
    assert_eq!(order_for(&gateway, "T2", &MEANT).unwrap_err(), ["TR332"]);
    refuse(&gateway, &wrong, "H302");
    let right = order_for(&gateway, "T3", &MEANT).unwrap();
    gateway.send("hvb", approve(&right, "H302B")).unwrap();
    start(&gateway, "H305", &MEANT);
    assert_eq!(toewijzing(&gateway), ("BEVESTIGD".to_owned(), "GESTART".to_owned()));
    assert_eq!(order_for(&gateway, "T4", &PERSON).unwrap_err(), ["TR332"], "taken again");
    gateway.stop();
}

/// D9: a start that came before the refusal still stands under the number.
#[test]
fn the_number_of_a_refused_toewijzing_with_a_delivery_is_taken() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    let wrong = order_for(&gateway, "T1", &PERSON).unwrap();
    start(&gateway, "H305", &PERSON);
    refuse(&gateway, &wrong, "H302");
    assert_eq!(toewijzing(&gateway), ("ONBEKEND".to_owned(), "GESTART".to_owned()));
    assert_eq!(order_for(&gateway, "T2", &MEANT).unwrap_err(), ["TR332"]);
    gateway.stop();
}
