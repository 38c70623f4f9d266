//! From records, statements and choices to the periods for which the contribution is due (sections 2.3 to 2.7, 8.2, 8.3).

use iwmo_toewijzing::cak::*;
use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::*;
use jiff::civil::{Date, date};

use crate::support::*;

const TODAY: Date = date(2025, 6, 15);

/// A toewijzing of a product from 2025 on, approved.
fn given(nummer: u32, of: &str, einddatum: Option<Date>) -> Story {
    let mut story = Story::new();
    story.assign(ToegewezenProduct {
        nummer: nr(nummer),
        product: product(of),
        ingangsdatum: date(2025, 1, 1),
        einddatum,
        ..assigned(date(2024, 12, 20))
    });
    story
}

fn start_of(story: &mut Story, nummer: u32, of: &str, begindatum: Date) {
    let key = StartKey { nummer: Some(nr(nummer)), product: product(of), begindatum };
    assert_eq!(story.starts(&[StartProduct { key, ..start(begindatum) }]), "ok");
}

fn stop_of(story: &mut Story, nummer: u32, of: &str, begindatum: Date, einddatum: Date) {
    let mut class = stop(begindatum, "23", einddatum);
    class.key.start = StartKey { nummer: Some(nr(nummer)), product: product(of), begindatum };
    assert_eq!(story.stops(&[class]), "ok");
}

fn declare(story: &mut Story, text: &str, begin: Date, eind: Date, vorige: Option<&str>) {
    let number = |text| ReferentieNummer::new(text).unwrap();
    let prestatie = Prestatie {
        referentie: number(text),
        vorige: vorige.map(number),
        nummer: nr(100),
        credit: vorige.is_some(),
        begin,
        eind,
    };
    let event = story.event(Inhoud::Declareren(vec![prestatie]));
    let op = event.bericht.identificatie.clone();
    story.dossier.apply(&event, &iwmo_toewijzing::Verdict::Goedgekeurd).unwrap();
    let afgewezen = Afgewezen::Enkele(std::collections::BTreeSet::new());
    story.judge(Inhoud::DeclaratieAntwoord(DeclaratieUitkomst { op, afgewezen }));
}

fn show(wanted: &Gewenst) -> String {
    let one = |period: &Periode| {
        let end = period.eind.map(|end| end.to_string()).unwrap_or_default();
        let price = period.kostprijs.map(|price| format!(" {}@{}", price.bedrag_cent, price.startdatum));
        format!("{}..{end}{}", period.start, price.unwrap_or_default())
    };
    wanted.perioden.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn due(story: &Story, opgaven: &Opgaven, laag: Laag, today: Date) -> Gewenst {
    wanted(&[&story.dossier], None, opgaven, &laag.into(), today)
}

fn stated(opgaven: &[Opgave]) -> Opgaven {
    let mut all = Opgaven::default();
    for opgave in opgaven {
        opgave.check().unwrap();
        all.apply(opgave).unwrap();
    }
    all
}

fn triggers(start: Trigger, stop: Trigger) -> Laag {
    Laag { start_trigger: Some(start), stop_trigger: Some(stop), ..Laag::default() }
}

#[test]
fn start_and_stop_are_chosen_apart() {
    let mut story = given(100, "01/01A11", Some(date(2025, 5, 31)));
    start_of(&mut story, 100, "01/01A11", date(2025, 2, 10));
    stop_of(&mut story, 100, "01/01A11", date(2025, 2, 10), date(2025, 4, 20));
    let of = |start, stop| show(&due(&story, &Opgaven::default(), triggers(start, stop), TODAY));
    assert_eq!(of(Trigger::Levering, Trigger::Levering), "2025-02-10..2025-04-20");
    assert_eq!(of(Trigger::Toewijzing, Trigger::Toewijzing), "2025-01-01..2025-05-31");
    assert_eq!(of(Trigger::Toewijzing, Trigger::Levering), "2025-01-01..2025-04-20");
    assert_eq!(of(Trigger::Levering, Trigger::Toewijzing), "2025-02-10..2025-05-31");
    assert_eq!(of(Trigger::Levering, Trigger::Backoffice), "2025-02-10..");
    assert_eq!(of(Trigger::Backoffice, Trigger::Levering), "");
    assert_eq!(of(Trigger::Declaratie, Trigger::Levering), "");
}

#[test]
fn a_day_comes_from_elsewhere() {
    let mut story = given(100, "01/01A11", None);
    start_of(&mut story, 100, "01/01A11", date(2025, 2, 10));
    let of = |bron| {
        let laag = Laag { start_datum_bron: Some(bron), ..Laag::default() };
        show(&due(&story, &Opgaven::default(), laag, TODAY))
    };
    assert_eq!(of(StartDatumBron::Begindatum), "2025-02-10..");
    assert_eq!(of(StartDatumBron::Ingangsdatum), "2025-01-01..");
    assert_eq!(of(StartDatumBron::Beschikkingsdatum), "2024-12-20..");
    assert_eq!(of(StartDatumBron::VolgendeMaand), "2025-03-01..");
}

/// E7: the hull of what was granted and not credited; it ends after the silence.
#[test]
fn e7_declarations() {
    let laag =
        |stil| Laag { declaratie_stilte: Some(stil), ..triggers(Trigger::Declaratie, Trigger::Declaratie) };
    let mut story = given(100, "01/01A11", Some(date(2025, 4, 30)));
    story.today = date(2025, 3, 5);
    assert_eq!(show(&due(&story, &Opgaven::default(), laag(30), TODAY)), "");
    declare(&mut story, "A", date(2025, 2, 1), date(2025, 2, 28), None);
    story.today = date(2025, 5, 10);
    declare(&mut story, "B", date(2025, 3, 1), date(2025, 4, 12), None);
    let on = |day| show(&due(&story, &Opgaven::default(), laag(30), day));
    assert_eq!(on(date(2025, 6, 8)), "2025-02-01..");
    assert_eq!(on(date(2025, 6, 9)), "2025-02-01..2025-04-12");
    // Without a silence the toewijzing ends it.
    assert_eq!(show(&due(&story, &Opgaven::default(), laag(0), TODAY)), "2025-02-01..2025-04-30");
    declare(&mut story, "C", date(2025, 3, 1), date(2025, 4, 12), Some("B"));
    let credited = show(&due(&story, &Opgaven::default(), laag(30), date(2025, 12, 1)));
    assert_eq!(credited, "2025-02-01..2025-02-28");
}

/// 8.2: a toewijzing of which no 305 ever came counts after a while; one whose 305 was taken back does not.
#[test]
fn a_305_that_never_comes() {
    let laag = || Laag { wachttijd_305: Some(42), ..Laag::default() };
    let mut story = given(100, "01/01A11", None);
    let on = |story: &Story, day| show(&due(story, &Opgaven::default(), laag(), day));
    assert_eq!(on(&story, date(2025, 2, 11)), "");
    assert_eq!(on(&story, date(2025, 2, 12)), "2025-01-01..");
    start_of(&mut story, 100, "01/01A11", date(2025, 2, 10));
    assert_eq!(on(&story, TODAY), "2025-02-10..");
    let mut class = del_start(date(2025, 2, 10));
    class.toewijzing_ingangsdatum = None;
    assert_eq!(story.starts(&[class]), "ok");
    assert_eq!(on(&story, TODAY), "");
}

fn pgb(naam: &str, categorie: &str, ingangsdatum: Date, einddatum: Option<Date>) -> Opgave {
    Opgave::Voorziening(Voorziening {
        naam: VoorzieningNaam::new(naam).unwrap(),
        leveringsvorm: Leveringsvorm::Pgb,
        toewijzing: None,
        categorie: Some(Categorie::new(categorie).unwrap()),
        code: None,
        beschikkingsdatum: None,
        ingangsdatum,
        einddatum,
    })
}

/// E8, and UVR 2f: a pgb has four months.
#[test]
fn e8_support_without_a_305() {
    let story = Story::new();
    let from = date(2025, 3, 5);
    let opgaven = stated(&[pgb("A", "02", from, None)]);
    let wanted = due(&story, &opgaven, Laag::default(), TODAY);
    assert_eq!((show(&wanted).as_str(), wanted.melden_voor(from)), ("2025-03-05..", Some(date(2025, 7, 5))));
    // Changed, and withdrawn.
    let changed = stated(&[pgb("A", "02", from, None), pgb("A", "02", from, Some(date(2025, 5, 1)))]);
    assert_eq!(show(&due(&story, &changed, Laag::default(), TODAY)), "2025-03-05..2025-05-01");
    let name = VoorzieningNaam::new("A").unwrap();
    let gone = stated(&[pgb("A", "02", from, None), Opgave::VoorzieningIngetrokken(name)]);
    assert_eq!(due(&story, &gone, Laag::default(), TODAY), Gewenst::default());
    // Two carry on from each other; the first has the sooner day.
    let two =
        stated(&[pgb("A", "02", from, Some(date(2025, 4, 30))), pgb("B", "07", date(2025, 5, 1), None)]);
    assert_eq!(show(&due(&story, &two, Laag::default(), TODAY)), "2025-03-05..");
}

/// Own dates of a toewijzing count where the backoffice is the trigger.
#[test]
fn e8_dates_of_a_toewijzing() {
    let story = given(100, "01/01A11", None);
    let opgaven = stated(&[Opgave::Voorziening(Voorziening {
        naam: VoorzieningNaam::new("T-100").unwrap(),
        leveringsvorm: Leveringsvorm::Zin,
        toewijzing: Some(nr(100)),
        categorie: None,
        code: None,
        beschikkingsdatum: None,
        ingangsdatum: date(2025, 3, 5),
        einddatum: Some(date(2025, 5, 20)),
    })]);
    assert_eq!(show(&due(&story, &opgaven, Laag::default(), TODAY)), "");
    let laag = triggers(Trigger::Backoffice, Trigger::Backoffice);
    assert_eq!(show(&due(&story, &opgaven, laag, TODAY)), "2025-03-05..2025-05-20");
}

#[test]
fn e9_facts_about_a_client() {
    let story = Story::new();
    let with = |feiten: Clientfeiten, laag: Laag| {
        let opgaven = stated(&[pgb("A", "02", date(2025, 3, 5), None), Opgave::Client(feiten)]);
        show(&due(&story, &opgaven, laag, TODAY))
    };
    let none = Clientfeiten::default;
    let dead = Clientfeiten { overleden_op: Some(date(2025, 5, 10)), ..none() };
    assert_eq!(with(dead, Laag::default()), "2025-03-05..2025-05-10");
    let silent = Laag { overlijden_beleid: Some(Melding::Niets), ..Laag::default() };
    assert_eq!(with(dead, silent), "2025-03-05..");
    let moved = Clientfeiten { verhuisd_na: Some(date(2025, 5, 31)), ..none() };
    assert_eq!(with(moved, Laag::default()), "2025-03-05..2025-05-31");
    let wlz =
        Clientfeiten { wlz_vanaf: Some(date(2025, 4, 1)), wlz_tot_en_met: Some(date(2025, 5, 31)), ..none() };
    assert_eq!(with(wlz, Laag::default()), "2025-03-05..", "by default that is for the CAK");
    let stops = Laag { wlz_beleid: Some(Melding::Stop), ..Laag::default() };
    assert_eq!(with(wlz, stops), "2025-03-05..2025-03-31; 2025-06-01..");
    let bw = Clientfeiten { bw_vanaf: Some(date(2025, 4, 1)), ..none() };
    let stops = Laag { bw_beleid: Some(Melding::Stop), ..Laag::default() };
    assert_eq!(with(bw, stops), "2025-03-05..2025-03-31");
    let born = Clientfeiten { geboortedatum: Some(date(2007, 5, 20)), ..none() };
    assert_eq!(with(born, Laag::default()), "2025-05-20..");
}

/// P13: under a wrong BSN nothing is due.
#[test]
fn p13_a_wrong_bsn() {
    let other = Bsn::new("123456782").unwrap();
    let wrong = stated(&[pgb("A", "02", date(2025, 3, 5), None), Opgave::Bsn(other)]);
    assert_eq!(due(&Story::new(), &wrong, Laag::default(), TODAY), Gewenst::default());
    let mut right = Opgaven::default();
    right.take_over(Bsn::new("999900006").unwrap(), &wrong);
    assert_eq!(show(&due(&Story::new(), &right, Laag::default(), TODAY)), "2025-03-05..");
}

#[test]
fn e10_decisions_about_chargeability() {
    let story = Story::new();
    let about = || Waarover::Voorziening(VoorzieningNaam::new("A").unwrap());
    let decide = |belasting, geldig_vanaf, geldig_tot| {
        Opgave::Belasting(BelastingBesluit { waarover: about(), belasting, geldig_vanaf, geldig_tot })
    };
    let with = |categorie: &str, besluiten: &[Opgave]| {
        let mut all = vec![pgb("A", categorie, date(2025, 1, 5), None)];
        all.extend(besluiten.iter().cloned());
        show(&due(&story, &stated(&all), Laag::default(), TODAY))
    };
    assert_eq!(with("18", &[]), "");
    assert_eq!(with("18", &[decide(Some(Belasting::Belast), None, None)]), "2025-01-05..");
    let spring = decide(Some(Belasting::Vrij), Some(date(2025, 3, 1)), Some(date(2025, 6, 1)));
    assert_eq!(with("02", std::slice::from_ref(&spring)), "2025-01-05..2025-02-28; 2025-06-01..");
    assert_eq!(with("02", &[spring, decide(None, Some(date(2025, 3, 1)), None)]), "2025-01-05..");
}

#[test]
fn e10_an_exemption_is_a_task_until_it_was_reported() {
    let exemption = |gemeld| {
        let vrijstelling = Vrijstelling { grond: Grond::H, vanaf: date(2025, 4, 1), maanden: 3, gemeld };
        stated(&[Opgave::Vrijstelling(vrijstelling)])
    };
    let tasks = |gemeld| due(&Story::new(), &exemption(gemeld), Laag::default(), TODAY).taken;
    assert_eq!(tasks(false), [Taak::Vrijstelling(Grond::H, date(2025, 4, 1))]);
    assert_eq!(tasks(true), []);
}

/// 9.7: own dates replace what is worked out, until they are taken back.
#[test]
fn own_dates() {
    let own = Opgave::EigenDatums(vec![EigenPeriode { start: date(2025, 4, 1), eind: None }]);
    let all = [pgb("A", "02", date(2025, 1, 5), None), own, Opgave::GeenEigenDatums {}];
    assert_eq!(show(&due(&Story::new(), &stated(&all[..2]), Laag::default(), TODAY)), "2025-04-01..");
    assert_eq!(show(&due(&Story::new(), &stated(&all), Laag::default(), TODAY)), "2025-01-05..");
}

/// Section 11: nothing is due under a regime that is over, and choices change by date.
#[test]
fn choices_by_date() {
    let opgaven = stated(&[
        pgb("A", "02", date(2025, 1, 5), Some(date(2025, 3, 10))),
        pgb("B", "02", date(2025, 4, 5), None),
    ]);
    let beleid = |wijziging: Vec<Laag>, landelijke_regel: Vec<Laag>| {
        let lagen = Lagen { wijziging, landelijke_regel, ..Lagen::default() };
        show(&wanted(&[], None, &opgaven, &EbBeleid::new(lagen), TODAY))
    };
    let from = |day| Laag { geldig_vanaf: Some(day), ..Laag::default() };
    assert_eq!(beleid(vec![], vec![]), "2025-01-05..");
    let no_bridge = |day| Laag { brug_regel: Some(Brug::Geen), ..from(day) };
    assert_eq!(beleid(vec![no_bridge(date(2025, 3, 10))], vec![]), "2025-01-05..2025-03-10; 2025-04-05..");
    // The gap began the day before.
    assert_eq!(beleid(vec![no_bridge(date(2025, 3, 11))], vec![]), "2025-01-05..");
    let law = Laag { brug_regel: Some(Brug::VolleKalendermaand), ..from(date(2025, 3, 1)) };
    assert_eq!(beleid(vec![no_bridge(date(2025, 3, 10))], vec![law]), "2025-01-05..");
    let over = Laag { regime: Some(Regime::Geen), ..from(date(2025, 5, 1)) };
    assert_eq!(beleid(vec![], vec![over]), "2025-01-05..2025-04-30");
    let by_income = Laag { regime: Some(Regime::Inkomensafhankelijk), ..from(date(2025, 5, 1)) };
    assert_eq!(beleid(vec![], vec![by_income]), "2025-01-05..");
}

fn price(naam: &str, bedrag_cent: u32) -> Opgave {
    Opgave::Kostprijs(KostprijsOpgave {
        waarover: Waarover::Voorziening(VoorzieningNaam::new(naam).unwrap()),
        bedrag_cent: Some(bedrag_cent),
        startdatum: None,
        bereikt_op: None,
    })
}

fn priced(opgaven: &[Opgave], laag: Laag) -> Gewenst {
    let laag = Laag { kostprijs: Some(KostprijsBeleid::Aanleveren), ..laag };
    due(&Story::new(), &stated(opgaven), laag, TODAY)
}

/// 2.6: the price of the one that lasts longest, and none beside a service unless policy wants it.
#[test]
fn the_price_that_is_guarded() {
    let scooter = pgb("A", "14", date(2025, 1, 5), None);
    let lift = pgb("B", "13", date(2025, 3, 1), None);
    let with = |opgaven: &[Opgave]| show(&priced(opgaven, Laag::default()));
    assert_eq!(with(&[scooter.clone(), price("A", 50_000)]), "2025-01-05.. 50000@2025-01-05");
    let off = due(&Story::new(), &stated(&[scooter.clone(), price("A", 50_000)]), Laag::default(), TODAY);
    assert_eq!(show(&off), "2025-01-05..");
    // 46 000 from March lasts as long as 50 000 from February would: one month less is no more than what is left.
    let both = |cents| with(&[scooter.clone(), lift.clone(), price("A", 50_000), price("B", cents)]);
    assert_eq!(both(45_000), "2025-01-05.. 50000@2025-01-05");
    assert_eq!(both(60_000), "2025-01-05.. 60000@2025-03-01");
    let service = |end| pgb("C", "02", date(2025, 2, 1), end);
    assert_eq!(with(&[scooter.clone(), price("A", 50_000), service(None)]), "2025-01-05..");
    let beside = Laag { dienst_ernaast: Some(DienstErnaast::MetKostprijs), ..Laag::default() };
    let all = [scooter.clone(), price("A", 50_000), service(None)];
    assert_eq!(show(&priced(&all, beside)), "2025-01-05.. 50000@2025-01-05");
    // February to April were charged beside the service: what is left is guarded from May on.
    let ended = service(Some(date(2025, 4, 30)));
    assert_eq!(with(&[scooter, price("A", 50_000), ended]), "2025-01-05.. 43700@2025-05-01");
}

/// 2.6.5: at a restart what is left; 2.6.6 and P15: at the end nothing is due any more.
#[test]
fn what_is_left_of_a_price() {
    let first = pgb("A", "14", date(2025, 1, 1), Some(date(2025, 2, 10)));
    let scooter = pgb("A", "14", date(2025, 1, 1), None);
    let about = Waarover::Voorziening(VoorzieningNaam::new("A").unwrap());
    let break_of = Opgave::Belasting(BelastingBesluit {
        waarover: about.clone(),
        belasting: Some(Belasting::Vrij),
        geldig_vanaf: Some(date(2025, 2, 11)),
        geldig_tot: Some(date(2025, 5, 1)),
    });
    let with = |opgaven: &[Opgave]| show(&priced(opgaven, Laag::default()));
    assert_eq!(with(&[first, price("A", 50_000)]), "2025-01-01..2025-02-10 50000@2025-01-01");
    // January and February were charged; March and April were not.
    assert_eq!(
        with(&[scooter.clone(), break_of, price("A", 50_000)]),
        "2025-01-01..2025-02-10 50000@2025-01-01; 2025-05-01.. 45800@2025-05-01"
    );
    let reached = Opgave::Kostprijs(KostprijsOpgave {
        waarover: about.clone(),
        bedrag_cent: Some(50_000),
        startdatum: None,
        bereikt_op: Some(date(2025, 4, 14)),
    });
    let ended = "2025-01-01..2025-04-30 50000@2025-01-01";
    assert_eq!(with(&[scooter.clone(), reached.clone()]), ended);
    // Said by itself it leaves the price as it was, so that only a stop follows; a price without it takes it back.
    let Opgave::Kostprijs(mut alone) = reached else { unreachable!() };
    alone.bedrag_cent = None;
    let alone = Opgave::Kostprijs(alone);
    assert_eq!(with(&[scooter.clone(), price("A", 50_000), alone.clone()]), ended);
    assert_eq!(
        with(&[scooter.clone(), price("A", 50_000), alone, price("A", 50_000)]),
        "2025-01-01.. 50000@2025-01-01"
    );
    // S333: no more than the amount of a month.
    let small = priced(&[scooter.clone(), price("A", 2100)], Laag::default());
    assert_eq!((show(&small).as_str(), &small.taken[..]), ("2025-01-01..", &[Taak::KostprijsOp(about)][..]));
    assert_eq!(with(&[scooter, price("A", 2101)]), "2025-01-01.. 2101@2025-01-01");
}

/// The amount of a year that nobody stated makes what is left a task.
#[test]
fn an_amount_that_is_not_known() {
    let scooter = pgb("A", "14", date(2025, 11, 1), None);
    let service = pgb("C", "02", date(2025, 11, 1), Some(date(2026, 2, 28)));
    let all = [scooter, service, price("A", 50_000)];
    let unknown = priced(&all, Laag::default());
    let about = Waarover::Voorziening(VoorzieningNaam::new("A").unwrap());
    assert_eq!(
        (show(&unknown).as_str(), &unknown.taken[..]),
        ("2025-11-01..", &[Taak::TariefOnbekend(about)][..])
    );
    let known = Laag { tarief: [(2026, 2150)].into(), ..Laag::default() };
    assert_eq!(show(&priced(&all, known)), "2025-11-01.. 41500@2026-03-01");
}

/// What is kept and what the API takes.
#[test]
fn statements_as_json() {
    let read = |text: &str| serde_json::from_str::<Opgave>(text);
    let opgave = pgb("A", "02", date(2025, 3, 5), None);
    assert_eq!(read(&serde_json::to_string(&opgave).unwrap()).unwrap(), opgave);
    assert!(read(r#"{"vasthouden": {}}"#).is_ok());
    assert!(read(r#"{"kostprijs": {"waarover": {"toewijzing": 100}, "bedrag_cent": 180000}}"#).is_ok());
    assert!(read(r#"{"belasting": {"waarover": {"voorziening": "A"}, "belasting": "vrij"}}"#).is_ok());
    assert!(read(r#"{"client": {"overleden": "2025-01-01"}}"#).is_err(), "a misspelt member");
    assert!(read(r#"{"bekend_bij_cak": [{"nummer": 0, "start": "2025-01-01"}]}"#).is_err());
    let kept = stated(&[opgave, price("A", 50_000)]);
    let stored = postcard::to_allocvec(&kept).unwrap();
    assert_eq!(postcard::from_bytes::<Opgaven>(&stored).unwrap(), kept);
}
