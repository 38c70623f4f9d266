//! A message of a case as XML: what the case says, with the defaults of the format filled in.

use iwmo_codec::Schemas;
use iwmo_codec::messages::{Message, MessageKind};
use iwmo_codec::retour::{Uitspraak, Verdict, retour};
use iwmo_codec::value::RetourCode;
use serde_json::{Map, Value, json};

use crate::xml;

/// What keeps a message from being made, or a step from being judged.
pub(crate) type Problem = String;

/// Returns the kind of a message of a case.
pub(crate) fn kind(message: &Value) -> Result<MessageKind, Problem> {
    let number = message["type"].as_str().ok_or("the message has no type")?;
    format!("WMO{number}").parse().map_err(|error| format!("type {number}: {error}"))
}

/// Writes a message of a case, other than a 302, as XML.
pub(crate) fn xml(message: &Value) -> Result<Vec<u8>, Problem> {
    let kind = kind(message)?;
    let bericht = bericht(kind, message);
    if message["schemaInvalid"] == true {
        return Ok(xml::write(kind, &bericht));
    }
    let json = json!({ "Bericht": bericht }).to_string();
    let built = Message::from_json_as(kind, &json).map_err(|error| format!("not a {kind}: {error}"))?;
    let xml = built.encode();
    match Schemas::bundled().decode(&xml) {
        Ok(decoded) if decoded == built => Ok(xml),
        Ok(_) => Err(format!("the {kind} reads back otherwise than it was written")),
        Err(report) => Err(format!("the {kind} breaks the schema: {:?}", rules(&report))),
    }
}

fn rules(report: &iwmo_codec::Report) -> Vec<String> {
    report.diagnostics.iter().map(|found| format!("{} {}", found.rule, found.path)).collect()
}

/// The 302 of a case: made from the 301 that it answers, with the codes as the case writes them.
pub(crate) fn toewijzing_retour(heen: &Message, message: &Value, day: &Value) -> Result<Message, Problem> {
    let Message::Wmo301(toewijzing) = heen else { return Err("op names no 301".to_owned()) };
    let body = message["body"] == true;
    // Any code will do for the shape; each is then written as the case has it, right or not.
    let shape = RetourCode::TECHNISCH;
    let some = "9332".parse::<RetourCode>().map_err(|error| error.to_string())?;
    let verdict = Verdict {
        identificatie_retour: text(message, "IdentificatieRetour")?.to_owned(),
        dagtekening_retour: day.as_str().and_then(|day| day.parse().ok()).ok_or("no day")?,
        xsd_versie_retour: None,
        uitspraak: if body {
            Uitspraak::Klassen(vec![vec![some]; toewijzing.client.toegewezen_producten.len()])
        } else {
            Uitspraak::Header(vec![shape])
        },
    };
    let Message::Wmo302(mut made) = retour(heen, &verdict).map_err(|error| error.to_string())? else {
        return Err("no 302 came of it".to_owned());
    };
    made.header.retour_codes = codes(&message["Header"])?;
    if let Some(client) = &mut made.client {
        set(&mut client.retour_codes, message.get("Client"))?;
        for (index, contact) in client.contactgegevens.iter_mut().enumerate() {
            set(&mut contact.retour_codes, message["Contact"].get(index))?;
        }
        for (index, relatie) in client.relaties.iter_mut().enumerate() {
            set(&mut relatie.retour_codes, message["Relatie"].get(index))?;
            set(&mut relatie.contact.retour_codes, message["RelatieContact"].get(index))?;
        }
        for (index, product) in client.toegewezen_producten.iter_mut().enumerate() {
            let stated = message["ToegewezenProduct"].get(index);
            product.retour_codes = codes(stated.unwrap_or(&json!(["0200"])))?;
        }
    }
    Ok(Message::Wmo302(made))
}

fn set(place: &mut Vec<RetourCode>, stated: Option<&Value>) -> Result<(), Problem> {
    if let Some(stated) = stated {
        *place = codes(stated)?;
    }
    Ok(())
}

fn codes(list: &Value) -> Result<Vec<RetourCode>, Problem> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .map(|code| {
            code.as_str().and_then(|code| code.parse().ok()).ok_or_else(|| format!("{code} is no code"))
        })
        .collect()
}

/// A text that the case must have.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Problem> {
    value[name].as_str().ok_or_else(|| format!("{name} is missing"))
}

/// The Bericht in the JSON form of the codec.
fn bericht(kind: MessageKind, message: &Value) -> Value {
    let mut bericht = Map::new();
    bericht.insert("Header".to_owned(), header(kind, message));
    for name in ["Client", "Antwoord", "Declaratie", "DeclaratieAntwoord"] {
        if let Some(class) = message.get(name) {
            let mut class = class.clone();
            if name == "Client" && kind != MessageKind::Wmo317 {
                client(kind, &mut class);
            }
            bericht.insert(name.to_owned(), class);
        }
    }
    Value::Object(bericht)
}

fn header(kind: MessageKind, message: &Value) -> Value {
    let versie = json!({ "BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0" });
    let mut header = json!({
        "BerichtCode": kind.bericht_code().to_string(),
        "BerichtVersie": "3",
        "BerichtSubversie": "2",
        "Afzender": message["Afzender"],
        "Ontvanger": message["Ontvanger"],
        "BerichtIdentificatie": {
            "Identificatie": message["Identificatie"],
            "Dagtekening": message["Dagtekening"],
        },
        "XsdVersie": versie.clone(),
    });
    if kind == MessageKind::Wmo325 {
        header["DeclaratieIdentificatie"] = message["DeclaratieIdentificatie"].clone();
        header["XsdVersieDeclaratie"] = versie;
        header["RetourCodes"] = message["Header"].clone();
    }
    header
}

/// A default replaces the whole element or nothing.
fn client(kind: MessageKind, client: &mut Value) {
    let mut default = |name: &str, value: Value| {
        if client.get(name).is_none() {
            client[name] = value;
        }
    };
    default("Geboortedatum", json!({ "Datum": "1950-03-14" }));
    default("Geslacht", json!("2"));
    let mut naam = json!({ "Geslachtsnaam": { "Achternaam": "Jansen" }, "Voorletters": "J" });
    if kind == MessageKind::Wmo301 {
        naam["NaamGebruik"] = json!("1");
        default(
            "Contactgegevens",
            json!([{
                "Soort": "01",
                "Adres": {
                    "Huis": { "Huisnummer": "10" },
                    "Postcode": "1111AA",
                    "Straatnaam": "Dorpsstraat",
                    "Plaatsnaam": "Diemen",
                    "LandCode": "NL",
                },
            }]),
        );
    }
    default("Naam", naam);
}
