//! Wmo-5.3.5: requests of persons to remove what is kept about them.

use iwmo_toewijzing::deadline::Stand;
use iwmo_toewijzing::identity::Gemeente;

use super::{Listing, TermijnView};
use crate::ledger::LedgerError;
use crate::ledger::keys::{self, Plaats, Soort};
use crate::removal;
use crate::store::Ledger;
use crate::view::page::Seen;

/// The timer of such a request.
pub(in crate::view) const VERWIJDERING: &str = "VERWIJDERING";

/// Adds those that are open.
pub(super) fn of_removals(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    if !listing.asks(VERWIJDERING) {
        return Ok(());
    }
    let prefix = keys::wachtenden(gemeente, Soort::Verwijdering);
    // There are few of them, and one is open for three months.
    listing.follow(ledger, &prefix, &prefix, |listing, key, _| {
        let Some((plaats, _)) = Plaats::read(key) else { return Ok(None) };
        let Some(start) = plaats.dag else { return Ok(None) };
        let due = removal::due(start);
        if listing.is_past(due) {
            return Ok(Some(Seen::End));
        }
        let stand = if listing.today > due { Stand::Verlopen } else { Stand::Loopt };
        let row = TermijnView {
            uiterlijk: due.to_string(),
            vanaf: start.to_string(),
            verlopen: stand == Stand::Verlopen,
            stand: stand.as_str(),
            gehaald_op: None,
            termijn: VERWIJDERING,
            wie: "gemeente",
            gemeente: gemeente.to_string(),
            aanbieder: None,
            toewijzing: None,
            entry: Some(format!("{gemeente}:{}", plaats.seq)),
            tekst: "een persoon vroeg om verwijdering van de gegevens".to_owned(),
            text: "a person asked for removal of the data".to_owned(),
            regels: vec!["Wmo-5.3.5"],
        };
        Ok(Some(listing.seen(row)))
    })
}
