//! Every row of the iEb description that says what must happen has a test of its name: the events (8.2), the decision table (9.5),
//! a withdrawn 307 (9.6), the action per code (6.2) and the end-to-end vectors (13). The table below names them, and a test
//! holds it against the sources. What is tested nowhere else is tested here.

use iwmo_toewijzing::cak::*;
use iwmo_toewijzing::event::ToegewezenProduct;
use iwmo_toewijzing::identity::*;
use jiff::civil::{Date, date};

use crate::cak_rows::{Verteller, nr as eb_nr, period, shows};
use crate::support::*;

const S: Date = date(2021, 3, 10);
const E: Date = date(2021, 6, 30);

/// The row, the file below `crates`, and the test.
const ROWS: &[(&str, &str, &str)] = &[
    ("E1", "toewijzing/tests/it/own_contribution.rs", "trigger_toewijzing"),
    ("E2", "toewijzing/tests/it/own_contribution.rs", "what_is_taken_back_never_was"),
    ("E2b", "toewijzing/tests/it/own_contribution.rs", "a_delivery_ends_with_its_toewijzing"),
    ("E2c", "toewijzing/tests/it/eb_rows.rs", "e2c_a_pgb_carries_on_what_ends"),
    ("E3", "toewijzing/tests/it/eb_rows.rs", "e3_to_e6_a_delivery_and_its_corrections"),
    ("E4", "toewijzing/tests/it/eb_rows.rs", "e3_to_e6_a_delivery_and_its_corrections"),
    ("E5", "toewijzing/tests/it/eb_rows.rs", "e3_to_e6_a_delivery_and_its_corrections"),
    ("E5 pause", "toewijzing/tests/it/own_contribution.rs", "a_pause_counts_once_a_whole_month_has_passed"),
    ("E5 definitive", "toewijzing/tests/it/own_contribution.rs", "a_definitive_stop_after_a_pause"),
    ("E6", "toewijzing/tests/it/eb_rows.rs", "e3_to_e6_a_delivery_and_its_corrections"),
    ("E5+E6", "toewijzing/tests/it/eb_rows.rs", "e5_and_e6_in_one_message"),
    ("E7", "toewijzing/tests/it/eb_statements.rs", "e7_declarations"),
    ("E8", "toewijzing/tests/it/eb_statements.rs", "e8_support_without_a_305"),
    ("E9", "toewijzing/tests/it/eb_statements.rs", "e9_facts_about_a_client"),
    ("E10", "toewijzing/tests/it/eb_statements.rs", "e10_decisions_about_chargeability"),
    ("E11", "toewijzing/tests/it/eb_rows.rs", "p19_a_refused_delivery"),
    ("E12", "toewijzing/tests/it/eb_rows.rs", "e12_a_start_comes_within_a_month"),
    ("E13", "gateway/src/engine/tests/beleid.rs", "e13_new_choices_wait_for_a_look"),
    ("missing 305", "toewijzing/tests/it/eb_statements.rs", "a_305_that_never_comes"),
    ("P1", "toewijzing/tests/it/cak_rows.rs", "p1_nothing_to_a_running_period"),
    ("P2", "toewijzing/tests/it/cak_rows.rs", "p2_nothing_to_a_period_that_ended"),
    ("P3", "toewijzing/tests/it/cak_rows.rs", "p3_start_changes_while_it_runs"),
    ("P4", "toewijzing/tests/it/cak_rows.rs", "p4_running_to_ended"),
    ("P4b", "toewijzing/tests/it/cak_rows.rs", "p4b_nothing_changes"),
    ("P5", "toewijzing/tests/it/cak_rows.rs", "p5_running_to_never"),
    ("P6", "toewijzing/tests/it/cak_rows.rs", "p6_stop_changes"),
    ("P7", "toewijzing/tests/it/cak_rows.rs", "p7_stop_withdrawn"),
    ("P8", "toewijzing/tests/it/cak_rows.rs", "p8_stopped_and_start_changes"),
    ("P9", "toewijzing/tests/it/cak_rows.rs", "p9_stopped_to_never"),
    ("P10", "toewijzing/tests/it/cak_rows.rs", "p10_support_again_after_a_gap"),
    ("P10b", "toewijzing/tests/it/eb_rows.rs", "p10b_support_again_after_a_short_gap"),
    ("P11", "toewijzing/tests/it/cak_rows.rs", "p11_a_gap_disappears"),
    ("P12", "toewijzing/tests/it/cak_rows.rs", "p12_a_gap_appears"),
    ("P12b", "toewijzing/tests/it/cak_rows.rs", "p12b_an_earlier_period_becomes_known"),
    ("P13", "gateway/src/engine/tests/opgave.rs", "a_corrected_bsn"),
    ("P14", "toewijzing/tests/it/cak_rows.rs", "p14_a_price_is_set_and_changed"),
    ("P15", "toewijzing/tests/it/eb_rows.rs", "p15_a_price_that_is_reached"),
    ("P16", "toewijzing/tests/it/own_contribution.rs", "minors"),
    ("P17", "toewijzing/tests/it/cak_rows.rs", "p17_a_start_beyond_the_first_delivery_limit"),
    ("P18", "toewijzing/tests/it/cak_rows.rs", "p18_a_change_beyond_the_limit_is_for_a_person"),
    ("P19", "toewijzing/tests/it/eb_rows.rs", "p19_a_refused_delivery"),
    ("P20", "toewijzing/tests/it/cak_rows.rs", "p20_a_change_after_deletion_takes_a_new_number"),
    ("9.6 before sent", "toewijzing/tests/it/eb_rows.rs", "withdrawn_before_the_stop_was_sent"),
    ("9.6 under way", "toewijzing/tests/it/cak_rows.rs", "a_307_withdrawn_while_its_stop_is_under_way"),
    ("9.6 accepted", "toewijzing/tests/it/eb_rows.rs", "withdrawn_after_the_stop_was_accepted"),
    ("9.6 restart", "toewijzing/tests/it/cak_rows.rs", "p11_a_gap_disappears"),
    ("9.6 3 + 1", "toewijzing/tests/it/eb_rows.rs", "withdrawn_with_another_date"),
    ("9.6 other support", "toewijzing/tests/it/eb_rows.rs", "withdrawn_while_other_support_ran"),
    ("9.6 temporary", "toewijzing/tests/it/eb_rows.rs", "withdrawn_when_it_was_temporary"),
    ("9.6 old", "toewijzing/tests/it/eb_rows.rs", "withdrawn_after_more_than_36_months"),
    ("9.6 refused", "toewijzing/tests/it/cak_rows.rs", "a_stop_that_the_cak_keeps"),
    ("9.6 refused, too old", "toewijzing/tests/it/eb_rows.rs", "a_stop_that_the_cak_keeps_too_long_ago"),
    ("6.2 start", "toewijzing/tests/it/cak_rows.rs", "codes_on_a_start"),
    ("6.2 change", "toewijzing/tests/it/cak_rows.rs", "codes_on_a_changed_start"),
    ("6.2 deletion", "toewijzing/tests/it/cak_rows.rs", "codes_on_a_deleted_start"),
    ("6.2 9071", "toewijzing/tests/it/eb_rows.rs", "code_9071_takes_the_stop_away_first"),
    ("6.2 9102", "toewijzing/tests/it/eb_rows.rs", "code_9102_after_a_start_that_was_never_answered"),
    ("6.2 9329", "toewijzing/tests/it/eb_rows.rs", "code_9329_sends_the_values_on_record_once"),
    ("6.2 S300", "gateway/src/engine/tests/stil.rs", "an_unknown_gemeente_is_told_nothing_more_about"),
    ("6.2 stop", "toewijzing/tests/it/cak_rows.rs", "codes_on_a_stop"),
    (
        "6.3",
        "gateway/src/engine/tests/refused_notification.rs",
        "a_notification_that_is_refused_becomes_a_task",
    ),
    ("9.7", "gateway/src/engine/tests/eigen_bijdrage.rs", "the_view_of_a_client"),
    ("11.3", "toewijzing/tests/it/eb_rows.rs", "other_rules_for_months_by_date"),
    ("11.5", "toewijzing/tests/it/eb_rows.rs", "the_cak_must_know_in_days_or_working_days"),
    ("11.7", "toewijzing/tests/it/eb_rows.rs", "periods_of_another_contribution_are_left_alone"),
    ("13.1", "toewijzing/tests/it/own_contribution.rs", "two_toewijzingen_of_a_person_are_one_period"),
    ("13.2", "toewijzing/tests/it/eb_rows.rs", "withdrawn_before_the_stop_was_sent"),
    ("13.3", "toewijzing/tests/it/eb_rows.rs", "e2e_3_a_305_that_was_refused"),
    ("13.4", "toewijzing/tests/it/own_contribution.rs", "categories"),
    ("13.5", "toewijzing/tests/it/own_contribution.rs", "minors"),
    ("13.6", "gateway/src/engine/tests/eigen_bijdrage.rs", "e2e_6_a_kill_between_the_number_and_the_sending"),
    ("13.7", "gateway/src/engine/tests/eigen_bijdrage.rs", "e2e_7_the_same_305_twice_gives_one_start"),
    ("13.8", "gateway/src/engine/tests/eigen_bijdrage.rs", "e2e_8_retours_in_reverse_order_of_two_clients"),
];

#[test]
fn every_row_has_its_test() {
    let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (row, file, test) in ROWS {
        let text = std::fs::read_to_string(crates.join(file)).unwrap();
        let found =
            text.split("#[test]").skip(1).any(|part| part.trim_start().starts_with(&format!("fn {test}(")));
        assert!(found, "{row}: {file} has no test {test}");
    }
    let has = |row: &str| ROWS.iter().any(|(known, ..)| *known == row);
    for number in 1..=13 {
        assert!(has(&format!("E{number}")), "E{number}");
    }
    for number in 1..=20 {
        assert!(has(&format!("P{number}")), "P{number}");
    }
    for number in 1..=8 {
        assert!(has(&format!("13.{number}")), "13.{number}");
    }
}

const TODAY: Date = date(2025, 6, 15);

/// A toewijzing of hulp bij het huishouden from 2025 on, approved.
fn given(nummer: u32) -> Story {
    let mut story = Story::new();
    story.assign(ToegewezenProduct {
        nummer: nr(nummer),
        product: product("01/01A11"),
        ingangsdatum: date(2025, 1, 1),
        einddatum: None,
        ..assigned(date(2024, 12, 20))
    });
    story
}

fn keyed(
    nummer: u32,
    mut class: iwmo_toewijzing::event::StartProduct,
) -> iwmo_toewijzing::event::StartProduct {
    (class.key.nummer, class.key.product) = (Some(nr(nummer)), product("01/01A11"));
    class
}

fn keyed_stop(
    nummer: u32,
    mut class: iwmo_toewijzing::event::StopProduct,
) -> iwmo_toewijzing::event::StopProduct {
    (class.key.start.nummer, class.key.start.product) = (Some(nr(nummer)), product("01/01A11"));
    class
}

fn due(stories: &[&Story], beleid: &EbBeleid, opgaven: &Opgaven) -> Vec<Periode> {
    let dossiers: Vec<_> = stories.iter().map(|story| &story.dossier).collect();
    wanted(&dossiers, None, opgaven, beleid, TODAY).perioden
}

fn plainly(story: &Story) -> Vec<Periode> {
    due(&[story], &EbBeleid::default(), &Opgaven::default())
}

/// 08: the leveringsvorm changes, and the pgb that the backoffice states goes on where the toewijzing ends: one period.
#[test]
fn e2c_a_pgb_carries_on_what_ends() {
    let mut story = given(100);
    assert_eq!(story.starts(&[keyed(100, start(date(2025, 1, 10)))]), "ok");
    story.assign(ToegewezenProduct {
        nummer: nr(100),
        product: product("01/01A11"),
        ingangsdatum: date(2025, 1, 1),
        einddatum: Some(date(2025, 3, 31)),
        reden_wijziging: Some(RedenWijziging::new("08").unwrap()),
        ..assigned(date(2025, 3, 1))
    });
    assert_eq!(plainly(&story), [period(date(2025, 1, 10), Some(date(2025, 3, 31)))]);
    let mut opgaven = Opgaven::default();
    let pgb = r#"{"voorziening": {"naam": "PGB-1", "leveringsvorm": "pgb", "categorie": "01", "ingangsdatum": "2025-04-01"}}"#;
    opgaven.apply(&serde_json::from_str(pgb).unwrap()).unwrap();
    assert_eq!(due(&[&story], &EbBeleid::default(), &opgaven), [period(date(2025, 1, 10), None)]);
}

/// A start opens, its deletion takes it away, a stop ends, and the deletion of the stop opens again.
#[test]
fn e3_to_e6_a_delivery_and_its_corrections() {
    let begin = date(2025, 1, 10);
    let mut story = given(100);
    assert_eq!(plainly(&story), []);
    assert_eq!(story.starts(&[keyed(100, start(begin))]), "ok");
    assert_eq!(plainly(&story), [period(begin, None)]);
    assert_eq!(story.starts(&[keyed(100, del_start(begin))]), "ok");
    assert_eq!(plainly(&story), []);
    assert_eq!(story.starts(&[keyed(100, start(begin))]), "ok");
    assert_eq!(story.stops(&[keyed_stop(100, stop(begin, "23", date(2025, 4, 30)))]), "ok");
    assert_eq!(plainly(&story), [period(begin, Some(date(2025, 4, 30)))]);
    assert_eq!(story.stops(&[keyed_stop(100, del_stop(begin, "23", date(2025, 4, 30)))]), "ok");
    assert_eq!(plainly(&story), [period(begin, None)]);
}

/// Deletion and new stop in one message: the net effect alone.
#[test]
fn e5_and_e6_in_one_message() {
    let begin = date(2025, 1, 10);
    let mut story = given(100);
    assert_eq!(story.starts(&[keyed(100, start(begin))]), "ok");
    assert_eq!(story.stops(&[keyed_stop(100, stop(begin, "23", date(2025, 4, 30)))]), "ok");
    let both = [
        keyed_stop(100, stop(begin, "23", date(2025, 5, 15))),
        keyed_stop(100, del_stop(begin, "23", date(2025, 4, 30))),
    ];
    assert_eq!(story.stops(&both), "ok");
    assert_eq!(plainly(&story), [period(begin, Some(date(2025, 5, 15)))]);
}

/// What lies more than a month ahead waits, and goes on the day on which it no longer does.
#[test]
fn e12_a_start_comes_within_a_month() {
    let mut verteller = Verteller::new(&[]);
    let ahead = [period(date(2021, 10, 1), None)];
    verteller.today = date(2021, 8, 31);
    assert_eq!(verteller.shows(&ahead), "Niets");
    verteller.today = date(2021, 9, 1);
    assert_eq!(verteller.shows(&ahead), "401/1 nr 10 2021-10-01");
}

#[test]
fn p10b_support_again_after_a_short_gap() {
    assert_eq!(shows(&[(1, S, Some(E))], &[period(S, None)]), "403/3 nr 1 2021-06-30");
}

/// The month in which the price is reached is the last, unless something else is chargeable.
#[test]
fn p15_a_price_that_is_reached() {
    let mut opgaven = Opgaven::default();
    for text in [
        r#"{"voorziening": {"naam": "LIFT", "leveringsvorm": "algemeen", "categorie": "13", "ingangsdatum": "2025-01-10"}}"#,
        r#"{"kostprijs": {"waarover": {"voorziening": "LIFT"}, "bereikt_op": "2025-04-14"}}"#,
    ] {
        opgaven.apply(&serde_json::from_str(text).unwrap()).unwrap();
    }
    let beleid = EbBeleid::default();
    let ended = due(&[], &beleid, &opgaven);
    assert_eq!(ended, [period(date(2025, 1, 10), Some(date(2025, 4, 30)))]);
    let mut verteller = Verteller::new(&[(1, date(2025, 1, 10), None)]);
    verteller.today = TODAY;
    assert_eq!(verteller.shows(&ended), "403/1 nr 1 2025-04-30");
    let mut story = given(100);
    assert_eq!(story.starts(&[keyed(100, start(date(2025, 3, 1)))]), "ok");
    assert_eq!(due(&[&story], &beleid, &opgaven), [period(date(2025, 1, 10), None)]);
}

/// A refusal changes nothing that was accepted; what the code teaches is done, and then it is planned again: also when
/// something else is wanted meanwhile.
#[test]
fn p19_a_refused_delivery() {
    let mut verteller = Verteller::new(&[(1, S, None)]);
    let ended = [period(S, Some(E))];
    assert_eq!(verteller.send(&ended, &["0200", "8848"]), Gevolg::Geweigerd(Actie::Opnieuw));
    let standing = verteller.eb.aanvaard()[0].clone();
    assert_eq!((standing.start.datum, standing.stop), (S, None));
    assert_eq!(standing.afgekeurd, Some(Retourcode::new("8848").unwrap()));
    assert_eq!(verteller.eb.staat(eb_nr(1)), EbStaat::Actief);
    assert_eq!(verteller.shows(&ended), "403/1 nr 1 2021-06-30");
    assert_eq!(verteller.shows(&[period(S, None)]), "Niets");
    assert_eq!(verteller.shows(&[period(date(2021, 4, 2), None)]), "401/2 nr 1 2021-04-02");
    verteller.run(&ended);
    assert_eq!(verteller.eb.aanvaard()[0].afgekeurd, None, "an acceptance clears it");
    // The same is sent once more, and not twice.
    let later = [period(S, Some(date(2021, 7, 15)))];
    for _ in 0..2 {
        assert_eq!(verteller.send(&later, &["0200", "8848"]), Gevolg::Geweigerd(Actie::Opnieuw));
    }
    assert_eq!(verteller.shows(&later), "Handmatig(TweemaalGeweigerd)");
}

/// 9.6, first row, and end to end 2: nothing goes out.
#[test]
fn withdrawn_before_the_stop_was_sent() {
    let verteller = Verteller::new(&[(1, S, None)]);
    assert_eq!(verteller.shows(&[period(S, Some(E))]), "403/1 nr 1 2021-06-30");
    assert_eq!(verteller.shows(&[period(S, None)]), "Niets");
}

#[test]
fn withdrawn_after_the_stop_was_accepted() {
    let mut verteller = Verteller::new(&[(1, S, None)]);
    verteller.run(&[period(S, Some(E))]);
    assert_eq!(verteller.shows(&[period(S, None)]), "403/3 nr 1 2021-06-30");
    verteller.run(&[period(S, None)]);
    assert_eq!(verteller.eb.staat(eb_nr(1)), EbStaat::Actief);
    // After a deleted stop the next is a first delivery (TR104).
    assert_eq!(verteller.shows(&[period(S, Some(E))]), "403/1 nr 1 2021-06-30");
}

/// 3 + 1: one message with the other date; with the same date nothing.
#[test]
fn withdrawn_with_another_date() {
    let mut verteller = Verteller::new(&[(1, S, None)]);
    verteller.run(&[period(S, Some(E))]);
    assert_eq!(verteller.shows(&[period(S, Some(date(2021, 5, 31)))]), "403/2 nr 1 2021-05-31");
    assert_eq!(verteller.shows(&[period(S, Some(E))]), "Niets");
}

/// Another chargeable provision kept the period open: neither the stop nor its withdrawal is told.
#[test]
fn withdrawn_while_other_support_ran() {
    let begin = date(2025, 1, 10);
    let (mut one, mut other) = (given(100), given(101));
    assert_eq!(one.starts(&[keyed(100, start(begin))]), "ok");
    assert_eq!(other.starts(&[keyed(101, start(begin))]), "ok");
    let beleid = EbBeleid::default();
    let both = |one: &Story| due(&[one, &other], &beleid, &Opgaven::default());
    assert_eq!(one.stops(&[keyed_stop(100, stop(begin, "23", date(2025, 4, 30)))]), "ok");
    assert_eq!(both(&one), [period(begin, None)]);
    assert_eq!(one.stops(&[keyed_stop(100, del_stop(begin, "23", date(2025, 4, 30)))]), "ok");
    assert_eq!(both(&one), [period(begin, None)]);
}

/// A temporary 307: when a stop had been sent because of it, it is taken back; else nothing.
#[test]
fn withdrawn_when_it_was_temporary() {
    let (begin, pause) = (date(2025, 1, 10), date(2025, 5, 20));
    let mut story = given(100);
    assert_eq!(story.starts(&[keyed(100, start(begin))]), "ok");
    assert_eq!(story.stops(&[keyed_stop(100, stop(begin, "20", pause))]), "ok");
    let direct: EbBeleid = Laag { pauze_beleid: Some(Pauze::Direct), ..Laag::default() }.into();
    let of = |story: &Story, beleid: &EbBeleid| due(&[story], beleid, &Opgaven::default());
    let (told, quiet) = (of(&story, &direct), of(&story, &EbBeleid::default()));
    assert_eq!((&told[..], &quiet[..]), (&[period(begin, Some(pause))][..], &[period(begin, None)][..]));
    let mut verteller = Verteller::new(&[(1, begin, None)]);
    verteller.today = TODAY;
    verteller.run(&told);
    assert_eq!(story.stops(&[keyed_stop(100, del_stop(begin, "20", pause))]), "ok");
    assert_eq!(verteller.shows(&of(&story, &direct)), "403/3 nr 1 2025-05-20");
    assert_eq!(Verteller::new(&[(1, begin, None)]).shows(&of(&story, &EbBeleid::default())), "Niets");
}

/// A deletion has no age rule, so it is sent; the money is limited anyway, so somebody must know.
#[test]
fn withdrawn_after_more_than_36_months() {
    let stopped = date(2021, 8, 14);
    let mut verteller = Verteller::new(&[(1, S, Some(stopped))]);
    let runs = [period(S, None)];
    verteller.today = date(2024, 8, 14);
    assert_eq!(verteller.shows(&runs), "403/3 nr 1 2021-08-14");
    let mut at_the_limit = Verteller::new(&[(1, S, Some(stopped))]);
    at_the_limit.today = date(2024, 8, 14);
    at_the_limit.run(&runs);
    assert!(!at_the_limit.eb.is_oud_ingetrokken());
    verteller.today = date(2024, 8, 15);
    verteller.run(&runs);
    assert!(verteller.eb.is_oud_ingetrokken());
    verteller.eb.vrijgeven();
    assert!(!verteller.eb.is_oud_ingetrokken(), "somebody looked");
}

/// The fallback is a first delivery on the day after the stop: when that lies too far back, a person decides.
#[test]
fn a_stop_that_the_cak_keeps_too_long_ago() {
    for (stopped, next) in
        [(date(2020, 8, 14), "401/1 nr 10 2020-08-15"), (date(2020, 8, 13), "Handmatig(TeVerTerug)")]
    {
        let mut verteller = Verteller::new(&[(1, date(2020, 3, 1), Some(stopped))]);
        let runs = [period(date(2020, 3, 1), None)];
        assert_eq!(verteller.send(&runs, &["0200", "9071"]), Gevolg::Geweigerd(Actie::NieuwePeriode));
        assert_eq!(verteller.shows(&runs), next);
    }
}

/// 9071 on a start: a stop of ours that was never answered stands there after all. It goes first, then the start.
#[test]
fn code_9071_takes_the_stop_away_first() {
    let mut verteller = Verteller::new(&[(1, S, None)]);
    let id = verteller.sent(&[period(S, Some(E))]);
    assert_eq!(verteller.eb.niet_aangenomen(&id), Gevolg::Handmatig(Handmatig::Transport));
    verteller.eb.vrijgeven();
    assert_eq!(verteller.send(&[], &["0200", "9071"]), Gevolg::Geweigerd(Actie::StopEerst));
    assert_eq!(verteller.shows(&[]), "403/3 nr 1 2021-06-30; 401/3 nr 1 2021-03-10");
    verteller.run(&[]);
    assert!(verteller.eb.aanvaard().is_empty());
}

/// 9102 on a number of which an earlier start was never answered: that start may stand there, so no second one follows.
#[test]
fn code_9102_after_a_start_that_was_never_answered() {
    let wanted = [period(S, None)];
    let mut verteller = Verteller::new(&[]);
    let id = verteller.sent(&wanted);
    verteller.eb.niet_aangenomen(&id);
    verteller.eb.vrijgeven();
    assert_eq!(verteller.shows(&wanted), "401/1 nr 10 2021-03-10");
    assert_eq!(verteller.send(&wanted, &["0200", "9102"]), Gevolg::Handmatig(Handmatig::MogelijkAanvaard));
    let stands = BekendePeriode { nummer: eb_nr(10), start: S, stop: None, kostprijs: None };
    verteller.eb.bekend_bij_cak(&[stands]).unwrap();
    assert_eq!(verteller.shows(&wanted), "Niets");
}

/// Section 11: the time in which the CAK must know may be days or working days, by date.
#[test]
fn the_cak_must_know_in_days_or_working_days() {
    let start = date(2025, 4, 14);
    assert_eq!(Termijn::Maanden(1).after(start), date(2025, 5, 14));
    assert_eq!(Termijn::Dagen(30).after(start), date(2025, 5, 14));
    // Without Easter Monday and Koningsdag, which is on a Saturday.
    assert_eq!(Termijn::Werkdagen(5).after(start), date(2025, 4, 22));
    assert_eq!(
        (Termijn::of("30d"), Termijn::of("10wd")),
        (Some(Termijn::Dagen(30)), Some(Termijn::Werkdagen(10)))
    );
    assert_eq!((Termijn::of("d"), Termijn::of("-1d"), Termijn::of("10")), (None, None, None));
    let mut story = given(100);
    assert_eq!(story.starts(&[keyed(100, crate::support::start(start))]), "ok");
    let beleid: EbBeleid =
        Laag { melding_termijn: Some(Termijnen::same(Termijn::Werkdagen(5))), ..Laag::default() }.into();
    let gewenst = wanted(&[&story.dossier], None, &Opgaven::default(), &beleid, TODAY);
    assert_eq!(gewenst.melden_voor, [date(2025, 4, 22)]);
}

/// 9329: a deletion with other values than are on record goes again with those; one that had them is for a person.
#[test]
fn code_9329_sends_the_values_on_record_once() {
    let mut verteller = Verteller::new(&[(1, S, None)]);
    let wrong = Opdracht::VerwijderStart { nummer: eb_nr(1), datum: date(2021, 3, 11), kostprijs: None };
    let id = Identificatie::new("EB0").unwrap();
    verteller.eb.sent(wrong, id.clone(), verteller.today).unwrap();
    assert_eq!(verteller.answer(&id, &["0200", "9329"]), Gevolg::Geweigerd(Actie::Opnieuw));
    assert_eq!(verteller.shows(&[]), "401/3 nr 1 2021-03-10");
    assert_eq!(verteller.send(&[], &["0200", "9329"]), Gevolg::Handmatig(Handmatig::Afwijkend));
}

/// End to end 3: a 305 that is refused has no effect at all.
#[test]
fn e2e_3_a_305_that_was_refused() {
    let mut story = given(100);
    let outcome = story.starts(&[keyed(999, start(date(2025, 1, 10)))]);
    assert_ne!(outcome, "ok");
    assert_eq!(plainly(&story), []);
}

/// Section 11: which days a period charges is a choice by date, and what the planner must reach follows from it.
#[test]
fn other_rules_for_months_by_date() {
    let rule = |from: Option<Date>, maand_regel| Laag {
        geldig_vanaf: from,
        maand_regel: Some(maand_regel),
        ..Laag::default()
    };
    let mid = period(S, Some(date(2021, 3, 20)));
    let shows = |beleid: EbBeleid, accepted: &[(u32, Date, Option<Date>)], wanted: &[Periode]| {
        let mut verteller = Verteller::new(accepted);
        verteller.beleid = beleid;
        verteller.shows(wanted)
    };
    // Today no month is charged of it; under other rules it is.
    assert_eq!(shows(EbBeleid::default(), &[], &[mid]), "Niets");
    for maand_regel in [Maandregel::ZelfdeMaand, Maandregel::Dag] {
        let told = shows(rule(None, maand_regel).into(), &[], &[mid]);
        assert_eq!(told, "401/1 nr 10 2021-03-10; 403/1 nr 10 2021-03-20", "{maand_regel:?}");
    }
    let dated = |from| {
        EbBeleid::new(Lagen { wijziging: vec![rule(Some(from), Maandregel::Dag)], ..Lagen::default() })
    };
    assert_eq!(shows(dated(date(2021, 4, 1)), &[], &[mid]), "Niets");
    assert_ne!(shows(dated(date(2021, 3, 1)), &[], &[mid]), "Niets");
    // Where days count, a stopped period cannot be made to charge nothing by moving its start: a person decides.
    let later = (2, date(2021, 8, 1), None);
    let both = [(1, S, Some(E)), later];
    let gone = [period(later.1, None)];
    assert_eq!(shows(EbBeleid::default(), &both, &gone), "401/2 nr 1 2021-06-30");
    assert_ne!(shows(rule(None, Maandregel::Dag).into(), &both, &gone), "401/2 nr 1 2021-06-30");
    let charged =
        |beleid: &EbBeleid| Maanden::under(beleid, [(S, Some(date(2021, 4, 30))), (date(2021, 5, 2), None)]);
    let days: EbBeleid = rule(None, Maandregel::Dag).into();
    assert_ne!(charged(&EbBeleid::default()), charged(&days));
    assert_eq!(Maandregel::VolgendeMaand.first_day(S), Some(date(2021, 4, 1)));
    assert_eq!(Maandregel::ZelfdeMaand.first_day(S), Some(date(2021, 3, 1)));
    assert_eq!(Maandregel::Dag.first_day(S), Some(S));
    assert_eq!((Maandregel::ZelfdeMaand.last_day(S), Maandregel::Dag.last_day(S)), (date(2021, 3, 31), S));
}

/// Section 11: a period of another contribution is on record, takes no part in the plan, and uses up its number.
#[test]
fn periods_of_another_contribution_are_left_alone() {
    let mut verteller = Verteller::new(&[]);
    let start = EbStart { datum: date(2021, 1, 1), kostprijs: None };
    verteller.eb.take_over_of(Soort::Anders, eb_nr(10), start, None);
    assert_eq!(verteller.shows(&[]), "Niets");
    assert_eq!(verteller.shows(&[period(S, None)]), "Handmatig(GeenPlan)", "number 10 is taken");
    let mut verteller = Verteller::new(&[(1, S, None)]);
    verteller.eb.take_over_of(Soort::Anders, eb_nr(2), start, None);
    assert_eq!(verteller.shows(&[period(S, Some(E))]), "403/1 nr 1 2021-06-30");
}
