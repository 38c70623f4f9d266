//! What the backoffice states about persons: support without a message, facts, decisions, prices, exemptions, own dates,
//! another BSN, and what the CAK has from an earlier system. All of it changes what the CAK must hear.

use std::sync::Arc;
use std::time::Duration;

use iwmo_toewijzing::cak::{
    BekendePeriode, Belasting, BelastingBesluit, Clientfeiten, EbStartNummer, EigenPeriode, Grond, Intake,
    KostprijsOpgave, Leveringsvorm, Opgave, Voorziening, Vrijstelling, Waarover,
};
use iwmo_toewijzing::identity::{Aanbieder, Bsn, Categorie, Gemeente, ToewijzingNummer, VoorzieningNaam};
use jiff::ToSpan;
use jiff::civil::Date;

use super::cak::Period;
use super::messages::{BSNS, OTHER, RIGHT, Toewijzing, WRONG};
use super::operator::perform;
use super::prices;
use super::script::{self, FIRST_NUMMER, Size, today};
use super::world::{AGBS, GEMEENTEN, World};
use crate::control::{Change, OpgaveChange};
use crate::ledger::{Persoon, Rows, juiste_bsn, keys};

/// Of whom the CAK has a period from an earlier system.
pub(super) const TAKEN_OVER: usize = 4;

/// Names of voorzieningen.
const NAMES: [&str; 2] = ["PGB-1", "ALG-2"];

const AGAIN: Duration = Duration::from_secs(15);

/// Draws what the backoffice states in the storm.
pub(super) fn begin(world: &Arc<World>, size: &Size) {
    // Most runs have messages alone.
    let most = if world.percent(60) { 0 } else { size.steps };
    for _ in 0..world.between(0, most) {
        let moment = Duration::from_millis(world.between(0, size.storm.as_millis() as u64));
        let world = Arc::clone(world);
        tokio::spawn(async move {
            tokio::time::sleep(moment).await;
            if !world.is_calm() {
                for change in drawn(&world) {
                    perform(&world, &change).await;
                }
            }
        });
    }
}

fn about(gemeente: &str, person: usize, opgave: Opgave) -> Change {
    let bsn = Bsn::new(BSNS[person]).expect("a BSN");
    Change::Opgave(Box::new(OpgaveChange { gemeente: gemeente.to_owned(), bsn, opgave }))
}

/// Draws a day up to so many before today, and now and then some after.
fn day(world: &World, most: u64) -> Date {
    let ahead = if world.percent(10) { world.between(1, 20) as i64 } else { 0 };
    let ago = if ahead > 0 { 0 } else { world.between(0, most) as i64 };
    today(world).saturating_sub(ago.days()).saturating_add(ahead.days())
}

/// Draws the end of what begins on a day; none while it runs. Nothing ends so far ahead that it cannot be told yet.
fn end(world: &World, begin: Date) -> Option<Date> {
    let latest = today(world).saturating_add(20.days());
    let days = world.between(0, 70) as i64;
    world.percent(60).then(|| begin.saturating_add(days.days()).min(latest))
}

/// Draws a statement; a price now and then with what has it.
fn drawn(world: &World) -> Vec<Change> {
    let gemeente = GEMEENTEN[world.between(0, 1) as usize];
    let mut person = world.between(0, 2) as usize;
    let mut first = None;
    let opgave = match world.between(0, 17) {
        0..=3 => {
            let categorie = if world.percent(40) { prices::GOODS } else { "02" };
            Opgave::Voorziening(voorziening(world, categorie))
        }
        4 => Opgave::VoorzieningIngetrokken(name(world)),
        5 | 6 => Opgave::Client(facts(world)),
        7 | 8 => {
            let belasting = [None, Some(Belasting::Vrij), Some(Belasting::Vrij), Some(Belasting::Belast)];
            Opgave::Belasting(BelastingBesluit {
                waarover: about_what(world, 60),
                belasting: belasting[world.between(0, 3) as usize],
                geldig_vanaf: world.percent(70).then(|| day(world, 60)),
                geldig_tot: None,
            })
        }
        9 => Opgave::EigenDatums(own(world)),
        10 => Opgave::GeenEigenDatums {},
        11..=13 => Opgave::Kostprijs(KostprijsOpgave {
            waarover: if world.percent(60) {
                let goods = voorziening(world, prices::GOODS);
                let naam = goods.naam.clone();
                first = Some(Opgave::Voorziening(goods));
                Waarover::Voorziening(naam)
            } else {
                about_what(world, 10)
            },
            bedrag_cent: world.percent(90).then(|| world.between(2_000, 30_000) as u32),
            startdatum: world.percent(40).then(|| day(world, 90)),
            // The end of its month can be told today.
            bereikt_op: world.percent(20).then(|| day(world, 40).min(today(world))),
        }),
        14 => Opgave::Vrijstelling(Vrijstelling {
            grond: if world.percent(50) { Grond::C } else { Grond::H },
            vanaf: today(world).first_of_month(),
            maanden: world.between(0, 6) as u8,
            gemeld: world.percent(50),
        }),
        15 | 16 => {
            let mut right = RIGHT;
            person = WRONG;
            if is_corrected(world, gemeente) {
                world.state().cak.corrected_again = true;
                let again = [(RIGHT, WRONG), (WRONG, OTHER), (RIGHT, OTHER), (OTHER, RIGHT)];
                (person, right) = again[world.between(0, 3) as usize];
            }
            Opgave::Bsn(Bsn::new(BSNS[right]).expect("a BSN"))
        }
        _ => Opgave::Intake(Intake {
            aanbieder: Aanbieder::new(AGBS[world.between(0, 1) as usize].1).expect("an AGB code"),
            gehouden_op: world.percent(70).then(|| day(world, 10)),
        }),
    };
    // Of the other BSN nobody knows before.
    let is_corrected = person == WRONG && !matches!(opgave, Opgave::Bsn(_)) && is_corrected(world, gemeente);
    let person = if is_corrected && world.percent(70) { RIGHT } else { person };
    first.into_iter().chain([opgave]).map(|opgave| about(gemeente, person, opgave)).collect()
}

fn voorziening(world: &World, categorie: &str) -> Voorziening {
    let ingangsdatum = day(world, 90);
    Voorziening {
        naam: name(world),
        leveringsvorm: if world.percent(50) { Leveringsvorm::Pgb } else { Leveringsvorm::Algemeen },
        toewijzing: None,
        categorie: Categorie::new(categorie).ok(),
        code: None,
        beschikkingsdatum: None,
        ingangsdatum,
        einddatum: end(world, ingangsdatum),
    }
}

fn name(world: &World) -> VoorzieningNaam {
    VoorzieningNaam::new(NAMES[world.between(0, 1) as usize]).expect("a name")
}

/// Draws a toewijzing, so many times in a hundred, or a voorziening.
fn about_what(world: &World, percent: u64) -> Waarover {
    if world.percent(percent) {
        let nummer = ToewijzingNummer::new(FIRST_NUMMER + world.between(0, 3) as u32).expect("a number");
        Waarover::Toewijzing(nummer)
    } else {
        Waarover::Voorziening(name(world))
    }
}

fn is_corrected(world: &World, gemeente: &str) -> bool {
    let (gemeente, bsn) =
        (Gemeente::new(gemeente).expect("a gemeente"), Bsn::new(BSNS[WRONG]).expect("a BSN"));
    juiste_bsn(&*world.shelves.ledger, gemeente, &bsn).expect("a row").is_some()
}

fn facts(world: &World) -> Clientfeiten {
    let some = |percent, most| world.percent(percent).then(|| day(world, most));
    let grown = |day: Date| day.saturating_sub(18.years());
    Clientfeiten {
        geboortedatum: some(30, 80).map(grown),
        overleden_op: some(30, 40),
        verhuisd_na: some(30, 40),
        // The policy of the runs tells nothing of it.
        wlz_vanaf: some(20, 40),
        ..Clientfeiten::default()
    }
}

/// One period, or two that do not touch.
fn own(world: &World) -> Vec<EigenPeriode> {
    let start = day(world, 90);
    let first = EigenPeriode { start, eind: end(world, start) };
    let second = first.eind.filter(|_| world.percent(40)).map(|eind| {
        let start = eind.saturating_add((world.between(2, 50) as i64).days());
        EigenPeriode { start, eind: end(world, start).filter(|eind| *eind >= start) }
    });
    let told = today(world).saturating_add(20.days());
    [first].into_iter().chain(second.filter(|second| second.start <= told)).collect()
}

/// Somebody of whom the CAK has a period from an earlier system: that is stated before anything else is known of them, and then
/// their aanbieder says what it has to say.
pub(super) fn take_over(world: &Arc<World>, steps: u64) {
    let ((_, agb), gemeente) = {
        let mut state = world.state();
        (*state.random.pick(&AGBS), *state.random.pick(&GEMEENTEN))
    };
    let nummer = world.between(4_000, 9_000);
    let start = today(world).saturating_sub((world.between(0, 120) as i64).days());
    let stop = world.percent(30).then(|| start.saturating_add((world.between(0, 40) as i64).days()));
    let stop = stop.map(|stop| stop.min(today(world)));
    let period = Period::known(BSNS[TAKEN_OVER], start, stop);
    world.state().cak.periods.insert((gemeente.to_owned(), nummer), period);
    let nummer = EbStartNummer::new(nummer as u32).expect("a number");
    let known = vec![BekendePeriode { nummer, start, stop, kostprijs: None }];
    let ingangsdatum = today(world).saturating_sub((world.between(60, 200) as i64).days());
    let toewijzing = Toewijzing { gemeente, agb, person: TAKEN_OVER, nummer: 800_000, ingangsdatum };
    world.state().busy += 1;
    let world = Arc::clone(world);
    tokio::spawn(async move {
        // An answer that does not come is none: once the ledger has it, what it says may have changed already.
        while !is_known(&world, gemeente) {
            for opgave in [Opgave::Vasthouden {}, Opgave::BekendBijCak(known.clone())] {
                if !perform(&world, &about(gemeente, TAKEN_OVER, opgave)).await {
                    break;
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
        script::live(&world, &toewijzing, steps).await;
        while !perform(&world, &about(gemeente, TAKEN_OVER, Opgave::Vrijgeven {})).await {
            tokio::time::sleep(AGAIN).await;
        }
        world.state().busy -= 1;
    });
}

fn is_known(world: &World, gemeente: &str) -> bool {
    let (code, bsn) =
        (Gemeente::new(gemeente).expect("a gemeente"), Bsn::new(BSNS[TAKEN_OVER]).expect("a BSN"));
    let row: Option<Persoon> = world.shelves.ledger.row(&keys::persoon(code, &bsn)).expect("a row");
    // While it is started again the ledger may be one of before.
    world.state().up.is_some() && row.is_some_and(|row| !row.eb.perioden().is_empty())
}
