//! From dossiers to the periods for which a person owes the contribution (sections 8.2 to 8.4 of the iEb description).

use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::cak::*;
use iwmo_toewijzing::deadline;
use iwmo_toewijzing::event::{Inhoud, StartProduct, ToegewezenProduct};
use iwmo_toewijzing::identity::{Categorie, RedenWijziging};
use jiff::civil::{Date, date};

use crate::support::*;

const TODAY: Date = date(2025, 6, 15);

/// A toewijzing of a product from 2025 on, without an end.
fn toewijzing(nummer: u32, of: &str) -> ToegewezenProduct {
    ToegewezenProduct {
        nummer: nr(nummer),
        product: product(of),
        ingangsdatum: date(2025, 1, 1),
        einddatum: None,
        ..assigned(date(2025, 1, 1))
    }
}

/// A client with deliveries of a product: begin, and stops with reason and end.
type Episode<'a> = (Date, &'a [(&'a str, Date)]);

fn deliver(story: &mut Story, nummer: u32, of: &str, episodes: &[Episode<'_>]) {
    for (begin, stops) in episodes {
        let mut class = start(*begin);
        (class.key.nummer, class.key.product) = (Some(nr(nummer)), product(of));
        let key = class.key.clone();
        assert_eq!(story.starts(&[class]), "ok");
        for (reden, end) in *stops {
            let mut class = stop(*begin, reden, *end);
            class.key.start = key.clone();
            assert_eq!(story.stops(&[class]), "ok");
        }
    }
}

fn story(episodes: &[Episode<'_>]) -> Story {
    let mut story = Story::new();
    story.assign(toewijzing(100, "01/01A11"));
    deliver(&mut story, 100, "01/01A11", episodes);
    story
}

fn show(wanted: &Gewenst) -> String {
    let period = |period: &Periode| match period.eind {
        Some(end) => format!("{}..{end}", period.start),
        None => format!("{}..", period.start),
    };
    wanted.perioden.iter().map(period).collect::<Vec<_>>().join(" ")
}

fn periods(dossiers: &[&Dossier], beleid: &EbBeleid, today: Date) -> String {
    show(&asked(dossiers, None, beleid, today))
}

fn asked(dossiers: &[&Dossier], birth: Option<Date>, beleid: &EbBeleid, today: Date) -> Gewenst {
    wanted(dossiers, birth, &Opgaven::default(), beleid, today)
}

fn policy(laag: Laag) -> EbBeleid {
    laag.into()
}

fn of(episodes: &[Episode<'_>]) -> String {
    periods(&[&story(episodes).dossier], &EbBeleid::default(), TODAY)
}

#[test]
fn bridging_vectors() {
    let gap = |end, next| of(&[(date(2025, 1, 10), &[("23", end)]), (next, &[])]);
    assert_eq!(gap(date(2025, 3, 31), date(2025, 4, 2)), "2025-01-10..");
    assert_eq!(gap(date(2025, 3, 15), date(2025, 4, 20)), "2025-01-10..");
    assert_eq!(gap(date(2025, 3, 15), date(2025, 5, 20)), "2025-01-10..2025-03-15 2025-05-20..");
    assert_eq!(gap(date(2025, 3, 31), date(2025, 5, 1)), "2025-01-10..2025-03-31 2025-05-01..");
}

#[test]
fn other_bridges() {
    let story = story(&[(date(2025, 1, 10), &[("23", date(2025, 3, 31))]), (date(2025, 4, 2), &[])]);
    let with = |brug| {
        let beleid = policy(Laag { brug_regel: Some(brug), ..Laag::default() });
        periods(&[&story.dossier], &beleid, TODAY)
    };
    assert_eq!(with(Brug::Geen), "2025-01-10..2025-03-31 2025-04-02..");
    assert_eq!(with(Brug::Dagen(0)), "2025-01-10..2025-03-31 2025-04-02..");
    assert_eq!(with(Brug::Dagen(1)), "2025-01-10..");
}

#[test]
fn a_pause_counts_once_a_whole_month_has_passed() {
    let story = story(&[(date(2025, 1, 10), &[("20", date(2025, 4, 10))])]);
    let on = |pauze, today| {
        let beleid = policy(Laag { pauze_beleid: Some(pauze), ..Laag::default() });
        periods(&[&story.dossier], &beleid, today)
    };
    assert_eq!(on(Pauze::NaVolleMaand, date(2025, 5, 31)), "2025-01-10..");
    assert_eq!(on(Pauze::NaVolleMaand, date(2025, 6, 1)), "2025-01-10..2025-04-10");
    assert_eq!(on(Pauze::Direct, date(2025, 4, 11)), "2025-01-10..2025-04-10");
    assert_eq!(on(Pauze::Nooit, date(2026, 1, 1)), "2025-01-10..");
}

#[test]
fn a_resumed_pause() {
    let resumed = |begin, pauze| {
        let story = story(&[(date(2025, 1, 10), &[("20", date(2025, 3, 10))]), (begin, &[])]);
        let beleid = policy(Laag { pauze_beleid: Some(pauze), ..Laag::default() });
        periods(&[&story.dossier], &beleid, TODAY)
    };
    assert_eq!(resumed(date(2025, 4, 20), Pauze::NaVolleMaand), "2025-01-10..");
    assert_eq!(resumed(date(2025, 5, 2), Pauze::NaVolleMaand), "2025-01-10..2025-03-10 2025-05-02..");
    assert_eq!(resumed(date(2025, 5, 2), Pauze::Nooit), "2025-01-10..");
}

#[test]
fn a_definitive_stop_after_a_pause() {
    let ended = |end, day_of_receipt| {
        let mut story = story(&[(date(2025, 1, 10), &[("20", date(2025, 3, 10))])]);
        story.today = day_of_receipt;
        assert_eq!(story.stops(&[stop(date(2025, 1, 10), "23", end)]), "ok");
        periods(&[&story.dossier], &EbBeleid::default(), TODAY)
    };
    // Official case 2 and 3: the definitive stop decides.
    assert_eq!(ended(date(2025, 3, 10), date(2025, 3, 20)), "2025-01-10..2025-03-10");
    assert_eq!(ended(date(2025, 4, 2), date(2025, 4, 3)), "2025-01-10..2025-04-02");
    // The pause had ended the period before it came.
    assert_eq!(ended(date(2025, 4, 2), date(2025, 5, 1)), "2025-01-10..2025-03-10");
    assert_eq!(ended(date(2025, 5, 5), date(2025, 5, 6)), "2025-01-10..2025-03-10");
}

#[test]
fn two_toewijzingen_of_a_person_are_one_period() {
    // End to end 1 and P4b: A and B overlap.
    let a = story(&[(date(2025, 1, 10), &[("23", date(2025, 3, 10))])]);
    let mut b = Story::new();
    b.assign(toewijzing(200, "07/07A12"));
    deliver(&mut b, 200, "07/07A12", &[(date(2025, 2, 1), &[("19", date(2025, 5, 20))])]);
    let both = periods(&[&a.dossier, &b.dossier], &EbBeleid::default(), TODAY);
    assert_eq!(both, "2025-01-10..2025-05-20");
    // The order of the dossiers means nothing.
    assert_eq!(periods(&[&b.dossier, &a.dossier], &EbBeleid::default(), TODAY), both);
}

#[test]
fn what_is_taken_back_never_was() {
    let begin = date(2025, 1, 10);
    let mut story = story(&[(begin, &[("23", date(2025, 3, 10))])]);
    assert_eq!(story.stops(&[del_stop(begin, "23", date(2025, 3, 10))]), "ok");
    assert_eq!(periods(&[&story.dossier], &EbBeleid::default(), TODAY), "2025-01-10..");
    assert_eq!(story.starts(&[del_start(begin)]), "ok");
    assert_eq!(periods(&[&story.dossier], &EbBeleid::default(), TODAY), "");
}

#[test]
fn categories() {
    let of = |of: &str| {
        let mut story = Story::new();
        story.assign(toewijzing(100, of));
        deliver(&mut story, 100, of, &[(date(2025, 1, 10), &[])]);
        asked(&[&story.dossier], None, &EbBeleid::default(), TODAY)
    };
    let about = Waarover::Toewijzing(nr(100));
    assert_eq!(show(&of("02/02A01")), "2025-01-10..");
    let wheelchair = of("11/11X01");
    assert_eq!((&wheelchair.perioden[..], &wheelchair.taken[..]), (&[][..], &[][..]));
    assert_eq!(wheelchair.buiten[0].1, Belasting::Vrij, "and it is said why");
    assert_eq!(of("15").taken, [Taak::BeschermdWonen(about.clone())]);
    assert_eq!(of("18").taken, [Taak::BelastingOnbekend(about.clone())]);
    assert_eq!(of("").taken, [Taak::BelastingOnbekend(about)]);
    assert_eq!(show(&of("15")), "");
}

#[test]
fn exceptions_by_date_and_product() {
    let story = story(&[(date(2025, 1, 10), &[])]);
    let rule = |code: Option<&str>, geldig_vanaf, geldig_tot, belasting| Uitzondering {
        categorie: Some(Categorie::new("01").unwrap()),
        code: code.map(|code| iwmo_toewijzing::identity::ProductCode::new(code).unwrap()),
        geldig_vanaf,
        geldig_tot,
        belasting: Some(belasting),
        ..Uitzondering::default()
    };
    let with = |categorie| periods(&[&story.dossier], &policy(Laag { categorie, ..Laag::default() }), TODAY);
    assert_eq!(with(vec![rule(None, None, None, Belasting::Vrij)]), "");
    let free_in_spring = rule(None, Some(date(2025, 3, 1)), Some(date(2025, 6, 1)), Belasting::Vrij);
    assert_eq!(with(vec![free_in_spring.clone()]), "2025-01-10..2025-02-28 2025-06-01..");
    // The product goes before its category.
    assert_eq!(
        with(vec![rule(Some("01A11"), None, None, Belasting::Belast), free_in_spring]),
        "2025-01-10.."
    );
}

#[test]
fn minors() {
    // End to end 5: 17, support since January, 18 on 10 June.
    let story = story(&[(date(2025, 1, 10), &[])]);
    let birth = Some(date(2007, 6, 10));
    let beleid = EbBeleid::default();
    let wanted = asked(&[&story.dossier], birth, &beleid, TODAY);
    assert_eq!(show(&wanted), "2025-06-10..");
    let empty = EbDossier::default();
    let first = EbStartNummer::new(1).unwrap();
    let on = |day| plan(&empty, &wanted.perioden, &beleid, day, first);
    assert_eq!(on(date(2025, 5, 9)), Plan::Niets);
    assert!(matches!(on(date(2025, 5, 10)), Plan::Sturen { .. }));
    // Born on 29 February: 18 on 1 March of a common year.
    let leap = Some(date(2008, 2, 29));
    assert_eq!(show(&asked(&[&story.dossier], leap, &beleid, TODAY)), "2026-03-01..");
    let report = policy(Laag { minderjarig: Some(Minderjarig::Melden), ..Laag::default() });
    assert_eq!(show(&asked(&[&story.dossier], birth, &report, TODAY)), "2025-01-10..");
}

/// The age may change on a day: each day falls under the age of that day.
#[test]
fn the_age_from_which_it_is_due() {
    let story = story(&[(date(2025, 1, 10), &[])]);
    let of_age = |leeftijd| Laag { leeftijd: Some(leeftijd), ..Laag::default() };
    let from = |day, leeftijd| {
        EbBeleid::new(Lagen {
            landelijke_regel: vec![Laag { geldig_vanaf: Some(day), ..of_age(leeftijd) }],
            ..Lagen::default()
        })
    };
    let owed = |birth, beleid: &EbBeleid| show(&asked(&[&story.dossier], Some(birth), beleid, TODAY));
    // 16 on the first day of support, and a day later.
    assert_eq!(owed(date(2009, 1, 10), &policy(of_age(16))), "2025-01-10..");
    assert_eq!(owed(date(2009, 1, 11), &policy(of_age(16))), "2025-01-11..");
    assert_eq!(owed(date(2024, 1, 1), &policy(of_age(0))), "2025-01-10..");
    // 18 in June, 21 from October: due in between, and again from the 21st birthday.
    let higher = from(date(2025, 10, 1), 21);
    assert_eq!(owed(date(2007, 6, 10), &higher), "2025-06-10..2025-09-30 2028-06-10..");
    // 18 only on the day on which it is no longer enough.
    assert_eq!(owed(date(2007, 10, 1), &higher), "2028-10-01..");
    assert_eq!(owed(date(2007, 9, 30), &higher), "2025-09-30..2025-09-30 2028-09-30..");
    // Lowered: due from that day for who is old enough by then, not before.
    assert_eq!(owed(date(2008, 6, 10), &from(date(2025, 10, 1), 16)), "2025-10-01..");
}

#[test]
fn a_delivery_ends_with_its_toewijzing() {
    let mut story = story(&[(date(2025, 1, 10), &[])]);
    story.assign(ToegewezenProduct {
        einddatum: Some(date(2025, 5, 31)),
        reden_wijziging: Some(RedenWijziging::new("05").unwrap()),
        ..ToegewezenProduct { toewijzingsdatum: date(2025, 3, 1), ..toewijzing(100, "01/01A11") }
    });
    let on = |today| periods(&[&story.dossier], &EbBeleid::default(), today);
    assert_eq!(on(date(2025, 5, 31)), "2025-01-10..");
    assert_eq!(on(date(2025, 6, 1)), "2025-01-10..2025-05-31");
    let off = policy(Laag { einde_bij_toewijzing: Some(false), ..Laag::default() });
    assert_eq!(periods(&[&story.dossier], &off, TODAY), "2025-01-10..");
    story.assign(ToegewezenProduct {
        einddatum: Some(date(2025, 1, 1)),
        reden_wijziging: Some(RedenWijziging::new("13").unwrap()),
        ..ToegewezenProduct { toewijzingsdatum: date(2025, 4, 1), ..toewijzing(100, "01/01A11") }
    });
    assert_eq!(periods(&[&story.dossier], &EbBeleid::default(), TODAY), "");
}

#[test]
fn trigger_toewijzing() {
    let by_toewijzing = Laag {
        start_trigger: Some(Trigger::Toewijzing),
        stop_trigger: Some(Trigger::Toewijzing),
        ..Laag::default()
    };
    let beleid = policy(by_toewijzing.clone());
    let mut story = Story::new();
    story.judge(Inhoud::Toewijzen(vec![toewijzing(100, "01/01A11")]));
    // Not before it was approved.
    assert_eq!(periods(&[&story.dossier], &beleid, TODAY), "");
    story.answer(&[]);
    assert_eq!(periods(&[&story.dossier], &beleid, TODAY), "2025-01-01..");
    let levering = Uitzondering {
        categorie: Some(Categorie::new("01").unwrap()),
        start_trigger: Some(Trigger::Levering),
        stop_trigger: Some(Trigger::Levering),
        ..Uitzondering::default()
    };
    let mixed = policy(Laag { categorie: vec![levering], ..by_toewijzing });
    assert_eq!(periods(&[&story.dossier], &mixed, TODAY), "");
}

#[test]
fn death() {
    let story = story(&[(date(2025, 1, 10), &[("02", date(2025, 4, 10))])]);
    assert_eq!(periods(&[&story.dossier], &EbBeleid::default(), TODAY), "2025-01-10..2025-04-10");
    let silent = policy(Laag { overlijden_beleid: Some(Melding::Niets), ..Laag::default() });
    assert_eq!(periods(&[&story.dossier], &silent, TODAY), "2025-01-10..");
}

#[test]
fn taakgericht_deliveries_count_as_well() {
    let mut story = Story::new();
    story.beleid.taakgericht.push(iwmo_toewijzing::judge::Taakgericht {
        aanbieder: story.dossier.key().aanbieder,
        categorie: Categorie::new("02").unwrap(),
    });
    let mut class: StartProduct = start(date(2025, 1, 10));
    (class.key.nummer, class.key.product) = (None, product("02/02A01"));
    assert_eq!(story.starts(&[class]), "ok");
    assert_eq!(periods(&[&story.dossier], &EbBeleid::default(), TODAY), "2025-01-10..");
}

#[test]
fn the_cak_must_know_within_a_month() {
    let story = story(&[(date(2025, 5, 31), &[])]);
    let wanted = asked(&[&story.dossier], None, &EbBeleid::default(), TODAY);
    let mut told = EbDossier::default();
    let due = deadline::cak_data(&wanted, &told);
    assert_eq!((due[0].start, due[0].due), (date(2025, 5, 31), date(2025, 6, 30)));
    assert!(due[0].is_expired(date(2025, 7, 1)) && !due[0].is_expired(date(2025, 6, 30)));
    let start = EbStart { datum: date(2025, 5, 31), kostprijs: None };
    told.take_over(EbStartNummer::new(1).unwrap(), start, None);
    assert_eq!(deadline::cak_data(&wanted, &told), []);
}
