//! The model of number 100 as a whole: what the gemeente sent, what came back, and what it makes of a message.

use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::{Identificatie, Omvang, RedenWijziging, Retourcode};
use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::requests::{self, Naam, Request, What, Wish};
use super::{Class, Model};
use crate::support;

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
    /// ReferentieAanbieder of the request that it grants.
    pub(crate) grants: Option<Naam>,
}

/// What is assigned: with a Code, a Categorie alone, or generic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    #[default]
    Code,
    Categorie,
    Generic,
}

impl Kind {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Code => "01/01A11",
            Self::Categorie => "01",
            Self::Generic => "",
        }
    }
}

/// A day, counted from 1 January 2023.
pub(crate) fn day(days: i32) -> Date {
    date(2023, 1, 1).checked_add(days.days()).unwrap()
}

/// The two Ingangsdatums: the second makes it another toewijzing.
pub(crate) const INGANG: [Date; 2] = [date(2023, 1, 1), date(2023, 2, 1)];

/// What every history begins from.
pub(crate) const BASE: Version = Version {
    day: 100,
    begin: 0,
    end: Some(300),
    volume: 80,
    eenheid: 4,
    budget: None,
    reden: None,
    grants: None,
};

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
        let end = self.end.map(day);
        ToegewezenProduct {
            referentie_aanbieder: self.grants.map(requests::referentie),
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
    /// A 315, with a product for each of these.
    Ask(Vec<Naam>),
    /// A 317.
    Change(Naam, Wish),
    /// A 319.
    Reply {
        naam: Naam,
        refuse: bool,
    },
    /// The 320 on one of the 319s, by its place.
    ReplyAnswer {
        of: usize,
        approve: bool,
    },
}

impl Message {
    /// The message as the machine gets it; a retour repeats the name that `number` gives to the place of its message.
    pub(crate) fn inhoud(&self, kind: Kind, number: impl Fn(usize) -> Identificatie) -> Inhoud {
        let retour = |of: usize, approve: bool| ToewijzingRetour {
            op: number(of),
            codes: if approve { vec![] } else { vec![Retourcode::new("S329").unwrap()] },
            met_klassen: !approve,
        };
        match self {
            Self::Assign(version) => {
                let product = support::product(kind.text());
                Inhoud::Toewijzen(vec![ToegewezenProduct { product, ..version.product() }])
            }
            Self::Answer { of, approve } => Inhoud::ToewijzingRetour(retour(*of, *approve)),
            Self::Report(classes) => super::inhoud(classes),
            Self::Ask(namen) => requests::aanvragen(namen),
            Self::Change(naam, wish) => requests::wijzigen(naam, wish),
            Self::Reply { naam, refuse } => Inhoud::Beantwoorden(Antwoord {
                referentie: requests::referentie(naam),
                antwoord: if *refuse { VerzoekAntwoord::Afgewezen } else { VerzoekAntwoord::InOnderzoek },
            }),
            Self::ReplyAnswer { of, approve } => Inhoud::AntwoordRetour(retour(*of, *approve)),
        }
    }

    /// How many classes of it may get codes.
    pub(crate) fn classes(&self) -> usize {
        match self {
            Self::Assign(_) | Self::Reply { .. } => 1,
            Self::Answer { .. } | Self::ReplyAnswer { .. } => 0,
            Self::Report(classes) => classes.len(),
            Self::Ask(namen) => namen.len(),
            Self::Change(_, wish) => {
                let products = [wish.unchanged, wish.stranger, wish.changed.is_some(), wish.new.is_some()];
                2 + products.into_iter().filter(|there| *there).count()
            }
        }
    }
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
    /// The requests that it answers for good.
    pub(crate) answered: Vec<Naam>,
}

/// Everything that was sent about number 100.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    /// The 301s that were sent, and the answer to each.
    pub(crate) sent: Vec<(Version, Option<bool>)>,
    /// Of each of them: which 301 it was.
    pub(crate) ids: Vec<usize>,
    /// How many 301s there were, those included that say again what was approved.
    pub(crate) posted: usize,
    pub(crate) reports: Model,
    /// Of each accepted class: which 301 was effective then.
    pub(crate) on: Vec<Option<usize>>,
    pub(crate) kind: Kind,
    pub(crate) requests: Vec<Request>,
    /// How many 319s there were.
    pub(crate) replied: usize,
}

/// What tells two worlds apart for all that follows.
pub(crate) type Place = (Vec<(Version, Option<bool>)>, Vec<usize>, Vec<(Class, Option<usize>)>, Vec<Request>);

impl World {
    pub(crate) fn place(&self) -> Place {
        (self.sent.clone(), self.ids.clone(), self.live(), self.requests.clone())
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
        let newest = standing().map(|(version, _)| version.day).max();
        let contradicts = standing().any(|(one, _)| {
            Some(one.day) == newest
                && standing().any(|(other, _)| one.day == other.day && one.content() != other.content())
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
            Message::Ask(namen) => self.ask(namen),
            Message::Change(naam, wish) => self.change(naam, wish),
            Message::Reply { naam, refuse } => self.reply(naam, *refuse),
            Message::ReplyAnswer { of, approve } => self.reply_answer(*of, *approve),
        }
    }

    /// Section 4.3.
    fn assign(&mut self, new: &Version) -> Outcome {
        let event = self.event(new);
        let mut outcome =
            Outcome { event: Some(event), warnings: self.odd(event, new), ..Outcome::default() };
        let mut codes = Vec::new();
        if event == "DifferentProduct" {
            codes.push("9332");
        }
        // TR379, T15: a reference is known and not answered; the same version again has the one it had.
        let again = event == "Resend"
            && self.effective().is_some_and(|index| self.sent[index].0.grants == new.grants);
        let pending = |naam| self.request(naam).is_some_and(Request::is_pending);
        let open = new.grants.filter(|naam| pending(naam));
        if new.grants.is_some() && open.is_none() && !again {
            codes.push("9379");
        }
        let refused = !codes.is_empty();
        outcome.codes = vec![codes];
        if refused {
            return outcome;
        }
        // T1
        outcome.answered.extend(open);
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
            self.ids.push(self.posted);
        }
        if let Some(naam) = new.grants {
            self.answered(naam, What::Granted, self.posted);
        }
        self.posted += 1;
        outcome
    }

    /// T4, T5 and section 10.1.
    fn answer(&mut self, of: usize, approve: bool) -> Outcome {
        let mut outcome = Outcome::default();
        let settled = self.settle(true, of, approve);
        let waits = |index: &usize| self.ids[*index] == of && self.sent[*index].1.is_none();
        let Some(of) = (0..self.sent.len()).find(waits) else {
            outcome.warnings.extend((!settled).then_some("RETOUR_UNMATCHED"));
            return outcome;
        };
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
