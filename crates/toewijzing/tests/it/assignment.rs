//! Every row of the table of toewijzingen (section 4.3 of the lifecycle).

use iwmo_toewijzing::dossier::{AnomalieSoort, Fase, Mutatie, Onderwerp};
use iwmo_toewijzing::event::{Inhoud, ToegewezenProduct, ToewijzingRetour};
use iwmo_toewijzing::identity::{
    Categorie, Identificatie, Omvang, ProductCode, RedenWijziging, ReferentieAanbieder, Retourcode,
};
use iwmo_toewijzing::judge::{Ernst, FeitSoort, Productlijst, Rol, WaarschuwingSoort};
use jiff::civil::{Date, date};

use crate::support::*;

const NEW: Date = date(2023, 5, 1);

fn later(change: impl FnOnce(&mut ToegewezenProduct)) -> ToegewezenProduct {
    let mut product = assigned(NEW);
    change(&mut product);
    product
}

fn reden(code: &str) -> Option<RedenWijziging> {
    Some(RedenWijziging::new(code).unwrap())
}

fn deleted() -> ToegewezenProduct {
    later(|product| {
        product.einddatum = Some(product.ingangsdatum);
        product.reden_wijziging = reden("13");
    })
}

fn send(story: &mut Story, product: ToegewezenProduct) -> String {
    show(&story.judge(Inhoud::Toewijzen(vec![product])).verdict)
}

fn kinds(judgement: &iwmo_toewijzing::Judgement) -> Vec<WaarschuwingSoort> {
    judgement.waarschuwingen.iter().map(|warning| warning.soort).collect()
}

#[test]
fn t1_and_t4_first_version_and_its_approval() {
    let mut story = Story::new();
    assert_eq!(story.status(), "ONBEKEND");
    assert_eq!(send(&mut story, assigned(NEW)), "ok");
    assert_eq!(story.status(), "AANGEBODEN");
    let judgement = story.answer(&[]);
    assert_eq!(story.status(), "BEVESTIGD");
    assert_eq!(judgement.feiten[0].soort, FeitSoort::Toegewezen);
    // D24: 0200 alone approves as well.
    let mut story = Story::new();
    send(&mut story, assigned(NEW));
    let judgement = story.answer(&["0200"]);
    assert_eq!(kinds(&judgement), [WaarschuwingSoort::RetourOnly0200]);
    assert_eq!(story.status(), "BEVESTIGD");
    // With the classes it refuses, though every code says that there is nothing to remark.
    let mut story = Story::new();
    send(&mut story, assigned(NEW));
    let op = Identificatie::new("M1").unwrap();
    let codes = vec![Retourcode::GEEN_OPMERKINGEN; 4];
    let judgement = story.judge(Inhoud::ToewijzingRetour(ToewijzingRetour { op, codes, met_klassen: true }));
    assert_eq!(kinds(&judgement), []);
    assert_eq!(story.status(), "ONBEKEND");
}

#[test]
fn t2_a_change_of_something_never_seen() {
    let mut story = Story::new();
    let judgement = story.assign(later(|product| product.reden_wijziging = reden("04")));
    assert_eq!(kinds(&judgement), [WaarschuwingSoort::FirstVersionNeverSeen]);
    assert_eq!(story.status(), "BEVESTIGD");
}

#[test]
fn t3_delete_before_the_first_version() {
    let mut story = Story::new();
    assert_eq!(send(&mut story, deleted()), "ok");
    assert_eq!(story.status(), "VERWIJDERD");
    // The first one that comes later is older.
    assert_eq!(send(&mut story, assigned(date(2022, 12, 20))), "ok");
    assert_eq!(story.status(), "VERWIJDERD");
}

#[test]
fn t5_refusal_takes_back_one_version_only() {
    let mut story = Story::new();
    send(&mut story, assigned(NEW));
    story.answer(&["0200", "0200", "S329"]);
    assert_eq!(story.status(), "ONBEKEND");
    // The correction is again a first sending.
    assert_eq!(story.dossier.mutatie(&assigned(NEW)), Mutatie::New);
    story.assign(assigned(NEW));
    assert_eq!(story.status(), "BEVESTIGD");
    send(&mut story, later(|product| product.einddatum = None));
    let longer = later(|product| {
        product.toewijzingsdatum = date(2023, 5, 2);
        product.einddatum = None;
        product.reden_wijziging = reden("04");
    });
    send(&mut story, longer);
    assert_eq!(story.status(), "AANGEBODEN");
    story.answer(&["9379"]);
    assert_eq!(story.dossier.effectief(nr(100)).unwrap().inhoud.toewijzingsdatum, NEW);
}

#[test]
fn a_retour_that_nothing_waits_for_changes_nothing() {
    let mut story = Story::assigned();
    let before = story.dossier.clone();
    let judgement = story.answer(&["S329"]);
    assert_eq!(kinds(&judgement), [WaarschuwingSoort::RetourUnmatched]);
    assert_eq!(story.dossier, before);
}

#[test]
fn t6_to_t8_changes() {
    let total = |volume| Some(Omvang { volume, eenheid: 4, frequentie: 6 });
    let end = |day| later(move |product| (product.einddatum, product.reden_wijziging) = (day, reden("12")));
    for (product, mutatie) in [
        (end(None), Mutatie::Oprekken),
        (end(Some(date(2024, 6, 30))), Mutatie::Oprekken),
        (end(Some(date(2023, 6, 30))), Mutatie::Intrekken),
        (
            later(|product| (product.budget, product.reden_wijziging) = (Some(100), reden("12"))),
            Mutatie::Budget,
        ),
    ] {
        let mut story = Story::assigned();
        assert_eq!(story.dossier.mutatie(&product), mutatie);
        let judgement = story.judge(Inhoud::Toewijzen(vec![product]));
        assert_eq!(show(&judgement.verdict), "ok");
        assert_eq!(kinds(&judgement), []);
        assert_eq!(story.status(), "AANGEBODEN");
        let judgement = story.answer(&[]);
        assert_eq!(story.status(), "BEVESTIGD");
        assert_eq!(judgement.feiten[0].soort, FeitSoort::ToewijzingGewijzigd);
    }
    let mut story = Story::new();
    story.assign(ToegewezenProduct { omvang: total(80), ..assigned(date(2022, 12, 20)) });
    assert_eq!(
        story.dossier.mutatie(&ToegewezenProduct { omvang: total(100), ..assigned(NEW) }),
        Mutatie::Volume
    );
}

#[test]
fn t7_an_earlier_end_wants_a_stop_where_delivery_is_open() {
    let mut story = Story::assigned();
    let shorter = later(|product| {
        (product.einddatum, product.reden_wijziging) = (Some(date(2023, 5, 31)), reden("07"))
    });
    let judgement = story.clone().judge(Inhoud::Toewijzen(vec![shorter.clone()]));
    assert_eq!(judgement.verwachte_stops, []);
    story.starts(&[start(date(2023, 1, 5))]);
    let judgement = story.judge(Inhoud::Toewijzen(vec![shorter]));
    assert_eq!(judgement.verwachte_stops[0].reden.unwrap().as_str(), "31");
    assert_eq!(story.answer(&[]).feiten[0].soort, FeitSoort::ToewijzingBeeindigd);
}

#[test]
fn t9_delete() {
    let mut story = Story::assigned();
    let judgement = story.judge_with(Inhoud::Toewijzen(vec![deleted()]), |context| {
        context.prestaties.insert(nr(100));
    });
    assert_eq!(show(&judgement.verdict), "9385");
    assert_eq!(story.status(), "BEVESTIGD");
    story.assign(deleted());
    assert_eq!(story.status(), "VERWIJDERD");
    assert_eq!(story.dossier.fase(nr(100), NEW), None);
    assert_eq!(story.starts(&[start(date(2023, 1, 5))]), "9019");
}

#[test]
fn d4_delete_under_a_delivery() {
    let begin = date(2023, 1, 5);
    let mut story = Story::assigned();
    story.starts(&[start(begin)]);
    let judgement = story.clone().judge_with(Inhoud::Toewijzen(vec![deleted()]), |context| {
        context.rol = Rol::Verzender;
    });
    assert_eq!(judgement.waarschuwingen[0].ernst, Ernst::Bevestigen);
    assert!(judgement.mag_verzonden());
    story.assign(deleted());
    let onderwerp = Onderwerp::Toewijzing(nr(100));
    assert_eq!(story.dossier.anomalieen_van(&onderwerp), [AnomalieSoort::DeletedWithDelivery]);
    assert_eq!(story.stops(&[stop(begin, "23", date(2023, 3, 1))]), "9019");
    // The aanbieder can still take its start back.
    assert_eq!(story.clone().starts(&[del_start(begin)]), "ok");
    // The other choice: stops are taken, so that it can be closed.
    story.beleid.stops_na_verwijdering = true;
    assert_eq!(story.stops(&[stop(begin, "23", date(2023, 3, 1))]), "ok");
    assert_eq!(story.starts(&[start(date(2023, 4, 1))]), "9019");
}

#[test]
fn t10_resend_and_unchanged() {
    let mut story = Story::assigned();
    let same = assigned(date(2022, 12, 20));
    assert_eq!(story.dossier.mutatie(&same), Mutatie::Resend);
    assert_eq!(send(&mut story, same), "ok");
    assert_eq!(story.dossier.versies(nr(100)).len(), 1);
    assert_eq!(story.dossier.mutatie(&assigned(NEW)), Mutatie::Unchanged);
    assert_eq!(send(&mut story, assigned(NEW)), "ok");
    assert_eq!(story.dossier.versies(nr(100)).len(), 2);
    assert_eq!(story.status(), "BEVESTIGD");
    // A first sending whose 302 got lost may be sent again; either answer counts.
    let mut story = Story::new();
    send(&mut story, assigned(NEW));
    send(&mut story, assigned(NEW));
    assert_eq!(story.status(), "AANGEBODEN");
    story.answer(&[]);
    assert_eq!(story.status(), "BEVESTIGD");
}

#[test]
fn t11_a_change_that_needs_a_new_number() {
    let other = later(|product| {
        product.omvang = Some(Omvang { volume: 5, eenheid: 4, frequentie: 2 });
        product.reden_wijziging = reden("12");
    });
    let mut story = Story::assigned();
    let judgement = story.judge(Inhoud::Toewijzen(vec![other.clone()]));
    assert_eq!(show(&judgement.verdict), "ok");
    assert_eq!(kinds(&judgement), [WaarschuwingSoort::NewNumberNeeded]);
    assert!(judgement.mag_verzonden());
    // D11: not when sending, unless the policy says so.
    let mut story = Story::assigned();
    let preflight = |story: &mut Story| {
        story.judge_with(Inhoud::Toewijzen(vec![other.clone()]), |context| context.rol = Rol::Verzender)
    };
    assert!(!preflight(&mut story.clone()).mag_verzonden());
    story.beleid.strikt_verzenden = false;
    assert!(preflight(&mut story).mag_verzonden());
}

#[test]
fn t12_another_product_under_a_used_number() {
    let mut story = Story::assigned();
    assert_eq!(send(&mut story, later(|p| p.product = product("07/07A12"))), "9332");
    assert_eq!(send(&mut story, later(|p| p.ingangsdatum = date(2023, 2, 1))), "9332");
    let judgement = Story::new().judge_with(Inhoud::Toewijzen(vec![assigned(NEW)]), |context| {
        context.nummers_elders.insert(nr(100));
    });
    assert_eq!(show(&judgement.verdict), "9332");
    assert_eq!(story.status(), "BEVESTIGD");
}

#[test]
fn t13_older_and_d10_equal_versions() {
    let mut story = Story::assigned();
    let older = ToegewezenProduct { einddatum: None, ..assigned(date(2022, 12, 1)) };
    assert_eq!(story.dossier.mutatie(&older), Mutatie::Older);
    assert_eq!(send(&mut story, older), "ok");
    assert_eq!(story.status(), "BEVESTIGD");
    assert!(story.dossier.effectief(nr(100)).unwrap().inhoud.einddatum.is_some());
    // The same version with another content: the one received later wins.
    let equal = ToegewezenProduct { einddatum: None, ..assigned(date(2022, 12, 20)) };
    assert_eq!(send(&mut story, equal), "ok");
    assert_eq!(story.dossier.effectief(nr(100)).unwrap().inhoud.einddatum, None);
    let onderwerp = Onderwerp::Toewijzing(nr(100));
    assert_eq!(story.dossier.anomalieen_van(&onderwerp), [AnomalieSoort::SameVersionOtherContent]);
    // A new version takes the place of both, and nothing is left to look at.
    let newer = ToegewezenProduct { reden_wijziging: reden("04"), ..assigned(date(2023, 3, 1)) };
    assert_eq!(send(&mut story, newer), "ok");
    assert_eq!(story.dossier.anomalieen_van(&onderwerp), []);
}

#[test]
fn t14_a_deleted_number_comes_back() {
    let mut story = Story::assigned();
    story.assign(deleted());
    let again = assigned(date(2023, 6, 1));
    assert_eq!(story.dossier.mutatie(&again), Mutatie::Revive);
    let judgement = story.judge(Inhoud::Toewijzen(vec![again]));
    assert_eq!(kinds(&judgement), [WaarschuwingSoort::Revived]);
    assert_eq!(story.status(), "AANGEBODEN");
}

#[test]
fn t15_references() {
    let reference = ReferentieAanbieder::new("R1").unwrap();
    let granted = later(|product| product.referentie_aanbieder = Some(reference.clone()));
    let mut story = Story::new();
    assert_eq!(send(&mut story.clone(), granted.clone()), "9379");
    let judgement = story.judge_with(Inhoud::Toewijzen(vec![granted.clone()]), |context| {
        context.open_verzoeken.insert(reference.clone());
    });
    assert_eq!(judgement.beantwoord, [reference]);
    story.answer(&[]);
    // By then it is answered; the same version may still be sent again.
    assert_eq!(send(&mut story, granted), "ok");
}

#[test]
fn t16_product_list() {
    let mut list = Productlijst::new();
    list.add(Categorie::new("01").unwrap(), ProductCode::new("01A12").unwrap());
    let judge = |product: ToegewezenProduct| {
        let mut story = Story::new();
        story.producten = Some(list.clone());
        send(&mut story, product)
    };
    assert_eq!(judge(assigned(NEW)), "S329");
    assert_eq!(judge(later(|p| p.product = product("01/01A12"))), "ok");
    assert_eq!(judge(later(|p| p.product = product("05"))), "ok");
    assert_eq!(judge(later(|p| p.product = None)), "ok");
}

#[test]
fn t17_an_incomplete_301() {
    let mut story = Story::assigned();
    let other = later(|product| product.nummer = nr(200));
    let judgement = story.judge(Inhoud::Toewijzen(vec![other.clone()]));
    assert_eq!(kinds(&judgement), [WaarschuwingSoort::Incomplete]);
    let judgement = story.judge_with(Inhoud::Toewijzen(vec![other]), |c| c.rol = Rol::Verzender);
    assert!(!judgement.mag_verzonden());
    assert_eq!(story.status(), "BEVESTIGD");
}

#[test]
fn d9_start_before_the_302() {
    let mut story = Story::new();
    send(&mut story, assigned(NEW));
    let sent = story.clone();
    assert!(!story.dossier.is_impliciet_bevestigd(nr(100)));
    // The 302 answers message M1.
    let answer = |story: &mut Story, code: &str| {
        let codes = vec![Retourcode::new(code).unwrap()];
        let op = Identificatie::new("M1").unwrap();
        story.judge(Inhoud::ToewijzingRetour(ToewijzingRetour { op, codes, met_klassen: false }))
    };
    assert_eq!(story.starts(&[start(date(2023, 1, 5))]), "ok");
    assert!(story.dossier.is_impliciet_bevestigd(nr(100)));
    let judgement = answer(&mut story, "S329");
    assert_eq!(judgement.anomalieen[0].soort, AnomalieSoort::RejectedWithDelivery);
    assert_eq!(story.status(), "ONBEKEND");
    assert_eq!(story.levering(), "GESTART 2023-01-05");
    // A corrected version ends the anomaly.
    let judgement = story.assign(assigned(date(2023, 5, 2)));
    assert_eq!(judgement.opgelost[0].soort, AnomalieSoort::RejectedWithDelivery);
    // The other choice: no start until the 302 came.
    let mut strict = sent;
    strict.beleid.wacht_op_bevestiging = true;
    assert_eq!(strict.starts(&[start(date(2023, 1, 5))]), "9019");
    answer(&mut strict, "0200");
    assert_eq!(strict.starts(&[start(date(2023, 1, 5))]), "ok");
}

#[test]
fn phases() {
    let story = Story::assigned();
    let fase = |day| story.dossier.fase(nr(100), day);
    assert_eq!(fase(date(2022, 12, 31)), Some(Fase::Toekomstig));
    assert_eq!(fase(date(2023, 1, 1)), Some(Fase::Lopend));
    assert_eq!(fase(date(2023, 12, 31)), Some(Fase::Lopend));
    assert_eq!(fase(date(2024, 1, 1)), Some(Fase::Verlopen));
}

#[test]
fn d12_reasons_that_do_not_fit() {
    for (end, code, want) in [
        (Some(date(2023, 6, 30)), None, Some(WaarschuwingSoort::RedenMissing)),
        (Some(date(2023, 6, 30)), Some("04"), Some(WaarschuwingSoort::RedenUnfitting)),
        (None, Some("05"), Some(WaarschuwingSoort::RedenUnfitting)),
        (Some(date(2023, 12, 31)), Some("12"), Some(WaarschuwingSoort::RedenSuperfluous)),
        (Some(date(2023, 12, 31)), None, None),
    ] {
        let changed = later(|p| (p.einddatum, p.reden_wijziging) = (end, code.and_then(reden)));
        let judgement = Story::assigned().judge(Inhoud::Toewijzen(vec![changed]));
        assert_eq!(kinds(&judgement), want.into_iter().collect::<Vec<_>>());
    }
}
