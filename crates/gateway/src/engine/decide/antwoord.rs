//! A 325 beside the 323 that it answers, before it leaves: there is no retour on a 325, so that the aanbieder could say what is
//! wrong with it outside the messages only.

use iwmo_codec::messages::Message;
use iwmo_codec::messages::iwmo_3_2::{wmo323, wmo325};

/// What does not fit, with its rule and the code that the standard has for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) rule: &'static str,
    pub(super) code: Option<&'static str>,
    pub(super) words: &'static str,
}

/// Returns the first thing in an answer that does not fit the declaration.
pub(super) fn misfit(answer: &Message, declared: &Message) -> Option<Misfit> {
    let (Message::Wmo325(answer), Message::Wmo323(declared)) = (answer, declared) else { return None };
    let misfit = |rule, code, words| Some(Misfit { rule, code, words });
    let Some(antwoord) = &answer.declaratie_antwoord else {
        let right = answer.header.retour_codes.iter().any(|code| code.as_str() == "0200");
        return right.then_some(Misfit {
            rule: "IV087",
            code: None,
            words: "its header is right (0200) and DeclaratieAntwoord, which says what is granted, is not there",
        });
    };
    if antwoord.declaratie_nummer != declared.declaratie.declaratie_nummer {
        return misfit("TR376", None, "DeclaratieNummer is not that of the 323");
    }
    if antwoord.totaal_ingediend_bedrag != declared.declaratie.totaal_ingediend_bedrag {
        return misfit("IV087", None, "TotaalIngediendBedrag is not that of the 323");
    }
    for client in &antwoord.clienten {
        let same =
            declared.declaratie.clienten.iter().filter(|other| other.bsn.expose() == client.bsn.expose());
        let lines: Vec<_> = same.flat_map(|other| &other.prestaties).collect();
        for prestatie in &client.prestaties {
            let mut named = lines
                .iter()
                .filter(|line| line.product_referentie == prestatie.product_referentie)
                .peekable();
            if named.peek().is_none() {
                return misfit(
                    "TR366",
                    Some("9366"),
                    "a ProductReferentie is not in the 323 for this client",
                );
            }
            if !named.any(|line| copied(prestatie, line)) {
                return misfit("TR367", Some("9367"), "a Prestatie is not as the 323 has it");
            }
        }
    }
    None
}

/// Whether a Prestatie came back as it was declared.
fn copied(back: &wmo325::Prestatie, declared: &wmo323::Prestatie) -> bool {
    let again = wmo323::Prestatie {
        product_referentie: back.product_referentie.clone(),
        toewijzing_nummer: back.toewijzing_nummer.clone(),
        product_categorie: back.product_categorie,
        product_code: back.product_code.clone(),
        product_periode: back.product_periode.clone(),
        geleverd_volume: back.geleverd_volume.clone(),
        eenheid: back.eenheid,
        product_tarief: back.product_tarief.clone(),
        ingediend_bedrag: back.ingediend_bedrag.clone(),
    };
    again == *declared
}
