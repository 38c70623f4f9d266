//! The checks on the message as a whole: any failure gives a header with codes and no body.

use jiff::civil::Date;

use super::{Context, Found, Regel, Verdict};
use crate::dossier::Dossier;
use crate::event::{Event, Inhoud, StatusAanlevering};
use crate::identity::{Retourcode, ToewijzingNummer};

/// Returns the verdict when the message fails as a whole.
pub(super) fn check(
    dossier: &Dossier,
    event: &Event,
    context: &Context<'_>,
    found: &mut Found,
) -> Option<Verdict> {
    // OP090: a retour gets no retour, so nothing about its header is judged.
    if matches!(event.inhoud, Inhoud::ToewijzingRetour(_) | Inhoud::AntwoordRetour(_)) {
        return None;
    }
    if context.level2_faalt {
        return Some(Verdict::AfgekeurdInKop(vec![Retourcode::TECHNISCH_ONJUIST]));
    }
    let mut rules = Vec::new();
    if let Some(odd) = odd_status(event) {
        // CS058, OP033x2. The codec finds it first; the machine must never act on a change as on a delivery.
        found.hold(&mut rules, Regel::CS058, odd);
        if odd {
            return Some(Verdict::AfgekeurdInKop(found.codes(None, rules, false)));
        }
    }
    // TR135: judged by the receiver's own calendar.
    found.hold(&mut rules, Regel::TR135, event.bericht.dagtekening > context.vandaag);
    // TR056.
    found.hold(&mut rules, Regel::TR056, context.identificatie_gebruikt);
    // TR378, D22: any date that the message names or refers to suffices.
    if let Some(list) = context.gemeenten {
        let code = event.dossier.gemeente;
        let known = list.contains(code, event.bericht.dagtekening)
            || dates(dossier, event).any(|day| list.contains(code, day));
        found.hold(&mut rules, Regel::TR378, !known);
    }
    if rules.is_empty() { None } else { Some(Verdict::AfgekeurdInKop(found.codes(None, rules, false))) }
}

/// Whether a class of a 305 or 307 has a StatusAanlevering that it may not have; absent for other messages.
fn odd_status(event: &Event) -> Option<bool> {
    let odd = |status| !matches!(status, StatusAanlevering::Eerste | StatusAanlevering::Verwijderen);
    match &event.inhoud {
        Inhoud::Starten(starts) => Some(starts.iter().any(|start| odd(start.status))),
        Inhoud::Stoppen(stops) => Some(stops.iter().any(|stop| odd(stop.status))),
        _ => None,
    }
}

/// The Ingangsdatums in the message, or of the toewijzingen it refers to.
fn dates<'a>(dossier: &'a Dossier, event: &'a Event) -> Box<dyn Iterator<Item = Date> + 'a> {
    let referred = move |nummer: Option<ToewijzingNummer>| {
        nummer.and_then(|nummer| dossier.effectief(nummer)).map(|version| version.inhoud.ingangsdatum)
    };
    match &event.inhoud {
        Inhoud::Toewijzen(products) => Box::new(products.iter().map(|product| product.ingangsdatum)),
        Inhoud::Starten(starts) => {
            Box::new(starts.iter().filter_map(move |start| referred(start.key.nummer)))
        }
        Inhoud::Stoppen(stops) => {
            Box::new(stops.iter().filter_map(move |stop| referred(stop.key.start.nummer)))
        }
        Inhoud::Aanvragen(products) => Box::new(products.iter().map(|product| product.ingangsdatum)),
        Inhoud::Wijzigen(verzoek) => {
            let changed = verzoek.te_wijzigen.iter().map(|product| product.nummer);
            let named = verzoek.ongewijzigd.iter().copied().chain(changed);
            Box::new(named.filter_map(move |nummer| referred(Some(nummer))))
        }
        Inhoud::Declareren(prestaties) => {
            Box::new(prestaties.iter().filter_map(move |prestatie| referred(Some(prestatie.nummer))))
        }
        _ => Box::new(std::iter::empty()),
    }
}
