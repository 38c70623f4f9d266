//! Lists and policies that a guard asks, where only a case of the whole system asked them before.

use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::*;
use iwmo_toewijzing::judge;
use iwmo_toewijzing::judge::{Context, Gemeentelijst, Productlijst};
use jiff::civil::date;

use crate::support::*;

#[test]
fn tr381_of_a_start() {
    let judge = |code: &str| {
        let mut list = Productlijst::new();
        list.add(Categorie::new("01").unwrap(), ProductCode::new(code).unwrap());
        let mut story = Story::assigned();
        story.producten = Some(list);
        story.starts(&[start(date(2023, 1, 5))])
    };
    assert_eq!(judge("01A11"), "ok");
    assert_eq!(judge("01A12"), "S329");
}

/// D22: of several dates one suffices.
#[test]
fn tr378_any_date_suffices() {
    let mut list = Gemeentelijst::new();
    list.add(Gemeente::new("0384").unwrap(), date(2023, 1, 1), Some(date(2023, 1, 31)));
    let other = ToegewezenProduct {
        nummer: nr(200),
        ingangsdatum: date(2023, 3, 1),
        product: product("07/07A12"),
        ..assigned(date(2022, 12, 20))
    };
    let refusal = |products: Vec<ToegewezenProduct>| {
        let mut story = Story::new();
        let event = story.event(Inhoud::Toewijzen(products));
        let mut context = Context::new(story.today, &story.beleid);
        context.gemeenten = Some(&list);
        let judgement = judge(&story.dossier, &event, &context).unwrap();
        show(&judgement.verdict)
    };
    assert_eq!(refusal(vec![other.clone()]), "header S300");
    assert_eq!(refusal(vec![assigned(date(2022, 12, 20)), other]), "ok");
}

/// D2, strict.
#[test]
fn tr019_strict_about_the_product() {
    let judge = |set: fn(&mut StartProduct)| {
        let mut story = Story::assigned();
        story.beleid.strikt_product = true;
        let mut class = start(date(2023, 1, 5));
        set(&mut class);
        story.starts(&[class])
    };
    assert_eq!(judge(|_| {}), "ok");
    assert_eq!(judge(|class| class.toewijzing_ingangsdatum = None), "ok");
    assert_eq!(judge(|class| class.toewijzing_ingangsdatum = Some(date(2023, 1, 2))), "9019");
    assert_eq!(judge(|class| class.key.product = product("01/01A12")), "9019");
}

/// D2, as it is by default: what differs from the 301 is no reason to refuse.
#[test]
fn tr019_lenient_about_the_product() {
    let judge = |set: fn(&mut StartProduct)| {
        let mut class = start(date(2023, 1, 5));
        set(&mut class);
        Story::assigned().starts(&[class])
    };
    assert_eq!(judge(|class| class.toewijzing_ingangsdatum = Some(date(2023, 1, 2))), "ok");
    assert_eq!(judge(|class| class.key.product = product("01/01A12")), "ok");
}

/// D1: the number alone is enough only where the gemeente says so, and it must still be somebody's.
#[test]
fn tr019_by_number_alone() {
    let judge = |volstaat: bool, known: bool| {
        let mut story = Story::new();
        story.beleid.nummer_volstaat = volstaat;
        let inhoud = Inhoud::Starten(vec![start(date(2023, 1, 5))]);
        let judgement = story.judge_with(inhoud, |context| {
            if known {
                context.nummers_elders.insert(nr(100));
            }
        });
        show(&judgement.verdict)
    };
    assert_eq!(judge(true, true), "ok");
    assert_eq!(judge(true, false), "9019");
    assert_eq!(judge(false, true), "9019");
    assert_eq!(judge(false, false), "9019");
}
