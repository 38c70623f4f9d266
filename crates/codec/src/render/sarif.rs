//! SARIF 2.1.0, for editors and build servers.

use serde_json::{Value, json};

use super::Style;
use super::json::severity;
use crate::report::{Diagnostic, Report};

/// Returns the reports of several inputs as one SARIF log.
#[must_use]
pub fn sarif<'r>(inputs: impl IntoIterator<Item = (&'r str, &'r Report)>, style: Style) -> String {
    let mut rules: Vec<&'static str> = Vec::new();
    let mut results = Vec::new();
    for (file, report) in inputs {
        for diagnostic in &report.diagnostics {
            let index = rules.iter().position(|rule| *rule == diagnostic.rule).unwrap_or_else(|| {
                rules.push(diagnostic.rule);
                rules.len() - 1
            });
            results.push(result(file, diagnostic, index, style));
        }
    }
    let rules: Vec<Value> = rules.into_iter().map(|id| json!({ "id": id })).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "iwmo", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    log.to_string()
}

fn result(file: &str, diagnostic: &Diagnostic, index: usize, style: Style) -> Value {
    let mut text = diagnostic.message.get(style.lang).to_owned();
    if let Some(hint) = &diagnostic.hint {
        text.push_str("; ");
        text.push_str(hint.get(style.lang));
    }
    json!({
        "ruleId": diagnostic.rule,
        "ruleIndex": index,
        "level": severity(diagnostic.severity),
        "message": { "text": text },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(file) },
                "region": { "startLine": diagnostic.line, "startColumn": diagnostic.column },
            },
            "logicalLocations": [{ "fullyQualifiedName": diagnostic.path }],
        }],
    })
}

/// A file name as a relative URI reference (RFC 3986): all but unreserved characters and `/` escaped.
fn uri(file: &str) -> String {
    let mut uri = String::with_capacity(file.len());
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~') {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schemas;

    #[test]
    fn a_log_names_rules_places_and_files() {
        let first = Schemas::bundled().validate_schema(b"<a>&x;&y;</a>");
        let second = Schemas::bundled().validate_schema(b"<a/>");
        let log = sarif([("in/a b.xml", &first), ("c.xml", &second)], Style::default());
        let log: Value = serde_json::from_str(&log).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"], json!([{ "id": "xml-reference" }, { "id": "cvc-elt.1" }]));
        assert_eq!(run["results"].as_array().map(Vec::len), Some(3));
        let place = &run["results"][1]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "in/a%20b.xml");
        assert_eq!(place["region"], json!({ "startLine": 1, "startColumn": 7 }));
        assert_eq!(run["results"][2]["ruleIndex"], 1);
    }
}
