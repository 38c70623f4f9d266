//! Requests of the aanbieder (315, 317) and the answers of the gemeente (319).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::identity::{Malformed, Omvang, Product, ReferentieAanbieder, ToewijzingNummer};

/// One AangevraagdProduct of a 315.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AangevraagdProduct {
    /// ReferentieAanbieder: each product is a request of its own.
    pub referentie: ReferentieAanbieder,
    /// Product; absent for a generic one.
    pub product: Option<Product>,
    /// ToewijzingIngangsdatum.
    #[serde(with = "crate::compact::date")]
    pub ingangsdatum: Date,
}

/// The Verzoek of a 317.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wijzigingsverzoek {
    /// ReferentieAanbieder.
    pub referentie: ReferentieAanbieder,
    /// The toewijzingen that stay as they are.
    pub ongewijzigd: Vec<ToewijzingNummer>,
    /// The toewijzingen that are to change.
    pub te_wijzigen: Vec<TeWijzigenProduct>,
    /// What is asked for besides.
    pub nieuw: Vec<NieuwProduct>,
}

/// One TeWijzigenProduct of a 317.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeWijzigenProduct {
    /// ToewijzingNummer.
    pub nummer: ToewijzingNummer,
    /// GewensteIngangsdatum.
    #[serde(with = "crate::compact::date")]
    pub gewenste_ingangsdatum: Date,
    /// Einddatum.
    #[serde(with = "crate::compact::optional_date")]
    pub einddatum: Option<Date>,
    /// Omvang.
    pub omvang: Option<Omvang>,
    /// Budget in eurocents.
    pub budget: Option<u64>,
}

/// One NieuwProduct of a 317.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NieuwProduct {
    /// Product; absent for a generic one.
    pub product: Option<Product>,
    /// GewensteIngangsdatum.
    #[serde(with = "crate::compact::date")]
    pub gewenste_ingangsdatum: Date,
    /// Einddatum.
    #[serde(with = "crate::compact::optional_date")]
    pub einddatum: Option<Date>,
}

/// The Antwoord of a 319.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Antwoord {
    /// ReferentieAanbieder of the request.
    pub referentie: ReferentieAanbieder,
    /// VerzoekAntwoord.
    pub antwoord: VerzoekAntwoord,
}

/// VerzoekAntwoord (WJ760).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VerzoekAntwoord {
    /// 1: refused.
    Afgewezen,
    /// 2: being looked into; another answer follows.
    InOnderzoek,
}

impl VerzoekAntwoord {
    /// Takes the code as the message writes it.
    ///
    /// # Errors
    ///
    /// The schema does not know the code.
    pub fn new(code: &str) -> Result<Self, Malformed> {
        match code {
            "1" => Ok(Self::Afgewezen),
            "2" => Ok(Self::InOnderzoek),
            _ => Err(Malformed { what: "VerzoekAntwoord", expected: "1 or 2" }),
        }
    }
}
