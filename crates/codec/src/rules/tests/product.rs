//! Rules on support that is granted or asked for.

use serde_json::{Value, json};

use super::expect;

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
