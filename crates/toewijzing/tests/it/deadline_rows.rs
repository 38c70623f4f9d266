//! Each row of the list of deadlines: computed, by the test that this file names, or left out for a reason.

use iwmo_toewijzing::calendar::Kalender;
use iwmo_toewijzing::deadline::*;
use iwmo_toewijzing::dossier::Onderwerp;
use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::{Aanbieder, RedenWijziging, ReferentieAanbieder};
use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::support::*;

/// A row of the list: its rule, a word that tells it from others of that rule, and what becomes of it.
enum Row {
    /// Computed as this timer.
    Timer(Timer),
    /// Left out, and why.
    Out(&'static str),
}

use Row::{Out, Timer as By};

const ROWS: &[(&str, &str, Row)] = &[
    ("OP090", "was received", By(Timer::RetourOut)),
    ("OP090", "have passed", By(Timer::RetourIn)),
    ("OP090x2", "no retour can be made", Out("no period is given; what cannot be read is work at once")),
    ("OP090x4", "a 323 was received", By(Timer::Declaratie)),
    ("OP271", "actual start", By(Timer::StartDue)),
    ("OP271", "receipt of the 301", By(Timer::StartDue)),
    ("OP272", "actual end", By(Timer::StopDue)),
    ("OP272", "definitively over", By(Timer::StopDue)),
    ("OP288", "passes while a start is open", By(Timer::StopMissing)),
    ("FAQ-315", "intake", By(Timer::Aanvraag)),
    ("OP274", "a 315 was received", By(Timer::Antwoord)),
    ("OP274", "VerzoekAntwoord 2", By(Timer::Antwoord)),
    ("OP346", "a 317 was received", By(Timer::AntwoordWijziging)),
    ("OP346", "VerzoekAntwoord 2", By(Timer::AntwoordWijziging)),
    ("OP343", "approaches", Out("no period is given: in time for the gemeente to answer")),
    ("OP359", "another gemeente", Out("Youth Act only; the Wmo has no woonplaatsbeginsel")),
    ("TR335", "ProductPeriode", By(Timer::Declarabel)),
    ("Regeling-2f", "provision (in kind)", By(Timer::CakData)),
    ("Regeling-2f-pgb", "pgb", By(Timer::CakPgb)),
    ("Regeling-2g", "repair", Out("no period is given; what the CAK refused is work at once")),
    ("Regeling-2h", "sheltered", By(Timer::Vergelijking)),
    (
        "Wmo-5.3.4",
        "last change",
        Out("no act is due: it is how long data are kept, which retention looks after"),
    ),
    ("Wmo-5.3.5", "written request", Out("no message brings the request; erasing is an operator's command")),
];

#[test]
fn every_row_is_computed_or_left_out_for_a_reason() {
    let Some(shared) = shared() else { return };
    let table = std::fs::read_to_string(shared.join("spec/deadlines.tsv")).unwrap();
    let mut used = vec![0; ROWS.len()];
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let fits = |(rule, word, _): &(&str, &str, Row)| *rule == columns[0] && columns[1].contains(word);
        let found: Vec<usize> = (0..ROWS.len()).filter(|index| fits(&ROWS[*index])).collect();
        let [index] = found[..] else { panic!("{line}: {} rows of this test fit", found.len()) };
        used[index] += 1;
        match &ROWS[index].2 {
            By(timer) => {
                let named = timer.regels().iter().any(|rule| columns[0] == *rule);
                assert!(named, "{} does not name {}", timer.as_str(), columns[0]);
                let (period, unit) = period(*timer, columns[1]);
                assert_eq!((period.to_string().as_str(), unit), (columns[2], columns[3]), "{line}");
            }
            Out(why) => assert!(!why.is_empty()),
        }
    }
    assert!(used.iter().all(|count| *count == 1), "a row of this test stands for no row, or for several");
}

/// The period that the code counts with.
fn period(timer: Timer, start: &str) -> (i32, &'static str) {
    let looked_into = start.contains("VerzoekAntwoord 2");
    match timer {
        // A missing retour is told of when the receiver's own days have passed.
        Timer::RetourIn => (0, "working days"),
        Timer::RetourOut => (RETOUR_WERKDAGEN.into(), "working days"),
        Timer::Declaratie => (DECLARATIE_WERKDAGEN.into(), "working days"),
        Timer::StartDue | Timer::StopDue | Timer::StopMissing => (MELDING_WERKDAGEN.into(), "working days"),
        Timer::Antwoord | Timer::AntwoordWijziging if looked_into => (ONDERZOEK_DAGEN, "calendar days"),
        Timer::Aanvraag | Timer::Antwoord | Timer::AntwoordWijziging => {
            (VERZOEK_WERKDAGEN.into(), "working days")
        }
        Timer::Declarabel => (DECLARABEL_MAANDEN / 12, "calendar years"),
        Timer::CakData | Timer::CakPgb => {
            use iwmo_toewijzing::cak::{EbRegels, Termijn};
            let all = EbRegels::default().melding_termijn;
            let (termijn, word) = match timer {
                Timer::CakData => (all.zin, "calendar month"),
                _ => (all.pgb, "calendar months"),
            };
            let Termijn::Maanden(months) = termijn else { panic!() };
            (i32::from(months), word)
        }
        Timer::Vergelijking => (VERGELIJKING_MAANDEN, "calendar months"),
        other => panic!("{} has no row", other.as_str()),
    }
}

fn all(story: &Story) -> Vec<Deadline> {
    all_of_dossier(&story.dossier, Wie::Gemeente, &story.beleid.kalender)
}

fn one(found: &[Deadline], timer: Timer) -> Deadline {
    let of: Vec<&Deadline> = found.iter().filter(|deadline| deadline.timer == timer).collect();
    assert_eq!(of.len(), 1, "{timer:?} in {found:?}");
    of[0].clone()
}

fn after(day: Date, days: i32) -> Date {
    day.checked_add(days.days()).unwrap()
}

/// The last day is in time, the day after is not; what is met is judged by the day it was met, whatever today is.
#[test]
fn four_ways_to_stand() {
    let due = date(2023, 6, 9);
    let deadline = |voldaan| Deadline {
        due,
        start: date(2023, 6, 2),
        timer: Timer::StartDue,
        subject: Subject::Onderwerp(Onderwerp::Toewijzing(nr(100))),
        wie: Wie::Aanbieder,
        voldaan,
    };
    let late = after(due, 1);
    assert_eq!(deadline(None).stand(due), Stand::Loopt);
    assert_eq!(deadline(None).stand(late), Stand::Verlopen);
    for today in [date(2023, 1, 1), due, late] {
        assert_eq!(deadline(Some(due)).stand(today), Stand::Gehaald);
        assert_eq!(deadline(Some(late)).stand(today), Stand::TeLaat);
        assert!(!deadline(Some(late)).is_expired(today));
    }
    assert!(deadline(None).is_expired(late) && !deadline(None).is_expired(due));
    let met: Vec<bool> = Stand::ALL.iter().map(|stand| stand.is_met()).collect();
    assert_eq!(met, [false, false, true, true]);
}

/// OP090: the day of the 302 decides; the calendar of the gemeente counts.
#[test]
fn a_retour_in_time_and_late() {
    let mut story = Story::new();
    story.today = date(2023, 6, 1);
    story.judge(Inhoud::Toewijzen(vec![assigned(date(2023, 6, 1))]));
    let due = one(&all(&story), Timer::RetourIn).due;
    assert_eq!(due, date(2023, 6, 6));
    // The gemeente is closed on the 2nd.
    let mut closed = story.clone();
    closed.beleid.kalender.sluitingsdagen.insert(date(2023, 6, 2));
    assert_eq!(one(&all(&closed), Timer::RetourIn).due, date(2023, 6, 7));
    for (day, stand) in [(due, Stand::Gehaald), (after(due, 1), Stand::TeLaat)] {
        let mut story = story.clone();
        story.today = day;
        story.answer_to("M1", &[]);
        let found = one(&all(&story), Timer::RetourIn);
        assert_eq!((found.voldaan, found.stand(day)), (Some(day), stand));
        assert_eq!(of_dossier(&story.dossier, Wie::Gemeente, &Kalender::default()), []);
    }
}

/// OP274, OP346: an answer in five working days; looked into, a final one in eight weeks after Dagtekening.
#[test]
fn requests_have_two_deadlines() {
    let mut story = Story::assigned();
    story.today = date(2023, 6, 1);
    let reference = ReferentieAanbieder::new("A").unwrap();
    let wanted = AangevraagdProduct {
        referentie: reference.clone(),
        product: product("01/01A11"),
        ingangsdatum: date(2023, 7, 1),
    };
    story.judge(Inhoud::Aanvragen(vec![wanted]));
    let stands = |story: &Story| -> Vec<(Date, Stand)> {
        let found = all(story).into_iter().filter(|deadline| deadline.timer == Timer::Antwoord);
        found.map(|deadline| (deadline.due, deadline.stand(story.today))).collect()
    };
    let (first, last) = (date(2023, 6, 8), date(2023, 7, 27));
    assert_eq!(stands(&story), [(first, Stand::Loopt)]);
    let answer = |antwoord| Inhoud::Beantwoorden(Antwoord { referentie: reference.clone(), antwoord });
    story.today = first;
    story.judge(answer(VerzoekAntwoord::InOnderzoek));
    assert_eq!(stands(&story), [(first, Stand::Gehaald), (last, Stand::Loopt)]);
    let mut late = story.clone();
    late.today = after(last, 1);
    assert_eq!(stands(&late), [(first, Stand::Gehaald), (last, Stand::Verlopen)]);
    late.judge(answer(VerzoekAntwoord::Afgewezen));
    assert_eq!(stands(&late), [(first, Stand::Gehaald), (last, Stand::TeLaat)]);
    story.today = last;
    story.judge(answer(VerzoekAntwoord::Afgewezen));
    assert_eq!(stands(&story), [(first, Stand::Gehaald), (last, Stand::Gehaald)]);
    // An answer that the aanbieder refuses counts as never sent (OP286).
    let op = iwmo_toewijzing::identity::Identificatie::new("M5").unwrap();
    let codes = vec![iwmo_toewijzing::identity::Retourcode::new("9355").unwrap()];
    story.judge(Inhoud::AntwoordRetour(ToewijzingRetour { op, codes, met_klassen: false }));
    assert_eq!(stands(&story), [(first, Stand::Gehaald), (last, Stand::Loopt)]);
}

/// OP271: a start counts from Begindatum, with retroactive effect from the 301; OP272: a stop from Einddatum.
#[test]
fn starts_and_stops_in_time_and_late() {
    let begin = date(2023, 1, 5);
    let told = |assigned_on: Date, reported: Date| {
        let mut story = Story::new();
        story.today = assigned_on;
        story.assign(assigned(assigned_on));
        story.today = reported;
        assert_eq!(story.starts(&[start(begin)]), "ok");
        let found = one(&all(&story), Timer::StartDue);
        (found.start, found.due, found.stand(reported))
    };
    let before = date(2022, 12, 20);
    assert_eq!(told(before, date(2023, 1, 12)), (begin, date(2023, 1, 12), Stand::Gehaald));
    assert_eq!(told(before, date(2023, 1, 13)), (begin, date(2023, 1, 12), Stand::TeLaat));
    let retro = date(2023, 2, 1);
    assert_eq!(told(retro, date(2023, 2, 8)), (retro, date(2023, 2, 8), Stand::Gehaald));
    assert_eq!(told(retro, date(2023, 2, 9)), (retro, date(2023, 2, 8), Stand::TeLaat));

    let mut story = Story::assigned();
    story.starts(&[start(begin)]);
    let end = date(2023, 3, 1);
    let mut late = story.clone();
    late.today = date(2023, 3, 9);
    late.stops(&[stop(begin, "20", end)]);
    assert_eq!(one(&all(&late), Timer::StopDue).stand(late.today), Stand::TeLaat);
    story.today = date(2023, 3, 8);
    story.stops(&[stop(begin, "20", end)]);
    assert_eq!(one(&all(&story), Timer::StopDue).stand(story.today), Stand::Gehaald);
    // The definitive stop after it counts from when the aanbieder learned of it, which no message says.
    story.today = date(2023, 6, 1);
    story.stops(&[stop(begin, "23", end)]);
    assert_eq!(one(&all(&story), Timer::StopDue).voldaan, Some(date(2023, 3, 8)));
}

/// OP288: in time, late, and from the receipt of a 301 that takes back what was given.
#[test]
fn a_stop_that_was_missed() {
    let begin = date(2023, 1, 5);
    let mut story = Story::assigned();
    story.starts(&[start(begin)]);
    let due = date(2024, 1, 8);
    assert_eq!(one(&all(&story), Timer::StopMissing).due, due);
    for (day, stand) in [(due, Stand::Gehaald), (after(due, 1), Stand::TeLaat)] {
        let mut story = story.clone();
        story.today = day;
        assert_eq!(story.stops(&[stop(begin, "19", date(2023, 12, 31))]), "ok");
        assert_eq!(one(&all(&story), Timer::StopMissing).stand(day), stand);
    }
    // A stop before the end leaves nothing to miss.
    let mut early = story.clone();
    early.today = date(2023, 12, 31);
    early.stops(&[stop(begin, "23", date(2023, 12, 1))]);
    assert!(all(&early).iter().all(|deadline| deadline.timer != Timer::StopMissing));
    let mut shorter = assigned(date(2023, 11, 1));
    shorter.einddatum = Some(date(2023, 6, 30));
    shorter.reden_wijziging = Some(RedenWijziging::new("07").unwrap());
    story.today = date(2023, 11, 1);
    story.assign(shorter.clone());
    let found = one(&all(&story), Timer::StopMissing);
    assert_eq!((found.start, found.due), (date(2023, 11, 1), date(2023, 11, 8)));
    // The same again says nothing new.
    story.today = date(2023, 11, 20);
    story.assign(ToegewezenProduct {
        toewijzingsdatum: date(2023, 11, 20),
        reden_wijziging: None,
        ..shorter
    });
    assert_eq!(one(&all(&story), Timer::StopMissing).due, date(2023, 11, 8));
}

/// FAQ-315.
#[test]
fn a_request_after_the_intake() {
    let mut story = Story::new();
    let due = |story: &Story| intake(&story.dossier, date(2023, 6, 1), &Kalender::default());
    assert_eq!((due(&story).due, due(&story).voldaan), (date(2023, 6, 8), None));
    story.today = date(2023, 6, 9);
    story.judge(Inhoud::Aanvragen(vec![AangevraagdProduct {
        referentie: ReferentieAanbieder::new("A").unwrap(),
        product: product("01/01A11"),
        ingangsdatum: date(2023, 7, 1),
    }]));
    assert_eq!(due(&story).stand(story.today), Stand::TeLaat);
}

/// TR335: five years after the last day of support.
#[test]
fn what_can_still_be_declared() {
    let begin = date(2023, 1, 5);
    let mut story = Story::assigned();
    let due = |story: &Story| -> Vec<Date> {
        declarable(&story.dossier).into_iter().map(|deadline| deadline.due).collect()
    };
    assert_eq!(due(&story), []);
    story.starts(&[start(begin)]);
    assert_eq!(due(&story), [date(2028, 12, 31)]);
    story.stops(&[stop(begin, "23", date(2024, 2, 29))]);
    assert_eq!(due(&story), [date(2029, 2, 28)]);
    let mut endless = Story::new();
    endless.assign(ToegewezenProduct { einddatum: None, ..assigned(date(2022, 12, 20)) });
    endless.starts(&[start(begin)]);
    assert_eq!(due(&endless), []);
}

/// Regeling-2h.
#[test]
fn comparisons() {
    let due = |today| {
        let found = comparison(date(2025, 12, 31), today);
        (found.start, found.due)
    };
    let (first, second, third) = (date(2025, 12, 31), date(2026, 2, 28), date(2026, 4, 30));
    assert_eq!(due(date(2020, 1, 1)), (first, second));
    assert_eq!(due(first), (first, second));
    assert_eq!(due(second), (first, second));
    assert_eq!(due(after(second, 1)), (second, third));
    assert_eq!(due(third), (second, third));
    assert_eq!(due(after(third, 1)).1, date(2026, 6, 30));
}

fn agreement(set: impl FnOnce(&mut Afspraak)) -> Afspraak {
    let mut afspraak = Afspraak::default();
    set(&mut afspraak);
    afspraak
}

/// "Contact within one week": due seven days after the 301, proved by the start.
#[test]
fn contact_within_a_week() {
    let mut story = Story::new();
    story.beleid.afspraken.push(agreement(|one| one.contact_dagen = Some(7)));
    let sent = date(2023, 6, 1);
    story.today = sent;
    story.assign(assigned(sent));
    let due = |story: &Story| one(&agreed(&story.dossier, &story.beleid), Timer::Contact);
    let last = date(2023, 6, 8);
    assert_eq!((due(&story).start, due(&story).due, due(&story).voldaan), (sent, last, None));
    assert_eq!(due(&story).stand(last), Stand::Loopt);
    assert_eq!(due(&story).stand(after(last, 1)), Stand::Verlopen);
    for (begin, reported, stand) in [
        // Reported late, begun in time.
        (last, date(2023, 6, 20), Stand::Gehaald),
        // Reported before it begins: they have spoken.
        (date(2023, 7, 1), date(2023, 6, 5), Stand::Gehaald),
        (after(last, 1), date(2023, 6, 20), Stand::TeLaat),
    ] {
        let mut story = story.clone();
        story.today = reported;
        assert_eq!(story.starts(&[start(begin)]), "ok");
        assert_eq!(due(&story).stand(reported), stand, "{begin} {reported}");
    }
}

/// "Start within ten working days", after the 301 or after Ingangsdatum.
#[test]
fn start_within_working_days() {
    let mut story = Story::new();
    story.beleid.afspraken.push(agreement(|one| one.start_werkdagen = Some(10)));
    let due = |story: &Story| one(&agreed(&story.dossier, &story.beleid), Timer::StartAfspraak);
    let mut early = story.clone();
    early.today = date(2022, 12, 20);
    early.assign(assigned(date(2022, 12, 20)));
    assert_eq!((due(&early).start, due(&early).due), (date(2023, 1, 1), date(2023, 1, 13)));
    story.today = date(2023, 6, 1);
    story.assign(assigned(date(2023, 6, 1)));
    assert_eq!(due(&story).due, date(2023, 6, 15));
    story.beleid.kalender.sluitingsdagen.insert(date(2023, 6, 2));
    assert_eq!(due(&story).due, date(2023, 6, 16));
    for (begin, stand) in [(date(2023, 6, 16), Stand::Gehaald), (date(2023, 6, 17), Stand::TeLaat)] {
        let mut story = story.clone();
        story.today = date(2023, 7, 1);
        story.starts(&[start(begin)]);
        assert_eq!(due(&story).stand(story.today), stand);
    }
    // Deleted, or over before: no start is expected any more.
    let ended = |einddatum| {
        let mut story = story.clone();
        story.assign(ToegewezenProduct { einddatum: Some(einddatum), ..assigned(date(2023, 6, 2)) });
        agreed(&story.dossier, &story.beleid).len()
    };
    assert_eq!((ended(date(2023, 6, 15)), ended(date(2023, 6, 16))), (0, 1));
    story.assign(ToegewezenProduct {
        einddatum: Some(date(2023, 1, 1)),
        reden_wijziging: Some(RedenWijziging::VERWIJDERD),
        ..assigned(date(2023, 6, 2))
    });
    assert_eq!(agreed(&story.dossier, &story.beleid), []);
}

/// That of the aanbieder before that of all, and the one in force when the 301 was sent.
#[test]
fn agreements_have_a_party_and_a_time() {
    let mine = Aanbieder::new("42420001").unwrap();
    let other = Aanbieder::new("42420002").unwrap();
    let with = |aanbieder, vanaf: Option<Date>, tot: Option<Date>, days| Afspraak {
        aanbieder,
        vanaf,
        tot,
        contact_dagen: Some(days),
        start_werkdagen: None,
    };
    let mut story = Story::new();
    story.beleid.afspraken = vec![
        with(Some(mine), Some(date(2023, 6, 1)), Some(date(2023, 6, 30)), 3),
        with(None, None, None, 14),
        with(Some(mine), Some(date(2023, 7, 1)), None, 2),
        with(Some(mine), Some(date(2023, 9, 1)), None, 1),
        with(Some(other), None, None, 99),
    ];
    let days = |day| story.beleid.afspraak(mine, day).and_then(|one| one.contact_dagen);
    assert_eq!(days(date(2023, 5, 31)), Some(14));
    assert_eq!(days(date(2023, 6, 1)), Some(3));
    assert_eq!(days(date(2023, 6, 30)), Some(3));
    assert_eq!(days(date(2023, 7, 1)), Some(2));
    assert_eq!(days(date(2023, 9, 1)), Some(1));
    story.beleid.afspraken.retain(|one| one.aanbieder == Some(other));
    assert!(story.beleid.afspraak(mine, date(2023, 9, 1)).is_none());
}

/// D26: nothing without days, and met by the day on which the start was reported.
#[test]
fn d26_is_a_choice() {
    let mut story = Story::new();
    let sent = date(2023, 6, 1);
    story.today = sent;
    story.assign(assigned(sent));
    assert_eq!(agreed(&story.dossier, &story.beleid), []);
    story.beleid.geen_start_dagen = Some(21);
    let due = |story: &Story| one(&agreed(&story.dossier, &story.beleid), Timer::NoStart);
    assert_eq!(due(&story).due, date(2023, 6, 22));
    story.today = date(2023, 6, 23);
    story.starts(&[start(date(2023, 6, 20))]);
    assert_eq!(due(&story).stand(story.today), Stand::TeLaat);
}

/// Names are unique and say no more than they should.
#[test]
fn every_timer_has_a_name_and_a_ground() {
    let names: std::collections::BTreeSet<&str> = Timer::ALL.iter().map(|timer| timer.as_str()).collect();
    assert_eq!(names.len(), Timer::ALL.len());
    assert!(Timer::ALL.iter().all(|timer| !timer.regels().is_empty()));
}
