//! Rules on granted and requested support (301, 315, 317): which of Product, Omvang, Budget and end date go together.

use super::Findings;
use super::view::{Class, Inzet, inzet};
use crate::messages::Message;
use crate::messages::iwmo_3_2::basisschema::{Eenheid, Frequentie, RedenWijziging};

/// Support that ends on this day or before follows older rules (year, month, day).
const OLD_RULES_END: (i32, u8, u8) = (2020, 12, 31);

fn is_under_new_rules(item: &Inzet<'_>) -> bool {
    item.eind.is_none_or(|eind| (eind.year(), eind.month(), eind.day()) > OLD_RULES_END)
}

fn each(message: &Message, classes: &[Class], mut judge: impl FnMut(Inzet<'_>)) {
    inzet(message, |item| {
        if classes.contains(&item.class) {
            judge(item);
        }
    });
}

/// Classes with a Product.
const WITH_PRODUCT: &[Class] = &[Class::Toegewezen, Class::Aangevraagd, Class::Nieuw];
const ALL: &[Class] = &[Class::Toegewezen, Class::Aangevraagd, Class::TeWijzigen, Class::Nieuw];

/// CD041: a specific product has an Omvang.
pub(super) fn cd041(message: &Message, findings: &mut Findings<'_>) {
    each(message, WITH_PRODUCT, |item| {
        findings.require(!item.is_specific() || item.omvang.is_some(), item.place.below("Omvang"));
    });
}

/// CD075: with a Budget there is an end date.
pub(super) fn cd075(message: &Message, findings: &mut Findings<'_>) {
    each(message, ALL, |item| {
        let holds = item.budget.is_none() || item.eind.is_some();
        findings.require(holds, item.place.below(item.eind_element()));
    });
}

/// CD076: an Omvang per week (Frequentie 2) has an end date.
pub(super) fn cd076(message: &Message, findings: &mut Findings<'_>) {
    each(message, ALL, |item| {
        let weekly = item.omvang.is_some_and(|omvang| omvang.frequentie == Frequentie::C2);
        findings.require(!weekly || item.eind.is_some(), item.place.below(item.eind_element()));
    });
}

/// CD077: with a Budget there is no Omvang.
pub(super) fn cd077(message: &Message, findings: &mut Findings<'_>) {
    each(message, ALL, |item| {
        findings.require(item.budget.is_none() || item.omvang.is_none(), item.place.below("Omvang"));
    });
}

/// CD078: with an Omvang there is no Budget.
pub(super) fn cd078(message: &Message, findings: &mut Findings<'_>) {
    each(message, ALL, |item| {
        findings.require(item.omvang.is_none() || item.budget.is_none(), item.place.below("Budget"));
    });
}

/// CD079: without a Budget there is a Product.
pub(super) fn cd079(message: &Message, findings: &mut Findings<'_>) {
    each(message, WITH_PRODUCT, |item| {
        findings.require(item.budget.is_some() || item.product.is_some(), item.place.below("Product"));
    });
}

fn no_omvang_without_code(message: &Message, class: Class, findings: &mut Findings<'_>) {
    each(message, &[class], |item| {
        let barred = !item.is_specific() && is_under_new_rules(&item);
        findings.require(!barred || item.omvang.is_none(), item.place.below("Omvang"));
    });
}

/// CD080: in a 301 only a specific product has an Omvang, since 2021.
pub(super) fn cd080(message: &Message, findings: &mut Findings<'_>) {
    no_omvang_without_code(message, Class::Toegewezen, findings);
}

/// CD095: as CD080 in a 315.
pub(super) fn cd095(message: &Message, findings: &mut Findings<'_>) {
    no_omvang_without_code(message, Class::Aangevraagd, findings);
}

/// CD096: as CD080 for a new product in a 317.
pub(super) fn cd096(message: &Message, findings: &mut Findings<'_>) {
    no_omvang_without_code(message, Class::Nieuw, findings);
}

fn frequentie_fits(message: &Message, classes: &[Class], findings: &mut Findings<'_>) {
    each(message, classes, |item| {
        let Some(omvang) = item.omvang.filter(|_| is_under_new_rules(&item)) else { return };
        let bound = matches!(omvang.eenheid, Eenheid::C14 | Eenheid::C16 | Eenheid::C83 | Eenheid::C84);
        let allowed = matches!(omvang.frequentie, Frequentie::C2 | Frequentie::C4 | Frequentie::C6);
        findings.require(!bound || allowed, item.place.below("Omvang"));
    });
}

/// CS338: etmalen, dagdelen, euros and pieces of effort are not granted per day, since 2021 (301, 317).
pub(super) fn cs338(message: &Message, findings: &mut Findings<'_>) {
    frequentie_fits(message, &[Class::Toegewezen, Class::TeWijzigen, Class::Nieuw], findings);
}

/// CS343: as CS338 in a 315.
pub(super) fn cs343(message: &Message, findings: &mut Findings<'_>) {
    frequentie_fits(message, &[Class::Aangevraagd], findings);
}

/// CS335: a deleted toewijzing (RedenWijziging 13) ends on the day it began.
pub(super) fn cs335(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo301(bericht) = message else { return };
    for (index, product) in bericht.client.toegewezen_producten.iter().enumerate() {
        let deleted = product.reden_wijziging == Some(RedenWijziging::C13);
        let void = product.einddatum == Some(product.ingangsdatum);
        findings.require(!deleted || void, super::view::TOEGEWEZEN.item(index).below("RedenWijziging"));
    }
}

/// CS336: RedenWijziging 01 is out of use.
pub(super) fn cs336(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo301(bericht) = message else { return };
    for (index, product) in bericht.client.toegewezen_producten.iter().enumerate() {
        let old = product.reden_wijziging == Some(RedenWijziging::C01);
        findings.require(!old, super::view::TOEGEWEZEN.item(index).below("RedenWijziging"));
    }
}
