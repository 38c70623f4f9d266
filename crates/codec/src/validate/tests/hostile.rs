//! Limits, and documents made to cost.

use super::*;

#[test]
fn a_document_at_the_limit_of_size_is_read_and_one_byte_more_is_not() {
    let schemas = Schemas::bundled().with_bytes_max(WMO305.len());
    assert!(schemas.validate_schema(WMO305.as_bytes()).is_valid());
    let report = schemas.validate_schema(format!("{WMO305} ").as_bytes());
    assert_eq!(places(&report), ["1:1 xml-limit-bytes /"]);
}

#[test]
fn findings_stop_at_the_limit() {
    let product = "<w:StartProduct><w:Begindatum>x</w:Begindatum></w:StartProduct>";
    let with =
        |count: usize| changed("<w:StartProducten>", &format!("<w:StartProducten>{}", product.repeat(count)));
    let report = with(DIAGNOSTICS_MAX / 2);
    assert_eq!((report.diagnostics.len(), report.truncated), (DIAGNOSTICS_MAX, false));
    let report = with(DIAGNOSTICS_MAX / 2 + 1);
    assert_eq!((report.diagnostics.len(), report.truncated), (DIAGNOSTICS_MAX, true));
    let report = changed("Wit", &"&x;".repeat(DIAGNOSTICS_MAX + 1));
    assert_eq!((report.diagnostics.len(), report.truncated), (DIAGNOSTICS_MAX, true));
}

/// What a peer can make large: each document here takes far under a second.
#[test]
fn hostile_documents_cost_linear_time() {
    let start = std::time::Instant::now();
    let many = 200_000;
    let declarations: String = (0..30).map(|number| format!(" xmlns:p{number}='urn:{number}'")).collect();
    for document in [
        WMO305.replace("Wit", &"x".repeat(many * 10)),
        WMO305.replace("<w:Bsn>", &format!("{}<w:Bsn>", "<w:Foo/>".repeat(many))),
        WMO305.replace("<w:Bsn>", &format!("{}<w:Bsn>", "<w:Naam/>".repeat(many))),
        WMO305.replace(
            "<w:StartProducten>",
            &format!("<w:StartProducten>{}", "<w:StartProduct/>".repeat(many)),
        ),
        WMO305.replace(
            "<w:Bsn>",
            &format!("<w:Foo{declarations}>{}</w:Foo><w:Bsn>", "<p0:x p1:a='' p2:a=''/>".repeat(many)),
        ),
        WMO305.replace("Wit", &"<!---->".repeat(many)),
        WMO305.replace("Wit", &"&#32;x<![CDATA[]]>".repeat(many)),
        "<a>".to_owned() + &"<!--".repeat(many),
        "<".repeat(many * 10),
    ] {
        let report = Schemas::bundled().validate_schema(document.as_bytes());
        assert!(!report.is_valid());
    }
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
}

/// Every prefix of a document, and every document with one byte changed, gets an answer.
#[test]
fn no_input_makes_it_panic() {
    let schemas = Schemas::bundled();
    for length in 0..WMO305.len() {
        assert!(
            !schemas.validate_schema(&WMO305.as_bytes()[..length]).is_valid() || length >= WMO305.len() - 1
        );
    }
    let mut bytes = WMO305.as_bytes().to_vec();
    for at in 0..bytes.len() {
        let before = bytes[at];
        for byte in [0, b'<', b'&', b'>', b'"', b' ', b'/', b':', 0xFF, before ^ 1] {
            bytes[at] = byte;
            let _report = schemas.validate_schema(&bytes);
        }
        bytes[at] = before;
    }
}
