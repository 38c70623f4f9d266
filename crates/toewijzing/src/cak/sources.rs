//! From what is on record to days of support: triggers, and what starts and ends them (sections 2.5 and 8.2).

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::dagen::Dagen;
use super::layers::EbBeleid;
use super::months::whole_month_between;
use super::opgave::{Opgaven, Voorziening, Waarover};
use super::policy::{Leveringsvorm, Melding, Pauze, StartDatumBron, Trigger};
use crate::dossier::{Dossier, Levering, Onderwerp, Start, Stop, VersieStatus};
use crate::event::ToegewezenProduct;
use crate::identity::{Product, ToewijzingNummer};

/// Days on which something was provided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) waarover: Waarover,
    pub(super) product: Option<Product>,
    pub(super) vorm: Leveringsvorm,
    pub(super) dagen: Dagen,
    /// What began and ended it.
    pub(super) trigger: (Trigger, Trigger),
    /// The entries of the messages from which it follows, ascending; none for what the backoffice stated.
    pub(super) entries: Vec<u64>,
}

/// What the sources are asked with.
#[derive(Clone, Copy)]
pub(super) struct Vraag<'a> {
    pub(super) opgaven: &'a Opgaven,
    pub(super) beleid: &'a EbBeleid,
    pub(super) today: Date,
}

/// Days of one source, with the product that it names.
type Bron = Vec<(Dagen, Option<Product>)>;

/// Returns every interval that the triggers give.
pub(super) fn intervals(dossiers: &[&Dossier], vraag: Vraag<'_>) -> Vec<Interval> {
    let mut found = Vec::new();
    let mut known = BTreeSet::new();
    for dossier in dossiers {
        let mut subjects: BTreeSet<Onderwerp> = dossier.nummers().map(Onderwerp::Toewijzing).collect();
        subjects.extend(dossier.onderwerpen().cloned());
        for onderwerp in subjects {
            if let Onderwerp::Toewijzing(nummer) = onderwerp {
                known.insert(nummer);
            }
            Onderdeel { dossier, onderwerp: &onderwerp, vraag }.intervals(&mut found);
        }
    }
    // E8: what the backoffice states of no toewijzing that is on record stands by itself.
    let alone =
        |voorziening: &&Voorziening| voorziening.toewijzing.is_none_or(|nummer| !known.contains(&nummer));
    for voorziening in vraag.opgaven.voorzieningen.iter().filter(alone) {
        let dagen = Dagen { first: voorziening.ingangsdatum, last: voorziening.einddatum };
        let bron = vraag.beleid.op(dagen.first).start_datum_bron;
        let moved = match (bron, voorziening.beschikkingsdatum) {
            (StartDatumBron::Beschikkingsdatum, Some(decided)) => begin_on(dagen, decided),
            _ => Some(dagen),
        };
        found.extend(moved.map(|dagen| Interval {
            waarover: match voorziening.toewijzing {
                Some(nummer) => Waarover::Toewijzing(nummer),
                None => Waarover::Voorziening(voorziening.naam.clone()),
            },
            product: voorziening.product(),
            vorm: voorziening.leveringsvorm,
            dagen,
            trigger: (Trigger::Backoffice, Trigger::Backoffice),
            entries: Vec::new(),
        }));
    }
    found
}

/// One toewijzing, or one product under a taakgericht contract.
struct Onderdeel<'a> {
    dossier: &'a Dossier,
    onderwerp: &'a Onderwerp,
    vraag: Vraag<'a>,
}

impl Onderdeel<'_> {
    fn intervals(&self, found: &mut Vec<Interval>) {
        let version = self.version();
        // E2: what counts as never sent has no period, whatever was delivered on it.
        if version.is_some_and(ToegewezenProduct::is_void) {
            return;
        }
        let first_start = self
            .levering()
            .and_then(|levering| levering.live_starts().min_by_key(|start| start.key.begindatum));
        let product = version
            .and_then(|version| version.product.clone())
            .or_else(|| first_start.and_then(|start| start.key.product.clone()));
        let Some(day) = version
            .map(|version| version.ingangsdatum)
            .or_else(|| first_start.map(|start| start.key.begindatum))
        else {
            return;
        };
        // A toewijzing keeps the triggers that held on its Ingangsdatum.
        let regels = self.vraag.beleid.op(day);
        let (start, stop) =
            (regels.start_trigger_of(product.as_ref(), day), regels.stop_trigger_of(product.as_ref(), day));
        let starts = self.source(start);
        let combined = if start == stop { starts } else { combine(starts, self.source(stop)) };
        let mut combined = self.dated(combined);
        if let Some(over) = self.over(stop) {
            // E2b: nothing outlives its toewijzing.
            combined = combined
                .into_iter()
                .filter_map(|(dagen, of)| Some((dagen.clip(None, Some(over))?, of)))
                .collect();
        }
        let entries = self.entries([start, stop]);
        found.extend(combined.into_iter().map(|(dagen, named)| Interval {
            waarover: Waarover::from(self.onderwerp),
            product: named.or_else(|| product.clone()),
            vorm: Leveringsvorm::Zin,
            dagen,
            trigger: (start, stop),
            entries: entries.clone(),
        }));
    }

    /// The messages that the days follow from: what was assigned, and what was delivered where that counts. A deletion is
    /// one of them: without it the days would be others.
    fn entries(&self, triggers: [Trigger; 2]) -> Vec<u64> {
        let version = self.nummer().and_then(|nummer| self.dossier.effectief(nummer));
        let mut found: Vec<u64> = version.map(|version| version.bericht.entry).into_iter().collect();
        if let Some(levering) = self.levering().filter(|_| triggers.contains(&Trigger::Levering)) {
            let starts = levering.starts().iter().map(|start| (&start.bericht, &start.verwijderd_door));
            let stops = levering.stops().iter().map(|stop| (&stop.bericht, &stop.verwijderd_door));
            for (bericht, deleted) in starts.chain(stops) {
                found.push(bericht.entry);
                found.extend(deleted.as_ref().map(|bericht| bericht.entry));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn nummer(&self) -> Option<ToewijzingNummer> {
        match self.onderwerp {
            Onderwerp::Toewijzing(nummer) => Some(*nummer),
            Onderwerp::Taakgericht(_) => None,
        }
    }

    fn version(&self) -> Option<&ToegewezenProduct> {
        self.dossier.effectief(self.nummer()?).map(|version| &version.inhoud)
    }

    fn levering(&self) -> Option<&Levering> {
        self.dossier.levering(self.onderwerp)
    }

    /// The day on which the toewijzing is over, where that ends what nothing else ended.
    fn over(&self, stop: Trigger) -> Option<Date> {
        let end = self.version()?.einddatum.filter(|end| *end < self.vraag.today)?;
        let regels = self.vraag.beleid.op(end);
        let waits = stop == Trigger::Declaratie && regels.declaratie_stilte > 0;
        (regels.einde_bij_toewijzing && !waits && stop != Trigger::Backoffice).then_some(end)
    }

    fn source(&self, trigger: Trigger) -> Bron {
        match trigger {
            Trigger::Toewijzing => {
                let version = self.nummer().and_then(|nummer| approved(self.dossier, nummer));
                let days =
                    version.map(|version| Dagen { first: version.ingangsdatum, last: version.einddatum });
                days.into_iter().map(|days| (days, None)).collect()
            }
            Trigger::Levering => self.delivered(),
            Trigger::Declaratie => self.declared().into_iter().map(|days| (days, None)).collect(),
            Trigger::Backoffice => {
                let mut stated: Bron = self
                    .vraag
                    .opgaven
                    .voorzieningen
                    .iter()
                    .filter(|voorziening| {
                        voorziening.toewijzing.is_some() && voorziening.toewijzing == self.nummer()
                    })
                    .map(|voorziening| {
                        (Dagen { first: voorziening.ingangsdatum, last: voorziening.einddatum }, None)
                    })
                    .collect();
                stated.sort();
                stated
            }
        }
    }

    /// E3 to E6; a toewijzing of which nothing was ever heard may count as started (8.2).
    fn delivered(&self) -> Bron {
        let Some(levering) = self.levering().filter(|levering| !levering.starts().is_empty()) else {
            let version = self.nummer().and_then(|nummer| approved(self.dossier, nummer));
            return version
                .filter(|version| self.is_overdue(version.ingangsdatum))
                .map_or_else(Vec::new, |version| {
                    vec![(Dagen { first: version.ingangsdatum, last: None }, None)]
                });
        };
        let days = |start: &Start| Dagen {
            first: start.key.begindatum,
            last: end_of(levering, start, self.vraag.beleid, self.vraag.today),
        };
        let mut delivered: Bron =
            levering.live_starts().map(|start| (days(start), start.key.product.clone())).collect();
        delivered.sort();
        delivered
    }

    fn is_overdue(&self, ingangsdatum: Date) -> bool {
        let wait = self.vraag.beleid.op(ingangsdatum).wachttijd_305;
        wait > 0 && days_after(ingangsdatum, wait).is_some_and(|day| day <= self.vraag.today)
    }

    /// E7: the hull of what was declared and granted.
    fn declared(&self) -> Option<Dagen> {
        let hull = self.dossier.gedeclareerd(self.nummer()?)?;
        let end = self.version().and_then(|version| version.einddatum);
        // Silence counts from the end of the toewijzing, and from the declaration that came last.
        let silent = end.is_some_and(|end| {
            let wait = self.vraag.beleid.op(end).declaratie_stilte;
            wait > 0 && days_after(end.max(hull.laatste), wait).is_some_and(|day| day <= self.vraag.today)
        });
        Some(Dagen { first: hull.begin, last: silent.then_some(hull.eind) })
    }

    /// Moves the first day where policy takes it from elsewhere (8.3).
    fn dated(&self, mut days: Bron) -> Bron {
        let Some((first, _)) = days.first_mut() else { return days };
        let Some(nummer) = self.nummer() else { return days };
        let day = match self.vraag.beleid.op(first.first).start_datum_bron {
            StartDatumBron::Begindatum | StartDatumBron::VolgendeMaand => None,
            StartDatumBron::Ingangsdatum => self.version().map(|version| version.ingangsdatum),
            StartDatumBron::Beschikkingsdatum => {
                self.dossier.versies(nummer).iter().map(|version| version.inhoud.toewijzingsdatum).min()
            }
        };
        match day.map(|day| begin_on(*first, day)) {
            None => {}
            Some(Some(moved)) => *first = moved,
            Some(None) => drop(days.remove(0)),
        }
        days
    }
}

/// The days as they begin on another one; nothing when they were over by then.
fn begin_on(dagen: Dagen, day: Date) -> Option<Dagen> {
    dagen.last.is_none_or(|last| day <= last).then_some(Dagen { first: day, ..dagen })
}

fn days_after(day: Date, days: u16) -> Option<Date> {
    day.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// Begins when the one source says so, and ends, and begins again, as the other has it.
fn combine(starts: Bron, stops: Bron) -> Bron {
    let Some((first, product)) = starts.into_iter().min() else { return Vec::new() };
    if stops.is_empty() {
        return vec![(Dagen { first: first.first, last: None }, product)];
    }
    let after = |(dagen, named): (Dagen, Option<Product>)| {
        Some((dagen.clip(Some(first.first), None)?, named.or_else(|| product.clone())))
    };
    let mut combined: Bron = stops.into_iter().filter_map(after).collect();
    if let Some((dagen, _)) = combined.first_mut() {
        dagen.first = first.first;
    }
    combined
}

/// The version that counts for trigger toewijzing: approved, or acted upon by the aanbieder (E1, D9).
fn approved(dossier: &Dossier, nummer: ToewijzingNummer) -> Option<&ToegewezenProduct> {
    let effective = dossier.effectief(nummer)?;
    let version = if effective.inhoud.is_void()
        || effective.status == VersieStatus::Accepted
        || dossier.is_impliciet_bevestigd(nummer)
    {
        effective
    } else {
        dossier.aanvaard(nummer)?
    };
    Some(&version.inhoud).filter(|version| !version.is_void())
}

/// The last day of the period that a start begins (E5, E6); `None`: it runs.
fn end_of(levering: &Levering, start: &Start, beleid: &EbBeleid, today: Date) -> Option<Date> {
    let stop = levering.deciding_stop(&start.key)?;
    if stop.key.reden.as_str() == "02" && beleid.op(stop.key.einddatum).overlijden == Melding::Niets {
        return None;
    }
    if stop.key.reden.is_tijdelijk() {
        return pause_end(levering, stop, beleid, today);
    }
    // OP377: the definitive stop decides, unless the pause had ended the period before it came.
    let pause =
        levering.stops_of(&start.key).filter(|s| s.key.reden.is_tijdelijk()).map(|s| s.key.einddatum).max();
    match pause.map(|pause| (pause, beleid.op(pause).pauze)) {
        Some((pause, Pauze::Direct)) => Some(pause),
        Some((pause, Pauze::NaVolleMaand))
            if whole_month_between(pause, stop.key.einddatum)
                || whole_month_between(pause, stop.bericht.dag) =>
        {
            Some(pause)
        }
        _ => Some(stop.key.einddatum),
    }
}

/// Section 8.4: a pause ends the period when it is known to last long enough, or has lasted long enough.
fn pause_end(levering: &Levering, stop: &Stop, beleid: &EbBeleid, today: Date) -> Option<Date> {
    let end = stop.key.einddatum;
    let resumed = levering
        .live_starts()
        .map(|start| start.key.begindatum)
        .filter(|begin| *begin > stop.key.start.begindatum)
        .min();
    let through = |begin: Date| Some(begin.yesterday().unwrap_or(begin).max(end));
    match (beleid.op(end).pauze, resumed) {
        (Pauze::Direct, _) => Some(end),
        (Pauze::Nooit, Some(begin)) => through(begin),
        (Pauze::Nooit, None) => None,
        (Pauze::NaVolleMaand, Some(begin)) if whole_month_between(end, begin) => Some(end),
        (Pauze::NaVolleMaand, Some(begin)) => through(begin),
        (Pauze::NaVolleMaand, None) => whole_month_between(end, today).then_some(end),
    }
}
