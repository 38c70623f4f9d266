//! The official samples, and every kind of bad input.

mod differential;

use std::fs;

use super::*;
use crate::report::{DIAGNOSTICS_MAX, Lang, Stage};
use crate::testing::shared;

fn show(report: &Report) -> String {
    let mut lines = Vec::new();
    for d in &report.diagnostics {
        lines.push(format!("{}:{} {} {} {}", d.line, d.column, d.rule, d.path, d.message.get(Lang::En)));
    }
    lines.join("\n")
}

#[test]
fn the_official_samples_are_valid() {
    let Some(shared) = shared("the_official_samples_are_valid") else { return };
    let schemas = Schemas::bundled();
    let mut count = 0;
    for (folder, release) in [("iwmo-3.2", "iWmo 3.2"), ("ieb-1.0", "iEb 1.0")] {
        for entry in fs::read_dir(shared.join("reference").join(folder).join("xml")).unwrap() {
            let path = entry.unwrap().path();
            let report = schemas.validate_schema(&fs::read(&path).unwrap());
            assert!(report.is_valid(), "{}:\n{}", path.display(), show(&report));
            assert_eq!(report.message, path.file_stem().unwrap().to_str());
            assert_eq!(report.release, Some(release));
            count += 1;
        }
    }
    assert_eq!(count, 11);
}

/// A valid 305 on lines of its own; tests change one thing in it.
const WMO305: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<w:Bericht xmlns:w="http://www.istandaarden.nl/iwmo/3_2/wmo305/schema" xmlns:i="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema">
  <w:Header>
    <w:BerichtCode>418</w:BerichtCode>
    <w:BerichtVersie>3</w:BerichtVersie>
    <w:BerichtSubversie>2</w:BerichtSubversie>
    <w:Afzender>12345678</w:Afzender>
    <w:Ontvanger>0222</w:Ontvanger>
    <w:BerichtIdentificatie>
      <i:Identificatie>A1</i:Identificatie>
      <i:Dagtekening>2025-04-05</i:Dagtekening>
    </w:BerichtIdentificatie>
    <w:XsdVersie>
      <i:BasisschemaXsdVersie>1.0.0</i:BasisschemaXsdVersie>
      <i:BerichtXsdVersie>1.0.0</i:BerichtXsdVersie>
    </w:XsdVersie>
  </w:Header>
  <w:Client>
    <w:Bsn>999900006</w:Bsn>
    <w:Geboortedatum><i:Datum>1967-08-13</i:Datum></w:Geboortedatum>
    <w:Geslacht>1</w:Geslacht>
    <w:Naam><i:Geslachtsnaam><i:Achternaam>Wit</i:Achternaam></i:Geslachtsnaam></w:Naam>
    <w:StartProducten>
      <w:StartProduct>
        <w:ToewijzingNummer>300201</w:ToewijzingNummer>
        <w:Begindatum>2025-04-03</w:Begindatum>
        <w:StatusAanlevering>1</w:StatusAanlevering>
      </w:StartProduct>
      <w:StartProduct>
        <w:ToewijzingNummer>300202</w:ToewijzingNummer>
        <w:Begindatum>2025-04-03</w:Begindatum>
        <w:StatusAanlevering>1</w:StatusAanlevering>
      </w:StartProduct>
    </w:StartProducten>
  </w:Client>
</w:Bericht>
"#;

const XSI: &str = "xmlns:x='http://www.w3.org/2001/XMLSchema-instance'";

/// Validates [`WMO305`] with one thing changed.
fn changed(from: &str, to: &str) -> Report {
    let document = WMO305.replacen(from, to, 1);
    assert_ne!(document, WMO305, "{from} is not in the document");
    Schemas::bundled().validate_schema(document.as_bytes())
}

/// `line:column rule path` of each finding.
fn places(report: &Report) -> Vec<String> {
    report.diagnostics.iter().map(|d| format!("{}:{} {} {}", d.line, d.column, d.rule, d.path)).collect()
}

#[test]
fn the_document_that_tests_change_is_valid() {
    let report = Schemas::bundled().validate_schema(WMO305.as_bytes());
    assert!(report.is_valid(), "{}", show(&report));
    assert_eq!((report.message, report.release), (Some("WMO305"), Some("iWmo 3.2")));
}

/// Each row: what is changed, into what, and the one finding that it gives.
#[test]
fn each_fault_of_the_schema_has_a_rule_a_place_and_a_path() {
    let rows: &[(&str, &str, &str)] = &[
        // Values.
        ("418", "419", "4:5 cvc-pattern-valid /Bericht/Header/BerichtCode"),
        (">3<", ">03<", "5:5 cvc-pattern-valid /Bericht/Header/BerichtVersie"),
        ("0222", "022", "8:5 cvc-pattern-valid /Bericht/Header/Ontvanger"),
        ("0222", " 0222", "8:5 cvc-pattern-valid /Bericht/Header/Ontvanger"),
        (
            ">A1<",
            ">A123456789012<",
            "10:7 cvc-maxLength-valid /Bericht/Header/BerichtIdentificatie/Identificatie",
        ),
        (">A1<", "><", "10:7 cvc-minLength-valid /Bericht/Header/BerichtIdentificatie/Identificatie"),
        (">A1<", ">  <", "10:7 cvc-pattern-valid /Bericht/Header/BerichtIdentificatie/Identificatie"),
        (
            "2025-04-05",
            "2025-04-05Z",
            "11:7 cvc-pattern-valid /Bericht/Header/BerichtIdentificatie/Dagtekening",
        ),
        (
            "2025-04-05",
            "2025-02-29",
            "11:7 cvc-datatype-valid.1.2.1 /Bericht/Header/BerichtIdentificatie/Dagtekening",
        ),
        (
            "2025-04-05",
            "2025-04-05T00:00:00",
            "11:7 cvc-datatype-valid.1.2.1 /Bericht/Header/BerichtIdentificatie/Dagtekening",
        ),
        ("1.0.0", "1.00.0", "14:7 cvc-pattern-valid /Bericht/Header/XsdVersie/BasisschemaXsdVersie"),
        ("999900006", "99990000", "19:5 cvc-pattern-valid /Bericht/Client/Bsn"),
        ("999900006", "9999000061", "19:5 cvc-maxLength-valid /Bericht/Client/Bsn"),
        (">1</w:Geslacht", ">3</w:Geslacht", "21:5 cvc-enumeration-valid /Bericht/Client/Geslacht"),
        (
            "300201",
            "-1",
            "25:9 cvc-minInclusive-valid /Bericht/Client/StartProducten/StartProduct[1]/ToewijzingNummer",
        ),
        (
            "300202",
            "1000000000",
            "30:9 cvc-maxInclusive-valid /Bericht/Client/StartProducten/StartProduct[2]/ToewijzingNummer",
        ),
        (
            "300201",
            "1e3",
            "25:9 cvc-datatype-valid.1.2.1 /Bericht/Client/StartProducten/StartProduct[1]/ToewijzingNummer",
        ),
        // Elements.
        ("<w:Geslacht>1</w:Geslacht>", "", "22:5 cvc-complex-type.2.4.a /Bericht/Client"),
        (
            "<w:Geslacht>1</w:Geslacht>",
            "<w:Geslagt>1</w:Geslagt>",
            "21:5 cvc-complex-type.2.4.a /Bericht/Client",
        ),
        (
            "<w:Geslacht>1</w:Geslacht>",
            "<w:geslacht>1</w:geslacht>",
            "21:5 cvc-complex-type.2.4.a /Bericht/Client",
        ),
        (
            "<w:Geslacht>1</w:Geslacht>",
            "<i:Geslacht>1</i:Geslacht>",
            "21:5 cvc-complex-type.2.4.a /Bericht/Client",
        ),
        (
            "<w:Geslacht>1</w:Geslacht>",
            "<Geslacht>1</Geslacht>",
            "21:5 cvc-complex-type.2.4.a /Bericht/Client",
        ),
        ("<w:Bsn>", "<w:Extra><w:Bsn/></w:Extra><w:Bsn>", "19:5 cvc-complex-type.2.4.a /Bericht/Client"),
        (
            "<w:StatusAanlevering>1</w:StatusAanlevering>",
            "",
            "28:7 cvc-complex-type.2.4.b /Bericht/Client/StartProducten/StartProduct[1]",
        ),
        ("</w:Client>", "</w:Client><w:Client/>", "35:14 cvc-complex-type.2.4.d /Bericht"),
        (
            "<w:StartProduct>",
            "<w:StartProduct/><w:StartProduct>",
            "24:7 cvc-complex-type.2.4.b /Bericht/Client/StartProducten/StartProduct[1]",
        ),
        ("<w:Client>", "x<w:Client>", "18:3 cvc-complex-type.2.3 /Bericht"),
        ("<w:Client>", "<![CDATA[x]]><w:Client>", "18:3 cvc-complex-type.2.3 /Bericht"),
        ("999900006", "999900006<w:Bsn/>", "19:21 cvc-type.3.1.2 /Bericht/Client/Bsn"),
        // Attributes.
        ("<w:Client>", "<w:Client a='1'>", "18:13 cvc-complex-type.3.2.2 /Bericht/Client"),
        ("<w:Bsn>", "<w:Bsn xml:lang='nl'>", "19:12 cvc-type.3.1.1 /Bericht/Client/Bsn"),
        // The document element.
        ("3_2/wmo305", "3_1/wmo305", "2:1 cvc-elt.1 /Bericht"),
        ("3_2/wmo305", "3_2/wmo399", "2:1 cvc-elt.1 /Bericht"),
    ];
    for (from, to, expected) in rows {
        let report = changed(from, to);
        assert_eq!(places(&report), [*expected], "{from} -> {to}\n{}", show(&report));
        assert!(report.diagnostics.iter().all(|d| d.stage == Stage::Schema && d.retourcode.is_none()));
        assert!(!report.is_valid());
    }
}

#[test]
fn attributes_of_xsi_are_judged() {
    let with = |attribute: &str| changed("<w:Bsn>", &format!("<w:Bsn {XSI} {attribute}>"));
    for valid in [
        "x:schemaLocation='urn:a b.xsd'",
        "x:noNamespaceSchemaLocation='b.xsd'",
        "x:type='i:LDT_BurgerServicenummer'",
    ] {
        let report = with(valid);
        assert!(report.is_valid(), "{valid}: {}", show(&report));
    }
    for (attribute, rule) in [
        ("x:nil='true'", "cvc-elt.3.1"),
        ("x:nil='false'", "cvc-elt.3.1"),
        ("x:type='i:LDT_Missing'", "cvc-elt.4.2"),
        ("x:type='q:X'", "cvc-elt.4.2"),
        ("x:type='i:LDT_Datum'", "cvc-elt.4.3"),
        ("x:other='1'", "cvc-complex-type.3.2.2"),
    ] {
        let rules: Vec<&str> = with(attribute).diagnostics.iter().map(|d| d.rule).collect();
        assert_eq!(rules, [rule], "{attribute}");
    }
}

#[test]
fn one_mistake_in_the_order_gives_one_finding() {
    let bsn = "<w:Bsn>999900006</w:Bsn>";
    let naam = "<w:Naam><i:Geslachtsnaam><i:Achternaam>Wit</i:Achternaam></i:Geslachtsnaam></w:Naam>";
    let geslacht = "<w:Geslacht>1</w:Geslacht>";
    // Too early.
    let document = WMO305.replacen(naam, "", 1).replacen(bsn, &format!("{naam}{bsn}"), 1);
    let report = Schemas::bundled().validate_schema(document.as_bytes());
    assert_eq!(
        show(&report),
        "19:5 cvc-complex-type.2.4.a /Bericht/Client out of order: Bsn comes before Naam"
    );
    // Too late.
    let document = WMO305.replacen(geslacht, "", 1).replacen(naam, &format!("{naam}{geslacht}"), 1);
    let report = Schemas::bundled().validate_schema(document.as_bytes());
    assert_eq!(
        show(&report),
        "22:5 cvc-complex-type.2.4.a /Bericht/Client out of order: Geslacht comes before Naam"
    );
    // Twice.
    let report = changed(geslacht, &format!("{geslacht}{geslacht}"));
    assert_eq!(
        show(&report),
        "21:31 cvc-complex-type.2.4.a /Bericht/Client Geslacht may not stand here again: after Geslacht comes Naam"
    );
}

#[test]
fn every_fault_is_found_and_none_hides_another() {
    let document = WMO305
        .replace("0222", "222")
        .replace("999900006", "x")
        .replace("<w:Geslacht>1</w:Geslacht>", "")
        .replace("2025-04-03", "2025-04-31")
        .replace("300202", "-5");
    let report = Schemas::bundled().validate_schema(document.as_bytes());
    let lines: Vec<u32> = report.diagnostics.iter().map(|d| d.line).collect();
    assert_eq!(lines, [8, 19, 22, 26, 30, 31], "{}", show(&report));
}

#[test]
fn findings_speak_of_the_standard_in_both_languages() {
    let rows = [
        (
            "<w:Geslacht>1</w:Geslacht>",
            "",
            "Geslacht ontbreekt tussen Geboortedatum en Naam",
            "Geslacht is missing between Geboortedatum and Naam",
        ),
        (
            "<w:Bsn>",
            "<w:Foo/><w:Bsn>",
            "Foo hoort hier niet: Client begint met Bsn",
            "Foo does not belong here: Client begins with Bsn",
        ),
        ("999900006", "1", "Bsn moet uit 9 cijfers bestaan", "Bsn must consist of 9 digits"),
        ("418", "419", "BerichtCode moet hier 418 zijn", "BerichtCode must be 418 here"),
        ("300201", "x", "ToewijzingNummer is geen geheel getal", "ToewijzingNummer is not an integer"),
    ];
    for (from, to, nl, en) in rows {
        let report = changed(from, to);
        let message = &report.diagnostics[0].message;
        assert_eq!((message.get(Lang::Nl), message.get(Lang::En)), (nl, en));
    }
}

#[test]
fn common_mistakes_get_a_hint() {
    for (from, to, part) in [
        (">A1<", ">A123456789012<", "at most 12 characters"),
        ("2025-04-05", "2025-04-05+01:00", "time zone"),
        (
            "<i:Dagtekening>2025-04-05</i:Dagtekening>",
            "<w:Dagtekening>2025-04-05</w:Dagtekening>",
            "iwmo/3_2/basisschema/schema",
        ),
        ("iwmo/3_2/wmo305", "iwmo/3_0/wmo305", "iWmo 3.0"),
        ("iwmo/3_2/wmo305", "ijw/3_2/jw305", "iJw 3.2"),
        ("<w:StatusAanlevering>1", "<w:StatusAanlevering> 1", "exactly as listed"),
        ("300201", "", "leave the element out"),
    ] {
        let report = changed(from, to);
        let hint = report.diagnostics[0].hint.as_ref().map_or("", |hint| hint.get(Lang::En));
        assert!(hint.contains(part), "{from} -> {to}: {hint:?}");
    }
}

#[test]
fn values_are_kept_apart_and_masked() {
    let report = changed("999900006", "999900019x");
    let d = &report.diagnostics[0];
    assert!(d.personal && d.shown_value(false).is_none());
    assert_eq!(d.shown_value(true), Some("999900019x"));
    assert!(!format!("{report:?}").contains("999900019"));
    let report = changed("<w:StatusAanlevering>1", "<w:StatusAanlevering>7");
    assert_eq!(report.diagnostics[0].shown_value(false), Some("7"));
}

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

/// The way a decoder walks: children by index, values as text, nothing misplaced.
#[test]
fn a_decoder_sees_declared_children_and_normalised_values() {
    let document = WMO305
        .replace("<w:Bsn>", "<w:Unknown><w:Bsn>1</w:Bsn></w:Unknown><w:Bsn>")
        .replace("Wit", "W<!-- x -->i&#116;")
        .replace("1967-08-13", " 1967-08-13\n");
    let schemas = Schemas::bundled();
    let mut walk = Walk::new(&schemas, document.as_bytes());
    assert_eq!(walk.root(), Some(("http://www.istandaarden.nl/iwmo/3_2/wmo305/schema", "Bericht")));
    assert_eq!(walk.child(), Some(0));
    assert_eq!(walk.child(), Some(0));
    assert_eq!(walk.text(), "418");
    while let Some(index) = walk.child() {
        match index {
            5 | 6 => {
                while walk.child().is_some() {
                    walk.text();
                }
            }
            _ => drop(walk.text().len()),
        }
    }
    assert_eq!(walk.child(), Some(1), "Client");
    assert_eq!(walk.child(), Some(0), "Bsn, the unknown element is skipped");
    assert_eq!(walk.text(), "999900006");
    assert_eq!(walk.child(), Some(1));
    assert_eq!(walk.child(), Some(0));
    assert_eq!(walk.text(), "1967-08-13");
    assert_eq!(walk.child(), None);
    assert_eq!(walk.child(), Some(2));
    assert_eq!(walk.text(), "1");
    assert_eq!((walk.child(), walk.child(), walk.child()), (Some(3), Some(0), Some(0)));
    assert_eq!(walk.text(), "Wit");
    assert_eq!((walk.child(), walk.child()), (None, None));
    assert_eq!((walk.child(), walk.child(), walk.child()), (Some(4), Some(0), Some(0)));
    assert_eq!(walk.text(), "300201");
    let report = walk.finish();
    assert_eq!(report.diagnostics.len(), 1, "{}", show(&report));
}
