//! Writes a message that breaks the schema, which a codec message cannot be: any JSON, in the order of the schema.
//!
//! The order of elements and their namespaces are read from our own schemas, line by line; elements that a class does
//! not have come last in it, in the namespace of the message.

use std::collections::BTreeMap;
use std::path::Path;

use iwmo_codec::messages::MessageKind;
use serde_json::Value;

/// The elements of each class, in order: name and class.
type Classes = BTreeMap<String, Vec<(String, String)>>;

/// Writes the Bericht of a kind of message.
pub(crate) fn write(kind: MessageKind, bericht: &Value) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/iwmo/3.2");
    let mut classes = Classes::new();
    for name in [kind.name(), "basisschema"] {
        read(&std::fs::read_to_string(folder.join(format!("{name}.xsd"))).unwrap(), &mut classes);
    }
    let prefix = kind.name().to_lowercase();
    let base = kind.namespace().replace(&prefix, "basisschema");
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<{prefix}:Bericht xmlns:{prefix}=\"{}\" xmlns:iwmo=\"{base}\">",
        kind.namespace()
    );
    let writer = Writer { classes, prefix };
    writer.children("Root", bericht, &mut out);
    out.push_str(&format!("</{}:Bericht>\r\n", writer.prefix));
    out.into_bytes()
}

/// Reads `<xs:complexType name="X">` and the `<xs:element name="Y" type="p:Z"` within.
fn read(schema: &str, classes: &mut Classes) {
    let attribute = |line: &str, name: &str| -> Option<String> {
        let (_, rest) = line.split_once(&format!(" {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let mut class = String::new();
    for line in schema.lines().map(str::trim) {
        if line.starts_with("<xs:complexType") {
            class = attribute(line, "name").unwrap_or_default();
        } else if line.starts_with("</xs:complexType") {
            class.clear();
        } else if line.starts_with("<xs:element") && !class.is_empty() {
            let name = attribute(line, "name").unwrap_or_default();
            let of = attribute(line, "type").unwrap_or_default();
            let of = of.split_once(':').map_or("", |(_, of)| of).to_owned();
            classes.entry(class.clone()).or_default().push((name, of));
        }
    }
}

struct Writer {
    classes: Classes,
    prefix: String,
}

impl Writer {
    fn children(&self, class: &str, value: &Value, out: &mut String) {
        let none = Vec::new();
        let declared = self.classes.get(class).unwrap_or(&none);
        let prefix = if class.starts_with("CDT_") { "iwmo" } else { &self.prefix };
        for (name, of) in declared {
            if let Some(value) = value.get(name) {
                self.element(&format!("{prefix}:{name}"), of, value, out);
            }
        }
        for (name, value) in value.as_object().into_iter().flatten() {
            if !declared.iter().any(|(known, _)| known == name) {
                self.element(&format!("{}:{name}", self.prefix), "", value, out);
            }
        }
    }

    fn element(&self, tag: &str, class: &str, value: &Value, out: &mut String) {
        out.push_str(&format!("<{tag}>"));
        match value {
            Value::Array(items) => {
                let item = self.classes.get(class).and_then(|items| items.first());
                let (name, of) = item.cloned().unwrap_or_default();
                let prefix = if class.starts_with("CDT_") { "iwmo" } else { &self.prefix };
                for value in items {
                    self.element(&format!("{prefix}:{name}"), &of, value, out);
                }
            }
            Value::Object(_) => self.children(class, value, out),
            Value::String(text) => {
                out.push_str(&text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
            }
            other => out.push_str(&other.to_string()),
        }
        out.push_str(&format!("</{tag}>"));
    }
}

#[cfg(test)]
mod tests {
    use iwmo_codec::Schemas;
    use serde_json::json;

    use crate::build;

    /// What is right about a broken message is written right: without the break it is valid.
    #[test]
    fn only_the_break_breaks_it() {
        let mut message = json!({
            "type": "305", "Identificatie": "X1", "Dagtekening": "2023-01-09", "Afzender": "42420001",
            "Ontvanger": "0384", "schemaInvalid": true,
            "Client": { "Bsn": "999900006", "StartProducten": [{
                "Product": { "Code": "01A11", "Categorie": "01" }, "StatusAanlevering": "1",
                "ToewijzingNummer": "1", "Begindatum": "2023-01-05",
            }] },
        });
        let valid = build::xml(&message).unwrap();
        assert_eq!(Schemas::bundled().validate_schema(&valid).diagnostics, []);
        message["Client"]["StartProducten"][0]["Einddatum"] = json!("2023-01-06");
        let report = Schemas::bundled().validate_schema(&build::xml(&message).unwrap());
        assert_eq!(report.diagnostics.len(), 1, "{report:?}");
    }
}
