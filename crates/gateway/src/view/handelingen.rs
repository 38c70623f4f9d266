//! Acts in words.

use super::Words;
use crate::record::{Handeling, Wat};

/// Returns what an act changed.
#[must_use]
pub fn act_words(wat: &Wat) -> Words {
    let count = wat.berichten().len();
    let (nl, en) = if count == 1 { ("bericht", "message") } else { ("berichten", "messages") };
    let messages = |done_nl: &str, done_en: &str| {
        Words::new(format!("{count} {nl} {done_nl}"), format!("{count} {en} {done_en}"))
    };
    match wat {
        Wat::CakVrijgeven { .. } => Words::new(
            format!(
                "eigen bijdrage van {count} {} vrijgegeven",
                if count == 1 { "persoon" } else { "personen" }
            ),
            format!("eigen bijdrage of {count} {} released", if count == 1 { "person" } else { "persons" }),
        ),
        Wat::WerkAfgehandeld { entries } => {
            let count = entries.len();
            Words::new(
                format!(
                    "bijzonderheden van {count} {} afgehandeld",
                    if count == 1 { "bericht" } else { "berichten" }
                ),
                format!(
                    "what was odd about {count} {} dealt with",
                    if count == 1 { "message" } else { "messages" }
                ),
            )
        }
        Wat::Opgave { verklaring } => Words::new(
            format!("opgave voor de eigen bijdrage: {}", verklaring.soort),
            format!("statement for the eigen bijdrage: {}", verklaring.soort),
        ),
        Wat::TermijnAfgehandeld { termijnen } => {
            let names: Vec<String> =
                termijnen.iter().map(|plek| format!("{} van {}", plek.termijn, plek.nummer)).collect();
            let named = names.join(", ");
            Words::new(
                format!("termijn afgehandeld: {named}"),
                format!("deadline dealt with: {}", named.replace(" van ", " of ")),
            )
        }
        Wat::CakStilleggen => Words::new(
            "meldingen aan het CAK van deze gemeente stilgelegd",
            "notifications of this gemeente to the CAK stopped",
        ),
        Wat::CakHervatten => Words::new(
            "meldingen aan het CAK van deze gemeente hervat",
            "notifications of this gemeente to the CAK resumed",
        ),
        Wat::SleutelsVernieuwd { hoofdsleutel } => Words::new(
            format!("sleutels onder een nieuwe hoofdsleutel gebracht: {hoofdsleutel}"),
            format!("keys put under a new master key: {hoofdsleutel}"),
        ),
        Wat::VerliesAanvaard { ontbreekt } => {
            let named = ontbreekt.join(", ");
            Words::new(
                format!(
                    "verder gegaan zonder bevestigde regels die het journaal kwijt is, tot en met {named}"
                ),
                format!("went on without acknowledged entries that the journal has lost, up to {named}"),
            )
        }
        Wat::CakBeleid => Words::new(
            "nieuwe keuzes over de eigen bijdrage in werking gesteld",
            "new choices about the eigen bijdrage put in force",
        ),
        Wat::UitgaandOpnieuw { .. } => messages("opnieuw klaargezet", "queued again"),
        Wat::UitgaandHerhalen { .. } => messages("nog eens klaargezet", "queued once more"),
        Wat::UitgaandVasthouden { .. } => messages("vastgehouden", "held"),
        Wat::UitgaandVrijgeven { .. } => messages("vrijgegeven", "released"),
        Wat::UitgaandAnnuleren { .. } => messages("geannuleerd", "cancelled"),
        Wat::PartnerVasthouden { partner } => Words::new(
            format!("verzending naar {partner} vastgehouden"),
            format!("sending to {partner} held"),
        ),
        Wat::PartnerVrijgeven { partner } => Words::new(
            format!("verzending naar {partner} vrijgegeven"),
            format!("sending to {partner} released"),
        ),
    }
}

/// Returns an act with who did it and why.
#[must_use]
pub fn handeling_words(handeling: &Handeling) -> Words {
    let (what, who, why) = (act_words(&handeling.wat), &handeling.wie, &handeling.reden);
    Words::new(format!("{}, door {who}: {why}", what.nl), format!("{}, by {who}: {why}", what.en))
}
