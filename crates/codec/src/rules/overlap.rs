//! Support that must not overlap (TR302, TR386, TR410).
//!
//! Who conflicts is decided by groups, each of which answers "does any other period of this group
//! overlap this one?" by binary search, so that the cost is n log n and not the square.

use std::collections::HashMap;

use super::view::{Class, Inzet, inzet};
use super::{Findings, Place};
use crate::messages::Message;
use crate::messages::iwmo_3_2::basisschema::{ProductCategorie, RedenWijziging};
use crate::value::Datum;

/// TR302: within a 301, support that is not void does not overlap with support of the same kind.
pub(super) fn tr302(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo301(bericht) = message else { return };
    let mut products = bericht.client.toegewezen_producten.iter();
    let mut agenda = Agenda::default();
    inzet(message, |item| {
        let counts = products.next().is_some_and(|product| {
            let removed = matches!(product.reden_wijziging, Some(RedenWijziging::C13 | RedenWijziging::C01));
            !(removed && product.einddatum == Some(product.ingangsdatum))
        });
        if counts {
            agenda.add(&item);
        }
    });
    agenda.conflicts(findings);
}

/// TR386: as TR302 in a 315.
pub(super) fn tr386(message: &Message, findings: &mut Findings<'_>) {
    if let Message::Wmo315(_) = message {
        let mut agenda = Agenda::default();
        inzet(message, |item| agenda.add(&item));
        agenda.conflicts(findings);
    }
}

/// TR410: as TR302 for the new products of a 317.
pub(super) fn tr410(message: &Message, findings: &mut Findings<'_>) {
    let mut agenda = Agenda::default();
    inzet(message, |item| {
        if item.class == Class::Nieuw {
            agenda.add(&item);
        }
    });
    agenda.conflicts(findings);
}

/// Devices may be there more than once.
fn is_device(categorie: ProductCategorie) -> bool {
    use ProductCategorie::{C11, C12, C13, C14};
    matches!(categorie, C11 | C12 | C13 | C14)
}

/// The support of a message in groups, so that each is compared with those it can conflict with and no others:
/// generic support (no Product) conflicts with all but devices; in a category other than devices, support without
/// Code with all of it, support with Code with the same Code.
#[derive(Default)]
struct Agenda<'m> {
    items: Vec<Item>,
    all: Group,
    generic: Group,
    /// By category: all of it, and what has no Code.
    categories: Vec<(ProductCategorie, Group, Group)>,
    codes: Vec<Group>,
    /// Which of `codes` a code is.
    code_numbers: HashMap<(ProductCategorie, &'m str), usize>,
    /// The code before, and which it is: a message tends to name one code over and over.
    latest_code: Option<((ProductCategorie, &'m str), usize)>,
}

/// Support with the groups that it is in.
struct Item {
    place: Place,
    period: Period,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Generic,
    /// Its place among the categories.
    Aspecific(usize),
    /// Its place among the categories, and among the codes.
    Specific(usize, usize),
}

impl<'m> Agenda<'m> {
    fn add(&mut self, item: &Inzet<'m>) {
        let period = Period { index: self.items.len(), begin: item.begin, eind: Eind::of(item.eind) };
        let kind = match item.product {
            Some(product) if is_device(product.categorie) => return,
            None => {
                self.generic.push(period);
                Kind::Generic
            }
            Some(product) => {
                let category = self.category(product.categorie);
                let (_, all, aspecific) = &mut self.categories[category];
                all.push(period);
                match &product.code {
                    None => {
                        aspecific.push(period);
                        Kind::Aspecific(category)
                    }
                    Some(code) => {
                        let code = self.code((product.categorie, code.as_str()));
                        self.codes[code].push(period);
                        Kind::Specific(category, code)
                    }
                }
            }
        };
        self.all.push(period);
        self.items.push(Item { place: item.place, period, kind });
    }

    fn category(&mut self, categorie: ProductCategorie) -> usize {
        let known = self.categories.iter().position(|(known, ..)| *known == categorie);
        known.unwrap_or_else(|| {
            self.categories.push((categorie, Group::default(), Group::default()));
            self.categories.len() - 1
        })
    }

    fn code(&mut self, code: (ProductCategorie, &'m str)) -> usize {
        if let Some((latest, number)) = self.latest_code
            && latest == code
        {
            return number;
        }
        let next = self.codes.len();
        let number = *self.code_numbers.entry(code).or_insert(next);
        if number == next {
            self.codes.push(Group::default());
        }
        self.latest_code = Some((code, number));
        number
    }

    /// Adds every item that conflicts with another.
    fn conflicts(mut self, findings: &mut Findings<'_>) {
        if self.items.len() < 2 {
            return;
        }
        self.all.close();
        self.generic.close();
        for (_, all, aspecific) in &mut self.categories {
            all.close();
            aspecific.close();
        }
        self.codes.iter_mut().for_each(Group::close);
        for Item { place, period, kind } in &self.items {
            let conflict = match *kind {
                Kind::Generic => self.all.overlaps(*period),
                Kind::Aspecific(category) => {
                    self.generic.overlaps(*period) || self.categories[category].1.overlaps(*period)
                }
                Kind::Specific(category, code) => {
                    self.generic.overlaps(*period)
                        || self.categories[category].2.overlaps(*period)
                        || self.codes[code].overlaps(*period)
                }
            };
            findings.require(!conflict, *place);
        }
    }
}

/// The end of a period; open is after every date.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Eind {
    On(Datum),
    Open,
}

impl Eind {
    fn of(datum: Option<Datum>) -> Self {
        datum.map_or(Self::Open, Self::On)
    }
}

#[derive(Clone, Copy)]
struct Period {
    index: usize,
    begin: Datum,
    eind: Eind,
}

/// Periods by begin, and for each the two latest ends so far with whose they are.
#[derive(Default)]
struct Group {
    periods: Vec<Period>,
    latest: Vec<[Option<(Eind, usize)>; 2]>,
}

impl Group {
    fn push(&mut self, period: Period) {
        self.periods.push(period);
    }

    fn close(&mut self) {
        self.periods.sort_unstable_by_key(|period| period.begin);
        let mut two: [Option<(Eind, usize)>; 2] = [None, None];
        for period in &self.periods {
            let end = Some((period.eind, period.index));
            if end > two[0] {
                two = [end, two[0]];
            } else if end > two[1] {
                two[1] = end;
            }
            self.latest.push(two);
        }
    }

    /// Returns whether another period of the group has a day in common with this one.
    fn overlaps(&self, period: Period) -> bool {
        let begun = self.periods.partition_point(|other| Eind::On(other.begin) <= period.eind);
        let Some(latest) = begun.checked_sub(1).and_then(|last| self.latest.get(last)) else { return false };
        let others = latest.iter().flatten().filter(|(_, index)| *index != period.index);
        others.map(|(eind, _)| *eind).max().is_some_and(|eind| eind >= Eind::On(period.begin))
    }
}

#[cfg(test)]
mod tests {
    use super::{Eind, Group, Period};
    use crate::value::Datum;

    /// Every three periods over five days, also reversed ones, against the definition with two loops.
    #[test]
    fn overlap_is_as_defined() {
        let day = |day: u8| Datum::new(2024, 1, day).unwrap();
        let mut choices = Vec::new();
        for begin in 1..=5 {
            for eind in 1..=5 {
                choices.push((day(begin), Eind::On(day(eind))));
            }
            choices.push((day(begin), Eind::Open));
        }
        let overlap = |a: Period, b: Period| Eind::On(a.begin) <= b.eind && Eind::On(b.begin) <= a.eind;
        for first in 0..choices.len() {
            for second in first..choices.len() {
                for third in second..choices.len() {
                    let mut group = Group::default();
                    for (index, choice) in [first, second, third].into_iter().enumerate() {
                        let (begin, eind) = choices[choice];
                        group.push(Period { index, begin, eind });
                    }
                    let periods = group.periods.clone();
                    group.close();
                    for one in &periods {
                        let expected =
                            periods.iter().any(|two| one.index != two.index && overlap(*one, *two));
                        assert_eq!(group.overlaps(*one), expected, "{first} {second} {third} {}", one.index);
                    }
                }
            }
        }
    }
}
