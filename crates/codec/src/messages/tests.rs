//! What goes in must come out: fixtures, official samples, and messages found by a random walk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use serde_json::Value;

use super::{Message, MessageKind};
use crate::schema::{SchemaSource, Schemas};
use crate::testing::{shared, skip};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(ROOT).join("fixtures/valid");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&file).unwrap()))
        .collect()
}

/// Everything that must hold of any valid document and its message.
fn comes_out(name: &str, xml: &[u8]) -> Message {
    let schemas = Schemas::bundled();
    let message = schemas.decode(xml).unwrap_or_else(|report| panic!("{name}: {report:?}"));
    let written = message.encode();
    let report = schemas.validate_schema(&written);
    assert!(report.is_valid(), "{name}: {:?}", report.diagnostics);
    assert_eq!(report.message, Some(message.kind().name()));
    let again = schemas.decode(&written).unwrap();
    assert_eq!(again, message, "{name}");
    assert_eq!(again.encode(), written, "{name}");
    let json = message.to_json();
    assert!(!json.contains('\n'));
    let from_json = Message::from_json(&json).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(from_json, message, "{name}");
    assert_eq!(from_json.encode(), written, "{name}");
    message
}

#[test]
fn fixtures_come_out_as_they_went_in() {
    let mut kinds = BTreeSet::new();
    for (name, xml) in fixtures() {
        let message = comes_out(&name, &xml);
        assert_eq!(String::from_utf8_lossy(&message.encode()), String::from_utf8_lossy(&xml), "{name}");
        let report = Schemas::bundled().validate(&xml);
        assert!(report.is_valid(), "{name}: {:?}", report.diagnostics);
        assert!(name.starts_with(message.kind().name()), "{name}");
        kinds.insert(message.kind());
    }
    assert_eq!(kinds.len(), MessageKind::ALL.len(), "every kind of message has a fixture");
}

/// The elements of a document with their namespaces and texts: prefixes and white space between elements mean
/// nothing.
fn elements(xml: &[u8]) -> Vec<String> {
    use quick_xml::events::Event;
    use quick_xml::name::ResolveResult;
    let mut reader = quick_xml::NsReader::from_reader(xml);
    let mut found = Vec::new();
    loop {
        let (namespace, event) = reader.read_resolved_event().unwrap();
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.0.to_owned(),
            _ => String::new(),
        };
        match event {
            Event::Start(tag) => {
                found.push(format!("{{{namespace}}}{}", tag.local_name().as_ref()));
            }
            Event::End(_) => found.push("/".to_owned()),
            Event::Text(text) => {
                let text = text.replace("\r\n", "\n");
                if !text.trim().is_empty() {
                    found.push(text);
                }
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

#[test]
fn official_samples_come_out_equivalent() {
    let Some(shared) = shared("official_samples_come_out_equivalent") else { return };
    let mut count = 0;
    for folder in ["reference/iwmo-3.2/xml", "reference/ieb-1.0/xml"] {
        for entry in std::fs::read_dir(shared.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            let xml = std::fs::read(&path).unwrap();
            let message = comes_out(&name, &xml);
            assert_eq!(elements(&message.encode()), elements(&xml), "{name}");
            count += 1;
        }
    }
    assert_eq!(count, 11);
}

/// An independent judge: libxml2, with our schemas and with the official ones where they are.
#[test]
fn what_we_write_is_valid_for_xmllint() {
    let test = "what_we_write_is_valid_for_xmllint";
    if Command::new("xmllint").arg("--version").output().is_err() {
        return skip(test, "xmllint is not installed");
    }
    for (name, xml) in fixtures() {
        let message = Schemas::bundled().decode(&xml).unwrap();
        let kind = message.kind().name();
        let (folder, official) = match message.kind().release() {
            super::Release::Iwmo3_2 => ("schemas/iwmo/3.2", "reference/iwmo-3.2/xsd"),
            super::Release::Ieb1_0 => ("schemas/ieb/1.0", "reference/ieb-1.0/xsd"),
        };
        let mut schemas = vec![Path::new(ROOT).join(folder).join(format!("{kind}.xsd"))];
        if let Some(shared) = shared(test) {
            schemas.push(shared.join(official).join(format!("{kind}.xsd")));
        }
        for schema in schemas {
            let fixture = Path::new(ROOT).join("fixtures/valid").join(&name);
            let output = Command::new("xmllint")
                .args(["--noout", "--schema"])
                .arg(&schema)
                .arg(fixture)
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name} by {}: {text}", schema.display());
        }
    }
}

#[test]
fn debug_shows_nothing_personal() {
    let mut shown = 0;
    for (name, xml) in fixtures() {
        let message = Schemas::bundled().decode(&xml).unwrap();
        let debug = format!("{message:?}");
        for personal in [
            "99990",
            "99999",
            "1951",
            "1975",
            "Wieringa",
            "Haverkamp",
            "Geesje",
            "Bolks",
            "Stichting",
            "Achterhoek",
            "7131AB",
            "Molenweg",
            "Lichtenvoorde",
            "Kapoeniestraat",
            "Doetinchem",
            "0012",
            "0612345678",
            "voorbeeld",
            "Belt liever",
            "Eerst bellen",
            "Spoed",
            "GGD",
            "apek",
            "HJ",
            "R1",
        ] {
            assert!(!debug.contains(personal), "{name} shows {personal}");
        }
        shown += usize::from(debug.contains("222001"));
    }
    assert!(shown > 0, "what is not personal is shown");
}

#[test]
fn headers_are_alike() {
    for (name, xml) in fixtures() {
        let message = Schemas::bundled().decode(&xml).unwrap();
        let header = message.header();
        assert_eq!(header.retour.is_some(), message.is_retour(), "{name}");
        assert_eq!(header.ontvanger.is_none(), message.kind().name().starts_with("WMO4"), "{name}");
        assert!(header.identificatie.starts_with('D'), "{name}");
        assert_eq!(header.dagtekening.year(), 2026, "{name}");
        if let Some(retour) = header.retour {
            assert!(retour.identificatie.ends_with(header.identificatie), "{name}");
        }
    }
}

fn fixture(name: &str) -> String {
    let (_, xml) = fixtures().into_iter().find(|(file, _)| file == name).unwrap();
    String::from_utf8(xml).unwrap()
}

/// The schema bounds no year; a message can hold those of an i32.
#[test]
fn a_year_beyond_all_bounds_is_a_fault_and_not_an_absent_date() {
    let xml = fixture("WMO301.xml");
    let held = xml.replace("2027-03-08", "123456-03-08");
    let message = Schemas::bundled().decode(held.as_bytes()).unwrap();
    assert!(String::from_utf8(message.encode()).unwrap().contains("123456-03-08"));
    for year in ["2147483648", "99999999999", "9999999999999999999999"] {
        let beyond = xml.replace("2027-03-08", &format!("{year}-03-08"));
        let schemas = Schemas::bundled();
        let report = schemas.decode(beyond.as_bytes()).unwrap_err();
        assert!(report.diagnostics[0].rule.starts_with("cvc-datatype-valid"), "{year}");
        assert!(!schemas.validate(beyond.as_bytes()).is_valid());
    }
}

/// Whoever makes JSON hears which codes there are, and not what was sent.
#[test]
fn a_code_that_is_not_on_its_list_is_answered_with_the_list() {
    let json = Schemas::bundled().decode(fixture("WMO305.xml").as_bytes()).unwrap().to_json();
    let wrong = json.replacen("\"Geslacht\":\"2\"", "\"Geslacht\":\"999900006\"", 1);
    assert_ne!(wrong, json);
    let error = Message::from_json(&wrong).unwrap_err().to_string();
    assert!(error.ends_with("expected a code of Geslacht: 0 1 2"), "{error}");
}

#[test]
fn an_invalid_document_is_no_message() {
    let xml = fixture("WMO305.xml");
    for (from, to) in [
        ("<wmo305:Begindatum>2026-03-10</wmo305:Begindatum>", ""),
        ("2026-03-10</wmo305:Begindatum>", "10 maart</wmo305:Begindatum>"),
        ("</wmo305:Bericht>", ""),
        ("wmo305/schema", "wmo399/schema"),
        ("<wmo305:Client>", "<wmo305:Client><wmo305:Extra/>"),
    ] {
        let wrong = xml.replacen(from, to, 1);
        assert_ne!(wrong, xml);
        let report = Schemas::bundled().decode(wrong.as_bytes()).unwrap_err();
        assert!(!report.is_valid(), "{from}");
    }
}

#[test]
fn other_schemas_judge_first() {
    let read =
        |name: &str| std::fs::read_to_string(Path::new(ROOT).join("schemas/iwmo/3.2").join(name)).unwrap();
    let (message, shared) = (read("WMO305.xsd"), read("basisschema.xsd"));
    let load = |message: &str| {
        Schemas::load(&[
            SchemaSource { name: "WMO305.xsd", text: message },
            SchemaSource { name: "basisschema.xsd", text: &shared },
        ])
        .unwrap()
    };
    let xml = fixture("WMO305.xml");
    assert!(load(&message).decode(xml.as_bytes()).is_ok());
    // Where every start must name its toewijzing, the third of the fixture is wrong.
    let needed = r#"name="ToewijzingNummer" type="iwmo:LDT_Nummer" minOccurs="0""#;
    let strict = load(&message.replace(needed, r#"name="ToewijzingNummer" type="iwmo:LDT_Nummer""#));
    assert!(!strict.decode(xml.as_bytes()).unwrap_err().is_valid());
    assert!(!strict.validate(xml.as_bytes()).is_valid());
}

/// Texts that are likely to be lost or changed.
const TEXTS: &[&str] = &[
    "007",
    "+7",
    "-0",
    "0",
    "999999999",
    "12345-01-01",
    "-0044-03-15",
    "2024-02-29",
    "24:00:00",
    "12:00:00.500",
    "a&b<c>\"d'",
    " x ",
    "x\ny",
    "x\r\ny",
    "x\ry",
    "]]>",
    "&amp;",
    "é",
    "𝄞",
    "\t.",
    "01",
    "1",
    "02",
    "2",
    "3",
    "NL",
    "0200",
    "9019",
];

#[derive(Clone, Debug)]
enum Change {
    Text(usize, String),
    Repeat(usize),
    Remove(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let text = prop_oneof![
        3 => proptest::sample::select(TEXTS).prop_map(str::to_owned),
        1 => "\\PC{1,40}",
        1 => "[0-9]{1,9}",
    ];
    prop_oneof![
        4 => (any::<usize>(), text).prop_map(|(at, text)| Change::Text(at, text)),
        1 => any::<usize>().prop_map(Change::Repeat),
        1 => any::<usize>().prop_map(Change::Remove),
    ]
}

/// Pointers to all values below one.
fn pointers(value: &Value, path: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    for (key, child) in children {
        let path = format!("{path}/{key}");
        found.push(path.clone());
        pointers(child, &path, found);
    }
}

fn apply(json: &mut Value, change: &Change) -> Option<()> {
    let mut all = Vec::new();
    pointers(&json["Bericht"], "/Bericht", &mut all);
    let pick = |at: usize, wanted: &dyn Fn(&Value) -> bool| {
        let some: Vec<&String> = all.iter().filter(|path| json.pointer(path).is_some_and(wanted)).collect();
        some.get(at.checked_rem(some.len())?).map(|path| (*path).clone())
    };
    match change {
        Change::Text(at, text) => {
            let path = pick(*at, &Value::is_string)?;
            *json.pointer_mut(&path)? = Value::String(text.clone());
        }
        Change::Repeat(at) => {
            let path = pick(*at, &Value::is_array)?;
            let list = json.pointer_mut(&path)?.as_array_mut()?;
            list.push(list.first()?.clone());
        }
        Change::Remove(at) => {
            let path = pick(*at, &|_| true)?;
            let (parent, key) = path.rsplit_once('/')?;
            match json.pointer_mut(parent)? {
                Value::Object(map) => drop(map.remove(key)),
                Value::Array(list) => drop(list.remove(key.parse().ok()?)),
                _ => return None,
            }
        }
    }
    Some(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Starts from a fixture and keeps each change that leaves the message valid.
    #[test]
    fn every_valid_message_comes_out(
        start in 0..MessageKind::ALL.len(),
        changes in proptest::collection::vec(change(), 1..40),
    ) {
        let name = MessageKind::ALL[start].name();
        let schemas = Schemas::bundled();
        let message = schemas.decode(fixture(&format!("{name}.xml")).as_bytes()).unwrap();
        let mut json: Value = serde_json::from_str(&message.to_json()).unwrap();
        for change in &changes {
            let mut changed = json.clone();
            if apply(&mut changed, change).is_none() {
                continue;
            }
            let Ok(message) = Message::from_json(&changed.to_string()) else { continue };
            let xml = message.encode();
            if schemas.validate_schema(&xml).is_valid() {
                let read = comes_out(name, &xml);
                prop_assert_eq!(read.to_json(), message.to_json());
                json = changed;
            }
        }
    }
}
