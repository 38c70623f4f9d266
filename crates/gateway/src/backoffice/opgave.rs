//! The shape of a statement for OpenAPI. The machine has the types that are read (`iwmo_toewijzing::cak::Opgave`) and knows nothing
//! of interfaces; the tests below hold the two against each other.

use serde::Deserialize;
use utoipa::ToSchema;

/// A statement: an object with one member, whose name says what it is about.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Opgave)]
#[expect(dead_code, reason = "it is a shape and never read")]
pub(super) enum OpgaveVorm {
    /// Support without a 305 was granted, changed or ended; or own dates of a toewijzing.
    Voorziening(VoorzieningVorm),
    /// The voorziening with this name never was.
    VoorzieningIngetrokken(NaamVorm),
    /// Facts about the client; together they replace all that were stated before.
    Client(ClientVorm),
    /// A decision whether something is chargeable.
    Belasting(BelastingVorm),
    /// The price of a hulpmiddel or woningaanpassing was set, changed or reached.
    Kostprijs(KostprijsVorm),
    /// An exemption that no message can tell the CAK.
    Vrijstelling(VrijstellingVorm),
    /// An aanbieder held its intake, so that its 315 is due.
    Intake(IntakeVorm),
    /// The BSN was wrong; this is the right one.
    Bsn(BsnVorm),
    /// The CAK holds exactly these periods: a take-over, or a resynchronisation.
    BekendBijCak(Vec<BekendVorm>),
    /// Own periods in place of what the gateway works out.
    EigenDatums(Vec<EigenVorm>),
    /// What the gateway works out counts again.
    GeenEigenDatums(LeegVorm),
    /// Nothing is told about the client until it is released.
    Vasthouden(LeegVorm),
    /// What is held back is told, and the planner goes on after a refusal.
    Vrijgeven(LeegVorm),
    /// The planner runs at once, without the bedenktijd.
    Herplannen(LeegVorm),
}

/// What the backoffice calls a voorziening.
#[derive(Deserialize, ToSchema)]
#[schema(as = VoorzieningNaam, min_length = 1, max_length = 36)]
#[expect(dead_code, reason = "it is a shape and never read")]
pub(super) struct NaamVorm(String);

/// A BSN.
#[derive(Deserialize, ToSchema)]
#[schema(as = Bsn, pattern = "^[0-9]{9}$")]
#[expect(dead_code, reason = "it is a shape and never read")]
pub(super) struct BsnVorm(String);

/// An empty object.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpgaveLeeg)]
pub(super) struct LeegVorm {}

/// How support is provided.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Leveringsvorm)]
pub(super) enum LeveringsvormVorm {
    /// Zorg in natura, by a toewijzing.
    Zin,
    /// A persoonsgebonden budget.
    Pgb,
    /// An algemene voorziening.
    Algemeen,
}

/// What a statement is about: an object with one member.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Waarover)]
#[expect(dead_code, reason = "it is a shape and never read")]
pub(super) enum WaaroverVorm {
    /// A toewijzing, by its ToewijzingNummer.
    Toewijzing(u32),
    /// A voorziening, by its name.
    Voorziening(NaamVorm),
    /// A product under a taakgericht contract; null: without a product.
    Taakgericht(Option<ProductVorm>),
}

/// A product.
#[derive(Deserialize, ToSchema)]
#[schema(as = OpgaveProduct)]
#[expect(dead_code, reason = "it is a shape and never read")]
pub(super) struct ProductVorm {
    /// ProductCategorie.
    #[schema(pattern = "^[0-9]{2}$")]
    categorie: String,
    /// ProductCode.
    #[serde(default)]
    code: Option<String>,
}

/// Support without a 305: a pgb, an algemene voorziening, or the dates that the backoffice has of a toewijzing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpgaveVoorziening)]
#[expect(dead_code, reason = "it is a shape and never read")]
pub(super) struct VoorzieningVorm {
    /// What the backoffice calls it; stating it again replaces it.
    naam: NaamVorm,
    /// How it is provided.
    leveringsvorm: LeveringsvormVorm,
    /// The toewijzing whose dates these are; only for zorg in natura.
    #[serde(default)]
    toewijzing: Option<u32>,
    /// ProductCategorie; only without a toewijzing.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{2}$")]
    categorie: Option<String>,
    /// ProductCode; only with a category.
    #[serde(default)]
    code: Option<String>,
    /// The day on which it was decided.
    #[serde(default)]
    #[schema(format = Date)]
    beschikkingsdatum: Option<String>,
    /// The first day.
    #[schema(format = Date)]
    ingangsdatum: String,
    /// The last day; absent while it runs.
    #[serde(default)]
    #[schema(format = Date)]
    einddatum: Option<String>,
}

/// Facts about the client.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = OpgaveClient)]
pub(super) struct ClientVorm {
    /// Date of birth, in place of that of the messages.
    #[schema(format = Date)]
    geboortedatum: Option<String>,
    /// The day of death.
    #[schema(format = Date)]
    overleden_op: Option<String>,
    /// The last day on which the gemeente is responsible.
    #[schema(format = Date)]
    verhuisd_na: Option<String>,
    /// The first day of Wlz care.
    #[schema(format = Date)]
    wlz_vanaf: Option<String>,
    /// Its last day.
    #[schema(format = Date)]
    wlz_tot_en_met: Option<String>,
    /// The first day of beschermd wonen.
    #[schema(format = Date)]
    bw_vanaf: Option<String>,
    /// Its last day.
    #[schema(format = Date)]
    bw_tot_en_met: Option<String>,
}

/// Whether something is chargeable.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Belasting)]
pub(super) enum BelastingKeuze {
    /// The contribution is due.
    Belast,
    /// Nothing is due.
    Vrij,
    /// Another contribution is due.
    AnderRegime,
    /// Nobody decided yet.
    Handmatig,
}

/// A decision whether something is chargeable.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpgaveBelasting)]
#[expect(dead_code, reason = "it is a shape and never read")]
pub(super) struct BelastingVorm {
    /// What it is about.
    waarover: WaaroverVorm,
    /// The decision; absent: it is taken back.
    #[serde(default)]
    belasting: Option<BelastingKeuze>,
    /// From this day.
    #[serde(default)]
    #[schema(format = Date)]
    geldig_vanaf: Option<String>,
    /// Until the day before this one.
    #[serde(default)]
    #[schema(format = Date)]
    geldig_tot: Option<String>,
}

/// The price of a hulpmiddel or woningaanpassing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpgaveKostprijs)]
#[expect(dead_code, reason = "it is a shape and never read")]
pub(super) struct KostprijsVorm {
    /// What has the price.
    waarover: WaaroverVorm,
    /// The price in eurocents; absent: it has none after all.
    #[serde(default)]
    #[schema(maximum = 99_999_999)]
    bedrag_cent: Option<u32>,
    /// From when on it is paid off; absent: from the beginning of the support.
    #[serde(default)]
    #[schema(format = Date)]
    startdatum: Option<String>,
    /// It was found paid off: the month of this day is the last.
    #[serde(default)]
    #[schema(format = Date)]
    bereikt_op: Option<String>,
}

/// On which ground of UVB 3.8 lid 3 a client is exempt.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OpgaveGrond)]
pub(super) enum GrondVorm {
    /// The safety of a child.
    C,
    /// Insufficient means.
    G,
    /// An integral approach.
    H,
}

/// An exemption.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpgaveVrijstelling)]
#[expect(dead_code, reason = "it is a shape and never read")]
pub(super) struct VrijstellingVorm {
    /// On which ground.
    grond: GrondVorm,
    /// The first month of it, by a day in it.
    #[schema(format = Date)]
    vanaf: String,
    /// For how many months; 0: it is taken back.
    maanden: u8,
    /// The CAK was told.
    #[serde(default)]
    gemeld: bool,
}

/// An intake.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpgaveIntake)]
#[expect(dead_code, reason = "it is a shape and never read")]
pub(super) struct IntakeVorm {
    /// AGB code of the aanbieder.
    #[schema(pattern = "^[0-9]{8}$")]
    aanbieder: String,
    /// The day of the intake; absent: there was none after all.
    #[serde(default)]
    #[schema(format = Date)]
    gehouden_op: Option<String>,
}

/// A period as the CAK has it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpgaveBekend)]
#[expect(dead_code, reason = "it is a shape and never read")]
pub(super) struct BekendVorm {
    /// EbStartNummer.
    #[schema(minimum = 1, maximum = 999_999_999)]
    nummer: u32,
    /// EbStartdatum.
    #[schema(format = Date)]
    start: String,
    /// EbStopdatum; absent: it runs.
    #[serde(default)]
    #[schema(format = Date)]
    stop: Option<String>,
    /// EbKostprijs.
    #[serde(default)]
    kostprijs: Option<BekendeKostprijs>,
}

/// EbKostprijs.
#[derive(Deserialize, ToSchema)]
#[schema(as = OpgaveEbKostprijs)]
#[expect(dead_code, reason = "it is a shape and never read")]
pub(super) struct BekendeKostprijs {
    /// KostprijsBedrag in eurocents.
    #[schema(maximum = 99_999_999)]
    bedrag_cent: u32,
    /// KostprijsStartdatum.
    #[schema(format = Date)]
    startdatum: String,
}

/// A period in the words of a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpgaveEigen)]
#[expect(dead_code, reason = "it is a shape and never read")]
pub(super) struct EigenVorm {
    /// The first day.
    #[schema(format = Date)]
    start: String,
    /// The last day; absent while it runs.
    #[serde(default)]
    #[schema(format = Date)]
    eind: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use iwmo_toewijzing::cak::Opgave;
    use serde_json::{Value, json};

    use super::*;

    /// Every statement in the page for the backoffice, each with its word.
    fn documented() -> Vec<(String, Value)> {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/eigen-bijdrage.md");
        let text = std::fs::read_to_string(page).unwrap();
        let mut found = Vec::new();
        for quoted in text.split('`').filter(|part| part.starts_with("{\"") && part.ends_with('}')) {
            let value: Value = serde_json::from_str(quoted).unwrap();
            let word = value.as_object().unwrap().keys().next().unwrap().clone();
            found.push((word, value));
        }
        found
    }

    /// Whatever the machine takes has the documented shape, and the other way round; also what neither takes.
    #[test]
    fn the_shape_is_that_of_the_machine() {
        let mut words: Vec<&str> = Vec::new();
        let documented = documented();
        for (word, value) in &documented {
            let machine: Result<Opgave, _> = serde_json::from_value(value.clone());
            let Ok(opgave) = machine else { continue };
            assert_eq!(opgave.word(), word);
            assert!(serde_json::from_value::<OpgaveVorm>(value.clone()).is_ok(), "{value}");
            words.push(word);
            // One more member fits neither.
            if let Some(inner) = value[word].as_object() {
                let mut inner = inner.clone();
                inner.insert("anders".to_owned(), json!(1));
                let more = json!({ word: inner });
                assert!(serde_json::from_value::<Opgave>(more.clone()).is_err(), "{more}");
                assert!(serde_json::from_value::<OpgaveVorm>(more.clone()).is_err(), "{more}");
            }
        }
        words.sort_unstable();
        words.dedup();
        assert_eq!(
            words,
            [
                "bekend_bij_cak",
                "belasting",
                "bsn",
                "client",
                "eigen_datums",
                "geen_eigen_datums",
                "herplannen",
                "intake",
                "kostprijs",
                "vasthouden",
                "voorziening",
                "voorziening_ingetrokken",
                "vrijgeven",
                "vrijstelling",
            ]
        );
    }
}
