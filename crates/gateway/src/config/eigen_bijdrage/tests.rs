//! What is read of the choices about the eigen bijdrage, and every mistake in them.

use iwmo_toewijzing::cak::{Belasting, EbBeleid, EbRegels};
use iwmo_toewijzing::identity::Product;
use jiff::civil::date;

use super::*;

fn read(keys: &str) -> Result<EbBeleid, Vec<String>> {
    let told = |mistake: &Mistake| format!("{} {} {}", mistake.line, mistake.kind.code(), mistake.key);
    match of_policy(&format!("[eigen_bijdrage]\n{keys}")) {
        Ok(mut found) => Ok(EbBeleid::new(found.remove(0).1)),
        Err(mistakes) => Err(mistakes.iter().map(told).collect()),
    }
}

#[test]
fn what_is_not_named_has_its_default() {
    assert_eq!(read("").unwrap().op(date(2026, 1, 1)), &EbRegels::default());
}

#[test]
fn choices_hold_from_a_day_on_and_the_law_goes_over_them() {
    let policy = read(
        r#"
        brug_regel = "dagen(10)"
        retro_maanden = { stop_eerste = 24, start_wijziging = "geen" }
        tarief = { 2026 = 2150 }
        melding_termijn = { pgb = "10wd" }
        [[eigen_bijdrage.categorie]]
        categorie = "08"
        belasting = "vrij"
        stop_trigger = "toewijzing"
        [[eigen_bijdrage.product]]
        categorie = "08"
        code = "08A01"
        belasting = "belast"
        geldig_vanaf = 2026-07-01
        [[eigen_bijdrage.wijziging]]
        geldig_vanaf = 2027-01-01
        brug_regel = "geen"
        [[eigen_bijdrage.landelijke_regel]]
        geldig_vanaf = "2028-01-01"
        stop_trigger = "levering"
        brug_regel = "volle_kalendermaand"
        [[eigen_bijdrage.landelijke_regel.categorie]]
        categorie = "08"
        belasting = "belast"
        "#,
    )
    .unwrap();
    let (early, later, national) =
        (policy.op(date(2026, 12, 31)), policy.op(date(2027, 1, 1)), policy.op(date(2028, 1, 1)));
    assert_eq!(
        (early.brug, later.brug, national.brug),
        (Brug::Dagen(10), Brug::Geen, Brug::VolleKalendermaand)
    );
    assert_eq!((early.vensters.stop_eerste, early.vensters.start_wijziging), (Some(24), None));
    assert_eq!(
        (early.melding_termijn.zin, early.melding_termijn.pgb),
        (Termijn::Maanden(1), Termijn::Werkdagen(10))
    );
    assert_eq!((early.tarief_in(2025), early.tarief_in(2026)), (Some((2100, true)), Some((2150, true))));
    assert_eq!(early.tarief_in(2027), Some((2150, false)), "nobody said so of that year");
    let taxi = |code: Option<&str>| Product {
        categorie: Categorie::new("08").unwrap(),
        code: code.map(|code| ProductCode::new(code).unwrap()),
    };
    let on = |day: Date, code: Option<&str>| policy.op(day).belasting_of(Some(&taxi(code)), day);
    assert_eq!(on(date(2026, 6, 30), Some("08A01")), Belasting::Vrij);
    assert_eq!(on(date(2026, 7, 1), Some("08A01")), Belasting::Belast);
    assert_eq!(on(date(2026, 7, 1), Some("08A02")), Belasting::Vrij);
    // The national rule goes before the product of the gemeente.
    assert_eq!(on(date(2028, 1, 1), Some("08A02")), Belasting::Belast);
    let stops = |day: Date| policy.op(day).stop_trigger_of(Some(&taxi(None)), day);
    assert_eq!(
        (stops(date(2027, 12, 31)), stops(date(2028, 1, 1))),
        (Trigger::Toewijzing, Trigger::Levering)
    );
}

/// Every key of section 10 may change on a day, and the law goes over the gemeente in each.
#[test]
fn the_hold_and_the_first_number_may_change_on_a_day() {
    let policy = read(
        r#"
        bedenktijd = "1500ms"
        eb_startnummer_vanaf = 100
        [[eigen_bijdrage.wijziging]]
        geldig_vanaf = 2027-01-01
        bedenktijd = "4h"
        eb_startnummer_vanaf = 500000
        [[eigen_bijdrage.landelijke_regel]]
        geldig_vanaf = 2028-01-01
        bedenktijd = "dagelijkse_run"
        "#,
    )
    .unwrap();
    let on = |day: Date| (policy.op(day).bedenktijd, policy.op(day).eb_startnummer_vanaf);
    assert_eq!(on(date(2026, 12, 31)), (Bedenktijd::Seconden(2), 100));
    assert_eq!(on(date(2027, 1, 1)), (Bedenktijd::Seconden(14_400), 500_000));
    assert_eq!(on(date(2028, 1, 1)), (Bedenktijd::DagelijkseRun, 500_000));
}

#[test]
fn triggers_by_leveringsvorm() {
    let policy = read("start_trigger = { zin = \"toewijzing\", pgb = \"backoffice\" }").unwrap();
    assert_eq!(policy.op(date(2026, 1, 1)).start_trigger, Trigger::Toewijzing);
    assert_eq!(
        read("start_trigger = { zin = \"toewijzing\", pgb = \"levering\" }").unwrap_err(),
        ["2 unusable-value eigen_bijdrage.start_trigger.pgb"]
    );
}

/// Every mistake at once, each with its line.
#[test]
fn mistakes() {
    let told = read(
        r#"standaard = "ieb-4.0"
regime = "geen regime"
brug_regel = "dagen(-1)"
pauze = "direct"
wachttijd_305 = "36h"
declaratie_stilte = "3651d"
nulmaanden_melden = true
retro_maanden = { start_eerste = 121, begin = 3 }
toekomst_maanden = 13
tarief = { 2019 = 1900, 2026 = 0 }
eb_startnummer_vanaf = 1000000000
[[eigen_bijdrage.categorie]]
categorie = "8"
[[eigen_bijdrage.product]]
categorie = "08"
[[eigen_bijdrage.wijziging]]
regime = "geen"
[[eigen_bijdrage.product]]
categorie = "08"
code = "08A01"
geldig_vanaf = 2027-01-01
geldig_tot = 2027-01-01"#,
    )
    .unwrap_err();
    assert_eq!(
        told,
        [
            "2 unusable-value eigen_bijdrage.standaard",
            "3 unusable-value eigen_bijdrage.regime",
            "4 unusable-value eigen_bijdrage.brug_regel",
            "5 unknown-key eigen_bijdrage.pauze",
            "6 unusable-value eigen_bijdrage.wachttijd_305",
            "7 unusable-value eigen_bijdrage.declaratie_stilte",
            "8 wrong-type eigen_bijdrage.nulmaanden_melden",
            "9 unusable-value eigen_bijdrage.retro_maanden.start_eerste",
            "9 unknown-key eigen_bijdrage.retro_maanden.begin",
            "10 unusable-value eigen_bijdrage.toekomst_maanden",
            "11 unusable-value eigen_bijdrage.tarief.2019",
            "11 unusable-value eigen_bijdrage.tarief.2026",
            "12 unusable-value eigen_bijdrage.eb_startnummer_vanaf",
            "14 unusable-value eigen_bijdrage.categorie[1].categorie",
            "15 missing-key eigen_bijdrage.product[1].code",
            "17 missing-key eigen_bijdrage.wijziging[1].geldig_vanaf",
            "23 conflict eigen_bijdrage.product[2].geldig_tot",
        ]
    );
}

#[test]
fn limits() {
    for (within, past) in [
        ("toekomst_maanden = 12", "toekomst_maanden = 13"),
        ("leeftijd = 0", "leeftijd = -1"),
        ("leeftijd = 99", "leeftijd = 100"),
        ("melding_termijn = 24", "melding_termijn = 25"),
        ("melding_termijn = \"730d\"", "melding_termijn = \"731d\""),
        ("melding_termijn = { pgb = \"1wd\" }", "melding_termijn = { pgb = \"wd\" }"),
        ("wachttijd_305 = \"3650d\"", "wachttijd_305 = \"3651d\""),
        ("retro_maanden = { start_eerste = 120 }", "retro_maanden = { start_eerste = 121 }"),
        ("tarief = { 2100 = 99999999 }", "tarief = { 2100 = 100000000 }"),
        ("tarief = { 2020 = 1 }", "tarief = { 2101 = 1 }"),
        ("eb_startnummer_vanaf = 999999999", "eb_startnummer_vanaf = 0"),
        ("bedenktijd = \"14d\"", "bedenktijd = \"15d\""),
        ("bedenktijd = \"dagelijkse_run\"", "bedenktijd = \"dagelijks\""),
    ] {
        assert!(read(within).is_ok(), "{within}");
        assert_eq!(read(past).unwrap_err().len(), 1, "{past}");
    }
}
