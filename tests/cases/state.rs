//! What a case states of a toewijzing, a delivery or a request, against a dossier.

use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::dossier::Onderwerp;
use iwmo_toewijzing::identity::{Categorie, Omvang, Product, ProductCode, ToewijzingNummer};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::run::list;

/// Compares one toewijzing, on one side. Returns what differs.
pub(crate) fn toewijzing(
    dossier: &Dossier,
    nummer: ToewijzingNummer,
    stated: &Value,
    today: Date,
) -> Vec<String> {
    let mut found = Vec::new();
    for (field, want) in stated.as_object().into_iter().flatten() {
        match field.as_str() {
            "toewijzing" => {
                let got = assignment(dossier, nummer, today);
                found.extend(subset("toewijzing", want, &got));
            }
            "levering" => found.extend(levering(dossier, &Onderwerp::Toewijzing(nummer), want)),
            "anomalies" => {
                let anomalies = dossier.anomalieen_van(&Onderwerp::Toewijzing(nummer));
                let mut got: Vec<&str> = anomalies.into_iter().map(|kind| kind.as_str()).collect();
                let mut want: Vec<&str> =
                    want.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                got.sort_unstable();
                want.sort_unstable();
                if want != got {
                    found.push(format!("anomalies: want {want:?}, got {got:?}"));
                }
            }
            other => found.push(format!("{other} is not known to this test")),
        }
    }
    found
}

/// Every part of what is stated must be there; the rest is free.
fn subset(place: &str, want: &Value, got: &Value) -> Vec<String> {
    match want {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, want)| subset(&format!("{place}.{name}"), want, &got[name]))
            .collect(),
        want if want == got => Vec::new(),
        want => vec![format!("{place}: want {want}, got {got}")],
    }
}

fn assignment(dossier: &Dossier, nummer: ToewijzingNummer, today: Date) -> Value {
    let mut got = json!({
        "status": dossier.status(nummer).as_str(),
        "fase": dossier.fase(nummer, today).map(|fase| fase.as_str()),
        "implicitlyConfirmed": dossier.is_impliciet_bevestigd(nummer),
    });
    if let Some(version) = dossier.effectief(nummer).map(|version| &version.inhoud) {
        got["Ingangsdatum"] = json!(version.ingangsdatum.to_string());
        got["Einddatum"] = json!(version.einddatum.map(|day| day.to_string()));
        got["RedenWijziging"] = json!(version.reden_wijziging.map(|reden| reden.to_string()));
        got["Product"] = version.product.as_ref().map_or(Value::Null, product_json);
        got["Omvang"] = version.omvang.as_ref().map_or(Value::Null, omvang_json);
    }
    got
}

fn product_json(product: &Product) -> Value {
    let mut json = json!({ "Categorie": product.categorie.as_str() });
    if let Some(code) = &product.code {
        json["Code"] = json!(code.as_str());
    }
    json
}

fn omvang_json(omvang: &Omvang) -> Value {
    json!({
        "Volume": omvang.volume.to_string(),
        "Eenheid": format!("{:02}", omvang.eenheid),
        "Frequentie": omvang.frequentie.to_string(),
    })
}

/// Compares one delivery, on one side.
pub(crate) fn levering(dossier: &Dossier, onderwerp: &Onderwerp, want: &Value) -> Vec<String> {
    let staat = dossier.levering_staat(onderwerp);
    let got = json!({
        "status": staat.status.as_str(),
        "Begindatum": staat.begindatum.map(|day| day.to_string()),
        "Einddatum": staat.einddatum.map(|day| day.to_string()),
        "RedenBeeindiging": staat.reden.map(|reden| reden.to_string()),
    });
    let kept: Vec<Value> = dossier
        .levering(onderwerp)
        .into_iter()
        .flat_map(|levering| levering.stops())
        .map(|stop| {
            json!({
                "Begindatum": stop.key.start.begindatum.to_string(),
                "Einddatum": stop.key.einddatum.to_string(),
                "RedenBeeindiging": stop.key.reden.to_string(),
                "live": stop.verwijderd_door.is_none(),
            })
        })
        .collect();
    let mut stated = want.clone();
    if let Some(fields) = stated.as_object_mut() {
        fields.remove("stops");
    }
    let mut found = subset("levering", &stated, &got);
    for stop in list(want, "stops") {
        if !kept.iter().any(|kept| subset("", &stop, kept).is_empty()) {
            found.push(format!("stops: want {stop}, got {kept:?}"));
        }
    }
    found
}

/// A product as a case writes it.
pub(crate) fn product(value: &Value) -> Option<Product> {
    let categorie = Categorie::new(value["Categorie"].as_str()?).ok()?;
    let code = value.get("Code").and_then(Value::as_str).and_then(|code| ProductCode::new(code).ok());
    Some(Product { categorie, code })
}
