//! Guards and decisions (Dn of the lifecycle) at the points where one word of the code decides; most of these tests
//! stand for a change of the code that no other test noticed.

use iwmo_toewijzing::dossier::{AnomalieSoort, Fase, Mutatie, Onderwerp};
use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::*;
use iwmo_toewijzing::judge::{
    Context, Ernst, FeitSoort, Gemeentelijst, Productlijst, Regel, Rol, Taakgericht, WaarschuwingSoort,
};
use iwmo_toewijzing::{Judgement, judge};
use jiff::civil::{Date, date};

use crate::support::*;

const B: Date = date(2023, 1, 5);
const E: Date = date(2023, 3, 1);

fn reference(text: &str) -> ReferentieAanbieder {
    ReferentieAanbieder::new(text).unwrap()
}

fn asked(text: &str) -> Inhoud {
    Inhoud::Aanvragen(vec![AangevraagdProduct {
        referentie: reference(text),
        product: product("01/01A11"),
        ingangsdatum: date(2023, 12, 1),
    }])
}

fn wanted(nieuw: usize) -> Wijzigingsverzoek {
    let new = NieuwProduct {
        product: product("07/07A12"),
        gewenste_ingangsdatum: date(2023, 12, 1),
        einddatum: None,
    };
    Wijzigingsverzoek {
        referentie: reference("W"),
        ongewijzigd: vec![nr(100)],
        te_wijzigen: vec![],
        nieuw: vec![new; nieuw],
    }
}

fn declared(nummer: u32) -> Inhoud {
    Inhoud::Declareren(vec![Prestatie {
        referentie: ReferentieNummer::new("P1").unwrap(),
        vorige: None,
        nummer: nr(nummer),
        credit: false,
        begin: date(2023, 2, 1),
        eind: date(2023, 2, 28),
    }])
}

fn warned(judgement: &Judgement) -> Vec<WaarschuwingSoort> {
    judgement.waarschuwingen.iter().map(|warning| warning.soort).collect()
}

/// TR379: the reference of a version is spent by it; only the very same version may carry it again.
#[test]
fn a_reference_is_good_for_one_version() {
    let mut story = Story::assigned();
    story.judge(asked("A"));
    let granted = ToegewezenProduct {
        referentie_aanbieder: Some(reference("A")),
        einddatum: Some(date(2024, 6, 30)),
        ..assigned(date(2023, 10, 1))
    };
    story.assign(granted.clone());
    let send =
        |product: ToegewezenProduct| show(&story.clone().judge(Inhoud::Toewijzen(vec![product])).verdict);
    assert_eq!(send(granted.clone()), "ok");
    assert_eq!(
        send(ToegewezenProduct { toewijzingsdatum: date(2023, 10, 2), ..granted.clone() }),
        "9379",
        "a later version with a spent reference"
    );
    let other = ToegewezenProduct { referentie_aanbieder: Some(reference("B")), ..granted };
    assert_eq!(send(other), "9379", "the same version with another reference");
}

/// What a 319 answers for good, and what it does not.
#[test]
fn a_refusal_answers_and_an_investigation_does_not() {
    let mut story = Story::assigned();
    story.judge(asked("A"));
    let answer = |antwoord| Inhoud::Beantwoorden(Antwoord { referentie: reference("A"), antwoord });
    let judgement = story.judge(answer(VerzoekAntwoord::InOnderzoek));
    assert_eq!(judgement.beantwoord, []);
    let judgement = story.judge(answer(VerzoekAntwoord::Afgewezen));
    assert_eq!(judgement.beantwoord, [reference("A")]);
}

/// CS058 of a 307, as of a 305.
#[test]
fn a_stop_with_another_status_is_refused_as_a_whole() {
    for status in [StatusAanlevering::Gewijzigd, StatusAanlevering::Ongewijzigd] {
        let mut story = Story::assigned();
        story.starts(&[start(B)]);
        let odd = StopProduct { status, ..stop(B, "23", E) };
        let judgement = story.judge(Inhoud::Stoppen(vec![odd]));
        assert_eq!(show(&judgement.verdict), "header 0001");
        assert_eq!(judgement.regels(), ["CS058"]);
    }
}

/// TR378, D22: every message names or refers to dates; the gemeente exists on none of them, or on that one.
#[test]
fn tr378_looks_at_the_dates_of_every_message() {
    let messages: Vec<(&str, Inhoud)> = vec![
        ("301", Inhoud::Toewijzen(vec![assigned(date(2023, 10, 1))])),
        ("305", Inhoud::Starten(vec![start(date(2023, 9, 1))])),
        ("307", Inhoud::Stoppen(vec![stop(B, "23", E)])),
        (
            "315",
            Inhoud::Aanvragen(vec![AangevraagdProduct {
                referentie: reference("A"),
                product: None,
                ingangsdatum: date(2023, 1, 1),
            }]),
        ),
        ("317, unchanged", Inhoud::Wijzigen(wanted(0))),
        (
            "317, changed",
            Inhoud::Wijzigen(Wijzigingsverzoek {
                ongewijzigd: vec![],
                te_wijzigen: vec![TeWijzigenProduct {
                    nummer: nr(100),
                    gewenste_ingangsdatum: date(2023, 12, 1),
                    einddatum: None,
                    omvang: None,
                    budget: None,
                }],
                ..wanted(0)
            }),
        ),
        ("323", declared(100)),
    ];
    for (name, inhoud) in messages {
        let judged = |from: Date| {
            let mut list = Gemeentelijst::new();
            // Number 100 begins on 1 January; Dagtekening is 1 November.
            list.add(Gemeente::new("0384").unwrap(), from, Some(from));
            let mut story = Story::assigned();
            story.starts(&[start(B)]);
            let event = story.event(inhoud.clone());
            let mut context = Context::new(story.today, &story.beleid);
            context.gemeenten = Some(&list);
            let verdict = judge(&story.dossier, &event, &context).unwrap().verdict;
            show(&verdict) != "header S300"
        };
        assert!(judged(date(2023, 1, 1)), "{name}: the date it refers to");
        assert!(judged(date(2023, 11, 1)), "{name}: Dagtekening");
        assert!(!judged(date(2023, 1, 2)), "{name}: neither");
    }
}

/// TR304: nothing below a wrong client is judged, however much there is.
#[test]
fn tr304_leaves_the_rest_unjudged() {
    for nieuw in [0, 1, 3] {
        let verdict = Story::new().judge(Inhoud::Wijzigen(wanted(nieuw))).verdict;
        let rest = " | 0233".repeat(2 + nieuw);
        assert_eq!(show(&verdict), format!("8187{rest}"));
    }
}

/// D3, the boundaries: the first and the last day of the toewijzing are inside.
#[test]
fn d3_outside_the_period() {
    let judged = |begin: Date, end: Option<Date>| {
        let mut story = Story::assigned();
        story.today = date(2024, 2, 1);
        let judgement = story.judge(Inhoud::Starten(vec![start(begin)]));
        let judgement = match end {
            None => judgement,
            Some(end) => story.judge(Inhoud::Stoppen(vec![stop(begin, "23", end)])),
        };
        assert!(judgement.verdict.is_goedgekeurd());
        warned(&judgement).contains(&WaarschuwingSoort::OutsidePeriod)
    };
    let (first, last) = (date(2023, 1, 1), date(2023, 12, 31));
    assert!(!judged(first, None) && !judged(last, None));
    assert!(judged(date(2022, 12, 31), None) && judged(date(2024, 1, 1), None));
    assert!(!judged(first, Some(last)) && judged(first, Some(date(2024, 1, 1))));
    let mut endless = Story::new();
    endless.assign(ToegewezenProduct { einddatum: None, ..assigned(date(2022, 12, 20)) });
    let judgement = endless.judge(Inhoud::Starten(vec![start(date(2023, 10, 1))]));
    assert!(!warned(&judgement).contains(&WaarschuwingSoort::OutsidePeriod));
}

/// D4: the sender is asked to confirm, the receiver only warned; the gemeente may choose not to be asked.
#[test]
fn d4_a_delete_under_a_delivery_is_confirmed() {
    let mut story = Story::assigned();
    story.starts(&[start(B)]);
    let deleted = ToegewezenProduct {
        einddatum: Some(date(2023, 1, 1)),
        reden_wijziging: Some(RedenWijziging::VERWIJDERD),
        ..assigned(date(2023, 10, 1))
    };
    let judged = |story: &Story, rol: Rol| {
        story.clone().judge_with(Inhoud::Toewijzen(vec![deleted.clone()]), |context| context.rol = rol)
    };
    let sending = judged(&story, Rol::Verzender);
    let asked: Vec<_> = sending.te_bevestigen().map(|warning| warning.soort).collect();
    assert_eq!(asked, [WaarschuwingSoort::DeleteWithDelivery]);
    assert!(sending.mag_verzonden(), "a confirmation is no block");
    assert_eq!(judged(&story, Rol::Ontvanger).te_bevestigen().count(), 0);
    // Nothing to confirm once the start is gone.
    let mut clean = story.clone();
    clean.starts(&[del_start(B)]);
    assert_eq!(judged(&clean, Rol::Verzender).te_bevestigen().count(), 0);
    story.beleid.bevestig_verzenden = false;
    let silent = judged(&story, Rol::Verzender);
    assert_eq!(silent.te_bevestigen().count(), 0);
    assert_eq!(silent.waarschuwingen[0].ernst, Ernst::Melding);
}

/// D5: of classes that are not deletes the earliest Begindatum is judged first, whatever the order in the message.
#[test]
fn d5_the_earliest_begin_first() {
    let later = date(2023, 4, 3);
    for reverse in [false, true] {
        let mut story = Story::assigned();
        let mut classes = vec![start(B), start(later)];
        if reverse {
            classes.reverse();
        }
        let refused = if reverse { "9326 | 0200" } else { "0200 | 9326" };
        assert_eq!(story.starts(&classes), refused);
    }
}

/// D7: a stop on the older start that is open again is taken (D6: it is open).
#[test]
fn d7_two_open_starts_can_be_closed() {
    let later = date(2023, 4, 3);
    let mut story = Story::assigned();
    story.starts(&[start(B)]);
    story.stops(&[stop(B, "20", E)]);
    story.starts(&[start(later)]);
    assert_eq!(story.stops(&[del_stop(B, "20", E)]), "ok");
    let onderwerp = Onderwerp::Toewijzing(nr(100));
    assert_eq!(story.dossier.anomalieen_van(&onderwerp), [AnomalieSoort::TwoOpenStarts]);
    assert_eq!(story.stops(&[stop(B, "23", E)]), "ok");
    assert_eq!(story.dossier.anomalieen_van(&onderwerp), []);
}

/// D8: only what came too early may wait.
#[test]
fn d8_what_came_too_early() {
    let early = |story: &mut Story, inhoud| story.judge(inhoud).is_te_vroeg();
    let mut story = Story::new();
    assert!(early(&mut story, Inhoud::Starten(vec![start(B)])));
    assert!(early(&mut story, Inhoud::Stoppen(vec![stop(B, "23", E)])));
    assert!(!early(&mut story, Inhoud::Starten(vec![del_start(B)])));
    let mut story = Story::assigned();
    assert!(!early(&mut story, Inhoud::Starten(vec![start(B)])));
    assert!(!early(&mut story, Inhoud::Starten(vec![start(B)])), "9074 and 9326 do not go away");
}

/// D13: a future and a running toewijzing are to be repeated, one that is over is not.
#[test]
fn d13_what_a_301_must_repeat() {
    let mut story = Story::assigned();
    let other =
        ToegewezenProduct { nummer: nr(200), product: product("07/07A12"), ..assigned(date(2023, 10, 1)) };
    for (today, incomplete) in
        [(date(2022, 12, 31), true), (date(2023, 12, 31), true), (date(2024, 1, 1), false)]
    {
        story.today = today;
        let judgement = story.clone().judge(Inhoud::Toewijzen(vec![other.clone()]));
        assert_eq!(warned(&judgement).contains(&WaarschuwingSoort::Incomplete), incomplete, "{today}");
    }
}

/// D17: TR326 counts per product, and TR019 is for those without a contract.
#[test]
fn d17_taakgericht() {
    let mut story = Story::new();
    story.beleid.taakgericht.push(Taakgericht {
        aanbieder: story.dossier.key().aanbieder,
        categorie: Categorie::new("02").unwrap(),
    });
    let class = |text: &str, begin: Date| {
        let mut class = start(begin);
        (class.key.nummer, class.key.product) = (None, product(text));
        class
    };
    assert_eq!(story.starts(&[class("02/02A01", B)]), "ok");
    assert_eq!(story.starts(&[class("02/02A01", E)]), "9326");
    assert_eq!(story.starts(&[class("02/02A02", E)]), "ok");
    assert_eq!(story.starts(&[class("03/03A01", B)]), "9019");
    assert_eq!(story.starts(&[class("", B)]), "9019");
    story.beleid.taakgericht[0].aanbieder = Aanbieder::new("42420002").unwrap();
    assert_eq!(story.starts(&[class("02/02A03", B)]), "9019");
}

/// D20: Identificatie is compared as it is.
#[test]
fn d20_identificatie_is_exact() {
    let id = |text: &str| Identificatie::new(text).unwrap();
    assert_ne!(id("A1"), id("a1"));
    assert_ne!(id("1"), id("01"));
}

/// D23: a BSN of zeros passes with a warning, but for a message that has none.
#[test]
fn d23_bsn_of_zeros() {
    let mut story = Story::of("000000000");
    let judgement = story.judge(Inhoud::Toewijzen(vec![assigned(date(2023, 10, 1))]));
    assert_eq!(warned(&judgement), [WaarschuwingSoort::BsnZero]);
    let answer = Antwoord { referentie: reference("A"), antwoord: VerzoekAntwoord::Afgewezen };
    let judgement = story.judge(Inhoud::Beantwoorden(answer));
    assert!(!warned(&judgement).contains(&WaarschuwingSoort::BsnZero));
}

/// D15: a message of several classes gives the net effect, deletes first.
#[test]
fn d15_the_net_effect() {
    let mut story = Story::assigned();
    story.starts(&[start(B)]);
    story.stops(&[stop(B, "20", E)]);
    let kinds = |judgement: &Judgement| -> Vec<FeitSoort> {
        judgement.feiten.iter().map(|fact| fact.soort).collect()
    };
    let changed = story.judge(Inhoud::Stoppen(vec![stop(B, "20", date(2023, 3, 2)), del_stop(B, "20", E)]));
    assert_eq!(kinds(&changed), [FeitSoort::Gestopt]);
    let gone = story.judge(Inhoud::Stoppen(vec![del_stop(B, "20", date(2023, 3, 2))]));
    assert_eq!(kinds(&gone), [FeitSoort::StopVervallen]);
    let moved = story.judge(Inhoud::Starten(vec![start(date(2023, 1, 6)), del_start(B)]));
    assert_eq!(kinds(&moved), [FeitSoort::StartVervallen, FeitSoort::Gestart]);
    // A refused message states nothing.
    assert_eq!(kinds(&story.judge(Inhoud::Starten(vec![del_start(B)]))), []);
}

/// An approval names what it was held against; a refusal what it breaks; a retour that it answers as a whole.
#[test]
fn every_judgement_names_its_rules() {
    let mut story = Story::assigned();
    let new = story.judge(Inhoud::Toewijzen(vec![ToegewezenProduct {
        nummer: nr(200),
        product: product("07/07A12"),
        ..assigned(date(2023, 10, 1))
    }]));
    assert_eq!(new.regels(), ["TR056", "TR135", "TR332"]);
    assert_eq!(story.answer(&[]).regels(), ["OP286"]);
    let started = story.judge(Inhoud::Starten(vec![start(B)]));
    assert_eq!(started.regels(), ["CS058", "TR019", "TR056", "TR074", "TR135", "TR326"]);
    let again = story.judge(Inhoud::Starten(vec![start(B)]));
    assert_eq!(again.regels(), ["TR074", "TR326"]);
    assert!(again.getoetst.contains(Regel::TR019));
    let paused = story.judge(Inhoud::Stoppen(vec![stop(B, "20", E)]));
    assert_eq!(
        paused.regels(),
        ["CS058", "TR019", "TR056", "TR074", "TR135", "TR382", "TR413", "TR414", "TR415"]
    );
    let deleted = story.judge(Inhoud::Stoppen(vec![del_stop(B, "20", E)]));
    assert_eq!(deleted.regels(), ["CS058", "TR056", "TR063", "TR135"]);
    // With a product list TR381 is one of them, for what has a product.
    let mut list = Productlijst::new();
    list.add(Categorie::new("01").unwrap(), ProductCode::new("01A11").unwrap());
    let mut listed = Story::assigned();
    listed.producten = Some(list);
    assert!(listed.judge(Inhoud::Starten(vec![start(B)])).regels().contains(&"TR381"));
    assert_eq!(story.judge(asked("A")).regels(), ["TR056", "TR135", "TR347", "TR374"]);
    let answer = Antwoord { referentie: reference("A"), antwoord: VerzoekAntwoord::Afgewezen };
    assert_eq!(
        story.judge(Inhoud::Beantwoorden(answer)).regels(),
        ["TR056", "TR135", "TR355", "TR359", "TR360", "TR365"]
    );
    let mut refused = Story::new();
    assert_eq!(refused.judge(Inhoud::Wijzigen(wanted(0))).regels(), ["TR304"]);
}

/// Section 4.2 where both sides lack what may change: that is no other change.
#[test]
fn a_budget_may_change_where_there_is_no_omvang() {
    let mut story = Story::new();
    let base = ToegewezenProduct { omvang: None, budget: Some(1000), ..assigned(date(2022, 12, 20)) };
    story.assign(base.clone());
    let next = |set: &dyn Fn(&mut ToegewezenProduct)| {
        let mut product = ToegewezenProduct { toewijzingsdatum: date(2023, 10, 1), ..base.clone() };
        set(&mut product);
        story.dossier.mutatie(&product)
    };
    assert_eq!(next(&|product| product.budget = Some(2000)), Mutatie::Budget);
    assert_eq!(next(&|_| {}), Mutatie::Unchanged);
    let week = Some(Omvang { volume: 3, eenheid: 4, frequentie: 2 });
    assert_eq!(next(&|product| product.omvang = week), Mutatie::OtherChange);
    assert_eq!(
        next(&|product| product.product = crate::support::product("07/07A12")),
        Mutatie::DifferentProduct
    );
}

/// OP033x1: void takes both the reason (13, or 01 of earlier releases) and an end on the first day.
#[test]
fn void_takes_a_reason_and_an_end() {
    let void = |code: Option<&str>, end: Date| {
        let reden = code.map(|code| RedenWijziging::new(code).unwrap());
        ToegewezenProduct { reden_wijziging: reden, einddatum: Some(end), ..assigned(date(2023, 10, 1)) }
            .is_void()
    };
    let (first, other) = (date(2023, 1, 1), date(2023, 6, 30));
    assert!(void(Some("13"), first) && void(Some("01"), first));
    for not in [void(Some("13"), other), void(Some("01"), other), void(Some("04"), first), void(None, first)]
    {
        assert!(!not);
    }
}

/// The names that reports use.
#[test]
fn phases_have_names() {
    let names = [Fase::Toekomstig, Fase::Lopend, Fase::Verlopen].map(Fase::as_str);
    assert_eq!(names, ["TOEKOMSTIG", "LOPEND", "VERLOPEN"]);
}

/// A dossier is empty until something of any kind is on record.
#[test]
fn a_dossier_with_anything_is_not_empty() {
    assert!(Story::new().dossier.is_empty());
    let mut story = Story::new();
    story.beleid.taakgericht.push(Taakgericht {
        aanbieder: story.dossier.key().aanbieder,
        categorie: Categorie::new("02").unwrap(),
    });
    let mut class = start(B);
    (class.key.nummer, class.key.product) = (None, product("02/02A01"));
    for inhoud in [
        Inhoud::Toewijzen(vec![assigned(date(2023, 10, 1))]),
        Inhoud::Starten(vec![class]),
        asked("A"),
        declared(100),
    ] {
        let mut story = story.clone();
        let judgement = story.judge(inhoud.clone());
        assert!(judgement.verdict.is_goedgekeurd() && !story.dossier.is_empty(), "{inhoud:?}");
    }
}

/// What a retour writes into its header: nothing, its codes, or 0200 above a body.
#[test]
fn the_header_of_a_retour() {
    let mut story = Story::assigned();
    let kop =
        |judgement: Judgement| judgement.verdict.kop().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(kop(story.judge(Inhoud::Starten(vec![start(B)]))), [] as [&str; 0]);
    assert_eq!(kop(story.judge(Inhoud::Starten(vec![start(B)]))), ["0200"]);
    let level2 = story.judge_with(Inhoud::Starten(vec![start(B)]), |context| context.level2_faalt = true);
    assert_eq!(kop(level2), ["0001"]);
}

/// D9: a stop on a version without 302 confirms it as a start does; one on an earlier version does not.
#[test]
fn d9_a_stop_confirms_too() {
    let mut story = Story::assigned();
    story.starts(&[start(B)]);
    let longer = ToegewezenProduct {
        einddatum: Some(date(2024, 6, 30)),
        reden_wijziging: Some(RedenWijziging::new("04").unwrap()),
        ..assigned(date(2023, 10, 1))
    };
    story.judge(Inhoud::Toewijzen(vec![longer]));
    assert!(!story.dossier.is_impliciet_bevestigd(nr(100)), "the start was on the version before");
    story.stops(&[stop(B, "20", E)]);
    assert!(story.dossier.is_impliciet_bevestigd(nr(100)));
    // The first version alone, with a start and its stop.
    let mut first = Story::assigned();
    first.starts(&[start(B)]);
    first.stops(&[stop(B, "20", E)]);
    first.judge(Inhoud::Toewijzen(vec![assigned(date(2023, 10, 1))]));
    assert!(!first.dossier.is_impliciet_bevestigd(nr(100)), "unchanged, it is confirmed in words");
}

/// OP257, IV066: unit, frequency, and a volume that is not of the whole period each need a new number.
#[test]
fn d11_what_needs_a_new_number() {
    let size = |volume, eenheid, frequentie| Some(Omvang { volume, eenheid, frequentie });
    let change = |from: Option<Omvang>, to: Option<Omvang>| {
        let mut story = Story::new();
        story.assign(ToegewezenProduct { omvang: from, ..assigned(date(2022, 12, 20)) });
        story.dossier.mutatie(&ToegewezenProduct { omvang: to, ..assigned(date(2023, 10, 1)) })
    };
    let week = size(3, 4, 2);
    for other in [size(3, 1, 2), size(3, 4, 4), size(3, 1, 4), size(5, 4, 2), size(3, 4, 6), None] {
        assert_eq!(change(week, other), Mutatie::OtherChange, "{other:?}");
    }
    assert_eq!(change(size(80, 4, 6), size(100, 4, 6)), Mutatie::Volume);
    assert_eq!(change(week, week), Mutatie::Unchanged);
}
