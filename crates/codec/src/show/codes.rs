//! What codes mean, in a few words of our own.

use std::borrow::Cow;

use crate::report::Lang;

/// Code, Dutch, English.
type List = &'static [(&'static str, &'static str, &'static str)];

/// Returns in a few words what a value means, if it is a code or an amount. The class it stands in tells elements
/// of one name apart.
#[must_use]
pub fn meaning(class: &str, element: &str, value: &str, lang: Lang) -> Option<Cow<'static, str>> {
    if is_amount(element) {
        return euros(value).map(Cow::Owned);
    }
    let (_, nl, en) = list(class, element)?.iter().find(|(code, ..)| *code == value)?;
    Some(Cow::Borrowed(match lang {
        Lang::Nl => nl,
        Lang::En => en,
    }))
}

fn list(class: &str, element: &str) -> Option<List> {
    Some(match (class, element) {
        ("Relatie", "Soort") => SOORT_RELATIE,
        (_, "Soort") => ADRES_SOORT,
        ("Verwijzer", "Type") => TYPE_VERWIJZER,
        (_, "Categorie" | "ProductCategorie") => PRODUCT_CATEGORIE,
        (_, "RedenBeeindiging") => REDEN_BEEINDIGING,
        (_, "RedenWijziging") => REDEN_WIJZIGING,
        (_, "StatusAanlevering") => STATUS_AANLEVERING,
        (_, "Geslacht") => GESLACHT,
        (_, "Eenheid") => EENHEID,
        (_, "Frequentie") => FREQUENTIE,
        (_, "Vorm") => VORM,
        (_, "NaamGebruik") => NAAM_GEBRUIK,
        (_, "DatumGebruik") => DATUM_GEBRUIK,
        (_, "JuridischeStatus") => JURIDISCHE_STATUS,
        (_, "WettelijkeVertegenwoordiging") => WETTELIJKE_VERTEGENWOORDIGING,
        (_, "AanduidingWoonadres") => AANDUIDING_WOONADRES,
        (_, "DebetCredit") => DEBET_CREDIT,
        (_, "Raamcontract") => RAAMCONTRACT,
        (_, "RedenVerzoek") => REDEN_VERZOEK,
        (_, "VerzoekAntwoord") => VERZOEK_ANTWOORD,
        (_, "RedenAfwijzingVerzoek") => REDEN_AFWIJZING_VERZOEK,
        (_, "RetourCode") => RETOUR_CODE,
        _ => return None,
    })
}

fn is_amount(element: &str) -> bool {
    matches!(element, "Budget" | "Bedrag" | "TotaalBedrag" | "ProductTarief" | "KostprijsBedrag")
}

/// An amount of eurocents.
fn euros(cents: &str) -> Option<String> {
    let cents: u64 = cents.parse().ok()?;
    Some(format!("EUR {}.{:02}", cents / 100, cents % 100))
}

const REDEN_BEEINDIGING: List = &[
    ("02", "overleden", "died"),
    ("19", "klaar volgens plan", "finished as planned"),
    ("20", "tijdelijk gestopt", "stopped for the time being"),
    ("21", "gestopt door de client", "stopped by the client"),
    ("22", "gestopt door de aanbieder", "stopped by the aanbieder"),
    ("23", "in overleg eerder gestopt", "ended early by agreement"),
    ("31", "verhuisd naar een andere gemeente", "moved to another gemeente"),
    ("36", "gestopt door de gemeente", "stopped by the gemeente"),
    ("37", "vanwege een wijzigingsverzoek", "because of a request for change"),
    ("38", "naar een andere aanbieder", "to another aanbieder"),
    ("39", "naar een ander domein", "to another domain"),
];

const REDEN_WIJZIGING: List = &[
    ("01", "administratieve correctie, vervallen code", "administrative correction, code out of use"),
    ("02", "client overleden", "client died"),
    ("03", "ander contract", "other contract"),
    ("04", "herbeoordeeld, verlengd", "reassessed, prolonged"),
    ("05", "herbeoordeeld, verkort", "reassessed, shortened"),
    ("06", "naar een ander domein", "to another domain"),
    ("07", "verhuisd naar een andere gemeente", "moved to another gemeente"),
    ("08", "andere leveringsvorm", "other form of delivery"),
    ("09", "naar een andere aanbieder", "to another aanbieder"),
    ("10", "andere bekostiging", "other funding"),
    ("11", "gemeenten heringedeeld", "gemeenten reorganised"),
    ("12", "op initiatief van de aanbieder", "initiated by the aanbieder"),
    ("13", "verwijderd: als nooit verzonden", "deleted: as if never sent"),
    ("14", "administratieve correctie", "administrative correction"),
];

const PRODUCT_CATEGORIE: List = &[
    ("01", "huishoudelijke hulp", "domestic help"),
    ("02", "begeleiding", "guidance"),
    ("03", "persoonlijke verzorging", "personal care"),
    ("04", "kort verblijf", "short stay"),
    ("05", "hulp bij wonen", "housing services"),
    ("06", "andere hulp aan persoon of gezin", "other help to person or family"),
    ("07", "dagbesteding", "day activities"),
    ("08", "vervoer", "transport"),
    ("09", "andere hulp in groepen", "other help in groups"),
    ("10", "ander maatwerk", "other tailored support"),
    ("11", "rolstoel", "wheelchair"),
    ("12", "vervoermiddel", "transport device"),
    ("13", "aanpassing van de woning", "home adaptation"),
    ("14", "ander hulpmiddel", "other device"),
    ("15", "beschermd wonen", "sheltered housing"),
    ("16", "opvang", "shelter"),
    ("17", "spoedopvang", "emergency shelter"),
    ("18", "ander beschermd wonen, andere opvang", "other sheltered housing or shelter"),
];

const STATUS_AANLEVERING: List = &[
    ("1", "eerste aanlevering", "first delivery"),
    ("2", "gewijzigd", "changed"),
    ("3", "verwijderd", "deleted"),
    ("9", "ongewijzigd", "unchanged"),
];

const GESLACHT: List = &[("0", "onbekend", "unknown"), ("1", "man", "male"), ("2", "vrouw", "female")];

const EENHEID: List = &[
    ("01", "minuten", "minutes"),
    ("04", "uren", "hours"),
    ("14", "etmalen", "days of 24 hours"),
    ("16", "dagdelen van vier uur", "half-days of four hours"),
    ("82", "stuks, naar resultaat", "pieces, by output"),
    ("83", "eurocenten", "eurocents"),
    ("84", "stuks, naar inspanning", "pieces, by effort"),
];

const FREQUENTIE: List = &[
    ("1", "per dag", "per day"),
    ("2", "per week", "per week"),
    ("4", "per maand", "per month"),
    ("6", "voor de hele duur", "for the whole period"),
];

const ADRES_SOORT: List = &[
    ("01", "adres in de BRP", "address in the BRP"),
    ("02", "postadres", "postal address"),
    ("03", "verblijfplaats", "place of stay"),
    ("04", "tijdelijk adres", "temporary address"),
];

const SOORT_RELATIE: List = &[
    ("03", "curator", "curator"),
    ("04", "gemachtigd in geldzaken", "authorised in money matters"),
    ("05", "toetst geldzaken", "reviews money matters"),
    ("06", "huisgenoot", "member of the household"),
    ("07", "hulpverlener", "care worker"),
    ("08", "specialist", "specialist"),
    ("09", "anders", "other"),
    ("10", "ouder", "parent"),
    ("11", "voogd", "guardian"),
    ("12", "partner", "partner"),
    ("13", "pleegouder", "foster parent"),
    ("14", "bewindvoerder", "administrator of assets"),
    ("15", "mentor", "mentor"),
    ("16", "kind", "child"),
    ("17", "familie", "relative"),
    ("18", "gezinslid", "family member"),
    ("19", "buur", "neighbour"),
    ("20", "vriend of kennis", "friend or acquaintance"),
    ("21", "clientondersteuner", "client supporter"),
    ("22", "huisarts", "general practitioner"),
    ("23", "erfgenamen", "heirs"),
    ("24", "werkgever", "employer"),
    ("25", "wijkcoach", "neighbourhood coach"),
];

const TYPE_VERWIJZER: List = &[
    ("01", "gemeente", "gemeente"),
    ("02", "huisarts", "general practitioner"),
    ("03", "jeugdarts", "youth physician"),
    ("04", "gecertificeerde instelling", "certified institution"),
    ("05", "medisch specialist", "medical specialist"),
    ("06", "geen verwijzer", "no referrer"),
    ("08", "rechter of officier", "judge or prosecutor"),
];

const VORM: List = &[
    ("1", "tolk voor de taal", "interpreter"),
    ("2", "doventolk", "sign language interpreter"),
    ("3", "tolk voor doofblinden", "deafblind interpreter"),
];

const NAAM_GEBRUIK: List = &[
    ("1", "eigen naam", "own name"),
    ("2", "naam van de partner", "name of the partner"),
    ("3", "partner, dan eigen naam", "partner, then own name"),
    ("4", "eigen naam, dan partner", "own name, then partner"),
    ("5", "pseudoniem", "pseudonym"),
    ("6", "organisatie", "organisation"),
];

const DATUM_GEBRUIK: List = &[
    ("1", "dag onbekend", "day unknown"),
    ("2", "dag en maand onbekend", "day and month unknown"),
    ("3", "datum onbekend", "date unknown"),
];

const JURIDISCHE_STATUS: List = &[
    ("01", "rechterlijke machtiging", "court authorisation"),
    ("02", "machtiging op eigen verzoek", "authorisation at own request"),
    ("03", "machtiging, voorwaardelijk ontslagen", "authorisation, conditionally discharged"),
    ("04", "ondertoezichtstelling", "supervision order"),
    ("05", "inbewaringstelling", "emergency custody"),
    ("11", "tbs", "hospital order"),
    ("12", "andere strafrechtelijke maatregel", "other criminal measure"),
];

const WETTELIJKE_VERTEGENWOORDIGING: List = &[
    ("06", "voogdij", "guardianship"),
    ("07", "bewind", "administration of assets"),
    ("08", "mentorschap", "mentorship"),
    ("09", "curatele", "full guardianship"),
    ("10", "zaakwaarneming", "agency without mandate"),
];

const AANDUIDING_WOONADRES: List = &[
    ("AB", "aan boord", "on board"),
    ("BY", "bij", "near"),
    ("TO", "tegenover", "opposite"),
    ("WW", "woonwagen", "caravan"),
];

const DEBET_CREDIT: List = &[("C", "credit", "credit"), ("D", "debet", "debit")];

const RAAMCONTRACT: List = &[("1", "ja", "yes"), ("2", "nee", "no")];

const REDEN_VERZOEK: List = &[
    ("1", "de situatie veranderde", "the situation changed"),
    ("2", "het zorgplan veranderde", "the care plan changed"),
];

const VERZOEK_ANTWOORD: List = &[("1", "afgewezen", "refused"), ("2", "in onderzoek", "under investigation")];

const REDEN_AFWIJZING_VERZOEK: List = &[
    ("1", "is een nieuwe aanvraag", "is a new application"),
    ("2", "boven het budget", "above the budget"),
    ("3", "geen contract", "no contract"),
    ("4", "buiten het contract", "outside the contract"),
    ("5", "andere gemeente", "other gemeente"),
    ("6", "stapeling", "stacking"),
    ("7", "inhoudelijk afgekeurd", "refused on its merits"),
    ("8", "woonplaatsbeginsel", "domicile principle"),
    ("9", "leeftijdsgrens bereikt", "age limit reached"),
];

const RETOUR_CODE: List = &[
    ("0001", "breekt een regel in het bericht zelf", "breaks a rule within the message"),
    ("0200", "geen opmerking", "no remark"),
    ("0233", "niet beoordeeld", "not judged"),
    ("0611", "tarief wijkt af van het contract", "tariff differs from the contract"),
    ("8001", "declaratie geheel toegekend", "declaration granted in full"),
    ("8017", "credit zonder bekende debet", "credit without known debit"),
    ("8021", "referentie al eerder gebruikt", "reference used before"),
    ("8187", "hoort niet bij deze client", "does not belong to this client"),
    ("8214", "declaratieperioden sluiten niet aan", "declaration periods leave a gap"),
    ("8848", "Dagtekening ligt in de toekomst", "Dagtekening is in the future"),
    ("9019", "er is geen passende toewijzing", "no toewijzing fits"),
    ("9056", "Identificatie al eerder gebruikt", "Identificatie used before"),
    (
        "9063",
        "niets eerder ontvangen om te verwijderen of wijzigen",
        "nothing received before to delete or change",
    ),
    ("9069", "er is geen start bij deze stop", "no start fits this stop"),
    ("9071", "start kan niet weg: er staat nog een stop", "start cannot go: a stop still stands"),
    ("9074", "sleutel al eerder aangeleverd", "key delivered before"),
    ("9102", "nummer is al gebruikt", "number is already used"),
    ("9103", "wijziging zonder eerste aanlevering", "change without a first delivery"),
    ("9104", "wijziging van iets dat verwijderd is", "change of something deleted"),
    ("9114", "gewijzigde start te ver terug", "changed start too far back"),
    ("9115", "gewijzigde start te ver vooruit", "changed start too far ahead"),
    ("9307", "begin valt buiten de toewijzing", "begin outside the toewijzing"),
    ("9308", "einde valt buiten de toewijzing", "end outside the toewijzing"),
    ("9319", "periode valt buiten de declaratieperiode", "period outside the declaration period"),
    ("9321", "meer dan toegewezen", "more than granted"),
    ("9322", "samen meer dan toegewezen", "together more than granted"),
    ("9326", "de vorige levering is niet gestopt", "the earlier delivery was not stopped"),
    ("9328", "stop ligt voor de start", "stop lies before the start"),
    ("9329", "verwijdering wijkt af van wat er staat", "deletion differs from what stands"),
    ("9330", "er is geen geldige start met dit nummer", "there is no valid start with this number"),
    ("9332", "ToewijzingNummer is niet uniek", "ToewijzingNummer is not unique"),
    ("9333", "DeclaratieNummer is niet uniek", "DeclaratieNummer is not unique"),
    ("9338", "geen toewijzing met dit nummer", "no toewijzing with this number"),
    ("9339", "andere categorie dan toegewezen", "other category than granted"),
    ("9340", "andere productcode dan toegewezen", "other product code than granted"),
    ("9341", "eenheid past niet bij de toewijzing", "unit does not fit the toewijzing"),
    ("9346", "bedrag is niet volume maal tarief", "amount is not volume times tariff"),
    ("9347", "ReferentieAanbieder is niet uniek", "ReferentieAanbieder is not unique"),
    ("9349", "niet alle lopende toewijzingen genoemd", "not all current toewijzingen are named"),
    ("9350", "ongewijzigd product is geen lopende toewijzing", "unchanged product is no current toewijzing"),
    ("9351", "te wijzigen product is geen lopende toewijzing", "product to change is no current toewijzing"),
    ("9355", "antwoord op een onbekend verzoek", "answer to an unknown request"),
    ("9357", "gewenste ingangsdatum kan niet", "wanted start is not possible"),
    ("9359", "verzoek is al met een toewijzing beantwoord", "request was answered by a toewijzing"),
    ("9360", "verzoek was al in onderzoek", "request was already under investigation"),
    ("9361", "product overlapt in tijd", "product overlaps in time"),
    ("9365", "verzoek is al beantwoord", "request was already answered"),
    ("9366", "prestatie is niet gedeclareerd", "prestatie was not declared"),
    ("9367", "wijkt af van wat gedeclareerd is", "differs from what was declared"),
    ("9369", "past niet in het budget", "does not fit the budget"),
    ("9373", "ander budget vraagt dezelfde ingangsdatum", "another budget needs the same start"),
    ("9374", "er loopt al een verzoek", "a request is pending"),
    ("9375", "omvang bij een toewijzing zonder product", "volume for a toewijzing without product"),
    ("9379", "verwijst niet naar een verzoek", "does not refer to a request"),
    ("9384", "toewijzing is verwijderd", "toewijzing was deleted"),
    ("9385", "op de toewijzing is al gedeclareerd", "the toewijzing has approved declarations"),
    ("9387", "begin is niet het begin van maand of toewijzing", "begin is not that of month or toewijzing"),
    ("9388", "einde is niet het einde van maand of toewijzing", "end is not that of month or toewijzing"),
    ("9389", "eerdere debet is niet gecrediteerd", "earlier debit was not credited"),
    ("9390", "al eerder gecrediteerd", "credited before"),
    ("9411", "omvang ontbreekt bij een specifiek product", "volume missing for a specific product"),
    ("9412", "omvang bij een product zonder code", "volume for a product without code"),
    ("9413", "er staat al een tijdelijke stop", "a temporary stop already stands"),
    ("9414", "einde ligt voor dat van de geldige stop", "end lies before that of the current stop"),
    ("9415", "er staat al een definitieve stop", "a final stop already stands"),
    ("S300", "gemeentecode onbekend", "gemeentecode unknown"),
    ("S329", "productcode hoort niet bij de categorie", "product code is not of the category"),
    ("S333", "kostprijs is niet hoger dan het tarief", "kostprijs is not above the tariff"),
];

#[cfg(test)]
mod tests {
    use super::meaning;
    use crate::messages::ieb_1_0::basisschema as ieb;
    use crate::messages::iwmo_3_2::basisschema::*;
    use crate::report::Lang;

    /// No code of the schemas is without words, and no words are twice in a list.
    #[test]
    fn every_code_has_its_words() {
        fn all<T: Copy>(class: &str, element: &str, codes: &[T], text: fn(T) -> &'static str) {
            for lang in [Lang::Nl, Lang::En] {
                let mut seen = std::collections::HashSet::new();
                for code in codes {
                    let words = meaning(class, element, text(*code), lang);
                    let words = words.unwrap_or_else(|| panic!("{element} {}", text(*code)));
                    assert!(seen.insert(words.to_string()), "{words}");
                }
            }
        }
        all("", "RedenBeeindiging", RedenBeeindiging::ALL, RedenBeeindiging::as_str);
        all("", "RedenWijziging", RedenWijziging::ALL, RedenWijziging::as_str);
        all("Product", "Categorie", ProductCategorie::ALL, ProductCategorie::as_str);
        all("Prestatie", "ProductCategorie", ProductCategorie::ALL, ProductCategorie::as_str);
        all("", "StatusAanlevering", StatusAanlevering::ALL, StatusAanlevering::as_str);
        all("", "Geslacht", Geslacht::ALL, Geslacht::as_str);
        all("", "Eenheid", Eenheid::ALL, Eenheid::as_str);
        all("", "Frequentie", Frequentie::ALL, Frequentie::as_str);
        all("Contact", "Soort", AdresSoort::ALL, AdresSoort::as_str);
        all("Relatie", "Soort", SoortRelatie::ALL, SoortRelatie::as_str);
        all("Verwijzer", "Type", TypeVerwijzer::ALL, TypeVerwijzer::as_str);
        all("", "Vorm", Communicatievorm::ALL, Communicatievorm::as_str);
        all("", "NaamGebruik", NaamGebruik::ALL, NaamGebruik::as_str);
        all("", "DatumGebruik", DatumGebruik::ALL, DatumGebruik::as_str);
        all("", "JuridischeStatus", JuridischeStatus::ALL, JuridischeStatus::as_str);
        let vertegenwoordiging = WettelijkeVertegenwoordiging::ALL;
        all("", "WettelijkeVertegenwoordiging", vertegenwoordiging, WettelijkeVertegenwoordiging::as_str);
        all("", "AanduidingWoonadres", AanduidingWoonadres::ALL, AanduidingWoonadres::as_str);
        all("", "DebetCredit", DebetCredit::ALL, DebetCredit::as_str);
        all("", "Raamcontract", JaNee::ALL, JaNee::as_str);
        all("", "RedenVerzoek", RedenVerzoek::ALL, RedenVerzoek::as_str);
        all("", "VerzoekAntwoord", VerzoekAntwoord::ALL, VerzoekAntwoord::as_str);
        all("", "RedenAfwijzingVerzoek", RedenAfwijzingVerzoek::ALL, RedenAfwijzingVerzoek::as_str);
        all("", "RetourCode", RETOUR_CODES, |code| code);
        all("", "RetourCode", ieb::RETOUR_CODES, |code| code);
    }

    #[test]
    fn amounts_are_euros() {
        assert_eq!(meaning("", "Bedrag", "5", Lang::Nl).as_deref(), Some("EUR 0.05"));
        assert_eq!(meaning("", "Bedrag", "0100000", Lang::Nl).as_deref(), Some("EUR 1000.00"));
        assert_eq!(meaning("", "Achternaam", "5", Lang::Nl), None);
    }
}
