//! The rules against the lists and cases of the standard, and their cost.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fixture;
use crate::messages::{Message, MessageKind};
use crate::rules::{Level, Rule, all, check};
use crate::testing::shared;

/// The list of the standard against the table.
#[test]
fn every_rule_of_the_standard_has_its_function() {
    let Some(shared) = shared("every_rule_of_the_standard_has_its_function") else { return };
    let text = std::fs::read_to_string(shared.join("spec/iwmo-rules.tsv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let column = |name: &str| header.iter().position(|title| *title == name).unwrap();
    let (id, level, messages, code) =
        (column("id"), column("level"), column("messages"), column("return_code"));
    let mut listed = BTreeSet::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let fields: Vec<&str> = line.split('\t').collect();
        // What needs the date or a list of codes is judged here too; so is what a message shows by itself although it
        // is listed otherwise. TR346 needs the contract. All the rest needs other messages.
        let outside = ["TR135", "TR314", "TR319", "TR378", "TR381"].contains(&fields[id]);
        assert!(outside || fields[level] != "external-source" || fields[id] == "TR346", "{}", fields[id]);
        if fields[level] != "xslt" && !outside {
            continue;
        }
        let kinds: BTreeSet<MessageKind> =
            fields[messages].split(',').map(|kind| format!("WMO{kind}").parse().unwrap()).collect();
        let iwmo = |rule: &&Rule| !rule.messages[0].name().starts_with("WMO4");
        let rule = all().filter(iwmo).find(|rule| rule.id == fields[id]);
        let rule = rule.unwrap_or_else(|| panic!("{} has no function", fields[id]));
        assert_eq!(rule.messages.iter().copied().collect::<BTreeSet<_>>(), kinds, "{}", rule.id);
        assert_eq!(rule.retourcode.as_str(), fields[code], "{}", rule.id);
        assert_eq!(rule.level == Level::Outside, outside, "{}", rule.id);
        listed.insert(rule.id);
    }
    assert!(listed.len() > 50);
    let extra = all().filter(|rule| rule.id != "LDT_Datum" && !rule.messages[0].name().starts_with("WMO4"));
    let extra: Vec<&str> = extra.map(|rule| rule.id).filter(|id| !listed.contains(id)).collect();
    assert!(extra.is_empty(), "not on the list: {extra:?}");
}

/// The acceptance cases say of some messages exactly which rules they break; where they say nothing and the header
/// of the retour is not 0001, none is broken.
#[test]
fn the_acceptance_cases_agree() {
    let Some(shared) = shared("the_acceptance_cases_agree") else { return };
    let text = std::fs::read_to_string(shared.join("spec/cases.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let (mut judged, mut broken) = (0, 0);
    for case in file["cases"].as_array().unwrap() {
        let mut steps = Vec::new();
        collect(case, &mut steps);
        for step in steps {
            let message = &step["message"];
            if message.is_null() || message["schemaInvalid"] == true || message["type"] == "302" {
                continue;
            }
            let json = from_case(message);
            let message =
                Message::from_json(&json.to_string()).unwrap_or_else(|error| panic!("{error}: {json}"));
            let found: BTreeSet<&str> = check(&message).iter().map(|violation| violation.rule).collect();
            let expect = &step["expect"];
            let rules = expect["rules"].as_array();
            let expected: BTreeSet<&str> =
                rules.into_iter().flatten().map(|rule| rule.as_str().unwrap()).collect();
            assert_eq!(found, expected, "{} {}", case["id"], step["n"]);
            let technical = expect["retour"]["Header"] == json!(["0001"]);
            assert!(!technical || !found.is_empty(), "{} {}", case["id"], step["n"]);
            judged += 1;
            broken += usize::from(!found.is_empty());
        }
    }
    assert!(judged > 200 && broken > 20, "{judged} messages, {broken} broken");
}

fn collect<'a>(case: &'a Value, steps: &mut Vec<&'a Value>) {
    for key in ["given", "steps"] {
        steps.extend(case[key].as_array().into_iter().flatten());
    }
    for variant in case["variants"].as_array().into_iter().flatten() {
        collect(variant, steps);
    }
}

/// A message as the cases write it, with its defaults filled in (cases-format.md).
fn from_case(message: &Value) -> Value {
    let kind: MessageKind = format!("WMO{}", message["type"].as_str().unwrap()).parse().unwrap();
    let versie = json!({"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"});
    let mut header = json!({
        "Afzender": message["Afzender"], "Ontvanger": message["Ontvanger"], "XsdVersie": versie,
        "BerichtIdentificatie": {"Identificatie": message["Identificatie"], "Dagtekening": message["Dagtekening"]},
    });
    if kind == MessageKind::Wmo325 {
        header["DeclaratieIdentificatie"] = message["DeclaratieIdentificatie"].clone();
        header["XsdVersieDeclaratie"] = versie;
        header["RetourCodes"] = match &message["Header"] {
            Value::Object(map) => map["RetourCodes"].clone(),
            codes => codes.clone(),
        };
    }
    let mut bericht = json!({"Header": header});
    for part in ["Client", "Antwoord", "Declaratie", "DeclaratieAntwoord"] {
        if !message[part].is_null() {
            bericht[part] = message[part].clone();
        }
    }
    if let (Some(client), true) =
        (bericht.get_mut("Client").and_then(Value::as_object_mut), kind != MessageKind::Wmo317)
    {
        let mut naam = json!({"Geslachtsnaam": {"Achternaam": "Jansen"}, "Voorletters": "J"});
        if kind == MessageKind::Wmo301 {
            naam["NaamGebruik"] = json!("1");
            client.entry("Contactgegevens").or_insert_with(|| {
                json!([{"Soort": "01", "Adres": {"Huis": {"Huisnummer": "10"}, "Postcode": "1111AA",
                    "Straatnaam": "Dorpsstraat", "Plaatsnaam": "Diemen", "LandCode": "NL"}}])
            });
        }
        client.entry("Naam").or_insert(naam);
        client.entry("Geslacht").or_insert(json!("2"));
        client.entry("Geboortedatum").or_insert(json!({"Datum": "1950-03-14"}));
    }
    json!({"message": kind.name(), "release": kind.release().as_str(), "Bericht": bericht})
}

/// Twenty thousand products are judged in time that grows with their number, not with its square.
#[test]
fn the_cost_stays_linear() {
    let mut json = fixture("WMO301");
    let model = json["Bericht"]["Client"]["ToegewezenProducten"][0].clone();
    let many = (0..20_000).map(|n| {
        let mut product = model.clone();
        product["ToewijzingNummer"] = json!(n.to_string());
        product
    });
    json["Bericht"]["Client"]["ToegewezenProducten"] = many.collect();
    let message = Message::from_json(&json.to_string()).unwrap();
    let start = std::time::Instant::now();
    let violations = check(&message);
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    assert_eq!(violations.len(), crate::DIAGNOSTICS_MAX + 1);
}
