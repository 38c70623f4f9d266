//! Faults of the XML itself.

use super::*;

/// Each row: a document, and `line:column rule` of what is found.
#[test]
fn what_is_not_xml_is_refused_with_its_place() {
    let deep = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    let attributes = |count: usize| {
        let list: String = (0..count).map(|number| format!(" a{number}=''")).collect();
        format!("<a{list}/>")
    };
    let rows: &[(&str, &str)] = &[
        ("", "1:1 xml-root"),
        ("   \n", "2:1 xml-root"),
        ("hello", "1:1 xml-root"),
        ("{\"a\":1}", "1:1 xml-root"),
        ("<a", "1:3 xml-truncated"),
        ("<a>", "1:4 xml-truncated"),
        ("<a></a", "1:7 xml-truncated"),
        ("<a><b></a></b>", "1:7 xml-tag"),
        ("<a/><b/>", "1:5 xml-root"),
        ("<a/>x", "1:5 xml-root"),
        ("<a/>\n<!-- c --> <?p i?>\n x", "3:2 xml-root"),
        ("<!DOCTYPE a><a/>", "1:1 xml-doctype"),
        ("<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>", "1:1 xml-doctype"),
        ("<a>&e;</a>", "1:4 xml-reference"),
        ("<a>&amp</a>", "1:4 xml-reference"),
        ("<a>& b</a>", "1:4 xml-reference"),
        ("<a>&#0;</a>", "1:4 xml-reference"),
        ("<a>&#xD800;</a>", "1:4 xml-reference"),
        ("<a>&#x110000;</a>", "1:4 xml-reference"),
        ("<a>&#;</a>", "1:4 xml-reference"),
        ("<a>&#x;</a>", "1:4 xml-reference"),
        ("<a>\u{0}</a>", "1:4 xml-character"),
        ("<a>é\u{1}</a>", "1:5 xml-character"),
        ("<a>\u{FFFF}</a>", "1:4 xml-character"),
        ("<a b='\u{2}'/>", "1:7 xml-character"),
        ("<a>]]></a>", "1:4 xml-cdata"),
        ("<a><![CDATA[x</a>", "1:18 xml-truncated"),
        ("<a><!-- -- --></a>", "1:9 xml-comment"),
        ("<a><!-- ---></a>", "1:9 xml-comment"),
        ("<a><!-- </a>", "1:13 xml-truncated"),
        ("<a><?xml version='1.0'?></a>", "1:4 xml-declaration"),
        (" <?xml version='1.0'?><a/>", "1:2 xml-declaration"),
        ("<?xml encoding='UTF-8'?><a/>", "1:6 xml-declaration"),
        ("<?xml version='2.0'?><a/>", "1:20 xml-declaration"),
        ("<?xml version='1.0' standalone='maybe'?><a/>", "1:39 xml-declaration"),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "1:20 xml-encoding"),
        ("<?xml version='1.0' encoding='UTF-16'?><a/>", "1:20 xml-encoding"),
        ("<a><?p</a>", "1:7 xml-instruction"),
        ("<a b='1' b='2'/>", "1:10 xml-attribute"),
        ("<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", "1:36 xml-attribute"),
        ("<a b=1/>", "1:6 xml-attribute"),
        ("<a b/>", "1:5 xml-attribute"),
        ("<a b='<'/>", "1:7 xml-attribute"),
        ("<a b='1'c='2'/>", "1:9 xml-tag"),
        ("<a b='1/>", "1:10 xml-truncated"),
        ("<1a/>", "1:2 xml-name"),
        ("<a:/>", "1:1 xml-name"),
        ("<a:b:c xmlns:a='u'/>", "1:1 xml-name"),
        ("< a/>", "1:2 xml-name"),
        ("<a><//a>", "1:6 xml-tag"),
        ("<a / >", "1:5 xml-tag"),
        ("<p:a/>", "1:1 xml-namespace"),
        ("<a p:b=''/>", "1:4 xml-namespace"),
        ("<a xmlns:p=''/>", "1:4 xml-namespace"),
        ("<a xmlns:xmlns='u'/>", "1:4 xml-namespace"),
        ("<a xmlns:xml='u'/>", "1:4 xml-namespace"),
        ("<a xmlns='http://www.w3.org/XML/1998/namespace'/>", "1:4 xml-namespace"),
        ("<a xmlns:p='u'><b xmlns:p=''/></a>", "1:19 xml-namespace"),
        (&deep(65), "1:193 xml-limit-depth"),
        (&attributes(33), "1:218 xml-limit-attributes"),
    ];
    for (document, expected) in rows {
        let report = Schemas::bundled().validate_schema(document.as_bytes());
        let found: Vec<String> =
            report.diagnostics.iter().map(|d| format!("{}:{} {}", d.line, d.column, d.rule)).collect();
        assert_eq!(found, [*expected], "{document:?}");
        assert!(report.diagnostics.iter().all(|d| d.stage == Stage::Xml));
    }
    // One less is no fault of the XML.
    for document in [deep(64), attributes(32)] {
        let report = Schemas::bundled().validate_schema(document.as_bytes());
        assert_eq!(report.stage(), Some(Stage::Schema), "{}", show(&report));
    }
}

#[test]
fn encodings_other_than_utf8_are_refused() {
    let schemas = Schemas::bundled();
    let rule = |bytes: &[u8]| schemas.validate_schema(bytes).diagnostics.first().map(|d| (d.rule, d.column));
    let utf16 = |big: bool| -> Vec<u8> {
        let swap = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        std::iter::once(0xFEFF).chain(WMO305.encode_utf16()).flat_map(swap).collect()
    };
    assert_eq!(rule(&utf16(true)), Some(("xml-encoding", 1)));
    assert_eq!(rule(&utf16(false)), Some(("xml-encoding", 1)));
    assert_eq!(rule(&utf16(false)[2..]), Some(("xml-encoding", 1)));
    assert_eq!(rule(b"<a>\xE9</a>"), Some(("xml-encoding", 4)));
    assert_eq!(rule(b"<a>\xC0\x80</a>"), Some(("xml-encoding", 4)), "an overlong NUL");
    assert_eq!(rule(b"<a>\xED\xA0\x80</a>"), Some(("xml-encoding", 4)), "a surrogate");
    let with_mark = [b"\xEF\xBB\xBF", WMO305.as_bytes()].concat();
    assert_eq!(rule(&with_mark), None);
}

#[test]
fn well_formed_documents_are_not_refused_for_their_looks() {
    let rows = [
        (
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<?xml version='1.0'  encoding='utf-8' standalone='yes' ?>\n<!-- - -->\n<?p q?>",
        ),
        ("999900006", "<![CDATA[9999]]>000<!-- x -->0&#x36;"),
        ("Wit", "<![CDATA[<&>]]> &lt;&amp;&gt;&apos;&quot; &#233; ]] >"),
        ("<w:Geslacht>1</w:Geslacht>", "<w:Geslacht\n>1</w:Geslacht\t>"),
        ("2025-04-05", "\n  2025-04-05\t"),
        ("300201", " +000300201 "),
        ("<w:Client>", "<w:Client xmlns='urn:unused' xmlns:q=\"urn:q\">&#32;&#x9;"),
        ("</w:Bericht>", "</w:Bericht><!-- end --><?p?>"),
    ];
    for (from, to) in rows {
        let report = changed(from, to);
        assert!(report.is_valid(), "{from} -> {to}: {}", show(&report));
    }
    let crlf = WMO305.replace('\n', "\r\n");
    assert!(Schemas::bundled().validate_schema(crlf.as_bytes()).is_valid());
    let other_prefixes = WMO305.replace("w:", "").replace("xmlns:w=", "xmlns=").replace(
        "<Bericht xmlns",
        "<Bericht xmlns=\"http://www.istandaarden.nl/iwmo/3_2/wmo305/schema\" xmlns:unused",
    );
    let report = Schemas::bundled().validate_schema(other_prefixes.as_bytes());
    assert!(report.is_valid(), "{}", show(&report));
}

#[test]
fn lines_end_as_xml_says() {
    for end in ["\n", "\r\n", "\r"] {
        let document = WMO305.replace("999900006", "1").replace('\n', end);
        let report = Schemas::bundled().validate_schema(document.as_bytes());
        assert_eq!(places(&report), ["19:5 cvc-pattern-valid /Bericht/Client/Bsn"], "{end:?}");
    }
}
