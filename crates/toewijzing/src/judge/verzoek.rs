//! Guards of requests (315, 317) and answers (319). Codes come per class, in the order of the retour.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

use super::{Context, Found, Regel};
use crate::dossier::{Dossier, ReactieSoort};
use crate::event::{
    AangevraagdProduct, Antwoord, Event, TeWijzigenProduct, ToegewezenProduct, VerzoekAntwoord,
    Wijzigingsverzoek,
};
use crate::identity::{
    Categorie, Omvang, Product, ProductCode, ReferentieAanbieder, Retourcode, ToewijzingNummer,
};

/// Until this day generic and aspecific toewijzingen could have a size (TR375, TR412).
const OMVANG_TOT: Date = date(2020, 12, 31);

/// Judges the products of a 315.
pub(super) fn aanvragen(
    dossier: &Dossier,
    products: &[AangevraagdProduct],
    context: &Context<'_>,
    found: &mut Found,
) -> Vec<Vec<Retourcode>> {
    let pending = dossier.open_verzoeken().next().is_some();
    let codes = products.iter().enumerate().map(|(index, product)| {
        let mut rules = Vec::new();
        found.hold(&mut rules, Regel::TR347, is_used(dossier, &product.referentie, context));
        // TR374: of the message as a whole; its place is every AangevraagdProduct (header-and-identification 4.3).
        found.hold(&mut rules, Regel::TR374, pending);
        agreed(product.product.as_ref(), context, &mut rules, found);
        found.codes(Some(index), rules, context.beleid.alleen_eerste_code)
    });
    codes.collect()
}

/// Judges a 317: Client, Verzoek, then the unchanged, the changed and the new products.
pub(super) fn wijzigen(
    dossier: &Dossier,
    event: &Event,
    verzoek: &Wijzigingsverzoek,
    context: &Context<'_>,
    found: &mut Found,
) -> Vec<Vec<Retourcode>> {
    let first_only = context.beleid.alleen_eerste_code;
    let products = verzoek.ongewijzigd.len() + verzoek.te_wijzigen.len() + verzoek.nieuw.len();
    // TR304: a client of this aanbieder, and nobody else's toewijzingen.
    let known = dossier.nummers().any(|nummer| dossier.bestaand(nummer).is_some());
    let mut named =
        verzoek.ongewijzigd.iter().chain(verzoek.te_wijzigen.iter().map(|product| &product.nummer));
    let mut rules = Vec::new();
    let strange = !known || named.any(|nummer| context.nummers_andere_client.contains(nummer));
    found.hold(&mut rules, Regel::TR304, strange);
    if strange {
        let mut codes = vec![found.codes(Some(0), rules, first_only)];
        // What stands below a wrong client is not judged (header-and-identification 4.2).
        codes.resize(2 + products, vec![Retourcode::NIET_BEOORDEELD]);
        return codes;
    }
    let rules = whole(dossier, verzoek, context, found);
    let mut codes = vec![Vec::new(), found.codes(Some(1), rules, first_only)];
    let mut add = |rules, found: &mut Found| {
        let class = codes.len();
        codes.push(found.codes(Some(class), rules, first_only));
    };
    for nummer in &verzoek.ongewijzigd {
        let mut rules = Vec::new();
        // TR350
        found.hold(&mut rules, Regel::TR350, !dossier.is_actueel(*nummer, context.vandaag));
        add(rules, found);
    }
    for product in &verzoek.te_wijzigen {
        let rules = changed(dossier, event, product, context, found);
        add(rules, found);
    }
    for product in &verzoek.nieuw {
        let mut rules = Vec::new();
        agreed(product.product.as_ref(), context, &mut rules, found);
        add(rules, found);
    }
    codes
}

/// Judges a 319.
pub(super) fn beantwoorden(
    dossier: &Dossier,
    antwoord: &Antwoord,
    context: &Context<'_>,
    found: &mut Found,
) -> Vec<Vec<Retourcode>> {
    let mut rules = Vec::new();
    if let Some(verzoek) = dossier.verzoek(&antwoord.referentie) {
        let mut earlier = verzoek.geldige_reacties();
        // TR359: a request that was granted needs no other answer.
        let granted = earlier.any(|soort| soort == ReactieSoort::Toegewezen);
        found.hold(&mut rules, Regel::TR359, granted);
        let mut answers =
            verzoek.geldige_reacties().filter(|soort| *soort != ReactieSoort::Toegewezen).peekable();
        // TR360: only the first answer may say that it is looked into.
        let second = antwoord.antwoord == VerzoekAntwoord::InOnderzoek && answers.peek().is_some();
        found.hold(&mut rules, Regel::TR360, second);
        // TR365: after a refusal nothing follows.
        let refused = answers.any(|soort| soort == ReactieSoort::Afgewezen);
        found.hold(&mut rules, Regel::TR365, refused);
    }
    // TR355
    let unknown = dossier.verzoek(&antwoord.referentie).is_none()
        && !context.open_verzoeken.contains(&antwoord.referentie);
    found.hold(&mut rules, Regel::TR355, unknown);
    vec![found.codes(Some(0), rules, context.beleid.alleen_eerste_code)]
}

/// TR347: over all gemeenten and clients of the aanbieder, as far as we know them (OP095).
fn is_used(dossier: &Dossier, referentie: &ReferentieAanbieder, context: &Context<'_>) -> bool {
    dossier.verzoek(referentie).is_some() || context.referenties_gebruikt.contains(referentie)
}

/// TR381. Without a list nothing is checked.
fn agreed(product: Option<&Product>, context: &Context<'_>, rules: &mut Vec<Regel>, found: &mut Found) {
    if let (Some(list), Some(product)) = (context.producten, product) {
        found.hold(rules, Regel::TR381, !list.allows(product));
    }
}

/// The rules on the Verzoek of a 317 as a whole.
fn whole(
    dossier: &Dossier,
    verzoek: &Wijzigingsverzoek,
    context: &Context<'_>,
    found: &mut Found,
) -> Vec<Regel> {
    let mut rules = Vec::new();
    found.hold(&mut rules, Regel::TR347, is_used(dossier, &verzoek.referentie, context));
    // TR349, OP308: every actual toewijzing is named, as unchanged or to be changed.
    let named = |nummer: ToewijzingNummer| {
        verzoek.ongewijzigd.contains(&nummer)
            || verzoek.te_wijzigen.iter().any(|product| product.nummer == nummer)
    };
    let mut actual = dossier.nummers().filter(|nummer| dossier.is_actueel(*nummer, context.vandaag));
    found.hold(&mut rules, Regel::TR349, actual.any(|nummer| !named(nummer)));
    // TR361
    found.hold(&mut rules, Regel::TR361, overlaps(wanted(dossier, verzoek)));
    // TR374
    found.hold(&mut rules, Regel::TR374, dossier.open_verzoeken().next().is_some());
    rules
}

/// The rules on a TeWijzigenProduct. All but TR351 compare it with the toewijzing it names.
fn changed(
    dossier: &Dossier,
    event: &Event,
    wanted: &TeWijzigenProduct,
    context: &Context<'_>,
    found: &mut Found,
) -> Vec<Regel> {
    let mut rules = Vec::new();
    // TR351
    found.hold(&mut rules, Regel::TR351, !dossier.is_actueel(wanted.nummer, context.vandaag));
    let Some(known) = dossier.bestaand(wanted.nummer).map(|version| &version.inhoud) else { return rules };
    let from_the_start = wanted.gewenste_ingangsdatum == known.ingangsdatum;
    // TR357
    let retroactive = wanted.gewenste_ingangsdatum <= event.bericht.dagtekening;
    found.hold(&mut rules, Regel::TR357, retroactive && !from_the_start);
    // TR373: what counts over the whole period changes over the whole period.
    let total = known.omvang.filter(|omvang| omvang.frequentie == Omvang::TOTAAL_BINNEN_GELDIGHEIDSDUUR);
    let resized = total.is_some_and(|total| wanted.omvang.is_some_and(|omvang| omvang != total));
    found.hold(&mut rules, Regel::TR373, (resized || wanted.budget != known.budget) && !from_the_start);
    let recent = known.einddatum.is_none_or(|end| end > OMVANG_TOT);
    match &known.product {
        // TR375
        None => found.hold(&mut rules, Regel::TR375, recent && wanted.omvang.is_some()),
        // TR411
        Some(Product { code: Some(_), .. }) => {
            found.hold(&mut rules, Regel::TR411, wanted.omvang.is_none());
        }
        // TR412
        Some(Product { code: None, .. }) => {
            found.hold(&mut rules, Regel::TR412, recent && wanted.omvang.is_some());
        }
    }
    rules
}

/// A period of support of one kind, as a 317 would have it.
struct Wanted<'a> {
    product: Option<&'a Product>,
    begin: Date,
    eind: Option<Date>,
}

/// The set of TR361: a changed product takes the place of its own toewijzing, so it is there once.
fn wanted<'a>(dossier: &'a Dossier, verzoek: &'a Wijzigingsverzoek) -> Vec<Wanted<'a>> {
    let known = |nummer| dossier.bestaand(nummer).map(|version| &version.inhoud);
    let unchanged =
        verzoek.ongewijzigd.iter().filter_map(|nummer| known(*nummer)).map(|known: &ToegewezenProduct| {
            Wanted { product: known.product.as_ref(), begin: known.ingangsdatum, eind: known.einddatum }
        });
    let changed = verzoek.te_wijzigen.iter().filter_map(|product| {
        let known = known(product.nummer)?;
        Some(Wanted {
            product: known.product.as_ref(),
            begin: product.gewenste_ingangsdatum,
            eind: product.einddatum,
        })
    });
    let new = verzoek.nieuw.iter().map(|product| Wanted {
        product: product.product.as_ref(),
        begin: product.gewenste_ingangsdatum,
        eind: product.einddatum,
    });
    unchanged.chain(changed).chain(new).collect()
}

/// True when two overlapping periods are of one kind, as TR302 tells kinds apart: generic support is of every kind
/// but devices, support without Code is of every kind in its category, devices are of no kind.
///
/// One sweep by begin: each period is held against the latest end so far of the kinds it conflicts with.
fn overlaps(mut periods: Vec<Wanted<'_>>) -> bool {
    periods.sort_by_key(|period| period.begin);
    let (mut all, mut generic) = (Latest::default(), Latest::default());
    let mut categories: BTreeMap<Categorie, (Latest, Latest)> = BTreeMap::new();
    let mut codes: BTreeMap<(Categorie, &ProductCode), Latest> = BTreeMap::new();
    for period in &periods {
        let conflict = match period.product {
            None => {
                let conflict = all.reaches(period);
                generic.add(period);
                conflict
            }
            Some(product) if product.is_hulpmiddel() => continue,
            Some(product) => {
                let (any, aspecific) = categories.entry(product.categorie).or_default();
                let conflict = generic.reaches(period) || aspecific.reaches(period);
                let conflict = match &product.code {
                    None => {
                        let conflict = conflict || any.reaches(period);
                        aspecific.add(period);
                        conflict
                    }
                    Some(code) => {
                        let same = codes.entry((product.categorie, code)).or_default();
                        let conflict = conflict || same.reaches(period);
                        same.add(period);
                        conflict
                    }
                };
                any.add(period);
                conflict
            }
        };
        if conflict {
            return true;
        }
        all.add(period);
    }
    false
}

/// The latest end among periods.
#[derive(Default)]
struct Latest(Option<Date>);

impl Latest {
    fn add(&mut self, period: &Wanted<'_>) {
        self.0 = self.0.max(Some(period.eind.unwrap_or(Date::MAX)));
    }

    fn reaches(&self, period: &Wanted<'_>) -> bool {
        self.0.is_some_and(|end| end >= period.begin)
    }
}
