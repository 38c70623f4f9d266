//! The words of the timeline for requests (315, 317), answers (319) and declarations (323, 325).

use std::collections::BTreeMap;

use iwmo_codec::Lang;
use iwmo_codec::messages::iwmo_3_2::{wmo315, wmo317, wmo319, wmo323, wmo325};
use iwmo_codec::value::RetourCode;

use super::Words;
use super::words::product_words;

pub(super) fn requested(product: &wmo315::AangevraagdProduct, partner: &str) -> Words {
    let what = product_words(product.product.as_ref());
    let (from, reference) = (product.toewijzing_ingangsdatum, &product.referentie_aanbieder);
    Words::new(
        format!("{partner} vraagt een toewijzing aan: {what} vanaf {from} (referentie {reference})"),
        format!("{partner} asks for a toewijzing: {what} from {from} (reference {reference})"),
    )
}

pub(super) fn change_requested(verzoek: &wmo317::Verzoek, partner: &str) -> Words {
    let reference = &verzoek.referentie_aanbieder;
    let (mut nl, mut en): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for product in &verzoek.te_wijzigen_producten {
        let (number, from) = (product.toewijzing_nummer.value(), product.gewenste_ingangsdatum);
        let until = product.einddatum.map_or_else(String::new, |date| format!(" t/m {date}"));
        let until_en = product.einddatum.map_or_else(String::new, |date| format!(" up to {date}"));
        nl.push(format!("toewijzing {number} anders vanaf {from}{until}"));
        en.push(format!("toewijzing {number} otherwise from {from}{until_en}"));
    }
    for product in &verzoek.nieuwe_producten {
        let (what, from) = (product_words(product.product.as_ref()), product.gewenste_ingangsdatum);
        nl.push(format!("nieuw: {what} vanaf {from}"));
        en.push(format!("new: {what} from {from}"));
    }
    let (nl, en) = (nl.join("; "), en.join("; "));
    Words::new(
        format!("{partner} vraagt een wijziging: {nl} (referentie {reference})"),
        format!("{partner} asks for a change: {en} (reference {reference})"),
    )
}

pub(super) fn answered(antwoord: &wmo319::Antwoord, to: &str) -> Words {
    let reference = &antwoord.referentie_aanbieder;
    if antwoord.verzoek_antwoord.as_str() == "2" {
        return Words::new(
            format!("verzoek {reference} is in onderzoek, gemeld aan {to}"),
            format!("request {reference} is looked into, {to} is told"),
        );
    }
    let reason = antwoord.reden_afwijzing_verzoek.map(|reason| reason.as_str());
    let explained = |lang| {
        let Some(code) = reason else { return String::new() };
        let words = iwmo_codec::show::meaning("Antwoord", "RedenAfwijzingVerzoek", code, lang);
        words.map_or_else(|| format!(" (reden {code})"), |words| format!(" ({code}: {words})"))
    };
    Words::new(
        format!("verzoek {reference} afgewezen{}, gemeld aan {to}", explained(Lang::Nl)),
        format!("request {reference} refused{}, {to} is told", explained(Lang::En)),
    )
}

/// A whole declaration, for who follows everything.
pub(super) fn declared(declaratie: &wmo323::Declaratie, partner: &str) -> Words {
    let clients = declaratie.clienten.len();
    let number = &declaratie.declaratie_nummer;
    let total = euros(declaratie.totaal_ingediend_bedrag.totaal_bedrag.value());
    let credit = declaratie.totaal_ingediend_bedrag.debet_credit.as_str() == "C";
    let (nl, en) = if credit { (" credit", " in credit") } else { ("", "") };
    Words::new(
        format!(
            "{partner} declareert {total}{nl} voor {} (declaratie {number})",
            count(clients, "cliënt", "cliënten")
        ),
        format!(
            "{partner} declares {total}{en} for {} (declaration {number})",
            count(clients, "client", "clients")
        ),
    )
}

/// What a declaration says of one client: for each toewijzing, the words.
pub(super) fn declared_for(client: &wmo323::Client, partner: &str) -> Vec<(u64, Words)> {
    let mut sums: BTreeMap<u64, (usize, i64)> = BTreeMap::new();
    for prestatie in &client.prestaties {
        let sum = sums.entry(prestatie.toewijzing_nummer.value()).or_default();
        sum.0 += 1;
        sum.1 = sum.1.saturating_add(signed(&prestatie.ingediend_bedrag));
    }
    let words = sums.into_iter().map(|(number, (prestaties, sum))| {
        let (verb, verb_en) = if sum < 0 { ("crediteert", "credits") } else { ("declareert", "declares") };
        let total = euros(sum.unsigned_abs());
        let nl = count(prestaties, "prestatie", "prestaties");
        let en = count(prestaties, "prestatie", "prestaties");
        let words = Words::new(
            format!("{partner} {verb} {total} ({nl})"),
            format!("{partner} {verb_en} {total} ({en})"),
        );
        (number, words)
    });
    words.collect()
}

/// The answer on a whole declaration.
pub(super) fn settled(bericht: &wmo325::Bericht, to: &str) -> Words {
    let Some(antwoord) = &bericht.declaratie_antwoord else {
        return refused(&bericht.header.retour_codes, to);
    };
    let granted = euros(antwoord.totaal_toegekend_bedrag.totaal_bedrag.value());
    let asked = euros(antwoord.totaal_ingediend_bedrag.totaal_bedrag.value());
    Words::new(
        format!("declaratie beantwoord: {granted} van {asked} toegekend, gemeld aan {to}"),
        format!("declaration answered: {granted} of {asked} granted, {to} is told"),
    )
}

/// For one client of many, whose part the answer does not single out: that all was granted.
pub(super) fn settled_in_full(bericht: &wmo325::Bericht) -> Option<Words> {
    let antwoord = bericht.declaratie_antwoord.as_ref()?;
    let granted = |codes: &[RetourCode]| codes.iter().all(|code| matches!(code.as_str(), "8001" | "0200"));
    let all = granted(&bericht.header.retour_codes) && granted(&antwoord.retour_codes);
    all.then(|| Words::new("declaratie toegekend", "declaration granted"))
}

/// A declaration that was refused as a whole.
fn refused(codes: &[RetourCode], to: &str) -> Words {
    let codes = codes.iter().map(|code| code.as_str().to_owned()).collect::<Vec<_>>().join(", ");
    Words::new(
        format!("declaratie afgewezen ({codes}), gemeld aan {to}"),
        format!("declaration refused ({codes}), {to} is told"),
    )
}

/// What an answer says of one client; nothing in particular when all was granted.
pub(super) fn settled_for(client: &wmo325::Client) -> Vec<(u64, Words)> {
    let granted = |codes: &[RetourCode]| codes.iter().all(|code| matches!(code.as_str(), "8001" | "0200"));
    let mut found: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for prestatie in &client.prestaties {
        let codes = found.entry(prestatie.toewijzing_nummer.value()).or_default();
        if !granted(&prestatie.retour_codes) {
            codes.extend(prestatie.retour_codes.iter().map(|code| code.as_str().to_owned()));
        }
    }
    let words = found.into_iter().map(|(number, mut codes)| {
        codes.sort_unstable();
        codes.dedup();
        let words = if codes.is_empty() {
            Words::new("declaratie toegekend", "declaration granted")
        } else {
            let codes = codes.join(", ");
            Words::new(
                format!("declaratie (deels) afgewezen: {codes}"),
                format!("declaration refused, in part or as a whole: {codes}"),
            )
        };
        (number, words)
    });
    words.collect()
}

fn signed(bedrag: &iwmo_codec::messages::iwmo_3_2::basisschema::BedragMetDC) -> i64 {
    let cents = i64::try_from(bedrag.bedrag.value()).unwrap_or(i64::MAX);
    if bedrag.debet_credit.as_str() == "C" { -cents } else { cents }
}

fn euros(cents: u64) -> String {
    format!("€ {},{:02}", cents / 100, cents % 100)
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_people_write_them() {
        assert_eq!(euros(0), "€ 0,00");
        assert_eq!(euros(123_405), "€ 1234,05");
        assert_eq!(
            (count(1, "client", "clients"), count(2, "client", "clients")),
            ("1 client".to_owned(), "2 clients".to_owned())
        );
    }
}
