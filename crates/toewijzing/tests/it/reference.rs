//! A slow, obvious model of toewijzing and delivery, written from the tables of the lifecycle.
//!
//! It keeps nothing but what was sent and accepted, in order, and asks every rule of that list anew. It shares no code
//! with the machine but the types of the events.

use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::{Omvang, RedenBeeindiging, RedenWijziging};
use jiff::ToSpan;
use jiff::civil::{Date, date};

use crate::support;

pub(crate) const BEGINS: [Date; 2] = [date(2023, 1, 5), date(2023, 4, 3)];
pub(crate) const ENDS: [Date; 2] = [date(2023, 5, 1), date(2023, 6, 1)];

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

/// A version of number 100 as a 301 says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Version {
    /// Toewijzingsdatum, in days after 1 January 2022.
    pub(crate) day: i32,
    /// Which Ingangsdatum.
    pub(crate) begin: usize,
    /// Einddatum, in days after 1 January 2023.
    pub(crate) end: Option<i32>,
    /// Volume within the whole period.
    pub(crate) volume: u32,
    pub(crate) eenheid: u8,
    pub(crate) budget: Option<u64>,
    pub(crate) reden: Option<&'static str>,
}

/// The two Ingangsdatums: the second makes it another toewijzing.
pub(crate) const INGANG: [Date; 2] = [date(2023, 1, 1), date(2023, 2, 1)];

/// What every history begins from.
pub(crate) const BASE: Version =
    Version { day: 100, begin: 0, end: Some(300), volume: 80, eenheid: 4, budget: None, reden: None };

impl Version {
    /// RedenWijziging 13 says that it counts as never sent.
    fn is_void(&self) -> bool {
        self.reden == Some("13")
    }

    fn content(&self) -> (usize, Option<i32>, u32, u8, Option<u64>, bool) {
        let end = if self.is_void() { None } else { self.end };
        (self.begin, end, self.volume, self.eenheid, self.budget, self.is_void())
    }

    pub(crate) fn product(&self) -> ToegewezenProduct {
        let ingangsdatum = INGANG[self.begin];
        let end = self.end.map(|days| date(2023, 1, 1).checked_add(days.days()).unwrap());
        ToegewezenProduct {
            ingangsdatum,
            einddatum: if self.is_void() { Some(ingangsdatum) } else { end },
            reden_wijziging: self.reden.map(|code| RedenWijziging::new(code).unwrap()),
            omvang: Some(Omvang { volume: self.volume, eenheid: self.eenheid, frequentie: 6 }),
            budget: self.budget,
            ..support::assigned(date(2022, 1, 1).checked_add(self.day.days()).unwrap())
        }
    }
}

/// A message about number 100.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Assign(Version),
    /// The 302 on one of the 301s, by its place.
    Answer {
        of: usize,
        approve: bool,
    },
    /// A 305 or 307.
    Report(Vec<Class>),
}

/// What the tables say of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) codes: Vec<Vec<&'static str>>,
    /// Of a 301: its event, and what is odd about it.
    pub(crate) event: Option<&'static str>,
    pub(crate) warnings: Vec<&'static str>,
    pub(crate) facts: Vec<&'static str>,
    /// The reasons of the stops that are expected because of it.
    pub(crate) stops: Vec<Option<&'static str>>,
}

/// Everything that was sent about number 100.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// The 301s that were sent, and the answer to each.
    pub(crate) sent: Vec<(Version, Option<bool>)>,
    pub(crate) reports: Model,
    /// Of each accepted class: which 301 was effective then.
    on: Vec<Option<usize>>,
}

/// What tells two worlds apart for all that follows.
pub(crate) type Place = (Vec<(Version, Option<bool>)>, Vec<(Class, Option<usize>)>);

impl World {
    pub(crate) fn place(&self) -> Place {
        (self.sent.clone(), self.live())
    }

    /// The live classes, each with the 301 that was effective when it was accepted.
    fn live(&self) -> Vec<(Class, Option<usize>)> {
        let mut live: Vec<(Class, Option<usize>)> = Vec::new();
        for (class, on) in self.reports.accepted.iter().zip(&self.on) {
            if class.delete {
                live.retain(|(known, _)| (known.begin, known.stop) != (class.begin, class.stop));
            } else {
                live.push((*class, *on));
            }
        }
        live
    }

    /// Section 3: the latest version that was not rejected; of equals the one received last.
    pub(crate) fn effective(&self) -> Option<usize> {
        let mut best: Option<usize> = None;
        for (index, (version, answer)) in self.sent.iter().enumerate() {
            if *answer != Some(false) && best.is_none_or(|best| self.sent[best].0.day <= version.day) {
                best = Some(index);
            }
        }
        best
    }

    fn accepted(&self) -> Option<usize> {
        let mut best: Option<usize> = None;
        for (index, (version, answer)) in self.sent.iter().enumerate() {
            if *answer == Some(true) && best.is_none_or(|best| self.sent[best].0.day <= version.day) {
                best = Some(index);
            }
        }
        best
    }

    /// Section 4.1.
    pub(crate) fn status(&self) -> &'static str {
        let Some(now) = self.effective() else { return "ONBEKEND" };
        let now = self.sent[now].0;
        if now.is_void() {
            return "VERWIJDERD";
        }
        // T10: what was confirmed stays confirmed when it is sent again unchanged.
        let mut standing: Vec<&(Version, Option<bool>)> =
            self.sent.iter().filter(|(_, answer)| *answer != Some(false)).collect();
        standing.sort_by_key(|(version, _)| version.day);
        let mut same = standing.iter().rev().take_while(|(version, _)| version.content() == now.content());
        if same.any(|(_, answer)| *answer == Some(true)) { "BEVESTIGD" } else { "AANGEBODEN" }
    }

    pub(crate) fn exists(&self) -> bool {
        matches!(self.status(), "AANGEBODEN" | "BEVESTIGD")
    }

    /// D9.
    pub(crate) fn implicitly_confirmed(&self) -> bool {
        let now = self.effective();
        self.status() == "AANGEBODEN" && self.live().iter().any(|(_, on)| *on == now)
    }

    /// D4, D7, D9, D10; ascending.
    pub(crate) fn anomalies(&self) -> Vec<&'static str> {
        let live = self.live();
        let starts = || live.iter().filter(|(class, _)| class.stop.is_none());
        let mut found = Vec::new();
        if self.status() == "VERWIJDERD" && starts().next().is_some() {
            found.push("DELETED_WITH_DELIVERY");
        }
        let rejected = starts().any(|(_, on)| {
            on.is_some_and(|on| {
                self.sent[on].1 == Some(false)
                    && !self
                        .sent
                        .iter()
                        .any(|(version, answer)| *answer != Some(false) && version.day >= self.sent[on].0.day)
            })
        });
        if rejected {
            found.push("REJECTED_WITH_DELIVERY");
        }
        let standing = || self.sent.iter().filter(|(_, answer)| *answer != Some(false));
        let contradicts = standing().any(|(one, _)| {
            standing().any(|(other, _)| one.day == other.day && one.content() != other.content())
        });
        if contradicts {
            found.push("SAME_VERSION_OTHER_CONTENT");
        }
        let open = starts().filter(|(start, _)| {
            !live.iter().any(|(stop, _)| stop.begin == start.begin && stop.stop.is_some())
        });
        if open.count() > 1 {
            found.push("TWO_OPEN_STARTS");
        }
        found
    }

    /// Section 4.2.
    fn event(&self, new: &Version) -> &'static str {
        let Some(known) = self.effective().map(|index| self.sent[index].0) else { return "New" };
        let later_end = match (known.end, new.end) {
            (Some(_), None) => true,
            (Some(known), Some(new)) => new > known,
            (None, _) => false,
        };
        match () {
            () if known.begin != new.begin => "DifferentProduct",
            () if new.day < known.day => "Older",
            () if new.day == known.day && new.content() == known.content() => "Resend",
            () if new.is_void() => "Delete",
            () if known.is_void() => "Revive",
            () if new.content() == known.content() => "Unchanged",
            () if new.eenheid != known.eenheid => "OtherChange",
            () if new.end != known.end && later_end => "Oprekken",
            () if new.end != known.end => "Intrekken",
            () if new.volume != known.volume => "Volume",
            () => "Budget",
        }
    }

    /// Section 4.2, last column, with D4, D10, D11 and D12.
    fn odd(&self, event: &str, new: &Version) -> Vec<&'static str> {
        let mut odd = Vec::new();
        let live = self.live().iter().any(|(class, _)| class.stop.is_none());
        match event {
            "New" if new.reden.is_some() && !new.is_void() => odd.push("FIRST_VERSION_NEVER_SEEN"),
            "OtherChange" => odd.push("NEW_NUMBER_NEEDED"),
            "Revive" => odd.push("REVIVED"),
            "Delete" if live => odd.push("DELETE_WITH_DELIVERY"),
            _ => {}
        }
        let fitting: &[&str] = match event {
            "Oprekken" => &["04", "12", "14"],
            "Intrekken" => &["02", "03", "05", "06", "07", "08", "09", "10", "11", "12", "14"],
            "Volume" | "Budget" | "OtherChange" => {
                &["02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "14"]
            }
            "Unchanged" => {
                odd.extend(new.reden.map(|_| "REDEN_SUPERFLUOUS"));
                return odd;
            }
            _ => return odd,
        };
        match new.reden {
            None => odd.push("REDEN_MISSING"),
            Some(reden) if !fitting.contains(&reden) => odd.push("REDEN_UNFITTING"),
            Some(_) => {}
        }
        odd
    }

    /// Handles a message as the tables say.
    pub(crate) fn step(&mut self, message: &Message) -> Outcome {
        match message {
            Message::Assign(new) => self.assign(new),
            Message::Answer { of, approve } => self.answer(*of, *approve),
            Message::Report(classes) => self.report(classes),
        }
    }

    /// Section 4.3.
    fn assign(&mut self, new: &Version) -> Outcome {
        let event = self.event(new);
        let mut outcome =
            Outcome { event: Some(event), warnings: self.odd(event, new), ..Outcome::default() };
        if event == "DifferentProduct" {
            outcome.codes = vec![vec!["9332"]];
            return outcome;
        }
        outcome.codes = vec![Vec::new()];
        let delivery = self.reports.state();
        if event == "Intrekken" && (delivery.starts_with("GESTART") || delivery.starts_with("TIJDELIJK")) {
            // Section 8.3.
            outcome.stops.push(match new.reden {
                Some("02") => Some("02"),
                Some("03" | "05" | "08" | "10" | "11") => Some("36"),
                Some("06") => Some("39"),
                Some("07") => Some("31"),
                Some("09") => Some("38"),
                Some("12") => Some("37"),
                _ => None,
            });
        }
        // T10: what was approved is not kept twice.
        let approved = self.effective().is_some_and(|index| self.sent[index].1 == Some(true));
        if !(event == "Resend" && approved) {
            self.sent.push((*new, None));
        }
        outcome
    }

    /// T4, T5 and section 10.1.
    fn answer(&mut self, of: usize, approve: bool) -> Outcome {
        let mut outcome = Outcome::default();
        if self.sent.get(of).is_none_or(|(_, answer)| answer.is_some()) {
            outcome.warnings.push("RETOUR_UNMATCHED");
            return outcome;
        }
        let before = self.accepted();
        self.sent[of].1 = Some(approve);
        let after = self.accepted();
        if let (Some(after), true) = (after, after != before) {
            let (now, was) = (self.sent[after].0, before.map(|index| self.sent[index].0));
            outcome.facts.extend(match was {
                _ if now.is_void() => Some("E2"),
                None => Some("E1"),
                Some(was) if was.is_void() => Some("E1"),
                Some(was) if was.content() == now.content() => None,
                Some(_) if matches!(now.reden, Some("02" | "07" | "08")) => Some("E2c"),
                Some(_) => Some("E2b"),
            });
        }
        outcome
    }

    /// Sections 5.2 and 6.
    fn report(&mut self, classes: &[Class]) -> Outcome {
        let mut outcome = Outcome::default();
        let before = self.reports.accepted.len();
        let mut next = self.reports.clone();
        outcome.codes = next.message(classes, self.exists());
        if outcome.codes.iter().any(|codes| !codes.is_empty()) {
            return outcome;
        }
        self.reports = next;
        let now = self.effective();
        self.on.extend(self.reports.accepted[before..].iter().map(|_| now));
        // A stop that is taken back and replaced in one message is a changed end.
        let replaced = |class: &Class| {
            class.delete
                && class.stop.is_some()
                && classes.iter().any(|other| !other.delete && other.begin == class.begin)
        };
        for class in self.reports.accepted[before..].iter().filter(|class| !replaced(class)) {
            outcome.facts.push(match (class.delete, class.stop) {
                (false, None) => "E3",
                (true, None) => "E4",
                (false, Some(_)) => "E5",
                (true, Some(_)) => "E6",
            });
        }
        outcome
    }
}
