//! What stands at the CAK of a whole gemeente, for comparison with its own administration (ieb-cak 9.7). The one view with
//! a BSN in it: without, there is nothing to compare.

use iwmo_toewijzing::identity::Gemeente;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::{LedgerError, Persoon, decode_row, keys};
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

/// Tells every period that stands at the CAK, person by person.
///
/// # Errors
///
/// The store cannot be read.
pub fn known_periods(
    ledger: &Ledger,
    gemeente: Gemeente,
    tell: &mut dyn FnMut(BekendView),
) -> Result<(), LedgerError> {
    for row in ledger.scan(&keys::personen_van(Some(gemeente))) {
        let (key, value) = row?;
        let Some((_, bsn)) = keys::persoon_delen(&key) else { continue };
        let persoon: Persoon = decode_row(&key, &value)?;
        for period in persoon.eb.aanvaard() {
            let kostprijs = period.start.kostprijs;
            tell(BekendView {
                bsn: bsn.expose().to_owned(),
                nummer: period.nummer.value(),
                start: period.start.datum.to_string(),
                stop: period.stop.map(|stop| stop.to_string()),
                kostprijs_cent: kostprijs.map(|price| price.bedrag_cent),
                kostprijs_vanaf: kostprijs.map(|price| price.startdatum.to_string()),
                onderweg: persoon.eb.onderweg().is_some(),
            });
        }
    }
    Ok(())
}
