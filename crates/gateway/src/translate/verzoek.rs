//! Requests (315, 317) and answers (319, 320).

use iwmo_codec::messages::Message;
use iwmo_codec::messages::iwmo_3_2::{wmo315, wmo317};
use iwmo_codec::value::Nummer;
use iwmo_toewijzing::event::{
    AangevraagdProduct, Antwoord, DossierKey, Event, Inhoud, NieuwProduct, TeWijzigenProduct,
    VerzoekAntwoord, Wijzigingsverzoek,
};
use iwmo_toewijzing::identity::{Aanbieder, Bsn, Gemeente, ReferentieAanbieder};
use jiff::civil::Date;

use super::{Untranslatable, date, mark, nummer, omvang, product};

/// Translates a 319. It names no client: `bsn` is that of the request it answers, [`Bsn::NIEMAND`] when the aanbieder
/// made no such request.
///
/// # Errors
///
/// The message is of another kind, or did not pass level 2.
pub fn antwoord(message: &Message, bsn: Bsn, entry: u64, dag: Date) -> Result<Event, Untranslatable> {
    let Message::Wmo319(m) = message else { return Err(Untranslatable::Kind(message.kind().name())) };
    let antwoord = Antwoord {
        referentie: ReferentieAanbieder::new(&m.antwoord.referentie_aanbieder)?,
        antwoord: VerzoekAntwoord::new(m.antwoord.verzoek_antwoord.as_str())?,
    };
    let dossier = DossierKey {
        gemeente: Gemeente::new(m.header.afzender.as_str())?,
        aanbieder: Aanbieder::new(m.header.ontvanger.as_str())?,
        bsn,
    };
    Ok(Event { dossier, bericht: mark(message, entry, dag)?, inhoud: Inhoud::Beantwoorden(antwoord) })
}

/// Returns the request that a 319 answers.
#[must_use]
pub fn referentie(message: &Message) -> Option<ReferentieAanbieder> {
    let Message::Wmo319(m) = message else { return None };
    ReferentieAanbieder::new(&m.antwoord.referentie_aanbieder).ok()
}

pub(super) fn aangevraagd_product(
    class: &wmo315::AangevraagdProduct,
) -> Result<AangevraagdProduct, Untranslatable> {
    Ok(AangevraagdProduct {
        referentie: ReferentieAanbieder::new(&class.referentie_aanbieder)?,
        product: class.product.as_ref().map(product).transpose()?,
        ingangsdatum: date(class.toewijzing_ingangsdatum)?,
    })
}

pub(super) fn wijzigingsverzoek(class: &wmo317::Verzoek) -> Result<Wijzigingsverzoek, Untranslatable> {
    let unchanged = class.ongewijzigde_producten.iter().map(|product| nummer(&product.toewijzing_nummer));
    Ok(Wijzigingsverzoek {
        referentie: ReferentieAanbieder::new(&class.referentie_aanbieder)?,
        ongewijzigd: unchanged.collect::<Result<_, _>>()?,
        te_wijzigen: class.te_wijzigen_producten.iter().map(te_wijzigen_product).collect::<Result<_, _>>()?,
        nieuw: class.nieuwe_producten.iter().map(nieuw_product).collect::<Result<_, _>>()?,
    })
}

fn te_wijzigen_product(class: &wmo317::TeWijzigenProduct) -> Result<TeWijzigenProduct, Untranslatable> {
    Ok(TeWijzigenProduct {
        nummer: nummer(&class.toewijzing_nummer)?,
        gewenste_ingangsdatum: date(class.gewenste_ingangsdatum)?,
        einddatum: class.einddatum.map(date).transpose()?,
        omvang: class.omvang.as_ref().map(omvang),
        budget: class.budget.as_ref().map(Nummer::value),
    })
}

fn nieuw_product(class: &wmo317::NieuwProduct) -> Result<NieuwProduct, Untranslatable> {
    Ok(NieuwProduct {
        product: class.product.as_ref().map(product).transpose()?,
        gewenste_ingangsdatum: date(class.gewenste_ingangsdatum)?,
        einddatum: class.einddatum.map(date).transpose()?,
    })
}
