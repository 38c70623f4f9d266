//! What stands at the CAK of a whole gemeente, for comparison with its own administration (ieb-cak 9.7). The one view with
//! a BSN in it: without, there is nothing to compare.

use iwmo_toewijzing::identity::Gemeente;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::{LedgerError, Persoon, Rows, keys};
use crate::store::Ledger;

/// A period that the CAK accepted and that stands.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BekendView {
    /// The BSN.
    pub bsn: String,
    /// EbStartNummer.
    pub nummer: u32,
    /// EbStartdatum.
    pub start: String,
    /// EbStopdatum; none: it runs.
    pub stop: Option<String>,
    /// KostprijsBedrag in eurocents.
    pub kostprijs_cent: Option<u32>,
    /// KostprijsStartdatum.
    pub kostprijs_vanaf: Option<String>,
    /// A message about this person waits for the answer of the CAK.
    pub onderweg: bool,
}

impl std::fmt::Debug for BekendView {
    /// Without who it is.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BekendView").field("nummer", &self.nummer).finish_non_exhaustive()
    }
}

/// Returns the periods that stand at the CAK with a number above this one, by number: at most so many, but all of one number,
/// and whether there are more.
///
/// # Errors
///
/// The store cannot be read.
pub fn known_periods(
    ledger: &Ledger,
    gemeente: Gemeente,
    after: u32,
    limit: usize,
) -> Result<(Vec<BekendView>, bool), LedgerError> {
    let mut found: Vec<BekendView> = Vec::new();
    let from = keys::eb_nummers_vanaf(gemeente, after.saturating_add(1));
    for row in ledger.range(&keys::eb_nummers(gemeente), &from) {
        let (key, _) = row?;
        let Some((nummer, bsn)) = keys::eb_nummer_delen(&key) else { continue };
        // A number that was stated of two persons is on one page.
        if found.len() >= limit && found.last().is_some_and(|last| last.nummer != nummer) {
            return Ok((found, true));
        }
        // Deleted between the scan and the read.
        let Some(persoon) = ledger.row::<Persoon>(&keys::persoon(gemeente, &bsn))? else { continue };
        let standing = persoon.eb.aanvaard();
        let Some(period) = standing.iter().find(|period| period.nummer.value() == nummer) else { continue };
        let kostprijs = period.start.kostprijs;
        found.push(BekendView {
            bsn: bsn.expose().to_owned(),
            nummer,
            start: period.start.datum.to_string(),
            stop: period.stop.map(|stop| stop.to_string()),
            kostprijs_cent: kostprijs.map(|price| price.bedrag_cent),
            kostprijs_vanaf: kostprijs.map(|price| price.startdatum.to_string()),
            onderweg: persoon.eb.onderweg().is_some(),
        });
    }
    Ok((found, false))
}
