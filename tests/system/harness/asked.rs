//! Requests and declarations, as their senders write them.

use iwmo_codec::messages::Message;
use serde_json::{Value, json};

use super::messages::{Envelope, Klant, Order, client, header, product};

fn written(kind: &str, bericht: Value) -> Vec<u8> {
    let message = json!({ "message": kind, "release": "iWmo 3.2", "Bericht": bericht });
    Message::from_json(&message.to_string()).unwrap().encode()
}

/// The aanbieder asks for a toewijzing.
pub(crate) fn wmo315(envelope: &Envelope<'_>, klant: &Klant, order: &Order, referentie: &str) -> Vec<u8> {
    let mut client = client(klant);
    client["AangevraagdeProducten"] = json!([{
        "ReferentieAanbieder": referentie,
        "Product": product(order),
        "ToewijzingIngangsdatum": order.ingangsdatum,
        "ToewijzingEinddatum": order.einddatum,
        "Omvang": { "Volume": "4", "Eenheid": "04", "Frequentie": "2" },
        "Verwijzer": { "Type": "01", "Naam": "Huisarts" },
    }]);
    let header = header("444", envelope.agb, envelope.gemeente, envelope);
    written("WMO315", json!({ "Header": header, "Client": client }))
}

/// The gemeente answers a request: refused (1), or looked into (2).
pub(crate) fn wmo319(envelope: &Envelope<'_>, referentie: &str, antwoord: &str) -> Vec<u8> {
    let mut class = json!({ "ReferentieAanbieder": referentie, "VerzoekAntwoord": antwoord });
    if antwoord == "1" {
        class["RedenAfwijzingVerzoek"] = json!("2");
    }
    let header = header("482", envelope.gemeente, envelope.agb, envelope);
    written("WMO319", json!({ "Header": header, "Antwoord": class }))
}

/// The aanbieder declares October 2025, € 150 for each of these.
pub(crate) fn wmo323(envelope: &Envelope<'_>, lines: &[(&Klant, &Order)]) -> Vec<u8> {
    let period = json!({ "Begindatum": "2025-10-01", "Einddatum": "2025-10-31" });
    let clients: Vec<Value> = lines
        .iter()
        .map(|(klant, order)| {
            let prestatie = json!({
                "ProductReferentie": { "ReferentieNummer": format!("P{}", order.nummer) },
                "ToewijzingNummer": order.nummer.to_string(),
                "ProductCategorie": order.categorie,
                "ProductCode": order.code,
                "ProductPeriode": period,
                "GeleverdVolume": "12",
                "Eenheid": "04",
                "ProductTarief": "1250",
                "IngediendBedrag": { "Bedrag": "15000", "DebetCredit": "D" },
            });
            json!({ "Bsn": klant.bsn, "Prestaties": [prestatie] })
        })
        .collect();
    let total = (15_000 * lines.len()).to_string();
    let declaratie = json!({
        "DeclaratieNummer": envelope.identificatie,
        "DeclaratiePeriode": period,
        "DeclaratieDagtekening": envelope.dagtekening,
        "TotaalIngediendBedrag": { "TotaalBedrag": total, "DebetCredit": "D" },
        "Clienten": clients,
    });
    let header = header("484", envelope.agb, envelope.gemeente, envelope);
    written("WMO323", json!({ "Header": header, "Declaratie": declaratie }))
}

/// The gemeente grants that declaration in full.
pub(crate) fn wmo325(envelope: &Envelope<'_>, declaratie: &Envelope<'_>, lines: usize) -> Vec<u8> {
    let total = json!({ "TotaalBedrag": (15_000 * lines).to_string(), "DebetCredit": "D" });
    let mut header = header("485", envelope.gemeente, envelope.agb, envelope);
    header["DeclaratieIdentificatie"] =
        json!({ "Identificatie": declaratie.identificatie, "Dagtekening": declaratie.dagtekening });
    header["XsdVersieDeclaratie"] = header["XsdVersie"].clone();
    header["RetourCodes"] = json!(["0200"]);
    let antwoord = json!({
        "DeclaratieNummer": declaratie.identificatie,
        "TotaalIngediendBedrag": total.clone(),
        "TotaalToegekendBedrag": total,
        "RetourCodes": ["8001"],
    });
    written("WMO325", json!({ "Header": header, "DeclaratieAntwoord": antwoord }))
}

/// Adds something to each ToegewezenProduct of a 301.
pub(crate) fn with(wmo301: &[u8], name: &str, value: &str) -> Vec<u8> {
    let message = iwmo_codec::Schemas::bundled().decode(wmo301).unwrap();
    let mut json: Value = serde_json::from_str(&message.to_json()).unwrap();
    for product in json["Bericht"]["Client"]["ToegewezenProducten"].as_array_mut().unwrap() {
        product[name] = json!(value);
    }
    Message::from_json(&json.to_string()).unwrap().encode()
}

/// The retour that approves a message.
pub(crate) fn approval(heenbericht: &Message, identificatie: &str) -> Vec<u8> {
    use iwmo_codec::retour::{Uitspraak, Verdict, retour};
    let verdict = Verdict {
        identificatie_retour: identificatie.to_owned(),
        dagtekening_retour: super::messages::day(0).parse().unwrap(),
        xsd_versie_retour: None,
        uitspraak: Uitspraak::Goedgekeurd,
    };
    retour(heenbericht, &verdict).unwrap().encode()
}
