//! The model of requests (315, 317) and of what the gemeente says to them (301, 319), each rule in its own words.

use std::collections::BTreeSet;

use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::{Omvang, ReferentieAanbieder};
use jiff::civil::Date;

use super::TODAY;
use super::world::{Outcome, World, day};
use crate::support::{self, nr};

/// ReferentieAanbieder.
pub(crate) type Naam = &'static str;

/// A request that was accepted, and what the gemeente sent about it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    pub(crate) naam: Naam,
    pub(crate) replies: Vec<Reply>,
}

/// A 301 or 319 about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reply {
    pub(crate) what: What,
    /// Which 301 or 319; they are numbered apart.
    pub(crate) message: usize,
    pub(crate) answer: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum What {
    Granted,
    Refused,
    Looking,
}

/// The Verzoek of a 317, as far as it is about number 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Number 100 stays as it is.
    pub(crate) unchanged: bool,
    /// Number 200, which nobody assigned, stays as it is.
    pub(crate) stranger: bool,
    pub(crate) changed: Option<Changed>,
    /// What is asked for besides, from this day on.
    pub(crate) new: Option<(&'static str, i32)>,
}

/// Number 100 as it is to be; days as [`day`] counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) from: i32,
    pub(crate) end: Option<i32>,
    pub(crate) volume: Option<u32>,
    pub(crate) budget: Option<u64>,
}

impl Changed {
    fn omvang(&self) -> Option<Omvang> {
        self.volume.map(|volume| Omvang { volume, eenheid: 4, frequentie: 6 })
    }
}

impl Request {
    /// OP286: what was refused counts as never sent.
    fn standing(&self) -> Vec<What> {
        let standing = self.replies.iter().filter(|reply| reply.answer != Some(false));
        standing.map(|reply| reply.what).collect()
    }

    /// TR374: until a 319 that refuses, or a 301 with its reference.
    pub(crate) fn is_pending(&self) -> bool {
        !self.standing().contains(&What::Refused) && !self.standing().contains(&What::Granted)
    }

    fn status(&self) -> &'static str {
        match (self.is_pending(), self.standing().is_empty()) {
            (false, _) => "ANSWERED",
            (true, false) => "UNDER_INVESTIGATION",
            (true, true) => "PENDING",
        }
    }
}

impl World {
    /// The state of the request with this reference, if there is one.
    pub(crate) fn request_status(&self, naam: Naam) -> Option<&'static str> {
        self.request(naam).map(Request::status)
    }

    pub(super) fn request(&self, naam: Naam) -> Option<&Request> {
        self.requests.iter().find(|request| request.naam == naam)
    }

    /// What is the same in a 315 and a 317.
    fn asked(&self, naam: Naam) -> Vec<&'static str> {
        let mut codes = Vec::new();
        // TR347
        if self.request(naam).is_some() {
            codes.push("9347");
        }
        // TR374
        if self.requests.iter().any(Request::is_pending) {
            codes.push("9374");
        }
        codes
    }

    pub(super) fn ask(&mut self, namen: &[Naam]) -> Outcome {
        let codes: Vec<Vec<&'static str>> = namen.iter().map(|naam| self.asked(naam)).collect();
        if codes.iter().all(Vec::is_empty) {
            self.requests.extend(namen.iter().map(|naam| Request { naam, replies: Vec::new() }));
        }
        Outcome { codes, ..Outcome::default() }
    }

    pub(super) fn change(&mut self, naam: Naam, wish: &Wish) -> Outcome {
        let codes = self.change_codes(naam, wish);
        if codes.iter().all(Vec::is_empty) {
            self.requests.push(Request { naam, replies: Vec::new() });
        }
        Outcome { codes, ..Outcome::default() }
    }

    /// Client, Verzoek, and each product.
    fn change_codes(&self, naam: Naam, wish: &Wish) -> Vec<Vec<&'static str>> {
        let products = [wish.unchanged, wish.stranger, wish.changed.is_some(), wish.new.is_some()];
        let products = products.into_iter().filter(|there| *there).count();
        // TR304, and what stands below a client that is not known.
        let known = self.effective().map(|index| self.sent[index].0).filter(|_| self.exists());
        let Some(known) = known else {
            let mut codes = vec![vec!["8187"]];
            codes.resize(2 + products, vec!["0233"]);
            return codes;
        };
        let assigned = known.product();
        let actual = assigned.einddatum.is_none_or(|end| end >= TODAY);
        let mut whole = self.asked(naam);
        // TR349
        if actual && !wish.unchanged && wish.changed.is_none() {
            whole.push("9349");
        }
        // TR361
        if self.overlaps(wish, &assigned) {
            whole.push("9361");
        }
        whole.sort_unstable();
        let mut codes = vec![Vec::new(), whole];
        // TR350
        if wish.unchanged {
            codes.push(if actual { vec![] } else { vec!["9350"] });
        }
        if wish.stranger {
            codes.push(vec!["9350"]);
        }
        if let Some(changed) = &wish.changed {
            codes.push(self.changed_codes(changed, &assigned, actual));
        }
        codes.extend(wish.new.map(|_| Vec::new()));
        codes
    }

    fn changed_codes(
        &self,
        changed: &Changed,
        assigned: &ToegewezenProduct,
        actual: bool,
    ) -> Vec<&'static str> {
        let from = day(changed.from);
        let whole_period = from == assigned.ingangsdatum;
        let mut codes = Vec::new();
        // TR351
        if !actual {
            codes.push("9351");
        }
        // TR357
        if from <= TODAY && !whole_period {
            codes.push("9357");
        }
        // TR373: every size of the model is one for the whole period. One that is left out is not changed.
        let resized = changed.volume.is_some() && changed.omvang() != assigned.omvang;
        if !whole_period && (resized || changed.budget != assigned.budget) {
            codes.push("9373");
        }
        // TR375, TR411, TR412; every end of the model lies after 2020.
        match (self.kind.text(), changed.volume) {
            ("", Some(_)) => codes.push("9375"),
            ("01/01A11", None) => codes.push("9411"),
            ("01", Some(_)) => codes.push("9412"),
            _ => {}
        }
        codes
    }

    /// TR361 with the test of TR302, pair by pair.
    fn overlaps(&self, wish: &Wish, assigned: &ToegewezenProduct) -> bool {
        let kind = self.kind.text();
        let mut set: Vec<(&str, Date, Option<Date>)> = Vec::new();
        if wish.unchanged {
            set.push((kind, assigned.ingangsdatum, assigned.einddatum));
        }
        if let Some(changed) = &wish.changed {
            set.push((kind, day(changed.from), changed.end.map(day)));
        }
        if let Some((new, from)) = wish.new {
            set.push((new, day(from), None));
        }
        let device = |text: &str| matches!(&text[..text.len().min(2)], "11" | "12" | "13" | "14");
        let conflict = |one: &str, other: &str| {
            let (category, code) = one.split_once('/').unwrap_or((one, ""));
            let (category_2, code_2) = other.split_once('/').unwrap_or((other, ""));
            match (one, other) {
                ("", other) => !device(other),
                (one, "") => !device(one),
                _ => {
                    category == category_2
                        && !device(one)
                        && (code.is_empty() || code_2.is_empty() || code == code_2)
                }
            }
        };
        (0..set.len()).any(|index| {
            set[..index].iter().any(|other| {
                let one = set[index];
                let meets = other.2.is_none_or(|end| end >= one.1) && one.2.is_none_or(|end| end >= other.1);
                meets && conflict(one.0, other.0)
            })
        })
    }

    pub(super) fn reply(&mut self, naam: Naam, refuse: bool) -> Outcome {
        let mut codes = Vec::new();
        let was_pending = self.request(naam).is_some_and(Request::is_pending);
        match self.request(naam) {
            // TR355
            None => codes.push("9355"),
            Some(request) => {
                let earlier = request.standing();
                // TR359
                if earlier.contains(&What::Granted) {
                    codes.push("9359");
                }
                // TR360
                if !refuse && (earlier.contains(&What::Looking) || earlier.contains(&What::Refused)) {
                    codes.push("9360");
                }
                // TR365
                if earlier.contains(&What::Refused) {
                    codes.push("9365");
                }
            }
        }
        if codes.is_empty() {
            let what = if refuse { What::Refused } else { What::Looking };
            self.answered(naam, what, self.replied);
            self.replied += 1;
        }
        let answered = (codes.is_empty() && refuse && was_pending).then_some(naam);
        Outcome { codes: vec![codes], answered: answered.into_iter().collect(), ..Outcome::default() }
    }

    /// A 301 or 319 says something about a request.
    pub(super) fn answered(&mut self, naam: Naam, what: What, message: usize) {
        for request in self.requests.iter_mut().filter(|request| request.naam == naam) {
            request.replies.push(Reply { what, message, answer: None });
        }
    }

    /// A retour decides what its message said; false when nothing waits for it.
    pub(super) fn settle(&mut self, granted: bool, message: usize, approve: bool) -> bool {
        let replies = self.requests.iter_mut().flat_map(|request| &mut request.replies);
        let waiting = replies.filter(|reply| {
            reply.answer.is_none() && reply.message == message && (reply.what == What::Granted) == granted
        });
        waiting.map(|reply| reply.answer = Some(approve)).count() > 0
    }

    /// The 301s that a version or a request waits for the retour of.
    pub(crate) fn open_301s(&self) -> BTreeSet<usize> {
        let versions = self.ids.iter().zip(&self.sent).filter(|(_, (_, answer))| answer.is_none());
        versions.map(|(id, _)| *id).chain(self.unanswered(true)).collect()
    }

    /// The 319s that a request waits for the retour of.
    pub(crate) fn open_319s(&self) -> BTreeSet<usize> {
        self.unanswered(false).collect()
    }

    fn unanswered(&self, granted: bool) -> impl Iterator<Item = usize> + '_ {
        let replies = self.requests.iter().flat_map(|request| &request.replies);
        let open =
            replies.filter(move |reply| reply.answer.is_none() && (reply.what == What::Granted) == granted);
        open.map(|reply| reply.message)
    }

    pub(super) fn reply_answer(&mut self, of: usize, approve: bool) -> Outcome {
        let mut outcome = Outcome::default();
        if !self.settle(false, of, approve) {
            outcome.warnings.push("RETOUR_UNMATCHED");
        }
        outcome
    }
}

pub(crate) fn referentie(naam: Naam) -> ReferentieAanbieder {
    ReferentieAanbieder::new(naam).unwrap()
}

/// The 315 with a product for each of these.
pub(super) fn aanvragen(namen: &[Naam]) -> Inhoud {
    let product = |naam: &Naam| AangevraagdProduct {
        referentie: referentie(naam),
        product: support::product("01/01A11"),
        ingangsdatum: day(400),
    };
    Inhoud::Aanvragen(namen.iter().map(product).collect())
}

/// The 317.
pub(super) fn wijzigen(naam: Naam, wish: &Wish) -> Inhoud {
    let unchanged = wish.unchanged.then(|| nr(100)).into_iter().chain(wish.stranger.then(|| nr(200)));
    let changed = wish.changed.map(|changed| TeWijzigenProduct {
        nummer: nr(100),
        gewenste_ingangsdatum: day(changed.from),
        einddatum: changed.end.map(day),
        omvang: changed.omvang(),
        budget: changed.budget,
    });
    let new = wish.new.map(|(text, from)| NieuwProduct {
        product: support::product(text),
        gewenste_ingangsdatum: day(from),
        einddatum: None,
    });
    Inhoud::Wijzigen(Wijzigingsverzoek {
        referentie: referentie(naam),
        ongewijzigd: unchanged.collect(),
        te_wijzigen: changed.into_iter().collect(),
        nieuw: new.into_iter().collect(),
    })
}
