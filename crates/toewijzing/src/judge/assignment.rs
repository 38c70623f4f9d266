//! Guards of a 301 (section 4.3 of the lifecycle).

use std::collections::BTreeSet;

use super::{Context, Found, Regel};
use crate::dossier::{Dossier, Mutatie};
use crate::event::{Event, Inhoud, ToegewezenProduct};
use crate::identity::{RedenWijziging, ReferentieAanbieder, Retourcode};

/// Judges the products of a 301. Returns the codes per class in document order.
pub(super) fn guards(
    dossier: &Dossier,
    event: &Event,
    products: &[ToegewezenProduct],
    context: &Context<'_>,
    found: &mut Found,
) -> Vec<Vec<Retourcode>> {
    let mut scratch = dossier.clone();
    let mut codes = vec![Vec::new(); products.len()];
    for (index, product) in products.iter().enumerate() {
        let rules = broken(&scratch, product, context);
        codes[index] = found.codes(Some(index), rules, context.beleid.alleen_eerste_code);
        if codes[index].is_empty() {
            scratch.add_version(event, product);
        }
    }
    codes
}

fn broken(dossier: &Dossier, product: &ToegewezenProduct, context: &Context<'_>) -> Vec<Regel> {
    let mut rules = Vec::new();
    let mutatie = dossier.mutatie(product);
    // TR332, T12: under one number client, aanbieder, product and Ingangsdatum never change.
    if mutatie == Mutatie::DifferentProduct || context.nummers_elders.contains(&product.nummer) {
        rules.push(Regel::TR332);
    }
    // TR379, T15. The same version sent again carries the reference it carried before.
    let resend = mutatie == Mutatie::Resend
        && dossier
            .effectief(product.nummer)
            .is_some_and(|known| known.inhoud.referentie_aanbieder == product.referentie_aanbieder);
    if let Some(reference) = &product.referentie_aanbieder
        && !resend
        && !context.open_verzoeken.contains(reference)
    {
        rules.push(Regel::TR379);
    }
    // TR381, T16.
    if let (Some(list), Some(product)) = (context.producten, &product.product)
        && !list.allows(product)
    {
        rules.push(Regel::TR381);
    }
    // TR385, T9, OP362.
    if product.reden_wijziging == Some(RedenWijziging::VERWIJDERD)
        && context.prestaties.contains(&product.nummer)
    {
        rules.push(Regel::TR385);
    }
    rules
}

/// The requests that an approved 301 answers (T1).
pub(super) fn answered(event: &Event, context: &Context<'_>) -> Vec<ReferentieAanbieder> {
    let Inhoud::Toewijzen(products) = &event.inhoud else { return Vec::new() };
    let named: BTreeSet<&ReferentieAanbieder> =
        products.iter().filter_map(|product| product.referentie_aanbieder.as_ref()).collect();
    named.into_iter().filter(|reference| context.open_verzoeken.contains(*reference)).cloned().collect()
}
