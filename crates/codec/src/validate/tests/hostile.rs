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

/// An attack: its name, a document of a given size, and the rules that may refuse it; none: it is valid.
type Attack = (&'static str, fn(usize) -> Vec<u8>, &'static [&'static str]);

fn with(from: &str, to: &str) -> Vec<u8> {
    let document = WMO305.replacen(from, to, 1);
    assert_ne!(document, WMO305);
    document.into_bytes()
}

/// What a peer can make large or strange. Sizes are numbers of what the attack is made of.
#[rustfmt::skip]
const ATTACKS: &[Attack] = &[
    ("entity bomb", |n| {
        let bomb: String = (1..n).map(|at| format!("<!ENTITY e{at} '&e{0};&e{0};'>", at - 1)).collect();
        with("<w:Bericht", &format!("<!DOCTYPE x [<!ENTITY e0 'x'>{bomb}]><w:Bericht"))
    }, &["xml-doctype"]),
    ("entities that were never declared", |n| with("Wit", &"&lol9;".repeat(n)), &["xml-reference"]),
    ("external entity", |n| {
        let name = "x".repeat(n);
        with("<w:Bericht", &format!("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///{name}'>]><w:Bericht"))
    }, &["xml-doctype"]),
    ("external schema", |n| {
        let places = "urn:x http://example.org/x.xsd ".repeat(n);
        with("<w:Header>", &format!(
            "<w:Header xmlns:s='http://www.w3.org/2001/XMLSchema-instance' s:schemaLocation='{places}'>"
        ))
    }, &[]),
    ("deep nesting", |n| with("<w:Bsn>", &"<w:x>".repeat(n)), &["xml-limit-depth"]),
    ("deep nesting of known elements", |n| with("<w:Client>", &"<w:Client>".repeat(n)), &["xml-limit-depth"]),
    ("wide attributes", |n| {
        let attributes: String = (0..n).map(|at| format!(" a{at}='1'")).collect();
        with("<w:Bsn>", &format!("<w:Bsn{attributes}>"))
    }, &["xml-limit-attributes"]),
    ("attributes on every element", |n| {
        let attributes: String = (0..30).map(|at| format!(" w:a{at}='1'")).collect();
        with("<w:Bsn>", &format!("{}<w:Bsn>", format!("<w:x{attributes}/>").repeat(n)))
    }, &["cvc-complex-type.2.4.a"]),
    ("declarations on every element", |n| {
        let declarations: String = (0..30).map(|at| format!(" xmlns:p{at}='urn:{at}'")).collect();
        with("<w:Bsn>", &format!("{}<w:Bsn>", format!("<w:x{declarations}><p9:x/></w:x>").repeat(n)))
    }, &["cvc-complex-type.2.4.a"]),
    ("declarations piled up", |n| {
        let levels: String = (0..n).map(|at| format!("<x xmlns:a{at}='1' xmlns:b{at}='2' xmlns:c{at}='3'>")).collect();
        with("<w:Bsn>", &levels)
    }, &["xml-limit-namespaces", "xml-limit-depth"]),
    ("prefixes of a leaf under many declarations", |n| {
        let declarations: String = (0..31).map(|at| format!(" xmlns:p{at}='urn:{at}'")).collect();
        with("<w:Bsn>", &format!("<w:x{declarations}>{}</w:x><w:Bsn>", "<p0:x p1:a='' p2:a=''/>".repeat(n)))
    }, &["cvc-complex-type.2.4.a"]),
    ("giant text", |n| with("Wit", &"x".repeat(n)), &["cvc-maxLength-valid"]),
    ("giant text in two parts", |n| with("Wit", &format!("{0}&#32;{0}", "x".repeat(n))), &["cvc-maxLength-valid"]),
    ("giant number", |n| with("300201", &"9".repeat(n)), &["cvc-maxInclusive-valid"]),
    ("giant date", |n| with("2025-04-03", &"2".repeat(n)), &["cvc-datatype-valid.1.2.1"]),
    ("giant white space in a date", |n| with("2025-04-03", &format!("{}2025-04-03\t", " ".repeat(n))), &[]),
    ("giant white space between elements", |n| with("<w:Bsn>", &format!("{}<w:Bsn>", "\r\n\t".repeat(n))), &[]),
    ("giant element name", |n| with("<w:Bsn>", &format!("<w:{}/><w:Bsn>", "n".repeat(n))), &["cvc-complex-type.2.4.a"]),
    ("giant attribute", |n| with("<w:Bsn>", &format!("<w:Bsn x='{}'>", "&lt;".repeat(n))), &["cvc-type.3.1.1"]),
    ("giant namespace", |n| with("<w:Bsn>", &format!("<x xmlns='urn:{}'/><w:Bsn>", "n".repeat(n))), &["cvc-complex-type.2.4.a"]),
    ("giant prefix", |n| with("<w:Bsn>", &format!("<{}:x/><w:Bsn>", "n".repeat(n))), &["xml-namespace"]),
    ("many unknown elements", |n| with("<w:Bsn>", &format!("{}<w:Bsn>", "<w:Foo/>".repeat(n))), &["cvc-complex-type.2.4.a"]),
    ("many misplaced elements", |n| with("<w:Bsn>", &format!("{}<w:Bsn>", "<w:Naam/>".repeat(n))), &["cvc-complex-type.2.4.a"]),
    ("many incomplete elements", |n| {
        with("<w:StartProducten>", &format!("<w:StartProducten>{}", "<w:StartProduct/>".repeat(n)))
    }, &["cvc-complex-type.2.4.b"]),
    ("many comments", |n| with("Wit", &format!("Wi{}t", "<!-- -->".repeat(n))), &[]),
    ("many instructions", |n| with("<w:Bsn>", &format!("{}<w:Bsn>", "<?p?>".repeat(n))), &[]),
    ("comments that never end", |n| with("Wit", &"<!--".repeat(n)), &["xml-comment"]),
    ("CDATA that never ends", |n| with("Wit", &"<![CDATA[".repeat(n)), &["xml-truncated"]),
    ("many CDATA sections and references", |n| with("Wit", &"&#32;x<![CDATA[]]>".repeat(n)), &["cvc-maxLength-valid"]),
    ("values with a reference at the end", |n| {
        let product = "<w:StartProduct><w:ToewijzingNummer>1</w:ToewijzingNummer><w:Begindatum>2025-04-0&#51;</w:Begindatum>\
            <w:StatusAanlevering>1</w:StatusAanlevering></w:StartProduct>";
        with("<w:StartProducten>", &format!("<w:StartProducten>{}", product.repeat(n)))
    }, &[]),
    ("open brackets", |n| "<".repeat(n).into_bytes(), &["xml-name"]),
    ("closing tags", |n| with("<w:Bsn>", &"</w:Client>".repeat(n)), &["xml-tag"]),
    ("brackets in text", |n| with("Wit", &"]]]".repeat(n)), &["cvc-maxLength-valid"]),
];

/// Each attack is answered, with the answer that is meant for it, small, at a cost that grows with the bytes
/// and no faster. What is counted is work, not time, so that a busy machine changes nothing.
#[test]
fn attacks_are_answered_at_a_linear_cost() {
    /// The most work for a byte: one look for every part of the walk, and the search for a place that fits.
    const WORK_PER_BYTE_MAX: u64 = 40;
    let schemas = Schemas::bundled();
    for (name, document, rules) in ATTACKS {
        let mut works = Vec::new();
        for size in [1_000, 2_000, 4_000] {
            let xml = document(size);
            let (report, work) = crate::testing::counted(|| schemas.validate_schema(&xml));
            works.push(work);
            assert!(work <= WORK_PER_BYTE_MAX * xml.len() as u64, "{name}: {work} for {} bytes", xml.len());
            match report.diagnostics.first() {
                Some(first) => assert!(rules.contains(&first.rule), "{name}: {}", show(&report)),
                None => assert!(rules.is_empty(), "{name} was accepted"),
            }
            assert!(report.diagnostics.len() <= DIAGNOSTICS_MAX, "{name}");
            let text = format!("{report:?}").len();
            assert!(text < DIAGNOSTICS_MAX * 2_000, "{name}: a report of {text} bytes");
        }
        let (first, second) = (works[1] - works[0].min(works[1]), works[2] - works[1].min(works[2]));
        // Twice as much more of it may not cost more than twice as much more; rounding aside.
        assert!(second <= first * 2 + first / 10 + 1_000, "{name}: {works:?} is not linear");
    }
}

/// The net catches fish: something quadratic would be seen.
#[test]
fn work_that_is_not_linear_would_be_seen() {
    let quadratic = |n: usize| crate::testing::counted(|| (0..n).for_each(crate::xml::count_work)).1;
    let works = [quadratic(2_000), quadratic(4_000), quadratic(8_000)];
    assert!(works[2] - works[1] > (works[1] - works[0]) * 2 + (works[1] - works[0]) / 10 + 1_000);
}

#[test]
fn limits_hold_at_the_limit_and_one_past_it() {
    let schemas = Schemas::bundled();
    let first = |xml: Vec<u8>| schemas.validate_schema(&xml).diagnostics.first().map(|d| d.rule);
    // Bericht and Client are open already; one more than all that may be.
    let nested = |n: usize| with("<w:Bsn>", &format!("{}{}<w:Bsn>", "<w:x>".repeat(n), "</w:x>".repeat(n)));
    assert_eq!(first(nested(62)), Some("cvc-complex-type.2.4.a"));
    assert_eq!(first(nested(63)), Some("xml-limit-depth"));
    let wide = |n: usize| {
        let attributes: String = (0..n).map(|at| format!(" a{at}='1'")).collect();
        with("<w:Bsn>", &format!("<w:Bsn{attributes}>"))
    };
    assert_eq!(first(wide(32)), Some("cvc-type.3.1.1"));
    assert_eq!(first(wide(33)), Some("xml-limit-attributes"));
    let declared = |n: usize| {
        let open: String =
            (0..n).map(|at| format!("<x xmlns:p{at}='1' xmlns:q{at}='2' xmlns:r{at}='3'>")).collect();
        with("<w:Bsn>", &format!("{open}{}<w:Bsn>", "</x>".repeat(n)))
    };
    // Two are declared on the document element.
    assert_eq!(first(declared(42)), Some("cvc-complex-type.2.4.a"));
    assert_eq!(first(declared(43)), Some("xml-limit-namespaces"));
}

#[test]
fn bytes_that_are_no_utf8_are_refused() {
    let schemas = Schemas::bundled();
    let at = WMO305.find("Wit").unwrap();
    for (name, bytes) in [
        ("a lone continuation byte", &b"\x80"[..]),
        ("a start without the rest", b"\xC3"),
        ("an overlong slash in two bytes", b"\xC0\xAF"),
        ("an overlong bracket in three bytes", b"\xE0\x80\xBC"),
        ("an overlong bracket in four bytes", b"\xF0\x80\x80\xBC"),
        ("a surrogate", b"\xED\xA0\x80"),
        ("beyond the last character", b"\xF4\x90\x80\x80"),
        ("a byte that never occurs", b"\xFF"),
    ] {
        let mut xml = WMO305.as_bytes().to_vec();
        xml.splice(at..at, bytes.iter().copied());
        let report = schemas.validate_schema(&xml);
        assert_eq!(report.diagnostics[0].rule, "xml-encoding", "{name}");
        assert_eq!(report.diagnostics[0].offset, at, "{name}");
    }
    for (name, character) in
        [("NUL", "\0"), ("a control", "\u{1}"), ("U+FFFE", "\u{FFFE}"), ("U+FFFF", "\u{FFFF}")]
    {
        let report = schemas.validate_schema(&with("Wit", &format!("W{character}it")));
        assert_eq!(report.diagnostics[0].rule, "xml-character", "{name}");
    }
    let utf16 = |to_bytes: fn(u16) -> [u8; 2]| WMO305.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
    for mut xml in [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
        assert_eq!(schemas.validate_schema(&xml).diagnostics[0].rule, "xml-encoding");
        let mark = if xml[0] == 0 { [0xFE, 0xFF] } else { [0xFF, 0xFE] };
        xml.splice(0..0, mark);
        assert_eq!(schemas.validate_schema(&xml).diagnostics[0].rule, "xml-encoding");
    }
    let utf32: Vec<u8> = WMO305.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
    assert_eq!(schemas.validate_schema(&utf32).diagnostics[0].rule, "xml-encoding");
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
