//! Guards of a 301 (section 4.3 of the lifecycle).

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Context, Found, Regel};
use crate::dossier::{Dossier, Mutatie, VerzoekStatus};
use crate::event::{Antwoord, Event, Inhoud, ToegewezenProduct, VerzoekAntwoord};
use crate::identity::{RedenWijziging, ReferentieAanbieder, Retourcode};

/// Judges the products of a 301. Returns the codes per class in document order.
pub(super) fn guards(
    dossier: &Dossier,
    event: &Event,
    products: &[ToegewezenProduct],
    context: &Context<'_>,
    found: &mut Found,
) -> Vec<Vec<Retourcode>> {
    // Most messages have one product: only what another comes after needs a copy.
    let mut scratch = Cow::Borrowed(dossier);
    let mut codes = vec![Vec::new(); products.len()];
    for (index, product) in products.iter().enumerate() {
        let rules = broken(&scratch, product, context, found);
        codes[index] = found.codes(Some(index), rules, context.beleid.alleen_eerste_code);
        if codes[index].is_empty() && index + 1 < products.len() {
            scratch.to_mut().add_version(event, product);
        }
    }
    codes
}

fn broken(
    dossier: &Dossier,
    product: &ToegewezenProduct,
    context: &Context<'_>,
    found: &mut Found,
) -> Vec<Regel> {
    let mut rules = Vec::new();
    let mutatie = dossier.mutatie(product);
    // TR332, T12: under one number client, aanbieder, product and Ingangsdatum never change.
    let taken = mutatie == Mutatie::DifferentProduct || context.nummers_elders.contains(&product.nummer);
    found.hold(&mut rules, Regel::TR332, taken);
    // TR379, T15. The same version sent again carries the reference it carried before.
    let resend = mutatie == Mutatie::Resend
        && dossier
            .effectief(product.nummer)
            .is_some_and(|known| known.inhoud.referentie_aanbieder == product.referentie_aanbieder);
    if let Some(reference) = &product.referentie_aanbieder {
        found.hold(&mut rules, Regel::TR379, !resend && !is_open(dossier, reference, context));
    }
    // TR381, T16.
    if let (Some(list), Some(product)) = (context.producten, &product.product) {
        found.hold(&mut rules, Regel::TR381, !list.allows(product));
    }
    // TR385, T9, OP362.
    if product.reden_wijziging == Some(RedenWijziging::VERWIJDERD) {
        let declared =
            dossier.is_gedeclareerd(product.nummer) || context.prestaties.contains(&product.nummer);
        found.hold(&mut rules, Regel::TR385, declared);
    }
    rules
}

/// TR379: known and not answered for good.
fn is_open(dossier: &Dossier, reference: &ReferentieAanbieder, context: &Context<'_>) -> bool {
    match dossier.verzoek(reference) {
        Some(verzoek) => verzoek.status() != VerzoekStatus::Answered,
        None => context.open_verzoeken.contains(reference),
    }
}

/// The requests that an approved 301 (T1) or 319 answers for good.
pub(super) fn answered(dossier: &Dossier, event: &Event, context: &Context<'_>) -> Vec<ReferentieAanbieder> {
    let named: BTreeSet<&ReferentieAanbieder> = match &event.inhoud {
        Inhoud::Toewijzen(products) => {
            products.iter().filter_map(|product| product.referentie_aanbieder.as_ref()).collect()
        }
        Inhoud::Beantwoorden(Antwoord { referentie, antwoord: VerzoekAntwoord::Afgewezen }) => {
            BTreeSet::from([referentie])
        }
        _ => return Vec::new(),
    };
    named.into_iter().filter(|reference| is_open(dossier, reference, context)).cloned().collect()
}
