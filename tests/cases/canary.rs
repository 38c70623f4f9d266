//! Proof that the net catches fish: whatever a case states, stated otherwise, is found to differ.

use serde_json::{Value, json};

use crate::{run, source};

#[test]
fn every_statement_is_compared() {
    let Some(source) = source::find() else { return };
    let mut unnoticed = Vec::new();
    let mut altered = 0;
    for mut run in run::all(&source.file) {
        if !run.execute().is_empty() {
            continue;
        }
        // The last step is enough: each step of a case is the last one of some shorter history.
        let Some(step) = run.steps.len().checked_sub(1) else { continue };
        let stated = run.steps[step]["expect"].clone();
        for place in leaves(&stated, String::new()) {
            run.steps[step]["expect"] = stated.clone();
            let leaf = run.steps[step]["expect"].pointer_mut(&place).unwrap();
            *leaf = other(leaf);
            altered += 1;
            if run.execute().is_empty() {
                unnoticed.push(format!("{}: {place}", run.name));
            }
        }
    }
    println!("{altered} statements altered");
    assert!(unnoticed.is_empty(), "not compared:\n{}", unnoticed.join("\n"));
}

/// The places of all values, as JSON pointers; a warning, fact or timer that must be absent is absent under any name.
fn leaves(value: &Value, place: String) -> Vec<String> {
    let below = |name: &str| format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
    match value {
        _ if place.ends_with("Absent") => Vec::new(),
        Value::Object(fields) => fields.iter().flat_map(|(name, value)| leaves(value, below(name))).collect(),
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().flat_map(|(n, value)| leaves(value, below(&n.to_string()))).collect()
        }
        _ => vec![place],
    }
}

/// Another value of the same shape.
fn other(value: &Value) -> Value {
    match value {
        Value::Bool(value) => json!(!value),
        Value::Array(_) => json!(["0001"]),
        Value::String(text) if text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok() => {
            json!("1999-12-31")
        }
        _ => json!("9999"),
    }
}
