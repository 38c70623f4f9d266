//! The rows of the iEb description, one test each: the decision table (9.5), a withdrawn 307 (9.6), the action per code (6.2)
//! and the end-to-end vectors (13) that are about the planner.

use iwmo_toewijzing::cak::*;
use iwmo_toewijzing::identity::*;
use jiff::civil::{Date, date};

use crate::support::nr as toewijzing;

const D: Date = date(2021, 8, 15);

pub(crate) fn nr(number: u32) -> EbStartNummer {
    EbStartNummer::new(number).unwrap()
}

fn id(number: usize) -> Identificatie {
    Identificatie::new(&format!("EB{number}")).unwrap()
}

pub(crate) fn period(start: Date, eind: Option<Date>) -> Periode {
    Periode { start, eind, kostprijs: None }
}

/// A gemeente that tells the CAK about one person; number 10 is the first that is given out.
pub(crate) struct Verteller {
    pub(crate) eb: EbDossier,
    pub(crate) beleid: EbBeleid,
    pub(crate) today: Date,
    volgend: u32,
}

impl Verteller {
    pub(crate) fn new(accepted: &[(u32, Date, Option<Date>)]) -> Self {
        let mut eb = EbDossier::default();
        for (number, start, stop) in accepted {
            eb.take_over(nr(*number), EbStart { datum: *start, kostprijs: None }, *stop);
        }
        Self { eb, beleid: EbBeleid::default(), today: D, volgend: 10 }
    }

    pub(crate) fn plan(&self, wanted: &[Periode]) -> Plan {
        plan(&self.eb, wanted, &self.beleid, self.today, nr(self.volgend))
    }

    /// What would be sent now, in order.
    pub(crate) fn shows(&self, wanted: &[Periode]) -> String {
        let Plan::Sturen { stappen, .. } = self.plan(wanted) else {
            return format!("{:?}", self.plan(wanted));
        };
        stappen.iter().map(|stap| words(&stap.opdracht)).collect::<Vec<_>>().join("; ")
    }

    /// Sends the first step, which is answered with these codes.
    pub(crate) fn send(&mut self, wanted: &[Periode], codes: &[&str]) -> Gevolg {
        let id = self.sent(wanted);
        self.answer(&id, codes)
    }

    pub(crate) fn sent(&mut self, wanted: &[Periode]) -> Identificatie {
        let Plan::Sturen { stappen, .. } = self.plan(wanted) else { panic!("{}", self.shows(wanted)) };
        if stappen[0].uit_teller {
            self.volgend = stappen[0].opdracht.nummer().value() + 1;
        }
        let id = id(self.eb.berichten().len());
        self.eb.sent(stappen[0].opdracht, id.clone(), self.today).unwrap();
        id
    }

    pub(crate) fn answer(&mut self, id: &Identificatie, codes: &[&str]) -> Gevolg {
        let codes: Vec<_> = codes.iter().map(|code| Retourcode::new(code).unwrap()).collect();
        self.eb.retour(id, &codes)
    }

    /// Sends everything, accepted.
    pub(crate) fn run(&mut self, wanted: &[Periode]) {
        while matches!(self.plan(wanted), Plan::Sturen { .. }) {
            assert_eq!(self.send(wanted, &[]), Gevolg::Aanvaard);
        }
    }
}

fn words(opdracht: &Opdracht) -> String {
    let part = if opdracht.onderdeel() == Onderdeel::Start { "401" } else { "403" };
    let price = opdracht.kostprijs().map(|price| format!(" {} {}", price.bedrag_cent, price.startdatum));
    let price = price.unwrap_or_default();
    format!("{part}/{} nr {} {}{price}", opdracht.status_aanlevering(), opdracht.nummer(), opdracht.datum())
}

pub(crate) fn shows(accepted: &[(u32, Date, Option<Date>)], wanted: &[Periode]) -> String {
    Verteller::new(accepted).shows(wanted)
}

const S: Date = date(2021, 3, 10);
const E: Date = date(2021, 6, 30);

#[test]
fn p1_nothing_to_a_running_period() {
    assert_eq!(shows(&[], &[period(S, None)]), "401/1 nr 10 2021-03-10");
}

#[test]
fn p2_nothing_to_a_period_that_ended() {
    assert_eq!(shows(&[], &[period(S, Some(E))]), "401/1 nr 10 2021-03-10; 403/1 nr 10 2021-06-30");
    assert_eq!(shows(&[], &[period(S, Some(date(2021, 3, 31)))]), "Niets");
}

/// `nulmaanden_melden`: a period that charges nothing is told after all.
#[test]
fn p2_without_a_month_where_policy_wants_it() {
    let mut verteller = Verteller::new(&[]);
    verteller.beleid = Laag { nulmaanden_melden: Some(true), ..Laag::default() }.into();
    let wanted = [period(S, Some(date(2021, 3, 31)))];
    assert_eq!(verteller.shows(&wanted), "401/1 nr 10 2021-03-10; 403/1 nr 10 2021-03-31");
    verteller.run(&wanted);
    assert_eq!(verteller.shows(&wanted), "Niets");
}

#[test]
fn p3_start_changes_while_it_runs() {
    assert_eq!(shows(&[(1, S, None)], &[period(date(2021, 4, 2), None)]), "401/2 nr 1 2021-04-02");
}

#[test]
fn p4_running_to_ended() {
    assert_eq!(shows(&[(1, S, None)], &[period(S, Some(E))]), "403/1 nr 1 2021-06-30");
}

#[test]
fn p4b_nothing_changes() {
    assert_eq!(shows(&[(1, S, None)], &[period(S, None)]), "Niets");
}

#[test]
fn p5_running_to_never() {
    assert_eq!(shows(&[(1, S, None)], &[]), "401/3 nr 1 2021-03-10");
    // TR329: with the price as it was accepted.
    let kostprijs = Some(Kostprijs { bedrag_cent: 50_000, startdatum: S });
    let mut verteller = Verteller::new(&[]);
    verteller.run(&[Periode { kostprijs, ..period(S, None) }]);
    assert_eq!(verteller.shows(&[]), "401/3 nr 10 2021-03-10 50000 2021-03-10");
}

#[test]
fn p6_stop_changes() {
    let later = date(2021, 7, 15);
    assert_eq!(shows(&[(1, S, Some(E))], &[period(S, Some(later))]), "403/2 nr 1 2021-07-15");
}

#[test]
fn p7_stop_withdrawn() {
    assert_eq!(shows(&[(1, S, Some(E))], &[period(S, None)]), "403/3 nr 1 2021-06-30");
}

#[test]
fn p8_stopped_and_start_changes() {
    assert_eq!(shows(&[(1, S, Some(E))], &[period(date(2021, 4, 2), Some(E))]), "401/2 nr 1 2021-04-02");
}

#[test]
fn p9_stopped_to_never() {
    assert_eq!(shows(&[(1, S, Some(E))], &[]), "403/3 nr 1 2021-06-30; 401/3 nr 1 2021-03-10");
    let later = (2, date(2021, 8, 1), None);
    assert_eq!(shows(&[(1, S, Some(E)), later], &[period(later.1, None)]), "401/2 nr 1 2021-06-30");
}

#[test]
fn p10_support_again_after_a_gap() {
    let wanted = [period(S, Some(E)), period(date(2021, 8, 5), None)];
    assert_eq!(shows(&[(1, S, Some(E))], &wanted), "401/1 nr 10 2021-08-05");
}

#[test]
fn p11_a_gap_disappears() {
    let both = [(1, S, Some(E)), (2, date(2021, 8, 5), None)];
    assert_eq!(shows(&both, &[period(S, None)]), "401/3 nr 2 2021-08-05; 403/3 nr 1 2021-06-30");
    let end = date(2021, 8, 10);
    let stopped = [(1, S, Some(E)), (2, date(2021, 8, 5), Some(end))];
    // The two periods become one that ends where the second ended.
    let mut verteller = Verteller::new(&stopped);
    let wanted = [period(S, Some(date(2021, 9, 2)))];
    verteller.run(&wanted);
    assert_eq!(verteller.eb.aanvaard().len(), 1);
    assert_eq!(verteller.eb.aanvaard()[0].stop, Some(date(2021, 9, 2)));
}

#[test]
fn p12_a_gap_appears() {
    let wanted = [period(S, Some(date(2021, 4, 30))), period(date(2021, 7, 1), None)];
    assert_eq!(shows(&[(1, S, None)], &wanted), "403/1 nr 1 2021-04-30; 401/1 nr 10 2021-07-01");
}

#[test]
fn p12b_an_earlier_period_becomes_known() {
    let later = date(2021, 7, 1);
    let wanted = [period(S, Some(date(2021, 4, 30))), period(later, None)];
    assert_eq!(
        shows(&[(2, later, None)], &wanted),
        "401/2 nr 2 2021-03-10; 403/1 nr 2 2021-04-30; 401/1 nr 10 2021-07-01"
    );
}

#[test]
fn p14_a_price_is_set_and_changed() {
    let with = |bedrag_cent| Periode {
        kostprijs: Some(Kostprijs { bedrag_cent, startdatum: S }),
        ..period(S, None)
    };
    let mut verteller = Verteller::new(&[(1, S, None)]);
    assert_eq!(verteller.shows(&[with(50_000)]), "401/2 nr 1 2021-03-10 50000 2021-03-10");
    verteller.run(&[with(50_000)]);
    verteller.today = date(2021, 8, 16);
    assert_eq!(verteller.shows(&[with(60_000)]), "401/2 nr 1 2021-03-10 60000 2021-03-10");
    assert_eq!(verteller.shows(&[period(S, None)]), "401/2 nr 1 2021-03-10");
}

#[test]
fn p17_a_start_beyond_the_first_delivery_limit() {
    let wanted = [period(date(2020, 3, 5), None)];
    assert_eq!(shows(&[], &wanted), "Handmatig(TeVerTerug)");
    let mut verteller = Verteller::new(&[]);
    verteller.beleid = Laag { retro_beleid: Some(RetroBeleid::Knip), ..Laag::default() }.into();
    assert_eq!(verteller.shows(&wanted), "401/1 nr 10 2020-08-15");
}

#[test]
fn p18_a_change_beyond_the_limit_is_for_a_person() {
    let mut verteller = Verteller::new(&[(1, date(2024, 1, 1), None)]);
    verteller.today = date(2024, 8, 15);
    assert_eq!(verteller.shows(&[period(date(2021, 8, 15), None)]), "401/2 nr 1 2021-08-15");
    assert_eq!(verteller.shows(&[period(date(2021, 8, 14), None)]), "Handmatig(GeenPlan)");
}

#[test]
fn p20_a_change_after_deletion_takes_a_new_number() {
    let mut verteller = Verteller::new(&[(1, S, None)]);
    verteller.run(&[]);
    assert_eq!(verteller.shows(&[period(S, None)]), "401/1 nr 10 2021-03-10");
}

/// 9.6: stop sent, no retour yet: it waits; then accepted and withdrawn, or refused and nothing to withdraw.
#[test]
fn a_307_withdrawn_while_its_stop_is_under_way() {
    let (ended, runs) = ([period(S, Some(E))], [period(S, None)]);
    for (codes, next) in [(&[][..], "403/3 nr 1 2021-06-30"), (&["8848"][..], "Niets")] {
        let mut verteller = Verteller::new(&[(1, S, None)]);
        let id = verteller.sent(&ended);
        assert_eq!(verteller.shows(&runs), "Wachten(Onderweg)");
        verteller.answer(&id, codes);
        assert_eq!(verteller.shows(&runs), next, "{codes:?}");
    }
}

/// 9.6: the withdrawal itself is refused (9071 on a WMO403): a new period on the next day, with what is left of the price.
#[test]
fn a_stop_that_the_cak_keeps() {
    let kostprijs = Some(Kostprijs { bedrag_cent: 50_000, startdatum: S });
    let with = |eind| [Periode { kostprijs, ..period(S, eind) }];
    let mut verteller = Verteller::new(&[]);
    verteller.run(&with(Some(E)));
    assert_eq!(verteller.send(&with(None), &["0200", "9071"]), Gevolg::Geweigerd(Actie::NieuwePeriode));
    // April, May and June were charged at 1900.
    assert_eq!(verteller.shows(&with(None)), "401/1 nr 11 2021-07-01 44300 2021-07-01");
}

/// 6.2, a start that is refused: what comes next, and what a person must do.
#[test]
fn codes_on_a_start() {
    let wanted = [period(S, None)];
    let after = |code: &str| {
        let mut verteller = Verteller::new(&[]);
        let outcome = verteller.send(&wanted, &["0200", code]);
        assert!(verteller.eb.perioden().is_empty(), "{code}: a refusal never changes what was accepted");
        (outcome, verteller.shows(&wanted))
    };
    let again = |action, next: &str| (Gevolg::Geweigerd(action), next.to_owned());
    let person = |reason| (Gevolg::Handmatig(reason), format!("Handmatig({reason:?})"));
    assert_eq!(after("8848"), again(Actie::Opnieuw, "401/1 nr 10 2021-03-10"));
    assert_eq!(after("9056"), again(Actie::Opnieuw, "401/1 nr 10 2021-03-10"));
    assert_eq!(after("9102"), again(Actie::NieuwNummer, "401/1 nr 11 2021-03-10"));
    assert_eq!(after("9115"), again(Actie::Wachten, "Wachten(TeVroeg)"));
    assert_eq!(after("S333"), again(Actie::KostprijsWeglaten, "401/1 nr 10 2021-03-10"));
    assert_eq!(after("0001"), person(Handmatig::Defect));
    // That nothing goes out meanwhile is for who sends (`engine/tests/stil.rs` of the gateway).
    assert_eq!(after("S300"), again(Actie::GemeenteStil, "401/1 nr 10 2021-03-10"));
    assert_eq!(after("9063"), person(Handmatig::SchemaOngeldig));
    assert_eq!(after("9393"), person(Handmatig::SchemaOngeldig));
    assert_eq!(after("9404"), person(Handmatig::SchemaOngeldig));
    assert_eq!(after("0233"), person(Handmatig::OorzaakOnbekend));
}

/// 6.2, a change of a start that is refused.
#[test]
fn codes_on_a_changed_start() {
    let wanted = [period(date(2021, 4, 2), None)];
    let after = |code: &str| {
        let mut verteller = Verteller::new(&[(1, S, None)]);
        (verteller.send(&wanted, &["0200", code]), verteller.shows(&wanted))
    };
    assert_eq!(after("9103"), (Gevolg::Geweigerd(Actie::AlsEerste), "401/1 nr 1 2021-04-02".to_owned()));
    assert_eq!(after("9104"), (Gevolg::Geweigerd(Actie::NieuwNummer), "401/1 nr 10 2021-04-02".to_owned()));
    assert_eq!(after("9114"), (Gevolg::Handmatig(Handmatig::TeVerTerug), "Handmatig(TeVerTerug)".to_owned()));
}

/// 6.2, a deletion of a start that is refused.
#[test]
fn codes_on_a_deleted_start() {
    for code in ["9071", "9329"] {
        let mut verteller = Verteller::new(&[(1, S, None)]);
        assert_eq!(verteller.send(&[], &["0200", code]), Gevolg::Handmatig(Handmatig::Afwijkend), "{code}");
        assert_eq!(verteller.eb.aanvaard().len(), 1, "{code}");
    }
}

/// 6.2, a stop that is refused.
#[test]
fn codes_on_a_stop() {
    let wanted = [period(S, Some(E))];
    for code in ["9328", "9330"] {
        let mut verteller = Verteller::new(&[(1, S, None)]);
        assert_eq!(verteller.send(&wanted, &["0200", code]), Gevolg::Geweigerd(Actie::Herplannen), "{code}");
        assert_eq!(verteller.shows(&wanted), "403/1 nr 1 2021-06-30", "{code}");
    }
    let mut verteller = Verteller::new(&[(1, S, Some(E))]);
    let later = [period(S, Some(date(2021, 7, 15)))];
    assert_eq!(verteller.send(&later, &["0200", "9104"]), Gevolg::Geweigerd(Actie::AlsEerste));
    assert_eq!(verteller.shows(&later), "403/1 nr 1 2021-07-15");
}

/// 9.7: hold, release, and what the CAK has from elsewhere.
#[test]
fn what_an_operator_may_do() {
    let wanted = [period(S, None)];
    let mut verteller = Verteller::new(&[(1, date(2021, 1, 1), None)]);
    verteller.eb.vasthouden();
    assert_eq!(verteller.shows(&wanted), "Wachten(Vastgehouden)");
    let known = BekendePeriode { nummer: nr(7), start: S, stop: None, kostprijs: None };
    verteller.eb.bekend_bij_cak(&[known]).unwrap();
    verteller.eb.vrijgeven();
    assert_eq!(verteller.shows(&wanted), "Niets");
    assert_eq!(verteller.eb.staat(nr(1)), EbStaat::Verwijderd, "its number is not used again");
    let id = verteller.sent(&[]);
    assert_eq!(verteller.eb.bekend_bij_cak(&[known]), Err(EbFout::NogOnderweg));
    verteller.answer(&id, &[]);
    assert!(verteller.eb.bekend_bij_cak(&[known]).is_ok());
}

/// A statement that cannot be is refused, at its limit and one past it.
#[test]
fn statements_are_checked() {
    let own = |days: &[(Date, Option<Date>)]| {
        let periods = days.iter().map(|(start, eind)| EigenPeriode { start: *start, eind: *eind });
        Opgave::EigenDatums(periods.collect()).check()
    };
    assert_eq!(own(&[(S, Some(E)), (date(2021, 7, 1), None)]), Ok(()));
    assert_eq!(own(&[(S, Some(E)), (E, None)]), Err(OpgaveFout::Overlap));
    assert_eq!(own(&[(S, None), (date(2021, 7, 1), None)]), Err(OpgaveFout::Overlap));
    assert_eq!(own(&[(E, Some(S))]), Err(OpgaveFout::EindVoorBegin));
    let many = |count: usize| {
        let first = date(2000, 1, 1);
        let day = |index: usize| {
            first.checked_add(jiff::Span::new().days(i64::try_from(index).unwrap() * 2)).unwrap()
        };
        own(&(0..count).map(|index| (day(index), Some(day(index)))).collect::<Vec<_>>())
    };
    assert_eq!(many(OPGAVE_PERIODEN_MAX), Ok(()));
    assert_eq!(many(OPGAVE_PERIODEN_MAX + 1), Err(OpgaveFout::TeVeel));
    let mut opgaven = Opgaven::default();
    let price = |number: u32| {
        Opgave::Kostprijs(KostprijsOpgave {
            waarover: Waarover::Toewijzing(toewijzing(number)),
            bedrag_cent: Some(50_000),
            startdatum: None,
            bereikt_op: None,
        })
    };
    for number in 1..=u32::try_from(OPGAVEN_MAX).unwrap() {
        opgaven.apply(&price(number)).unwrap();
    }
    assert_eq!(opgaven.apply(&price(1)), Ok(()), "stated again");
    assert_eq!(opgaven.apply(&price(100_000)), Err(OpgaveFout::TeVeel));
}
