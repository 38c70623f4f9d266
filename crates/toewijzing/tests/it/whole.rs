//! Toewijzing and delivery together against the slow model: every pair of versions, every short history, and long
//! random ones, which have requests besides (`whole_requests.rs` has every short history of those).
//!
//! Refused messages leave no trace, and a history that leads to where another led is prolonged once; both are asserted,
//! not assumed (`compare`). `IWMO_MODEL_DEPTH` makes the histories longer.

use std::collections::HashSet;

use iwmo_toewijzing::dossier::{Dossier, Onderwerp};
use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::{Identificatie, Retourcode};
use iwmo_toewijzing::judge::{Beleid, Context};
use iwmo_toewijzing::{Verdict, judge};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use crate::reference::{
    BASE, BEGINS, Class, ENDS, Message, Naam, Outcome, TODAY, Version, World, referentie,
};
use crate::support::{self, nr};

/// How many messages the exhaustive histories have.
const DEPTH: usize = 5;

/// The references that a request may have.
pub(crate) const NAMEN: [Naam; 3] = ["A", "B", "C"];

/// Every RedenWijziging that a message may carry, and none. Code 01 is refused before (CS336).
const REDENEN: [Option<&str>; 14] = [
    None,
    Some("02"),
    Some("03"),
    Some("04"),
    Some("05"),
    Some("06"),
    Some("07"),
    Some("08"),
    Some("09"),
    Some("10"),
    Some("11"),
    Some("12"),
    Some("13"),
    Some("14"),
];

/// The machine beside a world.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) dossier: Dossier,
    /// How many messages it has judged.
    messages: u64,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self { dossier: support::Story::new().dossier, messages: 0 }
    }

    /// Judges a message and says what the tables should have said of it.
    fn step(&mut self, world: &World, message: &Message) -> Outcome {
        self.messages += 1;
        // 301s and 319s are numbered apart, and have the same names.
        let number = |place: usize| Identificatie::new(&format!("T{place}")).unwrap();
        let inhoud = message.inhoud(world.kind, number);
        let mut event = support::event(self.dossier.key(), self.messages, "M", TODAY, TODAY, inhoud);
        match message {
            Message::Assign(_) => event.bericht.identificatie = number(world.posted),
            Message::Reply { .. } => event.bericht.identificatie = number(world.replied),
            _ => {}
        }
        let beleid = Beleid::default();
        let judgement = judge(&self.dossier, &event, &Context::new(TODAY, &beleid)).unwrap();
        if judgement.verdict.is_goedgekeurd() {
            let mut replayed = self.dossier.clone();
            replayed.apply(&event, &judgement.verdict).unwrap();
            assert_eq!(replayed, judgement.dossier, "judging and applying differ");
        } else {
            assert_eq!(judgement.dossier, self.dossier, "a refused message left a trace");
        }
        let codes: Vec<Vec<&'static str>> = match &judgement.verdict {
            Verdict::Goedgekeurd => vec![Vec::new(); message.classes()],
            Verdict::Afgekeurd(codes) => {
                codes.iter().map(|class| class.iter().map(known).collect()).collect()
            }
            other => panic!("{other:?}"),
        };
        let mutatie = match message {
            Message::Assign(_) => {
                let Inhoud::Toewijzen(products) = &event.inhoud else { unreachable!() };
                Some(mutatie(&self.dossier, &products[0]))
            }
            _ => None,
        };
        // What is odd about a 305 or 307 depends on days and periods, which the model leaves out.
        let warnings = match message {
            Message::Report(_) => Vec::new(),
            _ => judgement.waarschuwingen.iter().map(|warning| warning.soort.as_str()).collect(),
        };
        let stops =
            judgement.verwachte_stops.iter().map(|stop| stop.reden.map(|reden| reason(reden.as_str())));
        let outcome = Outcome {
            codes,
            event: mutatie,
            warnings,
            facts: judgement.feiten.iter().map(|fact| fact.soort.id()).collect(),
            stops: stops.collect(),
            answered: judgement.beantwoord.iter().map(|referentie| naam(referentie.as_str())).collect(),
        };
        self.dossier = judgement.dossier;
        outcome
    }

    /// What both say of a world between two messages.
    fn agrees(&self, world: &World) {
        let onderwerp = Onderwerp::Toewijzing(nr(100));
        assert_eq!(self.dossier.status(nr(100)).as_str(), world.status(), "{world:?}");
        assert_eq!(self.dossier.bestaand(nr(100)).is_some(), world.exists(), "{world:?}");
        assert_eq!(self.dossier.is_impliciet_bevestigd(nr(100)), world.implicitly_confirmed(), "{world:?}");
        let staat = self.dossier.levering_staat(&onderwerp);
        let mut text = staat.status.as_str().to_owned();
        for part in [staat.begindatum, staat.einddatum].into_iter().flatten() {
            text.push_str(&format!(" {part}"));
        }
        assert_eq!(text, world.reports.state(), "{world:?}");
        let mut anomalies: Vec<&str> =
            self.dossier.anomalieen_van(&onderwerp).iter().map(|soort| soort.as_str()).collect();
        anomalies.sort_unstable();
        assert_eq!(anomalies, world.anomalies(), "{world:?}");
        for naam in NAMEN {
            let verzoek = self.dossier.verzoek(&referentie(naam));
            assert_eq!(
                verzoek.map(|verzoek| verzoek.status().as_str()),
                world.request_status(naam),
                "{world:?}"
            );
        }
    }
}

/// The codes that the model may give, so that they compare as text.
fn known(code: &Retourcode) -> &'static str {
    const CODES: &[&str] = &[
        "0233", "8187", "9019", "9063", "9069", "9071", "9074", "9326", "9332", "9347", "9349", "9350",
        "9351", "9355", "9357", "9359", "9360", "9361", "9365", "9373", "9374", "9375", "9379", "9411",
        "9412", "9413", "9414", "9415",
    ];
    CODES.iter().find(|known| **known == code.as_str()).unwrap_or_else(|| panic!("{code}"))
}

fn naam(text: &str) -> Naam {
    NAMEN.into_iter().find(|naam| *naam == text).unwrap()
}

fn reason(code: &str) -> &'static str {
    ["02", "31", "36", "37", "38", "39"].into_iter().find(|known| *known == code).unwrap_or("?")
}

fn mutatie(dossier: &Dossier, product: &ToegewezenProduct) -> &'static str {
    use iwmo_toewijzing::dossier::Mutatie;
    match dossier.mutatie(product) {
        Mutatie::New => "New",
        Mutatie::Resend => "Resend",
        Mutatie::Unchanged => "Unchanged",
        Mutatie::Oprekken => "Oprekken",
        Mutatie::Intrekken => "Intrekken",
        Mutatie::Volume => "Volume",
        Mutatie::Budget => "Budget",
        Mutatie::Delete => "Delete",
        Mutatie::Revive => "Revive",
        Mutatie::OtherChange => "OtherChange",
        Mutatie::DifferentProduct => "DifferentProduct",
        Mutatie::Older => "Older",
    }
}

/// Lets both handle a message; they must agree about everything.
pub(crate) fn compare(machine: &Machine, world: &World, message: &Message) -> (Machine, World) {
    let (mut machine, mut next) = (machine.clone(), world.clone());
    let got = machine.step(world, message);
    let want = next.step(message);
    assert_eq!(want, got, "{message:?} after {world:?}");
    machine.agrees(&next);
    (machine, next)
}

/// The contents that a new version may have beside those of the effective one.
pub(crate) fn contents(from: Version) -> [Version; 8] {
    [
        from,
        Version { end: None, ..from },
        Version { end: from.end.map_or(Some(340), |end| Some(end + 20)), ..from },
        Version { end: from.end.map_or(Some(200), |end| Some(end - 20)), ..from },
        Version { volume: from.volume + 1, ..from },
        Version { budget: from.budget.map_or(Some(1), |_| None), ..from },
        Version { eenheid: if from.eenheid == 4 { 1 } else { 4 }, ..from },
        Version { begin: 1 - from.begin, ..from },
    ]
}

/// Section 4.2 as a whole: every content after every content, with every RedenWijziging, earlier, equal and later, on a
/// version that waits, was approved or was refused, and with and without a delivery.
#[test]
fn every_pair_of_versions() {
    let mut judged = 0;
    for first in contents(BASE).into_iter().chain([Version { reden: Some("13"), ..BASE }]) {
        for answer in [None, Some(true), Some(false)] {
            for delivery in
                [vec![], vec![None], vec![None, Some((true, ENDS[0]))], vec![None, Some((false, ENDS[0]))]]
            {
                let (mut machine, mut world) =
                    compare(&Machine::new(), &World::default(), &Message::Assign(first));
                for stop in delivery {
                    let class = Class { delete: false, begin: BEGINS[0], stop };
                    (machine, world) = compare(&machine, &world, &Message::Report(vec![class]));
                }
                if let Some(approve) = answer {
                    (machine, world) = compare(&machine, &world, &Message::Answer { of: 0, approve });
                }
                for content in contents(Version { reden: None, ..first }) {
                    for reden in REDENEN {
                        for day in [first.day - 1, first.day, first.day + 1] {
                            let second = Version { day, reden, ..content };
                            let (machine, world) = compare(&machine, &world, &Message::Assign(second));
                            for approve in [true, false] {
                                let of = world.ids[world.sent.len() - 1];
                                compare(&machine, &world, &Message::Answer { of, approve });
                            }
                            judged += 3;
                        }
                    }
                }
            }
        }
    }
    assert!(judged > 100_000, "only {judged} messages");
}

/// The messages that may follow on a world: one of each class of section 4.2, the answers, and the classes of section
/// 5.1 on two Begindatums.
fn alphabet(world: &World) -> Vec<Message> {
    let known = world.effective().map_or(BASE, |index| world.sent[index].0);
    let last = world.sent.iter().map(|(version, _)| version.day).max().unwrap_or(BASE.day - 1);
    let from = Version { reden: None, day: last + 1, ..known };
    let end = known.end.unwrap_or(300);
    let mut letters: Vec<Message> = [
        from,
        Version { day: known.day, ..from },
        Version { day: known.day, volume: from.volume + 1, ..from },
        Version { day: 10, ..from },
        Version { end: Some(end + 20), reden: Some("04"), ..from },
        Version { end: Some(end - 20), reden: Some("02"), ..from },
        Version { volume: from.volume + 1, reden: Some("12"), ..from },
        Version { budget: Some(from.budget.unwrap_or(0) + 1), reden: Some("14"), ..from },
        Version { eenheid: if from.eenheid == 4 { 1 } else { 4 }, reden: Some("05"), ..from },
        Version { begin: 1 - from.begin, ..from },
        Version { reden: Some("13"), ..from },
    ]
    .map(Message::Assign)
    .into();
    for (of, (_, answer)) in world.sent.iter().enumerate() {
        if answer.is_none() {
            let of = world.ids[of];
            letters.extend([true, false].map(|approve| Message::Answer { of, approve }));
        }
    }
    letters.push(Message::Answer { of: world.posted, approve: false });
    for delete in [false, true] {
        for begin in BEGINS {
            // Two Einddatums are for `model.rs`, which knows nothing but deliveries.
            for stop in [None, Some((true, ENDS[0])), Some((false, ENDS[0]))] {
                letters.push(Message::Report(vec![Class { delete, begin, stop }]));
            }
        }
    }
    letters
}

#[test]
fn every_short_history_of_both_sides() {
    let depth = std::env::var("IWMO_MODEL_DEPTH").ok().and_then(|depth| depth.parse().ok()).unwrap_or(DEPTH);
    let mut judged = 0_u64;
    let mut seen = HashSet::new();
    let mut front = vec![(Machine::new(), World::default())];
    for length in 1..=depth {
        let mut next = Vec::new();
        for (machine, world) in &front {
            for message in alphabet(world) {
                let (machine, after) = compare(machine, world, &message);
                judged += 1;
                if length < depth && after.place() != world.place() && seen.insert(after.place()) {
                    next.push((machine, after));
                }
            }
        }
        front = next;
    }
    println!("{judged} messages, {} places, {depth} deep", seen.len());
    assert!(depth < DEPTH || judged > 50_000, "only {judged} messages");
}

/// The state machine of the model, as proptest drives it.
struct Tables;

impl ReferenceStateMachine for Tables {
    type State = World;
    type Transition = Message;

    fn init_state() -> BoxedStrategy<World> {
        Just(World::default()).boxed()
    }

    fn transitions(world: &World) -> BoxedStrategy<Message> {
        let known = world.effective().map_or(BASE, |index| world.sent[index].0);
        let last = world.sent.iter().map(|(version, _)| version.day).max().unwrap_or(BASE.day);
        let day = prop_oneof![3 => Just(last + 1), 1 => Just(known.day), 1 => 10..last + 1];
        let reden = prop_oneof![
            3 => Just(None),
            1 => Just(Some("13")),
            4 => proptest::sample::select(REDENEN.to_vec()),
        ];
        let content = proptest::sample::select(contents(Version { reden: None, ..known }).to_vec());
        let grants = proptest::option::weighted(0.2, any_naam());
        let assign = (day, reden, content, grants).prop_map(|(day, reden, content, grants)| {
            Message::Assign(Version { day, reden, grants, ..content })
        });
        let answer = (0..world.posted + 1, proptest::bool::weighted(0.7))
            .prop_map(|(of, approve)| Message::Answer { of, approve });
        let ask = proptest::sample::subsequence(NAMEN.to_vec(), 1..=2).prop_map(Message::Ask);
        let change = (any_naam(), proptest::sample::select(crate::whole_requests::wishes()))
            .prop_map(|(naam, wish)| Message::Change(naam, wish));
        let reply = (any_naam(), any::<bool>()).prop_map(|(naam, refuse)| Message::Reply { naam, refuse });
        let reply_answer = (0..world.replied + 1, proptest::bool::weighted(0.3))
            .prop_map(|(of, approve)| Message::ReplyAnswer { of, approve });
        prop_oneof![
            3 => assign, 3 => answer, 6 => report(), 1 => ask, 2 => change, 2 => reply, 2 => reply_answer
        ]
        .boxed()
    }

    fn apply(mut world: World, message: &Message) -> World {
        world.step(message);
        world
    }
}

fn any_naam() -> impl Strategy<Value = Naam> {
    proptest::sample::select(NAMEN.to_vec())
}

/// A 305 or 307 with up to three classes of different keys (TR101 is the codec's).
fn report() -> impl Strategy<Value = Message> {
    let class = |stops: bool| {
        (any::<bool>(), 0..2_usize, any::<bool>(), 0..2_usize).prop_map(
            move |(delete, begin, temporary, end)| Class {
                delete,
                begin: BEGINS[begin],
                stop: stops.then_some((temporary, ENDS[end])),
            },
        )
    };
    any::<bool>().prop_flat_map(move |stops| proptest::collection::vec(class(stops), 1..=3)).prop_map(
        |classes| {
            let mut kept: Vec<Class> = Vec::new();
            for class in classes {
                if kept.iter().all(|known| (known.begin, known.stop) != (class.begin, class.stop)) {
                    kept.push(class);
                }
            }
            Message::Report(kept)
        },
    )
}

struct Histories;

impl StateMachineTest for Histories {
    type SystemUnderTest = (Machine, World);
    type Reference = Tables;

    fn init_test(world: &World) -> (Machine, World) {
        (Machine::new(), world.clone())
    }

    fn apply((machine, world): (Machine, World), _: &World, message: Message) -> (Machine, World) {
        compare(&machine, &world, &message)
    }

    fn check_invariants((machine, world): &(Machine, World), reference: &World) {
        assert_eq!(world.place(), reference.place());
        let stored = postcard::to_allocvec(&machine.dossier).unwrap();
        assert_eq!(postcard::from_bytes::<Dossier>(&stored).unwrap(), machine.dossier);
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Long histories of toewijzing and delivery together; a failure shrinks to a short one, which becomes a test here.
    #[test]
    fn long_histories_of_both_sides(sequential 1..60 => Histories);
}
