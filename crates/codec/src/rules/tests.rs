//! Each rule with messages that break it and messages that just do not. A case is a fixture with some elements
//! changed; what is expected is every violation, so that a rule that fires too much fails here too.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{RULES, Violation, check};
use crate::messages::{Message, MessageKind};
use crate::schema::Schemas;
use crate::testing::shared;

fn fixture(kind: &str) -> Value {
    let path = format!("{}/../../fixtures/valid/{kind}.xml", env!("CARGO_MANIFEST_DIR"));
    let message = Schemas::bundled().decode(&std::fs::read(path).unwrap()).unwrap();
    serde_json::from_str(&message.to_json()).unwrap()
}

/// A fixture changed: paths below Bericht with the new value, null to remove.
fn changed(kind: &str, changes: &[(&str, Value)]) -> Message {
    let mut json = fixture(kind);
    for (path, value) in changes {
        let path = format!("/Bericht/{path}");
        let (parent, key) = path.rsplit_once('/').unwrap();
        let parent = json.pointer_mut(parent).unwrap_or_else(|| panic!("no {path}"));
        match parent {
            Value::Object(map) if value.is_null() => {
                drop(map.remove(key).unwrap_or_else(|| panic!("no {path}")))
            }
            Value::Object(map) => drop(map.insert(key.to_owned(), value.clone())),
            Value::Array(list) if key == "-" => list.push(value.clone()),
            Value::Array(list) if value.is_null() => drop(list.remove(key.parse().unwrap())),
            Value::Array(list) => list[key.parse::<usize>().unwrap()] = value.clone(),
            _ => panic!("{path}"),
        }
    }
    let message = Message::from_json(&json.to_string()).unwrap_or_else(|error| panic!("{error}: {json}"));
    let report = Schemas::bundled().validate_schema(&message.encode());
    assert!(report.is_valid(), "{changes:?}: {:?}", report.diagnostics);
    message
}

fn found(violations: &[Violation]) -> Vec<String> {
    let mut found: Vec<String> =
        violations.iter().map(|v| format!("{} {}", v.rule, v.path.trim_start_matches("/Bericht/"))).collect();
    found.sort();
    found
}

#[track_caller]
fn expect(kind: &str, changes: &[(&str, Value)], expected: &[&str]) {
    let message = changed(kind, changes);
    let violations = check(&message);
    let mut expected: Vec<String> = expected.iter().map(|&text| text.to_owned()).collect();
    expected.sort();
    assert_eq!(found(&violations), expected, "{kind} {changes:?}");
    // The whole judgement gives the same, each at a place of its own element or the nearest above.
    let xml = message.encode();
    let report = Schemas::bundled().validate(&xml);
    assert_eq!(report.diagnostics.len(), violations.len());
    for diagnostic in report.diagnostics {
        assert_eq!(diagnostic.retourcode, Some("0001"));
        let element = std::str::from_utf8(&xml[diagnostic.offset..]).unwrap();
        let name = element.trim_start_matches('<').split(['>', ' ']).next().unwrap();
        let name = name.split_once(':').unwrap().1;
        assert!(diagnostic.path.contains(name), "{} is not at {name}", diagnostic.path);
    }
}

#[test]
fn a_birth_date_is_at_most_120_years_back() {
    let datum = "Client/Geboortedatum";
    expect("WMO305", &[(datum, json!({"Datum": "1906-03-10"}))], &[]);
    expect("WMO305", &[(datum, json!({"Datum": "1906-03-09"}))], &["TR002 Client/Geboortedatum/Datum"]);
    expect("WMO307", &[(datum, json!({"Datum": "1900-01-01", "DatumGebruik": "3"}))], &[]);
    expect("WMO307", &[(datum, json!({"Datum": "1900-01-01"}))], &["TR002 Client/Geboortedatum/Datum"]);
    expect("WMO315", &[(datum, json!({"Datum": "1890-05-01"}))], &["TR002 Client/Geboortedatum/Datum"]);
    let relatie = "Client/Relaties/0/Geboortedatum/Datum";
    expect(
        "WMO301",
        &[(relatie, json!("1890-05-20"))],
        &["TR002 Client/Relaties/Relatie[1]/Geboortedatum/Datum"],
    );
}

#[test]
fn unknown_parts_of_a_birth_date_are_01() {
    let of = |datum: &str, gebruik: &str| {
        [("Client/Geboortedatum", json!({"Datum": datum, "DatumGebruik": gebruik}))]
    };
    let wrong = ["CS139 Client/Geboortedatum/DatumGebruik"];
    expect("WMO305", &of("1950-06-01", "1"), &[]);
    expect("WMO305", &of("1950-06-02", "1"), &wrong);
    expect("WMO305", &of("1950-01-01", "2"), &[]);
    expect("WMO305", &of("1950-02-01", "2"), &wrong);
    expect("WMO305", &of("1950-01-01", "3"), &wrong);
    expect(
        "WMO301",
        &[("Client/Relaties/0/Geboortedatum/DatumGebruik", json!("1"))],
        &["CS139 Client/Relaties/Relatie[1]/Geboortedatum/DatumGebruik"],
    );
}

#[test]
fn a_bsn_passes_the_eleven_test() {
    for kind in ["WMO301", "WMO305", "WMO307", "WMO315", "WMO317", "WMO401", "WMO403"] {
        expect(kind, &[("Client/Bsn", json!("123456789"))], &["CS002 Client/Bsn"]);
        expect(kind, &[("Client/Bsn", json!("123456782"))], &[]);
    }
    let wrong = ["CS002 Declaratie/Clienten/Client[2]/Bsn"];
    expect("WMO323", &[("Declaratie/Clienten/1/Bsn", json!("123456789"))], &wrong);
    let wrong = ["CS002 DeclaratieAntwoord/Clienten/Client[1]/Bsn"];
    expect("WMO325", &[("DeclaratieAntwoord/Clienten/0/Bsn", json!("123456789"))], &wrong);
}

#[test]
fn the_use_of_names() {
    let naam = "Client/Naam/NaamGebruik";
    expect("WMO301", &[(naam, json!("5"))], &["CS050 Client/Naam/NaamGebruik"]);
    expect("WMO301", &[("Client/Naam/Partnernaam", Value::Null)], &["CS050 Client/Naam/NaamGebruik"]);
    let organisation = [("Client/Naam/Partnernaam", Value::Null), (naam, json!("6"))];
    expect("WMO301", &organisation, &["CS318 Client/Naam/NaamGebruik"]);
    let relatie = "Client/Relaties/0/Naam/NaamGebruik";
    expect("WMO301", &[(relatie, json!("6"))], &[]);
    expect("WMO301", &[(relatie, json!("2"))], &["CS050 Client/Relaties/Relatie[1]/Naam/NaamGebruik"]);
}

#[test]
fn how_to_reach_a_contact() {
    let contact = "Client/Contactgegevens/0";
    let place = "Client/Contactgegevens/Contact[1]";
    let only_mail = json!({"Soort": "01", "Emailadres": "a@b.example"});
    expect("WMO301", &[(contact, only_mail)], &[&format!("TR006 {place}")]);
    let phone = json!({"Telefoon01": {"Telefoonnummer": "0314", "Landnummer": "31"}});
    expect("WMO301", &[(contact, json!({"Soort": "01", "Telefoon": phone}))], &[]);
    let adres = |adres: Value| [("Client/Contactgegevens/0/Adres", adres)];
    let huis = json!({"Huisnummer": "1"});
    expect(
        "WMO301",
        &adres(json!({"Huis": huis})),
        &[&format!("CD034 {place}/Adres/Postcode"), &format!("TR006 {place}")],
    );
    expect(
        "WMO301",
        &adres(json!({"Postcode": "7001AA", "LandCode": "NL"})),
        &[&format!("CD025 {place}/Adres/Huis"), &format!("TR006 {place}")],
    );
    expect(
        "WMO301",
        &adres(json!({"Huis": huis, "Postcode": "7001AA"})),
        &[&format!("CD005 {place}/Adres/LandCode")],
    );
    expect(
        "WMO301",
        &adres(json!({"Huis": huis, "LandCode": "BE"})),
        &[
            &format!("CD005 {place}/Adres/LandCode"),
            &format!("CD034 {place}/Adres/Postcode"),
            &format!("TR006 {place}"),
        ],
    );
    for postcode in ["7001 AA", "0701AA", "7001A", "7001AA1", "700AAA", "7001A1"] {
        let adres = adres(json!({"Huis": huis, "Postcode": postcode, "LandCode": "NL"}));
        expect("WMO301", &adres, &[&format!("CS089 {place}/Adres/Postcode")]);
    }
    expect("WMO301", &adres(json!({"Huis": huis, "Postcode": "7001aa", "LandCode": "NL"})), &[]);
    expect("WMO301", &adres(json!({"Huis": huis, "Postcode": "1", "LandCode": "BE"})), &[]);
    let relatie = [
        ("Client/Relaties/0/Contact/Telefoon", Value::Null),
        ("Client/Relaties/0/Contact/Adres", Value::Null),
    ];
    expect("WMO301", &relatie, &["TR006 Client/Relaties/Relatie[1]/Contact"]);
    // The address of a correspondence contact may lack the postcode when there is a telephone.
    let letters = json!({"Soort": "02", "Adres": {"Straatnaam": "Postbus"}, "Telefoon": phone});
    expect("WMO301", &[(contact, letters)], &[]);
}

#[test]
fn kinds_of_contacts() {
    expect("WMO301", &[("Client/Contactgegevens/0/Soort", json!("02"))], &[]);
    expect("WMO301", &[("Client/Contactgegevens/0", Value::Null)], &["TR061 Client/Contactgegevens"]);
    let periode = [("Client/Contactgegevens/0/Periode", json!({"Begindatum": "2026-01-01"}))];
    expect("WMO301", &periode, &["CD009 Client/Contactgegevens/Contact[1]/Periode"]);
    let twice = [(
        "Client/Contactgegevens/1",
        json!({"Soort": "01", "Telefoon":
        {"Telefoon01": {"Telefoonnummer": "1", "Landnummer": "1"}}}),
    )];
    expect("WMO301", &twice, &["TR101 Client/Contactgegevens/Contact[2]"]);
    let reversed = [(
        "Client/Contactgegevens/1/Periode",
        json!({"Begindatum": "2026-02-02", "Einddatum": "2026-02-01"}),
    )];
    expect("WMO301", &reversed, &["CS003 Client/Contactgegevens/Contact[2]/Periode/Einddatum"]);
    let open = [("Client/Contactgegevens/1/Periode", json!({"Einddatum": "2026-02-01"}))];
    expect("WMO301", &open, &[]);
    expect("WMO301", &[("Client/Communicatie/Taal", Value::Null)], &["CD007 Client/Communicatie/Taal"]);
    expect("WMO301", &[("Client/Communicatie/Vorm", json!("2"))], &["CD007 Client/Communicatie/Taal"]);
}

#[test]
fn nothing_is_reported_ahead() {
    let ahead = json!("2030-01-01");
    expect(
        "WMO301",
        &[("Client/ToegewezenProducten/1/Toewijzingsdatum", ahead.clone())],
        &["TR134 Client/ToegewezenProducten/ToegewezenProduct[2]/Toewijzingsdatum"],
    );
    expect(
        "WMO305",
        &[("Client/StartProducten/2/Begindatum", ahead.clone())],
        &["TR134 Client/StartProducten/StartProduct[3]/Begindatum"],
    );
    expect("WMO305", &[("Client/StartProducten/2/Begindatum", json!("2026-03-10"))], &[]);
    expect(
        "WMO307",
        &[("Client/StopProducten/0/Einddatum", ahead.clone())],
        &["TR134 Client/StopProducten/StopProduct[1]/Einddatum"],
    );
    expect(
        "WMO315",
        &[("Client/Geboortedatum", json!({"Datum": "2026-02-12"}))],
        &["TR134 Client/Geboortedatum/Datum"],
    );
}

#[test]
fn starts_and_stops() {
    for status in ["2", "9"] {
        expect(
            "WMO305",
            &[("Client/StartProducten/1/StatusAanlevering", json!(status))],
            &["CS058 Client/StartProducten/StartProduct[2]/StatusAanlevering"],
        );
        expect(
            "WMO307",
            &[("Client/StopProducten/0/StatusAanlevering", json!(status))],
            &["CS058 Client/StopProducten/StopProduct[1]/StatusAanlevering"],
        );
    }
    // Also a deletion: what TR063 forgives is the comparison with other messages.
    expect(
        "WMO307",
        &[("Client/StopProducten/1/Einddatum", json!("2026-02-01"))],
        &["TR018 Client/StopProducten/StopProduct[2]/Einddatum"],
    );
    expect("WMO307", &[("Client/StopProducten/1/Einddatum", json!("2026-02-02"))], &[]);
}

#[test]
fn keys_occur_once() {
    let relatie = [("Client/Relaties/1/Nummer", json!("R1"))];
    expect("WMO301", &relatie, &["TR101 Client/Relaties/Relatie[2]"]);
    // As numbers, not as text.
    let number = [("Client/ToegewezenProducten/2/ToewijzingNummer", json!("+222002"))];
    expect("WMO301", &number, &["TR101 Client/ToegewezenProducten/ToegewezenProduct[3]"]);
    let start = fixture("WMO305")["Bericht"]["Client"]["StartProducten"][2].clone();
    expect(
        "WMO305",
        &[("Client/StartProducten/-", start.clone())],
        &["TR101 Client/StartProducten/StartProduct[4]"],
    );
    let mut deleted = start.clone();
    deleted["StatusAanlevering"] = json!("3");
    deleted["ToewijzingIngangsdatum"] = json!("2026-01-01");
    expect(
        "WMO305",
        &[("Client/StartProducten/-", deleted)],
        &["TR101 Client/StartProducten/StartProduct[4]"],
    );
    let mut other = start;
    other["Product"]["Code"] = json!("06X01");
    expect("WMO305", &[("Client/StartProducten/-", other)], &[]);
    let mut stop = fixture("WMO307")["Bericht"]["Client"]["StopProducten"][1].clone();
    expect(
        "WMO307",
        &[("Client/StopProducten/-", stop.clone())],
        &["TR101 Client/StopProducten/StopProduct[3]"],
    );
    stop["RedenBeeindiging"] = json!("31");
    expect("WMO307", &[("Client/StopProducten/-", stop)], &[]);
    expect(
        "WMO315",
        &[("Client/AangevraagdeProducten/1/ReferentieAanbieder", json!("HVB-2026-31"))],
        &[
            "TR101 Client/AangevraagdeProducten/AangevraagdProduct[2]",
            "TR383 Client/AangevraagdeProducten/AangevraagdProduct[2]/ReferentieAanbieder",
        ],
    );
    let te_wijzigen = "Client/Verzoek/TeWijzigenProducten/1/ToewijzingNummer";
    expect(
        "WMO317",
        &[(te_wijzigen, json!("222001"))],
        &["TR101 Client/Verzoek/TeWijzigenProducten/TeWijzigenProduct[2]"],
    );
    expect(
        "WMO323",
        &[("Declaratie/Clienten/1/Bsn", json!("999900006"))],
        &["TR101 Declaratie/Clienten/Client[2]"],
    );
}

#[test]
fn what_goes_together_in_a_toewijzing() {
    let first = "Client/ToegewezenProducten/0";
    let place = "Client/ToegewezenProducten/ToegewezenProduct[1]";
    let at = |path: &str| format!("{first}/{path}");
    expect("WMO301", &[(&at("Omvang"), Value::Null)], &[&format!("CD041 {place}/Omvang")]);
    expect("WMO301", &[(&at("Einddatum"), Value::Null)], &[&format!("CD076 {place}/Einddatum")]);
    expect(
        "WMO301",
        &[(&at("Budget"), json!("1"))],
        &[&format!("CD077 {place}/Omvang"), &format!("CD078 {place}/Budget")],
    );
    expect("WMO301", &[(&at("Product/Code"), Value::Null)], &[&format!("CD080 {place}/Omvang")]);
    expect("WMO301", &[(&at("Einddatum"), json!("2026-03-08"))], &[&format!("CS003 {place}/Einddatum")]);
    expect("WMO301", &[(&at("Einddatum"), json!("2026-03-09"))], &[]);
    let second = "Client/ToegewezenProducten/1";
    let place = "Client/ToegewezenProducten/ToegewezenProduct[2]";
    let at = |path: &str| format!("{second}/{path}");
    expect("WMO301", &[(&at("Einddatum"), Value::Null)], &[&format!("CD075 {place}/Einddatum")]);
    expect("WMO301", &[(&at("Budget"), Value::Null)], &[]);
    expect(
        "WMO301",
        &[(&at("Budget"), Value::Null), (&at("Product"), Value::Null)],
        &[
            &format!("CD079 {place}/Product"),
            // Generic support overlaps with all but devices.
            "TR302 Client/ToegewezenProducten/ToegewezenProduct[1]",
            "TR302 Client/ToegewezenProducten/ToegewezenProduct[2]",
        ],
    );
}

#[test]
fn rules_of_before_2021_for_what_ended_then() {
    let old = |changes: &[(&'static str, Value)]| {
        let mut all = vec![
            ("Client/ToegewezenProducten/0/Ingangsdatum", json!("2020-01-01")),
            ("Client/ToegewezenProducten/0/Einddatum", json!("2020-12-31")),
        ];
        all.extend_from_slice(changes);
        all
    };
    expect("WMO301", &old(&[("Client/ToegewezenProducten/0/Product/Code", Value::Null)]), &[]);
    let daily = json!({"Volume": "1", "Eenheid": "16", "Frequentie": "1"});
    expect("WMO301", &old(&[("Client/ToegewezenProducten/0/Omvang", daily.clone())]), &[]);
    let wrong = ["CS338 Client/ToegewezenProducten/ToegewezenProduct[1]/Omvang"];
    expect("WMO301", &[("Client/ToegewezenProducten/0/Omvang", daily)], &wrong);
    let minutes = json!({"Volume": "1", "Eenheid": "01", "Frequentie": "1"});
    expect("WMO301", &[("Client/ToegewezenProducten/0/Omvang", minutes)], &[]);
}

#[test]
fn reasons_of_change() {
    let reden = "Client/ToegewezenProducten/0/RedenWijziging";
    let place = "Client/ToegewezenProducten/ToegewezenProduct[1]/RedenWijziging";
    expect("WMO301", &[(reden, json!("13"))], &[&format!("CS335 {place}")]);
    let void = [(reden, json!("13")), ("Client/ToegewezenProducten/0/Einddatum", json!("2026-03-09"))];
    expect("WMO301", &void, &[]);
    expect("WMO301", &[(reden, json!("01"))], &[&format!("CS336 {place}")]);
}

/// A further toewijzing beside the first of the fixture: 01/01A01 from 2026-03-09 to 2027-03-08.
fn beside(product: Value, begin: &str, eind: Value, reden: Value) -> Vec<(&'static str, Value)> {
    let mut toewijzing = json!({
        "ToewijzingNummer": "222009", "Toewijzingsdatum": "2026-03-02", "Toewijzingstijd": "09:00:00",
        "Ingangsdatum": begin, "Budget": "1",
    });
    for (key, value) in [("Product", product), ("Einddatum", eind), ("RedenWijziging", reden)] {
        if !value.is_null() {
            toewijzing[key] = value;
        }
    }
    if toewijzing["Product"]["Code"].is_string() {
        toewijzing["Omvang"] = json!({"Volume": "1", "Eenheid": "01", "Frequentie": "4"});
        drop(toewijzing.as_object_mut().unwrap().remove("Budget"));
    }
    vec![("Client/ToegewezenProducten/-", toewijzing)]
}

#[test]
fn support_does_not_overlap() {
    let none = Value::Null;
    let product = |n: u8| format!("TR302 Client/ToegewezenProducten/ToegewezenProduct[{n}]");
    let same = || json!({"Categorie": "01", "Code": "01A01"});
    let both = [product(1), product(4)];
    let both: Vec<&str> = both.iter().map(String::as_str).collect();
    expect("WMO301", &beside(same(), "2027-03-08", json!("2027-03-08"), none.clone()), &both);
    expect("WMO301", &beside(same(), "2027-03-09", none.clone(), none.clone()), &[]);
    expect("WMO301", &beside(same(), "2026-03-01", json!("2026-03-08"), none.clone()), &[]);
    expect("WMO301", &beside(same(), "2026-03-01", none.clone(), none.clone()), &both);
    // Another product of the category may, the category as such may not.
    expect(
        "WMO301",
        &beside(json!({"Categorie": "01", "Code": "01A11"}), "2026-03-09", none.clone(), none.clone()),
        &[],
    );
    expect(
        "WMO301",
        &beside(json!({"Categorie": "01"}), "2026-06-01", json!("2026-06-30"), none.clone()),
        &both,
    );
    // Devices may always.
    expect(
        "WMO301",
        &beside(json!({"Categorie": "12", "Code": "12X01"}), "2026-03-09", none.clone(), none.clone()),
        &[],
    );
    // Generic support conflicts with everything but devices.
    let all = [product(1), product(2), product(4)];
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    expect("WMO301", &beside(none.clone(), "2026-03-09", json!("2028-01-01"), none.clone()), &all);
    // What is void does not count.
    expect("WMO301", &beside(same(), "2026-06-01", json!("2026-06-01"), json!("13")), &[]);
    expect("WMO301", &beside(same(), "2026-06-01", json!("2026-06-01"), none.clone()), &both);
}

#[test]
fn requests() {
    let first = "Client/AangevraagdeProducten/0";
    let place = "Client/AangevraagdeProducten/AangevraagdProduct[1]";
    let at = |path: &str| format!("{first}/{path}");
    expect(
        "WMO315",
        &[(&at("BeschikkingNummer"), Value::Null)],
        &[&format!("CD043 {place}/BeschikkingIngangsdatum")],
    );
    let verwijzer = |value: Value| [("Client/AangevraagdeProducten/0/Verwijzer", value)];
    let both = json!({"Type": "05", "Naam": "X", "ZorgverlenerCode": "01000001"});
    expect("WMO315", &verwijzer(both), &[&format!("CD066 {place}/Verwijzer/Naam")]);
    expect("WMO315", &verwijzer(json!({"Type": "05"})), &[&format!("CD067 {place}/Verwijzer/Naam")]);
    let coded = json!({"Type": "01", "ZorgverlenerCode": "01000001"});
    expect("WMO315", &verwijzer(coded), &[&format!("CD068 {place}/Verwijzer/ZorgverlenerCode")]);
    expect("WMO315", &[(&at("Product/Code"), Value::Null)], &[&format!("CD095 {place}/Omvang")]);
    let daily = json!({"Volume": "1", "Eenheid": "84", "Frequentie": "1"});
    expect("WMO315", &[(&at("Omvang"), daily)], &[&format!("CS343 {place}/Omvang")]);
    expect(
        "WMO315",
        &[(&at("ToewijzingEinddatum"), Value::Null)],
        &[&format!("CD076 {place}/ToewijzingEinddatum")],
    );
    expect(
        "WMO315",
        &[(&at("ToewijzingEinddatum"), json!("2026-02-01"))],
        &[&format!("CS003 {place}/ToewijzingEinddatum")],
    );
    expect(
        "WMO315",
        &[("Client/AangevraagdeProducten/1/Product", json!({"Categorie": "02"}))],
        &[
            "TR386 Client/AangevraagdeProducten/AangevraagdProduct[1]",
            "TR386 Client/AangevraagdeProducten/AangevraagdProduct[2]",
        ],
    );
}

#[test]
fn requests_for_change() {
    let verzoek = "Client/Verzoek";
    let (unchanged, change, new) = (
        "Client/Verzoek/OngewijzigdeProducten",
        "Client/Verzoek/TeWijzigenProducten",
        "Client/Verzoek/NieuweProducten",
    );
    let none = Value::Null;
    expect("WMO317", &[(unchanged, none.clone())], &[]);
    expect("WMO317", &[(unchanged, none.clone()), (change, none.clone())], &[&format!("TR352 {verzoek}")]);
    expect("WMO317", &[(new, none.clone()), (change, none.clone())], &[&format!("TR353 {verzoek}")]);
    let place = "Client/Verzoek/NieuweProducten/NieuwProduct[1]";
    let at = |path: &str| format!("{new}/0/{path}");
    expect(
        "WMO317",
        &[(&at("GewensteIngangsdatum"), json!("2026-05-04"))],
        &[&format!("TR380 {place}/GewensteIngangsdatum")],
    );
    expect("WMO317", &[(&at("GewensteIngangsdatum"), json!("2026-05-05"))], &[]);
    expect("WMO317", &[(&at("Product/Code"), none.clone())], &[&format!("CD096 {place}/Omvang")]);
    expect(
        "WMO317",
        &[(&at("Omvang/Eenheid"), json!("14")), (&at("Omvang/Frequentie"), json!("1"))],
        &[&format!("CS338 {place}/Omvang")],
    );
    expect(
        "WMO317",
        &[(&format!("{new}/1/Product"), json!({"Categorie": "02"}))],
        &[
            "TR410 Client/Verzoek/NieuweProducten/NieuwProduct[1]",
            "TR410 Client/Verzoek/NieuweProducten/NieuwProduct[2]",
        ],
    );
    expect(
        "WMO317",
        &[(&format!("{change}/1/Einddatum"), none)],
        &["CD075 Client/Verzoek/TeWijzigenProducten/TeWijzigenProduct[2]/Einddatum"],
    );
}

#[test]
fn answers_to_requests() {
    let reden = "Antwoord/RedenAfwijzingVerzoek";
    expect("WMO319", &[(reden, Value::Null)], &[&format!("CD085 {reden}")]);
    expect("WMO319", &[("Antwoord/VerzoekAntwoord", json!("2"))], &[&format!("CD086 {reden}")]);
    expect("WMO319", &[("Antwoord/VerzoekAntwoord", json!("2")), (reden, Value::Null)], &[]);
}

#[test]
fn declarations() {
    let first = "Declaratie/Clienten/0/Prestaties/0";
    let place = "Declaratie/Clienten/Client[1]/Prestaties/Prestatie[1]";
    let at = |path: &str| format!("{first}/{path}");
    let second = |path: &str| format!("Declaratie/Clienten/0/Prestaties/1/{path}");
    let second_place = "Declaratie/Clienten/Client[1]/Prestaties/Prestatie[2]";
    let periode = |begin: &str, eind: &str| json!({"Begindatum": begin, "Einddatum": eind});
    expect(
        "WMO323",
        &[(&at("ProductPeriode"), periode("2026-03-31", "2026-03-01"))],
        &[&format!("TR137 {place}/ProductPeriode/Einddatum")],
    );
    expect(
        "WMO323",
        &[(&at("ProductPeriode"), periode("2026-04-01", "2026-04-30"))],
        &[&format!("TR137 {place}/ProductPeriode/Einddatum")],
    );
    expect(
        "WMO323",
        &[(&at("ProductPeriode"), periode("2026-04-03", "2026-04-30"))],
        &[
            &format!("TR134 {place}/ProductPeriode/Begindatum"),
            &format!("TR137 {place}/ProductPeriode/Einddatum"),
        ],
    );
    expect(
        "WMO323",
        &[(&at("ProductPeriode"), periode("2026-02-15", "2026-03-15"))],
        &[&format!("CS337 {place}/ProductPeriode")],
    );
    expect(
        "WMO323",
        &[(&at("ProductPeriode"), periode("2021-04-01", "2021-04-01"))],
        &[&format!("TR335 {place}/ProductPeriode/Einddatum")],
    );
    expect("WMO323", &[(&at("ProductPeriode"), periode("2021-04-02", "2021-04-02"))], &[]);
    expect(
        "WMO323",
        &[(&at("ProductPeriode"), periode("2020-12-01", "2020-12-31"))],
        &[&format!("CS100 {place}/ProductPeriode"), &format!("TR335 {place}/ProductPeriode/Einddatum")],
    );
    expect(
        "WMO323",
        &[("Declaratie/DeclaratiePeriode", periode("2026-03-01", "2026-03-30"))],
        &["CS340 Declaratie/DeclaratiePeriode"],
    );
    expect(
        "WMO323",
        &[(&second("ProductReferentie/VorigReferentieNummer"), json!("P1"))],
        &[&format!("TR316 {second_place}/ProductReferentie/VorigReferentieNummer")],
    );
    expect(
        "WMO323",
        &[(&at("ProductReferentie/VorigReferentieNummer"), json!("P0"))],
        &[
            &format!("CD060 {place}/ProductReferentie/VorigReferentieNummer"),
            &format!("TR315 {second_place}/ProductReferentie/VorigReferentieNummer"),
        ],
    );
    expect("WMO323", &[(&at("ProductTarief"), Value::Null)], &[&format!("CD087 {place}/ProductTarief")]);
    expect(
        "WMO323",
        &[("Declaratie/TotaalIngediendBedrag/TotaalBedrag", json!("38501"))],
        &["TR358 Declaratie/TotaalIngediendBedrag"],
    );
    let third = "Declaratie/Clienten/1/Prestaties/0";
    expect(
        "WMO323",
        &[(&format!("{third}/GeleverdVolume"), json!("5001"))],
        &["CS339 Declaratie/Clienten/Client[2]/Prestaties/Prestatie[1]/IngediendBedrag"],
    );
    let nothing = [
        (format!("{third}/GeleverdVolume"), json!("0")),
        (format!("{third}/IngediendBedrag"), json!({"Bedrag": "0", "DebetCredit": "C"})),
        (format!("{third}/ProductReferentie/VorigReferentieNummer"), json!("P9")),
        ("Declaratie/TotaalIngediendBedrag/TotaalBedrag".to_owned(), json!("33500")),
    ];
    let nothing: Vec<(&str, Value)> =
        nothing.iter().map(|(path, value)| (path.as_str(), value.clone())).collect();
    expect(
        "WMO323",
        &nothing,
        &["CS325 Declaratie/Clienten/Client[2]/Prestaties/Prestatie[1]/IngediendBedrag/DebetCredit"],
    );
    let mut again = fixture("WMO323")["Bericht"]["Declaratie"]["Clienten"][0]["Prestaties"][0].clone();
    again["ProductReferentie"]["ReferentieNummer"] = json!("P8");
    expect(
        "WMO323",
        &[
            ("Declaratie/Clienten/0/Prestaties/-", again),
            ("Declaratie/TotaalIngediendBedrag/TotaalBedrag", json!("74500")),
        ],
        &["TR416 Declaratie/Clienten/Client[1]/Prestaties/Prestatie[3]"],
    );
}

#[test]
fn answers_to_declarations() {
    let granted = "DeclaratieAntwoord/TotaalToegekendBedrag/TotaalBedrag";
    expect("WMO325", &[(granted, json!("33501"))], &["TR342 DeclaratieAntwoord"]);
    let refused = [("DeclaratieAntwoord/RetourCodes", json!(["9333"]))];
    expect("WMO325", &refused, &["TR342 DeclaratieAntwoord"]);
    expect(
        "WMO325",
        &[
            ("DeclaratieAntwoord/RetourCodes", json!(["9333"])),
            (granted, json!("0")),
            ("DeclaratieAntwoord/Clienten", Value::Null),
        ],
        &[],
    );
    let credit = "DeclaratieAntwoord/TotaalToegekendBedrag";
    expect(
        "WMO325",
        &[
            ("DeclaratieAntwoord/RetourCodes", json!(["9333"])),
            (credit, json!({"TotaalBedrag": "0", "DebetCredit": "C"})),
            ("DeclaratieAntwoord/Clienten", Value::Null),
        ],
        &["CS325 DeclaratieAntwoord/TotaalToegekendBedrag/DebetCredit"],
    );
}

#[test]
fn notifications_to_the_cak() {
    let start = "Client/StartEigenBijdrage";
    let datum = |text: &str| [("Client/StartEigenBijdrage/EbStartdatum", json!(text))];
    expect("WMO401", &datum("2025-03-11"), &[]);
    expect("WMO401", &datum("2025-03-10"), &["TR112 Client/StartEigenBijdrage/EbStartdatum"]);
    let kostprijs = "CS334 Client/StartEigenBijdrage/EbKostprijs/KostprijsStartdatum";
    expect("WMO401", &datum("2026-04-11"), &[kostprijs]);
    expect("WMO401", &datum("2026-04-12"), &[kostprijs, "TR113 Client/StartEigenBijdrage/EbStartdatum"]);
    let status = "Client/StartEigenBijdrage/StatusAanlevering";
    expect(
        "WMO401",
        &[(status, json!("2")), (&format!("{start}/EbStartdatum"), json!("2019-12-31"))],
        &["CS332 Client/StartEigenBijdrage/EbStartdatum"],
    );
    expect("WMO401", &[(status, json!("9"))], &[&format!("CS125 {status}")]);
    let stop = |status: &str, text: &str| {
        [
            ("Client/StopEigenBijdrage/StatusAanlevering", json!(status)),
            ("Client/StopEigenBijdrage/EbStopdatum", json!(text)),
        ]
    };
    expect("WMO403", &stop("1", "2020-02-01"), &[]);
    expect("WMO403", &stop("1", "2026-10-02"), &["TR113 Client/StopEigenBijdrage/EbStopdatum"]);
    expect("WMO403", &stop("2", "2023-09-01"), &[]);
    expect("WMO403", &stop("2", "2023-08-31"), &["TR116 Client/StopEigenBijdrage/EbStopdatum"]);
    expect("WMO403", &stop("2", "2026-10-02"), &["TR117 Client/StopEigenBijdrage/EbStopdatum"]);
}

#[test]
fn years_have_four_digits() {
    expect(
        "WMO301",
        &[("Client/ToegewezenProducten/2/Einddatum", json!("12026-01-01"))],
        &["LDT_Datum Client/ToegewezenProducten/ToegewezenProduct[3]/Einddatum"],
    );
    expect(
        "WMO301",
        &[("Client/Relaties/0/Geboortedatum/Datum", json!("-0044-03-15"))],
        &[
            "LDT_Datum Client/Relaties/Relatie[1]/Geboortedatum/Datum",
            "TR002 Client/Relaties/Relatie[1]/Geboortedatum/Datum",
        ],
    );
}

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
        if fields[level] != "xslt" {
            continue;
        }
        let kinds: BTreeSet<MessageKind> =
            fields[messages].split(',').map(|kind| format!("WMO{kind}").parse().unwrap()).collect();
        let iwmo = |rule: &&super::Rule| !rule.messages[0].name().starts_with("WMO4");
        let rule = RULES.iter().filter(iwmo).find(|rule| rule.id == fields[id]);
        let rule = rule.unwrap_or_else(|| panic!("{} has no function", fields[id]));
        assert_eq!(rule.messages.iter().copied().collect::<BTreeSet<_>>(), kinds, "{}", rule.id);
        assert_eq!(rule.retourcode.as_str(), fields[code], "{}", rule.id);
        listed.insert(rule.id);
    }
    assert!(listed.len() > 50);
    let extra =
        RULES.iter().filter(|rule| rule.id != "LDT_Datum" && !rule.messages[0].name().starts_with("WMO4"));
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
