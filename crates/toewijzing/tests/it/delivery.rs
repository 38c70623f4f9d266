//! Every row of the table of deliveries (section 5.3 of the lifecycle), and the order of classes.

use iwmo_toewijzing::dossier::{AnomalieSoort, Onderwerp};
use iwmo_toewijzing::event::{Inhoud, StartProduct, StatusAanlevering};
use jiff::civil::{Date, date};

use crate::support::*;

const B: Date = date(2023, 1, 5);
const B2: Date = date(2023, 4, 3);
const E: Date = date(2023, 3, 1);
const LATER: Date = date(2023, 3, 15);
const EARLIER: Date = date(2023, 2, 20);

fn started() -> Story {
    let mut story = Story::assigned();
    assert_eq!(story.starts(&[start(B)]), "ok");
    story
}

fn paused() -> Story {
    let mut story = started();
    assert_eq!(story.stops(&[stop(B, "20", E)]), "ok");
    story
}

fn ended() -> Story {
    let mut story = started();
    assert_eq!(story.stops(&[stop(B, "23", E)]), "ok");
    story
}

/// GESTART(B2) after an older episode with these stops.
fn restarted(stops: &[(&str, Date)]) -> Story {
    let mut story = started();
    for (reden, end) in stops {
        assert_eq!(story.stops(&[stop(B, reden, *end)]), "ok");
    }
    assert_eq!(story.starts(&[start(B2)]), "ok");
    story
}

fn gestart(begin: Date) -> String {
    format!("GESTART {begin}")
}

#[test]
fn l1_start() {
    assert_eq!(started().levering(), gestart(B));
}

#[test]
fn l2_nothing_to_delete() {
    let mut story = Story::assigned();
    assert_eq!(story.starts(&[del_start(B)]), "9063");
    assert_eq!(story.stops(&[del_stop(B, "23", E)]), "9063");
    assert_eq!(story.levering(), "NIET_GESTART");
}

#[test]
fn l3_nothing_to_stop() {
    let mut story = Story::assigned();
    assert_eq!(story.stops(&[stop(B, "20", E)]), "9069");
    assert_eq!(story.stops(&[stop(B, "23", E)]), "9069");
    assert_eq!(story.levering(), "NIET_GESTART");
}

#[test]
fn l4_same_start_again() {
    let mut story = started();
    assert_eq!(story.starts(&[start(B)]), "9074 9326");
}

#[test]
fn l5_another_start_while_one_is_open() {
    let mut story = started();
    assert_eq!(story.starts(&[start(B2)]), "9326");
    assert_eq!(story.levering(), gestart(B));
}

#[test]
fn l6_delete_start() {
    let mut story = started();
    assert_eq!(story.starts(&[del_start(B)]), "ok");
    assert_eq!(story.levering(), "NIET_GESTART");
    let mut story = restarted(&[("23", E)]);
    assert_eq!(story.starts(&[del_start(B2)]), "ok");
    assert_eq!(story.levering(), format!("BEEINDIGD {B} {E}"));
}

#[test]
fn l7_delete_of_an_older_stopped_start() {
    let mut story = restarted(&[("20", E)]);
    assert_eq!(story.starts(&[del_start(B)]), "9071");
    assert_eq!(story.levering(), gestart(B2));
}

#[test]
fn l8_pause_and_l9_end() {
    assert_eq!(paused().levering(), format!("TIJDELIJK_GESTOPT {B} {E}"));
    assert_eq!(ended().levering(), format!("BEEINDIGD {B} {E}"));
}

#[test]
fn l10_stop_of_no_such_start() {
    let mut story = started();
    assert_eq!(story.stops(&[stop(date(2023, 1, 6), "23", E)]), "9069");
    let mut other = stop(B, "23", E);
    other.key.start.product = product("01/01A12");
    assert_eq!(story.stops(&[other]), "9069");
    assert_eq!(story.levering(), gestart(B));
}

#[test]
fn l11_stop_of_an_older_closed_start() {
    let mut story = restarted(&[("23", E)]);
    assert_eq!(story.stops(&[stop(B, "19", LATER)]), "9069 9415");
    assert_eq!(story.stops(&[stop(B, "19", EARLIER)]), "9069 9414 9415");
    assert_eq!(story.stops(&[stop(B, "23", E)]), "9069 9074 9415");
    assert_eq!(story.stops(&[stop(B, "20", LATER)]), "9069 9415");
    let mut story = restarted(&[("20", EARLIER), ("23", E)]);
    assert_eq!(story.stops(&[stop(B, "20", LATER)]), "9069 9413 9415");
    assert_eq!(story.levering(), gestart(B2));
}

#[test]
fn l12_stop_of_an_older_paused_start() {
    let mut story = restarted(&[("20", E)]);
    assert_eq!(story.stops(&[stop(B, "23", LATER)]), "9069");
    assert_eq!(story.stops(&[stop(B, "23", EARLIER)]), "9069 9414");
    assert_eq!(story.stops(&[stop(B, "20", LATER)]), "9069 9413");
    assert_eq!(story.stops(&[stop(B, "20", E)]), "9069 9074 9413");
    assert_eq!(story.levering(), gestart(B2));
    // D6, the other choice.
    story.beleid.stop_op_elke_start = true;
    assert_eq!(story.stops(&[stop(B, "23", LATER)]), "ok");
}

#[test]
fn l13_resume() {
    assert_eq!(restarted(&[("20", E)]).levering(), gestart(B2));
}

#[test]
fn l14_resume_on_the_same_day() {
    let mut story = paused();
    assert_eq!(story.starts(&[start(B)]), "9074");
}

#[test]
fn l15_pause_of_a_pause() {
    let mut story = paused();
    assert_eq!(story.stops(&[stop(B, "20", LATER)]), "9413");
    assert_eq!(story.stops(&[stop(B, "20", E)]), "9074 9413");
    assert_eq!(story.stops(&[stop(B, "20", EARLIER)]), "9413 9414");
}

#[test]
fn l16_and_l17_end_of_a_pause() {
    let mut story = paused();
    assert_eq!(story.stops(&[stop(B, "23", EARLIER)]), "9414");
    assert_eq!(story.stops(&[stop(B, "23", E)]), "ok");
    assert_eq!(story.levering(), format!("BEEINDIGD {B} {E}"));
    let mut story = paused();
    assert_eq!(story.stops(&[stop(B, "23", LATER)]), "ok");
    assert_eq!(story.levering(), format!("BEEINDIGD {B} {LATER}"));
}

#[test]
fn l18_delete_of_a_pause() {
    let mut story = paused();
    assert_eq!(story.stops(&[del_stop(B, "20", E)]), "ok");
    assert_eq!(story.levering(), gestart(B));
}

#[test]
fn l19_delete_of_a_start_with_a_stop() {
    assert_eq!(paused().starts(&[del_start(B)]), "9071");
    assert_eq!(ended().starts(&[del_start(B)]), "9071");
}

#[test]
fn l20_and_l21_start_after_the_end() {
    assert_eq!(restarted(&[("23", E)]).levering(), gestart(B2));
    assert_eq!(ended().starts(&[start(B)]), "9074");
}

#[test]
fn l22_stop_after_the_end() {
    let mut story = ended();
    assert_eq!(story.stops(&[stop(B, "19", LATER)]), "9415");
    assert_eq!(story.stops(&[stop(B, "20", LATER)]), "9415");
    assert_eq!(story.stops(&[stop(B, "19", EARLIER)]), "9414 9415");
    assert_eq!(story.stops(&[stop(B, "23", E)]), "9074 9415");
    let mut story = paused();
    assert_eq!(story.stops(&[stop(B, "23", LATER)]), "ok");
    assert_eq!(story.stops(&[stop(B, "20", E)]), "9074 9413 9414 9415");
    // D18, the other choice.
    story.beleid.alleen_eerste_code = true;
    assert_eq!(story.stops(&[stop(B, "20", E)]), "9074");
}

#[test]
fn l23_and_l24_delete_of_one_of_two_stops() {
    let mut story = ended();
    assert_eq!(story.stops(&[del_stop(B, "23", E)]), "ok");
    assert_eq!(story.levering(), gestart(B));
    let mut story = paused();
    assert_eq!(story.stops(&[stop(B, "23", LATER)]), "ok");
    let mut without_definitive = story.clone();
    assert_eq!(without_definitive.stops(&[del_stop(B, "23", LATER)]), "ok");
    assert_eq!(without_definitive.levering(), format!("TIJDELIJK_GESTOPT {B} {E}"));
    assert_eq!(story.stops(&[del_stop(B, "20", E)]), "ok");
    assert_eq!(story.levering(), format!("BEEINDIGD {B} {LATER}"));
}

#[test]
fn l25_delete_of_a_stop_under_a_newer_start() {
    let mut story = restarted(&[("20", E)]);
    let judgement = story.judge(Inhoud::Stoppen(vec![del_stop(B, "20", E)]));
    assert_eq!(show(&judgement.verdict), "ok");
    assert_eq!(judgement.anomalieen.len(), 1);
    let onderwerp = Onderwerp::Toewijzing(nr(100));
    assert_eq!(story.dossier.anomalieen_van(&onderwerp), [AnomalieSoort::TwoOpenStarts]);
    assert_eq!(story.levering(), gestart(B2));
    assert_eq!(story.starts(&[start(date(2023, 5, 1))]), "9326");
    let judgement = story.judge(Inhoud::Stoppen(vec![stop(B, "23", E)]));
    assert_eq!(judgement.opgelost.len(), 1);
}

#[test]
fn l26_delete_of_what_was_deleted() {
    let mut story = started();
    assert_eq!(story.starts(&[del_start(B)]), "ok");
    assert_eq!(story.starts(&[del_start(B)]), "9063");
    assert_eq!(story.starts(&[start(B)]), "ok");
    assert_eq!(story.levering(), gestart(B));
}

#[test]
fn l27_status_2_and_9() {
    for status in [StatusAanlevering::Gewijzigd, StatusAanlevering::Ongewijzigd] {
        let mut story = Story::assigned();
        let class = StartProduct { status, ..start(B) };
        assert_eq!(story.starts(&[start(B2), class]), "header 0001");
        assert_eq!(story.levering(), "NIET_GESTART");
    }
}

#[test]
fn deletes_come_first_whatever_the_order() {
    for reverse in [false, true] {
        let mut story = started();
        let mut classes = vec![del_start(B), start(B2)];
        if reverse {
            classes.reverse();
        }
        assert_eq!(story.starts(&classes), "ok");
        assert_eq!(story.levering(), gestart(B2));

        let mut story = ended();
        let mut classes = vec![del_stop(B, "23", E), stop(B, "19", EARLIER)];
        if reverse {
            classes.reverse();
        }
        assert_eq!(story.stops(&classes), "ok");
        assert_eq!(story.levering(), format!("BEEINDIGD {B} {EARLIER}"));
    }
}

#[test]
fn a_pause_and_an_end_may_travel_together() {
    let mut story = started();
    assert_eq!(story.stops(&[stop(B, "23", LATER), stop(B, "20", E)]), "ok");
    assert_eq!(story.levering(), format!("BEEINDIGD {B} {LATER}"));
}

#[test]
fn one_wrong_class_refuses_all() {
    let mut story = started();
    let wrong = StartProduct { key: start_key(999, B), ..start(B) };
    assert_eq!(story.starts(&[del_start(B), wrong]), "0200 | 9019");
    assert_eq!(story.levering(), gestart(B));
}

#[test]
fn header_codes_come_alone_and_ascending() {
    let mut story = Story::assigned();
    story.today = date(2023, 1, 1);
    let list = iwmo_toewijzing::judge::Gemeentelijst::new();
    let mut event = story.event(Inhoud::Starten(vec![start(B)]));
    event.bericht.dagtekening = date(2023, 1, 2);
    let beleid = story.beleid.clone();
    let mut context = iwmo_toewijzing::judge::Context::new(story.today, &beleid);
    context.gemeenten = Some(&list);
    context.identificatie_gebruikt = true;
    let judgement = iwmo_toewijzing::judge(&story.dossier, &event, &context).unwrap();
    assert_eq!(show(&judgement.verdict), "header 8848 9056 S300");
    context.level2_faalt = true;
    let judgement = iwmo_toewijzing::judge(&story.dossier, &event, &context).unwrap();
    assert_eq!(show(&judgement.verdict), "header 0001");
}

#[test]
fn an_event_of_another_dossier_changes_nothing() {
    let mut story = started();
    let event = Story::of("999900018").event(Inhoud::Starten(vec![start(B)]));
    let before = story.dossier.clone();
    assert!(story.dossier.apply(&event, &iwmo_toewijzing::Verdict::Goedgekeurd).is_err());
    assert_eq!(story.dossier, before);
}
