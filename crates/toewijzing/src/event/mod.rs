//! What happens to a dossier, as the machine sees it: no XML, no names, no addresses.

mod declaratie;
mod verzoek;

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::identity::{
    Aanbieder, Bsn, Gemeente, Identificatie, Malformed, Omvang, Product, RedenBeeindiging, RedenWijziging,
    ReferentieAanbieder, Retourcode, ToewijzingNummer,
};

pub use declaratie::{Afgewezen, DeclaratieUitkomst, Prestatie};
pub use verzoek::{
    AangevraagdProduct, Antwoord, NieuwProduct, TeWijzigenProduct, VerzoekAntwoord, Wijzigingsverzoek,
};

/// Whose dossier: the unit that is judged by itself and in order (D8).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DossierKey {
    /// The gemeente.
    pub gemeente: Gemeente,
    /// The aanbieder.
    pub aanbieder: Aanbieder,
    /// The client.
    pub bsn: Bsn,
}

/// The mark a message leaves on what it made, so that every record can be traced to its message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bericht {
    /// The journal entry's number in the chain of the gemeente: `GEMEENTE:SEQ` without the gemeente.
    /// The machine never reads a meaning into it, it only has to differ between messages.
    pub entry: u64,
    /// BerichtIdentificatie/Identificatie.
    pub identificatie: Identificatie,
    /// BerichtIdentificatie/Dagtekening.
    #[serde(with = "crate::compact::date")]
    pub dagtekening: Date,
    /// The day it was received, or sent when this gateway sent it.
    #[serde(with = "crate::compact::date")]
    pub dag: Date,
}

/// A message, reduced to what matters to a dossier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Whose dossier.
    pub dossier: DossierKey,
    /// The message.
    pub bericht: Bericht,
    /// What it says.
    pub inhoud: Inhoud,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Inhoud {
    /// 301: the gemeente assigns.
    Toewijzen(Vec<ToegewezenProduct>),
    /// 302: the aanbieder answers a 301.
    ToewijzingRetour(ToewijzingRetour),
    /// 305: the aanbieder reports starts.
    Starten(Vec<StartProduct>),
    /// 307: the aanbieder reports stops.
    Stoppen(Vec<StopProduct>),
    /// 315: the aanbieder asks for toewijzingen.
    Aanvragen(Vec<AangevraagdProduct>),
    /// 317: the aanbieder asks for a change.
    Wijzigen(Wijzigingsverzoek),
    /// 319: the gemeente answers a request.
    Beantwoorden(Antwoord),
    /// 320: the aanbieder answers a 319.
    AntwoordRetour(ToewijzingRetour),
    /// 323: the aanbieder declares; the Prestaties of this client.
    Declareren(Vec<Prestatie>),
    /// 325: the gemeente settles a declaration; what it says of this client.
    DeclaratieAntwoord(DeclaratieUitkomst),
}

impl Inhoud {
    /// Returns the toewijzingen that a 301, 305, 307 or 317 names, ascending and once each.
    #[must_use]
    pub fn nummers(&self) -> Vec<ToewijzingNummer> {
        let mut nummers: Vec<ToewijzingNummer> = match self {
            Self::Toewijzen(products) => products.iter().map(|product| product.nummer).collect(),
            Self::Starten(starts) => starts.iter().filter_map(|start| start.key.nummer).collect(),
            Self::Stoppen(stops) => stops.iter().filter_map(|stop| stop.key.start.nummer).collect(),
            Self::Wijzigen(verzoek) => {
                let changed = verzoek.te_wijzigen.iter().map(|product| product.nummer);
                verzoek.ongewijzigd.iter().copied().chain(changed).collect()
            }
            _ => Vec::new(),
        };
        nummers.sort_unstable();
        nummers.dedup();
        nummers
    }
}

/// One ToegewezenProduct of a 301.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToegewezenProduct {
    /// ToewijzingNummer.
    pub nummer: ToewijzingNummer,
    /// ReferentieAanbieder, when the 301 grants a request.
    pub referentie_aanbieder: Option<ReferentieAanbieder>,
    /// Product; absent for a generic toewijzing.
    pub product: Option<Product>,
    /// Toewijzingsdatum.
    #[serde(with = "crate::compact::date")]
    pub toewijzingsdatum: Date,
    /// Toewijzingstijd.
    #[serde(with = "crate::compact::time")]
    pub toewijzingstijd: Time,
    /// Ingangsdatum.
    #[serde(with = "crate::compact::date")]
    pub ingangsdatum: Date,
    /// Einddatum.
    #[serde(with = "crate::compact::optional_date")]
    pub einddatum: Option<Date>,
    /// RedenWijziging.
    pub reden_wijziging: Option<RedenWijziging>,
    /// Omvang.
    pub omvang: Option<Omvang>,
    /// Budget in eurocents.
    pub budget: Option<u64>,
}

/// What a 302 or 320 says about the 301 or 319 it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToewijzingRetour {
    /// Identificatie of the message, which its retour repeats in the header.
    pub op: Identificatie,
    /// Every code in the retour, of header and classes together. None, or none but `0200`: approved (D24).
    pub codes: Vec<Retourcode>,
    /// The classes of the message came back with it, as with a refusal alone (IV028): it is one, whatever the codes.
    pub met_klassen: bool,
}

impl ToewijzingRetour {
    /// True when the message is approved as a whole.
    #[must_use]
    pub fn is_goedgekeurd(&self) -> bool {
        !self.met_klassen && self.codes.iter().all(|code| *code == Retourcode::GEEN_OPMERKINGEN)
    }
}

/// StatusAanlevering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StatusAanlevering {
    /// 1: first delivery.
    Eerste,
    /// 2: changed. CS058 refuses it in a 305 and 307.
    Gewijzigd,
    /// 3: delete.
    Verwijderen,
    /// 9: unchanged. CS058 refuses it in a 305 and 307.
    Ongewijzigd,
}

impl StatusAanlevering {
    /// Takes the code as the message writes it.
    ///
    /// # Errors
    ///
    /// The schema does not know the code.
    pub fn new(code: &str) -> Result<Self, Malformed> {
        match code {
            "1" => Ok(Self::Eerste),
            "2" => Ok(Self::Gewijzigd),
            "3" => Ok(Self::Verwijderen),
            "9" => Ok(Self::Ongewijzigd),
            _ => Err(Malformed { what: "StatusAanlevering", expected: "1, 2, 3 or 9" }),
        }
    }
}

/// One StartProduct of a 305.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartProduct {
    /// What makes it this start and no other.
    pub key: StartKey,
    /// ToewijzingIngangsdatum.
    #[serde(with = "crate::compact::optional_date")]
    pub toewijzing_ingangsdatum: Option<Date>,
    /// StatusAanlevering.
    pub status: StatusAanlevering,
}

/// One StopProduct of a 307.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopProduct {
    /// What makes it this stop and no other.
    pub key: StopKey,
    /// ToewijzingIngangsdatum.
    #[serde(with = "crate::compact::optional_date")]
    pub toewijzing_ingangsdatum: Option<Date>,
    /// StatusAanlevering.
    pub status: StatusAanlevering,
}

/// The logical key of a start within a dossier (TR063, TR074, TR101). Absent parts equal absent parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StartKey {
    /// ToewijzingNummer; absent for a taakgericht delivery.
    pub nummer: Option<ToewijzingNummer>,
    /// Product; absent for a generic toewijzing.
    pub product: Option<Product>,
    /// Begindatum.
    #[serde(with = "crate::compact::date")]
    pub begindatum: Date,
}

/// The logical key of a stop within a dossier; RedenBeeindiging joined it in release 3.2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StopKey {
    /// The start it ends.
    pub start: StartKey,
    /// RedenBeeindiging.
    pub reden: RedenBeeindiging,
    /// Einddatum, the last day of support.
    #[serde(with = "crate::compact::date")]
    pub einddatum: Date,
}
