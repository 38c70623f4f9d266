//! Wmo-5.3.5: requests of persons to remove what is kept about them.

use iwmo_toewijzing::deadline::Stand;
use iwmo_toewijzing::identity::Gemeente;

use super::{Queue, TermijnView};
use crate::ledger::LedgerError;
use crate::removal;
use crate::store::Ledger;

/// The timer of such a request.
const VERWIJDERING: &str = "VERWIJDERING";

/// Adds those that are open.
pub(super) fn of_removals(
    ledger: &Ledger,
    gemeente: Option<Gemeente>,
    queue: &mut Queue<'_>,
) -> Result<(), LedgerError> {
    for request in removal::requests(ledger, queue.today, false)? {
        let filter = queue.filter;
        let stand = if request.verlopen { Stand::Verlopen } else { Stand::Loopt };
        let wanted = filter.wants(stand)
            && gemeente.is_none_or(|gemeente| gemeente == request.gemeente)
            && filter.tot.is_none_or(|tot| request.uiterlijk <= tot)
            && filter.aanbieder.is_none()
            && filter.termijn.as_ref().is_none_or(|termijn| termijn == VERWIJDERING);
        if wanted {
            queue.keep(TermijnView {
                uiterlijk: request.uiterlijk.to_string(),
                vanaf: request.ontvangen.to_string(),
                verlopen: request.verlopen,
                stand: stand.as_str(),
                gehaald_op: None,
                termijn: VERWIJDERING,
                wie: "gemeente",
                gemeente: request.gemeente.to_string(),
                aanbieder: None,
                toewijzing: None,
                entry: request.entry,
                tekst: "een persoon vroeg om verwijdering van de gegevens".to_owned(),
                text: "a person asked for removal of the data".to_owned(),
                regels: vec!["Wmo-5.3.5"],
            });
        }
    }
    Ok(())
}
