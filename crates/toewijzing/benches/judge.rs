//! Judgements per second, for a dossier of 1, 20 and 200 toewijzingen.
//!
//! Each toewijzing was approved, started, stopped for a while and started again; what is judged is a stop on one of
//! them, and a 301 that changes one of them.
#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use iwmo_toewijzing::event::{
    Bericht, DossierKey, Event, Inhoud, StartKey, StartProduct, StatusAanlevering, StopKey, StopProduct,
    ToegewezenProduct, ToewijzingRetour,
};
use iwmo_toewijzing::identity::{
    Aanbieder, Bsn, Categorie, Gemeente, Identificatie, Omvang, Product, ProductCode, RedenBeeindiging,
    RedenWijziging, ToewijzingNummer,
};
use iwmo_toewijzing::judge::{Beleid, Context};
use iwmo_toewijzing::{Dossier, Verdict, judge};
use jiff::civil::{Date, date, time};

fn main() {
    divan::main();
}

const SIZES: &[u32] = &[1, 20, 200];

fn product() -> Option<Product> {
    let code = ProductCode::new("01A11").unwrap();
    Some(Product { categorie: Categorie::new("01").unwrap(), code: Some(code) })
}

fn assigned(number: u32) -> ToegewezenProduct {
    ToegewezenProduct {
        nummer: ToewijzingNummer::new(number).unwrap(),
        referentie_aanbieder: None,
        product: product(),
        toewijzingsdatum: date(2022, 12, 20),
        toewijzingstijd: time(9, 0, 0, 0),
        ingangsdatum: date(2023, 1, 1),
        einddatum: Some(date(2023, 12, 31)),
        reden_wijziging: None,
        omvang: Some(Omvang { volume: 3, eenheid: 4, frequentie: 2 }),
        budget: None,
    }
}

fn start(number: u32, begindatum: Date) -> StartKey {
    StartKey { nummer: Some(ToewijzingNummer::new(number).unwrap()), product: product(), begindatum }
}

fn stop(number: u32, begindatum: Date, reden: &str, einddatum: Date) -> StopProduct {
    StopProduct {
        key: StopKey {
            start: start(number, begindatum),
            reden: RedenBeeindiging::new(reden).unwrap(),
            einddatum,
        },
        toewijzing_ingangsdatum: None,
        status: StatusAanlevering::Eerste,
    }
}

fn event(entry: u64, inhoud: Inhoud) -> Event {
    Event {
        dossier: DossierKey {
            gemeente: Gemeente::new("0384").unwrap(),
            aanbieder: Aanbieder::new("42420001").unwrap(),
            bsn: Bsn::new("999900006").unwrap(),
        },
        bericht: Bericht {
            entry,
            identificatie: Identificatie::new(&entry.to_string()).unwrap(),
            dagtekening: date(2023, 11, 1),
            dag: date(2023, 11, 1),
        },
        inhoud,
    }
}

fn dossier(toewijzingen: u32) -> Dossier {
    let mut dossier = Dossier::new(event(0, Inhoud::Starten(vec![])).dossier);
    let mut entry = 0;
    for number in 1..=toewijzingen {
        let begin = |begindatum| {
            Inhoud::Starten(vec![StartProduct {
                key: start(number, begindatum),
                toewijzing_ingangsdatum: None,
                status: StatusAanlevering::Eerste,
            }])
        };
        let op = Identificatie::new(&(entry + 1).to_string()).unwrap();
        for inhoud in [
            Inhoud::Toewijzen(vec![assigned(number)]),
            Inhoud::ToewijzingRetour(ToewijzingRetour { op, codes: vec![], met_klassen: false }),
            begin(date(2023, 1, 5)),
            Inhoud::Stoppen(vec![stop(number, date(2023, 1, 5), "20", date(2023, 3, 1))]),
            begin(date(2023, 4, 3)),
        ] {
            entry += 1;
            dossier.apply(&event(entry, inhoud), &Verdict::Goedgekeurd).unwrap();
        }
    }
    dossier
}

fn run(bencher: Bencher<'_, '_>, toewijzingen: u32, inhoud: Inhoud) {
    let dossier = dossier(toewijzingen);
    let event = event(1_000_000, inhoud);
    let beleid = Beleid::default();
    let context = Context::new(date(2023, 11, 1), &beleid);
    assert!(judge(&dossier, &event, &context).unwrap().verdict.is_goedgekeurd());
    bencher
        .counter(ItemsCount::new(1_u32))
        .bench_local(|| judge(black_box(&dossier), black_box(&event), black_box(&context)));
}

#[divan::bench(args = SIZES)]
fn stop_307(bencher: Bencher<'_, '_>, toewijzingen: u32) {
    let class = stop(toewijzingen, date(2023, 4, 3), "19", date(2023, 10, 30));
    run(bencher, toewijzingen, Inhoud::Stoppen(vec![class]));
}

#[divan::bench(args = SIZES)]
fn change_301(bencher: Bencher<'_, '_>, toewijzingen: u32) {
    let product = ToegewezenProduct {
        toewijzingsdatum: date(2023, 11, 1),
        einddatum: Some(date(2024, 6, 30)),
        reden_wijziging: Some(RedenWijziging::new("04").unwrap()),
        ..assigned(toewijzingen)
    };
    run(bencher, toewijzingen, Inhoud::Toewijzen(vec![product]));
}
