//! Toewijzingen: state, delivery, eigen bijdrage and timeline.

use iwmo_codec::Schemas;
use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::cak::EbPeriode;
use iwmo_toewijzing::dossier::{LeveringStaat, Onderwerp};
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Aanbieder, Gemeente, ToewijzingNummer};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::timeline::{Line, timeline};
use crate::journal::Reader;
use crate::ledger::{LedgerError, Persoon, Rows, decode_row, keys};
use crate::store::Ledger;

/// A toewijzing as its records say it is today.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ToewijzingView {
    /// Gemeentecode.
    pub gemeente: String,
    /// ToewijzingNummer.
    pub nummer: u32,
    /// AGB code.
    pub aanbieder: String,
    /// ONBEKEND, AANGEBODEN, BEVESTIGD or VERWIJDERD.
    pub status: &'static str,
    /// The aanbieder acted on the version that counts, although its 302 is still out (D9).
    pub impliciet_bevestigd: bool,
    /// TOEKOMSTIG, LOPEND or VERLOPEN.
    pub fase: Option<&'static str>,
    /// Categorie and Code of the product.
    pub product: Option<String>,
    /// First day.
    pub ingangsdatum: Option<String>,
    /// Last day.
    pub einddatum: Option<String>,
    /// What is delivered.
    pub levering: LeveringView,
    /// Open anomalies: work for people.
    pub anomalieen: Vec<&'static str>,
    /// What the CAK holds for the person, over all toewijzingen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub eigen_bijdrage: Vec<EbPeriodeView>,
    /// Why the notification to the CAK waits or needs a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eigen_bijdrage_wacht: Option<String>,
    /// What happened, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tijdlijn: Vec<Line>,
}

/// The delivery of a toewijzing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeveringView {
    /// NIET_GESTART, GESTART, TIJDELIJK_GESTOPT or BEEINDIGD.
    pub status: &'static str,
    /// Begindatum of the start concerned.
    pub begindatum: Option<String>,
    /// Einddatum of the stop that decides.
    pub einddatum: Option<String>,
    /// RedenBeeindiging of that stop.
    pub reden: Option<String>,
}

/// A period of eigen bijdrage as the CAK accepted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EbPeriodeView {
    /// EbStartNummer.
    pub nummer: u32,
    /// EbStartdatum.
    pub start: String,
    /// EbStopdatum.
    pub stop: Option<String>,
}

/// Which toewijzingen to show.
#[derive(Clone, Debug, Default)]
pub struct ToewijzingFilter {
    /// Of these gemeenten; none: all.
    pub gemeenten: Option<Vec<Gemeente>>,
    /// Of this aanbieder.
    pub aanbieder: Option<Aanbieder>,
    /// In this state of delivery.
    pub levering: Option<String>,
    /// After this one, for the next page.
    pub after: Option<(Gemeente, ToewijzingNummer)>,
    /// At most so many.
    pub limit: usize,
}

/// Returns toewijzingen in order of gemeente and number, without timeline.
///
/// # Errors
///
/// The store cannot be read.
pub fn toewijzingen(
    ledger: &Ledger,
    filter: &ToewijzingFilter,
    today: Date,
) -> Result<Vec<ToewijzingView>, LedgerError> {
    let mut found = Vec::new();
    let from = match filter.after {
        Some((gemeente, nummer)) => {
            let mut key = keys::toewijzing(gemeente, nummer);
            key.push(0);
            key
        }
        None => keys::toewijzingen(),
    };
    for row in ledger.range(&keys::toewijzingen(), &from) {
        if found.len() >= filter.limit {
            break;
        }
        let (key, value) = row?;
        let Some((gemeente, nummer)) = keys::toewijzing_delen(&key) else { continue };
        if filter.gemeenten.as_ref().is_some_and(|gemeenten| !gemeenten.contains(&gemeente)) {
            continue;
        }
        let owner: DossierKey = decode_row(&key, &value)?;
        if filter.aanbieder.is_some_and(|aanbieder| aanbieder != owner.aanbieder) {
            continue;
        }
        let Some(dossier) = dossier(ledger, &owner)? else { continue };
        let view = summary(&dossier, nummer, today);
        if filter.levering.as_ref().is_some_and(|levering| levering != view.levering.status) {
            continue;
        }
        found.push(view);
    }
    Ok(found)
}

/// Returns one toewijzing with its timeline.
///
/// # Errors
///
/// The store or the journal cannot be read.
pub fn toewijzing(
    ledger: &Ledger,
    reader: &Reader,
    schemas: &Schemas,
    gemeente: Gemeente,
    nummer: ToewijzingNummer,
    today: Date,
) -> Result<Option<ToewijzingView>, LedgerError> {
    let Some(owner) = ledger.row::<DossierKey>(&keys::toewijzing(gemeente, nummer))? else { return Ok(None) };
    let Some(dossier) = dossier(ledger, &owner)? else { return Ok(None) };
    let mut view = summary(&dossier, nummer, today);
    if let Some(persoon) = ledger.row::<Persoon>(&keys::persoon(gemeente, &owner.bsn))? {
        view.eigen_bijdrage = persoon.eb.aanvaard().into_iter().map(EbPeriodeView::from).collect();
        view.eigen_bijdrage_wacht = persoon.eb_reden;
    }
    view.tijdlijn = timeline(ledger, reader, schemas, gemeente, &owner.bsn, nummer)?;
    Ok(Some(view))
}

pub(super) fn dossier(ledger: &Ledger, key: &DossierKey) -> Result<Option<Dossier>, LedgerError> {
    ledger.row(&keys::dossier(key.gemeente, key.aanbieder, &key.bsn))
}

pub(super) fn summary(dossier: &Dossier, nummer: ToewijzingNummer, today: Date) -> ToewijzingView {
    let key = dossier.key();
    let effective = dossier.effectief(nummer).map(|version| &version.inhoud);
    let onderwerp = Onderwerp::Toewijzing(nummer);
    let anomalieen = dossier.anomalieen_van(&onderwerp);
    ToewijzingView {
        gemeente: key.gemeente.to_string(),
        nummer: nummer.value(),
        aanbieder: key.aanbieder.to_string(),
        status: dossier.status(nummer).as_str(),
        impliciet_bevestigd: dossier.is_impliciet_bevestigd(nummer),
        fase: dossier.fase(nummer, today).map(|fase| fase.as_str()),
        product: effective.and_then(|inhoud| inhoud.product.as_ref()).map(|product| match &product.code {
            Some(code) => format!("{}/{}", product.categorie, code.as_str()),
            None => product.categorie.to_string(),
        }),
        ingangsdatum: effective.map(|inhoud| inhoud.ingangsdatum.to_string()),
        einddatum: effective.and_then(|inhoud| inhoud.einddatum).map(|date| date.to_string()),
        levering: LeveringView::from(dossier.levering_staat(&onderwerp)),
        anomalieen: anomalieen.iter().map(|soort| soort.as_str()).collect(),
        eigen_bijdrage: Vec::new(),
        eigen_bijdrage_wacht: None,
        tijdlijn: Vec::new(),
    }
}

impl From<LeveringStaat> for LeveringView {
    fn from(staat: LeveringStaat) -> Self {
        Self {
            status: staat.status.as_str(),
            begindatum: staat.begindatum.map(|date| date.to_string()),
            einddatum: staat.einddatum.map(|date| date.to_string()),
            reden: staat.reden.map(|reden| reden.to_string()),
        }
    }
}

impl From<&EbPeriode> for EbPeriodeView {
    fn from(periode: &EbPeriode) -> Self {
        Self {
            nummer: periode.nummer.value(),
            start: periode.start.datum.to_string(),
            stop: periode.stop.map(|date| date.to_string()),
        }
    }
}
