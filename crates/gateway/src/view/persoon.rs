//! A person as one gemeente knows them: the arrangement over all aanbieders.

use iwmo_codec::Schemas;
use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::dossier::{Verzoek, VerzoekSoort};
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Aanbieder, Bsn, Gemeente};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::timeline::{Line, of_person};
use super::toewijzing::{EbPeriodeView, ToewijzingView, dossier, summary};
use crate::journal::Reader;
use crate::ledger::{LedgerError, Persoon, Rows, keys};
use crate::store::Ledger;

/// What a gemeente arranged for a person. Nothing in it says who that is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ArrangementView {
    /// Gemeentecode.
    pub gemeente: String,
    /// AGB codes of who supports the person, or wants to.
    pub aanbieders: Vec<String>,
    /// The toewijzingen over all aanbieders, without timeline.
    pub toewijzingen: Vec<ToewijzingView>,
    /// What aanbieders asked for.
    pub verzoeken: Vec<VerzoekView>,
    /// What the CAK holds.
    pub eigen_bijdrage: Vec<EbPeriodeView>,
    /// Why the notification to the CAK waits or needs a person.
    pub eigen_bijdrage_wacht: Option<String>,
    /// What happened, over all aanbieders, in order.
    pub tijdlijn: Vec<Line>,
}

/// A request of an aanbieder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct VerzoekView {
    /// ReferentieAanbieder.
    pub referentie: String,
    /// `toewijzing` (315) or `wijziging` (317).
    pub soort: &'static str,
    /// PENDING, UNDER_INVESTIGATION or ANSWERED.
    pub status: &'static str,
    /// AGB code of who asks.
    pub aanbieder: String,
    /// The entry that brought it, `GEMEENTE:SEQ`.
    pub entry: String,
    /// The day it was received.
    pub ontvangen: String,
}

/// Returns what a gemeente arranged for a person; nothing when it does not know them.
///
/// # Errors
///
/// The store or the journal cannot be read.
pub fn arrangement(
    ledger: &Ledger,
    reader: &Reader,
    schemas: &Schemas,
    gemeente: Gemeente,
    bsn: &Bsn,
    today: Date,
) -> Result<Option<ArrangementView>, LedgerError> {
    let Some(persoon) = ledger.row::<Persoon>(&keys::persoon(gemeente, bsn))? else { return Ok(None) };
    let (mut toewijzingen, mut verzoeken) = (Vec::new(), Vec::new());
    for aanbieder in &persoon.aanbieders {
        let key = DossierKey { gemeente, aanbieder: *aanbieder, bsn: *bsn };
        let Some(dossier) = dossier(ledger, &key)? else { continue };
        toewijzingen.extend(dossier.nummers().map(|nummer| summary(&dossier, nummer, today)));
        verzoeken.extend(requests(&dossier, gemeente, *aanbieder));
    }
    toewijzingen.sort_by_key(|toewijzing| toewijzing.nummer);
    Ok(Some(ArrangementView {
        gemeente: gemeente.to_string(),
        aanbieders: persoon.aanbieders.iter().map(ToString::to_string).collect(),
        toewijzingen,
        verzoeken,
        eigen_bijdrage: persoon.eb.aanvaard().into_iter().map(EbPeriodeView::from).collect(),
        eigen_bijdrage_wacht: persoon.eb_reden,
        tijdlijn: of_person(ledger, reader, schemas, gemeente, bsn, |_| true)?,
    }))
}

fn requests(
    dossier: &Dossier,
    gemeente: Gemeente,
    aanbieder: Aanbieder,
) -> impl Iterator<Item = VerzoekView> + '_ {
    dossier.verzoeken().iter().map(move |verzoek: &Verzoek| VerzoekView {
        referentie: verzoek.referentie.as_str().to_owned(),
        soort: match verzoek.soort {
            VerzoekSoort::Toewijzing => "toewijzing",
            VerzoekSoort::Wijziging => "wijziging",
        },
        status: verzoek.status().as_str(),
        aanbieder: aanbieder.to_string(),
        entry: format!("{gemeente}:{}", verzoek.bericht.entry),
        ontvangen: verzoek.bericht.dag.to_string(),
    })
}
