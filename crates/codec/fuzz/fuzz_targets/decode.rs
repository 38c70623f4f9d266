//! Any bytes: judged without a panic, and the same by validation and by decoding.
#![no_main]

use iwmo_codec::Schemas;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|xml: &[u8]| {
    let schemas = Schemas::bundled();
    let report = schemas.validate_schema(xml);
    let lines = xml.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    for diagnostic in &report.diagnostics {
        assert!(diagnostic.offset <= xml.len());
        assert!((1..=lines).contains(&(diagnostic.line as usize)));
    }
    match schemas.decode(xml) {
        Ok(message) => {
            assert!(report.is_valid());
            let written = message.encode();
            assert_eq!(schemas.decode(&written).as_ref(), Ok(&message));
            let _checked = schemas.validate(xml);
        }
        Err(other) => assert!(!other.is_valid()),
    }
});
