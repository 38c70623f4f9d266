//! The official samples, through the commands and through a running daemon.

use std::path::PathBuf;

use iwmo_codec::Schemas;
use iwmo_codec::messages::{Message, MessageKind};
use iwmo_codec::retour::RetourView;

use crate::harness::{AMSTEL, Envelope, Klant, Order, SAMPLE, Site, iwmo, iwmo_in, kept, shared, wmo301};

const SAMPLES: [&str; 7] = ["WMO301", "WMO305", "WMO307", "WMO315", "WMO317", "WMO319", "WMO323"];

fn samples(test: &str) -> Option<PathBuf> {
    shared(test).map(|shared| shared.join("reference/iwmo-3.2/xml"))
}

/// The client of the samples 305 and 307.
fn sample_klant() -> Klant {
    Klant { bsn: "999900006".into(), achternaam: "Wit".into(), geboortedatum: "1967-08-13".into() }
}

/// Each sample validates; the rules within the message find what is known of the sample 317 (K22).
#[test]
fn the_official_samples_validate() {
    let Some(samples) = samples("the_official_samples_validate") else { return };
    let run = iwmo(["validate", "--format", "json", samples.to_str().unwrap()]).exits(1);
    let lines = run.json();
    assert_eq!(lines.len(), SAMPLES.len());
    for (line, kind) in lines.iter().zip(SAMPLES) {
        assert_eq!(line["message"], kind);
        assert_eq!(line["release"], "iWmo 3.2");
        let rules: Vec<&str> = line["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|found| {
                assert_eq!(found["stage"], "rule", "{found}");
                found["rule"].as_str().unwrap()
            })
            .collect();
        // K22: GewensteIngangsdatum is the Dagtekening.
        let known: &[&str] = if kind == "WMO317" { &["TR380"] } else { &[] };
        assert_eq!(rules, known, "{kind}");
        assert_eq!(line["valid"], known.is_empty());
    }
    iwmo(["validate", "--schema-only", samples.to_str().unwrap()]).exits(0);
}

/// Each sample is shown, and what `show --format json` prints becomes an equivalent document.
#[test]
fn the_official_samples_show_and_encode_back() {
    let Some(samples) = samples("the_official_samples_show_and_encode_back") else { return };
    let schemas = Schemas::bundled();
    for kind in SAMPLES {
        let path = samples.join(format!("{kind}.xml"));
        let path = path.to_str().unwrap();
        let text = iwmo(["show", path]).exits(0);
        assert!(text.out.contains(kind), "{}", text.out);
        let json = iwmo(["show", "--format", "json", path]).exits(0);
        assert_eq!(json.json().len(), 1);
        let xml = iwmo_in(["encode", "--message", kind, "-"], json.out.as_bytes()).exits(0);
        let before = schemas.decode(&std::fs::read(path).unwrap()).unwrap();
        let after = schemas.decode(xml.out.as_bytes()).unwrap();
        assert!(before == after, "{kind} came back otherwise");
        assert_eq!(iwmo(["show", "--format", "xml", path]).exits(0).out, xml.out);
        // Another kind is refused.
        let other = if kind == "WMO305" { "WMO307" } else { "WMO305" };
        assert_eq!(iwmo_in(["encode", "--message", other, "-"], json.out.as_bytes()).exits(1).out, "");
    }
}

/// K23: the ReferentieAanbieder of the sample 301 answers no request, so the pre-flight refuses it; without it the
/// same 301 is accepted and delivered.
#[tokio::test]
async fn the_official_301_is_refused_for_its_referentie_alone() {
    let Some(samples) = samples("the_official_301_is_refused_for_its_referentie_alone") else { return };
    let site = Site::new();
    let aanbieder = site.endpoint(SAMPLE, None).await;
    site.configure(&[(SAMPLE, aanbieder.address)], "");
    let daemon = site.start();
    let sample = std::fs::read_to_string(samples.join("WMO301.xml")).unwrap();

    let answer = site.backoffice().post(&daemon.backoffice, sample.as_bytes()).await;
    let problem = answer.problem(422, "onaanvaardbaar");
    assert_eq!(problem["rules"], serde_json::json!(["TR379"]));
    assert_eq!(problem["retourcodes"], serde_json::json!(["9379"]));
    assert!(kept(&site.data()).is_empty(), "a refused message leaves nothing");

    let without: String = sample.lines().filter(|line| !line.contains("ReferentieAanbieder")).collect();
    assert_ne!(sample.len(), without.len());
    let (id, dubbel) = site.backoffice().post(&daemon.backoffice, without.as_bytes()).await.receipt();
    assert!(!dubbel);
    aanbieder.expect(MessageKind::Wmo301, "123456789012").await;
    let got = aanbieder.got();
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].0, without.as_bytes(), "it leaves as it came");
    let kept = kept(&site.data());
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].id, id);
    // The same as JSON is the same message.
    let shown = iwmo_in(["show", "--format", "json", "-"], without.as_bytes()).exits(0);
    let answer =
        site.backoffice().post_as(&daemon.backoffice, "application/json", shown.out.as_bytes()).await.is(422);
    assert_eq!(answer.body["retourcodes"], serde_json::json!(["9056"]), "{}", answer.text);
    daemon.stop();
    site.verify();
}

/// K21: after toewijzingen that fit, the sample 305 is approved; the second stop of the sample 307 names another
/// Begindatum than the start did, and gets 9069.
#[tokio::test]
async fn the_official_305_is_approved_and_the_official_307_gets_9069() {
    let Some(samples) = samples("the_official_305_is_approved_and_the_official_307_gets_9069") else {
        return;
    };
    let site = Site::new();
    let aanbieder = site.endpoint(AMSTEL, None).await;
    site.configure(&[(AMSTEL, aanbieder.address)], "");
    let daemon = site.start();
    for (nummer, code) in [(300_201, "01A11"), (300_202, "01A12")] {
        let identificatie = format!("T{nummer}");
        let envelope = Envelope {
            dagtekening: "2025-03-20".into(),
            ..Envelope::new("0363", "65656055", &identificatie)
        };
        let (ingangsdatum, einddatum) = ("2025-04-01".into(), "2025-12-31".into());
        let order = Order { nummer, categorie: "01", code, ingangsdatum, einddatum };
        let message = wmo301(&envelope, &sample_klant(), &order);
        site.backoffice().post(&daemon.backoffice, &message).await.receipt();
        aanbieder.expect(MessageKind::Wmo301, &identificatie).await;
    }
    let amstel = site.partner(AMSTEL);
    let sample = |kind: &str| std::fs::read(samples.join(format!("{kind}.xml"))).unwrap();

    let (start, _) = amstel.post(&daemon.exchange, &sample("WMO305")).await.receipt();
    let retour = aanbieder.expect(MessageKind::Wmo306, "123456789013").await;
    assert!(codes(&retour).is_empty(), "a 306 that approves has no codes (IV028): {:?}", codes(&retour));
    let (stop, _) = amstel.post(&daemon.exchange, &sample("WMO307")).await.receipt();
    let retour = aanbieder.expect(MessageKind::Wmo308, "123456789014").await;
    let json: serde_json::Value = serde_json::from_str(&retour.to_json()).unwrap();
    let stops = json["Bericht"]["Client"]["StopProducten"].as_array().unwrap();
    let code = |stop: &serde_json::Value| stop["RetourCodes"].clone();
    assert_eq!(stops.len(), 2, "{json}");
    assert_eq!(stops[1]["ToewijzingNummer"], "300202");
    assert_eq!(code(&stops[1]), serde_json::json!(["9069"]));
    assert_eq!(codes(&retour).iter().filter(|code| *code != "0200").collect::<Vec<_>>(), ["9069"]);

    // A stop that is not approved as a whole changes nothing: both are still delivered.
    let list = site.iwmo(&["toewijzing", "list", "--format", "json"]).exits(0).json();
    let states: Vec<_> = list.iter().map(|row| row["levering"]["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["GESTART", "GESTART"]);
    let decided: Vec<_> = kept(&site.data()).into_iter().map(|kept| (kept.id, kept.bericht.soort)).collect();
    assert_eq!(decided[2..], [(start, "WMO305".to_owned()), (stop, "WMO307".to_owned())]);
    daemon.stop();
    site.verify();
}

fn codes(retour: &Message) -> Vec<String> {
    let view = RetourView::of(retour).unwrap();
    let mut codes: Vec<String> = view.codes().map(|code| code.to_string()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}
