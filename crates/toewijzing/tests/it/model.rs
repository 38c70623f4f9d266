//! Starts and stops against a slow model: every short history, and random long ones with several classes a message.
//!
//! The model keeps nothing but the list of classes that were accepted and asks every rule of it anew, in the words
//! of the rule set; it shares no code with the machine but the types of the events.

use iwmo_toewijzing::dossier::{Dossier, Onderwerp};
use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::RedenBeeindiging;
use iwmo_toewijzing::judge;
use iwmo_toewijzing::judge::{Beleid, Context};
use jiff::civil::{Date, date};
use proptest::prelude::*;

use crate::support::{self, Story, nr};

/// How many messages the exhaustive histories have.
const DEPTH: usize = 6;

const BEGINS: [Date; 2] = [date(2023, 1, 5), date(2023, 4, 3)];
const ENDS: [Date; 2] = [date(2023, 5, 1), date(2023, 6, 1)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Class {
    delete: bool,
    begin: Date,
    /// Temporary or not, and Einddatum; absent for a start.
    stop: Option<(bool, Date)>,
}

#[derive(Clone, Default)]
struct Model {
    accepted: Vec<Class>,
}

impl Model {
    /// Delivered in an accepted message and not deleted since.
    fn live(&self) -> Vec<Class> {
        let mut live: Vec<Class> = Vec::new();
        for class in &self.accepted {
            if class.delete {
                live.retain(|known| (known.begin, known.stop) != (class.begin, class.stop));
            } else {
                live.push(*class);
            }
        }
        live
    }

    fn codes(&self, class: &Class) -> Vec<&'static str> {
        let live = self.live();
        let same = |known: &&Class| (known.begin, known.stop) == (class.begin, class.stop);
        let starts: Vec<&Class> = live.iter().filter(|known| known.stop.is_none()).collect();
        let stops: Vec<(bool, Date)> =
            live.iter().filter(|known| known.begin == class.begin).filter_map(|known| known.stop).collect();
        let has_stop =
            |start: &Class| live.iter().any(|known| known.begin == start.begin && known.stop.is_some());
        let mut codes = Vec::new();
        if class.delete {
            if live.iter().find(same).is_none() {
                codes.push("9063");
            }
            if class.stop.is_none() && !stops.is_empty() {
                codes.push("9071");
            }
            return codes;
        }
        if let Some((temporary, end)) = class.stop {
            let start = starts.iter().find(|start| start.begin == class.begin);
            let actual = start.is_some_and(|start| {
                !has_stop(start) || starts.iter().all(|other| other.begin <= start.begin)
            });
            if !actual {
                codes.push("9069");
            }
            if live.iter().any(|known| same(&known)) {
                codes.push("9074");
            }
            if temporary && stops.iter().any(|stop| stop.0) {
                codes.push("9413");
            }
            if stops.iter().any(|stop| stop.1 > end) {
                codes.push("9414");
            }
            if stops.iter().any(|stop| !stop.0) {
                codes.push("9415");
            }
        } else {
            if live.iter().any(|known| same(&known)) {
                codes.push("9074");
            }
            if starts.iter().any(|start| !has_stop(start)) {
                codes.push("9326");
            }
        }
        codes
    }

    /// Section 6: deletes first, then the rest by Begindatum, temporary stops before definitive ones; all or nothing.
    fn message(&mut self, classes: &[Class]) -> Vec<Vec<&'static str>> {
        let mut scratch = self.clone();
        let mut codes = vec![Vec::new(); classes.len()];
        let deletes = (0..classes.len()).filter(|index| classes[*index].delete);
        let mut others: Vec<usize> = (0..classes.len()).filter(|index| !classes[*index].delete).collect();
        others.sort_by_key(|index| {
            (classes[*index].begin, classes[*index].stop.is_some_and(|(temporary, _)| !temporary))
        });
        for index in deletes.chain(others) {
            codes[index] = scratch.codes(&classes[index]);
            if codes[index].is_empty() {
                scratch.accepted.push(classes[index]);
            }
        }
        if codes.iter().all(Vec::is_empty) {
            *self = scratch;
        }
        codes
    }

    fn state(&self) -> String {
        let live = self.live();
        let stops = |begin: Date| {
            live.iter().filter(move |known| known.begin == begin).filter_map(|known| known.stop)
        };
        let mut starts: Vec<Date> =
            live.iter().filter(|known| known.stop.is_none()).map(|known| known.begin).collect();
        starts.sort();
        if let Some(open) = starts.iter().rev().find(|begin| stops(**begin).next().is_none()) {
            return format!("GESTART {open}");
        }
        let Some(latest) = starts.last() else { return "NIET_GESTART".into() };
        match stops(*latest).find(|stop| !stop.0) {
            Some((_, end)) => format!("BEEINDIGD {latest} {end}"),
            None => {
                let end = stops(*latest).map(|stop| stop.1).next().unwrap();
                format!("TIJDELIJK_GESTOPT {latest} {end}")
            }
        }
    }
}

fn inhoud(classes: &[Class]) -> Inhoud {
    let status =
        |class: &Class| if class.delete { StatusAanlevering::Verwijderen } else { StatusAanlevering::Eerste };
    if classes[0].stop.is_none() {
        let start = |class: &Class| StartProduct { status: status(class), ..support::start(class.begin) };
        return Inhoud::Starten(classes.iter().map(start).collect());
    }
    let stop = |class: &Class| {
        let (temporary, end) = class.stop.unwrap();
        let reden = if temporary { RedenBeeindiging::TIJDELIJK.as_str().to_owned() } else { "23".to_owned() };
        StopProduct { status: status(class), ..support::stop(class.begin, &reden, end) }
    };
    Inhoud::Stoppen(classes.iter().map(stop).collect())
}

/// Judges a message with both; they must agree about the codes and the state.
fn compare(dossier: &Dossier, model: &mut Model, classes: &[Class], entry: u64) -> Dossier {
    let day = date(2023, 11, 1);
    let event = support::event(dossier.key(), entry, "M", day, day, inhoud(classes));
    let beleid = Beleid::default();
    let judgement = judge(dossier, &event, &Context::new(day, &beleid)).unwrap();
    let want = model.message(classes);
    let got: Vec<Vec<String>> = match &judgement.verdict {
        iwmo_toewijzing::Verdict::Goedgekeurd => vec![Vec::new(); classes.len()],
        iwmo_toewijzing::Verdict::Afgekeurd(codes) => {
            codes.iter().map(|class| class.iter().map(ToString::to_string).collect()).collect()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(want, got, "after {:?}: {classes:?}", model.accepted);
    if !judgement.verdict.is_goedgekeurd() {
        assert_eq!(judgement.dossier, *dossier, "a refused message left a trace");
    }
    let mut replayed = dossier.clone();
    replayed.apply(&event, &judgement.verdict).unwrap();
    assert_eq!(replayed, judgement.dossier, "judging and applying differ");
    let staat = replayed.levering_staat(&Onderwerp::Toewijzing(nr(100)));
    let mut text = staat.status.as_str().to_owned();
    for part in [staat.begindatum, staat.einddatum].into_iter().flatten() {
        text.push_str(&format!(" {part}"));
    }
    assert_eq!(text, model.state(), "after {:?}", model.accepted);
    replayed
}

fn alphabet() -> Vec<Class> {
    let mut classes = Vec::new();
    for delete in [false, true] {
        for begin in BEGINS {
            classes.push(Class { delete, begin, stop: None });
            for temporary in [true, false] {
                for end in ENDS {
                    classes.push(Class { delete, begin, stop: Some((temporary, end)) });
                }
            }
        }
    }
    classes
}

#[test]
fn every_short_history() {
    let classes = alphabet();
    let mut judged = 0_u64;
    // A history is only prolonged by messages that were accepted: a refused one leaves no trace, as compare() shows.
    let mut front = vec![(Story::assigned().dossier, Model::default())];
    for depth in 0..=DEPTH {
        let mut next = Vec::new();
        for (dossier, model) in &front {
            for class in &classes {
                let mut model = model.clone();
                let before = model.accepted.len();
                let after = compare(dossier, &mut model, std::slice::from_ref(class), judged + 10);
                judged += 1;
                if model.accepted.len() > before && depth < DEPTH {
                    next.push((after, model));
                }
            }
        }
        front = next;
    }
    assert!(judged > 1000, "only {judged} messages");
}

fn class(stops: bool) -> impl Strategy<Value = Class> {
    let begins = [date(2023, 1, 5), date(2023, 2, 6), date(2023, 4, 3)];
    let ends = [date(2023, 4, 20), date(2023, 5, 1), date(2023, 6, 1)];
    (any::<bool>(), 0..3_usize, any::<bool>(), 0..3_usize).prop_map(move |(delete, begin, temporary, end)| {
        Class { delete, begin: begins[begin], stop: stops.then_some((temporary, ends[end])) }
    })
}

/// A message of one kind whose classes have different keys (TR101 is the codec's).
fn message() -> impl Strategy<Value = Vec<Class>> {
    any::<bool>().prop_flat_map(|stops| proptest::collection::vec(class(stops), 1..=3)).prop_map(|classes| {
        let mut kept: Vec<Class> = Vec::new();
        for class in classes {
            if kept.iter().all(|known| (known.begin, known.stop) != (class.begin, class.stop)) {
                kept.push(class);
            }
        }
        kept
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn random_histories(messages in proptest::collection::vec(message(), 1..25)) {
        let (mut dossier, mut model) = (Story::assigned().dossier, Model::default());
        for (entry, classes) in messages.iter().enumerate() {
            dossier = compare(&dossier, &mut model, classes, entry as u64 + 10);
        }
        let stored = postcard::to_allocvec(&dossier).unwrap();
        prop_assert_eq!(postcard::from_bytes::<Dossier>(&stored).unwrap(), dossier);
    }
}

/// One message about number 100, as the gemeente sees it.
#[derive(Clone, Debug)]
enum Step {
    /// A 301 with this day of the version, this end (0 is none) and perhaps RedenWijziging 13.
    Assign {
        day: i8,
        end: i8,
        delete: bool,
    },
    /// The 302 on one of the 301s sent so far.
    Answer {
        of: usize,
        approve: bool,
    },
    Start,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..5_i8, 0..4_i8, proptest::bool::weighted(0.2))
            .prop_map(|(day, end, delete)| Step::Assign { day, end, delete }),
        3 => (0..8_usize, any::<bool>()).prop_map(|(of, approve)| Step::Answer { of, approve }),
        1 => Just(Step::Start),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    /// What was sent and answered, in any order, leaves the state that a plain list of versions gives.
    #[test]
    fn random_versions(steps in proptest::collection::vec(step(), 1..20)) {
        let mut story = Story::new();
        // Day, end, deleted, and the answer.
        let mut sent: Vec<(i8, i8, bool, Option<bool>)> = Vec::new();
        for step in steps {
            match step {
                Step::Assign { day, end, delete } => {
                    let mut product = support::assigned(date(2023, 1, day));
                    product.einddatum = (end > 0).then(|| date(2023, 5, end));
                    if delete {
                        product.einddatum = Some(product.ingangsdatum);
                        product.reden_wijziging =
                            Some(iwmo_toewijzing::identity::RedenWijziging::VERWIJDERD);
                    }
                    let end = if delete { -1 } else { end };
                    let known = sent.len();
                    story.send_as(&format!("T{known}"), Inhoud::Toewijzen(vec![product]));
                    sent.push((day, end, delete, None));
                }
                Step::Answer { of, approve } => {
                    let codes = if approve { vec![] } else { vec!["S329"] };
                    story.answer_to(&format!("T{of}"), &codes);
                    if let Some(version) = sent.get_mut(of) {
                        version.3 = version.3.or(Some(approve));
                    }
                }
                Step::Start => {
                    let exists = !matches!(story.status(), "ONBEKEND" | "VERWIJDERD");
                    let open = story.levering().starts_with("GESTART");
                    let codes = story.starts(&[support::start(BEGINS[0])]);
                    prop_assert_eq!(codes.contains("9019"), !exists);
                    prop_assert_eq!(codes == "ok", exists && !open);
                }
            }
            let mut standing: Vec<_> = sent.iter().filter(|version| version.3 != Some(false)).collect();
            standing.sort_by_key(|version| version.0);
            let want = match standing.last() {
                None => "ONBEKEND",
                Some((_, _, true, _)) => "VERWIJDERD",
                Some((_, end, ..)) => {
                    let same = standing.iter().rev().take_while(|version| version.1 == *end);
                    if same.clone().any(|version| version.3 == Some(true)) { "BEVESTIGD" } else { "AANGEBODEN" }
                }
            };
            prop_assert_eq!(story.status(), want, "after {:?}", sent);
        }
    }
}
