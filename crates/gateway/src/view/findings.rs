//! What can be odd about a message, and what should not be on record, in words.

use iwmo_toewijzing::judge::WaarschuwingSoort;

use super::Words;

/// Code, Dutch, English.
const FINDINGS: &[(&str, &str, &str)] = &[
    ("BSN_ZERO", "het BSN bestaat uit nullen", "the BSN is all zeros"),
    (
        "DELETED_WITH_DELIVERY",
        "de toewijzing is verwijderd terwijl er een levering loopt: laat de aanbieder de start intrekken",
        "the toewijzing was deleted while support goes on: have the aanbieder withdraw the start",
    ),
    (
        "DELETE_WITH_DELIVERY",
        "de toewijzing wordt verwijderd terwijl er een levering bekend is",
        "the toewijzing is deleted while a delivery is on record",
    ),
    (
        "ENVELOPE_SET_ASIDE",
        "kon niet worden verwerkt en ligt terzijde: kijk waarom (`iwmo journal show`) en neem contact op met de afzender",
        "could not be processed and was set aside: see why (`iwmo journal show`) and contact its sender",
    ),
    (
        "EPISODES_OVERLAP",
        "twee leveringen van dezelfde toewijzing overlappen",
        "two deliveries of one toewijzing overlap",
    ),
    (
        "FIRST_VERSION_NEVER_SEEN",
        "een wijziging van een toewijzing die niet bekend is",
        "a change of a toewijzing that is not known",
    ),
    ("INCOMPLETE", "de 301 laat een lopende toewijzing weg", "the 301 leaves an actual toewijzing out"),
    (
        "INGANGSDATUM_DIFFERS",
        "de ingangsdatum is een andere dan die van de toewijzing",
        "the date of the toewijzing differs from that of the 301",
    ),
    (
        "NEW_NUMBER_NEEDED",
        "deze wijziging had een nieuw toewijzingnummer moeten krijgen",
        "this change should have had a new number",
    ),
    (
        "OUTSIDE_PERIOD",
        "de levering valt buiten de geldigheid van de toewijzing",
        "support lies outside the period of the toewijzing",
    ),
    (
        "PRODUCT_DIFFERS",
        "het product is een ander dan is toegewezen",
        "the product differs from what was assigned",
    ),
    ("REDEN_MISSING", "de reden van de wijziging ontbreekt", "the reason of the change is missing"),
    (
        "REDEN_SUPERFLUOUS",
        "er staat een reden van wijziging bij iets dat niet wijzigt",
        "there is a reason for a change where nothing changes",
    ),
    ("REDEN_UNFITTING", "de reden past niet bij de wijziging", "the reason does not fit the change"),
    (
        "REJECTED_WITH_DELIVERY",
        "de aanbieder keurde de toewijzing af waarop de levering loopt: overleg en stuur haar opnieuw",
        "the aanbieder refused the toewijzing that support rests on: talk, and send it again",
    ),
    (
        "RETOUR_ONLY_0200",
        "de retour heeft alleen 0200; opgevat als goedkeuring",
        "the retour has 0200 and nothing else; taken as approval",
    ),
    (
        "RETOUR_UNMATCHED",
        "de retour hoort bij geen bericht dat nog wacht: neem contact op met de afzender",
        "the retour answers no message that waits: contact its sender",
    ),
    ("REVIVED", "een verwijderde toewijzing komt terug", "a deleted toewijzing comes back"),
    (
        "SAME_VERSION_OTHER_CONTENT",
        "twee versies van de toewijzing hebben dezelfde datum en tijd en verschillen",
        "two versions of the toewijzing have the same date and time and differ",
    ),
    ("START_LATE", "de start is te laat gemeld", "the start was reported late"),
    ("STOP_LATE", "de stop is te laat gemeld", "the stop was reported late"),
    (
        "TWO_OPEN_STARTS",
        "er lopen twee leveringen op een toewijzing: laat de aanbieder er een stoppen",
        "two deliveries of one toewijzing are open: have the aanbieder stop one",
    ),
    (
        "XSD_VERSION",
        "het bericht is gemaakt met een andere versie van het schema dan deze gateway kent",
        "the message was made with another version of the schema than this gateway knows",
    ),
];

/// The rules and decisions that an anomaly rests on.
const ANOMALIES: &[(&str, &str)] = &[
    ("DELETED_WITH_DELIVERY", "D4"),
    ("REJECTED_WITH_DELIVERY", "D9"),
    ("SAME_VERSION_OTHER_CONTENT", "D10"),
    ("TWO_OPEN_STARTS", "D7"),
];

/// What the gateway itself finds odd, and what that rests on.
const OWN: &[(&str, &[&str])] = &[("ENVELOPE_SET_ASIDE", &[]), ("XSD_VERSION", &["IV034", "D21"])];

/// Returns the words for what is odd; the code itself when a later release named it.
#[must_use]
pub fn finding(code: &str) -> Words {
    match FINDINGS.iter().find(|(known, ..)| *known == code) {
        Some((_, nl, en)) => Words::new(*nl, *en),
        None => Words::new(code, code),
    }
}

/// Returns the rules and decisions that it rests on.
#[must_use]
pub fn finding_rules(code: &str) -> Vec<&'static str> {
    if let Some(soort) = WaarschuwingSoort::ALL.iter().find(|soort| soort.as_str() == code) {
        return soort.regels().to_vec();
    }
    if let Some((_, rules)) = OWN.iter().find(|(known, _)| *known == code) {
        return rules.to_vec();
    }
    ANOMALIES.iter().filter(|(known, _)| *known == code).map(|(_, rule)| *rule).collect()
}

#[cfg(test)]
mod tests {
    use iwmo_toewijzing::dossier::AnomalieSoort;

    use super::*;

    #[test]
    fn everything_that_can_be_found_has_words_and_anomalies_have_a_rule() {
        let warnings = WaarschuwingSoort::ALL.iter().map(|soort| soort.as_str());
        let anomalies: Vec<&str> = AnomalieSoort::ALL.iter().map(|soort| soort.as_str()).collect();
        let own = OWN.iter().map(|(code, _)| *code);
        let all: Vec<&str> = warnings.chain(anomalies.iter().copied()).chain(own).collect();
        for code in &all {
            assert_ne!(finding(code).nl, *code);
        }
        assert_eq!(all.len(), FINDINGS.len());
        assert!(anomalies.iter().all(|code| !finding_rules(code).is_empty()));
    }
}
