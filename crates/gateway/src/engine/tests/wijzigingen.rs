//! The rules on what a 315 or 317 asks (TR361, TR374, TR375, TR411, TR412), through the whole engine: real messages in,
//! the 316 or 318 out.

use serde_json::{Value, json};

use super::*;
use crate::demo::requests::{wmo301_granting, wmo315, wmo317, wmo319};

/// Another client of the test series.
const OTHER: Person = Person { bsn: "999900018", achternaam: "Bos", ..PERSON };

/// The message with its JSON changed.
fn changed(message: &Message, change: impl FnOnce(&mut Value)) -> Message {
    let mut json: Value = serde_json::from_str(&message.to_json()).unwrap();
    change(&mut json["Bericht"]);
    Message::from_json(&json.to_string()).unwrap()
}

/// Hands a message in, and returns the codes of each class of the retour that has some but 0200, in their order.
fn codes(gateway: &Gateway, message: &Message) -> Vec<String> {
    let receipt = gateway.send("hvb", message.encode()).unwrap();
    let retour = message.kind().retour().unwrap();
    let answers = gateway.outgoing(retour.name());
    let (_, answer) = answers.iter().find(|(id, _)| receipt.id == format!("{GEMEENTE}:{}", id.seq)).unwrap();
    assert!(iwmo_codec::rules::check(answer).is_empty(), "our own retour keeps the rules");
    let mut codes: Vec<String> =
        translate::retour_codes(answer).unwrap().iter().map(ToString::to_string).collect();
    codes.retain(|code| code != "0200");
    codes
}

/// A gateway on which the client has number 100101, as `change` makes it.
fn assigned(change: impl FnOnce(&mut Value)) -> Gateway {
    let gateway = Gateway::open(&SimulatedDisk::new(7));
    let one = order(100_101);
    let message = wmo301_granting(envelope("T1"), &PERSON, &[(&one, None, None)]).unwrap();
    let message = changed(&message, |bericht| {
        change(&mut bericht["Client"]["ToegewezenProducten"][0]);
    });
    gateway.send("backoffice", message.encode()).unwrap();
    gateway
}

/// A 317 that changes number 100101 from the beginning, as `change` makes it.
fn wanted(name: &str, change: impl FnOnce(&mut Value)) -> Message {
    let one = Order { einddatum: date("2027-12-31"), ..order(100_101) };
    let message = wmo317(envelope(name), &PERSON, &one, one.ingangsdatum, &[], name).unwrap();
    changed(&message, |bericht| change(&mut bericht["Client"]["Verzoek"]))
}

fn without(class: &mut Value, name: &str) {
    class.as_object_mut().unwrap().remove(name);
}

fn te_wijzigen(verzoek: &mut Value) -> &mut Value {
    &mut verzoek["TeWijzigenProducten"][0]
}

/// TR411: what has a product code keeps an Omvang.
#[test]
fn tr411_a_specific_toewijzing_keeps_its_omvang() {
    let gateway = assigned(|_| {});
    let missing = wanted("W1", |verzoek| without(te_wijzigen(verzoek), "Omvang"));
    assert_eq!(codes(&gateway, &missing), ["9411"]);
    assert_eq!(codes(&gateway, &wanted("W2", |_| {})), [] as [&str; 0]);
    gateway.stop();
}

/// TR412: a category alone has none, unless the toewijzing ended by 2020.
#[test]
fn tr412_an_aspecific_toewijzing_has_no_omvang() {
    let gateway = assigned(|product| {
        without(&mut product["Product"], "Code");
        without(product, "Omvang");
        product["Budget"] = json!("100000");
    });
    let keep = |verzoek: &mut Value| te_wijzigen(verzoek)["Budget"] = json!("100000");
    assert_eq!(codes(&gateway, &wanted("W1", |_| {})), ["9412"]);
    let fine = wanted("W2", |verzoek| {
        keep(verzoek);
        without(te_wijzigen(verzoek), "Omvang");
    });
    assert_eq!(codes(&gateway, &fine), [] as [&str; 0]);
    gateway.stop();
}

/// TR375: no product at all has none either.
#[test]
fn tr375_a_generic_toewijzing_has_no_omvang() {
    let gateway = assigned(|product| {
        without(product, "Product");
        without(product, "Omvang");
        product["Budget"] = json!("100000");
    });
    let keep = |verzoek: &mut Value| te_wijzigen(verzoek)["Budget"] = json!("100000");
    assert_eq!(codes(&gateway, &wanted("W1", |_| {})), ["9375"]);
    let fine = wanted("W2", |verzoek| {
        keep(verzoek);
        without(te_wijzigen(verzoek), "Omvang");
    });
    assert_eq!(codes(&gateway, &fine), [] as [&str; 0]);
    gateway.stop();
}

/// TR361: what is asked for does not overlap with what stays, changes or is asked for besides; devices may.
#[test]
fn tr361_no_stacking() {
    let new = |categorie: &str, code: &str, from: &str| {
        json!([{
            "Product": { "Categorie": categorie, "Code": code },
            "GewensteIngangsdatum": from,
            "Einddatum": "2028-06-30",
            "Omvang": { "Volume": "4", "Eenheid": "04", "Frequentie": "2" },
        }])
    };
    let asked = |name: &str, product: Value| {
        let gateway = assigned(|_| {});
        let message = wanted(name, |verzoek| verzoek["NieuweProducten"] = product);
        let codes = codes(&gateway, &message);
        gateway.stop();
        codes
    };
    // The changed one ends on 31 December 2027.
    assert_eq!(asked("W1", new("02", "02A05", "2027-12-31")), ["9361"]);
    assert_eq!(asked("W2", new("02", "02A05", "2028-01-01")), [] as [&str; 0]);
    assert_eq!(asked("W3", new("02", "02A06", "2027-12-31")), [] as [&str; 0]);
    let twice = {
        let mut both = new("07", "07A12", "2027-01-01");
        let again = new("07", "07A12", "2028-01-01")[0].clone();
        both.as_array_mut().unwrap().push(again);
        both
    };
    assert_eq!(asked("W4", twice), ["0001"], "what overlaps within the message is level 2");
}

/// TR374: one request of a client at a time, until a final answer; a request that was refused never was one (OP286).
#[test]
fn tr374_one_request_of_a_client_at_a_time() {
    let gateway = assigned(|_| {});
    let ask = |name: &'static str, person: &Person| {
        wmo315(envelope(name), person, &Order { code: "02A06", ..order(0) }, name).unwrap()
    };
    assert_eq!(codes(&gateway, &ask("A1", &PERSON)), [] as [&str; 0]);
    assert_eq!(codes(&gateway, &ask("A2", &PERSON)), ["9374"]);
    assert_eq!(codes(&gateway, &wanted("W1", |_| {})), ["9374"], "of a 317 as well");
    assert_eq!(codes(&gateway, &ask("B1", &OTHER)), [] as [&str; 0], "another client may");
    gateway.send("backoffice", wmo319(envelope("N1"), "A1", "2").unwrap().encode()).unwrap();
    assert_eq!(codes(&gateway, &ask("A3", &PERSON)), ["9374"], "looked into is not answered");
    gateway.send("backoffice", wmo319(envelope("N2"), "A1", "1").unwrap().encode()).unwrap();
    // A2, W1 and A3 were refused, so nothing of them waits.
    assert_eq!(codes(&gateway, &ask("A4", &PERSON)), [] as [&str; 0]);
    gateway.stop();
}
