//! Rules on dates, starts, stops, keys, and what the CAK is told.

use serde_json::json;

use super::{expect, fixture};

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
