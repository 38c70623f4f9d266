//! Any text as a schema: compiled or refused, and usable when it is compiled.
#![no_main]

use iwmo_codec::{SchemaSource, Schemas};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // A schema, and after a NUL a document for it.
    let (schema, document) = text.split_once('\0').unwrap_or((text, "<a><b>1</b></a>"));
    if let Ok(schemas) = Schemas::load(&[SchemaSource { name: "a.xsd", text: schema }]) {
        let _report = schemas.validate_schema(document.as_bytes());
    }
});
