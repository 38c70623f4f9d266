//! Each rule with messages that break it and messages that just do not. A case is a fixture with some elements
//! changed; what is expected is every violation, so that a rule that fires too much fails here too.

mod declaration;
mod delivery;
mod person;
mod product;
mod standard;

use serde_json::Value;

use super::outside::Outside;
use super::{Violation, check, check_outside};
use crate::messages::Message;
use crate::schema::Schemas;

fn fixture(kind: &str) -> Value {
    let path = format!("{}/../../fixtures/valid/{kind}.xml", env!("CARGO_MANIFEST_DIR"));
    let message = Schemas::bundled().decode(&std::fs::read(path).unwrap()).unwrap();
    serde_json::from_str(&message.to_json()).unwrap()
}

/// A fixture changed: paths below Bericht with the new value, null to remove.
pub(super) fn changed(kind: &str, changes: &[(&str, Value)]) -> Message {
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
    let beyond = check_outside(&message, &Outside::default());
    assert_eq!(report.diagnostics.len(), violations.len() + beyond.len());
    for diagnostic in report.diagnostics {
        let own = beyond.iter().find(|violation| violation.rule == diagnostic.rule);
        let code = own.map_or("0001", |violation| violation.retourcode.as_str());
        assert_eq!(diagnostic.retourcode, Some(code));
        let element = std::str::from_utf8(&xml[diagnostic.offset..]).unwrap();
        let name = element.trim_start_matches('<').split(['>', ' ']).next().unwrap();
        let name = name.split_once(':').unwrap().1;
        assert!(diagnostic.path.contains(name), "{} is not at {name}", diagnostic.path);
    }
}
