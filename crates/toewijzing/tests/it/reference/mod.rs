//! A slow, obvious model of toewijzing, delivery and requests, written from the tables of the lifecycle.
//!
//! It keeps nothing but what was sent and accepted, in order, and asks every rule of that list anew. It shares no code
//! with the machine but the types of the events. Deliveries are here; `world.rs` has the toewijzing, `requests.rs` what
//! the aanbieder asks for.

mod requests;
mod world;

use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::RedenBeeindiging;
use jiff::civil::{Date, date};

pub(crate) use requests::{Changed, Naam, Wish, referentie};
pub(crate) use world::{BASE, Kind, Message, Outcome, Version, World};

use crate::support;

pub(crate) const BEGINS: [Date; 2] = [date(2023, 1, 5), date(2023, 4, 3)];
pub(crate) const ENDS: [Date; 2] = [date(2023, 5, 1), date(2023, 6, 1)];

/// The day of every message. Of the ends of a version some lie before it.
pub(crate) const TODAY: Date = date(2023, 10, 18);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Class {
    pub(crate) delete: bool,
    pub(crate) begin: Date,
    /// Temporary or not, and Einddatum; absent for a start.
    pub(crate) stop: Option<(bool, Date)>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) accepted: Vec<Class>,
}

impl Model {
    /// Delivered in an accepted message and not deleted since.
    pub(crate) fn live(&self) -> Vec<Class> {
        let mut live: Vec<Class> = Vec::new();
        for class in &self.accepted {
            if class.delete {
                live.retain(|known| (known.begin, known.stop) != (class.begin, class.stop));
            } else {
                live.push(*class);
            }
        }
        live
    }

    pub(crate) fn codes(&self, class: &Class) -> Vec<&'static str> {
        let live = self.live();
        let same = |known: &&Class| (known.begin, known.stop) == (class.begin, class.stop);
        let starts: Vec<&Class> = live.iter().filter(|known| known.stop.is_none()).collect();
        let stops: Vec<(bool, Date)> =
            live.iter().filter(|known| known.begin == class.begin).filter_map(|known| known.stop).collect();
        let has_stop =
            |start: &Class| live.iter().any(|known| known.begin == start.begin && known.stop.is_some());
        let mut codes = Vec::new();
        if class.delete {
            if live.iter().find(same).is_none() {
                codes.push("9063");
            }
            if class.stop.is_none() && !stops.is_empty() {
                codes.push("9071");
            }
            return codes;
        }
        if let Some((temporary, end)) = class.stop {
            let start = starts.iter().find(|start| start.begin == class.begin);
            let actual = start.is_some_and(|start| {
                !has_stop(start) || starts.iter().all(|other| other.begin <= start.begin)
            });
            if !actual {
                codes.push("9069");
            }
            if live.iter().any(|known| same(&known)) {
                codes.push("9074");
            }
            if temporary && stops.iter().any(|stop| stop.0) {
                codes.push("9413");
            }
            if stops.iter().any(|stop| stop.1 > end) {
                codes.push("9414");
            }
            if stops.iter().any(|stop| !stop.0) {
                codes.push("9415");
            }
        } else {
            if live.iter().any(|known| same(&known)) {
                codes.push("9074");
            }
            if starts.iter().any(|start| !has_stop(start)) {
                codes.push("9326");
            }
        }
        codes
    }

    /// Section 6: deletes first, then the rest by Begindatum, temporary stops before definitive ones; all or nothing. `exists`: the toewijzing does.
    pub(crate) fn message(&mut self, classes: &[Class], exists: bool) -> Vec<Vec<&'static str>> {
        let mut scratch = self.clone();
        let mut codes = vec![Vec::new(); classes.len()];
        let deletes = (0..classes.len()).filter(|index| classes[*index].delete);
        let mut others: Vec<usize> = (0..classes.len()).filter(|index| !classes[*index].delete).collect();
        others.sort_by_key(|index| {
            (classes[*index].begin, classes[*index].stop.is_some_and(|(temporary, _)| !temporary))
        });
        for index in deletes.chain(others) {
            codes[index] = scratch.codes(&classes[index]);
            // TR019; a delete needs no toewijzing (D4).
            if !classes[index].delete && !exists {
                codes[index].insert(0, "9019");
            }
            if codes[index].is_empty() {
                scratch.accepted.push(classes[index]);
            }
        }
        if codes.iter().all(Vec::is_empty) {
            *self = scratch;
        }
        codes
    }

    pub(crate) fn state(&self) -> String {
        let live = self.live();
        let stops = |begin: Date| {
            live.iter().filter(move |known| known.begin == begin).filter_map(|known| known.stop)
        };
        let mut starts: Vec<Date> =
            live.iter().filter(|known| known.stop.is_none()).map(|known| known.begin).collect();
        starts.sort();
        if let Some(open) = starts.iter().rev().find(|begin| stops(**begin).next().is_none()) {
            return format!("GESTART {open}");
        }
        let Some(latest) = starts.last() else { return "NIET_GESTART".into() };
        match stops(*latest).find(|stop| !stop.0) {
            Some((_, end)) => format!("BEEINDIGD {latest} {end}"),
            None => {
                let end = stops(*latest).map(|stop| stop.1).next().unwrap();
                format!("TIJDELIJK_GESTOPT {latest} {end}")
            }
        }
    }
}

pub(crate) fn inhoud(classes: &[Class]) -> Inhoud {
    let status =
        |class: &Class| if class.delete { StatusAanlevering::Verwijderen } else { StatusAanlevering::Eerste };
    if classes[0].stop.is_none() {
        let start = |class: &Class| StartProduct { status: status(class), ..support::start(class.begin) };
        return Inhoud::Starten(classes.iter().map(start).collect());
    }
    let stop = |class: &Class| {
        let (temporary, end) = class.stop.unwrap();
        let reden = if temporary { RedenBeeindiging::TIJDELIJK.as_str().to_owned() } else { "23".to_owned() };
        StopProduct { status: status(class), ..support::stop(class.begin, &reden, end) }
    };
    Inhoud::Stoppen(classes.iter().map(stop).collect())
}
