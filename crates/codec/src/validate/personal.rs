//! Which values may be shown: none, unless the type is known to hold nothing personal.

use crate::schema::Tables;

/// Types whose values say nothing about a person. Code lists about a person (Geslacht, JuridischeStatus and
/// the like) and free text are not among them.
const HARMLESS: &[&str] = &[
    "LDT_AdresSoort",
    "LDT_Bedrag",
    "LDT_BerichtCode",
    "LDT_BerichtSubversie",
    "LDT_BerichtVersie",
    "LDT_Budget",
    "LDT_Communicatievorm",
    "LDT_Datum",
    "LDT_DatumGebruik",
    "LDT_DebetCredit",
    "LDT_Eenheid",
    "LDT_Frequentie",
    "LDT_Gemeente",
    "LDT_IdentificatieBericht",
    "LDT_IdentificatieDeclaratie",
    "LDT_JaNee",
    "LDT_Nummer",
    "LDT_ProductCategorie",
    "LDT_ProductCode",
    "LDT_RedenAfwijzingVerzoek",
    "LDT_RedenBeeindiging",
    "LDT_RedenVerzoek",
    "LDT_RedenWijziging",
    "LDT_RetourCode",
    "LDT_StatusAanlevering",
    "LDT_Tijd",
    "LDT_TotaalBedrag",
    "LDT_TypeVerwijzer",
    "LDT_Versie",
    "LDT_VerzoekAntwoord",
    "LDT_Volume",
];

/// The aanbieder in a header is no person; an AGB code elsewhere may name a practitioner.
const HEADER_PARTIES: &[&str] = &["Afzender", "Ontvanger"];

/// The longest value that is shown; a longer one is not what its element is for.
const SHOWN_CHARS_MAX: usize = 32;

/// Digits of a BSN.
const BSN_DIGITS: usize = 9;

/// Returns whether a faulty value must be masked.
pub(super) fn is_personal(tables: &Tables, simple: u32, element: &str, parent: &str, value: &str) -> bool {
    let harmless = HEADER_PARTIES.contains(&element) || HARMLESS.contains(&type_name(tables, simple));
    let birth = element.starts_with("Geboorte") || parent.starts_with("Geboorte");
    !harmless || birth || looks_personal(value)
}

/// A value in the wrong element: a BSN or a sentence where a code belongs.
fn looks_personal(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let words = value.chars().filter(|c| c.is_alphabetic()).count();
    digits == BSN_DIGITS || words > BSN_DIGITS || value.chars().count() > SHOWN_CHARS_MAX
}

/// The name of a type, or of the nearest named one that it derives from.
fn type_name(tables: &Tables, simple: u32) -> &str {
    let mut at = Some(simple);
    while let Some(number) = at {
        let simple = tables.simple(number);
        if let Some(name) = &simple.name {
            return name;
        }
        at = simple.base;
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schemas;

    fn personal(type_name: &str, element: &str, parent: &str, value: &str) -> bool {
        let schemas = Schemas::bundled();
        let tables = schemas.tables();
        let simple = tables.simples.iter().position(|simple| simple.name.as_deref() == Some(type_name));
        is_personal(tables, u32::try_from(simple.unwrap()).unwrap(), element, parent, value)
    }

    #[test]
    fn values_about_a_person_are_masked() {
        for (type_name, element, parent, value) in [
            ("LDT_BurgerServicenummer", "Bsn", "Client", "12"),
            ("LDT_Naam", "Achternaam", "Geslachtsnaam", ""),
            ("LDT_Datum", "Datum", "Geboortedatum", "1967-13-01"),
            ("LDT_Postcode", "Postcode", "Adres", "1"),
            ("LDT_Commentaar", "Commentaar", "Client", " "),
            ("LDT_AgbCode", "ZorgverlenerCode", "Verwijzer", "1"),
            ("LDT_Nummer", "ToewijzingNummer", "StartProduct", "-999900006"),
            ("LDT_ProductCode", "Code", "Product", "Jan Jansen uit Voorst"),
        ] {
            assert!(personal(type_name, element, parent, value), "{element}");
        }
    }

    #[test]
    fn codes_and_numbers_are_shown() {
        for (type_name, element, parent, value) in [
            ("LDT_Datum", "Begindatum", "StartProduct", "2025-04-03Z"),
            ("LDT_StatusAanlevering", "StatusAanlevering", "StartProduct", "7"),
            ("LDT_Nummer", "ToewijzingNummer", "StartProduct", "12a"),
            ("LDT_AgbCode", "Afzender", "Header", "1234"),
            ("LDT_IdentificatieBericht", "Identificatie", "BerichtIdentificatie", "1234567890123"),
        ] {
            assert!(!personal(type_name, element, parent, value), "{element}");
        }
    }
}
