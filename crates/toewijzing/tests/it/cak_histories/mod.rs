//! The eigen bijdrage from end to end within the machine: random messages, statements and policies, a CAK that answers late
//! and refuses now and then, and the clock moving on. Once it is quiet, the months that the CAK charges are those that
//! follow from the records and the policy, worked out here day by day, by other code and in another way.

mod daden;
mod reference;

use std::collections::{BTreeMap, BTreeSet};

use iwmo_toewijzing::cak::*;
use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::*;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::cak::{Cak, histories};
use crate::support::*;
use daden::{Beleid, Daad, Keuzes, beleid, daad};

/// The first day of every history.
const BEGIN: Date = date(2025, 1, 10);
/// By then everything that was said lies in the past, and within a year.
const END: Date = date(2025, 11, 20);
/// Support is looked at from here.
const FIRST: Date = date(2024, 11, 1);
/// No stop of a period that is over lies later.
const LAST: Date = date(2026, 3, 31);

const TOEWIJZINGEN: usize = 2;

/// The most periods that the planner promises to compare (section 9.4).
const COMPARED_MAX: usize = 6;

/// What was said and approved of one toewijzing, as plain lists.
#[derive(Clone, Debug, Default)]
struct Feiten {
    eind: Option<Date>,
    goedgekeurd: bool,
    /// Begindatum, and of each stop reason, Einddatum and day of receipt.
    starts: BTreeMap<Date, Vec<(&'static str, Date, Date)>>,
    ooit_gestart: bool,
    /// Reference, first and last day.
    betaald: Vec<(u32, Date, Date)>,
    laatste_declaratie: Option<Date>,
}

fn ingangsdatum(welke: usize) -> Date {
    [date(2024, 12, 12), date(2025, 1, 1)][welke]
}

fn besluitdatum(welke: usize) -> Date {
    ingangsdatum(welke).checked_sub(7.days()).unwrap()
}

fn soort(welke: usize) -> Option<Product> {
    product(["02/02A01", "14/14A01"][welke])
}

fn nummer(welke: usize) -> ToewijzingNummer {
    nr([100, 200][welke])
}

struct Wereld {
    story: Story,
    beleid: Beleid,
    machine: EbBeleid,
    feiten: [Feiten; TOEWIJZINGEN],
    opgaven: Opgaven,
    birth: Option<Date>,
    eb: EbDossier,
    cak: Cak,
    counter: EbStartNummer,
    sent: u32,
    references: u32,
    /// The answer under way, and on which day it comes.
    answer: Option<(Identificatie, Vec<&'static str>, Date)>,
    /// What the CAK refused without a reason.
    refused: Vec<Opdracht>,
    /// More periods differ than the planner compares: a person goes on.
    handed_over: bool,
}

impl Wereld {
    fn new(beleid: Beleid) -> Self {
        let mut story = Story::new();
        story.today = BEGIN;
        Self {
            story,
            machine: beleid.machine(),
            beleid,
            feiten: Default::default(),
            opgaven: Opgaven::default(),
            birth: None,
            eb: EbDossier::default(),
            cak: Cak::default(),
            counter: EbStartNummer::new(1).unwrap(),
            sent: 0,
            references: 0,
            answer: None,
            refused: Vec::new(),
            handed_over: false,
        }
    }

    fn dag(&self, offset: i32) -> Date {
        self.story.today.checked_add(offset.days()).unwrap()
    }

    fn state(&mut self, opgave: &Opgave) {
        if opgave.check().is_ok() {
            self.opgaven.apply(opgave).unwrap();
        }
    }

    fn doe(&mut self, daad: &Daad) {
        match *daad {
            Daad::Toewijzen { welke, eind, akkoord } => self.toewijzen(welke, eind, akkoord),
            Daad::Start { welke, dag } => {
                let begin = self.dag(dag).max(ingangsdatum(welke));
                let class = StartProduct {
                    key: StartKey { nummer: Some(nummer(welke)), product: soort(welke), begindatum: begin },
                    toewijzing_ingangsdatum: Some(ingangsdatum(welke)),
                    status: StatusAanlevering::Eerste,
                };
                if self.story.starts(&[class]) == "ok" {
                    self.feiten[welke].starts.insert(begin, Vec::new());
                    self.feiten[welke].ooit_gestart = true;
                }
            }
            Daad::Stop { welke, reden, dag } => {
                let Some(begin) = self.feiten[welke].starts.keys().next_back().copied() else { return };
                let end = self.dag(dag).max(begin);
                let class = self.stop(welke, begin, reden, end, StatusAanlevering::Eerste);
                let today = self.story.today;
                if self.story.stops(&[class]) == "ok" {
                    self.feiten[welke].starts.get_mut(&begin).unwrap().push((reden, end, today));
                }
            }
            Daad::StartWeg { welke } => {
                let Some(begin) = self.feiten[welke].starts.keys().next_back().copied() else { return };
                let class = StartProduct {
                    key: StartKey { nummer: Some(nummer(welke)), product: soort(welke), begindatum: begin },
                    toewijzing_ingangsdatum: Some(ingangsdatum(welke)),
                    status: StatusAanlevering::Verwijderen,
                };
                if self.story.starts(&[class]) == "ok" {
                    self.feiten[welke].starts.remove(&begin);
                }
            }
            Daad::StopWeg { welke } => {
                let last = self.feiten[welke].starts.iter().next_back();
                let Some((begin, (reden, end, _))) = last.and_then(|(b, s)| Some((*b, *s.last()?))) else {
                    return;
                };
                let class = self.stop(welke, begin, reden, end, StatusAanlevering::Verwijderen);
                if self.story.stops(&[class]) == "ok" {
                    self.feiten[welke].starts.get_mut(&begin).unwrap().pop();
                }
            }
            Daad::Declareren { welke, dag, lengte, akkoord } => {
                self.declareren(welke, dag, lengte, akkoord, None)
            }
            Daad::Crediteren { welke } => {
                let Some((paid, begin, eind)) = self.feiten[welke].betaald.first().copied() else { return };
                let _ = (begin, eind);
                self.declareren(welke, 0, 1, true, Some(paid));
            }
            Daad::Voorziening { naam, van, dag, lengte } => {
                let from = self.dag(dag).max(date(2024, 12, 10));
                self.state(&Opgave::Voorziening(Voorziening {
                    naam: VoorzieningNaam::new(["A", "B"][naam]).unwrap(),
                    leveringsvorm: if van.is_some() { Leveringsvorm::Zin } else { Leveringsvorm::Pgb },
                    toewijzing: van.map(nummer),
                    categorie: van.is_none().then(|| Categorie::new("02").unwrap()),
                    code: None,
                    beschikkingsdatum: None,
                    ingangsdatum: from,
                    einddatum: lengte.map(|days| from.checked_add(days.days()).unwrap()),
                }));
            }
            Daad::VoorzieningWeg { naam } => {
                self.state(&Opgave::VoorzieningIngetrokken(VoorzieningNaam::new(["A", "B"][naam]).unwrap()));
            }
            Daad::Overleden { dag } => {
                let overleden_op = dag.map(|dag| self.dag(dag));
                self.state(&Opgave::Client(Clientfeiten { overleden_op, ..self.opgaven.client }));
            }
            Daad::Verhuisd { dag } => {
                let verhuisd_na = dag.map(|dag| self.dag(dag));
                self.state(&Opgave::Client(Clientfeiten { verhuisd_na, ..self.opgaven.client }));
            }
            Daad::Wlz { dag } => {
                let wlz_vanaf = dag.map(|dag| self.dag(dag));
                self.state(&Opgave::Client(Clientfeiten { wlz_vanaf, ..self.opgaven.client }));
            }
            Daad::Geboren { maanden } => {
                let adult = date(2025, 2, 14).checked_add(maanden.months()).unwrap();
                self.birth = Some(adult.checked_sub(18.years()).unwrap());
            }
            Daad::Besluit { welke, vrij, dag } => {
                let belasting = vrij.map(|vrij| if vrij { Belasting::Vrij } else { Belasting::Belast });
                let geldig_vanaf = Some(self.dag(dag));
                let waarover = Waarover::Toewijzing(nummer(welke));
                self.state(&Opgave::Belasting(BelastingBesluit {
                    waarover,
                    belasting,
                    geldig_vanaf,
                    geldig_tot: None,
                }));
            }
            Daad::Prijs { welke, cent } => {
                self.state(&Opgave::Kostprijs(KostprijsOpgave {
                    waarover: Waarover::Toewijzing(nummer(welke)),
                    bedrag_cent: Some(cent),
                    startdatum: None,
                    bereikt_op: None,
                }));
                self.eb.kostprijs_opnieuw();
            }
            Daad::Eigen { dag, lengte } => {
                let start = self.dag(dag).max(date(2024, 12, 10));
                let eind = lengte.map(|days| start.checked_add(days.days()).unwrap());
                self.state(&Opgave::EigenDatums(vec![EigenPeriode { start, eind }]));
            }
            Daad::GeenEigen => self.state(&Opgave::GeenEigenDatums {}),
            Daad::Vasthouden => self.eb.vasthouden(),
            Daad::Vrijgeven => self.eb.vrijgeven(),
            Daad::Onderbreking { welke, reden, gat } => {
                self.doe(&Daad::Start { welke, dag: -9 });
                self.doe(&Daad::Stop { welke, reden, dag: 0 });
                self.doe(&Daad::Dagen { aantal: gat, laat: false, weiger: false });
                self.doe(&Daad::Start { welke, dag: 0 });
            }
            Daad::Dagen { aantal, laat, weiger } => {
                for _ in 0..aantal {
                    if self.story.today >= date(2025, 9, 10) {
                        break;
                    }
                    self.story.today = self.story.today.tomorrow().unwrap();
                    self.run(laat, weiger);
                }
            }
        }
    }

    fn stop(
        &self,
        welke: usize,
        begindatum: Date,
        reden: &str,
        einddatum: Date,
        status: StatusAanlevering,
    ) -> StopProduct {
        StopProduct {
            key: StopKey {
                start: StartKey { nummer: Some(nummer(welke)), product: soort(welke), begindatum },
                reden: RedenBeeindiging::new(reden).unwrap(),
                einddatum,
            },
            toewijzing_ingangsdatum: Some(ingangsdatum(welke)),
            status,
        }
    }

    fn toewijzen(&mut self, welke: usize, eind: Option<i32>, akkoord: bool) {
        let known = self.feiten[welke].goedgekeurd;
        let einddatum = eind.map(|eind| self.dag(eind).max(ingangsdatum(welke).tomorrow().unwrap()));
        let einddatum = if known { einddatum } else { None };
        let class = ToegewezenProduct {
            nummer: nummer(welke),
            referentie_aanbieder: None,
            product: soort(welke),
            // A change is decided later than what it changes; the first decision is the one that counts.
            toewijzingsdatum: if known { self.story.today } else { besluitdatum(welke) },
            toewijzingstijd: jiff::civil::time(9, 0, 0, 0),
            ingangsdatum: ingangsdatum(welke),
            einddatum,
            reden_wijziging: known.then(|| RedenWijziging::new("05").unwrap()),
            omvang: None,
            budget: None,
        };
        let judgement = self.story.judge(Inhoud::Toewijzen(vec![class]));
        if !judgement.verdict.is_goedgekeurd() {
            return;
        }
        let codes: &[&str] = if akkoord || !known { &[] } else { &["9999"] };
        self.story.answer(codes);
        if codes.is_empty() {
            self.feiten[welke].goedgekeurd = true;
            self.feiten[welke].eind = einddatum;
        }
    }

    fn declareren(&mut self, welke: usize, dag: i32, lengte: i32, akkoord: bool, credit: Option<u32>) {
        if !self.feiten[welke].goedgekeurd {
            return;
        }
        self.references += 1;
        let reference = |number: u32| ReferentieNummer::new(&format!("R{number}")).unwrap();
        let begin = self.dag(dag).max(ingangsdatum(welke));
        let eind = begin.checked_add(lengte.days()).unwrap();
        let prestatie = Prestatie {
            referentie: reference(self.references),
            vorige: credit.map(reference),
            nummer: nummer(welke),
            credit: credit.is_some(),
            begin,
            eind,
        };
        let event = self.story.event(Inhoud::Declareren(vec![prestatie]));
        let op = event.bericht.identificatie.clone();
        self.story.dossier.apply(&event, &iwmo_toewijzing::Verdict::Goedgekeurd).unwrap();
        self.feiten[welke].laatste_declaratie = Some(self.story.today);
        let afgewezen = if akkoord { Afgewezen::Enkele(BTreeSet::new()) } else { Afgewezen::Alle };
        self.story.judge(Inhoud::DeclaratieAntwoord(DeclaratieUitkomst { op, afgewezen }));
        match credit {
            Some(paid) => self.feiten[welke].betaald.retain(|(number, ..)| *number != paid),
            None if akkoord => self.feiten[welke].betaald.push((self.references, begin, eind)),
            None => {}
        }
    }

    fn wanted(&self) -> Gewenst {
        wanted(&[&self.story.dossier], self.birth, &self.opgaven, &self.machine, self.story.today)
    }

    /// One run of the planner, with the answer that comes today before it. Returns whether anything is still to come.
    fn run(&mut self, late: bool, refuse: bool) -> bool {
        let today = self.story.today;
        if let Some((id, codes, _)) = self.answer.take_if(|(_, _, on)| *on <= today) {
            let codes: Vec<_> = codes.into_iter().map(|code| Retourcode::new(code).unwrap()).collect();
            self.eb.retour(&id, &codes);
        }
        let gewenst = self.wanted();
        match plan(&self.eb, &gewenst.perioden, &self.machine, today, self.counter) {
            Plan::Niets => false,
            Plan::Wachten(Wachtreden::Vastgehouden) => false,
            Plan::Wachten(_) => true,
            Plan::Sturen { stappen, .. } => {
                let stap = stappen[0];
                if stap.uit_teller {
                    assert_eq!(stap.opdracht.nummer(), self.counter);
                    self.counter = self.counter.next().unwrap();
                }
                self.sent += 1;
                let id = Identificatie::new(&format!("EB{}", self.sent)).unwrap();
                self.eb.sent(stap.opdracht, id.clone(), today).unwrap();
                // Now and then the CAK's clock is behind, for each command once: a second time is for a person (6.2).
                let refused = refuse && !self.refused.contains(&stap.opdracht);
                let codes = if refused {
                    self.refused.push(stap.opdracht);
                    vec!["8848"]
                } else {
                    self.cak.receive(&stap.opdracht, today)
                };
                assert!(codes.is_empty() || refused, "{:?}: {codes:?}", stap.opdracht);
                self.cak.assert_sound();
                let on = today.checked_add(if late { 6.days() } else { 0.days() }).unwrap();
                self.answer = Some((id, codes, on));
                true
            }
            Plan::Handmatig(Handmatig::TeVeelPerioden)
                if self.cak.periods().len().max(gewenst.perioden.len()) > COMPARED_MAX =>
            {
                self.handed_over = true;
                false
            }
            other => panic!("{other:?} from {:?} to {gewenst:?}", self.cak.periods()),
        }
    }

    /// Moves on to a day on which everything lies in the past, and lets it all be told.
    fn end(&mut self) {
        self.story.today = END;
        self.eb.vrijgeven();
        for _ in 0..60 {
            if !self.run(false, false) && self.answer.is_none() {
                return;
            }
            self.story.today = self.story.today.tomorrow().unwrap();
            if self.story.today > date(2025, 12, 8) {
                self.story.today = date(2025, 12, 8);
            }
        }
        panic!("it never becomes quiet");
    }
}

/// Plays a history to its quiet end.
fn play(beleid: Beleid, daden: &[Daad]) -> Wereld {
    let mut wereld = Wereld::new(beleid);
    for welke in 0..TOEWIJZINGEN {
        wereld.toewijzen(welke, None, true);
    }
    for daad in daden {
        wereld.doe(daad);
        wereld.run(false, false);
    }
    wereld.end();
    wereld
}

proptest! {
    #![proptest_config(ProptestConfig { cases: histories(), ..ProptestConfig::default() })]

    /// Once it is quiet, the CAK charges the months that follow from the records and the policy; no overlap, no date
    /// outside the windows and nothing that the CAK would refuse was sent on the way.
    #[test]
    fn the_cak_is_told_what_follows_from_messages(
        beleid in beleid(),
        daden in proptest::collection::vec(daad(), 4..50),
    ) {
        let mut wereld = play(beleid, &daden);
        if wereld.handed_over {
            return Ok(());
        }
        let told = wereld.cak.periods();
        let due = wereld.perioden();
        prop_assert_eq!(Cak::months(&told), Cak::months(&due), "told {:?}, due {:?}", told, due);
        prop_assert!(!wereld.run(false, false), "it is not quiet");
    }
}

/// The histories are worth playing: every kind of message is sent, often, and a rule that is read otherwise is found out.
#[test]
fn the_histories_reach_what_matters() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = (beleid(), proptest::collection::vec(daad(), 4..50));
    let mut kinds: BTreeMap<(Onderdeel, u8), u32> = BTreeMap::new();
    let (mut priced, mut refused, mut several, mut handed_over) = (0, 0, 0, 0);
    let mut misread = [0; 5];
    for _ in 0..400 {
        let (beleid, daden) = strategy.new_tree(&mut runner).unwrap().current();
        let mut wereld = play(beleid, &daden);
        for bericht in wereld.eb.berichten() {
            *kinds
                .entry((bericht.opdracht.onderdeel(), bericht.opdracht.status_aanlevering()))
                .or_default() += 1;
            priced += u32::from(bericht.opdracht.kostprijs().is_some());
            refused += u32::from(bericht.uitkomst.as_ref().is_some_and(|uitkomst| !uitkomst.aanvaard));
        }
        handed_over += u32::from(wereld.handed_over);
        let told = Cak::months(&wereld.cak.periods());
        several += u32::from(wereld.cak.periods().len() > 1);
        let right = wereld.beleid.clone();
        let wrong: [fn(&mut Keuzes); 5] = [
            |keuzes| keuzes.brug = Brug::Geen,
            |keuzes| keuzes.pauze = Pauze::Direct,
            |keuzes| (keuzes.start, keuzes.stop) = (Trigger::Levering, Trigger::Levering),
            |keuzes| keuzes.dood = Melding::Niets,
            |keuzes| keuzes.bron = StartDatumBron::Begindatum,
        ];
        for (misread, wrong) in misread.iter_mut().zip(wrong) {
            wereld.beleid = right.clone();
            wrong(&mut wereld.beleid.eerst);
            if let Some((_, later)) = &mut wereld.beleid.later {
                wrong(later);
            }
            *misread += u32::from(Cak::months(&wereld.perioden()) != told);
        }
    }
    println!(
        "{kinds:?}, with a price {priced}, refused {refused}, several periods {several}, misread {misread:?}"
    );
    assert_eq!(kinds.len(), 6, "{kinds:?}");
    assert!(kinds.values().all(|count| *count >= 20), "{kinds:?}");
    assert!(handed_over <= 2, "{handed_over} histories are left to a person");
    assert!(priced >= 20 && refused >= 20 && several >= 20, "{priced} {refused} {several}");
    assert!(misread.iter().all(|found| *found >= 5), "{misread:?}");
}
