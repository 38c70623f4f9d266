//! Outside are read or refused by line; the rules that need them hold and break where they should.

use serde_json::{Value, json};

use super::{Gemeentecodes, LIST_ENTRIES_MAX, ListError, ListProblem, Outside, Productcodes};
use crate::messages::Message;
use crate::messages::iwmo_3_2::basisschema::ProductCategorie;
use crate::rules::check_outside;
use crate::rules::tests::changed;
use crate::value::Datum;

const SHIPPED_GEMEENTEN: &str = include_str!("../../../../../deploy/lists/gemeentecodes.tsv");
const SHIPPED_PRODUCTEN: &str = include_str!("../../../../../deploy/lists/productcodes.tsv");

fn day(year: i32, month: u8, day: u8) -> Datum {
    Datum::new(year, month, day).unwrap()
}

#[test]
fn the_lists_that_are_shipped_can_be_read() {
    let gemeenten = Gemeentecodes::parse(SHIPPED_GEMEENTEN).unwrap();
    assert_eq!(gemeenten.iter().count(), 342);
    assert!(gemeenten.contains("0222", day(2026, 1, 1)) && !gemeenten.knows("0001"));
    let producten = Productcodes::parse(SHIPPED_PRODUCTEN).unwrap();
    assert!(producten.contains(ProductCategorie::C11, "11X01"));
    assert!(!producten.contains(ProductCategorie::C12, "11X01"));
}

#[test]
fn a_code_holds_from_its_first_day_to_its_last() {
    let list = "code\tvan\ttot\n# gone\n0370\t2000-01-01\t2021-12-31\n0370\t2030-01-01\t\n0439\n";
    let list = Gemeentecodes::parse(list).unwrap();
    for (year, month, date, holds) in [
        (1999, 12, 31, false),
        (2000, 1, 1, true),
        (2021, 12, 31, true),
        (2022, 1, 1, false),
        (2030, 1, 1, true),
    ] {
        assert_eq!(list.contains("0370", day(year, month, date)), holds, "{year}-{month}-{date}");
    }
    assert!(list.contains("0439", day(1900, 1, 1)));
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let gemeenten = |text: &str| Gemeentecodes::parse(text).unwrap_err();
    let error = |line, problem| ListError { line, problem };
    assert_eq!(gemeenten(""), error(0, ListProblem::Empty));
    assert_eq!(gemeenten("code\tvan\ttot\n"), error(0, ListProblem::Empty));
    assert_eq!(gemeenten("# a\n\ncode\tvan\n0222"), error(3, ListProblem::ColumnMissing("tot")));
    assert_eq!(gemeenten("code\tvan\ttot\n0222\n22\n"), error(3, ListProblem::NotAGemeentecode));
    assert_eq!(gemeenten("code\tvan\ttot\n0222\t1-1-2026"), error(2, ListProblem::NotADay));
    let backwards = "code\tvan\ttot\n0222\t2026-02-01\t2026-01-31";
    assert_eq!(gemeenten(backwards), error(2, ListProblem::EndsBeforeItBegins));
    let producten = |text: &str| Productcodes::parse(text).unwrap_err();
    assert_eq!(producten("categorie\tcode\n99\t01A01"), error(2, ListProblem::NotACategorie));
    assert_eq!(producten("categorie\tcode\n01\t01A011"), error(2, ListProblem::NotAProductcode));
    assert_eq!(producten("categorie\tcode\n01\t"), error(2, ListProblem::NotAProductcode));
}

#[test]
fn a_list_has_a_longest_length() {
    let full = format!("code\tvan\ttot\n{}", "0222\n".repeat(LIST_ENTRIES_MAX));
    assert!(Gemeentecodes::parse(&full).is_ok());
    let error = Gemeentecodes::parse(&format!("{full}0222\n")).unwrap_err();
    assert_eq!(error, ListError { line: LIST_ENTRIES_MAX + 2, problem: ListProblem::TooLong });
}

#[track_caller]
fn expect(outside: &Outside, kind: &str, changes: &[(&str, Value)], expected: &[(&str, &str)]) {
    let violations = check_outside(&changed(kind, changes), outside);
    let found: Vec<(&str, &str)> =
        violations.iter().map(|found| (found.retourcode.as_str(), found.path.as_str())).collect();
    assert_eq!(found, expected, "{kind} {changes:?}");
}

#[test]
fn s300_is_for_a_gemeente_that_is_not_on_the_list() {
    let gone = "code\tvan\ttot\n0222\t\t2020-12-31\n1586\t\t2020-12-31\n0285\t\t2020-12-31\n";
    let lists = |text| Outside { gemeenten: Some(Gemeentecodes::parse(text).unwrap()), ..Outside::default() };
    let (gone, other) = (lists(gone), lists("code\tvan\ttot\n9999\n"));
    let (by, to) = (("S300", "/Bericht/Header/Afzender"), ("S300", "/Bericht/Header/Ontvanger"));
    for (kind, place) in [("WMO301", by), ("WMO319", by), ("WMO325", by), ("WMO401", by), ("WMO403", by)] {
        expect(&other, kind, &[], &[place]);
    }
    for kind in ["WMO305", "WMO307", "WMO315", "WMO317", "WMO323"] {
        expect(&other, kind, &[], &[to]);
    }
    // A retour is not judged by it, and nothing is without a list.
    expect(&other, "WMO306", &[], &[]);
    expect(&Outside::default(), "WMO301", &[], &[]);
    // What began under an old code goes on under it.
    let begun = |path| [(path, json!("2020-12-31"))];
    expect(&gone, "WMO301", &[], &[by]);
    expect(&gone, "WMO301", &begun("Client/ToegewezenProducten/0/Ingangsdatum"), &[]);
    expect(&gone, "WMO305", &begun("Client/StartProducten/0/ToewijzingIngangsdatum"), &[]);
    expect(&gone, "WMO307", &begun("Client/StopProducten/0/ToewijzingIngangsdatum"), &[]);
    expect(&gone, "WMO315", &begun("Client/AangevraagdeProducten/0/ToewijzingIngangsdatum"), &[]);
    // These do not say when their toewijzing began.
    expect(&gone, "WMO317", &[], &[]);
    expect(&gone, "WMO323", &[], &[]);
}

#[test]
fn a_message_is_not_of_tomorrow() {
    let on = |vandaag| Outside { vandaag: Some(vandaag), ..Outside::default() };
    let path = "/Bericht/Header/BerichtIdentificatie/Dagtekening";
    for kind in
        ["WMO301", "WMO305", "WMO307", "WMO315", "WMO317", "WMO319", "WMO323", "WMO325", "WMO401", "WMO403"]
    {
        let changed = changed(kind, &[]);
        let today = changed.header().dagtekening;
        let (before, after) = (day(today.year() - 1, 12, 31), day(today.year() + 1, 1, 1));
        for (vandaag, expected) in [(before, Some(("8848", path))), (today, None), (after, None)] {
            let violations = check_outside(&changed, &on(vandaag));
            let found =
                violations.iter().map(|found| (found.retourcode.as_str(), found.path.as_str())).next();
            assert_eq!((found, violations.len()), (expected, usize::from(expected.is_some())), "{kind}");
        }
    }
}

#[test]
fn a_declaration_is_of_its_period_and_each_number_of_one_prestatie() {
    let prestatie = "Declaratie/Clienten/0/Prestaties/0";
    let at = "/Bericht/Declaratie/Clienten/Client[1]/Prestaties/Prestatie";
    let periode = changed("WMO323", &[]);
    let Message::Wmo323(bericht) = &periode else { panic!("a 323") };
    let last = bericht.declaratie.declaratie_periode.einddatum;
    let end = format!("{prestatie}/ProductPeriode/Einddatum");
    let late = day(last.year() + 1, 1, 31).to_string();
    expect(&Outside::default(), "WMO323", &[(&end, json!(last.to_string()))], &[]);
    let found = format!("{at}[1]/ProductPeriode");
    expect(&Outside::default(), "WMO323", &[(&end, json!(late))], &[("9319", &found)]);

    let mut twice = bericht.clone();
    let prestaties = &mut twice.declaratie.clienten[0].prestaties;
    prestaties.truncate(1);
    prestaties.push(prestaties[0].clone());
    let found = check_outside(&Message::Wmo323(twice), &Outside::default());
    let found: Vec<(&str, &str)> =
        found.iter().map(|found| (found.retourcode.as_str(), found.path.as_str())).collect();
    assert_eq!(found, [("8021", format!("{at}[2]/ProductReferentie/ReferentieNummer").as_str())]);
}

#[test]
fn s329_is_for_a_code_of_another_category() {
    let list = Productcodes::parse("categorie\tcode\n02\t02A03\n03\t03A01\n").unwrap();
    let lists = Outside { producten: Some(list), ..Outside::default() };
    for (kind, list, at) in [
        ("WMO301", "Client/ToegewezenProducten/0", "Client/ToegewezenProducten/ToegewezenProduct[1]"),
        ("WMO305", "Client/StartProducten/0", "Client/StartProducten/StartProduct[1]"),
        ("WMO307", "Client/StopProducten/0", "Client/StopProducten/StopProduct[1]"),
        ("WMO315", "Client/AangevraagdeProducten/0", "Client/AangevraagdeProducten/AangevraagdProduct[1]"),
        ("WMO317", "Client/Verzoek/NieuweProducten/0", "Client/Verzoek/NieuweProducten/NieuwProduct[1]"),
    ] {
        let product = format!("{list}/Product");
        let at = format!("/Bericht/{at}/Product/Code");
        let given = |categorie: &str, code: Option<&str>, expected: &[(&str, &str)]| {
            let value = match code {
                Some(code) => json!({ "Categorie": categorie, "Code": code }),
                None => json!({ "Categorie": categorie }),
            };
            let found = check_outside(&changed(kind, &[(product.as_str(), value)]), &lists);
            let found: Vec<(&str, &str)> = found
                .iter()
                .map(|found| (found.retourcode.as_str(), found.path.as_str()))
                .filter(|(_, path)| path.starts_with(at.trim_end_matches("/Product/Code")))
                .collect();
            assert_eq!(found, expected, "{kind} {categorie} {code:?}");
        };
        given("02", Some("02A03"), &[]);
        given("02", None, &[]);
        given("02", Some("03A01"), &[("S329", at.as_str())]);
        given("05", Some("02A03"), &[("S329", at.as_str())]);
    }
    // What was accepted can be taken back.
    for (kind, list) in [("WMO305", "Client/StartProducten/0"), ("WMO307", "Client/StopProducten/0")] {
        let product = format!("{list}/Product");
        let status = format!("{list}/StatusAanlevering");
        let changes = [
            (product.as_str(), json!({ "Categorie": "02", "Code": "03A01" })),
            (status.as_str(), json!("3")),
        ];
        let found = check_outside(&changed(kind, &changes), &lists);
        let first = found.iter().filter(|found| found.path.contains("[1]")).count();
        assert_eq!(first, 0, "{kind}");
    }
    let prestatie = "Declaratie/Clienten/0/Prestaties/0";
    let (categorie, code) = (format!("{prestatie}/ProductCategorie"), format!("{prestatie}/ProductCode"));
    let changes = [(categorie.as_str(), json!("02")), (code.as_str(), json!("03A01"))];
    let found = check_outside(&changed("WMO323", &changes), &lists);
    let place = "/Bericht/Declaratie/Clienten/Client[1]/Prestaties/Prestatie[1]/ProductCode";
    assert!(found.iter().any(|found| found.path == place));
}
