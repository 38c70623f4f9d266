//! Rules on persons and how to reach them.

use serde_json::{Value, json};

use super::expect;

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
    // D23 for iWmo, where no rule forbids it; the CAK refuses it.
    expect("WMO305", &[("Client/Bsn", json!("000000000"))], &[]);
    expect("WMO401", &[("Client/Bsn", json!("000000000"))], &["CS002 Client/Bsn"]);
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
