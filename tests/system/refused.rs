//! What is no message: to the daemon and to the commands alike, a clear answer, and nothing changed.

use serde_json::Value;

use crate::harness::{
    Caller, Envelope, HVB, Klant, Order, Site, day, iwmo_in, json_lines, kept, wmo301, wmo305,
};

/// Bytes of the largest message in these tests.
const MESSAGE_BYTES: usize = 64 * 1024;
/// Bytes of a message that no buffer on the way can hold.
const UNREAD_BYTES: usize = 8 * 1024 * 1024;

fn start() -> String {
    let envelope = Envelope::new("0222", "98000001", "S1");
    String::from_utf8(wmo305(&envelope, &Klant::new(1), &Order::new(1), &day(-20))).unwrap()
}

/// Each broken input with what must be found in it: stage and rule of the first diagnostic.
fn broken() -> Vec<(&'static str, Vec<u8>, &'static str, &'static str)> {
    let good = start();
    let doctype = "<!DOCTYPE Bericht [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>\n";
    let at = good.find("?>").unwrap() + 2;
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(good.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let mut latin1 = good.replace("Verstraaten", "Verstra\u{e9}ten").into_bytes();
    let place = latin1.windows(2).position(|pair| pair == "\u{e9}".as_bytes()).unwrap();
    latin1.splice(place..place + 2, [0xe9]);
    vec![
        ("not XML", b"BSN;naam\n1;x\n".to_vec(), "xml", ""),
        ("nothing", Vec::new(), "xml", ""),
        ("cut off", good.as_bytes()[..good.len() / 2].to_vec(), "xml", ""),
        ("DOCTYPE", format!("{}{doctype}{}", &good[..at], &good[at..]).into_bytes(), "xml", "xml-doctype"),
        ("UTF-16", utf16, "xml", "xml-encoding"),
        ("Latin-1 that says UTF-8", latin1, "xml", "xml-encoding"),
        (
            "says ISO-8859-1",
            good.replace("encoding=\"UTF-8\"", "encoding=\"ISO-8859-1\"").into_bytes(),
            "xml",
            "xml-encoding",
        ),
        ("wrong root", good.replace(":Bericht", ":Brief").into_bytes(), "schema", "cvc-elt.1"),
        ("unknown release", good.replace("/3_2/", "/3_1/").into_bytes(), "schema", "cvc-elt.1"),
    ]
}

/// What is not a message of a known release is refused with 422 and says why, and `iwmo validate` says the same.
#[tokio::test]
async fn what_is_no_message_is_refused_with_its_faults() {
    let site = Site::new();
    let daemon = site.start();
    let caller = site.partner(HVB);
    for (what, bytes, stage, rule) in broken() {
        let problem = caller.post(&daemon.exchange, &bytes).await.problem(422, "ongeldig-bericht");
        assert_eq!(problem["valid"], false, "{what}");
        let found = problem["diagnostics"].as_array().unwrap();
        assert!(!found.is_empty(), "{what}");
        shape(found);
        assert_eq!(found[0]["stage"], stage, "{what}: {found:?}");
        let said = found[0]["rule"].as_str().unwrap();
        assert!(said.starts_with(rule), "{what}: {said}");
        // The backoffice and the command line find the same.
        let backoffice = site.backoffice().post(&daemon.backoffice, &bytes).await;
        assert_eq!(
            backoffice.problem(422, "ongeldig-bericht")["diagnostics"],
            problem["diagnostics"],
            "{what}"
        );
        let run = iwmo_in(["validate", "--format", "json", "-"], &bytes).exits(1);
        let line = &json_lines(&run.out)[0];
        assert_eq!(places(line["diagnostics"].as_array().unwrap()), places(found), "{what}");
        assert_eq!(iwmo_in(["show", "-"], &bytes).exits(1).out, "", "{what}");
    }
    assert!(kept(&site.data()).is_empty());
    caller.post(&daemon.exchange, start().as_bytes()).await.receipt();
    daemon.stop();
    site.verify();
}

/// Every fault of a message is told, each with its place, and no value of it.
#[tokio::test]
async fn a_broken_schema_gets_every_fault() {
    let site = Site::new();
    let daemon = site.start();
    let text = start()
        .replace("Begindatum>", "Begindag>")
        .replace("StatusAanlevering>1<", "StatusAanlevering>X<")
        .replace("Voorletters>Q<", "Voorletters>Q123456789<");
    let problem =
        site.partner(HVB).post(&daemon.exchange, text.as_bytes()).await.problem(422, "ongeldig-bericht");
    let found = problem["diagnostics"].as_array().unwrap();
    shape(found);
    let paths: Vec<&str> = found.iter().map(|one| one["path"].as_str().unwrap()).collect();
    let product = "/Bericht/Client/StartProducten/StartProduct[1]";
    assert_eq!(
        paths,
        ["/Bericht/Client/Naam/Voorletters", product, &format!("{product}/StatusAanlevering")],
        "{found:?}"
    );
    assert_eq!(problem["message"], "WMO305");
    assert_eq!(problem["release"], "iWmo 3.2");
    let told = problem.to_string();
    assert!(!told.contains("Q123456789") && !told.contains(&Klant::new(1).bsn), "{told}");
    // The command finds the same places, with a caret under each and no value.
    let run = iwmo_in(["validate", "-"], text.as_bytes()).exits(1);
    assert_eq!(run.out.matches('^').count().min(3), 3, "{}", run.out);
    assert!(!run.out.contains("Q123456789") && !run.out.contains(&Klant::new(1).bsn), "{}", run.out);
    assert!(kept(&site.data()).is_empty());
    daemon.stop();
}

/// One byte too many: 413, on both listeners; at the limit the message is judged.
#[tokio::test]
async fn a_message_that_is_too_large_is_refused_unread() {
    let site = Site::new();
    site.configure(&[], &format!("[limits]\nmessage_bytes = {MESSAGE_BYTES}\n"));
    let daemon = site.start();
    let mut bytes = start().into_bytes();
    bytes.resize(MESSAGE_BYTES, b'\n');
    let mut larger = bytes.clone();
    larger.push(b'\n');
    let problem = site.partner(HVB).post(&daemon.exchange, &larger).await.problem(413, "te-groot");
    assert_eq!(problem["bytes_max"], MESSAGE_BYTES);
    site.backoffice().post(&daemon.backoffice, &larger).await.problem(413, "te-groot");
    assert!(kept(&site.data()).is_empty());
    site.partner(HVB).post(&daemon.exchange, &bytes).await.receipt();
    assert_eq!(kept(&site.data())[0].bericht.bytes, bytes);
    daemon.stop();
}

/// A refusal arrives even when it comes before the message was read and the message does not fit in any buffer: the
/// sender must not see a broken pipe in place of the reason.
#[tokio::test]
async fn a_refusal_arrives_though_the_message_was_not_read() {
    let site = Site::new();
    site.configure(&[], &format!("[limits]\nmessage_bytes = {MESSAGE_BYTES}\n"));
    let daemon = site.start();
    let bytes = vec![b' '; UNREAD_BYTES];
    let nobody = site.authority.client("nobody", None).unwrap();
    let nobody = Caller::partner(Some(&nobody.identity), &site.authority);
    for _ in 0..2 {
        nobody.post(&daemon.exchange, &bytes).await.problem(403, "onbekende-partner");
        let stranger = Caller::backoffice(Some("wrong"), &site.authority);
        stranger.post(&daemon.backoffice, &bytes).await.problem(401, "niet-aangemeld");
        let caller = site.partner(HVB);
        caller.post_as(&daemon.exchange, "text/plain", &bytes).await.problem(415, "inhoudstype");
        caller.post(&daemon.exchange, &bytes).await.problem(413, "te-groot");
        site.backoffice().post(&daemon.backoffice, &bytes).await.problem(413, "te-groot");
    }
    daemon.stop();
}

/// Another content type, another path, another method: a problem document each.
#[tokio::test]
async fn what_is_not_asked_as_it_should_is_told_so() {
    let site = Site::new();
    let daemon = site.start();
    let bytes = start().into_bytes();
    let caller = site.partner(HVB);
    for content_type in ["text/plain", "application/json", "application/xml; charset=iso-8859-1", ""] {
        let answer = caller.post_as(&daemon.exchange, content_type, &bytes).await;
        answer.problem(415, "inhoudstype");
    }
    site.backoffice().post_as(&daemon.backoffice, "text/xml2", &bytes).await.problem(415, "inhoudstype");
    caller.get(&daemon.exchange, "/").await.problem(404, "niet-gevonden");
    caller.get(&daemon.exchange, "/uitwisseling/v1/ggk").await.problem(405, "methode");
    site.backoffice().get(&daemon.backoffice, "/api/v1/nergens").await.problem(404, "niet-gevonden");
    let json = br#"{"message":"WMO301","Bericht":{"Header":{}}}"#;
    let answer = site.backoffice().post_as(&daemon.backoffice, "application/json", json).await;
    answer.problem(422, "onaanvaardbaar");
    assert!(kept(&site.data()).is_empty());
    // What is well-formed and valid but nobody's business here is refused too.
    let order = wmo301(&Envelope::new("9998", "98000001", "T1"), &Klant::new(1), &Order::new(1));
    site.backoffice().post(&daemon.backoffice, &order).await.problem(403, "verkeerde-afzender");
    let order = wmo301(&Envelope::new("0222", "98999999", "T1"), &Klant::new(1), &Order::new(1));
    let problem = site.backoffice().post(&daemon.backoffice, &order).await.problem(422, "onaanvaardbaar");
    assert_eq!(problem["title"], "The aanbieder is not known");
    assert!(kept(&site.data()).is_empty());
    daemon.stop();
}

/// The documented shape of a diagnostic.
fn shape(found: &[Value]) {
    for one in found {
        let names: Vec<&str> = one.as_object().unwrap().keys().map(String::as_str).collect();
        for name in ["severity", "stage", "rule", "line", "column", "path", "message", "retourcode"] {
            assert!(names.contains(&name), "{name} is missing in {one}");
        }
        assert_eq!(one["severity"], "error");
        assert!(one["line"].as_u64().unwrap() >= 1 && one["column"].as_u64().unwrap() >= 1, "{one}");
        assert_eq!(one["retourcode"], Value::Null, "a broken message gets no retour (IV032)");
    }
}

/// What and where, without the words.
fn places(found: &[Value]) -> Vec<Value> {
    found
        .iter()
        .map(|one| serde_json::json!([one["rule"], one["line"], one["column"], one["path"]]))
        .collect()
}
