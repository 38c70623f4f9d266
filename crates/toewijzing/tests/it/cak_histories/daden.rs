//! What may happen in a history, and under which policy.

use iwmo_toewijzing::cak::*;
use jiff::ToSpan;
use jiff::civil::Date;
use proptest::prelude::*;

use super::{FIRST, TOEWIJZINGEN};

/// A policy in plain words.
#[derive(Clone, Debug)]
pub(super) struct Keuzes {
    pub(super) start: Trigger,
    pub(super) stop: Trigger,
    pub(super) bron: StartDatumBron,
    pub(super) brug: Brug,
    pub(super) pauze: Pauze,
    pub(super) dood: Melding,
    pub(super) wlz: Melding,
    pub(super) stil: u16,
    pub(super) wacht: u16,
    pub(super) einde: bool,
    pub(super) nul: bool,
    pub(super) prijs: KostprijsBeleid,
}

impl Keuzes {
    pub(super) fn laag(&self) -> Laag {
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
pub(super) struct Beleid {
    pub(super) eerst: Keuzes,
    pub(super) later: Option<(Date, Keuzes)>,
}

impl Beleid {
    pub(super) fn op(&self, day: Date) -> &Keuzes {
        match &self.later {
            Some((from, later)) if day >= *from => later,
            _ => &self.eerst,
        }
    }

    pub(super) fn machine(&self) -> EbBeleid {
        let dated = |(from, later): &(Date, Keuzes)| Laag { geldig_vanaf: Some(*from), ..later.laag() };
        EbBeleid::new(Lagen {
            basis: self.eerst.laag(),
            wijziging: self.later.iter().map(dated).collect(),
            ..Lagen::default()
        })
    }
}

pub(super) fn keuzes() -> impl Strategy<Value = Keuzes> {
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

pub(super) fn beleid() -> impl Strategy<Value = Beleid> {
    let later = proptest::option::weighted(0.3, (0..200_i32, keuzes()));
    (keuzes(), later).prop_map(|(eerst, later)| Beleid {
        eerst,
        later: later.map(|(offset, keuzes)| (FIRST.checked_add(offset.days()).unwrap(), keuzes)),
    })
}

/// Something that happens; days count from today.
#[derive(Clone, Debug)]
pub(super) enum Daad {
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

pub(super) fn daad() -> impl Strategy<Value = Daad> {
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
