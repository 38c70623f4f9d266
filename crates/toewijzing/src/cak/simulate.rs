//! What a command would do at the CAK: the rules of release 1.0 (sections 5.1 and 5.3) and our own invariants.

use jiff::civil::{Date, date};

use super::command::{EbStartNummer, Kostprijs, Opdracht};
use super::layers::EbBeleid;
use super::months::{Maanden, shift_months};
use super::policy::Vensters;
use super::record::{EbDossier, Soort};

/// CS332: no date before the abonnementstarief.
const EERSTE_DAG: Date = date(2020, 1, 1);

/// From this day of the month on, shifting by months may cut the day, and receivers may differ (5.5).
const LAATSTE_VEILIGE_DAG: i8 = 28;

/// A period as it stands, or would stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Staand {
    pub(super) nummer: EbStartNummer,
    pub(super) start: Date,
    pub(super) kostprijs: Option<Kostprijs>,
    pub(super) stop: Option<Date>,
    pub(super) stop_blijft: bool,
}

/// What the CAK has of a person, or would have.
#[derive(Clone, Debug)]
pub(super) struct Stand<'a> {
    dossier: &'a EbDossier,
    perioden: Vec<Staand>,
    nieuw: Vec<EbStartNummer>,
}

impl<'a> Stand<'a> {
    pub(super) fn new(dossier: &'a EbDossier) -> Self {
        let perioden = dossier
            .aanvaard()
            .into_iter()
            // OP291 holds within a contribution.
            .filter(|period| period.soort == Soort::Abonnementstarief)
            .map(|period| Staand {
                nummer: period.nummer,
                start: period.start.datum,
                kostprijs: period.start.kostprijs,
                stop: period.stop,
                stop_blijft: period.stop_blijft,
            })
            .collect();
        Self { dossier, perioden, nieuw: Vec::new() }
    }

    /// The standing periods; by date as long as nothing was executed.
    pub(super) fn perioden(&self) -> &[Staand] {
        &self.perioden
    }

    /// What is charged.
    pub(super) fn maanden(&self, beleid: &EbBeleid) -> Maanden {
        Maanden::under(beleid, self.perioden.iter().map(|period| (period.start, period.stop)))
    }

    /// Executes a command with this Dagtekening. False when a rule or an invariant forbids it.
    pub(super) fn execute(&mut self, opdracht: &Opdracht, dagtekening: Date, vensters: &Vensters) -> bool {
        let window = Window { dagtekening, toekomst: vensters.toekomst };
        let nummer = opdracht.nummer();
        let index = self.perioden.iter().position(|period| period.nummer == nummer);
        if let Opdracht::MeldStart { datum, kostprijs, .. } = *opdracht {
            // TR102: a number is used once, deleted or not.
            let used = self.dossier.perioden().iter().any(|period| period.nummer == nummer)
                || self.nieuw.contains(&nummer);
            // TR112, TR113.
            if used || !window.allows(datum, vensters.start_eerste) || !price_fits(datum, kostprijs) {
                return false;
            }
            self.nieuw.push(nummer);
            self.perioden.push(Staand { nummer, start: datum, kostprijs, stop: None, stop_blijft: false });
            return self.is_sound();
        }
        // TR103, TR104, TR330: everything else is about a start that stands.
        let Some(index) = index else { return false };
        let period = &mut self.perioden[index];
        let allowed = match *opdracht {
            Opdracht::MeldStart { .. } => false,
            Opdracht::WijzigStart { datum, kostprijs, .. } => {
                // TR114, TR115: a date that does not change is not judged.
                let fits = datum == period.start || window.allows(datum, vensters.start_wijziging);
                (period.start, period.kostprijs) = (datum, kostprijs);
                fits && price_fits(datum, kostprijs)
            }
            Opdracht::VerwijderStart { datum, kostprijs, .. } => {
                // TR071, TR329.
                let fits = period.stop.is_none() && datum == period.start && kostprijs == period.kostprijs;
                self.perioden.remove(index);
                fits
            }
            Opdracht::MeldStop { datum, .. } => {
                let fits = period.stop.is_none() && window.allows(datum, vensters.stop_eerste);
                period.stop = Some(datum);
                fits
            }
            Opdracht::WijzigStop { datum, .. } => {
                // TR116, TR117.
                let fits = period.stop.is_some() && window.allows(datum, vensters.stop_wijziging);
                period.stop = Some(datum);
                fits
            }
            Opdracht::VerwijderStop { datum, .. } => {
                // TR329, and 9.6: a stop that the CAK would not delete stays.
                let fits = period.stop == Some(datum) && !period.stop_blijft;
                period.stop = None;
                fits
            }
        };
        allowed && self.is_sound()
    }

    /// TR328, OP291: start before stop, periods disjoint, only the last without a stop.
    fn is_sound(&mut self) -> bool {
        self.perioden.sort_by_key(|period| (period.start, period.stop.unwrap_or(Date::MAX)));
        let ordered = self.perioden.iter().all(|period| period.stop.is_none_or(|stop| period.start <= stop));
        ordered && self.perioden.windows(2).all(|pair| pair[0].stop.is_some_and(|stop| stop < pair[1].start))
    }
}

/// How far a date may lie from Dagtekening.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) dagtekening: Date,
    pub(super) toekomst: u8,
}

impl Window {
    /// True when the date lies within the window. On a limit that depends on how months are cut it does not (5.5).
    pub(super) fn allows(self, datum: Date, terug: Option<u8>) -> bool {
        datum >= EERSTE_DAG
            && !self.is_ahead(datum)
            && terug.is_none_or(|months| datum >= self.earliest(months))
    }

    /// True when the date lies too far ahead.
    pub(super) fn is_ahead(self, datum: Date) -> bool {
        let limit = shift_months(self.dagtekening, i32::from(self.toekomst));
        datum > limit || (datum == limit && self.dagtekening.day() > LAATSTE_VEILIGE_DAG)
    }

    /// The first day that lies not too far back.
    pub(super) fn earliest(self, months: u8) -> Date {
        let limit = shift_months(self.dagtekening, -i32::from(months));
        let doubtful = self.dagtekening.day() > LAATSTE_VEILIGE_DAG;
        let safe = if doubtful { limit.tomorrow().unwrap_or(limit) } else { limit };
        safe.max(EERSTE_DAG)
    }
}

/// CS334: the price is guarded from the start at the earliest.
fn price_fits(start: Date, kostprijs: Option<Kostprijs>) -> bool {
    kostprijs.is_none_or(|price| price.startdatum >= start)
}
