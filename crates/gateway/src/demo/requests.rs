//! Requests, answers and declarations of the demonstration, written as their senders would.

use iwmo_codec::messages::Message;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::DemoError;
use super::messages::{
    Envelope, Order, Person, built, delivery_client, header, product, toegewezen, wmo301_of,
};

/// A month that is declared, in full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Month {
    pub(crate) first: Date,
    pub(crate) last: Date,
}

/// A line of a declaration: what is declared, or credited, under which number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declared<'a> {
    pub(crate) person: &'a Person,
    pub(crate) order: &'a Order,
    pub(crate) referentie: &'a str,
    /// The line that is credited.
    pub(crate) vorige: Option<&'a str>,
    pub(crate) cent: u32,
}

/// The gemeente orders support: what it assigns anew, and what it repeats because that goes on (OP087). `referentie`
/// names the request that this grants, on what is new (315) or on all (317).
pub(crate) fn wmo301_granting(
    envelope: Envelope<'_>,
    person: &Person,
    producten: &[(&Order, Option<&str>, Option<&str>)],
) -> Result<Message, DemoError> {
    let products = producten.iter().map(|(order, referentie, reden)| {
        let mut class = toegewezen(envelope, order);
        if let Some(referentie) = referentie {
            class["ReferentieAanbieder"] = json!(referentie);
        }
        if let Some(reden) = reden {
            class["RedenWijziging"] = json!(reden);
            // A later version than that of the same day which it changes.
            class["Toewijzingstijd"] = json!("14:00:00");
        }
        class
    });
    wmo301_of(envelope, person, products.collect())
}

/// The aanbieder asks for a toewijzing.
pub(crate) fn wmo315(
    envelope: Envelope<'_>,
    person: &Person,
    order: &Order,
    referentie: &str,
) -> Result<Message, DemoError> {
    let mut client = delivery_client(person);
    client["AangevraagdeProducten"] = json!([{
        "ReferentieAanbieder": referentie,
        "Product": product(order),
        "ToewijzingIngangsdatum": order.ingangsdatum.to_string(),
        "ToewijzingEinddatum": order.einddatum.to_string(),
        "Omvang": { "Volume": "4", "Eenheid": "04", "Frequentie": "2" },
        "Verwijzer": { "Type": "01", "Naam": "Huisarts Lindelaan" },
    }]);
    let header = header("444", envelope.agb, envelope.gemeente, envelope);
    built("WMO315", json!({ "Header": header, "Client": client }))
}

/// The aanbieder asks for another end and size of a toewijzing from a day on; the others stay as they are.
pub(crate) fn wmo317(
    envelope: Envelope<'_>,
    person: &Person,
    changed: &Order,
    from: Date,
    unchanged: &[u32],
    referentie: &str,
) -> Result<Message, DemoError> {
    let mut verzoek = Map::new();
    verzoek.insert("ReferentieAanbieder".to_owned(), json!(referentie));
    verzoek.insert("RedenVerzoek".to_owned(), json!("1"));
    let unchanged: Vec<Value> =
        unchanged.iter().map(|nummer| json!({ "ToewijzingNummer": nummer.to_string() })).collect();
    if !unchanged.is_empty() {
        verzoek.insert("OngewijzigdeProducten".to_owned(), Value::Array(unchanged));
    }
    let product = json!([{
        "ToewijzingNummer": changed.nummer.to_string(),
        "GewensteIngangsdatum": from.to_string(),
        "Einddatum": changed.einddatum.to_string(),
        "Omvang": { "Volume": "4", "Eenheid": "04", "Frequentie": "2" },
    }]);
    verzoek.insert("TeWijzigenProducten".to_owned(), product);
    let client = json!({ "Bsn": person.bsn, "Verzoek": verzoek });
    let header = header("480", envelope.agb, envelope.gemeente, envelope);
    built("WMO317", json!({ "Header": header, "Client": client }))
}

/// The gemeente answers a request: refused (1) or being looked into (2).
pub(crate) fn wmo319(envelope: Envelope<'_>, referentie: &str, antwoord: &str) -> Result<Message, DemoError> {
    let mut class = json!({ "ReferentieAanbieder": referentie, "VerzoekAntwoord": antwoord });
    if antwoord == "1" {
        class["RedenAfwijzingVerzoek"] = json!("2");
    }
    let header = header("482", envelope.gemeente, envelope.agb, envelope);
    built("WMO319", json!({ "Header": header, "Antwoord": class }))
}

/// The aanbieder declares a month.
pub(crate) fn wmo323(
    envelope: Envelope<'_>,
    month: Month,
    lines: &[Declared<'_>],
) -> Result<Message, DemoError> {
    let mut clients: Vec<(&str, Vec<Value>)> = Vec::new();
    let mut total = 0i64;
    for line in lines {
        let (cent, side) = (i64::from(line.cent), if line.vorige.is_some() { "C" } else { "D" });
        total += if side == "C" { -cent } else { cent };
        let prestatie = prestatie(month, line, side);
        match clients.iter_mut().find(|(bsn, _)| *bsn == line.person.bsn) {
            Some((_, prestaties)) => prestaties.push(prestatie),
            None => clients.push((line.person.bsn, vec![prestatie])),
        }
    }
    let clients: Vec<Value> = clients
        .into_iter()
        .map(|(bsn, prestaties)| json!({ "Bsn": bsn, "Prestaties": prestaties }))
        .collect();
    let declaratie = json!({
        "DeclaratieNummer": envelope.identificatie,
        "DeclaratiePeriode": period(month),
        "DeclaratieDagtekening": envelope.today.to_string(),
        "TotaalIngediendBedrag": amount(total),
        "Clienten": clients,
    });
    let header = header("484", envelope.agb, envelope.gemeente, envelope);
    built("WMO323", json!({ "Header": header, "Declaratie": declaratie }))
}

fn prestatie(month: Month, line: &Declared<'_>, side: &str) -> Value {
    let mut referentie = json!({ "ReferentieNummer": line.referentie });
    if let Some(vorige) = line.vorige {
        referentie["VorigReferentieNummer"] = json!(vorige);
    }
    json!({
        "ProductReferentie": referentie,
        "ToewijzingNummer": line.order.nummer.to_string(),
        "ProductCategorie": line.order.categorie,
        "ProductCode": line.order.code,
        "ProductPeriode": period(month),
        "GeleverdVolume": "1",
        "Eenheid": "04",
        "ProductTarief": line.cent.to_string(),
        "IngediendBedrag": { "Bedrag": line.cent.to_string(), "DebetCredit": side },
    })
}

fn period(month: Month) -> Value {
    json!({ "Begindatum": month.first.to_string(), "Einddatum": month.last.to_string() })
}

fn amount(cent: i64) -> Value {
    let side = if cent < 0 { "C" } else { "D" };
    json!({ "TotaalBedrag": cent.unsigned_abs().to_string(), "DebetCredit": side })
}

/// The gemeente grants a declaration in full (IV087).
pub(crate) fn wmo325(envelope: Envelope<'_>, declaratie: &Message) -> Result<Message, DemoError> {
    let Message::Wmo323(m) = declaratie else {
        return Err(DemoError::Message("a 325 answers a 323".to_owned()));
    };
    let header_of_323 = declaratie.header();
    let total = json!({
        "TotaalBedrag": m.declaratie.totaal_ingediend_bedrag.totaal_bedrag.value().to_string(),
        "DebetCredit": m.declaratie.totaal_ingediend_bedrag.debet_credit.as_str(),
    });
    let mut header = header("485", envelope.gemeente, envelope.agb, envelope);
    header["DeclaratieIdentificatie"] = json!({
        "Identificatie": header_of_323.identificatie,
        "Dagtekening": header_of_323.dagtekening.to_string(),
    });
    header["XsdVersieDeclaratie"] = header["XsdVersie"].clone();
    header["RetourCodes"] = json!(["0200"]);
    let antwoord = json!({
        "DeclaratieNummer": m.declaratie.declaratie_nummer,
        "TotaalIngediendBedrag": total.clone(),
        "TotaalToegekendBedrag": total,
        "RetourCodes": ["8001"],
    });
    built("WMO325", json!({ "Header": header, "DeclaratieAntwoord": antwoord }))
}
