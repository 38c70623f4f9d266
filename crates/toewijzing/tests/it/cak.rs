//! The planner against a simulated CAK that knows the rules of iEb 1.0 and nothing of the planner.

use std::collections::BTreeMap;

use iwmo_toewijzing::cak::*;
use iwmo_toewijzing::identity::{Identificatie, Retourcode};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;

const FIRST_DAY: Date = date(2021, 8, 15);

/// The longest row of messages that one change may need. The iEb description saw six; among 300,000 histories one
/// needed seven, and none more.
const MESSAGES_MAX: usize = 7;

#[derive(Clone, Debug)]
struct Known {
    start: Date,
    stop: Option<Date>,
    price: Option<Kostprijs>,
    deleted: bool,
    stop_deleted: bool,
}

/// Written from section 5 of the iEb description, by rule, with the windows of 1.0.3.
#[derive(Default)]
pub(crate) struct Cak {
    known: BTreeMap<u32, Known>,
    changed: Vec<(u32, bool, Date)>,
}

impl Cak {
    pub(crate) fn receive(&mut self, opdracht: &Opdracht, dagtekening: Date) -> Vec<&'static str> {
        let (status, number, day) =
            (opdracht.status_aanlevering(), opdracht.nummer().value(), opdracht.datum());
        let back = |months: i32| dagtekening.checked_sub(months.months()).unwrap();
        let ahead = dagtekening.checked_add(1.months()).unwrap();
        let is_start = opdracht.onderdeel() == Onderdeel::Start;
        let current = self.known.get(&number).cloned();
        let mut codes = Vec::new();
        if day < date(2020, 1, 1) {
            codes.push("0001"); // CS332
        }
        let price = opdracht.kostprijs();
        if let Some(price) = price.filter(|_| status != 3) {
            if price.startdatum < day {
                codes.push("0001"); // CS334
            }
            let tariff = match price.startdatum.year() {
                ..=2023 => 1900,
                2024 => 2060,
                _ => 2100,
            };
            if price.bedrag_cent <= tariff {
                codes.push("S333");
            }
        }
        match (is_start, status) {
            (true, 1) => {
                if day < back(12) || day > ahead {
                    codes.push("0001"); // TR112, TR113
                }
                if current.is_some() {
                    codes.push("9102");
                }
            }
            (true, 2) => match &current {
                None => codes.push("9103"),
                Some(known) if known.deleted => codes.push("9104"),
                Some(known) => {
                    if day < back(36) && day != known.start {
                        codes.push("9114");
                    }
                    if day > ahead && day != known.start {
                        codes.push("9115");
                    }
                }
            },
            (true, _) => match &current {
                Some(known) if !known.deleted && known.start == day && known.price == price => {
                    if known.stop.is_some() {
                        codes.push("9071");
                    }
                }
                _ => codes.push("9329"),
            },
            (false, _) => match &current {
                None => codes.push("9330"),
                Some(known) if known.deleted => codes.push("9330"),
                Some(known) => {
                    if status != 3 && day > ahead || status == 2 && day < back(36) {
                        codes.push("0001"); // TR113, TR116, TR117
                    }
                    if status != 3 && day < known.start {
                        codes.push("9328");
                    }
                    // Not coded by the CAK, but a fault of the planner: 1, then 2, and 1 again after a deletion.
                    assert!(status != 1 || known.stop.is_none(), "a second first stop");
                    assert!(status != 2 || known.stop.is_some(), "a change of no stop");
                    if status == 3 && known.stop != Some(day) {
                        codes.push("9329");
                    }
                }
            },
        }
        if !codes.is_empty() {
            return codes;
        }
        if status == 2 {
            let change = (number, is_start, dagtekening);
            assert!(!self.changed.contains(&change), "OP325: two changes on one day");
            self.changed.push(change);
        }
        match (is_start, status) {
            (true, 1) => {
                self.known.insert(
                    number,
                    Known { start: day, stop: None, price, deleted: false, stop_deleted: false },
                );
            }
            (true, 2) => {
                let known = self.known.get_mut(&number).unwrap();
                (known.start, known.price) = (day, price);
            }
            (true, _) => self.known.get_mut(&number).unwrap().deleted = true,
            (false, 3) => {
                let known = self.known.get_mut(&number).unwrap();
                (known.stop, known.stop_deleted) = (None, true);
            }
            (false, _) => self.known.get_mut(&number).unwrap().stop = Some(day),
        }
        codes
    }

    pub(crate) fn periods(&self) -> Vec<(Date, Option<Date>)> {
        let mut periods: Vec<_> = self
            .known
            .values()
            .filter(|known| !known.deleted)
            .map(|known| (known.start, known.stop))
            .collect();
        periods.sort();
        periods
    }

    /// OP291, and no day charged twice.
    pub(crate) fn assert_sound(&self) {
        for pair in self.periods().windows(2) {
            assert!(pair[0].1.is_some_and(|stop| stop < pair[1].0), "periods overlap: {:?}", self.periods());
        }
        for (start, stop) in self.periods() {
            assert!(stop.is_none_or(|stop| start <= stop), "a stop before its start: {:?}", self.periods());
        }
    }

    /// Charged months, counted one by one up to the end of 2026.
    pub(crate) fn months(periods: &[(Date, Option<Date>)]) -> Vec<(i16, i8)> {
        let mut charged = Vec::new();
        for year in 2020..=2026 {
            for month in 1..=12 {
                let first = date(year, month, 1);
                let last = first.last_of_month();
                let due = periods.iter().any(|(start, stop)| {
                    let begun = *start <= first;
                    let running = stop.is_none_or(|stop| stop >= first);
                    begun && running && *start <= last
                });
                if due {
                    charged.push((year, month));
                }
            }
        }
        charged
    }
}

/// One gemeente, one person and the CAK, day by day.
struct World {
    dossier: EbDossier,
    cak: Cak,
    today: Date,
    counter: EbStartNummer,
    sent: u32,
}

impl World {
    fn new() -> Self {
        Self {
            dossier: EbDossier::default(),
            cak: Cak::default(),
            today: FIRST_DAY,
            counter: EbStartNummer::new(1).unwrap(),
            sent: 0,
        }
    }

    /// Sends what is planned until nothing is left, or for so many messages. Returns how many went out.
    fn run(&mut self, wanted: &[Periode], messages: usize, lose: bool) -> usize {
        let beleid = EbBeleid::default();
        let mut count = 0;
        let mut lose = lose;
        while count < messages {
            match plan(&self.dossier, wanted, &beleid, self.today, self.counter) {
                Plan::Niets => return count,
                Plan::Wachten(Wachtreden::EenWijzigingPerDag) => self.today = self.today.tomorrow().unwrap(),
                Plan::Sturen { stappen, .. } => {
                    let stap = stappen[0];
                    if stap.uit_teller {
                        assert_eq!(stap.opdracht.nummer(), self.counter);
                        self.counter = self.counter.next().unwrap();
                    }
                    self.sent += 1;
                    count += 1;
                    let id = Identificatie::new(&format!("EB{}", self.sent)).unwrap();
                    self.dossier.sent(stap.opdracht, id.clone(), self.today).unwrap();
                    // Now and then the CAK's clock is behind: the same command goes again.
                    let codes =
                        if lose { vec!["8848"] } else { self.cak.receive(&stap.opdracht, self.today) };
                    lose = false;
                    assert!(codes.is_empty() || codes == ["8848"], "{:?}: {codes:?}", stap.opdracht);
                    let codes: Vec<_> =
                        codes.into_iter().map(|code| Retourcode::new(code).unwrap()).collect();
                    self.dossier.retour(&id, &codes);
                    self.cak.assert_sound();
                }
                other => panic!("{other:?} from {:?} to {wanted:?}", self.cak.periods()),
            }
        }
        count
    }

    fn assert_told(&self, wanted: &[Periode]) {
        let wanted: Vec<_> = wanted.iter().map(|period| (period.start, period.eind)).collect();
        assert_eq!(
            Cak::months(&self.cak.periods()),
            Cak::months(&wanted),
            "told {:?}, wanted {wanted:?}",
            self.cak.periods()
        );
    }
}

/// Up to three periods with at least a whole calendar month between them, within the reporting windows.
fn periods() -> impl Strategy<Value = Vec<Periode>> {
    let day = 0..330_i32;
    (proptest::collection::vec(day, 0..=6), any::<bool>()).prop_map(|(mut days, open)| {
        days.sort();
        let first = date(2020, 9, 20);
        let on = |offset: i32| first.checked_add(offset.days()).unwrap();
        let mut found: Vec<Periode> = Vec::new();
        for pair in days.chunks(2) {
            let start = on(pair[0]);
            let eind = pair.get(1).map(|end| on(*end));
            let far = |before: &Periode| {
                before.eind.is_some_and(|eind| Maand::of(start).since(Maand::of(eind)) >= 2)
            };
            if found.last().is_none_or(far) {
                found.push(Periode { start, eind, kostprijs: None });
            }
        }
        if open && let Some(last) = found.last_mut() {
            last.eind = None;
        }
        found
    })
}

/// How many histories to play: a few thousand, or as many as `IWMO_CAK_HISTORIES` says.
pub(crate) fn histories() -> u32 {
    std::env::var("IWMO_CAK_HISTORIES").map_or(2000, |count| count.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: histories(), ..ProptestConfig::default() })]

    /// Whatever a person's history does, once it is quiet the CAK charges the months it should, and on the way
    /// nothing ever overlaps.
    #[test]
    fn the_cak_is_told_what_is_wanted(
        histories in proptest::collection::vec((periods(), 1..=8_usize, any::<bool>()), 1..6),
    ) {
        let mut world = World::new();
        for (index, (wanted, interrupted_after, lose)) in histories.iter().enumerate() {
            // A new history arrives while the row for the one before is half sent. Only one message is lost: a
            // second refusal of the same command is for a person.
            world.run(wanted, *interrupted_after, *lose && index == 0);
        }
        let (last, _, _) = histories.last().unwrap();
        let sent = world.run(last, 20, false);
        prop_assert!(sent <= MESSAGES_MAX, "{sent} messages for one change");
        world.assert_told(last);
        prop_assert_eq!(world.run(last, 20, false), 0);
    }
}
