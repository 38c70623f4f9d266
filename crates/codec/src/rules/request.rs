//! Rules on requests and answers to them (315, 317, 319).

use std::collections::HashSet;

use super::view::{AANGEVRAAGD, NIEUW};
use super::{Findings, Place};
use crate::messages::Message;
use crate::messages::iwmo_3_2::basisschema::{TypeVerwijzer, VerzoekAntwoord};
use crate::messages::iwmo_3_2::wmo315::AangevraagdProduct;

const VERZOEK: Place = Place::new("/Bericht/Client/Verzoek");
const REDEN_AFWIJZING: Place = Place::new("/Bericht/Antwoord/RedenAfwijzingVerzoek");

fn each_aangevraagd(message: &Message, mut judge: impl FnMut(Place, &AangevraagdProduct)) {
    if let Message::Wmo315(bericht) = message {
        for (index, product) in bericht.client.aangevraagde_producten.iter().enumerate() {
            judge(AANGEVRAAGD.item(index), product);
        }
    }
}

/// Referrers that an AGB code is known of.
fn is_registered(verwijzer: TypeVerwijzer) -> bool {
    use TypeVerwijzer::{C02, C03, C04, C05};
    matches!(verwijzer, C02 | C03 | C04 | C05)
}

/// TR352: a request for change names at least one existing toewijzing.
pub(super) fn tr352(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo317(bericht) = message else { return };
    let verzoek = &bericht.client.verzoek;
    let none = verzoek.ongewijzigde_producten.is_empty() && verzoek.te_wijzigen_producten.is_empty();
    findings.require(!none, VERZOEK);
}

/// TR353: a request for change asks for at least one change.
pub(super) fn tr353(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo317(bericht) = message else { return };
    let verzoek = &bericht.client.verzoek;
    findings
        .require(!(verzoek.te_wijzigen_producten.is_empty() && verzoek.nieuwe_producten.is_empty()), VERZOEK);
}

/// TR380: a new product starts after Dagtekening.
pub(super) fn tr380(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo317(bericht) = message else { return };
    let dagtekening = message.header().dagtekening;
    for (index, product) in bericht.client.verzoek.nieuwe_producten.iter().enumerate() {
        let holds = product.gewenste_ingangsdatum > dagtekening;
        findings.require(holds, NIEUW.item(index).below("GewensteIngangsdatum"));
    }
}

/// TR383: a ReferentieAanbieder occurs once.
pub(super) fn tr383(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo315(bericht) = message else { return };
    let mut seen = HashSet::new();
    for (index, product) in bericht.client.aangevraagde_producten.iter().enumerate() {
        let place = AANGEVRAAGD.item(index).below("ReferentieAanbieder");
        findings.require(seen.insert(&product.referentie_aanbieder), place);
    }
}

/// CD043: a beschikking has its number and its begin, or neither.
pub(super) fn cd043(message: &Message, findings: &mut Findings<'_>) {
    each_aangevraagd(message, |place, product| {
        let both = product.beschikking_ingangsdatum.is_some() == product.beschikking_nummer.is_some();
        findings.require(both, place.below("BeschikkingIngangsdatum"));
    });
}

/// CD066: a registered referrer with a code has no name.
pub(super) fn cd066(message: &Message, findings: &mut Findings<'_>) {
    each_aangevraagd(message, |place, product| {
        let verwijzer = &product.verwijzer;
        let coded = is_registered(verwijzer.type_) && verwijzer.zorgverlener_code.is_some();
        findings.require(!coded || verwijzer.naam.is_none(), place.below("Verwijzer/Naam"));
    });
}

/// CD067: a registered referrer without code has a name.
pub(super) fn cd067(message: &Message, findings: &mut Findings<'_>) {
    each_aangevraagd(message, |place, product| {
        let verwijzer = &product.verwijzer;
        let uncoded = is_registered(verwijzer.type_) && verwijzer.zorgverlener_code.is_none();
        findings.require(!uncoded || verwijzer.naam.is_some(), place.below("Verwijzer/Naam"));
    });
}

/// CD068: another referrer has no code.
pub(super) fn cd068(message: &Message, findings: &mut Findings<'_>) {
    each_aangevraagd(message, |place, product| {
        let verwijzer = &product.verwijzer;
        let holds = is_registered(verwijzer.type_) || verwijzer.zorgverlener_code.is_none();
        findings.require(holds, place.below("Verwijzer/ZorgverlenerCode"));
    });
}

/// CD085: a refusal has a reason.
pub(super) fn cd085(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo319(bericht) = message else { return };
    let antwoord = &bericht.antwoord;
    let refused = antwoord.verzoek_antwoord == VerzoekAntwoord::C1;
    findings.require(!refused || antwoord.reden_afwijzing_verzoek.is_some(), REDEN_AFWIJZING);
}

/// CD086: what is still under investigation has no reason for refusal.
pub(super) fn cd086(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo319(bericht) = message else { return };
    let antwoord = &bericht.antwoord;
    let pending = antwoord.verzoek_antwoord == VerzoekAntwoord::C2;
    findings.require(!pending || antwoord.reden_afwijzing_verzoek.is_none(), REDEN_AFWIJZING);
}
