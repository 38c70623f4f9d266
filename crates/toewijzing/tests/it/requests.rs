//! Requests (315, 317), answers (319), declarations (323, 325): each rule broken and kept.

use std::collections::BTreeSet;

use iwmo_toewijzing::deadline::{self, Timer, Wie};
use iwmo_toewijzing::dossier::VerzoekStatus;
use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::*;
use iwmo_toewijzing::judge::Productlijst;
use jiff::civil::{Date, date};

use crate::support::*;

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

/// A 317 that leaves number 100 as it is.
fn wanted() -> Wijzigingsverzoek {
    Wijzigingsverzoek {
        referentie: reference("W1"),
        ongewijzigd: vec![nr(100)],
        te_wijzigen: vec![],
        nieuw: vec![NieuwProduct {
            product: product("07/07A12"),
            gewenste_ingangsdatum: date(2023, 12, 1),
            einddatum: None,
        }],
    }
}

/// A 317 that changes number 100.
fn change(set: impl FnOnce(&mut TeWijzigenProduct)) -> Wijzigingsverzoek {
    let mut product = TeWijzigenProduct {
        nummer: nr(100),
        gewenste_ingangsdatum: date(2023, 12, 1),
        einddatum: Some(date(2024, 6, 30)),
        omvang: Some(Omvang { volume: 5, eenheid: 4, frequentie: 2 }),
        budget: None,
    };
    set(&mut product);
    Wijzigingsverzoek { ongewijzigd: vec![], te_wijzigen: vec![product], nieuw: vec![], ..wanted() }
}

fn ask(story: &mut Story, verzoek: Wijzigingsverzoek) -> String {
    show(&story.judge(Inhoud::Wijzigen(verzoek)).verdict)
}

fn reply(story: &mut Story, text: &str, antwoord: VerzoekAntwoord) -> String {
    let answer = Antwoord { referentie: reference(text), antwoord };
    show(&story.judge(Inhoud::Beantwoorden(answer)).verdict)
}

fn refuse(story: &mut Story, text: &str) -> String {
    reply(story, text, VerzoekAntwoord::Afgewezen)
}

fn investigate(story: &mut Story, text: &str) -> String {
    reply(story, text, VerzoekAntwoord::InOnderzoek)
}

/// The aanbieder answers the message sent last.
fn retour(story: &mut Story, last: u64, code: Option<&str>) {
    let op = Identificatie::new(&format!("M{last}")).unwrap();
    let codes = code.into_iter().map(|code| Retourcode::new(code).unwrap()).collect();
    story.judge(Inhoud::AntwoordRetour(ToewijzingRetour { op, codes, met_klassen: false }));
}

fn state(story: &Story, text: &str) -> Option<VerzoekStatus> {
    story.dossier.verzoek(&reference(text)).map(|verzoek| verzoek.status())
}

/// A story with number 100 as this sets it.
fn with(set: impl FnOnce(&mut ToegewezenProduct)) -> Story {
    let mut product = assigned(date(2022, 12, 20));
    set(&mut product);
    let mut story = Story::new();
    story.assign(product);
    story
}

#[test]
fn tr347_a_reference_is_used_once() {
    let mut story = Story::assigned();
    assert_eq!(show(&story.judge(asked("A")).verdict), "ok");
    refuse(&mut story, "A");
    assert_eq!(show(&story.judge(asked("A")).verdict), "9347");
    let elsewhere = story.judge_with(asked("B"), |context| {
        context.referenties_gebruikt.insert(reference("B"));
    });
    assert_eq!(show(&elsewhere.verdict), "9347");
    assert_eq!(
        ask(&mut story, Wijzigingsverzoek { referentie: reference("A"), ..wanted() }),
        "0200 | 9347 | 0200 | 0200"
    );
}

#[test]
fn tr374_one_request_at_a_time() {
    let mut story = Story::assigned();
    story.judge(asked("A"));
    assert_eq!(show(&story.judge(asked("B")).verdict), "9374");
    assert_eq!(ask(&mut story, wanted()), "0200 | 9374 | 0200 | 0200");
    investigate(&mut story, "A");
    assert_eq!(show(&story.judge(asked("B")).verdict), "9374");
    refuse(&mut story, "A");
    assert_eq!(show(&story.judge(asked("B")).verdict), "ok");
}

#[test]
fn tr381_of_requests() {
    let mut list = Productlijst::new();
    list.add(Categorie::new("01").unwrap(), ProductCode::new("01A12").unwrap());
    let mut story = Story::assigned();
    story.producten = Some(list);
    assert_eq!(show(&story.judge(asked("A")).verdict), "S329");
    assert_eq!(ask(&mut story, wanted()), "0200 | 0200 | 0200 | S329");
}

#[test]
fn tr304_an_unknown_client_is_not_judged_further() {
    let mut story = Story::new();
    assert_eq!(ask(&mut story, wanted()), "8187 | 0233 | 0233 | 0233");
    let mut story = Story::assigned();
    let others = story.judge_with(Inhoud::Wijzigen(wanted()), |context| {
        context.nummers_andere_client.insert(nr(100));
    });
    assert_eq!(show(&others.verdict), "8187 | 0233 | 0233 | 0233");
    assert_eq!(ask(&mut story, wanted()), "ok");
}

#[test]
fn tr349_to_tr351_actual_toewijzingen() {
    let mut story = Story::assigned();
    assert_eq!(ask(&mut story, Wijzigingsverzoek { ongewijzigd: vec![], ..wanted() }), "0200 | 9349 | 0200");
    let both = Wijzigingsverzoek { ongewijzigd: vec![nr(100), nr(200)], ..wanted() };
    assert_eq!(ask(&mut story, both), "0200 | 0200 | 0200 | 9350 | 0200");
    let mut other = change(|product| product.nummer = nr(200));
    other.ongewijzigd = vec![nr(100)];
    assert_eq!(ask(&mut story, other), "0200 | 0200 | 0200 | 9351");
    // The day after its last day it is actual no more.
    for (today, codes) in [(date(2023, 12, 31), "ok"), (date(2024, 1, 1), "0200 | 0200 | 9350 | 0200")] {
        let mut story = Story::assigned();
        story.today = today;
        assert_eq!(ask(&mut story, wanted()), codes, "{today}");
    }
}

#[test]
fn tr357_a_change_lies_ahead_or_goes_back_to_the_beginning() {
    for (day, codes) in [
        (date(2023, 11, 2), "ok"),
        (date(2023, 11, 1), "0200 | 0200 | 9357"),
        (date(2023, 1, 2), "0200 | 0200 | 9357"),
        (date(2023, 1, 1), "ok"),
    ] {
        let verzoek = change(|product| product.gewenste_ingangsdatum = day);
        assert_eq!(ask(&mut Story::assigned(), verzoek), codes, "{day}");
    }
}

#[test]
fn tr373_totals_change_from_the_beginning() {
    let total = Omvang { volume: 80, eenheid: 4, frequentie: 6 };
    let ask_for = |omvang: Omvang, from: Date| {
        let mut story = with(|product| product.omvang = Some(total));
        ask(
            &mut story,
            change(|product| (product.omvang, product.gewenste_ingangsdatum) = (Some(omvang), from)),
        )
    };
    let more = Omvang { volume: 100, ..total };
    assert_eq!(ask_for(more, date(2023, 12, 1)), "0200 | 0200 | 9373");
    assert_eq!(ask_for(more, date(2023, 1, 1)), "ok");
    assert_eq!(ask_for(total, date(2023, 12, 1)), "ok");

    let budget = |from: Date, budget| {
        let mut story = with(|known| {
            (known.product, known.omvang, known.budget) = (product("01"), None, Some(1000));
        });
        let set = |product: &mut TeWijzigenProduct| {
            (product.omvang, product.budget, product.gewenste_ingangsdatum) = (None, Some(budget), from);
        };
        ask(&mut story, change(set))
    };
    assert_eq!(budget(date(2023, 12, 1), 2000), "0200 | 0200 | 9373");
    assert_eq!(budget(date(2023, 12, 1), 1000), "ok");
    assert_eq!(budget(date(2023, 1, 1), 2000), "ok");
}

#[test]
fn tr375_tr411_tr412_size_goes_with_a_product_code() {
    let ask_of = |kind: &str, end: Option<Date>, omvang: Option<Omvang>| {
        let mut story = with(|known| {
            (known.product, known.omvang, known.einddatum) = (product(kind), None, end);
            known.ingangsdatum = date(2020, 1, 1);
        });
        story.today = date(2020, 11, 1);
        ask(
            &mut story,
            change(|product| (product.omvang, product.gewenste_ingangsdatum) = (omvang, date(2020, 1, 1))),
        )
    };
    let some = Some(Omvang { volume: 5, eenheid: 4, frequentie: 2 });
    let (old, new) = (Some(date(2020, 12, 31)), Some(date(2021, 1, 1)));
    assert_eq!(ask_of("01/01A11", new, None), "0200 | 0200 | 9411");
    assert_eq!(ask_of("01/01A11", new, some), "ok");
    assert_eq!(ask_of("01", new, some), "0200 | 0200 | 9412");
    assert_eq!(ask_of("01", None, some), "0200 | 0200 | 9412");
    assert_eq!(ask_of("01", new, None), "ok");
    assert_eq!(ask_of("01", old, some), "ok");
    assert_eq!(ask_of("", new, some), "0200 | 0200 | 9375");
    assert_eq!(ask_of("", None, some), "0200 | 0200 | 9375");
    assert_eq!(ask_of("", new, None), "ok");
    assert_eq!(ask_of("", old, some), "ok");
}

/// Number 100 is 01/01A11 until 2023-12-31 and stays; what is new must not overlap with its kind.
#[test]
fn tr361_what_is_wanted_does_not_overlap() {
    let new = |text: &str, from: Date| NieuwProduct {
        product: product(text),
        gewenste_ingangsdatum: from,
        einddatum: Some(date(2024, 6, 30)),
    };
    let (last, after) = (date(2023, 12, 31), date(2024, 1, 1));
    for (nieuw, overlaps) in [
        (vec![new("01/01A11", last)], true),
        (vec![new("01/01A11", after)], false),
        (vec![new("01/01A12", last)], false),
        (vec![new("01", last)], true),
        (vec![new("01", after)], false),
        (vec![new("02", last)], false),
        (vec![new("", last)], true),
        (vec![new("", after)], false),
        (vec![new("12/12X01", last), new("12/12X01", last)], false),
        (vec![new("12/12X01", after), new("", after)], false),
        (vec![new("", after), new("07/07A12", after)], true),
        (vec![new("", after), new("", after)], true),
        (vec![new("07/07A12", after), new("", after)], true),
        (vec![new("07", after), new("07/07A12", after)], true),
        (vec![new("07/07A12", after), new("07", after)], true),
        (vec![new("07", after), new("07", after)], true),
    ] {
        let verzoek = Wijzigingsverzoek { nieuw, ..wanted() };
        let text = ask(&mut Story::assigned(), verzoek.clone());
        assert_eq!(text.contains("9361"), overlaps, "{:?}: {text}", verzoek.nieuw);
        assert_eq!(text == "ok", !overlaps);
    }
    // A changed product takes the place of its toewijzing.
    let mut verzoek = change(|product| product.einddatum = Some(date(2023, 12, 15)));
    verzoek.nieuw = vec![new("01/01A11", date(2023, 12, 16))];
    assert_eq!(ask(&mut Story::assigned(), verzoek.clone()), "ok");
    verzoek.nieuw = vec![new("01/01A11", date(2023, 12, 15))];
    assert_eq!(ask(&mut Story::assigned(), verzoek), "0200 | 9361 | 0200 | 0200");
}

#[test]
fn tr355_tr360_tr365_answers() {
    let mut story = Story::assigned();
    assert_eq!(refuse(&mut story, "A"), "9355");
    let elsewhere = Antwoord { referentie: reference("A"), antwoord: VerzoekAntwoord::Afgewezen };
    let judgement = story.judge_with(Inhoud::Beantwoorden(elsewhere), |context| {
        context.open_verzoeken.insert(reference("A"));
    });
    assert_eq!(show(&judgement.verdict), "ok");
    story.judge(asked("B"));
    assert_eq!(state(&story, "B"), Some(VerzoekStatus::Pending));
    assert_eq!(investigate(&mut story, "B"), "ok");
    assert_eq!(state(&story, "B"), Some(VerzoekStatus::UnderInvestigation));
    assert_eq!(investigate(&mut story, "B"), "9360");
    assert_eq!(refuse(&mut story, "B"), "ok");
    assert_eq!(state(&story, "B"), Some(VerzoekStatus::Answered));
    assert_eq!(refuse(&mut story, "B"), "9365");
    assert_eq!(investigate(&mut story, "B"), "9360 9365");
}

#[test]
fn tr359_a_granted_request_is_not_refused() {
    let mut story = Story::new();
    story.judge(asked("A"));
    let granted =
        ToegewezenProduct { referentie_aanbieder: Some(reference("A")), ..assigned(date(2023, 10, 1)) };
    let judgement = story.judge(Inhoud::Toewijzen(vec![granted.clone()]));
    assert_eq!(judgement.beantwoord, [reference("A")]);
    assert_eq!(state(&story, "A"), Some(VerzoekStatus::Answered));
    assert_eq!(refuse(&mut story.clone(), "A"), "9359");
    assert_eq!(investigate(&mut story.clone(), "A"), "9359");
    // The aanbieder refuses the 301: it counts as never sent, and the request waits again (OP286).
    story.answer_to("M2", &["0200", "S329"]);
    assert_eq!(state(&story, "A"), Some(VerzoekStatus::Pending));
    assert_eq!(refuse(&mut story, "A"), "ok");
    // TR379: what was refused is granted no more.
    assert_eq!(show(&story.judge(Inhoud::Toewijzen(vec![granted])).verdict), "9379");
}

#[test]
fn an_answer_that_is_refused_was_never_sent() {
    let mut story = Story::assigned();
    story.judge(asked("A"));
    refuse(&mut story, "A");
    // M1 and M2 are the 301 and its 302, M3 the 315, M4 the 319. A 302 on a 301 of the same number says nothing of it.
    story.answer_to("M4", &["9332"]);
    assert_eq!(state(&story, "A"), Some(VerzoekStatus::Answered));
    retour(&mut story, 4, Some("9355"));
    assert_eq!(state(&story, "A"), Some(VerzoekStatus::Pending));
    refuse(&mut story, "A");
    retour(&mut story, 7, None);
    assert_eq!(state(&story, "A"), Some(VerzoekStatus::Answered));
}

#[test]
fn answers_are_due() {
    for (verzoek, timer, name) in [
        (asked("A"), Timer::Antwoord, "OP274"),
        (
            Inhoud::Wijzigen(Wijzigingsverzoek { referentie: reference("A"), ..wanted() }),
            Timer::AntwoordWijziging,
            "OP346",
        ),
    ] {
        let mut story = Story::assigned();
        story.judge(verzoek);
        let due = |story: &Story| deadline::of_dossier(&story.dossier, Wie::Gemeente, &story.beleid.kalender);
        let [running]: [deadline::Deadline; 1] = due(&story).try_into().unwrap();
        assert_eq!((running.timer, running.timer.as_str()), (timer, name));
        // 2023-11-01 is a Wednesday.
        assert_eq!((running.start, running.due), (date(2023, 11, 1), date(2023, 11, 8)));
        story.today = date(2023, 11, 3);
        investigate(&mut story, "A");
        let last = last_entry(&story);
        // OP090: the 319 waits for its 320, a Friday and three working days on.
        let [retour_in, answer]: [deadline::Deadline; 2] = due(&story).try_into().unwrap();
        assert_eq!((retour_in.timer, retour_in.due), (Timer::RetourIn, date(2023, 11, 8)));
        assert_eq!((answer.timer, answer.start, answer.due), (timer, date(2023, 11, 1), date(2023, 12, 27)));
        retour(&mut story, last, None);
        assert_eq!(due(&story), [answer]);
        refuse(&mut story, "A");
        let last = last_entry(&story);
        retour(&mut story, last, None);
        assert_eq!(due(&story), []);
    }
}

fn last_entry(story: &Story) -> u64 {
    story.dossier.verzoeken()[0].reacties.last().unwrap().bericht.entry
}

fn declared(text: &str, vorige: Option<&str>) -> Prestatie {
    let number = |text| ReferentieNummer::new(text).unwrap();
    Prestatie {
        referentie: number(text),
        vorige: vorige.map(number),
        nummer: nr(100),
        credit: vorige.is_some(),
        begin: date(2023, 2, 1),
        eind: date(2023, 2, 28),
    }
}

/// Sends a 323 and its 325.
fn declare(story: &mut Story, prestatie: Prestatie, refused: Option<Afgewezen>) {
    let event = story.event(Inhoud::Declareren(vec![prestatie]));
    let op = event.bericht.identificatie.clone();
    story.dossier.apply(&event, &iwmo_toewijzing::Verdict::Goedgekeurd).unwrap();
    if let Some(afgewezen) = refused {
        story.judge(Inhoud::DeclaratieAntwoord(DeclaratieUitkomst { op, afgewezen }));
    }
}

#[test]
fn tr385_paid_support_is_not_deleted() {
    let none = || Some(Afgewezen::Enkele(BTreeSet::new()));
    let refused =
        |text: &str| Some(Afgewezen::Enkele(BTreeSet::from([ReferentieNummer::new(text).unwrap()])));
    let mut story = Story::assigned();
    let paid = |story: &Story| story.dossier.is_gedeclareerd(nr(100));
    declare(&mut story, declared("1", None), None);
    assert!(!paid(&story), "not before the 325");
    declare(&mut story, declared("2", None), Some(Afgewezen::Alle));
    declare(&mut story, declared("3", None), refused("3"));
    assert!(!paid(&story));
    declare(&mut story, declared("4", None), none());
    assert!(paid(&story));
    assert!(!story.dossier.is_gedeclareerd(nr(200)));
    let delete = ToegewezenProduct {
        einddatum: Some(date(2023, 1, 1)),
        reden_wijziging: Some(RedenWijziging::VERWIJDERD),
        ..assigned(date(2023, 10, 1))
    };
    assert_eq!(show(&story.judge(Inhoud::Toewijzen(vec![delete.clone()])).verdict), "9385");
    declare(&mut story, declared("5", Some("3")), none());
    declare(&mut story, declared("6", Some("4")), refused("6"));
    assert!(paid(&story), "a refused credit takes nothing back");
    declare(&mut story, declared("7", Some("4")), none());
    assert!(!paid(&story));
    assert_eq!(show(&story.judge(Inhoud::Toewijzen(vec![delete])).verdict), "ok");
}
