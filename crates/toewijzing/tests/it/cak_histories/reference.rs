//! The periods that are due, worked out slowly from plain lists: every day is asked by itself.

use std::collections::BTreeSet;

use iwmo_toewijzing::cak::*;
use jiff::ToSpan;
use jiff::civil::Date;

use super::{FIRST, LAST, TOEWIJZINGEN, Wereld, besluitdatum, ingangsdatum, nummer};

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
    pub(super) fn perioden(&self) -> Vec<Dagen> {
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
