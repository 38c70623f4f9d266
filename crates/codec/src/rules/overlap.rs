//! Support that must not overlap (TR302, TR386, TR410).
//!
//! Who conflicts is decided by groups, each kept as an agenda that answers "does any other period of this group
//! overlap this one?" by binary search, so that the cost is n log n and not the square.

use std::collections::HashMap;

use super::Findings;
use super::view::{Class, Inzet, inzet};
use crate::messages::Message;
use crate::messages::iwmo_3_2::basisschema::{ProductCategorie, RedenWijziging};
use crate::value::Datum;

/// TR302: within a 301, support that is not void does not overlap with support of the same kind.
pub(super) fn tr302(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo301(bericht) = message else { return };
    let mut items = inzet(message);
    let mut products = bericht.client.toegewezen_producten.iter();
    items.retain(|_| {
        products.next().is_some_and(|product| {
            let removed = matches!(product.reden_wijziging, Some(RedenWijziging::C13 | RedenWijziging::C01));
            !(removed && product.einddatum == Some(product.ingangsdatum))
        })
    });
    conflicts(&items, findings);
}

/// TR386: as TR302 in a 315.
pub(super) fn tr386(message: &Message, findings: &mut Findings<'_>) {
    if let Message::Wmo315(_) = message {
        conflicts(&inzet(message), findings);
    }
}

/// TR410: as TR302 for the new products of a 317.
pub(super) fn tr410(message: &Message, findings: &mut Findings<'_>) {
    let mut items = inzet(message);
    items.retain(|item| item.class == Class::Nieuw);
    conflicts(&items, findings);
}

/// Devices may be there more than once.
fn is_device(categorie: ProductCategorie) -> bool {
    use ProductCategorie::{C11, C12, C13, C14};
    matches!(categorie, C11 | C12 | C13 | C14)
}

/// Adds every item that conflicts with another: generic support (no Product) with all but devices; in a category
/// other than devices, support without Code with all of it, support with Code with the same Code.
fn conflicts(items: &[Inzet<'_>], findings: &mut Findings<'_>) {
    let mut all = Group::default();
    let mut generic = Group::default();
    let mut categories: HashMap<ProductCategorie, Group> = HashMap::new();
    let mut aspecific: HashMap<ProductCategorie, Group> = HashMap::new();
    let mut codes: HashMap<(ProductCategorie, &str), Group> = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        let period = Period { index, begin: item.begin, eind: Eind::of(item.eind) };
        match item.product {
            None => generic.push(period),
            Some(product) if is_device(product.categorie) => continue,
            Some(product) => {
                categories.entry(product.categorie).or_default().push(period);
                match &product.code {
                    None => aspecific.entry(product.categorie).or_default().push(period),
                    Some(code) => codes.entry((product.categorie, code.as_str())).or_default().push(period),
                }
            }
        }
        all.push(period);
    }
    let groups = std::iter::once(&mut all).chain([&mut generic]).chain(categories.values_mut());
    groups.chain(aspecific.values_mut()).chain(codes.values_mut()).for_each(Group::close);

    for (index, item) in items.iter().enumerate() {
        let period = Period { index, begin: item.begin, eind: Eind::of(item.eind) };
        let conflict = match item.product {
            None => all.overlaps(period),
            Some(product) if is_device(product.categorie) => false,
            Some(product) => {
                let of_category = |groups: &HashMap<_, Group>| {
                    groups.get(&product.categorie).is_some_and(|group| group.overlaps(period))
                };
                generic.overlaps(period)
                    || match &product.code {
                        None => of_category(&categories),
                        Some(code) => {
                            let same = codes.get(&(product.categorie, code.as_str()));
                            of_category(&aspecific) || same.is_some_and(|group| group.overlaps(period))
                        }
                    }
            }
        };
        findings.require(!conflict, item.place);
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
