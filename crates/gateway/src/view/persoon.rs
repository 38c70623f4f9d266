//! A person as one gemeente knows them: the arrangement over all aanbieders.

use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::toewijzing::{EbPeriodeView, ToewijzingView, dossier, summary};
use crate::ledger::{LedgerError, Persoon, Rows, keys};
use crate::store::Ledger;

/// What a gemeente arranged for a person. Nothing in it says who that is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ArrangementView {
    /// Gemeentecode.
    pub gemeente: String,
    /// AGB codes of who supports the person.
    pub aanbieders: Vec<String>,
    /// The toewijzingen over all aanbieders, without timeline.
    pub toewijzingen: Vec<ToewijzingView>,
    /// What the CAK holds.
    pub eigen_bijdrage: Vec<EbPeriodeView>,
    /// Why the notification to the CAK waits or needs a person.
    pub eigen_bijdrage_wacht: Option<String>,
}

/// Returns what a gemeente arranged for a person; nothing when it does not know them.
///
/// # Errors
///
/// The store cannot be read.
pub fn arrangement(
    ledger: &Ledger,
    gemeente: Gemeente,
    bsn: &Bsn,
    today: Date,
) -> Result<Option<ArrangementView>, LedgerError> {
    let Some(persoon) = ledger.row::<Persoon>(&keys::persoon(gemeente, bsn))? else { return Ok(None) };
    let mut toewijzingen = Vec::new();
    for aanbieder in &persoon.aanbieders {
        let key = DossierKey { gemeente, aanbieder: *aanbieder, bsn: *bsn };
        let Some(dossier) = dossier(ledger, &key)? else { continue };
        toewijzingen.extend(dossier.nummers().map(|nummer| summary(&dossier, nummer, today)));
    }
    toewijzingen.sort_by_key(|toewijzing| toewijzing.nummer);
    Ok(Some(ArrangementView {
        gemeente: gemeente.to_string(),
        aanbieders: persoon.aanbieders.iter().map(ToString::to_string).collect(),
        toewijzingen,
        eigen_bijdrage: persoon.eb.aanvaard().into_iter().map(EbPeriodeView::from).collect(),
        eigen_bijdrage_wacht: persoon.eb_reden,
    }))
}
