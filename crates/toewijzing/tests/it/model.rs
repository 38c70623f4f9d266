//! Starts and stops against a slow model: every short history, and random long ones with several classes a message.
//!
//! The model keeps nothing but the list of classes that were accepted and asks every rule of it anew, in the words
//! of the rule set; it shares no code with the machine but the types of the events.

use iwmo_toewijzing::dossier::{Dossier, Onderwerp};
use iwmo_toewijzing::judge;
use iwmo_toewijzing::judge::{Beleid, Context};
use jiff::civil::date;
use proptest::prelude::*;

use crate::reference::{BEGINS, Class, ENDS, Model, inhoud};
use crate::support::{self, Story, nr};

/// How many messages the exhaustive histories have.
const DEPTH: usize = 6;

/// Judges a message with both; they must agree about the codes and the state.
fn compare(dossier: &Dossier, model: &mut Model, classes: &[Class], entry: u64) -> Dossier {
    let day = date(2023, 11, 1);
    let event = support::event(dossier.key(), entry, "M", day, day, inhoud(classes));
    let beleid = Beleid::default();
    let judgement = judge(dossier, &event, &Context::new(day, &beleid)).unwrap();
    let want = model.message(classes, true);
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
