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
    if statuses(event).any(|s| !matches!(s, StatusAanlevering::Eerste | StatusAanlevering::Verwijderen)) {
        // CS058, OP033x2. The codec finds it first; the machine must never act on a change as on a delivery.
        return Some(Verdict::AfgekeurdInKop(found.codes(None, vec![Regel::CS058], false)));
    }
    let mut rules = Vec::new();
    // TR135: judged by the receiver's own calendar.
    if event.bericht.dagtekening > context.vandaag {
        rules.push(Regel::TR135);
    }
    // TR056.
    if context.identificatie_gebruikt {
        rules.push(Regel::TR056);
    }
    // TR378, D22: any date that the message names or refers to suffices.
    if let Some(list) = context.gemeenten {
        let code = event.dossier.gemeente;
        if !list.contains(code, event.bericht.dagtekening)
            && !dates(dossier, event).any(|day| list.contains(code, day))
        {
            rules.push(Regel::TR378);
        }
    }
    if rules.is_empty() { None } else { Some(Verdict::AfgekeurdInKop(found.codes(None, rules, false))) }
}

fn statuses(event: &Event) -> Box<dyn Iterator<Item = StatusAanlevering> + '_> {
    match &event.inhoud {
        Inhoud::Starten(starts) => Box::new(starts.iter().map(|start| start.status)),
        Inhoud::Stoppen(stops) => Box::new(stops.iter().map(|stop| stop.status)),
        _ => Box::new(std::iter::empty()),
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
