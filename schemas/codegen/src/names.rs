//! From the names of the standard to those of Rust, and what counts as personal.

/// Simple types that say nothing about a person. Any other is personal: a new type of the standard is masked until
/// somebody puts it here.
const NOT_PERSONAL: &[&str] = &[
    "LDT_AdresSoort",
    "LDT_AgbCode",
    "LDT_Bedrag",
    "LDT_BerichtCode",
    "LDT_BerichtSubversie",
    "LDT_BerichtVersie",
    "LDT_Budget",
    "LDT_Datum",
    "LDT_DatumGebruik",
    "LDT_DebetCredit",
    "LDT_Eenheid",
    "LDT_Frequentie",
    "LDT_Gemeente",
    "LDT_IdentificatieBericht",
    "LDT_IdentificatieDeclaratie",
    "LDT_JaNee",
    "LDT_NaamGebruik",
    "LDT_Nummer",
    "LDT_ProductCategorie",
    "LDT_ProductCode",
    "LDT_RedenAfwijzingVerzoek",
    "LDT_RedenBeeindiging",
    "LDT_RedenVerzoek",
    "LDT_RedenWijziging",
    "LDT_Referentie",
    "LDT_ReferentieNummer",
    "LDT_RelatieVolgorde",
    "LDT_RetourCode",
    "LDT_SoortRelatie",
    "LDT_StatusAanlevering",
    "LDT_Tijd",
    "LDT_TotaalBedrag",
    "LDT_TypeVerwijzer",
    "LDT_Versie",
    "LDT_VerzoekAntwoord",
    "LDT_Volume",
];

/// Elements that are personal although their type is not: (class, element).
const PERSONAL_ELEMENTS: &[(&str, &str)] = &[("CDT_Geboortedatum", "Datum")];

/// Whether an element of a class, with a simple type, is to be masked.
pub fn is_personal(class: &str, element: &str, simple_type: &str) -> bool {
    !NOT_PERSONAL.contains(&simple_type) || PERSONAL_ELEMENTS.contains(&(class, element))
}

/// The Rust name of a type: without the kind in front.
pub fn type_name(xsd: &str) -> String {
    xsd.trim_start_matches("CDT_").trim_start_matches("LDT_").to_owned()
}

/// `ToewijzingNummer` to `toewijzing_nummer`; a keyword gets an underscore, which serde drops again.
pub fn field_name(element: &str) -> String {
    let mut name = String::new();
    for (index, c) in element.chars().enumerate() {
        if c.is_ascii_uppercase() && index > 0 {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    if name == "type" {
        name.push('_');
    }
    // The structs are written with rename_all = "PascalCase": the way back must give the name of the standard.
    assert_eq!(pascal_case(&name), element, "serde would not find back the name of {element}");
    name
}

fn pascal_case(field: &str) -> String {
    let mut name = String::new();
    let mut upper = true;
    for c in field.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                name.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => name.push(c),
        }
    }
    name
}

/// The variant of a code: letters stay, digits get a `C` in front.
pub fn variant_name(code: &str) -> String {
    if code.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("C{code}");
    }
    let mut chars = code.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase()).into_iter();
    first.chain(chars.map(|c| c.to_ascii_lowercase())).collect()
}
