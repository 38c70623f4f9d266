//! Deadlines (section 11 of the lifecycle) and the warnings about late messages.

use iwmo_toewijzing::calendar::Kalender;
use iwmo_toewijzing::deadline::{Subject, Timer, Werkelijk, Wie, agreed, of_dossier, of_reality};
use iwmo_toewijzing::dossier::Onderwerp;
use iwmo_toewijzing::event::{Inhoud, StartProduct, StopProduct};
use iwmo_toewijzing::judge::Beleid;
use iwmo_toewijzing::judge::WaarschuwingSoort;
use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::support::*;

const BEGIN: Date = date(2023, 1, 5);

fn timers(story: &Story, side: Wie) -> Vec<(Timer, Date, Date)> {
    let found = of_dossier(&story.dossier, side, &Kalender::default());
    found.into_iter().map(|deadline| (deadline.timer, deadline.start, deadline.due)).collect()
}

#[test]
fn a_retour_is_due_in_three_working_days() {
    let mut story = Story::new();
    // Thursday before Easter: Friday counts, Monday does not.
    story.today = date(2023, 4, 6);
    story.judge(Inhoud::Toewijzen(vec![assigned(date(2023, 4, 6))]));
    assert_eq!(timers(&story, Wie::Gemeente), [(Timer::RetourIn, date(2023, 4, 6), date(2023, 4, 12))]);
    assert_eq!(timers(&story, Wie::Aanbieder), [(Timer::RetourOut, date(2023, 4, 6), date(2023, 4, 12))]);
    story.answer(&[]);
    assert_eq!(timers(&story, Wie::Gemeente), []);
}

#[test]
fn a_stop_is_missed_only_where_a_start_is_open() {
    let mut story = Story::assigned();
    assert_eq!(timers(&story, Wie::Gemeente), []);
    story.starts(&[start(BEGIN)]);
    let missing = [(Timer::StopMissing, date(2023, 12, 31), date(2024, 1, 8))];
    assert_eq!(timers(&story, Wie::Gemeente), missing);
    assert_eq!(timers(&story, Wie::Aanbieder), []);
    let mut paused = story.clone();
    paused.stops(&[stop(BEGIN, "20", date(2023, 3, 1))]);
    assert_eq!(timers(&paused, Wie::Gemeente), []);
}

#[test]
fn what_an_aanbieder_owes() {
    let mut story = Story::new();
    story.today = date(2023, 1, 10);
    story.assign(assigned(date(2023, 1, 10)));
    let fact = |begin, eind| Werkelijk { onderwerp: Onderwerp::Toewijzing(nr(100)), begin, eind };
    let due = |story: &Story, fact: Werkelijk| -> Vec<_> {
        let found = of_reality(&story.dossier, &[fact], &Kalender::default());
        assert!(found.iter().all(|d| d.subject == Subject::Onderwerp(Onderwerp::Toewijzing(nr(100)))));
        found.into_iter().map(|deadline| (deadline.timer, deadline.due)).collect()
    };
    // OP271: from the start itself, or from the 301 when that came later.
    assert_eq!(due(&story, fact(date(2023, 1, 16), None)), [(Timer::StartDue, date(2023, 1, 23))]);
    assert_eq!(due(&story, fact(BEGIN, None)), [(Timer::StartDue, date(2023, 1, 17))]);
    story.starts(&[start(BEGIN)]);
    assert_eq!(due(&story, fact(BEGIN, None)), []);
    // OP272: from the end, or from when a pause proved to be the end.
    let ended = fact(BEGIN, Some((date(2023, 6, 20), date(2023, 7, 4))));
    assert_eq!(due(&story, ended.clone()), [(Timer::StopDue, date(2023, 6, 27))]);
    story.stops(&[stop(BEGIN, "20", date(2023, 6, 20))]);
    assert_eq!(due(&story, ended.clone()), [(Timer::StopDue, date(2023, 7, 11))]);
    story.stops(&[stop(BEGIN, "23", date(2023, 6, 20))]);
    assert_eq!(due(&story, ended), []);
}

#[test]
fn late_and_odd_messages_are_taken_with_a_warning() {
    let warned = |story: &mut Story, inhoud: Inhoud, today: Date| -> Vec<_> {
        story.today = today;
        let judgement = story.judge(inhoud);
        assert!(judgement.verdict.is_goedgekeurd());
        judgement.waarschuwingen.iter().map(|warning| warning.soort).collect()
    };
    let starting = |class: StartProduct| Inhoud::Starten(vec![class]);
    let stopping = |class: StopProduct| Inhoud::Stoppen(vec![class]);
    let mut story = Story::new();
    story.today = date(2022, 12, 20);
    story.assign(assigned(date(2022, 12, 20)));
    let on_time = date(2023, 1, 12);
    assert_eq!(warned(&mut story.clone(), starting(start(BEGIN)), on_time), []);
    let late = on_time.tomorrow().unwrap();
    assert_eq!(warned(&mut story.clone(), starting(start(BEGIN)), late), [WaarschuwingSoort::StartLate]);

    let mut odd = start(date(2022, 12, 30));
    odd.toewijzing_ingangsdatum = Some(date(2022, 12, 30));
    odd.key.product = product("01/01A12");
    assert_eq!(
        warned(&mut story.clone(), starting(odd.clone()), date(2023, 1, 2)),
        [
            WaarschuwingSoort::ProductDiffers,
            WaarschuwingSoort::IngangsdatumDiffers,
            WaarschuwingSoort::OutsidePeriod
        ]
    );
    // D2, the other choice.
    let mut strict = story.clone();
    strict.beleid.strikt_product = true;
    assert_eq!(strict.starts(&[odd]), "9019");

    warned(&mut story, starting(start(BEGIN)), on_time);
    let end = date(2023, 3, 1);
    let (on_time, late) = (date(2023, 3, 8), date(2023, 3, 9));
    assert_eq!(
        warned(&mut story.clone(), stopping(stop(BEGIN, "23", end)), late),
        [WaarschuwingSoort::StopLate]
    );
    assert_eq!(warned(&mut story, stopping(stop(BEGIN, "20", end)), on_time), []);
    // A pause that proves to be the end counts from when the aanbieder learned it.
    assert_eq!(warned(&mut story.clone(), stopping(stop(BEGIN, "23", end)), date(2023, 6, 1)), []);
    // D25.
    assert_eq!(warned(&mut story, starting(start(end)), on_time), [WaarschuwingSoort::EpisodesOverlap]);
}

#[test]
fn a_message_of_many_classes_is_judged_in_linear_time() {
    // Quadratic work would take minutes here.
    const CLASSES: u32 = 30_000;
    let mut story = Story::assigned();
    story.beleid.taakgericht.push(iwmo_toewijzing::judge::Taakgericht {
        aanbieder: story.dossier.key().aanbieder,
        categorie: product("02").unwrap().categorie,
    });
    let classes: Vec<StartProduct> = (0..CLASSES)
        .map(|index| {
            let mut class = start(BEGIN);
            (class.key.nummer, class.key.product) = (None, product(&format!("02/{index:05}")));
            class
        })
        .collect();
    assert_eq!(story.starts(&classes), "ok");
    assert_eq!(story.starts(&classes[..2]), "9074 9326 | 9074 9326");
}

/// D26: seven days after Ingangsdatum, or after the 301 when that came later; a start ends it, its delete brings it back.
#[test]
fn no_start_within_the_days_agreed() {
    let mut story = Story::assigned();
    let beleid = Beleid { geen_start_dagen: Some(7), ..Beleid::default() };
    let open = |story: &Story| {
        let mut found = agreed(&story.dossier, &beleid);
        found.retain(|found| found.voldaan.is_none());
        found
    };
    let due = |story: &Story| -> Vec<_> {
        open(story).into_iter().map(|found| (found.start, found.due, found.timer.as_str())).collect()
    };
    let from = story.dossier.versies(nr(100))[0].bericht.dag.max(date(2023, 1, 1));
    let waiting = vec![(from, from.checked_add(7_i32.days()).unwrap(), "NO_START")];
    assert_eq!(due(&story), waiting);
    let found = &open(&story)[0];
    assert!(!found.is_expired(found.due));
    assert!(found.is_expired(found.due.tomorrow().unwrap()));
    assert_eq!(story.starts(&[start(BEGIN)]), "ok");
    assert!(due(&story).is_empty());
    assert_eq!(story.starts(&[del_start(BEGIN)]), "ok");
    assert_eq!(due(&story), waiting);
    assert!(due(&Story::new()).is_empty());
}
