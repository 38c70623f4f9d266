//! Rules on declarations and their answers.

use serde_json::{Value, json};

use super::{expect, fixture};

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
