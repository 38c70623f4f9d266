//! The eigen bijdrage from end to end within the machine: random messages, statements and policies, a CAK that answers late
//! and refuses now and then, and the clock moving on. Once it is quiet, the months that the CAK charges are those that
//! follow from the records and the policy, worked out here day by day, by other code and in another way.

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

/// The first day of every history.
const BEGIN: Date = date(2025, 1, 10);
/// By then everything that was said lies in the past, and within a year.
const END: Date = date(2025, 11, 20);
/// Support is looked at from here.
const FIRST: Date = date(2024, 11, 1);
/// No stop of a period that is over lies later.
const LAST: Date = date(2026, 3, 31);

const TOEWIJZINGEN: usize = 2;

/// A policy in plain words.
#[derive(Clone, Debug)]
struct Keuzes {
    start: Trigger,
    stop: Trigger,
    bron: StartDatumBron,
    brug: Brug,
    pauze: Pauze,
    dood: Melding,
    wlz: Melding,
    stil: u16,
    wacht: u16,
    einde: bool,
    nul: bool,
    prijs: KostprijsBeleid,
}

impl Keuzes {
    fn laag(&self) -> Laag {
        Laag {
            start_trigger: Some(self.start),
            stop_trigger: Some(self.stop),
            start_datum_bron: Some(self.bron),
            brug_regel: Some(self.brug),
            pauze_beleid: Some(self.pauze),
            overlijden_beleid: Some(self.dood),
            wlz_beleid: Some(self.wlz),
            declaratie_stilte: Some(self.stil),
            wachttijd_305: Some(self.wacht),
            einde_bij_toewijzing: Some(self.einde),
            nulmaanden_melden: Some(self.nul),
            kostprijs: Some(self.prijs),
            ..Laag::default()
        }
    }
}

/// What a policy says, and what it says from a day on.
#[derive(Clone, Debug)]
struct Beleid {
    eerst: Keuzes,
    later: Option<(Date, Keuzes)>,
}

impl Beleid {
    fn op(&self, day: Date) -> &Keuzes {
        match &self.later {
            Some((from, later)) if day >= *from => later,
            _ => &self.eerst,
        }
    }

    fn machine(&self) -> EbBeleid {
        let dated = |(from, later): &(Date, Keuzes)| Laag { geldig_vanaf: Some(*from), ..later.laag() };
        EbBeleid::new(Lagen {
            basis: self.eerst.laag(),
            wijziging: self.later.iter().map(dated).collect(),
            ..Lagen::default()
        })
    }
}

fn keuzes() -> impl Strategy<Value = Keuzes> {
    let one = |all: &'static [Trigger]| proptest::sample::select(all);
    const TRIGGERS: &[Trigger] = &[
        Trigger::Levering,
        Trigger::Levering,
        Trigger::Levering,
        Trigger::Levering,
        Trigger::Levering,
        Trigger::Toewijzing,
        Trigger::Declaratie,
        Trigger::Backoffice,
    ];
    let bron = proptest::sample::select(
        &[
            StartDatumBron::Begindatum,
            StartDatumBron::Begindatum,
            StartDatumBron::Ingangsdatum,
            StartDatumBron::Beschikkingsdatum,
            StartDatumBron::VolgendeMaand,
        ][..],
    );
    let brug =
        prop_oneof![Just(Brug::VolleKalendermaand), Just(Brug::Geen), (0..40_u16).prop_map(Brug::Dagen)];
    let pauze = proptest::sample::select(&[Pauze::NaVolleMaand, Pauze::Direct, Pauze::Nooit][..]);
    let stop = || proptest::sample::select(&[Melding::Stop, Melding::Niets][..]);
    let days = || proptest::sample::select(&[0_u16, 20, 45][..]);
    let prijs = proptest::sample::select(&[KostprijsBeleid::Niet, KostprijsBeleid::Aanleveren][..]);
    let first = (one(TRIGGERS), one(TRIGGERS), bron, brug, pauze, stop());
    let second = (stop(), days(), days(), any::<bool>(), any::<bool>(), prijs);
    (first, second).prop_map(|(first, second)| {
        let (start, stop, bron, brug, pauze, dood) = first;
        let (wlz, stil, wacht, einde, nul, prijs) = second;
        Keuzes { start, stop, bron, brug, pauze, dood, wlz, stil, wacht, einde, nul, prijs }
    })
}

fn beleid() -> impl Strategy<Value = Beleid> {
    let later = proptest::option::weighted(0.3, (0..200_i32, keuzes()));
    (keuzes(), later).prop_map(|(eerst, later)| Beleid {
        eerst,
        later: later.map(|(offset, keuzes)| (FIRST.checked_add(offset.days()).unwrap(), keuzes)),
    })
}

/// Something that happens; days count from today.
#[derive(Clone, Debug)]
enum Daad {
    Toewijzen {
        welke: usize,
        eind: Option<i32>,
        akkoord: bool,
    },
    Start {
        welke: usize,
        dag: i32,
    },
    Stop {
        welke: usize,
        reden: &'static str,
        dag: i32,
    },
    StartWeg {
        welke: usize,
    },
    StopWeg {
        welke: usize,
    },
    Declareren {
        welke: usize,
        dag: i32,
        lengte: i32,
        akkoord: bool,
    },
    Crediteren {
        welke: usize,
    },
    Voorziening {
        naam: usize,
        van: Option<usize>,
        dag: i32,
        lengte: Option<i32>,
    },
    VoorzieningWeg {
        naam: usize,
    },
    Overleden {
        dag: Option<i32>,
    },
    Verhuisd {
        dag: Option<i32>,
    },
    Wlz {
        dag: Option<i32>,
    },
    Geboren {
        maanden: i32,
    },
    Besluit {
        welke: usize,
        vrij: Option<bool>,
        dag: i32,
    },
    Prijs {
        welke: usize,
        cent: u32,
    },
    Eigen {
        dag: i32,
        lengte: Option<i32>,
    },
    GeenEigen,
    Vasthouden,
    Vrijgeven,
    /// Support, an end, and support again after some days.
    Onderbreking {
        welke: usize,
        reden: &'static str,
        gat: u8,
    },
    Dagen {
        aantal: u8,
        laat: bool,
        weiger: bool,
    },
}

fn daad() -> impl Strategy<Value = Daad> {
    let w = || 0..TOEWIJZINGEN;
    let past = || -45..=3_i32;
    prop_oneof![
        3 => (w(), proptest::option::of(-20..60_i32), proptest::bool::weighted(0.8))
            .prop_map(|(welke, eind, akkoord)| Daad::Toewijzen { welke, eind, akkoord }),
        9 => (w(), past()).prop_map(|(welke, dag)| Daad::Start { welke, dag }),
        9 => (w(), proptest::sample::select(&["20", "20", "23", "19", "02"][..]), -30..25_i32)
            .prop_map(|(welke, reden, dag)| Daad::Stop { welke, reden, dag }),
        2 => w().prop_map(|welke| Daad::StartWeg { welke }),
        3 => w().prop_map(|welke| Daad::StopWeg { welke }),
        3 => (w(), past(), 1..30_i32, proptest::bool::weighted(0.8))
            .prop_map(|(welke, dag, lengte, akkoord)| Daad::Declareren { welke, dag, lengte, akkoord }),
        1 => w().prop_map(|welke| Daad::Crediteren { welke }),
        2 => (0..2_usize, proptest::option::of(w()), past(), proptest::option::weighted(0.9, 0..60_i32))
            .prop_map(|(naam, van, dag, lengte)| Daad::Voorziening { naam, van, dag, lengte }),
        1 => (0..2_usize).prop_map(|naam| Daad::VoorzieningWeg { naam }),
        1 => proptest::option::weighted(0.3, -20..20_i32).prop_map(|dag| Daad::Overleden { dag }),
        1 => proptest::option::weighted(0.3, -20..20_i32).prop_map(|dag| Daad::Verhuisd { dag }),
        1 => proptest::option::weighted(0.3, -20..20_i32).prop_map(|dag| Daad::Wlz { dag }),
        1 => (-6..10_i32).prop_map(|maanden| Daad::Geboren { maanden }),
        2 => (w(), proptest::option::of(any::<bool>()), -40..20_i32)
            .prop_map(|(welke, vrij, dag)| Daad::Besluit { welke, vrij, dag }),
        2 => (w(), 2000..90_000_u32).prop_map(|(welke, cent)| Daad::Prijs { welke, cent }),
        1 => (past(), proptest::option::of(0..90_i32)).prop_map(|(dag, lengte)| Daad::Eigen { dag, lengte }),
        3 => Just(Daad::GeenEigen),
        8 => (w(), proptest::sample::select(&["20", "23"][..]), 2..75_u8)
            .prop_map(|(welke, reden, gat)| Daad::Onderbreking { welke, reden, gat }),
        1 => Just(Daad::Vasthouden),
        1 => Just(Daad::Vrijgeven),
        20 => (1..40_u8, proptest::bool::weighted(0.2), proptest::bool::weighted(0.15))
            .prop_map(|(aantal, laat, weiger)| Daad::Dagen { aantal, laat, weiger }),
    ]
}

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
    refused: bool,
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
            eb: EbDossier::new(Gemeente::new("0384").unwrap(), Bsn::new("999900006").unwrap()),
            cak: Cak::default(),
            counter: EbStartNummer::new(1).unwrap(),
            sent: 0,
            references: 0,
            answer: None,
            refused: false,
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
                // Now and then the CAK's clock is behind, never twice in a row: a second time is for a person.
                let refused = refuse && !self.refused;
                self.refused = refused;
                let codes = if refused { vec!["8848"] } else { self.cak.receive(&stap.opdracht, today) };
                assert!(codes.is_empty() || refused, "{:?}: {codes:?}", stap.opdracht);
                self.cak.assert_sound();
                let on = today.checked_add(if late { 6.days() } else { 0.days() }).unwrap();
                self.answer = Some((id, codes, on));
                true
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

/// Days of support, first to last; no last: they run.
type Dagen = (Date, Option<Date>);

/// The rules of sections 8.2 to 8.4, slowly, from plain lists.
impl Wereld {
    fn levering(&self, welke: usize) -> Vec<Dagen> {
        let feiten = &self.feiten[welke];
        let today = self.story.today;
        if !feiten.ooit_gestart {
            let wait = self.beleid.op(ingangsdatum(welke)).wacht;
            let due = ingangsdatum(welke).checked_add(i32::from(wait).days()).unwrap();
            return if feiten.goedgekeurd && wait > 0 && due <= today {
                vec![(ingangsdatum(welke), None)]
            } else {
                vec![]
            };
        }
        let begins: Vec<Date> = feiten.starts.keys().copied().collect();
        let mut found = Vec::new();
        for (begin, stops) in &feiten.starts {
            let definitive: Vec<_> = stops.iter().filter(|(reden, ..)| *reden != "20").collect();
            let pauses: Vec<_> = stops.iter().filter(|(reden, ..)| *reden == "20").collect();
            let pause = pauses.iter().map(|(_, end, _)| *end).max();
            let end = if let Some((reden, end, received)) = definitive.iter().max_by_key(|(_, end, _)| *end) {
                if *reden == "02" && self.beleid.op(*end).dood == Melding::Niets {
                    None
                } else {
                    match pause {
                        Some(pause) if self.beleid.op(pause).pauze == Pauze::Direct => Some(pause),
                        Some(pause)
                            if self.beleid.op(pause).pauze == Pauze::NaVolleMaand
                                && (full_month(pause, *end) || full_month(pause, *received)) =>
                        {
                            Some(pause)
                        }
                        _ => Some(*end),
                    }
                }
            } else if let Some(pause) = pause {
                let next = begins.iter().filter(|other| *other > begin).min().copied();
                let day_before = next.map(|next| next.yesterday().unwrap().max(pause));
                match self.beleid.op(pause).pauze {
                    Pauze::Direct => Some(pause),
                    Pauze::Nooit => day_before,
                    Pauze::NaVolleMaand => match next {
                        Some(next) if full_month(pause, next) => Some(pause),
                        Some(_) => day_before,
                        None if full_month(pause, today) => Some(pause),
                        None => None,
                    },
                }
            } else {
                None
            };
            found.push((*begin, end));
        }
        found
    }

    fn bron(&self, welke: usize, trigger: Trigger) -> Vec<Dagen> {
        let feiten = &self.feiten[welke];
        match trigger {
            Trigger::Levering => self.levering(welke),
            Trigger::Toewijzing if feiten.goedgekeurd => vec![(ingangsdatum(welke), feiten.eind)],
            Trigger::Toewijzing => vec![],
            Trigger::Declaratie => {
                let Some(begin) = feiten.betaald.iter().map(|(_, begin, _)| *begin).min() else {
                    return vec![];
                };
                let eind = feiten.betaald.iter().map(|(_, _, eind)| *eind).max();
                let silent = feiten.eind.is_some_and(|over| {
                    let wait = self.beleid.op(over).stil;
                    let last = over.max(feiten.laatste_declaratie.unwrap());
                    wait > 0 && last.checked_add(i32::from(wait).days()).unwrap() <= self.story.today
                });
                vec![(begin, eind.filter(|_| silent))]
            }
            Trigger::Backoffice => {
                let own = self.opgaven.voorzieningen.iter().filter(|v| v.toewijzing == Some(nummer(welke)));
                let mut days: Vec<Dagen> = own.map(|v| (v.ingangsdatum, v.einddatum)).collect();
                days.sort();
                days
            }
        }
    }

    /// The days of one toewijzing; the first of each row is a begin of support.
    fn dagen(&self, welke: usize) -> Vec<Dagen> {
        let feiten = &self.feiten[welke];
        if !feiten.goedgekeurd {
            return vec![];
        }
        let keuzes = self.beleid.op(ingangsdatum(welke));
        let starts = self.bron(welke, keuzes.start);
        let Some(first) = starts.iter().map(|(first, _)| *first).min() else { return vec![] };
        let mut days = if keuzes.start == keuzes.stop {
            starts
        } else {
            let stops = self.bron(welke, keuzes.stop);
            if stops.is_empty() {
                vec![(first, None)]
            } else {
                let after = stops.into_iter().filter(|(_, last)| last.is_none_or(|last| last >= first));
                let mut days: Vec<Dagen> = after.map(|(begin, last)| (begin.max(first), last)).collect();
                if let Some(day) = days.first_mut() {
                    day.0 = first;
                }
                days
            }
        };
        if let Some(day) = days.first().copied() {
            let moved = match self.beleid.op(day.0).bron {
                StartDatumBron::Ingangsdatum => Some(ingangsdatum(welke)),
                StartDatumBron::Beschikkingsdatum => Some(besluitdatum(welke)),
                _ => None,
            };
            if let Some(moved) = moved {
                days[0].0 = moved;
                if days[0].1.is_some_and(|last| last < moved) {
                    days.remove(0);
                }
            }
        }
        if let Some(over) = feiten.eind.filter(|over| *over < self.story.today) {
            let at = self.beleid.op(over);
            let waits = keuzes.stop == Trigger::Declaratie && at.stil > 0;
            if at.einde && !waits && keuzes.stop != Trigger::Backoffice {
                days.retain(|(first, _)| *first <= over);
                for day in &mut days {
                    day.1 = Some(day.1.map_or(over, |last| last.min(over)));
                }
            }
        }
        days
    }

    fn belast(&self, welke: usize, day: Date) -> bool {
        let mut answer = true;
        // The decision stated last that holds on the day.
        for besluit in &self.opgaven.belasting {
            let about = besluit.waarover == Waarover::Toewijzing(nummer(welke));
            if about && besluit.geldig_vanaf.is_none_or(|from| from <= day) {
                answer = besluit.belasting == Some(Belasting::Belast);
            }
        }
        answer
    }

    fn verantwoordelijk(&self, day: Date) -> bool {
        let client = &self.opgaven.client;
        let adult = self.birth.is_none_or(|birth| birth.checked_add(18.years()).unwrap() <= day);
        let dead = client
            .overleden_op
            .is_some_and(|death| self.beleid.op(death).dood == Melding::Stop && day > death);
        let gone = client.verhuisd_na.is_some_and(|last| day > last);
        let wlz =
            client.wlz_vanaf.is_some_and(|from| self.beleid.op(from).wlz == Melding::Stop && day >= from);
        adult && !dead && !gone && !wlz
    }

    /// Every day is asked by itself; then the days are joined, bridged and moved.
    fn perioden(&self) -> Vec<Dagen> {
        if let Some(own) = &self.opgaven.eigen_datums {
            return own.iter().map(|period| (period.start, period.eind)).collect();
        }
        let mut rows: Vec<(Option<usize>, Dagen)> = Vec::new();
        for welke in 0..TOEWIJZINGEN {
            rows.extend(self.dagen(welke).into_iter().map(|days| (Some(welke), days)));
        }
        for v in &self.opgaven.voorzieningen {
            if v.toewijzing.is_none() {
                rows.push((None, (v.ingangsdatum, v.einddatum)));
            }
        }
        let mut begins = BTreeSet::new();
        let mut covered = BTreeSet::new();
        for (welke, (first, last)) in &rows {
            let mut day = FIRST;
            let mut before = false;
            while day <= LAST {
                let within = *first <= day && last.is_none_or(|last| day <= last);
                let charged = within && welke.is_none_or(|welke| self.belast(welke, day));
                if charged && !before {
                    begins.insert(day);
                }
                before = charged;
                if charged && self.verantwoordelijk(day) {
                    covered.insert(day);
                }
                day = day.tomorrow().unwrap();
            }
        }
        let mut periods: Vec<(Date, Date)> = Vec::new();
        for day in covered {
            match periods.last_mut() {
                Some((_, last)) if joins(*last, day, self.beleid.op(*last).brug) => *last = day,
                _ => periods.push((day, day)),
            }
        }
        let moved = periods.into_iter().filter_map(|(first, last)| {
            let next = self.beleid.op(first).bron == StartDatumBron::VolgendeMaand && begins.contains(&first);
            let first = if next { first.last_of_month().tomorrow().unwrap() } else { first };
            (first <= last).then_some((first, (last < LAST).then_some(last)))
        });
        moved.collect()
    }
}

/// A calendar month that begins after the one day and ends before the other.
fn full_month(end: Date, next: Date) -> bool {
    let mut first = FIRST.first_of_month();
    while first < next {
        if first > end && first.last_of_month() < next {
            return true;
        }
        first = first.last_of_month().tomorrow().unwrap();
    }
    false
}

fn joins(last: Date, next: Date, brug: Brug) -> bool {
    let mut between = 0;
    let mut day = last.tomorrow().unwrap();
    while day < next {
        between += 1;
        day = day.tomorrow().unwrap();
    }
    between == 0
        || match brug {
            Brug::VolleKalendermaand => !full_month(last, next),
            Brug::Dagen(days) => between <= i32::from(days),
            Brug::Geen => false,
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
    let (mut priced, mut refused, mut several) = (0, 0, 0);
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
    assert!(priced >= 20 && refused >= 20 && several >= 20, "{priced} {refused} {several}");
    assert!(misread.iter().all(|found| *found >= 5), "{misread:?}");
}
