//! Faults against the schema: rule, place, words, hints.

use super::*;

const XSI: &str = "xmlns:x='http://www.w3.org/2001/XMLSchema-instance'";

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

/// A text far over the largest facet is refused for its length, and none of it is kept.
#[test]
fn a_text_over_its_largest_facet_is_not_collected() {
    for text in ["x".repeat(801), "x<!-- -->".repeat(2_000), "&#120;".repeat(2_000)] {
        let report = changed("Wit", &text);
        let path = "/Bericht/Client/Naam/Geslachtsnaam/Achternaam";
        assert_eq!(places(&report), [format!("22:30 cvc-maxLength-valid {path}")]);
        assert!(report.diagnostics[0].value.is_none());
    }
    let report = changed("Wit", &"x".repeat(201));
    assert!(report.diagnostics[0].value.is_some());
    assert!(changed("Wit", &"\u{1F600}".repeat(200)).is_valid(), "200 characters of four bytes");
}

/// What a finding says of its place, `locate` finds by its path.
#[test]
fn paths_lead_back_to_their_places() {
    let document =
        WMO305.replace("0222", "x").replace("2025-04-03", "x").replace("30020", "x").replace(">Wit<", "><");
    let report = Schemas::bundled().validate_schema(document.as_bytes());
    let paths: Vec<String> = report.diagnostics.iter().map(|d| d.path.clone()).collect();
    assert_eq!(paths.len(), 6, "{}", show(&report));
    for (d, position) in report.diagnostics.iter().zip(locate(document.as_bytes(), &paths)) {
        assert_eq!(
            (d.line, d.column, d.offset),
            (position.line, position.column, position.offset),
            "{}",
            d.path
        );
    }
}

/// A document with one thing changed, and what is said about it.
fn said(from: &str, to: &str) -> Vec<(String, String)> {
    let xml = include_str!("../../../../../fixtures/valid/WMO305.xml");
    assert!(xml.contains(from), "{from}");
    let report = Schemas::bundled().validate_schema(xml.replace(from, to).as_bytes());
    let texts = report.diagnostics.into_iter();
    texts.map(|found| (found.message.nl.into_owned(), found.message.en.into_owned())).collect()
}

#[test]
fn a_namespace_that_no_schema_knows_is_one_mistake() {
    let found = said("/basisschema/schema", "/basisschema/shcema");
    assert_eq!(found.len(), 1, "{found:?}");
    // Elements in the namespace of another document each have the wrong prefix.
    assert_eq!(said("iwmo:Categorie", "wmo305:Categorie").len(), 3);
}

#[test]
fn codes_are_listed_with_their_meaning_where_they_are_few() {
    let found = said("<wmo305:Geslacht>2", "<wmo305:Geslacht>7");
    let [(nl, en)] = &found[..] else { panic!("{found:?}") };
    assert!(nl.ends_with("0 (onbekend), 1 (man), 2 (vrouw)"), "{nl}");
    assert!(en.ends_with("0 (unknown), 1 (male), 2 (female)"), "{en}");
}

#[test]
fn a_number_in_a_name_is_not_repeated() {
    for name in ["Bsn123456782", "n12345", "a123456782b9"] {
        let found = said("<wmo305:Geslacht>2</wmo305:Geslacht>", &format!("<wmo305:{name}/>"));
        let digits = |text: &str| text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
        for (nl, en) in &found {
            assert!(digits(nl) < 5 && digits(en) < 5, "{nl} {en}");
        }
        assert!(found.iter().any(|(nl, _)| nl.contains("·····")), "{found:?}");
    }
    // A short number is part of many names.
    let found = said("<wmo305:Geslacht>2</wmo305:Geslacht>", "<wmo305:Geslacht2/>");
    assert!(found[0].0.contains("Geslacht2"), "{found:?}");
}
