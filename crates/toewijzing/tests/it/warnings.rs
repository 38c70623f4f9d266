//! What is odd and no reason to refuse (OP095), each warning just given and just not; and that nothing refused counts for
//! what follows in its message.

use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::RedenWijziging;
use iwmo_toewijzing::judge::WaarschuwingSoort::{self, *};
use jiff::civil::{Date, date};

use crate::support::*;

fn kinds(judgement: &iwmo_toewijzing::Judgement) -> Vec<(Option<usize>, WaarschuwingSoort)> {
    judgement.waarschuwingen.iter().map(|warning| (warning.klasse, warning.soort)).collect()
}

/// A 305 or 307 that is taken, and what is odd about it; lateness apart.
fn odd(story: &mut Story, inhoud: Inhoud) -> Vec<WaarschuwingSoort> {
    let judgement = story.judge(inhoud);
    assert_eq!(show(&judgement.verdict), "ok");
    let late = |soort: &WaarschuwingSoort| !matches!(soort, StartLate | StopLate);
    kinds(&judgement).into_iter().map(|(_, soort)| soort).filter(late).collect()
}

fn starts(begin: Date) -> Inhoud {
    Inhoud::Starten(vec![start(begin)])
}

/// T3: a delete that comes before what it deletes is a tombstone; RedenWijziging 13 belongs there (D12).
#[test]
fn t3_a_delete_of_what_was_never_seen_is_not_odd() {
    let mut story = Story::new();
    let delete = ToegewezenProduct {
        einddatum: Some(date(2023, 1, 1)),
        reden_wijziging: Some(RedenWijziging::VERWIJDERD),
        ..assigned(date(2022, 12, 20))
    };
    let judgement = story.judge(Inhoud::Toewijzen(vec![delete]));
    assert_eq!((show(&judgement.verdict), kinds(&judgement)), ("ok".into(), vec![]));
    assert_eq!(story.status(), "VERWIJDERD");
}

/// D12: the second product of a 301 is held against the first when both are of one number.
#[test]
fn d12_two_versions_in_one_301_are_taken_in_their_order() {
    let first = assigned(date(2022, 12, 20));
    let longer = ToegewezenProduct { einddatum: None, ..assigned(date(2022, 12, 21)) };
    let judgement = Story::new().judge(Inhoud::Toewijzen(vec![first, longer]));
    assert_eq!(kinds(&judgement), [(Some(1), RedenMissing)]);
}

/// TR332, T12: so is what a number may not change into.
#[test]
fn tr332_holds_between_the_products_of_one_301() {
    let first = assigned(date(2022, 12, 20));
    let other = ToegewezenProduct { ingangsdatum: date(2023, 2, 1), ..assigned(date(2022, 12, 21)) };
    let judgement = Story::new().judge(Inhoud::Toewijzen(vec![first, other]));
    assert_eq!(show(&judgement.verdict), "0200 | 9332");
}

/// A product that is refused is not what the next one of its number is held against (IV028).
#[test]
fn a_refused_product_leaves_no_trace_for_the_next() {
    let mut story = Story::assigned();
    let other = ToegewezenProduct { ingangsdatum: date(2023, 2, 1), ..assigned(date(2022, 12, 21)) };
    let same = assigned(date(2022, 12, 22));
    let judgement = story.judge(Inhoud::Toewijzen(vec![other, same]));
    assert_eq!(show(&judgement.verdict), "9332 | 0200");
}

/// Section 6: what is refused is not on the scratch copy either. A second start is not refused because of the first (TR326),
/// nor a second stop (TR414).
#[test]
fn a_refused_class_leaves_no_trace_for_the_next() {
    let mut story = Story::new();
    assert_eq!(story.starts(&[start(date(2023, 1, 5)), start(date(2023, 4, 3))]), "9019 | 9019");
    let begin = date(2023, 1, 5);
    let classes = [stop(begin, "20", date(2023, 6, 1)), stop(begin, "23", date(2023, 5, 1))];
    assert_eq!(story.stops(&classes), "9019 9069 | 9019 9069");
}

/// D25: a restart on the day of the stop overlaps; one the day after does not.
#[test]
fn d25_a_restart_on_the_last_day_overlaps() {
    let (begin, end) = (date(2023, 1, 5), date(2023, 5, 1));
    let mut story = Story::assigned();
    odd(&mut story, starts(begin));
    odd(&mut story, Inhoud::Stoppen(vec![stop(begin, "20", end)]));
    assert_eq!(odd(&mut story.clone(), starts(end)), [EpisodesOverlap]);
    assert_eq!(odd(&mut story.clone(), starts(end.tomorrow().unwrap())), []);
    // A restart that lies before the episode is no later one.
    assert_eq!(odd(&mut story, starts(date(2023, 1, 4))), []);
}

/// D25, seen from the stop: the older start is open again after its stop was deleted (L25), and gets another.
#[test]
fn d25_a_stop_on_the_day_of_a_later_restart_overlaps() {
    let (begin, end, restart) = (date(2023, 1, 5), date(2023, 5, 1), date(2023, 6, 1));
    let mut story = Story::assigned();
    odd(&mut story, starts(begin));
    odd(&mut story, Inhoud::Stoppen(vec![stop(begin, "23", end)]));
    odd(&mut story, starts(restart));
    odd(&mut story, Inhoud::Stoppen(vec![del_stop(begin, "23", end)]));
    let stopped = |end: Date| Inhoud::Stoppen(vec![stop(begin, "23", end)]);
    assert_eq!(odd(&mut story.clone(), stopped(restart)), [EpisodesOverlap]);
    assert_eq!(odd(&mut story.clone(), stopped(restart.yesterday().unwrap())), []);
    // The later episode ends whenever it likes: the older one begins before it.
    assert_eq!(odd(&mut story, Inhoud::Stoppen(vec![stop(restart, "23", date(2023, 7, 1))])), []);
}
